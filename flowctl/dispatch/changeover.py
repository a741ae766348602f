"""Lanes that change class: prices → small program → flow, until nothing better is found.

The flow says what the lanes that stand cost and what a place is worth; the program proposes others;
the flow says what those truly cost. The lanes that stand are kept unless others save more than
changing them costs.
"""

import numpy as np

from flowctl.dispatch.lending import changed, shared_freely, with_lanes
from flowctl.dispatch.plan import Plan
from flowctl.dispatch.problem import DispatchProblem, Ints
from flowctl.dispatch.solver import solve
from flowctl.dispatch.switching import Cut, SwitchParams, changes_from, find_lanes

_IN_VAIN = 4
"""Rounds that find nothing cheaper before the search ends."""


def with_cheapest_lanes(
    problem: DispatchProblem, plan: Plan, params: SwitchParams | None = None
) -> tuple[DispatchProblem, Plan, int]:
    """Return the problem with the cheapest lanes found, and the flow's plan of it.

    The problem and the plan given where none are cheaper than those that stand; and, last, what no
    lanes at all can undercut.

    Parameters
    ----------
    problem
        With lanes that may change class, as they stand.
    plan
        The flow's plan of it.
    params
        What a change costs, and how lanes are sought.

    Raises
    ------
    SolverError
        As `flowctl.dispatch.solver.solve`.
    """
    rules = params or SwitchParams()
    lowest = min(solve(shared_freely(problem)).bound, plan.bound)
    if problem.lanes is None or plan.prices is None or plan.bound - lowest <= rules.cost:
        return problem, plan, lowest
    best, total = problem, plan.bound + rules.cost * changed(problem, problem.lanes)
    cuts = [Cut(plan.bound, plan.prices, problem.lanes)]
    in_vain = 0
    lanes: Ints | None = _by_the_file(problem, problem.lanes, changes_from(problem, rules))
    for _ in range(rules.rounds + 1):
        if lanes is not None and not any((lanes == cut.lanes).all() for cut in cuts):
            lent = with_lanes(problem, lanes)
            flow = solve(lent)
            if flow.prices is None:
                break
            cuts.append(Cut(flow.bound, flow.prices, lanes))
            cost = flow.bound + rules.cost * changed(problem, lanes)
            in_vain += 1
            # Frozen trucks keep their places whatever the lanes.
            if cost < total and not ((lent.room < 0) & (problem.room >= 0)).any():
                best, plan, total, in_vain = lent, flow, cost, 0
        elif len(cuts) > 1 or lanes is None:
            break
        if in_vain == _IN_VAIN or total - lowest <= rules.gap * lowest or best.lanes is None:
            break
        lanes = find_lanes(problem, best.lanes, cuts, lowest, rules)
    return best, plan, lowest


def _by_the_file(problem: DispatchProblem, lanes: Ints, begin: int) -> Ints:
    """Return the lanes as the site's file shares them out, from slot ``begin`` on."""
    own = lanes.copy()
    for one in problem.shared:
        own[list(one.columns), begin:] = np.array(one.places)[:, None]
    return own
