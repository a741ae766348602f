"""From the flow of a class to its trucks: who of them gets which place."""

import numpy as np

from flowctl.dispatch.network import Classes, Network
from flowctl.dispatch.problem import DispatchProblem, Ints


def hand_out(
    problem: DispatchProblem, classes: Classes, network: Network, flow: Ints
) -> tuple[Ints, Ints]:
    """Return gate and slot [N] of every truck, -1 where it found no place.

    Frozen trucks stand. Of those told the same slot as many keep it as the flow says, the most
    senior first; the others of a class share what is left of its places, sooner ones by seniority.
    The flow's cost does not depend on who of a class goes where.
    """
    gate, slot = problem.frozen_gate.copy(), problem.frozen_slot.copy()
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
    found = place >= 0
    gate[classes.trucks[found]] = place[found] // problem.slots
    slot[classes.trucks[found]] = place[found] % problem.slots
    return gate, slot


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
