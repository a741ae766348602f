"""A deployment on this machine whose parts can be killed and come back where their clients look.

PostgreSQL, Valkey, API processes and ingest workers, which take positions in; controllers and
senders of messages where a layout asks for them.
"""

import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
from pydantic import SecretStr

from flowctl.bench.bodies import uid_of
from flowctl.bench.own_stores import refuse_other_stores
from flowctl.data_files import data_dir
from flowctl.embedded import RunningStore, start_postgres, start_valkey
from flowctl.errors import FlowctlError
from flowctl.local import environment
from flowctl.registry.sources import add_source
from flowctl.server_process import DirectoryLock, ServerProcess, free_port
from flowctl.settings import Settings
from flowctl.site_files import read_source
from flowctl.storage.migrate import migrate
from flowctl.storage.sites import save_site

SITE = data_dir() / "sites" / "lang_son"
POSTGRES, VALKEY = "postgresql", "valkey"
READY_WAIT_S = 180.0
"""Long: a machine that is busy with others starts nine processes slowly; one that ends is seen at
once."""
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Layout:
    """How many processes there are of each kind, and which clock they read."""

    apis: int = 1
    workers: int = 1
    clock_file: Path | None = None
    controllers: int = 0
    senders: int = 0


@dataclass(slots=True)
class Machine:
    """The parts: ``postgresql``, ``valkey``, ``api-1`` …, ``ingest-1`` …, and maybe others."""

    home: Path
    layout: Layout
    settings: Settings
    token: str
    ports: dict[str, int]
    stores: dict[str, RunningStore] = field(default_factory=dict)
    processes: dict[str, ServerProcess] = field(default_factory=dict)

    @property
    def apis(self) -> list[str]:
        """The names of the API processes."""
        return [f"api-{n + 1}" for n in range(self.layout.apis)]

    @property
    def workers(self) -> list[str]:
        """The names of the ingest workers."""
        return [f"ingest-{n + 1}" for n in range(self.layout.workers)]

    @property
    def others(self) -> list[str]:
        """The names of the controllers and of the senders of messages."""
        return [
            *(f"controller-{n + 1}" for n in range(self.layout.controllers)),
            *(f"notify-{n + 1}" for n in range(self.layout.senders)),
        ]

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Where the API processes listen."""
        return tuple(("127.0.0.1", self.ports[name]) for name in self.apis)

    def servers(self) -> dict[str, ServerProcess]:
        """Return every part that has been started, the ended ones among them."""
        stores = {n: store.server for n, store in self.stores.items() if store.server is not None}
        return {**stores, **self.processes}

    def start(self, name: str) -> None:
        """Start a part, or start it again with the same port and data."""
        if name == POSTGRES:
            self.stores[name] = start_postgres(self.home, port=self.ports[name])
        elif name == VALKEY:
            self.stores[name] = start_valkey(self.home, port=self.ports[name])
        else:
            self.processes[name] = self._process(name)

    def _process(self, name: str) -> ServerProcess:
        home = self.home / name
        home.mkdir(exist_ok=True)
        lock = DirectoryLock(home)
        variables = {**os.environ, **environment(self.settings)}
        if name in self.ports:
            variables["FLOWCTL_PORT"] = str(self.ports[name])
        command = [sys.executable, "-m", "flowctl.cli", name.partition("-")[0]]
        try:
            return ServerProcess(command, lock=lock, log=home / "log", user=None, env=variables)
        finally:
            lock.close()

    def kill(self, name: str) -> None:
        """End a part as a failure would, at once and without a word to it."""
        server = self.servers()[name]
        os.kill(server.pid, signal.SIGKILL)
        server.stop()

    def stop(self, name: str) -> None:
        """End a part in an orderly way."""
        self.servers()[name].stop()

    def check(self) -> None:
        """Raise a FlowctlError where a part has ended, with what it said last."""
        for name, server in self.servers().items():
            if server.has_ended():
                raise FlowctlError(f"{name} has ended. It said:\n{server.log_tail()}")

    def wait_until_ready(self) -> None:
        """Return once every API answers and every partition has a worker.

        Raises
        ------
        FlowctlError
            A process ended, or they were not ready in time.
        """
        deadline = time.monotonic() + READY_WAIT_S
        while time.monotonic() < deadline:
            self.check()
            if all(map(self.answers, self.apis)) and self._all_leased():
                return
            time.sleep(_POLL_S)
        raise FlowctlError(
            f"The processes were not ready within {READY_WAIT_S:.0f} s; their logs in {self.home}"
            " say why."
        )

    def answers(self, api: str) -> bool:
        """Tell whether an API process takes requests."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.ports[api]}/v1/health", timeout=5)
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK

    def _all_leased(self) -> bool:
        with psycopg.connect(self.settings.database_url) as conn:
            row = conn.execute(
                "select (select count(*) from stream_positions where lease_until_wall_at > now())"
                " = (select count(*) from stream_positions),"
                " (select count(distinct owner) from stream_positions where owner is not null)"
            ).fetchone()
        return row is not None and row[0] and row[1] == self.layout.workers


