"""The returns of trucks as constraints of the small program that places them (CP-SAT)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from flowctl.dispatch.home import Home


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where ``taken``, so many trucks of a kind of limit cross at a gate in a slot."""

    taken: cp_model.IntVar
    gate: int
    kind: int
    slot: int
    number: int


def add_returns(model: cp_model.CpModel, home: Home, crossings: Sequence[Crossing]) -> None:
    """Let all that cross come back in time, with those that are in ``home`` already.

    Of one kind of limit who crosses first is due first, so that numbers say it all: in each slot as
    many return as there is room for, no more than may be back by then (``waiting``), and no fewer
    than are due by then (``ahead``).
    """
    of: dict[tuple[int, int], list[Crossing]] = defaultdict(list)
    for one in crossings:
        of[one.gate, one.kind].append(one)
    for gate in sorted({one.gate for one in crossings}):
        room = home.room[gate].tolist()
        fixed: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for kind, first, last in home.jobs(gate):
            fixed[kind].append((first, last))
        kinds = sorted({*fixed, *(kind for at, kind in of if at == gate)})
        returning = [[model.new_int_var(0, most, "") for most in room] for _ in kinds]
        for kind, numbers in zip(kinds, returning, strict=True):
            _add_kind(model, home, numbers, fixed[kind], of[gate, kind])
        for slot, most in enumerate(room):
            if most and len(kinds) > 1:
                model.add(sum(numbers[slot] for numbers in returning) <= most)


def _add_kind(
    model: cp_model.CpModel,
    home: Home,
    numbers: Sequence[cp_model.IntVar],
    fixed: Sequence[tuple[int, int]],
    crossings: Sequence[Crossing],
) -> None:
    """Bind how many of a kind return by a gate in each slot to how many cross."""
    slots = len(numbers)
    sure = np.zeros((2, slots), dtype=np.int64)
    coming: list[list[cp_model.LinearExpr]] = [[] for _ in range(slots)]
    due: list[list[cp_model.LinearExpr]] = [[] for _ in range(slots)]
    for first, last in fixed:
        sure[0, first] += 1
        sure[1, last] += 1
    for one in crossings:
        first, last = home.window(one.kind, one.gate, one.slot)
        coming[first].append(one.number * one.taken)
        due[last].append(one.number * one.taken)
    most = len(fixed) + sum(one.number for one in crossings)
    waiting = [model.new_int_var(0, most, "") for _ in range(slots)]
    ahead = [model.new_int_var(0, most, "") for _ in range(slots)]
    for slot, number in enumerate(numbers):
        before = max(slot - 1, 0)
        in_all = cp_model.LinearExpr.sum([*coming[slot], *waiting[before:slot]])
        model.add(waiting[slot] + number == in_all + int(sure[0, slot]))
        owed = cp_model.LinearExpr.sum([*due[slot], ahead[slot]])
        done = cp_model.LinearExpr.sum([number, *ahead[before:slot]])
        model.add(owed + int(sure[1, slot]) == done)
