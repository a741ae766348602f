"""How soon a truck can be at each gate, and what it passes through on the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.called import moving
from flowctl.dispatch.legs import travel_quantile
from flowctl.dispatch.supply import Column
from flowctl.site import Access, Site
from flowctl.state import LiveTrip

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_LATE = 0.9
"""The share of trucks that are to be on time, as that of ``LiveTrip.eta_yard_late_at``."""


@dataclass(frozen=True, slots=True)
class Reach:
    """When N trucks can be at C columns.

    ``at_s`` [N, C] is the earliest moment (epoch s), infinite where a truck may not go; ``yard``
    [N, C] the in-gate yard it passes through, a number of the site's yards, -1 where none.
    """

    at_s: Floats
    yard: Ints


def reach_of(
    site: Site,
    columns: Sequence[Column],
    trips: Sequence[LiveTrip],
    now: datetime,
    not_before: Floats | None = None,
) -> Reach:
    """Return where trucks can be when.

    A truck is there when it is expected: it leaves when it is ready, and the way counts from the
    message, the driver's reaction included. Where that is uncertain a slot is within reach only
    if nine trucks of ten would still be on time by the policy's window. So a promise is kept, and
    no place stays empty for a margin that the window gives already. Trucks that are held leave for
    a column no earlier than ``not_before``, epoch s, [N, C].
    """
    # Thousands of trucks stand in few yards and are bound for few gates: ways are sought once each.
    kinds: dict[tuple[str | None, tuple[str, ...]], int] = {}
    of = [kinds.setdefault((_stands(trip, now), trip.gates), len(kinds)) for trip in trips]
    travel_s = np.full((len(kinds), len(columns)), np.inf)
    slack_s, yard = travel_s.copy(), np.full(travel_s.shape, -1, dtype=np.int64)
    number = {each.id: at for at, each in enumerate(site.yards)}
    grace_s = site.dispatch.slot_s + site.policy.slot.late_s
    for (stands, gates), kind in kinds.items():
        ways = _ways(site, stands, gates)
        for at, column in enumerate(columns):
            way = ways.get(column.gate.id)
            if way is None:
                continue
            travel_s[kind, at] = way.travel_s
            slack_s[kind, at] = travel_quantile(way.travel_s, way.travel_cv, _LATE) - grace_s
            if way.via is not None:
                yard[kind, at] = number.get(way.via, -1)
    leaves, late = _leaves_s(site, trips, now)
    leaves, late = leaves[:, None], late[:, None]
    if not_before is not None:
        leaves, late = np.maximum(leaves, not_before), np.maximum(late, not_before)
    at_s = np.maximum(leaves + travel_s[of], late + slack_s[of])
    passed = yard[of]
    for at, column in enumerate(columns):
        if column.lanes is not None:
            closed = [not column.takes(trip) for trip in trips]
            at_s[closed, at], passed[closed, at] = np.inf, -1
    for row, trip in enumerate(trips):
        if trip.needs is not None:
            without = [all(bay.kind != trip.needs for bay in each.gate.bays) for each in columns]
            at_s[row, without], passed[row, without] = np.inf, -1
    return Reach(at_s, passed)


def _leaves_s(site: Site, trips: Sequence[LiveTrip], now: datetime) -> tuple[Floats, Floats]:
    """Return when trucks are expected to be able to leave a yard, and when late, epoch s, [N]."""
    now_s = now.timestamp()
    ready = np.array([trip.ready_at.timestamp() for trip in trips])
    ready += np.where(ready > now_s, site.dispatch.ready_margin_s, 0)
    unseen_s = now_s + site.dispatch.tell_ahead_s
    legs: dict[str, float] = {}
    for way in (way for each in site.yards for way in each.access):
        if way.via is not None:
            legs[way.via] = max(legs.get(way.via, 0.0), way.via_s or 0.0)
    present, late = np.full(len(trips), now_s), np.full(len(trips), now_s)
    for row, trip in enumerate(trips):
        if trip.moving_to is not None and trip.released_at is not None and moving(trip, now):
            present[row] = trip.released_at.timestamp() + legs.get(trip.moving_to, 0.0)
        elif trip.arrived_at is None:
            # Not seen on the road yet: it cannot be here sooner than those that are.
            eta = trip.eta_yard_at
            present[row] = unseen_s if eta is None else eta.timestamp()
        if trip.eta_yard_late_at is not None and trip.arrived_at is None:
            late[row] = trip.eta_yard_late_at.timestamp()
    leaves = np.maximum(np.maximum(ready, present), now_s)
    return leaves, np.maximum(leaves, late)


def _stands(trip: LiveTrip, now: datetime) -> str | None:
    """Return the yard a truck stands in, or will once it has followed its call."""
    return trip.moving_to if trip.moving_to is not None and moving(trip, now) else trip.yard


def _ways(site: Site, stands: str | None, gates: Sequence[str]) -> dict[str, Access]:
    """Return the way to each allowed gate from where a truck stands.

    A truck still on the road, or in a yard that feeds none of its gates, is given the longest way.
    """
    yard = site.yard_by_id.get(stands) if stands is not None else None
    if yard is not None:
        here = {way.gate: way for way in yard.access if way.gate in gates}
        if here:
            return here
    ways: dict[str, Access] = {}
    for way in (way for each in site.yards for way in each.access if way.gate in gates):
        if way.gate not in ways or way.travel_s > ways[way.gate].travel_s:
            ways[way.gate] = way
    return ways
