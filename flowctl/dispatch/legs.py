"""When a truck is called for its slot, and who moves from an outside yard to an in-gate yard.

A way to a gate may have two legs: outside yard, in-gate yard, gate. The second is metered by
N-control (`flowctl.dispatch.metering`), the first by what the in-gate yard can hold.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, exp, log1p, sqrt
from statistics import NormalDist

from flowctl.dispatch.called import moving
from flowctl.dispatch.lane_room import Kind, Room, kind_of
from flowctl.dispatch.metering import Approach
from flowctl.dispatch.n_control import BUFFER
from flowctl.site import Access, DispatchParams
from flowctl.state import LiveTrip, Slot, Snapshot

_NORMAL = NormalDist()


def call_up_at(slot: Slot, way: Access, params: DispatchParams) -> datetime:
    """Return when the driver of a slot is to be called, so that he is there when it begins.

    The slot's start less a quantile (``call_up_quantile``, in whole seconds) of the travel time,
    which is lognormal with mean ``travel_s`` and coefficient of variation ``travel_cv``, and less
    the stay in an in-gate yard on the way. A truck is called earlier where the gate would idle,
    later where more trucks wait than it takes.
    """
    early_s = travel_quantile(way.travel_s, way.travel_cv, params.call_up_quantile)
    if way.via is not None:
        early_s += params.via_stay_s
    return slot.starts_at - timedelta(seconds=ceil(early_s))


def travel_quantile(mean_s: float, cv: float, quantile: float) -> float:
    """Return the time within which a share ``quantile`` of trucks is there, in seconds.

    Of a lognormal variable X with mean m and coefficient of variation c, ln X is normal with
    variance s² = ln(1 + c²) and mean ln m - s²/2 (Aitchison and Brown, The Lognormal Distribution,
    1957).
    """
    variance = log1p(cv * cv)
    return mean_s * exp(sqrt(variance) * _NORMAL.inv_cdf(quantile) - variance / 2.0)


@dataclass(frozen=True, slots=True)
class Move:
    """The word to a driver: leave ``yard`` for ``to_yard``, from where you will go to ``gate``."""

    trip_id: int
    yard: str
    to_yard: str
    gate: str
    expires_at: datetime


def moves(
    snapshot: Snapshot, approaches: Sequence[Approach], slots: Mapping[int, Slot]
) -> tuple[Move, ...]:
    """Return who leaves an outside yard for an in-gate yard now, in the order of their turn.

    A truck moves once its slot is near (`call_up_at`), and before that as long as the in-gate yard
    holds less than its gate takes while a truck is on the way there, with a buffer.
    """
    load = _yard_loads(snapshot)
    gone: list[Move] = []
    for approach in approaches:
        by_yard: dict[str, list[tuple[LiveTrip, Access]]] = {}
        for trip, way in approach.outside:
            if way.via is not None:
                by_yard.setdefault(way.via, []).append((trip, way))
        for via, going in by_yard.items():
            yard = snapshot.site.yard_by_id.get(via)
            free = 0 if yard is None else yard.capacity - load[via]
            called = _into(snapshot, approach, via, going, free, slots)
            load[via] += len(called)
            gone.extend(called)
    return tuple(gone)


def _into(
    snapshot: Snapshot,
    approach: Approach,
    via: str,
    going: Sequence[tuple[LiveTrip, Access]],
    free: int,
    slots: Mapping[int, Slot],
) -> list[Move]:
    """Return who of ``going`` is called into an in-gate yard of so many ``free`` places.

    As many as are due, and as many as bring what stands there or is on the way there to what is
    wanted, each by the lanes it may use.
    """
    now, rules = snapshot.now, snapshot.site.dispatch
    kinds = approach.kinds(going)
    stock = _stock(snapshot, approach, via)
    wanted = _wanted(approach, going, now)
    room = Room({*kinds, *stock}, lambda lanes: ceil(sum(wanted[lane] for lane in lanes)))
    for kind, count in stock.items():
        room.take(kind, count)
    # A slot that its driver was asked not to go for is not due.
    due = Counter(
        kind
        for (trip, way), kind in zip(going, kinds, strict=True)
        if trip.id in slots
        and trip.id not in snapshot.advice
        and call_up_at(slots[trip.id], way, rules) <= now
    )
    for kind, count in due.items():
        room.widen(kind, count)
    called = room.fitting(kinds, range(len(going)), min(free, rules.release_most))
    expires_at = now + timedelta(seconds=rules.release_expiry_s)
    return [
        Move(trip.id, trip.yard, via, approach.gate.id, expires_at)
        for trip, _ in (going[number] for number in called)
        if trip.yard is not None
    ]


def _wanted(
    approach: Approach, going: Sequence[tuple[LiveTrip, Access]], now: datetime
) -> Mapping[str, float]:
    """Return by lane class the stock with which it does not starve while a truck comes to the yard.

    What is screened in that time and a buffer over its root, as for the way to the gate; nothing
    where the gate is not open when the truck comes there.
    """
    rates = {aim.id: aim.mu_per_s for aim in approach.lanes} or {"": approach.mu_per_s}
    if approach.opens_at is None or approach.closes_at is None:
        return Counter()
    there_at = now + timedelta(seconds=max(way.travel_s for _, way in going))
    if not approach.opens_at <= there_at < approach.closes_at:
        return Counter()
    way_s = max(way.via_s or 0.0 for _, way in going)
    return {
        lane: mu_per_s * way_s + BUFFER * sqrt(mu_per_s * way_s) for lane, mu_per_s in rates.items()
    }


def _stock(snapshot: Snapshot, approach: Approach, via: str) -> Counter[Kind]:
    here = [trip for trip, _ in approach.ready if trip.yard == via]
    coming = (
        trip
        for trip in snapshot.trips
        if trip.moving_to == via
        and trip.released_gate == approach.gate.id
        and moving(trip, snapshot.now)
    )
    return Counter(kind_of(approach.gate, trip) for trip in (*here, *coming))


def _yard_loads(snapshot: Snapshot) -> Counter[str]:
    """Return the trucks that stand in each yard or are on their call to it."""
    load: Counter[str] = Counter()
    for trip in snapshot.trips:
        if trip.yard is not None:
            load[trip.yard] += 1
        if trip.moving_to is not None and moving(trip, snapshot.now):
            load[trip.moving_to] += 1
    return load
