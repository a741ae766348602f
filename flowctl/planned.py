"""Places of trips side by side: what drivers have in hand, and what plans have for them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from flowctl.controller import Decision
from flowctl.dispatch.problem import DispatchProblem
from flowctl.hand import InHand, Place
from flowctl.state import Snapshot

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Places:
    """Slots of trips, [N] in order of trip.

    ``gate`` are numbers of gates of the site, by ``names``, ``start`` begins of slots, epoch s;
    both -1 where there is none.
    """

    trip: Ints
    gate: Ints
    start: Ints
    names: Sequence[str]

    def get(self, trip: int) -> Place | None:
        """Return a trip's place, None where it has none."""
        row = int(np.searchsorted(self.trip, trip))
        if row >= len(self.trip) or self.trip[row] != trip or self.gate[row] < 0:
            return None
        return self.place(row)

    def place(self, row: int) -> Place:
        """Return the place of a row that has one."""
        start = datetime.fromtimestamp(int(self.start[row]), UTC)
        return Place(self.names[self.gate[row]], start)

    def at(self, trips: Ints) -> tuple[Ints, Ints]:
        """Return gates and begins of slots of these trips."""
        if not len(self.trip):
            none = np.full(len(trips), -1, dtype=np.int64)
            return none, none
        row = np.minimum(np.searchsorted(self.trip, trips), len(self.trip) - 1)
        known = self.trip[row] == trips
        return np.where(known, self.gate[row], -1), np.where(known, self.start[row], -1)

    def changed(self, hands: Mapping[int, InHand]) -> "Places":
        """Return these with what some drivers of them have in hand instead."""
        number = {name: at for at, name in enumerate(self.names)}
        gate, start = self.gate.copy(), self.start.copy()
        row_of = np.searchsorted(self.trip, np.array(list(hands), dtype=np.int64)).tolist()
        for row, hand in zip(row_of, hands.values(), strict=True):
            place = hand.place
            gate[row] = -1 if place is None else number.get(place.gate, -1)
            start[row] = -1 if place is None else int(place.starts_at.timestamp())
        return Places(self.trip, gate, start, self.names)


@dataclass(frozen=True)
class Planned(Places):
    """A decision, and the places its plan has."""

    decision: Decision
    problem: DispatchProblem


def told(snapshot: Snapshot, names: Sequence[str]) -> Places:
    """Return the slots that count for the drivers of all trips at the moment of a snapshot."""
    number = {name: at for at, name in enumerate(names)}
    cells = sorted(
        (trip.id, -1, -1)
        if trip.told is None or trip.id in snapshot.advice
        else (trip.id, number.get(trip.told.gate, -1), int(trip.told.starts_at.timestamp()))
        for trip in snapshot.trips
    )
    found = np.array(cells, dtype=np.int64).reshape(-1, 3)
    return Places(found[:, 0], found[:, 1], found[:, 2], names)


@dataclass(frozen=True, slots=True)
class Plans:
    """The decisions of one moment without an act and with it."""

    without: Planned
    having: Planned

    @staticmethod
    def of(snapshot: Snapshot, without: Decision, having: Decision) -> Optional["Plans"]:
        """Return both with their plans; None where either has none that holds."""
        names = [gate.id for gate in snapshot.site.gates]
        one, other = _planned(without, names), _planned(having, names)
        return None if one is None or other is None else Plans(one, other)

    def otherwise(self) -> tuple[Ints, Ints]:
        """Return the trips that are planned otherwise with the act, and how much later, s.

        The shift is 0 where one of both plans has no place for the trip.
        """
        trips = np.union1d(self.without.trip, self.having.trip)
        (gate, start), (to, begin) = self.without.at(trips), self.having.at(trips)
        moved = (gate != to) | (start != begin)
        shift = np.where((gate >= 0) & (to >= 0), begin - start, 0)
        return trips[moved], shift[moved]


def _planned(decision: Decision, names: Sequence[str]) -> Planned | None:
    plan, problem = decision.plan, decision.problem
    if plan is None or problem is None:
        return None
    number = np.array([names.index(gate) for gate in problem.gates], dtype=np.int64)
    found = plan.slot >= 0
    gate = np.full(len(plan.slot), -1, dtype=np.int64)
    start = gate.copy()
    gate[found] = number[plan.gate[found]]
    start[found] = problem.starts[plan.slot[found]]
    return Planned(problem.trip_ids, gate, start, names, decision, problem)
