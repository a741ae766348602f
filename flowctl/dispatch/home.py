"""Whether trucks that come back find places in time, while a plan is being changed."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.problem import DispatchProblem, Ints
from flowctl.dispatch.returns import Returns, earliest_due

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Windows:
    """In which slots who crosses in a slot may return, by the K kinds of limits there are.

    ``kind`` [N] is that of each truck (-1: it does not come back); ``first`` [K, S] to ``last``
    [K, S] are the slots, ``beyond`` [K, C, S] tells that the days after the last slot will do.
    """

    kind: Ints
    first: Ints
    last: Ints
    beyond: Flags

    @staticmethod
    def of(problem: DispatchProblem, returns: Returns) -> "Windows":
        """Return those of a problem."""
        starts = problem.starts
        limits = np.unique(returns.within_s[returns.within_s >= 0])
        kind = np.where(returns.within_s >= 0, np.searchsorted(limits, returns.within_s), -1)
        until = starts + limits[:, None]
        first = np.searchsorted(starts, starts + returns.after_s, "left")
        return Windows(
            kind=kind.astype(np.int64),
            first=np.tile(first.astype(np.int64), (len(limits), 1)),
            last=np.searchsorted(starts, until, "right").astype(np.int64) - 1,
            beyond=until[:, None, :] >= returns.beyond_s[:, None],
        )


class Home:
    """The returns of the trucks of a plan, which can be moved one by one.

    Returns of frozen trucks are given places first, and stand.
    """

    def __init__(
        self, problem: DispatchProblem, returns: Returns, column: Ints, slot: Ints
    ) -> None:
        self.problem = problem
        self.windows = Windows.of(problem, returns)
        self.room = returns.room.copy()
        self._trimmed = _last_open(self.room)
        going = np.flatnonzero((slot >= 0) & (self.windows.kind >= 0))
        frozen = problem.frozen_slot[going] >= 0
        self._jobs: list[dict[int, tuple[int, int]]] = [{} for _ in problem.gates]
        self._aims: dict[int, Flags] = {}
        self._given: dict[int, list[int]] = {}
        for row in going[frozen].tolist():
            self.put(row, int(column[row]), int(slot[row]))
        for gate, jobs in enumerate(self._jobs):
            taken = earliest_due(self.room[gate].tolist(), list(jobs.values()))
            np.subtract.at(self.room[gate], [at for at in taken if at >= 0], 1)
            jobs.clear()
        self._trimmed = _last_open(self.room)
        # Of those due at once the most senior come first.
        rest = going[~frozen]
        for row in rest[np.argsort(problem.rank[rest], kind="stable")].tolist():
            self.put(row, int(column[row]), int(slot[row]))

    def put(self, row: int, column: int, slot: int) -> None:
        """Let a truck cross in a slot, or not at all where ``slot`` is -1."""
        kind = int(self.windows.kind[row])
        if kind < 0:
            return
        for gate, jobs in enumerate(self._jobs):
            if jobs.pop(row, None) is not None:
                self._forget(gate)
        if slot >= 0:
            gate = int(self.problem.gate_of[column])
            if not self.windows.beyond[kind, gate, slot]:
                self._jobs[gate][row] = self.window(kind, gate, slot)
                self._forget(gate)

    def window(self, kind: int, gate: int, slot: int) -> tuple[int, int]:
        """Return the first and the last slot in which there is a place for a return at all."""
        last = int(self.windows.last[kind, slot])
        trimmed = int(self._trimmed[gate, last]) if last >= 0 else -1
        return int(self.windows.first[kind, slot]), trimmed

    def possible(self, kind: int, gate: int) -> Flags:
        """Tell in which slots one more truck of a kind may cross and comes back in time, [S].

        Others may have to return at other times for it, but none too late.
        """
        if gate not in self._aims:
            self._aims[gate] = self._reachable(gate)
        total = np.append(0, np.cumsum(self._aims[gate]))
        first, last = self.windows.first[kind], self.windows.last[kind]
        found: Ints = total[np.maximum(last + 1, first)] - total[first]
        return np.asarray(self.windows.beyond[kind, gate] | (found > 0))

    def open(self) -> Flags:
        """Return what `possible` says of every kind and gate, [K, C, S]."""
        kinds, gates = range(len(self.windows.first)), range(len(self._jobs))
        return np.array([[self.possible(kind, gate) for gate in gates] for kind in kinds])

    def stranded(self) -> list[int]:
        """Return the trucks whose return finds no place, as few as can be."""
        return [
            row
            for gate, jobs in enumerate(self._jobs)
            for row, at in zip(jobs, self._places(gate), strict=True)
            if at < 0
        ]

    def jobs(self, gate: int) -> list[tuple[int, int, int]]:
        """Return kind, first and last slot of each return by a gate."""
        return [(int(self.windows.kind[row]), *job) for row, job in self._jobs[gate].items()]

    def _forget(self, gate: int) -> None:
        self._aims.pop(gate, None)
        self._given.pop(gate, None)

    def _places(self, gate: int) -> list[int]:
        if gate not in self._given:
            jobs = list(self._jobs[gate].values())
            self._given[gate] = earliest_due(self.room[gate].tolist(), jobs)
        return self._given[gate]

    def _reachable(self, gate: int) -> Flags:
        """Tell in which slots a place can be made free, [S], by others moving on."""
        places = np.array(self._places(gate), dtype=np.int64)
        served = places >= 0
        free = self.room[gate].copy()
        np.subtract.at(free, places[served], 1)
        reach: Flags = np.asarray(free > 0)
        jobs = np.array(list(self._jobs[gate].values()), dtype=np.int64).reshape(-1, 2)[served]
        places = places[served]
        while True:
            total = np.append(0, np.cumsum(reach))
            movable = total[np.maximum(jobs[:, 1] + 1, jobs[:, 0])] > total[jobs[:, 0]]
            wider = reach.copy()
            wider[places[movable]] = True
            if (wider == reach).all():
                return reach
            reach = wider


def homeward(problem: DispatchProblem, returns: Returns) -> DispatchProblem:
    """Return the problem with every truck that comes back held to slots from which it can.

    No plan in which all come back in time is lost by it, and the flow's bound comes closer to
    theirs.
    """
    home = Home(problem, returns, problem.frozen_gate, problem.frozen_slot)
    earliest = problem.earliest.copy()
    for kind in range(len(home.windows.first)):
        rows = np.flatnonzero((home.windows.kind == kind) & (problem.frozen_slot < 0))
        for column, gate in enumerate(problem.gate_of.tolist()):
            slot = np.where(home.possible(kind, gate), np.arange(problem.slots), problem.slots)
            soonest = np.minimum.accumulate(np.append(slot, problem.slots)[::-1])[::-1]
            earliest[rows, column] = soonest[problem.earliest[rows, column]]
    return replace(problem, earliest=earliest)


def _last_open(room: Ints) -> Ints:
    """Return the last slot with any room up to each, [C, S]; -1 where there is none."""
    slot = np.where(room > 0, np.arange(room.shape[1]), -1)
    return np.asarray(np.maximum.accumulate(slot, axis=1))
