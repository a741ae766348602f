"""Release metering: how many trucks may be on the way to a gate, and whose turn it is.

N-control holds the number of trucks between a yard's exit and the end of screening at a target:
enough that the gate never starves, few enough that the queue stays short. Counting the trucks in
transit is what makes it work; a regulator that sees only the queue oscillates. The rule itself is
in `flowctl.dispatch.n_control`.

Where a gate has lane classes each has its own target, and who waits for one class holds nobody back
from another.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from math import floor

import numpy as np

from flowctl.dispatch.called import callable_at, in_transit, missed, standing
from flowctl.dispatch.hand import Blocks, blocks_of, forwards_of
from flowctl.dispatch.lane_room import ANY, Kind, Part, Room, held_by, kind_of, parts_of
from flowctl.dispatch.locks import is_locked_in
from flowctl.dispatch.n_control import (
    gate_load,
    imports_beyond,
    learned_target,
    n_allowed,
    n_slewed,
)
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.seniority import seniority
from flowctl.site import Access, Gate, Site
from flowctl.state import GateHistory, LiveTrip, Slot, Snapshot
from flowctl.traffic.capacity import CapacityEstimate
from flowctl.traffic.screenings import DEFAULTS

_NO_SLOT = datetime.max.replace(tzinfo=UTC)
_AT_ONCE = datetime.min.replace(tzinfo=UTC)
"""The slot of who is brought forward, for his turn."""


@dataclass(frozen=True, slots=True)
class Release:
    """The word to a driver: leave ``yard`` for ``gate`` now; void after ``expires_at``.

    ``reason`` says why a truck goes out of its turn, None where it does not.
    """

    trip_id: int
    gate: str
    yard: str
    expires_at: datetime
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class LaneAim:
    """One lane class as the regulator sees it: its N* and its part of the rate (per s)."""

    id: str
    n_target: float
    mu_per_s: float


@dataclass(frozen=True, slots=True)
class Approach:
    """One gate as the regulator sees it.

    ``opens_at`` and ``closes_at`` bound the present or next opening, None where none is in sight.
    ``ready`` are the trucks that could go now with their ways, in the order of their turn;
    ``outside`` those in yards from which the way leads through an in-gate yard (`flowctl.dispatch.
    legs`). ``waiting`` counts all that stand in a yard for this gate. ``n_target`` is what is
    allowed at this moment: 0 while the gate is closed and not about to open. ``mu_per_s`` is the
    rate at which released trucks are screened. Both are sums where there are lane classes, whose
    parts are ``lanes``; ``held`` are the trucks that count against them, by the lanes they may use.
    """

    gate: Gate
    opens_at: datetime | None
    closes_at: datetime | None
    ready: tuple[tuple[LiveTrip, Access], ...]
    waiting: int
    in_transit: int
    exports: int
    imports: int
    n_target: float
    mu_per_s: float = 0.0
    outside: tuple[tuple[LiveTrip, Access], ...] = ()
    lanes: tuple[LaneAim, ...] = ()
    held: tuple[tuple[Kind, int], ...] = ()

    @property
    def load(self) -> int:
        """Trucks that count against the target."""
        return gate_load(self.in_transit, self.exports, self.imports, self.gate.inspection_places)

    def kinds(self, trucks: Iterable[tuple[LiveTrip, Access]]) -> list[Kind]:
        """Return the lanes each of these trucks may use."""
        return [kind_of(self.gate, trip) for trip, _ in trucks]

    def room(self, kinds: Iterable[Kind]) -> Room:
        """Return for how many trucks of these and other kinds the targets leave room."""
        aims = {aim.id: aim.n_target for aim in self.lanes} or {"": self.n_target}
        held = self.held if self.lanes else ((ANY, self.load),)
        found = Room(
            {*kinds, *(kind for kind, _ in held)},
            lambda lanes: floor(sum(aims[lane] for lane in lanes)),
        )
        for kind, count in held:
            found.take(kind, count)
        return found


def approaches(
    snapshot: Snapshot,
    estimates: Mapping[str, CapacityEstimate],
    slots: Mapping[int, Slot],
) -> tuple[Approach, ...]:
    """Return every gate as the regulator sees it, in the site's order."""
    turns = _turns(snapshot, slots)
    blocks = blocks_of(snapshot)
    histories = {history.gate: history for history in snapshot.gates}
    coming: dict[str | None, list[LiveTrip]] = {}
    for trip in snapshot.trips:
        if in_transit(trip, snapshot.now):
            coming.setdefault(trip.released_gate, []).append(trip)
    return tuple(
        _approach(
            snapshot,
            gate,
            turns.get(gate.id, []),
            coming.get(gate.id, []),
            histories.get(gate.id),
            estimates[gate.id],
            blocks,
        )
        for gate in snapshot.site.gates
    )


