"""What consoles are measured on: stores of its own, one API process, a border that moves."""

import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg
from pydantic import SecretStr

from flowctl.bench.console_world import DAYS, fill, make_fleet, place
from flowctl.bench.own_stores import refuse_other_stores
from flowctl.data_files import data_dir
from flowctl.embedded import start_postgres, start_valkey
from flowctl.errors import FlowctlError
from flowctl.local import environment
from flowctl.registry.accounts import Person, Role, set_account
from flowctl.server_process import DirectoryLock, ServerProcess, free_port
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.site_files import read_source
from flowctl.storage.migrate import migrate
from flowctl.storage.sites import save_site

OPERATORS = ("bench-one", "bench-two")
LISTENERS = tuple(f"bench-listener-{number}" for number in range(10))
"""Who many consoles are of: one account may have twenty streams."""
_READY_S = 60.0
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class ConsoleSystem:
    """A running system, and what opens it."""

    url: str
    database_url: str
    site: Site
    password: str
    api: ServerProcess

    @contextmanager
    def client(self, account: str) -> Iterator[httpx.Client]:
        """Yield a client that is signed in."""
        with httpx.Client(base_url=self.url, headers={"X-Flowctl": "1"}, timeout=30.0) as client:
            who = {"account": account, "password": self.password}
            answer = client.post("/v1/sessions", json=who)
            if answer.is_error:
                raise FlowctlError(f"The bench could not sign in as {account}: {answer.text}")
            yield client

    def cookie(self, account: str) -> str:
        """Return the Cookie header of a new session of an account."""
        with self.client(account) as client:
            return "; ".join(f"{key}={value}" for key, value in client.cookies.items())


@contextmanager
def running_console(home: Path, *, seed: int) -> Iterator[ConsoleSystem]:
    """Run stores and an API in an empty directory, on thirty days with 5,000 trucks that move.

    Raises
    ------
    FlowctlError
        A store of somebody else's is named in the environment, or a part does not come up.
    """
    refuse_other_stores()
    home.chmod(0o711)  # the database server runs as another user and must get through
    with ExitStack() as stack:
        postgres = stack.enter_context(start_postgres(home))
        valkey = stack.enter_context(start_valkey(home))
        migrate(postgres.url, postgres.owner_url)
        password = secrets.token_urlsafe(12)
        conn = stack.enter_context(
            psycopg.connect(postgres.url, autocommit=True, options="-c timezone=UTC")
        )
        site = _prepare(conn, password)
        settings = Settings(
            database_url=postgres.url,
            valkey_url=valkey.url,
            site=site.id,
            secret=SecretStr(secrets.token_hex(32)),
            port=free_port(),
        )
        stack.enter_context(_moving(postgres.url, site, seed))
        api = _api(home, settings)
        stack.callback(api.stop)
        url = f"http://127.0.0.1:{settings.port}"
        wait_for(f"{url}/v1/health", api)
        yield ConsoleSystem(url, postgres.url, site, password, api)


def _prepare(conn: "psycopg.Connection[Any]", password: str) -> Site:
    now = datetime.now(UTC)
    where = data_dir() / "sites" / "lang_son"
    begun = now - timedelta(days=DAYS + 1)
    site = save_site(conn, read_source(where), where=str(where), now=begun)
    fill(conn, site, now)
    for name in (*OPERATORS, *LISTENERS):
        set_account(
            conn,
            name=name,
            role=Role.OPERATOR,
            password=password,
            wall_now=now,
            whose=Person(person=name, post="bench"),
        )
    return site


@contextmanager
def _moving(database_url: str, site: Site, seed: int) -> Iterator[None]:
    """Move every truck once a second while the context lasts."""
    rng = np.random.default_rng(seed)
    fleet = make_fleet(site, rng)
    stopped = threading.Event()

    def move() -> None:
        began = time.monotonic()
        with psycopg.connect(database_url, autocommit=True, options="-c timezone=UTC") as conn:
            while not stopped.is_set():
                started = time.monotonic()
                place(conn, *fleet.at(started - began, rng), datetime.now(UTC))
                stopped.wait(max(0.0, started + 1.0 - time.monotonic()))

    mover = threading.Thread(target=move, daemon=True)
    mover.start()
    try:
        yield
    finally:
        stopped.set()
        mover.join(timeout=10.0)


def _api(home: Path, settings: Settings) -> ServerProcess:
    lock = DirectoryLock(home)
    variables = {**os.environ, **environment(settings)}
    command = [sys.executable, "-m", "flowctl.cli", "api"]
    try:
        return ServerProcess(command, lock=lock, log=home / "api.log", user=None, env=variables)
    finally:
        lock.close()


def wait_for(url: str, server: ServerProcess) -> None:
    """Return once a server answers.

    Raises
    ------
    FlowctlError
        It ended, or does not answer in time; with what it said.
    """
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        if server.has_ended():
            raise FlowctlError(f"{url} has ended. It said:\n{server.log_tail()}")
        try:
            if httpx.get(url, timeout=5.0).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(_POLL_S)
    raise FlowctlError(f"{url} was not ready in {_READY_S:.0f} s. It said:\n{server.log_tail()}")
