"""What would be known of a day's trucks if everybody saw everything at once: no trackers at all."""

from collections.abc import Iterator
from datetime import datetime
from statistics import NormalDist

import numpy as np

from flowctl.scenarios.laws import CARGOES
from flowctl.state import Cargo, GateHistory
from flowctl.storage.closures import HISTORY
from simulations.gates import instant
from simulations.knowledge import Book
from simulations.streams import Column
from simulations.world import Emitted, World

_LATE = NormalDist().inv_cdf(0.9)  # nine of ten such trucks have come by then


class Truth:
    """Writes into a book what happens in a world, as it happens.

    When a truck on the road comes to its yard is expected as its driver announces it, with the
    scenario's ``eta_error_min``; one that is overdue is expected at any moment.
    """

    def __init__(self, world: World, book: Book) -> None:
        day = world.demand
        self._world, self._book = world, book
        self._late_s = _LATE * 60.0 * world.scenario.drivers.eta_error_min
        self._trip = np.zeros(len(day), np.int64)
        self._truck: dict[int, int] = {}
        self._unknown = np.flatnonzero(day.tracked & ~day.is_import)
        self._coming = self._unknown[:0]
        self._expected = np.zeros(len(day), np.bool_)
        self._seen = [np.zeros(len(day), np.bool_) for _ in _SEEN]

    def truck_of(self, trip_id: int) -> int:
        """Return the truck of a trip."""
        return self._truck[trip_id]

    def look(self, emitted: Emitted, now: datetime) -> None:
        """Take in everything up to ``now``; what trackers and officers say adds nothing."""
        del emitted
        self._look(now.timestamp())

    def observe(self, now: datetime) -> None:
        """Look at no road: when trucks come is announced."""

    def _look(self, now: float) -> None:
        stages = self._world.stages()
        self._register(now)
        for name, seen in zip(_SEEN, self._seen, strict=True):
            column: Column = getattr(stages, name)
            fresh = np.flatnonzero(~np.isnan(column) & ~seen & (self._trip > 0))
            seen[fresh] = True
            for truck in fresh.tolist():
                self._tell(name, truck, float(column[truck]), int(stages.gate[truck]))
        self._expect(now, stages.yard_at)
        called = ~np.isnan(stages.released_at) | ~np.isnan(stages.ignored_at)
        for truck in np.flatnonzero(called & np.isnan(stages.left_at)).tolist():
            if self._trip[truck]:
                self._book.learn(int(self._trip[truck]), seen_at=instant(now))

    def histories(self, now: datetime) -> tuple[GateHistory, ...]:
        """Return what was seen at each gate of the day, as production reads it."""
        return tuple(self._histories((now - HISTORY).timestamp()))

    def _histories(self, since: float) -> Iterator[GateHistory]:
        gates = self._world.demand.gates
        for gate in self._world.site.gates:
            if gate.id not in gates:
                continue
            whole = self._world.history(gates.index(gate.id))
            kept = whole.entered_at >= since
            yield GateHistory(
                gate.id,
                whole.entered_at[kept],
                whole.cleared_at[kept],
                whole.is_import[kept],
                0.0,
                *self._book.find_aim(gate.id),
            )

    def _register(self, now: float) -> None:
        """Enter the trips declared by now, in the order in which they were."""
        day, starts = self._world.demand, self._world.starts
        declared = self._unknown[starts + day.registered_s[self._unknown] <= now]
        if not len(declared):
            return
        self._unknown = np.setdiff1d(self._unknown, declared, assume_unique=True)
        self._coming = np.concatenate([self._coming, declared])
        ready_at = self._world.stages().ready_at
        order = np.argsort(day.registered_s[declared], kind="stable")
        for truck in declared[order].tolist():
            gates = day.choices[truck] if day.choices else (day.gates[day.gate[truck]],)
            trip = self._book.enter(
                gates=tuple(gates),
                cargo=Cargo(CARGOES[day.cargo[truck]]),
                registered_at=instant(starts + float(day.registered_s[truck])),
                ready_at=instant(float(ready_at[truck])),
            )
            self._trip[truck] = trip
            self._truck[trip] = truck

    def _tell(self, name: str, truck: int, at: float, gate: int) -> None:
        """Write down one stage of a truck."""
        day, when, trip = self._world.demand, instant(at), int(self._trip[truck])
        if name == "yard_at":
            registered_at = instant(self._world.starts + float(day.registered_s[truck]))
            self._book.learn(
                trip,
                arrived_at=max(when, registered_at),
                counted_at=max(when, registered_at),
                yarded_at=when,
                yard=day.yards[day.yard[truck]],
                seen_at=when,
                eta_yard_at=None,
                eta_yard_late_at=None,
            )
        elif name == "left_at":
            self._book.learn(trip, yard=None, seen_at=when)
        elif name == "gate_at":
            self._book.learn(trip, queued_at=when, queued_gate=day.gates[gate], seen_at=when)
        elif name == "start_at":
            self._book.learn(trip, lane_at=when, seen_at=when)
        elif name == "clear_at":
            self._book.learn(trip, cleared_at=when, seen_at=when)
        else:
            self._book.drop(trip)

    def _expect(self, now: float, yard_at: Column) -> None:
        """Say when the trucks on the road will come to their yards."""
        day, starts = self._world.demand, self._world.starts
        self._coming = self._coming[np.isnan(yard_at[self._coming])]
        road = self._coming[starts + day.seen_s[self._coming] <= now]
        comes_at = starts + day.announced_s[road]
        news = ~self._expected[road] | (comes_at < now)
        self._expected[road] = True
        for truck, at in zip(road[news].tolist(), comes_at[news].tolist(), strict=True):
            self._book.learn(
                int(self._trip[truck]),
                seen_at=instant(now),
                eta_yard_at=instant(max(at, now)),
                eta_yard_late_at=instant(max(at, now) + self._late_s),
            )


_SEEN = ("yard_at", "left_at", "gate_at", "start_at", "clear_at", "turned_at")
"""The columns of `Stages` that are facts of a trip, in the order in which they come."""
