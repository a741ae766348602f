"""Places for what no flow can place: convoys, trucks in bays, trucks that come back (CP-SAT).

A flow sends single trucks. Its prices say what a place is worth to the others; at these prices a
small integer program finds each bundle its place, and a second flow deals the rest around them.
Deterministic: one worker, a fixed seed, a limit in deterministic time.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from ortools.sat.python import cp_model

from flowctl.dispatch.home import Flags, Home
from flowctl.dispatch.problem import DispatchProblem, Ints
from flowctl.dispatch.returning import Crossing, add_returns
from flowctl.dispatch.sides import Sides

_OPTIONS = 32
"""Places offered to each bundle, the cheapest at the flow's prices."""
_FURTHER = 3
"""Who must come back is offered one of so many dearer places too: the near ones may all lead into
the same few hours, in which no place is left for returns."""
_DETERMINISTIC_TIME = 0.1
"""Work allowed, in the solver's deterministic units (about seconds)."""
_GAP = 0.001
"""How near to the best the bundles are placed: prices are no exacter."""

_Use = tuple[str, int, int]
"""A limited thing: places ("place", column, slot), yards ("yard", passage, slot) or bays."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to place a bundle: a column for each of its trucks, in one slot (-1: none).

    ``back`` are gate and kind of limit of those that come back within the days planned.
    """

    columns: tuple[int, ...]
    slot: int
    cost: int
    uses: tuple[_Use, ...]
    back: tuple[tuple[int, int], ...] = ()


def together(problem: DispatchProblem, sides: Sides) -> DispatchProblem:
    """Return the problem with every truck of a convoy held to what its slowest can make.

    No plan that keeps convoys together is lost by it, and the flow's bound comes closer to theirs.
    """
    earliest = problem.earliest.copy()
    for convoy in np.unique(sides.convoy[sides.convoy >= 0]).tolist():
        rows = np.flatnonzero((sides.convoy == convoy) & (problem.frozen_slot < 0))
        for gate in sorted(set(problem.gate_of.tolist())) if len(rows) else ():
            columns = np.flatnonzero(problem.gate_of == gate)
            at = np.ix_(rows, columns)
            soonest = problem.earliest[at].min(axis=1).max()
            earliest[at] = np.maximum(problem.earliest[at], soonest)
    return replace(problem, earliest=earliest)


def bundles(problem: DispatchProblem, sides: Sides, back: Collection[int] = ()) -> list[list[int]]:
    """Return the rows that are placed together: convoys, trucks that need a bay, and ``back``."""
    of: dict[int, list[int]] = defaultdict(list)
    for row in np.flatnonzero(sides.convoy >= 0).tolist():
        of[int(sides.convoy[row])].append(row)
    single = sides.bay >= 0
    single[list(back)] = True
    alone = np.flatnonzero(single & (sides.convoy < 0) & (problem.frozen_slot < 0))
    free = [rows for rows in of.values() if not _settled(problem, rows)]
    return free + [[row] for row in alone.tolist()]


def pack(
    problem: DispatchProblem,
    sides: Sides,
    groups: Sequence[list[int]],
    prices: Ints | None,
    home: Home | None = None,
) -> tuple[Ints, Ints]:
    """Return column and slot [N] with every bundle placed, -1 for all other trucks.

    Parameters
    ----------
    problem, sides
        What is to be planned.
    groups
        Rows of each bundle, of `bundles`.
    prices
        What one place is worth, [C, S].
    home
        The returns of all trucks that are in no bundle; those of the bundles are added.
    """
    left = _limits(problem, sides)
    ways = [_options(problem, sides, rows, prices, left, home) for rows in groups]
    column, slot = problem.frozen_gate.copy(), problem.frozen_slot.copy()
    for rows, way in zip(groups, _chosen(ways, left, groups, home), strict=True):
        free = [at for at, row in enumerate(rows) if problem.frozen_slot[row] < 0]
        for at in free:
            column[rows[at]], slot[rows[at]] = way.columns[at], way.slot
    return column, slot


