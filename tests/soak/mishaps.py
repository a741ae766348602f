"""What goes wrong while a soak runs: which part, when and how is drawn beforehand from a seed."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from faults.supervisor import Supervisor
from soak.phones import AWAY, CUT, FINE, SLOW, Phones

from flowctl.bench.machine import POSTGRES, VALKEY, Machine

_FIRST_AT_S, _LAST_AT = 30.0, 0.85
_APART_S = (20.0, 50.0)
_FEWEST = 10
"""In a short run mishaps stand closer, so that it meets about so many."""
GRACE_S = 45.0
"""How long after a mishap requests may still be told to come again, on a machine that is busy."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """Something that begins so many seconds into the run, and lasts."""

    at_s: float
    kind: str
    lasts_s: float
    chance: float
    """Drawn evenly from 0 to 1: chooses among several parts of a kind."""


_KILLS = ("kill api", "kill ingest", "kill controller", "kill notify")
_OTHERS = (
    "pause api",
    "pause ingest",
    "pause controller",
    "pause notify",
    "postgresql down",
    "valkey down",
    "provider away",
    "provider slow",
    "provider cuts off",
)
_LASTS_S = {"pause": (4.0, 12.0), "kill": (0.0, 1.0), "provider": (15.0, 40.0)}
_DOWN_S = (0.5, 6.0)
_MANNERS = {"provider away": AWAY, "provider slow": SLOW, "provider cuts off": CUT}


def plan(seconds: float, seed: int) -> list[Mishap]:
    """Return what goes wrong in a run of so many seconds.

    Every kind comes in turn, in an order that changes. Processes are killed in the first half
    alone: in the second their memory is watched, and must be that of the same processes. The last
    part is calm.
    """
    rng = np.random.default_rng(seed)
    found: list[Mishap] = []
    least, most = (min(1.0, seconds / _FEWEST / _APART_S[1]) * apart for apart in _APART_S)
    waiting: list[str] = []
    at = min(_FIRST_AT_S, seconds / _FEWEST)
    while at < _LAST_AT * seconds:
        early = at < seconds / 2 - GRACE_S
        waiting = [kind for kind in waiting if early or kind not in _KILLS]
        if not waiting:
            # Taken from the end: kills come first, as only the first half has any.
            waiting = [*rng.permutation(_OTHERS), *(rng.permutation(_KILLS) if early else ())]
        kind = str(waiting.pop())
        shortest, longest = _LASTS_S.get(kind.partition(" ")[0], _DOWN_S)
        lasts = float(rng.uniform(shortest, longest))
        found.append(Mishap(at, kind, lasts, float(rng.random())))
        at += lasts + float(rng.uniform(least, most))
    return found


@dataclass
class Mishaps:
    """Lets things go wrong, one after the other; they are right again when it ends."""

    machine: Machine
    supervisor: Supervisor
    phones: Phones
    tell: Callable[[str], None]
    counts: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    spans: list[tuple[float, float, str]] = field(default_factory=list)
    """From when until when (monotonic s) something was wrong, and what."""

    def run(
        self, planned: Sequence[Mishap], began: float, stopped: Callable[[float], bool]
    ) -> None:
        """Let what is planned go wrong, each at its time after ``began``.

        ``stopped(seconds)`` waits, and tells whether the run is over.
        """
        for one in planned:
            if stopped(max(0.0, began + one.at_s - time.monotonic())):
                return
            self.tell(f"{one.kind} for {one.lasts_s:.1f} s")
            since = time.monotonic()
            self.spans.append((since, float("inf"), one.kind))
            self._let(one)
            self.spans[-1] = (since, time.monotonic(), one.kind)
            self.counts[one.kind] += 1

    def excuses(self, moment: float) -> str | None:
        """Return what was wrong at a moment, or had just been; None where all was well."""
        for since, until, kind in reversed(self.spans):
            if since - 1.0 <= moment <= until + GRACE_S:
                return kind
        return None

    def _let(self, mishap: Mishap) -> None:
        verb, _, what = mishap.kind.partition(" ")
        if verb == "kill":
            self._kill(self._one_of(what, mishap.chance), mishap.lasts_s)
        elif verb == "pause":
            with self._paused(self._one_of(what, mishap.chance)):
                time.sleep(mishap.lasts_s)
        elif verb == "provider":
            self.phones.manner = _MANNERS[mishap.kind]
            time.sleep(mishap.lasts_s)
            self.phones.manner = FINE
        else:
            self._kill({"postgresql": POSTGRES, "valkey": VALKEY}[verb], mishap.lasts_s)

    def _kill(self, name: str, for_s: float) -> None:
        self.supervisor.kill(name, for_s=for_s)
        self.kills += 1
        self.supervisor.wait_until_back(name)

    def _one_of(self, kind: str, chance: float) -> str:
        machine = self.machine
        names = [
            name
            for name in (*machine.apis, *machine.workers, *machine.others)
            if name.partition("-")[0] == kind
        ]
        return names[int(chance * len(names))]

    @contextmanager
    def _paused(self, name: str) -> Iterator[None]:
        pid = self.machine.servers()[name].pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)
