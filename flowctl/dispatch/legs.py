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
from flowctl.dispatch.metering import BUFFER, Approach
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


def move_quota(stock: int, wanted: float, due: int, free: int, waiting: int, most: int) -> int:
    """Return how many of the ``waiting`` trucks to call into an in-gate yard now.

    So many as are ``due``, and as many as bring the ``stock`` (trucks that stand there for the gate
    or are on the way there) to what is ``wanted``; never more than the yard has ``free`` places.
    """
    return max(min(waiting, most, free, max(due, ceil(wanted) - stock)), 0)


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
    now, rules = snapshot.now, snapshot.site.dispatch
    # A slot that its driver was asked not to go for is not due.
    promised = [
        (slots[t.id], way) for t, way in going if t.id in slots and t.id not in snapshot.advice
    ]
    due = sum(call_up_at(slot, way, rules) <= now for slot, way in promised)
    quota = move_quota(
        _stock(snapshot, approach, via),
        _wanted(approach, going, now),
        due,
        free,
        len(going),
        rules.release_most,
    )
    expires_at = now + timedelta(seconds=rules.release_expiry_s)
    return [
        Move(trip.id, trip.yard, via, approach.gate.id, expires_at)
        for trip, _ in going[:quota]
        if trip.yard is not None
    ]


def _wanted(approach: Approach, going: Sequence[tuple[LiveTrip, Access]], now: datetime) -> float:
    """Return the stock with which the gate does not starve while a truck comes to the yard.

    What is screened in that time and a buffer over its root, as for the way to the gate; nothing
    where the gate is not open when the truck comes there.
    """
    if approach.opens_at is None or approach.closes_at is None:
        return 0.0
    there_at = now + timedelta(seconds=max(way.travel_s for _, way in going))
    if not approach.opens_at <= there_at < approach.closes_at:
        return 0.0
    pipeline = approach.mu_per_s * max(way.via_s or 0.0 for _, way in going)
    return pipeline + BUFFER * sqrt(pipeline)


def _stock(snapshot: Snapshot, approach: Approach, via: str) -> int:
    here = sum(trip.yard == via for trip, _ in approach.ready)
    return here + sum(
        trip.moving_to == via and trip.released_gate == approach.gate.id
        for trip in snapshot.trips
        if moving(trip, snapshot.now)
    )


def _yard_loads(snapshot: Snapshot) -> Counter[str]:
    """Return the trucks that stand in each yard or are on their call to it."""
    load: Counter[str] = Counter()
    for trip in snapshot.trips:
        if trip.yard is not None:
            load[trip.yard] += 1
        if trip.moving_to is not None and moving(trip, snapshot.now):
            load[trip.moving_to] += 1
    return load
