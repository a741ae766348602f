"""Plays a world against a running system, over HTTP and by SMS only.

Trucks, hauliers and officers post; drivers read what the file gateway wrote. The player knows
nothing of the system but its address and the token it was given.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from flowctl.clock import ClockWriter
from flowctl.posting import post_json
from simulations.agencies import Agencies
from simulations.world import Emitted, World

# Whoever asks more often takes the time of those he waits for: each look asks both stores.
_POLL_S = 0.01


@dataclass(slots=True)
class Inbox:
    """The drivers' phones: what the file gateway has written since the last look."""

    path: Path
    _offset: int = 0

    def read(self) -> list[dict[str, Any]]:
        """Return the messages that came in, in order; a line still being written waits."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._offset)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        return [json.loads(line) for line in whole.splitlines()]


@dataclass(slots=True)
class Player:
    """Posts what a world does; counts what was acknowledged.

    ``agencies`` confirm what trucks need before they are called; without them nobody does.
    """

    client: httpx.Client
    token: str
    inbox: Inbox
    world: World
    agencies: Agencies | None = None
    fixes_posted: int = 0
    truth: dict[str, dict[str, int]] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)

    def step(self, until: datetime) -> None:
        """Let drivers read their messages and everybody act until ``until``; post what they did."""
        self.world.deliver(self.inbox.read())
        emitted = self.world.advance(until)
        self._post_all(emitted)
        if self.agencies is not None:
            self.agencies.act(until)
        self.truth = emitted.truth

    def _post_all(self, emitted: Emitted) -> None:
        for trip in emitted.registrations:
            declared = trip if self.agencies is None else self.agencies.declare(trip)
            self._post("/v1/trips", declared)
        for fixes in emitted.fix_posts:
            answer = self._post("/v1/fixes", fixes)
            self.fixes_posted += len(fixes)
            for item in answer["rejected"]:
                self.rejected[item["reason"]] = self.rejected.get(item["reason"], 0) + 1
        for gate, events in emitted.gate_events.items():
            if events:
                self._post(f"/v1/gates/{gate}/events", events)

    def _post(self, path: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        return post_json(self.client, path, body, token=self.token)


@dataclass(frozen=True, slots=True)
class Pace:
    """How domain time runs: ``speed`` times as fast as the wall, or as fast as the system keeps up.

    ``step`` is the stretch of domain time played at once.
    """

    step: timedelta
    speed: float | None


def play(
    player: Player,
    clock: ClockWriter,
    *,
    start: datetime,
    end: datetime,
    pace: Pace,
    keeps_up: Callable[[datetime], bool],
    stopped: Callable[[], bool],
    progress: Callable[[datetime], None],
) -> None:
    """Play from ``start`` to ``end``.

    Domain time never runs ahead of what the system has worked off by more than two steps:
    ``keeps_up(moment)`` tells whether everything up to ``moment`` is done.
    """
    at = start
    due = time.monotonic()
    while at < end and not stopped():
        until = min(at + pace.step, end)
        if pace.speed is None:
            clock.set(at=until, until=until)
        else:
            clock.set(at=at, until=until)
            due = max(due + pace.step.total_seconds() / pace.speed, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
        player.step(until)
        while not keeps_up(at) and not stopped():
            time.sleep(_POLL_S)
        at = until
        progress(at)
