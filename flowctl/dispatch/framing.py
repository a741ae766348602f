"""From a snapshot to a scheduling problem: who can be where when, and what was promised."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from flowctl.dispatch.called import moving, standing
from flowctl.dispatch.metering import Approach
from flowctl.dispatch.problem import DispatchProblem, Ints
from flowctl.dispatch.seniority import seniority
from flowctl.dispatch.sides import sides_of
from flowctl.dispatch.supply import export_capacity, slot_grid
from flowctl.site import DispatchParams, Site
from flowctl.state import Cargo, LiveTrip, Snapshot, Stage
from flowctl.traffic.capacity import CapacityEstimate


def problem_of(
    snapshot: Snapshot,
    estimates: Mapping[str, CapacityEstimate],
    approaches: Sequence[Approach],
) -> DispatchProblem:
    """Frame what is to be decided: every truck that is not yet on its way to a gate.

    Trucks in transit and at the gates are no rows: they are taken from the capacity ahead.

    Parameters
    ----------
    snapshot
        Trips and gates.
    estimates
        Learned capacity by gate id.
    approaches
        The gates as the regulator sees them, in the site's order.
    """
    site, now, rules = snapshot.site, snapshot.now, snapshot.site.dispatch
    trips = sorted((trip for trip in snapshot.trips if plannable(trip, now)), key=lambda t: t.id)
    grid = slot_grid(site, now)
    capacity = export_capacity(site, grid, approaches, [estimates[gate.id] for gate in site.gates])
    index = {gate.id: at for at, gate in enumerate(site.gates)}
    reach = np.array([_reach(site, trip, now) for trip in trips], dtype=np.float64)
    earliest = np.searchsorted(grid.starts, reach.reshape(len(trips), len(site.gates)), "left")
    told = _promises(trips, now, rules, index, grid.starts, earliest)
    held_gate, held_slot = _frozen(trips, site, now, told, earliest, capacity, grid.starts)
    width = rules.slot_s
    order = sorted(range(len(trips)), key=lambda at: seniority(trips[at], site.policy))
    rank = np.empty(len(trips), dtype=np.int64)
    rank[order] = np.arange(len(trips))
    return DispatchProblem(
        gates=tuple(index),
        slot_s=width,
        starts=grid.starts,
        capacity=capacity,
        trip_ids=_ints(trip.id for trip in trips),
        earliest=earliest.astype(np.int64),
        weight=_ints(_weight(trip.cargo, rules) * (1 + trip.priority) for trip in trips),
        preferred=_ints(next((index[g] for g in trip.gates if g in index), 0) for trip in trips),
        origin_s=_ints(
            seniority(trip, site.policy)[0].timestamp() // width * width for trip in trips
        ),
        rank=rank,
        told_gate=told.gate,
        keep_first=told.first,
        keep_last=told.last,
        frozen_gate=held_gate,
        frozen_slot=held_slot,
        linear=rules.delay_linear,
        squared=rules.delay_squared,
        diversion=rules.diversion_cost,
        change=rules.change_cost,
        sides=sides_of(trips, site.policy),
    )


def plannable(trip: LiveTrip, now: datetime) -> bool:
    """Tell whether a slot is to be found: the truck was not sent to a gate, or did not follow."""
    if moving(trip, now):
        return True
    return trip.stage in (Stage.REGISTERED, Stage.STAGED) or standing(trip, now)


def keeps(rules: DispatchParams, told_at: datetime, now: datetime) -> tuple[float, float]:
    """Return by how much a slot may come earlier and later than told without a message, seconds.

    The further away the slot, the more it may drift: what is eight hours off will drift again.
    """
    share_s = rules.change_share * max((told_at - now).total_seconds(), 0.0)
    return max(rules.least_change_s, share_s), max(rules.late_tolerance_s, share_s)


@dataclass(frozen=True, slots=True)
class _Told:
    """Per truck the gate told (-1: none) and the slots that need no message."""

    gate: Ints
    first: Ints
    last: Ints


def _ints(values: Iterable[float]) -> Ints:
    return np.array([int(value) for value in values], dtype=np.int64)


def _weight(cargo: Cargo, rules: DispatchParams) -> int:
    weights = {Cargo.NORMAL: rules.weight_normal, Cargo.REEFER: rules.weight_reefer}
    return weights.get(cargo, rules.weight_perishable)


def _reach(site: Site, trip: LiveTrip, now: datetime) -> list[float]:
    """Return the earliest moment (epoch s) at each gate, infinite where it may not go."""
    leave = _ready(site.dispatch, trip, now).timestamp()
    ways = _ways(site, trip)
    return [leave + ways[gate.id] if gate.id in ways else np.inf for gate in site.gates]


def _ready(rules: DispatchParams, trip: LiveTrip, now: datetime) -> datetime:
    """Return when the truck can leave a yard."""
    present = now
    if trip.arrived_at is None:
        # Not seen on the road yet: it cannot be here sooner than those that are.
        present = trip.eta_yard_at or now + timedelta(seconds=rules.tell_ahead_s)
    ready = trip.ready_at
    if ready > now:
        ready += timedelta(seconds=rules.ready_margin_s)
    return max(ready, present, now)


def _ways(site: Site, trip: LiveTrip) -> dict[str, float]:
    """Return the travel time (s) to each allowed gate from where the truck stands.

    A truck still on the road, or in a yard that feeds none of its gates, is given the longest way.
    """
    yard = site.yard_by_id.get(trip.yard) if trip.yard is not None else None
    if yard is not None:
        here = {way.gate: way.travel_s for way in yard.access if way.gate in trip.gates}
        if here:
            return here
    ways: dict[str, float] = {}
    for way in (way for each in site.yards for way in each.access if way.gate in trip.gates):
        ways[way.gate] = max(way.travel_s, ways.get(way.gate, 0.0))
    return ways


def _promises(
    trips: Sequence[LiveTrip],
    now: datetime,
    rules: DispatchParams,
    index: Mapping[str, int],
    starts: Ints,
    earliest: Ints,
) -> _Told:
    gate = np.full(len(trips), -1, dtype=np.int64)
    first, last = np.zeros_like(gate), np.full_like(gate, -1)
    for at, trip in enumerate(trips):
        if trip.told is None or trip.told.gate not in index:
            continue
        early_s, late_s = keeps(rules, trip.told.starts_at, now)
        told_s = trip.told.starts_at.timestamp()
        gate[at] = index[trip.told.gate]
        soonest = np.searchsorted(starts, told_s - early_s, "right")
        first[at] = max(int(soonest), int(earliest[at, gate[at]]))
        last[at] = int(np.searchsorted(starts, told_s + late_s, "right")) - 1
    return _Told(gate, first, last)


def _frozen(
    trips: Sequence[LiveTrip],
    site: Site,
    now: datetime,
    told: _Told,
    earliest: Ints,
    capacity: Ints,
    starts: Ints,
) -> tuple[Ints, Ints]:
    """Give the trucks whose slot is about to come, or has come, the place they were told.

    In the order told; each the first place left from its slot on, as long as no message is needed.
    One that finds none is free again.
    """
    room = capacity.copy()
    gate = np.full(len(trips), -1, dtype=np.int64)
    slot = gate.copy()
    horizon = now + timedelta(seconds=site.dispatch.freeze_s)
    due = [
        (trip.told.starts_at, seniority(trip, site.policy), at)
        for at, trip in enumerate(trips)
        if trip.told is not None and told.gate[at] >= 0 and trip.told.starts_at <= horizon
    ]
    for starts_at, _, at in sorted(due):
        there = int(told.gate[at])
        from_slot = int(np.searchsorted(starts, starts_at.timestamp(), "left"))
        begin = max(from_slot, int(earliest[at, there]))
        places = np.flatnonzero(room[there, begin : told.last[at] + 1] > 0)
        if len(places):
            gate[at], slot[at] = there, begin + int(places[0])
            room[there, slot[at]] -= 1
    return gate, slot