@contextmanager
def running_machine(
    home: Path,
    layout: Layout,
    *,
    trucks: int,
    before: Callable[[str], None] = lambda _: None,
    prepared: Callable[[Machine], None] = lambda _: None,
    now: datetime | None = None,
) -> Iterator[Machine]:
    """Run everything in an empty directory, with the devices of ``trucks`` trucks registered.

    ``before`` is given the database's address for its owner while there is nothing in it,
    ``prepared`` the machine before its processes start. ``now`` is the domain moment at which the
    site is loaded, where that is not the present.

    Raises
    ------
    FlowctlError
        A store of somebody else's is named in the environment, or a part does not come up.
    """
    refuse_other_stores()
    home.chmod(0o711)  # the database server runs as another user and must get through
    postgres = start_postgres(home)
    stores = {POSTGRES: postgres}
    machine: Machine | None = None
    try:
        stores[VALKEY] = start_valkey(home)
        before(postgres.owner_url)
        machine = _prepare(home, layout, stores, trucks, now or datetime.now(UTC))
        prepared(machine)
        for name in (*machine.apis, *machine.workers, *machine.others):
            machine.start(name)
        machine.wait_until_ready()
        yield machine
    finally:
        for process in () if machine is None else machine.processes.values():
            process.stop()
        for store in reversed((stores if machine is None else machine.stores).values()):
            store.stop()


def _prepare(
    home: Path, layout: Layout, stores: dict[str, RunningStore], trucks: int, now: datetime
) -> Machine:
    urls = {name: store.url for name, store in stores.items()}
    owner_url = stores[POSTGRES].owner_url
    migrate(urls[POSTGRES], owner_url)
    with psycopg.connect(urls[POSTGRES]) as conn:
        site = save_site(conn, read_source(SITE), where=str(SITE), now=now)
        token = add_source(conn, name="bench", enrols=True)
        register_devices(conn, trucks)
    ports = {name: _port(url) for name, url in urls.items()}
    ports |= {f"api-{n + 1}": free_port() for n in range(layout.apis)}
    settings = Settings(
        database_url=urls[POSTGRES],
        owner_url=owner_url,
        valkey_url=urls[VALKEY],
        site=site.id,
        secret=SecretStr(secrets.token_hex(32)),
        clock_file=layout.clock_file,
    )
    return Machine(home, layout, settings, token, ports, dict(stores))


def register_devices(conn: "psycopg.Connection[tuple[object, ...]]", trucks: int) -> None:
    """Enter the devices of a load in bulk, as the only source's own."""
    with conn.cursor().copy("copy devices (uid, source_id) from stdin") as copy:
        copy.write("".join(f"{uid_of(truck)}\t1\n" for truck in range(trucks)))
    conn.execute("analyze devices")


def _port(url: str) -> int:
    port = urlsplit(url).port
    if port is None:
        raise FlowctlError("A store of this machine has an address without a port.")
    return port
