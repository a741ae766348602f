"""From a problem to a plan that holds: solve, repair, verify; else by fixed headways."""

from dataclasses import replace

import numpy as np

from flowctl.dispatch.changeover import with_cheapest_lanes
from flowctl.dispatch.home import Flags, Home, homeward
from flowctl.dispatch.packing import bundles, pack, together
from flowctl.dispatch.plan import Plan, fallback, planned, verify
from flowctl.dispatch.problem import DispatchProblem, Ints
from flowctl.dispatch.repair import repaired
from flowctl.dispatch.side_check import broken_sides
from flowctl.dispatch.sides import Sides
from flowctl.dispatch.solver import SolverError, solve

_ROUNDS = 3
"""How often trucks that do not come back in time are placed anew, in the end for good."""


def make_plan(problem: DispatchProblem) -> tuple[Plan | None, tuple[str, ...]]:
    """Return a plan that breaks nothing, with what was wrong with those that did.

    Returns
    -------
    Plan or None
        None where not even fixed headways give a plan that holds: the last good one stands.
    tuple of str
        One sentence for each fault; empty where the first plan held.
    """
    if problem.sides is not None and problem.sides.returns is not None:
        problem = homeward(problem, problem.sides.returns)
    if problem.sides is not None and (problem.sides.convoy >= 0).any():
        problem = together(problem, problem.sides)
    return _made(problem) if problem.lanes is None else _with_lanes(problem)


def _made(
    problem: DispatchProblem, flow: Plan | None = None
) -> tuple[Plan | None, tuple[str, ...]]:
    """Do the same with the capacity as it is, from its ``flow`` where that is known."""
    try:
        plan = repaired(problem, _packed(problem, flow or solve(problem)))
        faults = verify(problem, plan)
    except SolverError as error:
        faults = (str(error),)
    else:
        if not faults:
            return plan, ()
    plan = repaired(problem, _packed(problem, fallback(problem)))
    worse = verify(problem, plan)
    return (None if worse else plan), (*faults, *worse)


def _with_lanes(problem: DispatchProblem) -> tuple[Plan | None, tuple[str, ...]]:
    """Return the plan by the cheapest lanes found; by those that stand where none are cheaper."""
    try:
        flow = solve(problem)
        lent, best, lowest = with_cheapest_lanes(problem, flow)
    except SolverError as error:
        plan, faults = _made(problem)
        return _by(problem, plan), (str(error), *faults)
    plan, faults = _made(lent, best)
    plan = _by(lent, plan, lowest)
    if lent is problem:
        return plan, faults
    if plan is not None and not faults:
        faults = verify(problem, plan)
        # No plan by the lanes that stand costs less than their flow.
        if not faults and plan.cost <= flow.bound:
            return plan, ()
    standing, worse = _made(problem, flow)
    if plan is not None and not faults and (standing is None or plan.cost < standing.cost):
        return plan, worse
    return _by(problem, standing, lowest), (*faults, *worse)


def _by(lent: DispatchProblem, plan: Plan | None, lowest: int | None = None) -> Plan | None:
    """Return a plan with the lanes it goes by; ``lowest`` is what no lanes can undercut."""
    if plan is None:
        return None
    plan = replace(plan, lanes=lent.lanes, capacity=lent.capacity)
    if lowest is None or plan.status != "optimal":
        return plan
    return replace(plan, bound=lowest, lanes_cost=plan.bound - lowest)


def repair_gap(plan: Plan) -> float:
    """Return what the rules cost that no flow can hold, as a fraction of the flow's bound."""
    return plan.repair_cost / plan.bound if plan.bound > 0 else 0.0


def _packed(problem: DispatchProblem, plan: Plan) -> Plan:
    """Return ``plan`` with convoys together, bays respected and all back in time.

    Itself where it is so already. The bundles are placed at the plan's prices, then the others are
    planned around them as the plan itself was. That may move others that come back to where they
    cannot: then those are placed too, in the end with all that come back held where they are.
    """
    sides = problem.sides
    if sides is None:
        return plan
    if sides.returns is None and not ((sides.convoy >= 0).any() or (sides.bay >= 0).any()):
        return plan
    if not any(broken_sides(problem, plan.gate.tolist(), plan.slot.tolist(), packing_only=True)):
        return plan
    back = _stranded(problem, sides, plan)
    for left in reversed(range(_ROUNDS)):
        plan = _packed_once(problem, sides, plan, back, hold=left == 0)
        more = _stranded(problem, sides, plan)
        if not more:
            break
        back |= more
    return plan


def _stranded(problem: DispatchProblem, sides: Sides, plan: Plan) -> set[int]:
    """Return the trucks that do not come back in time."""
    if sides.returns is None:
        return set()
    return set(Home(problem, sides.returns, plan.gate, plan.slot).stranded())


def _packed_once(
    problem: DispatchProblem, sides: Sides, plan: Plan, back: set[int], *, hold: bool
) -> Plan:
    """Place the bundles, and the trucks ``back`` that come back, and plan all others around them.

    With ``hold`` all others that come back stay where they are.
    """
    groups = bundles(problem, sides, back)
    bundled = np.array([row for rows in groups for row in rows], dtype=np.int64)
    home, held, nowhere = None, problem, bundled
    if sides.returns is not None:
        others = plan.slot.copy()
        others[bundled[problem.frozen_slot[bundled] < 0]] = -1
        home = Home(problem, sides.returns, plan.gate, others)
        if hold:
            mine = sides.returns.within_s >= 0
            held = _holding(problem, plan, mine & (others >= 0))
            nowhere = np.concatenate([bundled, np.flatnonzero(mine & (plan.slot < 0))])
    column, slot = pack(held, sides, groups, plan.prices, home)
    around = _around(problem, column, slot, nowhere)
    rest = solve(around) if plan.status == "optimal" else fallback(around)
    cost, unserved = planned(problem, rest.gate, rest.slot)
    return replace(
        rest,
        cost=cost,
        unserved=unserved,
        bound=plan.bound,
        repair_cost=cost - plan.bound - rest.handout_cost if plan.status == "optimal" else 0,
    )


def _holding(problem: DispatchProblem, plan: Plan, which: Flags) -> DispatchProblem:
    """Return the problem with some trucks frozen where the plan has them."""
    return replace(
        problem,
        frozen_gate=np.where(which, plan.gate, problem.frozen_gate),
        frozen_slot=np.where(which, plan.slot, problem.frozen_slot),
    )


def _around(problem: DispatchProblem, column: Ints, slot: Ints, rows: Ints) -> DispatchProblem:
    """Return the problem with the bundles frozen; those without a place may go nowhere."""
    earliest = problem.earliest.copy()
    earliest[rows[slot[rows] < 0]] = problem.slots
    return replace(problem, earliest=earliest, frozen_gate=column, frozen_slot=slot)
