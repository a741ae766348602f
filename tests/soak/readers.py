"""Everybody who looks on while a soak runs: consoles, boards, drivers, officers, planners."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import httpx
from soak.phones import Phones

from flowctl.registry.accounts import Role

_TIMEOUT_S = 20.0
_STREAM_S = 60.0
_OPERATORS = (
    "/v1/live",
    "/v1/trips?limit=100",
    "/v1/alerts",
    "/v1/acts",
    "/v1/messages?limit=50",
    "/v1/messages/summary",
    "/v1/traffic",
    "/v1/plans/latest",
    "/v1/forecast",
    "/v1/search?q=12C",
    "/v1/held",
    "/v1/devices?limit=50",
    "/v1/visits?limit=50",
)
_OFFICERS = ("/v1/gates/{gate}/list", "/v1/gates/{gate}/closures/affected", "/v1/closures")
_PLANNERS = ("/v1/bulletins", "/v1/eta/scores", "/v1/plans/latest", "/v1/scenarios", "/v1/ledger")
_ADMINISTRATORS = ("/metrics", "/v1/audit", "/v1/accounts", "/v1/sources")
_BOARDS = ("/v1/board", "/v1/board.csv", "/v1/board.geojson", "/board", "/v1/ledger/head")
_DRIVERS = ("/d/{code}", "/v1/driver/{code}", "/v1/driver/{code}/slots", "/v1/driver/{code}/why")


@dataclass(frozen=True, slots=True)
class Account:
    """Who somebody signs in as."""

    name: str
    password: str
    role: Role


@dataclass
class Seen:
    """What readers were answered."""

    answers: Counter[str] = field(default_factory=Counter)
    """By status, or by what kept an answer away."""
    frames: int = 0
    bad: list[tuple[float, str]] = field(default_factory=list)
    """What is no answer to a request that is in order: when (monotonic s), and which."""


@dataclass
class Readers:
    """People who read, each in a thread, at the API whose turn it is."""

    ports: Sequence[int]
    accounts: Sequence[Account]
    gates: Sequence[str]
    phones: Phones
    seen: Seen = field(default_factory=Seen)
    _stop: threading.Event = field(default_factory=threading.Event)
    _turn: "count[int]" = field(default_factory=count)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let everybody read while the context lasts."""
        by_role = {one.role: one for one in self.accounts}
        operator, planner = by_role[Role.OPERATOR], by_role[Role.PLANNER]
        threads = [
            *(self._thread(self._watch, who) for who in (operator, operator, operator, planner)),
            *(self._thread(self._look, operator, _OPERATORS, 0.4) for _ in range(2)),
            self._thread(self._look, by_role[Role.OFFICER], _OFFICERS, 0.5),
            self._thread(self._look, planner, _PLANNERS, 1.0),
            self._thread(self._look, by_role[Role.ADMINISTRATOR], _ADMINISTRATORS, 2.0),
            *(self._thread(self._look, None, _BOARDS, 0.1) for _ in range(2)),
            *(self._thread(self._look, None, _DRIVERS, 0.3) for _ in range(2)),
        ]
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def end(self) -> None:
        """Let nobody read any more."""
        self._stop.set()

    def _thread(self, target: object, *what: object) -> threading.Thread:
        thread = threading.Thread(target=target, args=what, name="reader")  # type: ignore[arg-type]
        thread.start()
        return thread

    def _client(self) -> httpx.Client:
        port = self.ports[next(self._turn) % len(self.ports)]
        return httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"X-Flowctl": "1"}, timeout=_TIMEOUT_S
        )

    def _look(self, who: Account | None, paths: Sequence[str], pause_s: float) -> None:
        """Ask for one path after the other, and go to the next API after each round of them."""
        cookies = httpx.Cookies()
        gate = 0
        while not self._stop.is_set():
            with self._client() as client:
                client.cookies = cookies
                for form in paths:
                    if self._stop.wait(pause_s):
                        return
                    links = self.phones.links
                    if "{code}" in form and not links:
                        continue
                    gate += 1
                    path = form.format(
                        gate=self.gates[gate % len(self.gates)], code=links[-1] if links else ""
                    )
                    status = self._ask(client, path, form)
                    if status == httpx.codes.UNAUTHORIZED and who is not None:
                        self._sign_in(client, who)
                cookies = client.cookies

    def _ask(self, client: httpx.Client, path: str, form: str) -> int:
        try:
            answer = client.get(path)
        except httpx.TransportError as error:
            self.seen.answers[type(error).__name__] += 1
            return 0
        status = answer.status_code
        self.seen.answers[str(status)] += 1
        if not (answer.is_success or status in {401, 429, 503}):
            self.seen.bad.append((time.monotonic(), f"GET {form}: {status} {answer.text[:160]}"))
        return status

    def _sign_in(self, client: httpx.Client, who: Account) -> None:
        said = {"account": who.name, "password": who.password}
        try:
            answer = client.post("/v1/sessions", json=said)
        except httpx.TransportError as error:
            self.seen.answers[type(error).__name__] += 1
        else:
            self.seen.answers[f"sign in {answer.status_code}"] += 1

    def _watch(self, who: Account) -> None:
        """Hear the live picture, as a console's page does, and come back when it ends."""
        while not self._stop.wait(0.5):
            with self._client() as client:
                self._sign_in(client, who)
                self._hear(client, time.monotonic() + _STREAM_S)

    def _hear(self, client: httpx.Client, until: float) -> None:
        try:
            with client.stream("GET", "/v1/events") as answer:
                if not answer.is_success:
                    self.seen.answers[f"events {answer.status_code}"] += 1
                    return
                for chunk in answer.iter_bytes():
                    self.seen.frames += chunk.count(b"\ndata:") + chunk.startswith(b"data:")
                    if time.monotonic() > until or self._stop.is_set():
                        return
        except httpx.TransportError as error:
            self.seen.answers[f"events {type(error).__name__}"] += 1