def _chosen(
    ways: Sequence[list[Option]],
    left: dict[_Use, int],
    groups: Sequence[list[int]],
    home: Home | None,
) -> list[Option]:
    """Return the cheapest option of each bundle such that all fit together."""
    model = cp_model.CpModel()
    taken = [[model.new_bool_var("") for _ in options] for options in ways]
    loads: dict[_Use, list[cp_model.IntVar]] = defaultdict(list)
    for variables, options in zip(taken, ways, strict=True):
        model.add_exactly_one(variables)
        for variable, option in zip(variables, options, strict=True):
            for use in option.uses:
                loads[use].append(variable)
    for use, variables in loads.items():
        if len(variables) > left[use]:
            model.add(cp_model.LinearExpr.sum(variables) <= left[use])
    if home is not None:
        add_returns(model, home, _crossings(taken, ways))
    flat = [variable for variables in taken for variable in variables]
    costs = [option.cost for options in ways for option in options]
    model.minimize(cp_model.LinearExpr.weighted_sum(flat, costs))
    first = _greedy(ways, left, groups, home)
    for variables, options, option in zip(taken, ways, first, strict=True):
        for variable, each in zip(variables, options, strict=True):
            model.add_hint(variable, each is option)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.linearization_level = 2
    solver.parameters.max_deterministic_time = _DETERMINISTIC_TIME
    solver.parameters.relative_gap_limit = _GAP
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return first
    best = [
        next(o for v, o in zip(variables, options, strict=True) if solver.boolean_value(v))
        for variables, options in zip(taken, ways, strict=True)
    ]
    return min(best, first, key=lambda chosen: sum(option.cost for option in chosen))


def _crossings(
    taken: Sequence[Sequence[cp_model.IntVar]], ways: Sequence[Sequence[Option]]
) -> list[Crossing]:
    """Return which variable lets how many trucks cross where and when that have to come back."""
    return [
        Crossing(variable, gate, kind, option.slot, number)
        for variables, options in zip(taken, ways, strict=True)
        for variable, option in zip(variables, options, strict=True)
        for (gate, kind), number in Counter(option.back).items()
    ]


def _greedy(
    ways: Sequence[list[Option]],
    left: dict[_Use, int],
    groups: Sequence[list[int]],
    home: Home | None,
) -> list[Option]:
    """Return for each bundle in turn, the largest first, the cheapest option that still fits."""
    left = dict(left)
    chosen = [options[-1] for options in ways]
    for at in sorted(range(len(ways)), key=lambda at: -len(chosen[at].columns)):
        chosen[at] = next(
            option
            for option in ways[at]
            if _fits(option, left) and _comes_back(home, groups[at], option)
        )
        for use in chosen[at].uses:
            left[use] -= 1
    return chosen


def _comes_back(home: Home | None, rows: Sequence[int], option: Option) -> bool:
    """Let a bundle cross by an option if all of it comes back in time; tell whether it does."""
    if home is None or not option.back:
        return True
    going = [(row, c) for row, c in zip(rows, option.columns, strict=True) if c >= 0]
    for row, column in going:
        kind, gate = int(home.windows.kind[row]), int(home.problem.gate_of[column])
        if kind >= 0 and not home.possible(kind, gate)[option.slot]:
            for each, _ in going:
                home.put(each, -1, -1)
            return False
        home.put(row, column, option.slot)
    return True


def _settled(problem: DispatchProblem, rows: Sequence[int]) -> bool:
    return all(problem.frozen_slot[row] >= 0 for row in rows)


def _limits(problem: DispatchProblem, sides: Sides) -> dict[_Use, int]:
    """Return what is left of places, yards and bays beside the frozen trucks."""
    left: dict[_Use, int] = {
        ("place", column, slot): places
        for column, row in enumerate(problem.room.tolist())
        for slot, places in enumerate(row)
    }
    frozen = np.flatnonzero(problem.frozen_slot >= 0).tolist()
    if problem.through is not None:
        for passage, row in enumerate(problem.through.room.tolist()):
            left |= {("yard", passage, slot): places for slot, places in enumerate(row)}
    for number, bay in enumerate(sides.bays):
        left |= {("bay", number, slot): bay.places for slot in range(problem.slots)}
    for truck in frozen:
        column, slot = int(problem.frozen_gate[truck]), int(problem.frozen_slot[truck])
        for use in _uses(problem, sides, truck, column, slot) or ():
            if use[0] != "place":
                left[use] -= 1
    return left


