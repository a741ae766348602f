"""Which lanes of a gate a truck may use, how many places they have, and for whom there is room."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from flowctl.dispatch.apportion import apportioned
from flowctl.lanes import LaneUse
from flowctl.site import Access, Gate
from flowctl.state import LiveTrip, Snapshot, Stage
from flowctl.traffic.screenings import DEFAULTS

Kind = frozenset[str]
"""The lane classes of a gate that a truck may use."""

ANY: Kind = frozenset({""})
"""The one class of a gate that names none."""


def kind_of(gate: Gate, trip: LiveTrip) -> Kind:
    """Return the lane classes a truck may use; one that no class takes is an officer's choice."""
    if not gate.lane_classes:
        return ANY
    takes = (one.id for one in gate.lane_classes if one.takes(trip.cargo, trip.weight_t))
    return frozenset(takes) or frozenset(one.id for one in gate.lane_classes)


def lane_places(gate: Gate, uses: Iterable[LaneUse], moment: datetime) -> Mapping[str, int]:
    """Return the places of each lane class at a moment, by the site's file and the last plan.

    ``uses`` is what the plan decided of lanes that change class; where it speaks of other places
    than there are the file holds.
    """
    own = {one.id: one.places for one in gate.lane_classes}
    found = dict(own)
    heard: set[str] = set()
    for use in sorted(uses, key=lambda one: one.starts_at):
        # Before the first word of a class it says what stood until then.
        known = use.gate == gate.id and use.lane_class in own
        if known and (use.starts_at <= moment or use.lane_class not in heard):
            found[use.lane_class] = use.places
            heard.add(use.lane_class)
    return found if sum(found.values()) == sum(own.values()) else own


def shared_out(count: int, places: Mapping[str, int]) -> dict[str, int]:
    """Share trucks of which nobody knows the lanes out by the places each class has."""
    column = np.array(list(places.values()), dtype=np.int64)
    parts = apportioned(np.array([count]), column[:, None], int(column.sum()))
    return dict(zip(places, parts[:, 0].tolist(), strict=True))


class Room:
    """For how many further trucks of each kind there is room, whichever of its lanes each takes.

    Trucks can all have a lane if those bound to any set of lanes are no more than the set takes
    (Hall, Journal of the London Mathematical Society 10, 1935); it is enough to look at the unions
    of the kinds there are.
    """

    def __init__(self, kinds: Iterable[Kind], takes: Callable[[Kind], int]) -> None:
        unions: set[Kind] = set()
        for kind in kinds:
            unions |= {kind} | {kind | other for other in unions}
        self._left = {lanes: max(takes(lanes), 0) for lanes in unions}

    def left(self, kind: Kind) -> int:
        """Return how many further trucks of a kind find room."""
        return min(left for lanes, left in self._left.items() if kind <= lanes)

    def take(self, kind: Kind, count: int = 1) -> int:
        """Give room to trucks of a kind as far as there is any; tell to how many.

        Those beyond stand before their own lanes and keep nobody from others.
        """
        taken = min(count, self.left(kind))
        self._add(kind, -taken)
        return taken

    def widen(self, kind: Kind, count: int) -> None:
        """Make room for so many trucks of a kind as if their lanes took more."""
        self._add(kind, max(count - self.left(kind), 0))

    def fitting(self, kinds: Sequence[Kind], which: Iterable[int], most: int) -> list[int]:
        """Give room to those of ``which`` (positions in ``kinds``) that find it, in their order."""
        found: list[int] = []
        for number in which:
            if len(found) >= most:
                break
            if self.take(kinds[number]):
                found.append(number)
        return found

    def _add(self, kind: Kind, count: int) -> None:
        for lanes in self._left:
            if kind <= lanes:
                self._left[lanes] += count


@dataclass(frozen=True, slots=True)
class Part:
    """Places of a gate that a target is set for: all, or a lane class's with what is theirs."""

    lane: str
    places: int
    share: float
    imports: int
    ready: tuple[tuple[LiveTrip, Access], ...]


def parts_of(
    snapshot: Snapshot,
    gate: Gate,
    ready: tuple[tuple[LiveTrip, Access], ...],
    imports: int,
    way_s: float,
) -> list[Part]:
    """Return what a gate sets targets for: its lane classes where it has any.

    A class has the places that it will have ``way_s`` from now, when a truck that leaves is there.
    Which lanes
    imports take nobody says: they are shared out by places, as is what the gate takes.
    """
    if not gate.lane_classes:
        return [Part("", gate.inspection_places, 1.0, imports, ready)]
    usual = lane_places(gate, snapshot.lanes, snapshot.now + timedelta(seconds=way_s))
    left, came = shared_out(gate.inspection_places, usual), shared_out(imports, usual)
    whole = sum(usual.values())
    return [
        # Where places are lost each class keeps one: its trucks can go nowhere else.
        Part(
            lane,
            max(left[lane], 1),
            places / whole,
            came[lane],
            tuple((trip, way) for trip, way in ready if lane in kind_of(gate, trip)),
        )
        for lane, places in usual.items()
    ]


def held_by(
    snapshot: Snapshot,
    gate: Gate,
    parts: Sequence[Part],
    coming: Sequence[LiveTrip],
    exports: int,
) -> tuple[tuple[Kind, int], ...]:
    """Return the trucks on the way and at the gate that count, by the lanes they may use.

    Exports that no trip names are shared out by places; imports count for the places they can hold.
    """
    since = snapshot.now - timedelta(seconds=DEFAULTS.lost_after_s)
    inside = [
        trip
        for trip in snapshot.trips
        if trip.stage in (Stage.QUEUED, Stage.IN_LANE)
        and (trip.queued_gate or trip.released_gate) == gate.id
        and (trip.lane_at or trip.queued_at or since) > since
    ]
    held = Counter(kind_of(gate, trip) for trip in (*coming, *inside))
    unnamed = max(exports - len(inside), 0)
    others = shared_out(unnamed, {part.lane: part.places for part in parts})
    for part in parts:
        kept = min(part.imports, part.places - part.places // 2)
        held[frozenset((part.lane,))] += others[part.lane] + kept
    return tuple((kind, count) for kind, count in held.items() if count)
