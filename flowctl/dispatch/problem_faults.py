"""What is wrong with a scheduling problem, in sentences that name the trip or the gate."""

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.sides import side_faults
from flowctl.dispatch.through import through_faults

if TYPE_CHECKING:
    from flowctl.dispatch.problem import DispatchProblem

Ints = NDArray[np.int64]

_WEIGHT_MOST = 1000
_COST_MOST = 10**9
"""The most one cost may be, so that what all trucks cost together stays inside 64 bits."""
_COSTS = ("linear", "squared", "diversion", "change", "late", "idle", "idle_s")


def problem_faults(problem: "DispatchProblem") -> list[str]:
    """Return what is wrong, one sentence each: shapes and types first, then values."""
    n, c, s = problem.trucks, len(problem.gates), problem.slots
    shapes = {"starts": (s,), "capacity": (c, s), "earliest": (n, c), "lanes": (c, s)}
    faults = [] if problem.sides is None else side_faults(problem.sides, n)
    if problem.through is not None:
        faults += through_faults(problem.through, n, c, s)
    for field in fields(problem):
        column = getattr(problem, field.name)
        if not isinstance(column, np.ndarray):
            continue
        expected = shapes.get(field.name, (n,))
        if column.shape != expected:
            faults.append(f"{field.name} has shape {column.shape}; {expected} is needed.")
        elif not np.issubdtype(column.dtype, np.integer):
            word = "holds NaN" if np.isnan(column).any() else f"is {column.dtype}"
            faults.append(f"{field.name} {word}; whole numbers are needed.")
    return faults or [*_cost_faults(problem), *_value_faults(problem)]


def _cost_faults(problem: "DispatchProblem") -> Iterator[str]:
    for name in _COSTS:
        value = getattr(problem, name)
        if not isinstance(value, int):
            yield f"{name} is {value}; a cost is a whole number."
        elif value < 0:
            yield f"costs must not be negative; {name} is {value}."
        elif value > _COST_MOST:
            yield f"{name} is {value}; a cost is at most {_COST_MOST}."


def _value_faults(problem: "DispatchProblem") -> Iterator[str]:
    c, s = len(problem.gates), problem.slots
    if problem.slot_s <= 0:
        yield f"slot_s must be positive; it is {problem.slot_s}."
    if not c and problem.trucks:
        yield f"gates must name a gate for the {problem.trucks} trucks."
    yield from _slot_faults(problem)
    ranges = {
        "earliest": (0, s),
        "weight": (1, _WEIGHT_MOST),
        "preferred": (0, c - 1),
        "told_gate": (-1, c - 1),
        "frozen_gate": (-1, c - 1),
        "frozen_slot": (-1, s - 1),
    }
    for name, (low, high) in ranges.items():
        column = getattr(problem, name)
        yield from _outside(problem, name, column, low, high)
    half = (problem.frozen_gate >= 0) != (problem.frozen_slot >= 0)
    if half.any():
        yield f"frozen_gate and frozen_slot must be given together; {_trip(problem, half)} has one."
    yield from _double_faults(problem)


def _slot_faults(problem: "DispatchProblem") -> Iterator[str]:
    falls = np.flatnonzero(np.diff(problem.starts) <= 0)
    if len(falls):
        yield f"starts must ascend; slot {int(falls[0]) + 1} does not begin after the one before."
    if (problem.capacity < 0).any():
        at, slot = np.argwhere(problem.capacity < 0)[0].tolist()
        yield (
            f"capacity must not be negative; it is {problem.capacity[at, slot]} at "
            f"{problem.gates[at]} in slot {slot}."
        )


def _outside(
    problem: "DispatchProblem", name: str, column: Ints, low: int, high: int
) -> Iterator[str]:
    wrong = np.asarray((column < low) | (column > high))
    if wrong.any():
        value = int(column[wrong][0])
        row = np.asarray(wrong.reshape(len(wrong), -1).any(axis=1))
        yield f"{name} must lie in {low}..{high}; {_trip(problem, row)} has {value}."


def _double_faults(problem: "DispatchProblem") -> Iterator[str]:
    ids, times = np.unique(problem.trip_ids, return_counts=True)
    if (times > 1).any():
        yield f"trip_ids must not repeat; trip {ids[times > 1][0]} stands more than once."


def _trip(problem: "DispatchProblem", wrong: NDArray[np.bool_]) -> str:
    return f"trip {problem.trip_ids[np.flatnonzero(wrong)[0]]}"
