"""From the flow of a class to its trucks: who of them gets which place."""

import numpy as np

from flowctl.dispatch.network import Classes, Network, columns_of
from flowctl.dispatch.problem import DispatchProblem, Ints


def hand_out(
    problem: DispatchProblem, classes: Classes, network: Network, flow: Ints
) -> tuple[Ints, Ints]:
    """Return gate and slot [N] of every truck, -1 where it found no place.

    Frozen trucks stand. Of those told the same slot as many keep it as the flow says, the most
    senior first; the others of a class share what is left of its places, sooner ones by seniority.
    Where it costs no promise more, a class's places are dealt in the order told instead: then all
    move up or back a little, and not one to the end of the line.
    """
    place = _by_promise(problem, classes, network, flow)
    in_order = _in_order(problem, classes, place)
    dearer = _class_costs(problem, classes, in_order) > _class_costs(problem, classes, place)
    place = np.where(dearer[classes.of_class], place, in_order)
    gate, slot = problem.frozen_gate.copy(), problem.frozen_slot.copy()
    found = place >= 0
    gate[classes.trucks[found]] = columns_of(problem, place[found])
    slot[classes.trucks[found]] = place[found] % problem.slots
    return gate, slot


def _by_promise(problem: DispatchProblem, classes: Classes, network: Network, flow: Ints) -> Ints:
    """Return the places [F] with as many promises kept as the flow says."""
    rank = problem.rank[classes.trucks]
    place = np.full(len(classes.trucks), -1, dtype=np.int64)
    keeper = np.flatnonzero(classes.of_promise >= 0)
    arc = np.flatnonzero((network.promise >= 0) & (flow > 0))
    place[keeper] = _deal(
        classes.of_promise[keeper],
        rank[keeper],
        np.repeat(network.promise[arc], flow[arc]),
        np.repeat(network.place[arc], flow[arc]),
        problem.slots,
    )
    rest = np.flatnonzero(place < 0)
    arc = np.flatnonzero((network.promise < 0) & (flow > 0))
    place[rest] = _deal(
        classes.of_class[rest],
        rank[rest],
        np.repeat(network.node[arc], flow[arc]),
        np.repeat(network.place[arc], flow[arc]),
        problem.slots,
    )
    return place


def _in_order(problem: DispatchProblem, classes: Classes, place: Ints) -> Ints:
    """Return the same places [F], in each class dealt in the order told, the untold after them."""
    told = problem.told_gate[classes.trucks] >= 0
    order = np.where(told, problem.keep_last[classes.trucks], problem.slots)
    turn = np.lexsort((problem.rank[classes.trucks], order, classes.of_class))
    slot = np.where(place >= 0, place % problem.slots, problem.slots)
    sooner = np.lexsort((place, slot, classes.of_class))
    dealt = np.empty_like(place)
    dealt[turn] = place[sooner]
    return dealt


def _class_costs(problem: DispatchProblem, classes: Classes, place: Ints) -> Ints:
    """Return what each class costs with its trucks at ``place`` [F], [K]."""
    gate = np.full(problem.trucks, -1, dtype=np.int64)
    slot = gate.copy()
    found = place >= 0
    gate[classes.trucks[found]] = columns_of(problem, place[found])
    slot[classes.trucks[found]] = place[found] % problem.slots
    costs = np.zeros(len(classes.size), dtype=np.int64)
    np.add.at(costs, classes.of_class, problem.cost(gate, slot)[classes.trucks])
    return costs


def _deal(of: Ints, rank: Ints, owner: Ints, place: Ints, slots: int) -> Ints:
    """Deal each owner's places, [P], to its members ``of`` [M], sooner slots by rank.

    Members beyond the places of their owner get -1.
    """
    sooner = np.lexsort((place, place % slots, owner))
    owner, place = owner[sooner], place[sooner]
    turn = np.lexsort((rank, of))
    # The k-th member of an owner takes the k-th of its places.
    nth = np.arange(len(turn)) - np.searchsorted(of[turn], of[turn], "left")
    at = np.searchsorted(owner, of[turn], "left") + nth
    served = at < np.searchsorted(owner, of[turn], "right")
    dealt = np.full(len(turn), -1, dtype=np.int64)
    dealt[turn[served]] = place[at[served]]
    return dealt


def overtaken(problem: DispatchProblem, classes: Classes, slot: Ints) -> int:
    """Count the trucks that go later than a junior of their class; who has no slot goes last.

    In a class nobody is late or not ready: the reason is always that the junior's slot was kept.
    """
    mine = np.where(slot >= 0, slot, problem.slots)[classes.trucks]
    turn = np.lexsort((problem.rank[classes.trucks], classes.of_class))
    # Later classes lie above all earlier ones, so the running minimum from behind stays in a class.
    level = mine[turn] + classes.of_class[turn] * (problem.slots + 1)
    best_after = np.minimum.accumulate(level[::-1])[::-1]
    return int((best_after[1:] < level[:-1]).sum())