def _options(
    problem: DispatchProblem,
    sides: Sides,
    rows: Sequence[int],
    prices: Ints | None,
    left: dict[_Use, int],
    home: Home | None,
) -> list[Option]:
    """Return the cheapest options of one bundle, the last of them to leave it out."""
    free = np.array([row for row in rows if problem.frozen_slot[row] < 0], dtype=np.int64)
    worth = np.zeros_like(problem.capacity) if prices is None else prices
    ways = {gate: _ways(problem, free, gate, worth) for gate in set(problem.gate_of.tolist())}
    found = [
        (int(costs[slot]), int(slot), gate)
        for gate, (column, costs) in ways.items()
        for slot in np.flatnonzero((column >= 0).all(axis=0) & _homeward(home, free, gate)).tolist()
    ]
    held = [row for row in rows if problem.frozen_slot[row] >= 0]
    there = {
        (int(problem.frozen_slot[r]), int(problem.gate_of[problem.frozen_gate[r]])) for r in held
    }
    # Who cannot join those whose slot is frozen goes with the others that cannot.
    found.sort(key=lambda one: (one[1:] not in there, one))
    options: list[Option] = []
    back = home is not None and bool((home.windows.kind[free] >= 0).any())
    for at, (cost, slot, gate) in enumerate(found):
        if len(options) >= _OPTIONS and at % _FURTHER:
            continue
        columns = dict(zip(free.tolist(), ways[gate][0][:, slot].tolist(), strict=True))
        option = _option(problem, sides, rows, columns, slot, cost)
        if option is not None and home is not None:
            option = replace(option, back=_back(home, columns, slot))
        if option is not None and _fits(option, left):
            options.append(option)
            if (slot, gate) in there:
                break
        if len(options) == _OPTIONS and not back:
            break
    nowhere = problem.cost_of(free, np.full(len(free), -1), np.full(len(free), -1))
    return [*options, Option((-1,) * len(rows), -1, int(nowhere.sum()), ())]


def _ways(problem: DispatchProblem, rows: Ints, gate: int, worth: Ints) -> tuple[Ints, Ints]:
    """Return the column each truck would take at a gate in each slot, and what all cost together.

    Shapes [R, S] and [S]; -1 where a truck cannot be there.
    """
    slot = np.arange(problem.slots)
    column = np.full((len(rows), problem.slots), -1, dtype=np.int64)
    for each in np.flatnonzero(problem.gate_of == gate)[::-1].tolist():
        column = np.where(problem.earliest[rows, each][:, None] <= slot, each, column)
    at = np.broadcast_to(slot, column.shape)
    cost = problem.cost_of(np.broadcast_to(rows[:, None], column.shape), column, at)
    return column, np.asarray((cost + worth[column, at]).sum(axis=0))


def _homeward(home: Home | None, rows: Ints, gate: int) -> Flags | np.bool_:
    """Tell in which slots each of some trucks may cross at a gate and comes back in time, [S]."""
    kinds = [] if home is None else np.unique(home.windows.kind[rows]).tolist()
    found = [home.possible(kind, gate) for kind in kinds if home is not None and kind >= 0]
    return np.asarray(np.all(found, axis=0)) if found else np.True_


def _back(home: Home, columns: dict[int, int], slot: int) -> tuple[tuple[int, int], ...]:
    gates = {row: int(home.problem.gate_of[column]) for row, column in columns.items()}
    kinds = {row: int(home.windows.kind[row]) for row in columns}
    return tuple(
        (gate, kinds[row])
        for row, gate in gates.items()
        if kinds[row] >= 0 and not home.windows.beyond[kinds[row], gate, slot]
    )


def _option(
    problem: DispatchProblem,
    sides: Sides,
    rows: Sequence[int],
    columns: dict[int, int],
    slot: int,
    cost: int,
) -> Option | None:
    """Return how the bundle goes in a slot, None where a truck needs a bay that is not there."""
    uses: list[_Use] = []
    for row, column in columns.items():
        use = _uses(problem, sides, row, column, slot)
        if use is None:
            return None
        uses += use
    return Option(tuple(columns.get(row, -1) for row in rows), slot, cost, tuple(uses))


def _fits(option: Option, left: dict[_Use, int]) -> bool:
    return all(number <= left[use] for use, number in Counter(option.uses).items())


def _uses(
    problem: DispatchProblem, sides: Sides, row: int, column: int, slot: int
) -> list[_Use] | None:
    """Return what a truck uses at a place, None where it needs a bay the gate does not have."""
    uses: list[_Use] = [("place", column, slot)]
    if problem.through is not None and problem.through.of[row, column] >= 0:
        uses.append(("yard", int(problem.through.of[row, column]), slot))
    kind = int(sides.bay[row])
    if kind < 0:
        return uses
    gate = problem.gate_of[column]
    bay = next((n for n, b in enumerate(sides.bays) if (b.gate, b.kind) == (gate, kind)), None)
    if bay is None:
        return None
    end = min(slot + sides.bays[bay].slots, problem.slots)
    return uses + [("bay", bay, at) for at in range(slot, end)]