def releases(
    snapshot: Snapshot,
    estimates: Mapping[str, CapacityEstimate],
    slots: Mapping[int, Slot],
) -> tuple[Release, ...]:
    """Return who leaves which yard now.

    Parameters
    ----------
    snapshot
        Trips and gates.
    estimates
        Learned capacity by gate id; every gate of the site.
    slots
        The slot each driver last heard of, by trip id.
    """
    return tuple(
        release
        for approach in approaches(snapshot, estimates, slots)
        for release in call_up(snapshot, approach)
    )


def call_up(snapshot: Snapshot, approach: Approach, fills: int = 0) -> tuple[Release, ...]:
    """Return who leaves for one gate now, in the order of their turn.

    Turns go by the slot told, then seniority. A truck goes however far its slot lies ahead where
    nobody before it is ready: holding it back would only idle the gate. So many places as
    ``fills`` were left by trucks that did not show up: those that stand by go first to them. Who is
    brought forward by an operator's word has the next place.
    """
    if approach.opens_at is None or approach.closes_at is None:
        return ()
    rules, now = snapshot.site.dispatch, snapshot.now
    left_s = (approach.closes_at - now).total_seconds()
    # One standard deviation of the way is kept before closing; before opening, none is needed.
    in_time = (
        (trip, way)
        for trip, way in approach.ready
        if way.travel_s * (1.0 + way.travel_cv) <= left_s
    )
    # Nobody beyond the most that may leave is looked at, unless some are passed over.
    passing = fills or approach.lanes
    going = list(in_time if passing else islice(in_time, rules.release_most))
    expires_at = now + timedelta(seconds=rules.release_expiry_s)
    forward = forwards_of(snapshot)
    # Who would still stand before a closed gate waits, and keeps its place in the quota: a junior
    # with a longer way must not take it.
    return tuple(
        Release(
            trip.id,
            approach.gate.id,
            trip.yard,
            expires_at,
            Reason.FORWARDED if trip.id in forward else reason,
        )
        for trip, way, reason in _chosen(approach, going, rules.release_most, fills)
        if trip.yard is not None and now + timedelta(seconds=way.travel_s) >= approach.opens_at
    )


def _chosen(
    approach: Approach, going: Sequence[tuple[LiveTrip, Access]], most: int, fills: int
) -> Iterator[tuple[LiveTrip, Access, Reason | None]]:
    """Yield who of those whose turn comes takes a place, in their order, and why out of it.

    The last ``fills`` places go to those that stand by before others.
    """
    kinds = approach.kinds(going)
    in_turn = approach.room(kinds).fitting(kinds, range(len(going)), most)
    quota = len(in_turn)
    room = approach.room(kinds)
    first = set(room.fitting(kinds, in_turn[: max(quota - fills, 0)], most))
    rest = [number for number in range(len(going)) if number not in first]
    ready_by = [number for number in rest if going[number][0].standby]
    stand_by = set(room.fitting(kinds, ready_by, min(fills, quota)))
    rest = [number for number in rest if number not in stand_by]
    others = first.union(room.fitting(kinds, rest, quota - len(first) - len(stand_by)))
    passed: Kind = frozenset()
    for number, (trip, way) in enumerate(going):
        if number in stand_by:
            yield trip, way, Reason.STANDBY_FILL if passed & kinds[number] else None
        elif number in others:
            yield trip, way, None
        else:
            passed |= kinds[number]


def _turns(
    snapshot: Snapshot, slots: Mapping[int, Slot]
) -> dict[str, list[tuple[LiveTrip, Access]]]:
    """Return the standing trucks by the gate they are bound for, in the order of their turn."""
    site, now = snapshot.site, snapshot.now
    ways = {(yard.id, way.gate): way for yard in site.yards for way in yard.access}
    forward = forwards_of(snapshot)
    keyed: dict[str, list[tuple[datetime, tuple[datetime, datetime, int], LiveTrip, Access]]] = {}
    for trip in snapshot.trips:
        if trip.yard is None or not standing(trip, now):
            continue
        told, act = slots.get(trip.id), forward.get(trip.id)
        bound = trip.gates if told is None else (told.gate,)
        if act is not None and act.gate is not None:
            bound = (act.gate,)
        way = next((ways[trip.yard, gate] for gate in bound if (trip.yard, gate) in ways), None)
        if way is not None:
            starts_at = _starts_at(trip, told) if act is None else _AT_ONCE
            row = (starts_at, seniority(trip, site.policy), trip, way)
            keyed.setdefault(way.gate, []).append(row)
    # The number at the end of a seniority is nobody else's: trips are never compared themselves.
    return {gate: [(trip, way) for *_, trip, way in sorted(rows)] for gate, rows in keyed.items()}


