"""What runs on which host, and how it comes back after its host was lost."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
from border import MORNING, SECRET, SITE, Border
from valkey_cluster import Cluster, Member

from cluster.net import Host
from cluster.postgres import Databases, own_by_nobody
from flowctl.registry.sources import add_source
from flowctl.site_files import read_source
from flowctl.storage.migrate import migrate
from flowctl.storage.sites import save_site

PROCESSES = {1: ("api", "notify"), 2: ("api", "ingest", "controller"), 3: ("ingest", "controller",
             "notify")}  # fmt: skip


@dataclass(slots=True)
class Stage:
    """Everything that runs; the hosts are numbered from 1."""

    home: Path
    hosts: list[Host]
    databases: Databases
    store: Cluster
    token: str

    def host(self, number: int) -> Host:
        return self.hosts[number - 1]

    def start(self, number: int) -> None:
        """Start our processes of a host."""
        for name in PROCESSES[number]:
            self.run(number, name)

    def run(self, number: int, name: str) -> None:
        host = self.host(number)
        settings = {
            "FLOWCTL_DATABASE_URL": self.databases.url,
            "FLOWCTL_VALKEY_URL": self.store.url,
            "FLOWCTL_VALKEY_REPLICAS": "1",
            "FLOWCTL_SECRET": SECRET.get_secret_value(),
            "FLOWCTL_DEMO": "true",
            "FLOWCTL_HOST": "0.0.0.0",  # noqa: S104 - of its own namespace
            "FLOWCTL_HOSTS": ",".join(one.address for one in self.hosts),
            "FLOWCTL_SMS_FILE": str(self.home / f"sms-{number}.jsonl"),
        }
        with (self.home / f"{name}-{number}.log").open("ab") as log:
            subprocess.Popen(
                host.command([sys.executable, "-m", "flowctl.cli", name]),
                env=_environment() | settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def revive(self, number: int, *, database: bool = True) -> None:
        """Bring a host back that was killed: its stores with what was on their disks, and ours."""
        host = self.host(number)
        host.reconnect()
        if database:
            self.databases.start(host)
        for member in self.store.members:
            if member.host == host.address:
                self.store.revive(member)
        self.start(number)

    def verify_ledger(self) -> str | None:
        """Return what is wrong with the ledger, None where nothing is."""
        done = subprocess.run(
            [sys.executable, "-m", "flowctl.cli", "ledger", "verify"],
            env=_environment()
            | {
                "FLOWCTL_DATABASE_URL": self.databases.url,
                "FLOWCTL_SECRET": SECRET.get_secret_value(),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return None if done.returncode == 0 else f"{done.stdout}{done.stderr}".strip()

    def database(self) -> "psycopg.Connection":
        """Return a connection to the server that takes writes."""
        return psycopg.connect(self.databases.url, autocommit=True, connect_timeout=3)


def set_stage(home: Path, hosts: list[Host]) -> Stage:
    """Start the stores on three hosts, fill them with a site, and start our processes."""
    own_by_nobody(home)
    databases = Databases(home, list(hosts), hosts[0])
    databases.make()
    members = [
        Member(host.address, port, port + 10_000, home / f"valkey-{host.number}-{port}")
        for port in (6379, 6380)
        for host in hosts
    ]
    by_address = {host.address: host for host in hosts}

    def start(member: Member, command: list[str]) -> "subprocess.Popen[bytes]":
        with (member.home / "server.log").open("ab") as log:
            return subprocess.Popen(
                by_address[member.host].command(command), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
            )  # fmt: skip

    store = Cluster(members, start)
    store.join()
    migrate(databases.url)
    with psycopg.connect(databases.url) as conn:
        save_site(conn, read_source(SITE), where="the drill", now=datetime.now(UTC))
        token = add_source(conn, name="drill", enrols=True)
    stage = Stage(home, list(hosts), databases, store, token)
    for number in PROCESSES:
        stage.start(number)
    apis = [stage.host(number) for number in (1, 2)]
    wait_until(lambda: all(map(is_well, apis)), 120, "both APIs answer")
    wait_until(lambda: controller_of(stage) is not None, 120, "a controller decides")
    return stage


def is_well(host: Host) -> bool:
    """Tell whether a host's API answers, with both stores."""
    try:
        return httpx.get(f"http://{host.address}:8000/v1/ready", timeout=5).is_success
    except httpx.TransportError:
        return False


def controller_of(stage: Stage) -> tuple[int, str] | None:
    """Return the newest epoch in which somebody has decided, and who; None where nobody has."""
    try:
        with stage.database() as conn:
            row = conn.execute(
                "select epoch, client_addr::text from controller_epochs e"
                " join heartbeats h on h.process = 'controller' and h.wall_at > e.taken_wall_at"
                " join pg_stat_activity a on a.application_name = 'flowctl controller ' || e.holder"
                " order by client_addr limit 1"
            ).fetchone()
    except psycopg.OperationalError:
        return None
    return None if row is None else (int(row[0]), str(row[1]).partition("/")[0])


def count_controllers(stage: Stage) -> int:
    """Return on how many hosts there is a controller, active or waiting."""
    try:
        with stage.database() as conn:
            row = conn.execute(
                "select count(distinct client_addr) from pg_stat_activity"
                " where application_name like 'flowctl controller %'"
            ).fetchone()
    except psycopg.OperationalError:
        return 0
    return 0 if row is None else int(row[0])


def wait_until(holds: object, most_s: float, what: str) -> float:
    """Return how many seconds it took until something held."""
    began = time.monotonic()
    while not holds():  # type: ignore[operator]
        if time.monotonic() - began > most_s:
            raise TimeoutError(f"Within {most_s:.0f} s it did not come about that {what}.")
        time.sleep(0.1)
    return time.monotonic() - began


def trip(place: Border) -> int:
    """Register a truck that waits in a yard; returns once the commit was acknowledged."""
    now = datetime.now(UTC)
    with place.conn.transaction():
        made = place.trip(at=now)
        place.visit(made, "yard_bao_nguyen", (now - MORNING) / timedelta(minutes=1))
    return made


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FLOWCTL_")}
