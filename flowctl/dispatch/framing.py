"""From a snapshot to a scheduling problem: who can be where when, and what was promised."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import numpy as np

from flowctl.dispatch.called import moving, standing
from flowctl.dispatch.hand import blocks_of, fixed_of, not_before_s
from flowctl.dispatch.lending import lanes_of
from flowctl.dispatch.locks import is_slotless
from flowctl.dispatch.metering import Approach
from flowctl.dispatch.passages import passages_of
from flowctl.dispatch.problem import DispatchProblem, Ints
from flowctl.dispatch.promises import Frame, frozen_of, promises_of
from flowctl.dispatch.reach import reach_of
from flowctl.dispatch.returns import returns_of
from flowctl.dispatch.seniority import ranked
from flowctl.dispatch.sides import sides_of
from flowctl.dispatch.supply import columns_of, slot_grid, supply_of
from flowctl.site import DispatchParams
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
    learned = [estimates[gate.id] for gate in site.gates]
    supply = supply_of(site, grid, approaches, learned, snapshot.acts)
    columns = columns_of(site)
    lent = lanes_of(columns, grid.starts, supply.exports, snapshot.lanes)
    capacity = supply.exports if lent is None else lent.capacity
    index = {column.gate.id: at for at, column in reversed(list(enumerate(columns)))}
    held = not_before_s(
        snapshot, trips, [column.gate.id for column in columns], blocks_of(snapshot)
    )
    reach = reach_of(site, columns, trips, now, held)
    frame = Frame(
        index=index,
        gate_of=_ints(index[column.gate.id] for column in columns),
        starts=grid.starts,
        capacity=capacity,
        earliest=np.searchsorted(grid.starts, reach.at_s, "left").astype(np.int64),
        through=passages_of(site, columns, capacity, reach.yard, snapshot.trips, now),
    )
    counts_s, rank = ranked(trips, site.policy)
    told = promises_of(trips, now, rules, frame)
    frozen_gate, frozen_slot = frozen_of(trips, rank, now, rules, told, frame, fixed_of(snapshot))
    width, weights = rules.slot_s, weights_of(rules)
    preferred = {
        gates: next((index[gate] for gate in gates if gate in index), 0)
        for gates in {trip.gates for trip in trips}
    }
    return DispatchProblem(
        gates=tuple(column.gate.id for column in columns),
        slot_s=width,
        starts=grid.starts,
        capacity=capacity,
        trip_ids=_ints(trip.id for trip in trips),
        earliest=frame.earliest,
        weight=_ints(weights[trip.cargo] * (1 + trip.priority) for trip in trips),
        preferred=_ints(preferred[trip.gates] for trip in trips),
        origin_s=(counts_s // width * width).astype(np.int64),
        rank=rank,
        told_gate=told.gate,
        keep_first=told.first,
        keep_last=told.last,
        frozen_gate=frozen_gate,
        frozen_slot=frozen_slot,
        linear=rules.delay_linear,
        squared=rules.delay_squared,
        diversion=rules.diversion_cost,
        change=rules.change_cost,
        late=rules.late_cost,
        idle=rules.idle_cost,
        idle_s=rules.idle_s,
        through=frame.through,
        sides=sides_of(
            trips,
            columns,
            site.policy,
            returns_of(snapshot, trips, columns, grid.starts, supply.imports),
        ),
        shared=() if lent is None else lent.shared,
        lanes=None if lent is None else lent.lanes,
    )


def plannable(trip: LiveTrip, now: datetime) -> bool:
    """Tell whether a slot is to be found: the truck was not sent to a gate, or did not follow.

    None is while the trip's stages do not allow one.
    """
    if moving(trip, now):
        return True
    if is_slotless(trip):
        return False
    return trip.stage in (Stage.REGISTERED, Stage.STAGED) or standing(trip, now)


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def weights_of(rules: DispatchParams) -> dict[Cargo, int]:
    """Return how much waiting hurts, by cargo."""
    return {
        Cargo.NORMAL: rules.weight_normal,
        Cargo.REEFER: rules.weight_reefer,
        Cargo.PERISHABLE: rules.weight_perishable,
    }
