"""Which lanes to try next: a small integer program over what flows of other lanes cost (CP-SAT).

What the best flow costs is convex in the places of each slot, and its prices are its slope: so each
flow that was solved bounds what any other lanes cost from below, all of them together the better
the more there are (J. F. Benders, *Numerische Mathematik* 4, 1962). The program finds the lanes
for which these bounds, with what changing them costs, are lowest; near the best lanes yet, for far
away prices say little. Deterministic: one worker, a fixed seed, a limit in deterministic time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from flowctl.dispatch.problem import DispatchProblem, Ints

_DETERMINISTIC_TIME = 0.02
"""Work allowed, in the solver's deterministic units (about seconds)."""
_GAP = 0.01
"""How near to the best of the bounds: they say no more."""
_COST_MOST = 2**50


@dataclass(frozen=True, slots=True)
class SwitchParams:
    """When lanes may change, and how long better ones are sought.

    ``cost`` of a place that changes its class, in the problem's unit (as much as ten reefers kept a
    slot): officers move barriers and signs for it. Lanes stay as they are for ``block`` slots, and
    for ``notice`` slots nothing is changed. At most ``rounds`` flows are solved, none once the
    cost is within ``gap`` of what no lanes can undercut; each changes the lanes of a block by
    ``step`` places at most. Of blocks of 8 and 12 slots and steps of 1, 2, 9 places, 8 and 2 were
    nearest; of steps of 2, 3, 4, 6 and 20 on two days of 5,000 trucks, with other rules and
    without, 2 was cheapest in three of the four and 1 % dearer than 3 in the last.
    """

    cost: int = 200
    block: int = 8
    notice: int = 1
    rounds: int = 10
    step: int = 2
    gap: float = 0.01


@dataclass(frozen=True, slots=True)
class Cut:
    """A flow that was solved: by ``lanes`` [C, S] it costs ``cost`` at ``prices`` [C, S]."""

    cost: int
    prices: Ints
    lanes: Ints


@dataclass(frozen=True, slots=True)
class _Row:
    """One lane class in the program: ``levels`` [B], and how many places of each block are new."""

    column: int
    levels: list[cp_model.IntVar]
    new: list[cp_model.IntVar]


def changes_from(problem: DispatchProblem, params: SwitchParams) -> int:
    """Return the first slot in which lanes may change: those of frozen trucks stay."""
    shared = [column for one in problem.shared for column in one.columns]
    last = int(problem.frozen_slot[np.isin(problem.frozen_gate, shared)].max(initial=-1))
    return min(max(last + 1, params.notice, 1), problem.slots)


def find_lanes(
    problem: DispatchProblem,
    best: Ints,
    cuts: Sequence[Cut],
    lowest: int,
    params: SwitchParams,
) -> Ints | None:
    """Return the lanes [C, S] to be tried next, None where there are none to be tried.

    Parameters
    ----------
    problem
        With lanes that may change class.
    best
        The cheapest lanes yet.
    cuts
        What was solved.
    lowest
        What no lanes can undercut.
    params
        What may change.
    """
    begin = changes_from(problem, params)
    edges = np.append(np.arange(begin, problem.slots, params.block), problem.slots)
    if begin == problem.slots:
        return None
    model = cp_model.CpModel()
    rows = _rows(model, problem, best, edges, params.step)
    cost = model.new_int_var(lowest, max(_COST_MOST, lowest), "")
    for cut in cuts:
        model.add(cost >= _bound(problem, cut, rows, edges))
    model.minimize(cost + params.cost * sum(one for row in rows for one in row.new))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.linearization_level = 2
    solver.parameters.max_deterministic_time = _DETERMINISTIC_TIME
    solver.parameters.relative_gap_limit = _GAP
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    lanes = best.copy()
    for row in rows:
        levels = [solver.value(level) for level in row.levels]
        lanes[row.column, begin:] = np.repeat(levels, np.diff(edges))
    return lanes


def _rows(
    model: cp_model.CpModel, problem: DispatchProblem, best: Ints, edges: Ints, step: int
) -> list[_Row]:
    """Return the lane classes: those of a gate have all its places, each at least one."""
    rows = []
    for one in problem.shared:
        places = sum(one.places)
        mine = []
        for column in one.columns:
            now = best[column, edges[:-1]].tolist()
            least, most = [max(n - step, 1) for n in now], [min(n + step, places) for n in now]
            levels = [model.new_int_var(*ends, "") for ends in zip(least, most, strict=True)]
            new = [model.new_int_var(0, places, "") for _ in now]
            before: cp_model.LinearExpr | int = int(best[column, edges[0] - 1])
            for level, added, hint in zip(levels, new, now, strict=True):
                model.add(added >= level - before)
                model.add_hint(level, hint)
                before = level
            mine.append(_Row(column, levels, new))
        for levels_there in zip(*(row.levels for row in mine), strict=True):
            model.add(sum(levels_there) == places)
        rows += mine
    return rows


def _bound(
    problem: DispatchProblem, cut: Cut, rows: Sequence[_Row], edges: Ints
) -> cp_model.LinearExpr:
    """Return what the prices of one flow say any lanes cost at least.

    A place is worth a part of what its slots are; new ones take nobody in the first of them.
    """
    total = {column: one for one in problem.shared for column in one.columns}
    constant, variables, factors = cut.cost, [], []
    for row in rows:
        one, own = total[row.column], cut.lanes[row.column]
        worth = cut.prices[row.column] * one.whole
        block = np.add.reduceat(worth, edges[:-1]) // sum(one.places)
        first = worth[edges[:-1]] // sum(one.places)
        new = np.maximum(own[edges[:-1]] - own[edges[:-1] - 1], 0)
        constant += int((block * own[edges[:-1]] - first * new).sum())
        variables += [*row.levels, *row.new]
        factors += [*(-block).tolist(), *first.tolist()]
    return cp_model.LinearExpr.weighted_sum(variables, factors) + constant
