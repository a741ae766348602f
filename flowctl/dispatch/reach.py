"""How soon a truck can be at each gate, and what it passes through on the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.called import moving
from flowctl.dispatch.legs import travel_quantile
from flowctl.dispatch.supply import Column
from flowctl.site import Access, Site
from flowctl.state import LiveTrip

Ints = NDArray[np.int64]

_LATE = 0.9
"""The share of trucks that are to be on time, as that of ``LiveTrip.eta_yard_late_at``."""


@dataclass(frozen=True, slots=True)
class Reach:
    """When N trucks can be at C columns.

    ``at_s`` [N, C] is the earliest moment (epoch s), infinite where a truck may not go; ``yard``
    [N, C] the in-gate yard it passes through, a number of the site's yards, -1 where none.
    """

    at_s: NDArray[np.float64]
    yard: Ints


def reach_of(
    site: Site, columns: Sequence[Column], trips: Sequence[LiveTrip], now: datetime
) -> Reach:
    """Return where trucks can be when.

    A truck is there when it is expected: it leaves when it is ready, and the way counts from the
    message, the driver's reaction included. Where that is uncertain a slot is within reach only
    if nine trucks of ten would still be on time by the policy's window. So a promise is kept, and
    no place stays empty for a margin that the window gives already.
    """
    number = {yard.id: at for at, yard in enumerate(site.yards)}
    grace_s = site.dispatch.slot_s + site.policy.slot.late_s
    late_s = {
        way: travel_quantile(way.travel_s, way.travel_cv, _LATE) - grace_s
        for each in site.yards
        for way in each.access
    }
    at_s = np.full((len(trips), len(columns)), np.inf)
    yard = np.full((len(trips), len(columns)), -1, dtype=np.int64)
    for row, trip in enumerate(trips):
        leaves, late = (moment.timestamp() for moment in _leaves_at(site, trip, now))
        ways = _ways(site, trip, now)
        for at, column in enumerate(columns):
            way = ways.get(column.gate.id)
            if way is None or not column.takes(trip):
                continue
            at_s[row, at] = max(leaves + way.travel_s, late + late_s[way])
            if way.via is not None:
                yard[row, at] = number.get(way.via, -1)
    return Reach(at_s, yard)


def _leaves_at(site: Site, trip: LiveTrip, now: datetime) -> tuple[datetime, datetime]:
    """Return when the truck is expected to be able to leave a yard, and when late."""
    rules = site.dispatch
    ready = trip.ready_at
    if ready > now:
        ready += timedelta(seconds=rules.ready_margin_s)
    present = _present_at(site, trip, now)
    late = present
    if trip.arrived_at is None and trip.eta_yard_at is not None:
        late = max(present, trip.eta_yard_late_at or present)
    return max(ready, present, now), max(ready, late, now)


def _present_at(site: Site, trip: LiveTrip, now: datetime) -> datetime:
    if trip.moving_to is not None and trip.released_at is not None and moving(trip, now):
        legs = [w.via_s or 0.0 for y in site.yards for w in y.access if w.via == trip.moving_to]
        return trip.released_at + timedelta(seconds=max(legs, default=0.0))
    if trip.arrived_at is not None:
        return now
    # Not seen on the road yet: it cannot be here sooner than those that are.
    return trip.eta_yard_at or now + timedelta(seconds=site.dispatch.tell_ahead_s)


def _ways(site: Site, trip: LiveTrip, now: datetime) -> dict[str, Access]:
    """Return the way to each allowed gate from where the truck stands.

    A truck still on the road, or in a yard that feeds none of its gates, is given the longest way.
    """
    stands = trip.moving_to if moving(trip, now) else trip.yard
    yard = site.yard_by_id.get(stands) if stands is not None else None
    if yard is not None:
        here = {way.gate: way for way in yard.access if way.gate in trip.gates}
        if here:
            return here
    ways: dict[str, Access] = {}
    for way in (way for each in site.yards for way in each.access if way.gate in trip.gates):
        if way.gate not in ways or way.travel_s > ways[way.gate].travel_s:
            ways[way.gate] = way
    return ways
