"""From the flow of a class to its trucks: who of them gets which place."""

from dataclasses import dataclass

import numpy as np

from flowctl.dispatch.network import Classes, Network, columns_of
from flowctl.dispatch.problem import DispatchProblem, Ints


def hand_out(
    problem: DispatchProblem, classes: Classes, network: Network, flow: Ints
) -> tuple[Ints, Ints]:
    """Return column and slot [N] of every truck, -1 where it found no place.

    Frozen trucks stand. Of those told the same slot as many keep it as the flow says, the most
    senior first; the others of a class share what is left of its places, sooner ones by seniority.
    Where it costs no promise more, a class's places are dealt in the order told instead: then all
    move up or back a little, and not one to the end of the line.
    """
    place = _by_promise(problem, classes, network, flow)
    in_order = _of_class(problem, classes, network, flow, _as_told(problem, classes))
    dearer = _class_costs(problem, classes, in_order) > _class_costs(problem, classes, place)
    return _laid_out(problem, classes, np.where(dearer[classes.of_class], place, in_order))


def by_seniority(
    problem: DispatchProblem, classes: Classes, network: Network, flow: Ints
) -> tuple[Ints, Ints]:
    """Return column and slot [N] were each class's places dealt by seniority, promises or not."""
    rank = problem.rank[classes.trucks]
    return _laid_out(problem, classes, _of_class(problem, classes, network, flow, rank))


def _by_promise(problem: DispatchProblem, classes: Classes, network: Network, flow: Ints) -> Ints:
    """Return the places [F] with as many promises kept as the flow says."""
    rank = problem.rank[classes.trucks]
    place = np.full(len(classes.trucks), -1, dtype=np.int64)
    keeper = np.flatnonzero(classes.of_promise >= 0)
    kept = network.promise >= 0
    for members, owner, arc, of in (
        (keeper, network.promise, kept & (flow > 0), classes.of_promise),
        (None, network.node, ~kept & (flow > 0), classes.of_class),
    ):
        mine = np.flatnonzero(place < 0) if members is None else members
        used = np.flatnonzero(arc)
        stock = _Stock.of(owner[used], network.place[used], flow[used], problem.slots)
        place[mine] = stock.deal(of[mine], rank[mine])
    return place


def _as_told(problem: DispatchProblem, classes: Classes) -> Ints:
    """Return the turn [F] of each truck in the order told, the untold after them, by rank."""
    told = problem.told_gate[classes.trucks] >= 0
    last = np.clip(problem.keep_last[classes.trucks], -1, problem.slots - 1)
    order = np.where(told, last, problem.slots)
    return np.asarray((order + 1) * problem.trucks + problem.rank[classes.trucks])


def _of_class(
    problem: DispatchProblem, classes: Classes, network: Network, flow: Ints, turn: Ints
) -> Ints:
    """Return the places [F], those of each class dealt to its trucks by ``turn`` [F]."""
    count = len(classes.size)
    owners = np.concatenate([np.arange(count), classes.promise_class[network.wide]])
    used = np.flatnonzero(flow)
    stock = _Stock.of(owners[network.node[used]], network.place[used], flow[used], problem.slots)
    return stock.deal(classes.of_class, turn)


def _laid_out(problem: DispatchProblem, classes: Classes, place: Ints) -> tuple[Ints, Ints]:
    gate, slot = problem.frozen_gate.copy(), problem.frozen_slot.copy()
    found = np.flatnonzero(place >= 0)
    gate[classes.trucks[found]] = columns_of(problem, place[found])
    slot[classes.trucks[found]] = place[found] % problem.slots
    return gate, slot


def _class_costs(problem: DispatchProblem, classes: Classes, place: Ints) -> Ints:
    """Return what each class costs with its trucks at ``place`` [F], [K]."""
    gate, slot = _laid_out(problem, classes, place)
    costs = np.zeros(len(classes.size), dtype=np.int64)
    np.add.at(costs, classes.of_class, problem.cost(gate, slot)[classes.trucks])
    return costs


@dataclass(frozen=True, slots=True)
class _Stock:
    """The places each owner has to deal, sooner slots first.

    ``place`` [P] lists them, those of owner o from ``first[o]`` on, ``have[o]`` in number.
    """

    place: Ints
    first: Ints
    have: Ints

    @staticmethod
    def of(owner: Ints, place: Ints, count: Ints, slots: int) -> "_Stock":
        """Return the stock of arcs that carry ``count`` [U] trucks of ``owner`` [U]."""
        sooner = np.lexsort((place, place % slots, owner))
        owner, place, count = owner[sooner], place[sooner], count[sooner]
        have = np.zeros(int(owner.max(initial=-1)) + 1, dtype=np.int64)
        np.add.at(have, owner, count)
        return _Stock(np.repeat(place, count), np.cumsum(have) - have, have)

    def deal(self, of: Ints, turn: Ints) -> Ints:
        """Return the place of each member ``of`` [M] an owner, by ``turn`` [M], -1 where none."""
        order = np.argsort(of * (int(turn.max(initial=0)) + 1) + turn)
        of = of[order]
        # The k-th member of an owner takes the k-th of its places.
        begin = np.searchsorted(of, np.arange(len(self.have)), "left")
        known = of < len(self.have)
        nth = np.arange(len(of))[known] - begin[of[known]]
        served = nth < self.have[of[known]]
        dealt = np.full(len(of), -1, dtype=np.int64)
        taker = order[known][served]
        dealt[taker] = self.place[self.first[of[known][served]] + nth[served]]
        return dealt


def overtaken(problem: DispatchProblem, classes: Classes, slot: Ints) -> int:
    """Count the trucks that go later than a junior of their class; who has no slot goes last.

    In a class nobody is late or not ready: the reason is always that the junior's slot was kept.
    """
    mine = np.where(slot >= 0, slot, problem.slots)[classes.trucks]
    turn = np.argsort(classes.of_class * problem.trucks + problem.rank[classes.trucks])
    # Later classes lie above all earlier ones, so the running minimum from behind stays in a class.
    level = mine[turn] + classes.of_class[turn] * (problem.slots + 1)
    best_after = np.minimum.accumulate(level[::-1])[::-1]
    return int((best_after[1:] < level[:-1]).sum())
