"""Real stores for the tests: each test gets a database and a Valkey of its own, empty and fast.

Servers start when the first test asks for one and stop at the end, also after Ctrl-C.
"""

import logging
import os
import signal
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import community
import psycopg
import pytest
import redis
import structlog
import timescale
from databases import TEMPLATE, Lender, copied, dropped
from psycopg import sql
from two_roles import of_processes
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from flowctl.embedded import start_postgres, start_valkey
from flowctl.local import in_database
from flowctl.storage.migrate import migrate

# A file that asks for ``running_system`` and is not here has it played once more.
_ON_THE_PLAYED_MORNING = {
    "test_corridor.py",
    "test_help_page.py",
    "test_logs.py",
    "test_pages.py",
    "test_replayed_tracks.py",
    "test_zones_page.py",
}

# A developer's own settings must not reach the tests, least of all the address of a real database.
for _name in [name for name in os.environ if name.startswith("FLOWCTL_")]:
    del os.environ[_name]

# A shell lets what runs in its background ignore these, and what that starts does too: brokers that
# Erlang runs would then take two minutes each to be stopped.
for _sign in (signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(_sign) is signal.SIG_IGN:
        signal.signal(_sign, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _forget_where_logs_went() -> Iterator[None]:
    """Let no command run within a test have later tests write to its output, closed by then."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        logging.captureWarnings(capture=False)
        of_ours = structlog.stdlib.ProcessorFormatter
        for handler in logging.root.handlers[:]:
            if isinstance(handler.formatter, of_ours):
                logging.root.removeHandler(handler)


@pytest.fixture(scope="session")
def state_dir() -> Iterator[Path]:
    """Return a directory for the servers of this session, which an unprivileged user may enter."""
    with tempfile.TemporaryDirectory(prefix="flowctl-tests-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="session")
def postgres_url(state_dir: Path) -> Iterator[str]:
    """Return the address of a plain PostgreSQL server, without a database's name, as its owner.

    What tests kill are processes, and it loses nothing by that; power is never cut here.
    """
    with start_postgres(state_dir, durable=False) as store:
        yield store.owner_url.rpartition("/")[0]


@pytest.fixture(scope="session")
def timescale_url() -> Iterator[str]:
    """Return the address of a TimescaleDB server (Apache), without a database's name."""
    obstacle = timescale.find_obstacle()
    if obstacle is not None:
        pytest.skip(obstacle)
    with timescale.running_timescale() as address:
        yield address


@pytest.fixture(scope="session")
def community_url(state_dir: Path) -> Iterator[str]:
    """Return the address of a TimescaleDB server (Community), without a database's name."""
    obstacle = community.find_obstacle()
    if obstacle is not None:
        pytest.skip(obstacle)
    with community.running_community(state_dir / "community") as address:
        yield address


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """Return the server's address once it holds a migrated template to copy."""
    return _with_template(postgres_url, of_processes(postgres_url))


@pytest.fixture(scope="session")
def timescale_template(timescale_url: str) -> str:
    """Return the server's address once it holds a migrated template to copy."""
    return _with_template(timescale_url, of_processes(timescale_url))


@pytest.fixture(scope="session")
def community_template(community_url: str) -> str:
    """Return the server's address once it holds a migrated template; it knows one role only."""
    return _with_template(community_url, community_url)


@pytest.fixture(scope="session")
def lender(postgres_template: str) -> Lender:
    """Return who lends databases of the plain PostgreSQL."""
    return Lender(postgres_template)


@pytest.fixture
def database(lender: Lender) -> Iterator[str]:
    """Return the url of a migrated, empty database of this test alone, as the processes have it."""
    with lender.lent() as url:
        yield of_processes(url)


@pytest.fixture(scope="module")
def prepared(postgres_template: str) -> Iterator[str]:
    """Return a database that a module's tests fill once; ``database_like`` copies it for each."""
    yield from map(of_processes, _copy_of_template(postgres_template))


@pytest.fixture
def database_like(postgres_url: str, prepared: str) -> Iterator[str]:
    """Return a copy of ``prepared``, to which nobody may be connected."""
    template = urlsplit(prepared).path[1:]
    yield from map(of_processes, _copy_of_template(postgres_url, template))


@pytest.fixture
def owner_url(database: str, postgres_url: str) -> str:
    """Return the url of ``database`` for who owns the server, and so the ledger."""
    return in_database(postgres_url, urlsplit(database).path[1:])


@pytest.fixture
def timescale_database(timescale_template: str) -> Iterator[str]:
    """Return the url of a migrated, empty database of TimescaleDB."""
    yield from map(of_processes, _copy_of_template(timescale_template))


@pytest.fixture
def community_database(community_template: str) -> Iterator[str]:
    """Return the url of a migrated, empty database of TimescaleDB Community."""
    yield from _copy_of_template(community_template)


@pytest.fixture(
    params=[
        pytest.param("database", id="postgresql"),
        pytest.param("timescale_database", id="apache", marks=pytest.mark.timescale),
        pytest.param("community_database", id="community", marks=pytest.mark.timescale),
    ]
)
def any_database(request: pytest.FixtureRequest) -> str:
    """Return the url of a migrated, empty database: once of each storage level."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
def empty_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the url of a database without any table, of the server a test gives as its param."""
    server = request.getfixturevalue(getattr(request, "param", "postgres_url"))
    yield from _copy_of_template(server, template="template0")


@pytest.fixture(scope="session")
def valkey_url(state_dir: Path) -> Iterator[str]:
    """Return the url of a Valkey server that tests share; see ``valkey``."""
    with start_valkey(state_dir) as store:
        yield store.url


@pytest.fixture
def valkey(valkey_url: str) -> str:
    """Return the url of an empty Valkey."""
    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    return valkey_url


class _ByFile(LoadScopeScheduling):
    """Gives each process a file at a time, and one of them all files about the played morning."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "the played morning" if Path(file).name in _ON_THE_PLAYED_MORNING else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByFile | None:
    """Share files out: to play the morning takes a minute and a half in each process."""
    return _ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing is skipped: what cannot be tested there has failed."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"In CI nothing is skipped, but this was. {reason}"
    return report


def _with_template(server: str, as_processes: str) -> str:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as conn:
        conn.execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
    migrate(f"{as_processes}/{TEMPLATE}", f"{server}/{TEMPLATE}")
    return server


def _copy_of_template(server: str, template: str = TEMPLATE) -> Iterator[str]:
    name = copied(server, template)
    try:
        yield f"{server}/{name}"
    finally:
        dropped(server, name)
