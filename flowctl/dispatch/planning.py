"""From a problem to a plan that holds: solve, repair, verify; else by fixed headways."""

from flowctl.dispatch.plan import Plan, fallback, verify
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.repair import repaired
from flowctl.dispatch.solver import SolverError, solve


def make_plan(problem: DispatchProblem) -> tuple[Plan | None, tuple[str, ...]]:
    """Return a plan that breaks nothing, with what was wrong with those that did.

    Returns
    -------
    Plan or None
        None where not even fixed headways give a plan that holds: the last good one stands.
    tuple of str
        One sentence for each fault; empty where the first plan held.
    """
    try:
        plan = repaired(problem, solve(problem))
        faults = verify(problem, plan)
    except SolverError as error:
        faults = (str(error),)
    else:
        if not faults:
            return plan, ()
    plan = repaired(problem, fallback(problem))
    worse = verify(problem, plan)
    return (None if worse else plan), (*faults, *worse)
