"""The machine we are on and what is set on it: versions, secrets, files, disks, time zones."""

import os
import platform
import shutil
import stat
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo

from packaging.requirements import Requirement

from flowctl.doctor.findings import Finding, Looks, good, warning, wrong
from flowctl.ledger_key import read_key
from flowctl.notify.gateway_file import read_gateways
from flowctl.settings import DEMO_SECRET, Settings

LEAST_FREE = 0.10
"""Of a disk; below a fifth of this it is wrong, for PostgreSQL stops where its disk is full."""
_KINDS = 8
"""A secret of fewer different characters was not drawn."""


def look_at_packages() -> Iterator[Finding]:
    """Compare what is installed with what this version of flowctl was made for."""
    lacking = [fault for line in metadata.requires("flowctl") or [] if (fault := _lacks(line))]
    version = f"flowctl {metadata.version('flowctl')} on Python {platform.python_version()}"
    if lacking:
        yield wrong(
            "packages",
            f"{version} has other packages than it was made for: {', '.join(lacking)}.",
            "pip install --require-hashes -r requirements.txt, or take the image",
        )
    else:
        yield good("packages", f"{version}, with the packages it was made for.")


def _lacks(line: str) -> str | None:
    wanted = Requirement(line)
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
        return None
    try:
        found = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        return f"{wanted.name} is missing"
    if wanted.specifier.contains(found, prereleases=True):
        return None
    return f"{wanted.name} is {found} and not {wanted.specifier}"


def _zones(chosen: Settings) -> Iterator[Finding]:
    del chosen
    # The package wins where it is newer than the system's; both must know the place we are for.
    ZoneInfo.no_cache("Asia/Ho_Chi_Minh")
    yield good("time zones", f"Zones of tzdata {metadata.version('tzdata')} are there.")


def _secret(chosen: Settings) -> Iterator[Finding]:
    name, value = "secret", chosen.secret.get_secret_value()
    renew = (
        "openssl rand -hex 32 makes one; give it as FLOWCTL_SECRET, the former one as"
        " FLOWCTL_OLD_SECRETS, and run: flowctl key rotate"
    )
    if chosen.demo:
        yield warning(name, "This is a demo: its secret may be known.", "unset FLOWCTL_DEMO")
    elif value == DEMO_SECRET or len(set(value)) < _KINDS:
        yield wrong(name, "FLOWCTL_SECRET is one that can be guessed.", renew)
    else:
        yield good(name, f"FLOWCTL_SECRET has {len(value)} characters.")
    if chosen.old_secrets.get_secret_value().split():
        yield warning(
            name,
            "FLOWCTL_OLD_SECRETS still opens what was made with a former secret.",
            "flowctl key rotate, and empty it once that says that nothing is left",
        )


def _secret_files(chosen: Settings) -> Iterator[Finding]:
    folder = os.environ.get("FLOWCTL_SECRETS_DIR")
    for setting, path in (
        ("FLOWCTL_LEDGER_KEY_FILE", chosen.ledger_key_file),
        ("FLOWCTL_OIDC_SECRET_FILE", chosen.oidc_secret_file if chosen.oidc_issuer else None),
    ):
        # Of the folder of secrets the files are a container's, and nobody else's to see.
        if path is None or (folder is not None and path.is_relative_to(folder)):
            continue
        yield _file_of_its_own(setting, path)
    if chosen.ledger_key_file is not None:
        read_key(chosen.ledger_key_file)
        yield good("ledger key", "The key that signs the ledger's heads can be read.")
    else:
        yield warning(
            "ledger key",
            "The ledger's heads are not signed: who owns the database could write it all anew.",
            "flowctl ledger key FILE, and FLOWCTL_LEDGER_KEY_FILE=FILE",
        )


def _file_of_its_own(setting: str, path: Path) -> Finding:
    if not path.is_file():
        return wrong(setting, f"There is no file {path}.", f"make it, or unset {setting}")
    if not os.access(path, os.R_OK):
        return wrong(setting, f"{path} cannot be read by us.", f"chown it: {path}")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return wrong(setting, f"{path} can be read by others ({mode:04o}).", f"chmod 0600 {path}")
    return good(setting, f"{path} can be read by its owner alone.")


def _gateways_file(chosen: Settings) -> Iterator[Finding]:
    name = "gateways file"
    if chosen.gateways_file is not None:
        accounts = read_gateways(chosen.gateways_file, os.environ)
        yield good(name, f"{chosen.gateways_file} names {', '.join(one.name for one in accounts)}.")
    elif chosen.sms_file is not None:
        yield warning(
            name,
            f"Messages to drivers go to the file {chosen.sms_file}, not to their phones.",
            "FLOWCTL_GATEWAYS_FILE=FILE, see deploy/gateways",
        )
    else:
        yield wrong(name, "There is no way to write to a driver.", "FLOWCTL_GATEWAYS_FILE=FILE")


def _clock_file(chosen: Settings) -> Iterator[Finding]:
    if chosen.clock_file is not None and not chosen.demo:
        yield wrong(
            "clock",
            f"Time here is what {chosen.clock_file} says, as in a played day.",
            "unset FLOWCTL_CLOCK_FILE",
        )


def _disks(chosen: Settings) -> Iterator[Finding]:
    named = (chosen.paper_dir, chosen.sms_file, chosen.ledger_key_file, Path.cwd())
    folders = {_standing(path) for path in named if path is not None}
    by_disk = {folder.stat().st_dev: folder for folder in sorted(folders)}
    for folder in by_disk.values():
        yield disk("disk", folder)
    if chosen.paper_dir is not None and not os.access(_standing(chosen.paper_dir), os.W_OK):
        yield wrong(
            "paper",
            f"Nobody can write the order on paper to {chosen.paper_dir}.",
            f"chown it to who runs the controller: {chosen.paper_dir}",
        )


def disk(name: str, folder: Path) -> Finding:
    """Return how much is free where a folder lies."""
    usage = shutil.disk_usage(folder)
    free = usage.free / usage.total
    said = f"{usage.free / 1e9:,.1f} GB ({free:.0%}) are free where {folder} is."
    if free < LEAST_FREE / 5:
        return wrong(name, said, "make room now: a store whose disk is full stops")
    if free < LEAST_FREE:
        return warning(name, said, "make room, or keep days for less long (retention of the site)")
    return good(name, said)


def _standing(path: Path) -> Path:
    """Return the folder that is there already on the way to a path."""
    return next(one for one in (path, *path.absolute().parents) if one.is_dir())


LOOKS: Looks[Settings] = (
    ("time zones", _zones),
    ("secret", _secret),
    ("files of secrets", _secret_files),
    ("gateways file", _gateways_file),
    ("clock", _clock_file),
    ("disk", _disks),
)
