"""The core's one step: from what is known to what is decided. Pure: no I/O, no clock, no memory.

All that one tick hands to the next is in the snapshot: what was told and who was released.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from flowctl.dispatch.framing import problem_of
from flowctl.dispatch.metering import Approach, Release, approaches, call_up
from flowctl.dispatch.plan import Plan, fallback, verify
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.solver import SolverError, solve
from flowctl.dispatch.telling import Telling, tellings
from flowctl.state import GateHistory, Snapshot
from flowctl.traffic.capacity import CapacityEstimate, Rate, estimate
from flowctl.traffic.collapse import GateMode

__all__ = ["Decision", "GateFigures", "Release", "Telling", "tick"]


@dataclass(frozen=True, slots=True)
class GateFigures:
    """A gate at one tick: what it takes (trucks an hour, 90 % interval) and what is around it.

    ``queued`` and ``in_lane`` count both directions; ``waiting`` the exports standing in yards.
    ``exports`` and ``imports`` are what either direction gets while it always waits. ``state``
    tells how the gate works against what it usually does, ``state_since`` from when on.
    """

    gate: str
    capacity_per_h: float
    capacity_low: float
    capacity_high: float
    n_target: float
    in_transit: int
    queued: int
    in_lane: int
    waiting: int
    exports: Rate
    imports: Rate
    state: GateMode
    state_since: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What one tick decided.

    ``plan`` is None where none was due, or none could be made that holds; ``faults`` says why the
    solver's plan was not used. ``unserved`` names the trips for which no slot was found.
    """

    plan: Plan | None
    tellings: tuple[Telling, ...]
    releases: tuple[Release, ...]
    gates: tuple[GateFigures, ...]
    unserved: tuple[int, ...] = ()
    faults: tuple[str, ...] = ()


def tick(snapshot: Snapshot, *, plan_due: bool) -> Decision:
    """Decide from a snapshot: who leaves a yard now and, where ``plan_due``, everyone's slot.

    Parameters
    ----------
    snapshot
        Site, moment, trips and gates.
    plan_due
        Make a plan too; metering alone is some hundred times cheaper.

    Returns
    -------
    Decision
        To be written and told in one transaction.
    """
    estimates = {
        gate.id: estimate(gate, _history(snapshot, gate.id), snapshot.now)
        for gate in snapshot.site.gates
    }
    slots = {trip.id: trip.told for trip in snapshot.trips if trip.told is not None}
    seen = approaches(snapshot, estimates, slots)
    plan: Plan | None = None
    told: tuple[Telling, ...] = ()
    unserved: tuple[int, ...] = ()
    faults: tuple[str, ...] = ()
    if plan_due:
        problem = problem_of(snapshot, estimates, seen)
        plan, faults = _plan(problem)
        if plan is not None:
            told = tuple(tellings(snapshot, problem, plan, estimates))
            unserved = tuple(problem.trip_ids[plan.slot < 0].tolist())
    if told:
        slots |= {telling.trip_id: telling.slot for telling in told}
        seen = approaches(snapshot, estimates, slots)
    return Decision(
        plan=plan,
        tellings=told,
        releases=tuple(one for gate in seen for one in call_up(snapshot, gate)),
        gates=_figures(seen, estimates),
        unserved=unserved,
        faults=faults,
    )


def _plan(problem: DispatchProblem) -> tuple[Plan | None, tuple[str, ...]]:
    """Return a plan that holds, with what was wrong with those that did not."""
    try:
        plan = solve(problem)
        faults = verify(problem, plan)
    except SolverError as error:
        faults = (str(error),)
    if not faults:
        return plan, ()
    plan = fallback(problem)
    worse = verify(problem, plan)
    return (None if worse else plan), (*faults, *worse)


def _history(snapshot: Snapshot, gate: str) -> GateHistory:
    """Return what was seen at a gate; nothing where the snapshot does not name it."""
    found = next((history for history in snapshot.gates if history.gate == gate), None)
    if found is not None:
        return found
    return GateHistory(gate, np.empty(0), np.empty(0), np.empty(0, dtype=np.bool_))


def _figures(
    seen: Sequence[Approach], estimates: Mapping[str, CapacityEstimate]
) -> tuple[GateFigures, ...]:
    figures = []
    for approach in seen:
        learned = estimates[approach.gate.id]
        inside = approach.exports + approach.imports
        in_lane = min(inside, approach.gate.inspection_places)
        figures.append(
            GateFigures(
                gate=approach.gate.id,
                capacity_per_h=learned.per_h,
                capacity_low=learned.low,
                capacity_high=learned.high,
                n_target=approach.n_target,
                in_transit=approach.in_transit,
                queued=inside - in_lane,
                in_lane=in_lane,
                waiting=approach.waiting,
                exports=learned.exports,
                imports=learned.imports,
                state=learned.state,
                state_since=learned.since,
            )
        )
    return tuple(figures)
