"""What a plan leaves free: the places a driver may still choose."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from flowctl.dispatch.plan import Plan
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.sides import hours_of, quota
from flowctl.dispatch.supply import Column


class FreePlace(NamedTuple):
    """How many more trucks a column takes in one slot.

    Of the gate's places in that clock hour (UTC) one haulier may have ``haulier_most``.
    """

    gate: str
    lane_class: str | None
    """None where the gate's lanes are for every truck."""
    starts_at: datetime
    free: int
    haulier_most: int


def free_places(
    problem: DispatchProblem, plan: Plan, columns: Sequence[Column], *, until: datetime
) -> tuple[FreePlace, ...]:
    """Return the places that a plan leaves free in slots that start before ``until``."""
    capacity = problem.capacity if plan.capacity is None else plan.capacity
    free = capacity.copy()
    held = plan.slot >= 0
    np.subtract.at(free, (plan.gate[held], plan.slot[held]), 1)
    free[:, problem.starts >= until.timestamp()] = 0
    if problem.sides is None:
        most = np.full(free.shape, problem.trucks + 1)
    else:
        gate_of = np.array([problem.gates.index(gate) for gate in problem.gates], dtype=np.int64)
        hour = hours_of(problem.starts)
        most = quota(problem.sides, gate_of, capacity, problem.starts)[gate_of][:, hour]
    return tuple(
        FreePlace(
            columns[at].gate.id,
            columns[at].lane_class,
            datetime.fromtimestamp(int(problem.starts[slot]), UTC),
            int(free[at, slot]),
            int(most[at, slot]),
        )
        for at, slot in np.argwhere(free > 0).tolist()
    )
