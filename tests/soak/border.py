"""The trucks of a soak, day after day, and its officers: what they post, and what is answered."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import psycopg
from soak.phones import Phones
from soak.way import ANSWER_WITHIN_S, Way

from flowctl.clock import SharedClock
from flowctl.errors import FlowctlError
from flowctl.posting import post_json
from flowctl.scenarios.scenario import Scenario
from flowctl.site import Site
from simulations.agencies import Agencies, Officer
from simulations.player import Inbox, Player
from simulations.world import World

STEP_S = 1.0
_DAYS_AT_ONCE = 2  # trucks of the day before are still on their way home
_MICROSECOND = timedelta(microseconds=1)


@dataclass
class Said:
    """What was posted, and what became of it by the answers."""

    keys: list[tuple[str, datetime]] = field(default_factory=list)
    """Device and moment of every fix that was acknowledged, as often as it was sent."""
    rejected: Counter[str] = field(default_factory=Counter)
    trips: int = 0
    work: int = 0
    """How often officers confirmed something, or took money."""
    refused: Counter[str] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)
    """What a step of the border ended with, other than a store that was away."""


class _Poster(Player):
    """A player whose trucks drive on where something is refused; that is counted."""

    said: Said
    number: int

    def step(self, until: datetime) -> None:
        """Let trucks and drivers act; officers have a time of their own."""
        emitted = self.world.advance(until)
        self._post_all(emitted)
        self.truth = emitted.truth

    def _post(self, path: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            answer = post_json(self.client, path, body, token=self.token)
        except FlowctlError as error:
            self.said.refused[f"{path}: {error}"[:200]] += 1
            return {"rejected": []}
        if path == "/v1/fixes":
            self.said.keys += [(one["device"], _moment(one)) for one in body]
            self.said.rejected.update(item["reason"] for item in answer["rejected"])
        elif path == "/v1/trips":
            self.said.trips += 1
        return answer


def _moment(fix: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(fix["fixed_at"])


@dataclass
class Border:
    """Moves the trucks by domain time as it runs, each second of the wall."""

    scenario: Scenario
    site: Site
    clock: SharedClock
    way: Way
    token: str
    officers: Sequence[Officer]
    phones: Phones
    seed: int
    said: Said = field(default_factory=Said)
    steps: int = 0
    _players: list[_Poster] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lives: "list[Future[None]]" = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open no connection yet."""
        self._address = f"http://127.0.0.1:{self.way.ports[0]}"
        self._client = httpx.Client(
            base_url=self._address, timeout=ANSWER_WITHIN_S, transport=self.way
        )

    @property
    def truth(self) -> dict[str, dict[str, int]]:
        """How many trucks of the newest day are where, by gate."""
        return self._players[-1].truth if self._players else {}

    def begin(self) -> None:
        """Let happen what happened before the run: trucks of the night are declared and came."""
        self._step()

    @contextmanager
    def living(self) -> Iterator[None]:
        """Let everybody act while the context lasts."""
        with ThreadPoolExecutor(2, "border") as threads:
            self._lives = [threads.submit(self._live), threads.submit(self._work)]
            try:
                yield
            finally:
                self._stop.set()
        self.check()
        for player in self._players:
            _close(player)
        self._client.close()

    def check(self) -> None:
        """Raise what its life ended by, where that was before its time."""
        for life in self._lives:
            if life.done():
                life.result()

    def end(self) -> None:
        """Let nobody act any more."""
        self._stop.set()

    def _live(self) -> None:
        while not self._stop.wait(STEP_S):
            try:
                self._step()
            except psycopg.OperationalError:  # the phones wait with everybody else
                continue
            except (FlowctlError, httpx.TransportError) as error:
                self.said.trouble.append(str(error)[:300])

    def _work(self) -> None:
        """Let officers work through their lists, beside the trucks and as long as it takes."""
        while not self._stop.wait(STEP_S):
            player = self._players[-1]
            before = _done(player)
            try:
                if player.agencies is not None:
                    player.agencies.act(self.clock.now())
            except (FlowctlError, httpx.TransportError) as error:
                self.said.trouble.append(str(error)[:300])
            self.said.work += _done(player) - before

    def _step(self) -> None:
        now = self.clock.now()
        self._begin_days(now)
        messages = self.phones.read()
        for player in self._players:
            player.world.deliver(messages)
            player.step(now)
        self.steps += 1

    def _begin_days(self, now: datetime) -> None:
        """Let the day begin that it is, where nobody has played it yet."""
        while True:
            number = len(self._players) and self._players[-1].number + 1
            day = replace(self.scenario, day=self.scenario.day + timedelta(days=number))
            if day.start > now:
                return
            world = World(day, self.site, seed=self.seed + number, controlled=True)
            agencies = Agencies(
                self._address, self.officers, self.seed + number, transport=self.way
            )
            player = _Poster(self._client, self.token, _Nothing(), world, agencies)
            player.said, player.number = self.said, number
            self._players = [*self._players[-_DAYS_AT_ONCE + 1 :], player]


class _Nothing(Inbox):
    """An inbox that stays empty: all phones are read at one place, for every day's trucks."""

    def __init__(self) -> None:
        """Read no file."""

    def read(self) -> list[dict[str, Any]]:
        return []


def _done(player: Player) -> int:
    return 0 if player.agencies is None else player.agencies.confirmed + player.agencies.paid


def _close(player: Player) -> None:
    if player.agencies is not None:
        player.agencies.close()
