"""The API as it runs: a real server on a free port, with real stores behind it."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import uvicorn
from pydantic import SecretStr

from api.app import create_app
from flowctl.registry.accounts import Role, add_source, set_account
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.site_files import read_source
from flowctl.storage.sites import save_site

SITE = Path(__file__).parents[2] / "data" / "sites" / "lang_son"
MORNING = datetime(2024, 1, 23, 1, 0, tzinfo=UTC)  # 08:00 at the gates
PASSWORD = "a-password-of-the-tests"


@dataclass
class SetClock:
    """Domain time as a test sets it."""

    at: datetime = MORNING

    def now(self) -> datetime:
        return self.at


@dataclass
class RunningApi:
    """A running API, how to speak with it, and the database behind it."""

    url: str
    settings: Settings
    site: Site
    clock: SetClock
    token: str
    conn: psycopg.Connection[Any]
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, **headers: str) -> httpx.Client:
        """Return a client without credentials."""
        made = httpx.Client(base_url=self.url, headers=headers, timeout=20)
        self.clients.append(made)
        return made

    def machine(self) -> httpx.Client:
        """Return a client with a source's token."""
        return self.client(Authorization=f"Bearer {self.token}")

    def person(self, role: str) -> httpx.Client:
        """Return a client that is signed in to an account of this role, named like it."""
        set_account(self.conn, name=role, role=Role(role), password=PASSWORD)
        made = self.client(**{"X-Flowctl": "1"})
        body = {"account": role, "password": PASSWORD}
        assert made.post("/v1/sessions", json=body).status_code == 200
        return made


@pytest.fixture
def api(database: str, valkey: str) -> Iterator[RunningApi]:
    """Run the API of Lạng Sơn, where nothing has happened yet."""
    settings = Settings(
        database_url=database,
        valkey_url=valkey,
        public_url="http://gate.example",
        secret=SecretStr("x" * 40),
    )
    with psycopg.connect(database, autocommit=True) as conn:
        site = save_site(conn, read_source(SITE), where=str(SITE), now=MORNING)
        token = add_source(conn, name="trackers")
        clock = SetClock()
        app = create_app(settings, clock)
        server = uvicorn.Server(
            uvicorn.Config(app, port=0, log_level="critical", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            port = _port(server, thread)
            running = RunningApi(f"http://127.0.0.1:{port}", settings, site, clock, token, conn)
            yield running
            for client in running.clients:
                client.close()
        finally:
            server.should_exit = True
            thread.join(timeout=20)


def _port(server: uvicorn.Server, thread: threading.Thread) -> int:
    while not server.started:
        assert thread.is_alive(), "The API did not start."
        time.sleep(0.01)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port