def _starts_at(trip: LiveTrip, told: Slot | None) -> datetime:
    """Return the slot that a truck's turn goes by, the end of time where it has none."""
    if told is None or (trip.release_ended is not None and told == trip.told and missed(trip)):
        return _NO_SLOT
    return told.starts_at


def _approach(
    snapshot: Snapshot,
    gate: Gate,
    turn: Sequence[tuple[LiveTrip, Access]],
    coming: Sequence[LiveTrip],
    history: GateHistory | None,
    learned: CapacityEstimate,
    blocks: Blocks,
) -> Approach:
    site, now = snapshot.site, snapshot.now
    may_go = [
        (trip, way)
        for trip, way in turn
        if callable_at(trip, site.policy) <= now
        and gate.id not in blocks.get(trip.id, ())
        and not is_locked_in(trip)
    ]
    ready = tuple((trip, way) for trip, way in may_go if way.via is None)
    exports, imports = _inside(history, now)
    window = next(gate.opening.between(now, now + timedelta(days=1)), None)
    spare_s = _mean_travel(_ways(site, gate)) or 0.0
    parts = parts_of(snapshot, gate, ready, imports, spare_s)
    aims = [LaneAim(part.lane, 0.0, 0.0) for part in parts]
    if window is not None:
        aims = [_aim(part, window, now, spare_s, learned) for part in parts]
        if window[0] <= now and history is not None:
            aims = _slewed(aims, parts, history, gate.inspection_places, now)
    return Approach(
        gate=gate,
        opens_at=None if window is None else window[0],
        closes_at=None if window is None else window[1],
        ready=ready,
        waiting=len(turn),
        in_transit=len(coming),
        exports=exports,
        imports=imports,
        n_target=sum(aim.n_target for aim in aims),
        mu_per_s=sum(aim.mu_per_s for aim in aims),
        outside=tuple((trip, way) for trip, way in may_go if way.via is not None),
        lanes=tuple(aims) if gate.lane_classes else (),
        held=held_by(snapshot, gate, parts, coming, exports) if gate.lane_classes else (),
    )


def _aim(
    part: Part,
    window: tuple[datetime, datetime],
    now: datetime,
    spare_s: float,
    learned: CapacityEstimate,
) -> LaneAim:
    """Return the target of these places; ``spare_s`` is the way where nobody is ready."""
    travel_s = _mean_travel(way for _, way in part.ready) or spare_s
    queued = imports_beyond(part.imports, part.places)
    mu_per_s, wanted = learned_target(learned, queued, travel_s, part.places, part.share)
    until_open_s, until_close_s = ((end - now).total_seconds() for end in window)
    target = 0.0
    if until_open_s <= _longest_travel(part.ready):
        target = n_allowed(wanted, mu_per_s, part.places, until_open_s, until_close_s)
    return LaneAim(part.lane, max(target, 0.0), mu_per_s)


def _slewed(
    aims: list[LaneAim],
    parts: Sequence[Part],
    history: GateHistory,
    places: int,
    now: datetime,
) -> list[LaneAim]:
    """Let the targets rise together no faster than they may, beyond the places alike."""
    if history.n_target is None or history.n_target_at is None:
        return aims
    # A clock set back has told nothing of how long ago it was.
    since_s = max((now - history.n_target_at).total_seconds(), 0.0)
    wanted = sum(aim.n_target for aim in aims)
    allowed = n_slewed(wanted, history.n_target, sum(aim.mu_per_s for aim in aims), since_s, places)
    if allowed >= wanted:
        return aims
    if len(aims) == 1:
        return [replace(aims[0], n_target=max(allowed, 0.0))]
    at_once = [min(aim.n_target, part.places) for aim, part in zip(aims, parts, strict=True)]
    share = max(allowed - sum(at_once), 0.0) / (wanted - sum(at_once))
    return [
        replace(aim, n_target=first + (aim.n_target - first) * share)
        for aim, first in zip(aims, at_once, strict=True)
    ]


def _longest_travel(ready: Sequence[tuple[LiveTrip, Access]]) -> float:
    return max((way.travel_s for _, way in ready), default=0.0)


def _mean_travel(ways: Iterable[Access]) -> float | None:
    times = [way.travel_s for way in ways]
    return sum(times) / len(times) if times else None


def _ways(site: Site, gate: Gate) -> list[Access]:
    ways = (yard.access_to(gate.id) for yard in site.yards)
    return [way for way in ways if way is not None and way.via is None]


def _inside(history: GateHistory | None, now: datetime) -> tuple[int, int]:
    """Return exports and imports between the queue's entry and the end of screening."""
    if history is None:
        return 0, 0
    at = now.timestamp()
    gone = history.cleared_at <= at
    since = at - DEFAULTS.lost_after_s
    here = (history.entered_at <= at) & (history.entered_at > since) & ~gone
    imports = int(np.count_nonzero(here & history.is_import))
    return int(np.count_nonzero(here)) - imports, imports
