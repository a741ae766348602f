"""Overtakes at the gates: who goes before whom although the other is senior, and by which rule.

Every reason is derived from facts known at that moment. A pair for which no fact is found is
`Unexplained`: a fault of the rules, never given a reason for want of one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.called import standing
from flowctl.dispatch.framing import weights_of
from flowctl.dispatch.hand import blocks_of, forwards_of, pins_of
from flowctl.dispatch.lane_room import Kind, kind_of
from flowctl.dispatch.locks import is_locked_in
from flowctl.dispatch.metering import Release
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.seniority import seniority
from flowctl.site import Access
from flowctl.state import LiveTrip, Slot, Snapshot, Stage

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Overtake:
    """A truck goes to ``gate`` before the ``seniors`` (trip ids, ascending), for one reason.

    ``code`` is the operator's own where the truck was brought forward, ``act_id`` the act.
    """

    trip_id: int
    gate: str
    reason: Reason
    seniors: tuple[int, ...]
    code: str | None = None
    act_id: int | None = None


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A truck goes to ``gate`` before the ``seniors``, and no rule says why."""

    trip_id: int
    gate: str
    seniors: tuple[int, ...]

    def __str__(self) -> str:
        """Return the fault as a sentence."""
        return (
            f"Trip {self.trip_id} goes to {self.gate} before {len(self.seniors)} senior trips "
            f"({', '.join(map(str, self.seniors[:3]))}…), and no rule says why."
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What else this tick decided: trips that fill a place left free, and who lost theirs so."""

    standby: Collection[int] = ()
    no_shows: Collection[int] = ()


def overtakes(
    snapshot: Snapshot,
    releases: Sequence[Release],
    slots: Mapping[int, Slot],
    facts: Facts | None = None,
) -> tuple[tuple[Overtake, ...], tuple[Unexplained, ...]]:
    """Return whom each released truck passes, by reason, and the pairs nothing explains.

    A truck is passed that stands in a yard with a way to an allowed gate, is senior (or would be,
    but for a penalty), and is not sent off at the same moment. One that is not ready, or would come
    too late, is no overtake in the strict sense: it is listed with that reason all the same, for
    its driver sees others go.

    Parameters
    ----------
    snapshot
        The trips as they stood before the releases.
    releases
        Who leaves for a gate now.
    slots
        The slot each driver last heard of, by trip id, this tick's words included.
    facts
        What else was decided.
    """
    going = {release.trip_id: release.gate for release in releases}
    if not going:
        return (), ()
    facts = facts or Facts()
    trips = {trip.id: trip for trip in snapshot.trips}
    gone = [trips[trip_id] for trip_id in going]
    there = [trip for trip in snapshot.trips if standing(trip, snapshot.now)]
    forward = forwards_of(snapshot)
    explained: list[Overtake] = []
    faults: list[Unexplained] = []
    for gate in sorted(set(going.values())):
        juniors = [trip for trip in gone if going[trip.id] == gate]
        # Of thousands that stand there, few came before the last of those that leave.
        latest = max(_moment(trip, snapshot) + trip.penalty_s for trip in juniors)
        senior = (trip for trip in there if trip.id not in going and gate in trip.gates)
        stay = _Stay.of(
            snapshot,
            gate,
            [trip for trip in senior if _moment(trip, snapshot) <= latest],
            slots,
            facts,
        )
        for junior in juniors:
            for reason, seniors in _passed(stay, snapshot, junior, juniors, slots, facts):
                if reason is None:
                    faults.append(Unexplained(junior.id, gate, seniors))
                elif reason is Reason.FORWARDED:
                    act = forward[junior.id]
                    explained.append(Overtake(junior.id, gate, reason, seniors, act.reason, act.id))
                else:
                    explained.append(Overtake(junior.id, gate, reason, seniors))
    return tuple(explained), tuple(faults)


@dataclass(frozen=True, slots=True)
class _Stay:
    """Those who stand by for one gate and stay, and may be passed: columns [M], in order of trip.

    ``key`` is the moment of seniority without penalties, ``penalty_s`` what comes on top;
    ``told_s`` the start of the slot told at this gate, infinite where none was.
    """

    gate: str
    trip_id: Ints
    key: Floats
    registered: Floats
    penalty_s: Floats
    told_s: Floats
    elsewhere: Flags
    prefers: Flags
    unready: Flags
    too_late: Flags
    outside: Flags
    nearer: Flags
    lapsed: Flags
    missed: Flags
    held: Flags
    unconfirmed: Flags
    priority: Ints
    weight: Ints
    lanes: tuple[Kind, ...]

    @staticmethod
    def of(
        snapshot: Snapshot,
        gate: str,
        standing_by: Sequence[LiveTrip],
        slots: Mapping[int, Slot],
        facts: Facts,
    ) -> "_Stay":
        """Collect those of them that have a way to the gate."""
        rows = list(_with_ways(snapshot, gate, standing_by))
        trips = [trip for trip, _, _ in rows]
        told = [slots.get(trip.id) for trip in trips]
        keys = [_moment(trip, snapshot) for trip in trips]
        opens_s, closes_s = _window_s(snapshot, gate)
        now_s = snapshot.now.timestamp()
        weights = weights_of(snapshot.site.dispatch)
        blocks = blocks_of(snapshot)
        return _Stay(
            gate=gate,
            trip_id=np.array([trip.id for trip in trips], dtype=np.int64),
            key=_floats(keys),
            registered=_floats(trip.registered_at.timestamp() for trip in trips),
            penalty_s=_floats(trip.penalty_s for trip in trips),
            told_s=_floats(
                np.inf if slot is None or slot.gate != gate else slot.starts_at.timestamp()
                for slot in told
            ),
            elsewhere=_flags(slot is not None and slot.gate != gate for slot in told),
            prefers=_flags(
                slot is None and ways[0] != gate
                for slot, (_, _, ways) in zip(told, rows, strict=True)
            ),
            unready=_flags(trip.ready_at > snapshot.now for trip in trips),
            too_late=_flags(
                now_s + way.travel_s * (1.0 + way.travel_cv) > closes_s for _, way, _ in rows
            ),
            outside=_flags(way.via is not None for _, way, _ in rows),
            nearer=_flags(now_s + way.travel_s < opens_s for _, way, _ in rows),
            lapsed=_flags(trip.stage is Stage.RELEASED for trip in trips),
            missed=_flags(trip.id in facts.no_shows for trip in trips),
            held=_flags(gate in blocks.get(trip.id, ()) for trip in trips),
            unconfirmed=_flags(is_locked_in(trip) for trip in trips),
            priority=np.array([trip.priority for trip in trips], dtype=np.int64),
            weight=np.array([weights[trip.cargo] for trip in trips], dtype=np.int64),
            lanes=_lanes(snapshot, gate, trips),
        )


def _passed(
    stay: _Stay,
    snapshot: Snapshot,
    junior: LiveTrip,
    together: Sequence[LiveTrip],
    slots: Mapping[int, Slot],
    facts: Facts,
) -> Iterator[tuple[Reason | None, tuple[int, ...]]]:
    """Yield the seniors ``junior`` passes, by reason (None: there is none)."""
    key, registered = _moment(junior, snapshot), junior.registered_at.timestamp()
    counts = stay.key + stay.penalty_s
    senior = _before(counts, stay, key + junior.penalty_s, registered, junior.id)
    # By arrival alone it would have been before the junior: a penalty put it behind.
    fined = ~senior & _before(stay.key, stay, key, registered, junior.id) & (stay.penalty_s > 0)
    slot = slots.get(junior.id)
    told_s = slot.starts_at.timestamp() if slot is not None and slot.gate == stay.gate else np.inf
    kept = told_s < stay.told_s
    with_partner = np.full(len(counts), False)
    for other in together:
        if other.convoy is not None and other.convoy == junior.convoy and other.id != junior.id:
            with_partner |= counts >= _moment(other, snapshot) + other.penalty_s
    weight = weights_of(snapshot.site.dispatch)[junior.cargo]
    access = _access(snapshot, junior, stay.gate)
    inside = access is not None and access.via is None
    every = np.full(len(counts), True)
    causes: list[tuple[Reason, Flags]] = [
        # What people decided is said before what the rules would say of the same pair.
        (Reason.FORWARDED, every & (junior.id in forwards_of(snapshot))),
        (Reason.HELD, stay.held),
        (Reason.UNCONFIRMED, stay.unconfirmed),
        (Reason.PENALTY, fined),
        (Reason.SENIOR_NOT_READY, stay.unready),
        (Reason.NO_SHOW, stay.missed),
        (Reason.SENIOR_LATE, stay.too_late),
        (Reason.SENIOR_TOLD_ELSEWHERE, stay.elsewhere),
        (Reason.PRIORITY, kept & (junior.priority > stay.priority)),
        (Reason.CARGO, kept & (weight > stay.weight)),
        (Reason.CONVOY, with_partner),
        (Reason.PINNED, kept & (junior.id in pins_of(snapshot))),
        (Reason.KEPT_PROMISE, kept),
        (Reason.RELEASE_EXPIRED, stay.lapsed),
        (Reason.STANDBY_FILL, every & (junior.id in facts.standby)),
        (Reason.SENIOR_PREFERS_ELSEWHERE, stay.prefers),
        (Reason.SENIOR_OUTSIDE, stay.outside & inside),
        # It would stand before a closed gate; metering keeps its place in the quota until then.
        (Reason.SENIOR_NEARER, stay.nearer),
        (Reason.LANE_CLASS, _beyond(stay, snapshot, junior)),
    ]
    left = senior | fined
    for reason, holds in causes:
        yield from _named(stay, left & holds, reason)
        left &= ~holds
    yield from _named(stay, left, None)


def _lanes(snapshot: Snapshot, gate: str, trips: Sequence[LiveTrip]) -> tuple[Kind, ...]:
    """Return the lane classes each truck may use; empty for a gate that has none."""
    place = snapshot.site.gate_by_id[gate]
    return tuple(kind_of(place, trip) for trip in trips) if place.lane_classes else ()


def _beyond(stay: _Stay, snapshot: Snapshot, junior: LiveTrip) -> Flags:
    """Tell for whom there is a lane that takes the junior and not them."""
    if not stay.lanes:
        return np.full(len(stay.trip_id), False)
    mine = kind_of(snapshot.site.gate_by_id[stay.gate], junior)
    return _flags(bool(mine - theirs) for theirs in stay.lanes)


def _named(
    stay: _Stay, which: Flags, reason: Reason | None
) -> Iterator[tuple[Reason | None, tuple[int, ...]]]:
    if which.any():
        yield reason, tuple(sorted(stay.trip_id[which].tolist()))


def _before(counts: Floats, stay: _Stay, key: float, registered: float, trip_id: int) -> Flags:
    """Tell which rows precede a truck: by moment, then registration, then number."""
    same = counts == key
    first = stay.registered < registered
    tied = (stay.registered == registered) & (stay.trip_id < trip_id)
    return np.asarray((counts < key) | (same & (first | tied)))


def _with_ways(
    snapshot: Snapshot, gate: str, trips: Iterable[LiveTrip]
) -> Iterator[tuple[LiveTrip, Access, tuple[str, ...]]]:
    """Yield who has a way to ``gate`` from where it stands: truck, way, its gates with a way."""
    for trip in trips:
        way = _access(snapshot, trip, gate)
        if way is not None:
            gates = (each for each in trip.gates if _access(snapshot, trip, each) is not None)
            yield trip, way, tuple(gates)


def _access(snapshot: Snapshot, trip: LiveTrip, gate: str) -> Access | None:
    yard = None if trip.yard is None else snapshot.site.yard_by_id.get(trip.yard)
    return None if yard is None else yard.access_to(gate)


def _moment(trip: LiveTrip, snapshot: Snapshot) -> float:
    """Return the moment of seniority without penalties, epoch s."""
    free = trip._replace(penalty_s=0.0) if trip.penalty_s else trip
    return seniority(free, snapshot.site.policy)[0].timestamp()


def _window_s(snapshot: Snapshot, gate: str) -> tuple[float, float]:
    """Return the present or next opening, epoch s; endless where none is in sight."""
    opening = snapshot.site.gate_by_id[gate].opening
    window = next(opening.between(snapshot.now, snapshot.now + timedelta(days=1)), None)
    if window is None:
        return -np.inf, np.inf
    return window[0].timestamp(), window[1].timestamp()


def _floats(values: Iterable[float]) -> Floats:
    return np.array(list(values), dtype=np.float64)


def _flags(values: Iterable[bool]) -> Flags:
    return np.array(list(values), dtype=np.bool_)
