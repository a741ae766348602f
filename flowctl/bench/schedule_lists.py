"""Slots by lists, as they are given by hand: each truck in its turn takes what is best for it."""

from typing import Literal

import numpy as np

from flowctl.dispatch.problem import DispatchProblem


def by_list(day: DispatchProblem, order: Literal["weight", "arrival"]) -> int:
    """Return the cost of a day where trucks choose one after another.

    By ``weight`` the most perishable choose first, and each takes the cheapest of its former slot
    and the first free one of every gate. By ``arrival`` who is there first chooses first, and each
    takes the first free slot of any gate it may use, the preferred one where equal: first come,
    first served. Slots that are full are skipped by halving the paths walked (Tarjan, Journal of
    the ACM 22, 1975).
    """
    arrival = day.rank
    turn = np.lexsort((arrival, -day.weight)) if order == "weight" else np.argsort(arrival)
    places = _Places(day)
    for truck in turn.tolist():
        places.choose(truck, by_cost=order == "weight")
    gate = np.array(places.gate, dtype=np.int64)
    slot = np.array(places.slot, dtype=np.int64)
    return int(day.cost(gate, slot).sum())


class _Places:
    """What is left of a day, in plain lists, which one truck at a time are faster than arrays."""

    def __init__(self, day: DispatchProblem) -> None:
        self._day = day
        self._room = day.room.tolist()
        self._next = [list(range(day.slots + 1)) for _ in day.gates]
        self._earliest = day.earliest.tolist()
        self._preferred, self._weight = day.preferred.tolist(), day.weight.tolist()
        self._origin = (day.origin_s // day.slot_s).tolist()
        self._starts = (day.starts // day.slot_s).tolist()
        self._told = list(zip(day.told_gate.tolist(), day.keep_first.tolist(), strict=True))
        self.gate, self.slot = [-1] * day.trucks, [-1] * day.trucks
        for gate, row in enumerate(self._room):
            for slot in [at for at, room in enumerate(row) if room <= 0]:
                self._next[gate][slot] = slot + 1

    def choose(self, truck: int, *, by_cost: bool) -> None:
        """Give a truck the best place that is left."""
        offers = [
            (gate, slot)
            for gate, first in enumerate(self._earliest[truck])
            if (slot := self._free(gate, first)) < self._day.slots
        ]
        told = self._told[truck]
        if by_cost and told[0] >= 0:
            gate, slot = told
            if self._earliest[truck][gate] <= slot and self._room[gate][slot] > 0:
                offers.append(told)
        if not offers:
            return
        gate, slot = min(offers, key=lambda offer: self._key(truck, offer, by_cost=by_cost))
        self.gate[truck], self.slot[truck] = gate, slot
        self._room[gate][slot] -= 1
        if self._room[gate][slot] == 0:
            self._next[gate][slot] = slot + 1

    def _key(self, truck: int, offer: tuple[int, int], *, by_cost: bool) -> tuple[int, int]:
        gate, slot = offer
        away = int(gate != self._preferred[truck])
        if not by_cost:
            return slot, away
        day, delay = self._day, max(self._starts[slot] - self._origin[truck], 0)
        wait = self._weight[truck] * (day.linear * delay + day.squared * delay * delay)
        changed = self._told[truck][0] >= 0 and self._told[truck] != offer
        return wait + day.diversion * away + day.change * changed, slot

    def _free(self, gate: int, slot: int) -> int:
        following = self._next[gate]
        while following[slot] != slot:
            following[slot] = following[following[slot]]
            slot = following[slot]
        return slot
