"""The role the processes connect as, on the servers of the tests."""

from urllib.parse import urlsplit, urlunsplit

ROLE = "flowctl_app"
_PASSWORD = "of-the-tests"


def of_processes(owner_url: str) -> str:
    """Return an address as the processes have it, of what its owner has."""
    parts = urlsplit(owner_url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{ROLE}:{_PASSWORD}@{place}"))
