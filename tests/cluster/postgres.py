"""PostgreSQL on three hosts: a primary, and two standbys of which one must have every commit."""

import pwd
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from cluster.net import NETWORK, Host
from flowctl.postgres_binaries import PostgresBinaries, choose_postgres, runnable_by_others

PORT = 5432
DATABASE = "flowctl"
_USER = "nobody"
_OPTIONS = {
    "listen_addresses": "*",
    "port": str(PORT),
    "unix_socket_directories": "",
    "max_connections": "150",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",
    "jit": "off",
    "timezone": "UTC",
    "wal_sender_timeout": "5s",
    "wal_receiver_timeout": "5s",
    "wal_retrieve_retry_interval": "500ms",
    "synchronous_commit": "on",
    "hot_standby": "on",
}


@dataclass(slots=True)
class Databases:
    """The three servers; ``primary`` is the host that takes writes."""

    home: Path
    hosts: list[Host]
    primary: Host
    programs: PostgresBinaries = field(init=False)

    def __post_init__(self) -> None:
        self.programs = runnable_by_others(choose_postgres(), self.home)

    @property
    def url(self) -> str:
        """The address for every process: whichever of them takes writes."""
        places = ",".join(f"{host.address}:{PORT}" for host in self.hosts)
        return f"postgresql://flowctl@{places}/{DATABASE}?target_session_attrs=read-write"

    def make(self) -> None:
        """Make the primary, its standbys as copies of it, and let commits wait for one of them."""
        data = self._data(self.primary)
        self._run(self.primary, "initdb", "-D", str(data), "-U", "flowctl", "--auth=trust",
                  "--encoding=UTF8", "--locale-provider=libc", "--locale=C")  # fmt: skip
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {NETWORK}.0/24 trust\n")
            rules.write(f"host replication all {NETWORK}.0/24 trust\n")
        self.start(self.primary)
        with self.ask(self.primary, "postgres") as conn:
            conn.execute(f"create database {DATABASE}")  # type: ignore[arg-type]
        for host in self.standbys():
            place = f"host={self.primary.address} port={PORT} user=flowctl"
            self._run(host, "pg_basebackup", "-D", str(self._data(host)), "-R", "-d",
                      f"{place} application_name={_name(host)}", "--checkpoint=fast")  # fmt: skip
            self.start(host)
        self._wait_for_one_of(self.standbys())

    def standbys(self) -> list[Host]:
        return [host for host in self.hosts if host != self.primary]

    def start(self, host: Host) -> None:
        """Start the server of a host, or start it again."""
        data = self._data(host)
        (data / "postmaster.pid").unlink(missing_ok=True)
        said = [part for key, value in _OPTIONS.items() for part in ("-c", f"{key}={value}")]
        with (self.home / f"{_name(host)}.log").open("ab") as log:
            server = [str(self.programs.folder / "postgres"), "-D", str(data), *said]
            subprocess.Popen(
                host.command([*_as_nobody(), *server]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _wait(lambda: self.ask(host, "postgres").close())

    def promote(self, lost: Host) -> Host:
        """Make the standby that has most the primary; the other follows it. Returns the new one.

        The lost one must not come back as it was: it is made anew as a standby.
        """
        left = [host for host in self.hosts if host != lost]
        chosen = max(left, key=self._received)
        data = str(self._data(chosen))
        self._run(chosen, "pg_ctl", "promote", "-D", data, "-w")
        self.primary = chosen
        self.hosts = left
        for host in self.standbys():
            with self.ask(host, "postgres") as conn:
                place = f"host={chosen.address} port={PORT} user=flowctl"
                self._set(conn, "primary_conninfo", f"{place} application_name={_name(host)}")
        self._wait_for_one_of(self.standbys())
        return chosen

    def ask(self, host: Host, database: str = DATABASE) -> "psycopg.Connection":
        return psycopg.connect(
            host=host.address, port=PORT, user="flowctl", dbname=database, autocommit=True,
            connect_timeout=3,
        )  # fmt: skip

    def _received(self, host: Host) -> int:
        with self.ask(host, "postgres") as conn:
            row = conn.execute(
                "select pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')::bigint"
            ).fetchone()
        return 0 if row is None or row[0] is None else int(row[0])

    def _wait_for_one_of(self, standbys: list[Host]) -> None:
        names = ", ".join(_name(host) for host in standbys)
        with self.ask(self.primary, "postgres") as conn:
            self._set(conn, "synchronous_standby_names", f"ANY 1 ({names})")

    def _set(self, conn: "psycopg.Connection", name: str, value: str) -> None:
        conn.execute(f"alter system set {name} = '{value}'")  # type: ignore[arg-type]
        conn.execute("select pg_reload_conf()")

    def _data(self, host: Host) -> Path:
        return self.home / _name(host)

    def _run(self, host: Host, program: str, *arguments: str) -> None:
        subprocess.run(
            host.command([*_as_nobody(), str(self.programs.folder / program), *arguments]),
            check=True, capture_output=True, text=True, timeout=60, cwd=self.home,
        )  # fmt: skip


def own_by_nobody(home: Path) -> None:
    """Give a directory to who runs the servers, which refuse root."""
    shutil.chown(home, _USER)
    home.chmod(0o711)


def _as_nobody() -> list[str]:
    account = pwd.getpwnam(_USER)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]


def _name(host: Host) -> str:
    return f"pg{host.number}"


def _wait(answers: object, most_s: float = 60.0) -> None:
    until = time.monotonic() + most_s
    while True:
        try:
            answers()  # type: ignore[operator]
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return
