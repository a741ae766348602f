"""A plan under repair: who could change places with whom, and what that would cost."""

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.home import Home
from flowctl.dispatch.problem import DispatchProblem, Ints
from flowctl.dispatch.sides import Sides, hours_of, quota

Flags = NDArray[np.bool_]


class Draft:
    """An assignment of N trucks that can be changed truck by truck within every limit.

    ``column`` [N] and ``slot`` [N] as in a plan. ``fixed`` [N] are the trucks that stay: frozen
    ones, convoys and those that need a bay. What they hold beyond a haulier's share stands; nobody
    else adds to it.
    """

    def __init__(self, problem: DispatchProblem, sides: Sides, column: Ints, slot: Ints) -> None:
        self.problem, self.sides = problem, sides
        self.column, self.slot = column.copy(), slot.copy()
        self.fixed = (problem.frozen_slot >= 0) | (sides.convoy >= 0) | (sides.bay >= 0)
        self.hour = hours_of(problem.starts)
        self.load = np.zeros_like(problem.capacity)
        served = np.flatnonzero(slot >= 0)
        np.add.at(self.load, (column[served], slot[served]), 1)
        self.limit = quota(sides, problem.gate_of, problem.capacity, problem.starts)
        shape = (int(sides.haulier.max(initial=-1)) + 1, *self.limit.shape)
        self.held = np.zeros(shape, dtype=np.int64)
        self._count(self.held, served)
        standing = np.zeros(shape, dtype=np.int64)
        self._count(standing, served[self.fixed[served]])
        self.allowed = np.maximum(standing, self.limit)
        through = problem.through
        self.passing = np.zeros((0, problem.slots), dtype=np.int64)
        if through is not None:
            self.passing = np.zeros_like(through.room)
            passage = through.of[served, column[served]]
            on = passage >= 0
            np.add.at(self.passing, (passage[on], slot[served][on]), 1)
        returns = sides.returns
        self.home = None if returns is None else Home(problem, returns, column, slot)

    def may(self, row: Ints, column: Ints, slot: Ints, out: Ints) -> Flags:
        """Tell whether truck ``row`` may hold ``column`` and ``slot`` once ``out`` left, all [A].

        ``out`` is -1 where nobody leaves. Capacity is the caller's to see to.
        """
        served = slot >= 0
        at = np.maximum(slot, 0)
        ok = self.problem.earliest[row, column] <= at
        ok &= self._share_left(row, column, at, out)
        ok &= self._passes(row, column, at, out)
        ok &= self._comes_back(row, column, at, out)
        return np.asarray(ok | ~served)

    def exchange(self, row: int, among: Ints) -> tuple[int, int] | None:
        """Return the truck of ``among`` [M] that changes places with ``row`` at the least cost.

        Returns
        -------
        tuple or None
            (cost added, truck); the most senior of equals. None where nobody can.
        """
        here = (self.column[row], self.slot[row])
        elsewhere = (self.column[among] != here[0]) | (self.slot[among] != here[1])
        other = among[elsewhere & ~self.fixed[among]]
        me, column, slot = (np.full(len(other), value) for value in (row, *here))
        there = (self.column[other], self.slot[other])
        ok = self.may(me, *there, other) & self.may(other, column, slot, me)
        other, me, column, slot = other[ok], me[ok], column[ok], slot[ok]
        if len(other) == 0:
            return None
        columns, slots = (column, self.column[other]), (slot, self.slot[other])
        # Now and after, both trucks of each pair, in one go: thousands of exchanges are tried.
        costs = self.problem.cost_of(
            np.concatenate([me, other, me, other]),
            np.concatenate([*columns, *columns[::-1]]),
            np.concatenate([*slots, *slots[::-1]]),
        ).reshape(4, -1)
        added = costs[2] + costs[3] - costs[0] - costs[1]
        best = int(np.lexsort((self.problem.rank[other], added))[0])
        return int(added[best]), int(other[best])

    def free_place(self, row: int) -> tuple[int, int, int] | None:
        """Return (cost added, column, slot) of the cheapest free place for ``row``, if any."""
        column, slot = np.nonzero(self.load < self.problem.capacity)
        me, nobody = np.full(len(column), row), np.full(len(column), -1)
        ok = self.may(me, column, slot, nobody)
        if not ok.any():
            return None
        me, column, slot = me[ok], column[ok], slot[ok]
        added = self.problem.cost_of(me, column, slot)
        best = int(added.argmin())
        now = self.problem.cost_of(me[:1], self.column[me[:1]], self.slot[me[:1]])
        return int(added[best] - now[0]), int(column[best]), int(slot[best])

    def swap(self, row: int, other: int) -> None:
        """Let two trucks change places."""
        mine = (int(self.column[row]), int(self.slot[row]))
        self.put(row, int(self.column[other]), int(self.slot[other]))
        self.put(other, *mine)

    def put(self, row: int, column: int, slot: int) -> None:
        """Move a truck, to nowhere where ``slot`` is -1."""
        self._book(row, -1)
        self.column[row], self.slot[row] = (column, slot) if slot >= 0 else (-1, -1)
        self._book(row, 1)
        if self.home is not None:
            self.home.put(row, column, slot)

    def _book(self, row: int, by: int) -> None:
        column, slot = int(self.column[row]), int(self.slot[row])
        if slot < 0:
            return
        self.load[column, slot] += by
        haulier = int(self.sides.haulier[row])
        if haulier >= 0:
            self.held[haulier, self.problem.gate_of[column], self.hour[slot]] += by
        if self.problem.through is not None and self.problem.through.of[row, column] >= 0:
            self.passing[self.problem.through.of[row, column], slot] += by

    def _count(self, table: Ints, rows: Ints) -> None:
        named = rows[self.sides.haulier[rows] >= 0]
        gate = self.problem.gate_of[self.column[named]]
        np.add.at(table, (self.sides.haulier[named], gate, self.hour[self.slot[named]]), 1)

    def _share_left(self, row: Ints, column: Ints, slot: Ints, out: Ints) -> Flags:
        """Tell whether a haulier's share holds one more once row and ``out`` left their places."""
        if len(self.held) == 0:
            return np.full(len(row), True)
        haulier = self.sides.haulier[row]
        gate, hour = self.problem.gate_of[column], self.hour[slot]
        left = np.zeros(len(row), dtype=np.int64)
        for who, there in ((row, True), (out, out >= 0)):
            same = there & (self.slot[who] >= 0) & (self.sides.haulier[who] == haulier)
            same &= self.problem.gate_of[self.column[who]] == gate
            left += same & (self.hour[self.slot[who]] == hour)
        held = self.held[haulier, gate, hour]
        return np.asarray((haulier < 0) | (held - left + 1 <= self.allowed[haulier, gate, hour]))

    def _passes(self, row: Ints, column: Ints, slot: Ints, out: Ints) -> Flags:
        """Tell whether the yard on the way has room once row and ``out`` left their places."""
        through = self.problem.through
        if through is None:
            return np.full(len(row), True)
        passage = through.of[row, column]
        left = np.zeros(len(row), dtype=np.int64)
        for who, there in ((row, True), (out, out >= 0)):
            left += (
                there & (self.slot[who] == slot) & (through.of[who, self.column[who]] == passage)
            )
        load = self.passing[passage, slot]
        return np.asarray((passage < 0) | (load - left + 1 <= through.room[passage, slot]))

    def _comes_back(self, row: Ints, column: Ints, slot: Ints, out: Ints) -> Flags:
        """Tell whether all come back in time once row takes the place that ``out`` leaves.

        Who is held to the same limit can always take the other's; two with different limits are
        not let change places.
        """
        if self.home is None:
            return np.full(len(row), True)
        kind = self.home.windows.kind
        mine, other = kind[row], np.where(out >= 0, kind[out], -1)
        ok: Flags = np.asarray((mine < 0) | (mine == other))
        gate = self.problem.gate_of[column]
        for one, there in sorted(set(zip(mine.tolist(), gate.tolist(), strict=True))):
            if one >= 0:
                asked = np.flatnonzero((mine == one) & (gate == there) & (other < 0))
                ok[asked] = self.home.possible(one, there)[slot[asked]]
        return ok
