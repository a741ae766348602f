"""The API as it runs, for tests: a real server on a free port."""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import uvicorn
from border import MORNING, Border
from fastapi import FastAPI
from people import set_account

from flowctl.registry.accounts import Role
from flowctl.registry.sources import add_source
from flowctl.storage.sources import Scope

PASSWORD = "a-password-of-the-tests"
# Shared, as each client would read the authorities of the whole world, which nobody asks here.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass
class SetClock:
    """Domain time as a test sets it."""

    at: datetime = MORNING

    def now(self) -> datetime:
        return self.at


@dataclass
class RunningApi:
    """A running API, how to speak with it, and the border behind it."""

    url: str
    app: FastAPI
    clock: SetClock
    token: str
    border: Border
    clients: list[httpx.Client] = field(default_factory=list)
    _witness_token: str | None = None

    @property
    def store(self) -> str:
        """The url of its Valkey."""
        url: str = self.app.state.settings.valkey_url
        return url

    def client(self, **headers: str) -> httpx.Client:
        """Return a client without credentials."""
        made = httpx.Client(base_url=self.url, headers=headers, timeout=20, verify=_NO_TLS)
        self.clients.append(made)
        return made

    def machine(self) -> httpx.Client:
        """Return a client with a source's token."""
        return self.client(Authorization=f"Bearer {self.token}")

    def witness(self) -> httpx.Client:
        """Return a client with the token of the source gates, which may say what passes there."""
        if self._witness_token is None:
            self._witness_token = add_source(self.border.conn, name="gates", scopes={Scope.WITNESS})
        return self.client(Authorization=f"Bearer {self._witness_token}")

    def person(self, role: Role, name: str | None = None) -> httpx.Client:
        """Return a client that is signed in to an account of this role."""
        name = name or str(role)
        set_account(self.border.conn, name=name, role=role, password=PASSWORD)
        made = self.client(**{"X-Flowctl": "1"})
        answer = made.post("/v1/sessions", json={"account": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return made


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port of this machine."""
    config = uvicorn.Config(app, port=0, log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "The API did not start."
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
