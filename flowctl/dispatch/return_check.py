"""Whether all that must come back find places in time, rechecked without the arrays' code."""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator, Sequence

from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.returns import Returns

_Places = Sequence[tuple[int, int]]
_Job = tuple[int, int, int]
"""The first and the last slot of a return, and the truck's row."""


class ReturnCheck:
    """The returns of a plan, in plain Python: frozen trucks have theirs first, by when due."""

    def __init__(self, problem: DispatchProblem, returns: Returns, places: _Places) -> None:
        self._starts, self._returns = problem.starts.tolist(), returns
        self._gates = problem.gates
        self.away: dict[str, list[_Job]] = {gate: [] for gate in problem.gates}
        frozen: dict[str, list[_Job]] = {gate: [] for gate in problem.gates}
        for row, (column, slot) in enumerate(places):
            job = self.job(row, column, slot) if slot >= 0 else None
            if job is not None:
                held = problem.frozen_slot[row] >= 0
                (frozen if held else self.away)[problem.gates[column]].append(job)
        self._room: dict[str, list[int]] = {}
        for gate, jobs in frozen.items():
            room = returns.room[problem.gates.index(gate)].tolist()
            taken = Counter(_served(jobs, room).values())
            self._room[gate] = [most - taken[slot] for slot, most in enumerate(room)]
        self._found: dict[tuple[str, int, int], bool] = {}

    def job(self, row: int, column: int, slot: int) -> _Job | None:
        """Return the slots in which a truck that crosses there may return; None: at any time."""
        within = int(self._returns.within_s[row])
        limit = self._starts[slot] + within
        if within < 0 or limit >= self._returns.beyond_s[column]:
            return None
        first = bisect_left(self._starts, self._starts[slot] + self._returns.after_s)
        return first, bisect_right(self._starts, limit) - 1, row

    def stranded(self, gate: str) -> list[int]:
        """Return the rows of those that find no place; no other way leaves fewer over."""
        served = _served(self.away[gate], self._room[gate])
        return [row for *_, row in self.away[gate] if row not in served]

    def takes(self, row: int, column: int, slot: int) -> bool:
        """Tell whether a truck that crossed there would find a place beside those that find one."""
        job, gate = self.job(row, column, slot), self._gates[column]
        if job is None:
            return True
        key = (gate, *job[:2])
        if key not in self._found:
            jobs = [*self.away[gate], (*job[:2], -1)]
            number = len(_served(self.away[gate], self._room[gate]))
            self._found[key] = len(_served(jobs, self._room[gate])) > number
        return self._found[key]


def _served(jobs: Sequence[_Job], room: Sequence[int]) -> dict[int, int]:
    """Return the slot of each row whose return finds a place: slot by slot the one due first."""
    coming = sorted(jobs, reverse=True)
    served: dict[int, int] = {}
    waiting: list[tuple[int, int]] = []
    for slot, places in enumerate(room):
        while coming and coming[-1][0] <= slot:
            _, last, row = coming.pop()
            insort(waiting, (last, row))
        waiting = waiting[bisect_left(waiting, (slot, -1)) :]
        for _, row in waiting[:places]:
            served[row] = slot
        waiting = waiting[max(places, 0) :]
    return served


def stranded(problem: DispatchProblem, home: ReturnCheck, places: _Places) -> Iterator[str]:
    """Yield a truck of each gate at which some cannot come back in time."""
    for gate, jobs in home.away.items():
        lost = home.stranded(gate)
        if lost:
            yield (
                f"Trip {problem.trip_ids[lost[0]]} crosses at {gate} in slot {places[lost[0]][1]}, "
                f"and {len(lost)} of {len(jobs)} that come back there find no place in time."
            )
