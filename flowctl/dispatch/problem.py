"""The scheduling problem in columns: which truck may take which gate in which slot, at what cost.

Time is a row of slots in which at least one gate is open; closed time has none, so slot S is
followed by the next open one even where a night lies between. Delay is counted in real time.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.sides import Sides, side_faults

Ints = NDArray[np.int64]

DELAY_KNEE = 2000
"""Slots of delay up to which cost grows with the square; beyond, along the tangent."""
DELAY_MOST = 5000
"""Slots of delay beyond which cost no longer grows, so that sums stay inside 64 bits."""
_WEIGHT_MOST = 1000


@dataclass(frozen=True)
class DispatchProblem:
    """N trucks, G gates, S slots.

    ``starts`` [S] epoch seconds, ascending, on multiples of ``slot_s``. ``capacity`` [G, S] in
    trucks, frozen ones included. ``earliest`` [N, G] is the first slot a truck can make at a gate,
    S where it may not or cannot go there. ``origin_s`` [N] is the start of the slot of its
    seniority moment, from which delay counts; ``rank`` [N] its place in the order of seniority, 0
    the most senior.
    ``told_gate`` [N] is the gate its driver last heard of (-1: nothing yet); slots ``keep_first``
    to ``keep_last`` there need no new message (none where first > last). A frozen truck stands
    where ``frozen_gate`` and ``frozen_slot`` say (-1: free). ``linear`` to ``change`` are costs
    (see `cost`), ``sides`` the rules no flow can hold (None: there are none).
    """

    gates: tuple[str, ...]
    slot_s: int
    starts: Ints
    capacity: Ints
    trip_ids: Ints
    earliest: Ints
    weight: Ints
    preferred: Ints
    origin_s: Ints
    rank: Ints
    told_gate: Ints
    keep_first: Ints
    keep_last: Ints
    frozen_gate: Ints
    frozen_slot: Ints
    linear: int = 10
    squared: int = 1
    diversion: int = 20
    change: int = 15
    sides: Sides | None = None

    @property
    def trucks(self) -> int:
        """N."""
        return len(self.trip_ids)

    @property
    def slots(self) -> int:
        """S."""
        return len(self.starts)

    @cached_property
    def room(self) -> Ints:
        """Capacity left beside the frozen trucks, [G, S]; negative where it was overdrawn."""
        room = self.capacity.copy()
        held = self.frozen_slot >= 0
        np.subtract.at(room, (self.frozen_gate[held], self.frozen_slot[held]), 1)
        return room

    def delay_cost(self, weight: Ints, origin_s: Ints, start_s: Ints) -> Ints:
        """Return w (linear d + squared d^2) for delays of d slots, any shape; see `DELAY_KNEE`."""
        delay = np.clip((start_s - origin_s) // self.slot_s, 0, DELAY_MOST)
        bent = np.minimum(delay, DELAY_KNEE)
        square = bent * bent + 2 * DELAY_KNEE * (delay - bent)
        return np.asarray(weight * (self.linear * delay + self.squared * square), dtype=np.int64)

    @cached_property
    def unserved_cost(self) -> Ints:
        """Cost of giving a truck no slot at all, [N].

        As if it were served after the last slot, so that the most senior are served first, plus
        more than any chain of exchanges can save: nobody is left out who could be served.
        """
        if self.trucks == 0 or self.slots == 0:
            return np.ones(self.trucks, dtype=np.int64)
        last = self.delay_cost(self.weight, self.origin_s, self.starts[-1] + self.slot_s)
        chain = (self.slots + 1) * (self.diversion + self.change)
        return np.asarray(last + 10 * last.max() + chain + 1, dtype=np.int64)

    def cost(self, gate: Ints, slot: Ints) -> Ints:
        """Return what each truck costs at ``gate`` [N] and ``slot`` [N] (-1: unserved), [N]."""
        served = slot >= 0
        if not served.any():
            return self.unserved_cost + self.change * (self.told_gate >= 0)
        start_s = self.starts[np.maximum(slot, 0)]
        cost = self.delay_cost(self.weight, self.origin_s, start_s)
        cost += self.diversion * (gate != self.preferred)
        cost = np.where(served, cost, self.unserved_cost)
        kept = (gate == self.told_gate) & (slot >= self.keep_first) & (slot <= self.keep_last)
        changed = (self.told_gate >= 0) & ~(kept & served)
        return np.asarray(cost + self.change * changed, dtype=np.int64)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        faults = _faults(self)
        if faults:
            raise ValueError(" ".join(faults))


def _faults(problem: DispatchProblem) -> list[str]:
    """Return what is wrong, one sentence each: shapes and types first, then values."""
    n, g, s = problem.trucks, len(problem.gates), problem.slots
    shapes = {"starts": (s,), "capacity": (g, s), "earliest": (n, g)}
    faults = [] if problem.sides is None else side_faults(problem.sides, n)
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
    return faults or _value_faults(problem)


def _value_faults(problem: DispatchProblem) -> list[str]:
    g, s = len(problem.gates), problem.slots
    checks = {
        "slot_s must be positive.": problem.slot_s > 0,
        "starts must ascend.": bool((np.diff(problem.starts) > 0).all()),
        "capacity must not be negative.": bool((problem.capacity >= 0).all()),
        f"earliest must lie in 0..{s}.": _within(problem.earliest, 0, s),
        f"weight must lie in 1..{_WEIGHT_MOST}.": _within(problem.weight, 1, _WEIGHT_MOST),
        f"preferred must lie in 0..{g - 1}.": _within(problem.preferred, 0, g - 1),
        f"told_gate must lie in -1..{g - 1}.": _within(problem.told_gate, -1, g - 1),
        f"frozen_gate must lie in -1..{g - 1}.": _within(problem.frozen_gate, -1, g - 1),
        f"frozen_slot must lie in -1..{s - 1}.": _within(problem.frozen_slot, -1, s - 1),
        "frozen_gate and frozen_slot must be given together.": bool(
            ((problem.frozen_gate >= 0) == (problem.frozen_slot >= 0)).all()
        ),
        "trip_ids must not repeat.": len(np.unique(problem.trip_ids)) == problem.trucks,
        "costs must not be negative.": min(
            problem.linear, problem.squared, problem.diversion, problem.change
        )
        >= 0,
    }
    return [sentence for sentence, holds in checks.items() if not holds]


def _within(column: Ints, low: int, high: int) -> bool:
    return bool(((column >= low) & (column <= high)).all())
