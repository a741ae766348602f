"""Trucks that pass through an in-gate yard on their way: how many it can take in before each slot.

A truck called from an outside yard stands in the in-gate yard from about `stay` slots before its
own until it is called on to the gate, so that of F free places at most F / stay trucks can hold one
slot through it. What is free is settled when the problem is framed; a flow keeps to it exactly,
because the trucks through one yard into one column are a part of those in that column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Through:
    """V passages, each through one in-gate yard into one column of the problem.

    ``yards`` [V] names the yards, ``column`` [V] where each leads; ``room`` [V, S] is how many
    trucks may hold a slot there that pass through the yard, frozen ones included. ``of`` [N, C] is
    the passage each truck takes to each column (-1: it goes there directly).
    """

    yards: tuple[str, ...]
    column: Ints
    room: Ints
    of: Ints


def through_faults(through: Through, trucks: int, columns: int, slots: int) -> list[str]:
    """Return what is wrong with passages, one sentence each."""
    count = len(through.yards)
    shapes = {
        "through.column": (through.column.shape, (count,)),
        "through.room": (through.room.shape, (count, slots)),
        "through.of": (through.of.shape, (trucks, columns)),
    }
    faults = [
        f"{name} has shape {shape}; {expected} is needed."
        for name, (shape, expected) in shapes.items()
        if shape != expected
    ]
    if faults:
        return faults
    if ((through.column < 0) | (through.column >= columns)).any():
        faults.append(f"through.column must lie in 0..{columns - 1}.")
    if (through.room < 0).any():
        at, slot = np.argwhere(through.room < 0)[0].tolist()
        faults.append(
            f"through.room must not be negative; it is for {through.yards[at]} in slot {slot}."
        )
    if ((through.of < -1) | (through.of >= count)).any():
        faults.append(f"through.of must lie in -1..{count - 1}.")
    else:
        row, column = np.nonzero(through.of >= 0)
        if (through.column[through.of[row, column]] != column).any():
            faults.append("through.of must name passages that lead into its column.")
    return faults


def yard_room(capacity: int, standing: int, leaving: Sequence[int], stay: int) -> list[int]:
    """Return how many trucks can pass through a yard into each slot, [S].

    Those that stand there go first: ``leaving`` [S] is how many the gates take in each slot. What
    was free when a truck comes, ``stay`` slots before its own, is shared among the slots whose
    trucks stand there together.
    """
    rooms, gone = [], [0]
    for trucks in leaving:
        gone.append(gone[-1] + trucks)
    for slot in range(len(leaving)):
        left = max(standing - gone[max(slot - stay, 0)], 0)
        rooms.append(max(capacity - left, 0) // max(stay, 1))
    return rooms


def stay_slots(stay_s: float, slot_s: int) -> int:
    """Return over how many slots a passing truck holds a place in the yard; at least one."""
    return max(ceil(stay_s / slot_s), 1)
