"""The scheduling problem in columns: which truck may take which gate in which slot, at what cost.

Time is a row of slots in which at least one gate is open; closed time has none, so slot S is
followed by the next open one even where a night lies between. Delay is counted in real time.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.problem_faults import problem_faults
from flowctl.dispatch.sides import Sides
from flowctl.dispatch.through import Through

Ints = NDArray[np.int64]

DELAY_KNEE = 2000
"""Slots of delay up to which cost grows with the square; beyond, along the tangent."""
DELAY_MOST = 5000
"""Slots of delay beyond which cost no longer grows, so that sums stay inside 64 bits."""
_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Shared:
    """Lane classes of a gate that lend each other places.

    ``columns`` [L] of the problem have ``places`` [L] by the site's file, and had ``before`` [L]
    just before the first slot. ``whole`` [S] is how many trucks they take together, frozen ones
    included, where no place changes class.
    """

    columns: tuple[int, ...]
    places: tuple[int, ...]
    before: tuple[int, ...]
    whole: Ints


@dataclass(frozen=True)
class DispatchProblem:
    """N trucks, C columns, S slots.

    A column is a gate, or one lane class of a gate that has several: ``gates`` [C] names the gate
    of each. A gate goes by the number of its first column (``gate_of``), so that gates and columns
    are the same numbers where no gate has lane classes.

    ``starts`` [S] epoch seconds, ascending, on multiples of ``slot_s``. ``capacity`` [C, S] in
    trucks, frozen ones included. ``earliest`` [N, C] is the first slot a truck can make in a
    column, S where it may not or cannot go there. ``origin_s`` [N] is the start of the slot of its
    seniority moment, from which delay counts; ``rank`` [N] its place in the order of seniority, 0
    the most senior.
    ``told_gate`` [N] is the gate its driver last heard of (-1: nothing yet); slots ``keep_first``
    to ``keep_last`` in any column of it need no new message (none where first > last). A frozen
    truck stands where ``frozen_gate``, a column, and ``frozen_slot`` say (-1: free). ``linear`` to
    ``idle_s`` are costs, see `cost_of`. ``through`` limits trucks that pass
    through in-gate yards, ``sides`` are the rules no flow can hold (None: there are none).
    ``lanes`` [C, S] are the places of the columns of ``shared`` that ``capacity`` was made of (0 in
    others); a plan may share them out another way.
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
    late: int = 0
    idle: int = 0
    idle_s: int = 3600
    through: Through | None = None
    sides: Sides | None = None
    shared: tuple[Shared, ...] = ()
    lanes: Ints | None = None

    @property
    def trucks(self) -> int:
        """N."""
        return len(self.trip_ids)

    @property
    def slots(self) -> int:
        """S."""
        return len(self.starts)

    @cached_property
    def gate_of(self) -> Ints:
        """The gate of each column, by the number of that gate's first column, [C]."""
        first = {name: at for at, name in reversed(list(enumerate(self.gates)))}
        return np.array([first[name] for name in self.gates], dtype=np.int64)

    @cached_property
    def soonest_told(self) -> Ints:
        """The first slot each truck can make at the gate it was told, [N]; S if there is none."""
        told = self.gate_of == self.told_gate[:, None]
        return np.asarray(np.where(told, self.earliest, self.slots).min(axis=1, initial=self.slots))

    @cached_property
    def room(self) -> Ints:
        """Capacity left beside the frozen trucks, [C, S]; negative where it was overdrawn."""
        room = self.capacity.copy()
        held = self.frozen_slot >= 0
        np.subtract.at(room, (self.frozen_gate[held], self.frozen_slot[held]), 1)
        return room

    @cached_property
    def passage_room(self) -> Ints:
        """Room left in each passage beside the frozen trucks, [V, S]; negative if overdrawn."""
        if self.through is None:
            return np.empty((0, self.slots), dtype=np.int64)
        room = self.through.room.copy()
        held = np.flatnonzero(self.frozen_slot >= 0)
        passage = self.through.of[held, self.frozen_gate[held]]
        through = passage >= 0
        np.subtract.at(room, (passage[through], self.frozen_slot[held[through]]), 1)
        return room

    def delay_cost(self, weight: Ints, origin_s: Ints, start_s: Ints) -> Ints:
        """Return w (linear d + squared d^2) for delays of d slots, any shape; see `DELAY_KNEE`."""
        delay = np.clip((start_s - origin_s) // self.slot_s, 0, DELAY_MOST)
        bent = np.minimum(delay, DELAY_KNEE)
        square = bent * bent + 2 * DELAY_KNEE * (delay - bent)
        return np.asarray(weight * (self.linear * delay + self.squared * square), dtype=np.int64)

    @cached_property
    def deadline(self) -> Ints:
        """The last slot of each truck that is not later than told, [N]; S where none was told.

        That of the clock hour in which what was told ends: to a driver the hour is what matters,
        and trucks told alike remain one class.
        """
        hour = self.starts // _HOUR_S
        last = np.minimum(self.keep_last, self.slots - 1)
        ends = np.searchsorted(hour, hour[np.maximum(last, 0)], "right") - 1 if self.slots else last
        ends = np.where(last >= 0, ends, -1)
        return np.asarray(np.where(self.told_gate >= 0, ends, self.slots), dtype=np.int64)

    @cached_property
    def idle_lost(self) -> Ints:
        """Cost of not using a place of the next ``idle_s`` but one of each slot, [S].

        A place left empty now costs ``idle``, one ``idle_s`` ahead nothing, for it may still be
        used. With the places as they are, what all trucks lose so is what all empty places cost,
        up to a constant.
        """
        ahead = self.starts - (self.starts[0] if self.slots else 0)
        return np.asarray(self.idle * np.minimum(ahead, self.idle_s) // max(self.idle_s, 1))

    @cached_property
    def unserved_cost(self) -> Ints:
        """Cost of giving a truck no slot at all, [N].

        As if it were served after the last slot, so that the most senior are served first, plus
        more than any chain of exchanges can save: nobody is left out who could be served.
        """
        if self.trucks == 0 or self.slots == 0:
            return np.ones(self.trucks, dtype=np.int64)
        last = self.delay_cost(self.weight, self.origin_s, self.starts[-1] + self.slot_s)
        chain = (self.slots + 1) * (self.diversion + self.change + self.late) + self.idle
        return np.asarray(last + 10 * last.max() + chain + 1, dtype=np.int64)

    def place_cost(self, row: Ints, column: Ints, slot: Ints) -> Ints:
        """Return what truck ``row`` costs in ``column`` and ``slot``, a change left out, all [A].

        Its delay, ``diversion`` at another gate than the preferred, ``late`` once the slot lies
        behind the hour of what its driver was told, and the place of the next hours that it leaves
        empty.
        Never less in a later slot of a column.
        """
        cost = self.delay_cost(self.weight[row], self.origin_s[row], self.starts[slot])
        cost += self.diversion * (self.gate_of[column] != self.preferred[row])
        if self.late:
            cost += self.late * (slot > self.deadline[row])
        if self.idle:
            cost += self.idle_lost[slot]
        return cost

    def left_out_cost(self, row: Ints) -> Ints:
        """Return what truck ``row`` [A] costs without a slot, a change left out, [A]."""
        return np.asarray(self.unserved_cost[row] + self.late * (self.told_gate[row] >= 0))

    def cost_of(self, row: Ints, column: Ints, slot: Ints) -> Ints:
        """Return what truck ``row`` costs in ``column`` and ``slot`` (-1: unserved), all [A].

        `place_cost`, or `left_out_cost`, and ``change`` where its driver must hear another word.
        """
        served = slot >= 0
        kept = served & (slot >= self.keep_first[row]) & (slot <= self.keep_last[row])
        cost = self.left_out_cost(row)
        if served.any():
            kept &= self.gate_of[column] == self.told_gate[row]
            cost = np.where(served, self.place_cost(row, column, np.maximum(slot, 0)), cost)
        return np.asarray(cost + self.change * ((self.told_gate[row] >= 0) & ~kept))

    def cost(self, column: Ints, slot: Ints) -> Ints:
        """Return what each truck costs in ``column`` and ``slot`` (-1: unserved), all [N]."""
        return self.cost_of(np.arange(self.trucks), column, slot)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        faults = problem_faults(self)
        if faults:
            raise ValueError(" ".join(faults))
