"""A first guess of a flow: in each slot those go who lose most by the next slot.

The generalised c-mu rule (J. A. Van Mieghem, *Annals of Applied Probability* 5, 1995): near the
optimum where delay costs more the longer it lasts. From it the flow is made cheapest, and it shows
which slots each class may need.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from flowctl.dispatch.network import Classes
from flowctl.dispatch.problem import DELAY_KNEE, DispatchProblem, Ints


@dataclass(frozen=True, slots=True)
class Guess:
    """``trucks`` [U] of class ``node`` [U] in ``place`` [U], sooner places first.

    Each row takes the last of the place's room or of the class's trucks.
    """

    node: Ints
    place: Ints
    trucks: Ints


def by_urgency(problem: DispatchProblem, classes: Classes) -> Guess:
    """Return who goes where if in each slot the most urgent go; promises are not looked at.

    Those that pass through an in-gate yard are left out.
    """
    left = classes.size.tolist()
    queues = [
        _Queue.of(problem, classes, column) if room.any() else None
        for column, room in enumerate(np.maximum(problem.room, 0))
    ]
    rooms, starts = problem.room.T.tolist(), problem.starts.tolist()
    rows = [
        (node, column * problem.slots + slot, trucks)
        for slot, (start, room) in enumerate(zip(starts, rooms, strict=True))
        for column, queue in enumerate(queues)
        if queue is not None
        for node, trucks in queue.taken(slot, start, room[column], left)
    ]
    found = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Guess(*found.T)


def ends_by(problem: DispatchProblem, classes: Classes, guess: Guess, window: int) -> Ints:
    """Return the slots each class is offered in each column, [K, C]: ends, exclusive.

    ``window`` slots more than the guess needs; all of them to a class of which some found no place.
    """
    last = problem.earliest[classes.member].min(axis=1, initial=problem.slots)
    np.maximum.at(last, guess.node, guess.place % problem.slots)
    found = np.zeros_like(classes.size)
    np.add.at(found, guess.node, guess.trucks)
    last[found < classes.size] = problem.slots
    first = problem.earliest[classes.member]
    ends = np.maximum(first, last[:, None] + 1) + window
    return np.asarray(np.minimum(ends, problem.slots), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Queue:
    """The classes that wait before one column.

    ``coming`` are those that are not there yet, the next one last: first slot, kind and class.
    Classes of a ``kind`` weigh the same and prefer the same gate, so that the one whose delay
    counts from the earliest moment is the most urgent: ``waiting`` are their heaps.
    """

    coming: list[tuple[int, int, int]]
    waiting: list[list[tuple[int, int]]]
    origin: list[int]
    weight: list[int]
    extra: list[int]
    problem: DispatchProblem

    @staticmethod
    def of(problem: DispatchProblem, classes: Classes, column: int) -> "_Queue":
        member = classes.member
        away = problem.gate_of[column] != problem.preferred[member]
        kinds, kind = np.unique(
            np.stack([problem.weight[member], away]), axis=1, return_inverse=True
        )
        first = problem.earliest[member, column]
        comes = np.flatnonzero(first < problem.slots)
        if problem.through is not None:
            comes = comes[problem.through.of[member[comes], column] < 0]
        comes = comes[np.argsort(-first[comes], kind="stable")]
        columns = (first[comes], kind[comes], comes)
        return _Queue(
            coming=list(zip(*(each.tolist() for each in columns), strict=True)),
            waiting=[[] for _ in range(kinds.shape[1])],
            origin=problem.origin_s[member].tolist(),
            weight=kinds[0].tolist(),
            extra=(problem.diversion * kinds[1]).tolist(),
            problem=problem,
        )

    def taken(self, slot: int, start: int, room: int, left: list[int]) -> Iterator[tuple[int, int]]:
        """Yield classes and trucks that go in a slot; take them off what is ``left`` of each."""
        while self.coming and self.coming[-1][0] <= slot:
            _, kind, node = self.coming.pop()
            heappush(self.waiting[kind], (self.origin[node], node))
        while room > 0:
            node = self._most_urgent(start, left)
            if node < 0:
                return
            trucks = min(room, left[node])
            room -= trucks
            left[node] -= trucks
            yield node, trucks

    def _most_urgent(self, start: int, left: list[int]) -> int:
        """Return the class to which one slot more costs most, -1 where none waits."""
        best, most = -1, 0
        for kind, heap in enumerate(self.waiting):
            while heap and left[heap[0][1]] == 0:
                heappop(heap)
            if heap:
                origin, node = heap[0]
                loses = self.weight[kind] * self._slope(start - origin) - self.extra[kind]
                if best < 0 or loses > most:
                    best, most = node, loses
        return best

    def _slope(self, delay_s: int) -> int:
        """Return what one slot more costs at a weight of 1, after a delay."""
        delay = min(max(delay_s // self.problem.slot_s, 0), DELAY_KNEE)
        return self.problem.linear + self.problem.squared * (2 * delay + 1)
