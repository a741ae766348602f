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
    keeper = np.flatnonzero(classes.of_promise >= 0)
    count = len(classes.size)
    promised = network.node >= count
    kept = _deal(
        classes.of_promise[keeper],
        rank[keeper],
        network.node[promised] - count,
        network.place[promised] % problem.slots,
        network.place[promised],
        flow[promised],
    )
    place = np.full(len(classes.trucks), -1, dtype=np.int64)
    place[keeper] = kept
    rest = np.flatnonzero(place < 0)
    place[rest] = _deal(
        classes.of_class[rest],
        rank[rest],
        network.node[~promised],
        network.place[~promised] % problem.slots,
        network.place[~promised],
        flow[~promised],
    )
    found = place >= 0
    gate[classes.trucks[found]] = place[found] // problem.slots
    slot[classes.trucks[found]] = place[found] % problem.slots
    return gate, slot


def _deal(of: Ints, rank: Ints, node: Ints, slot: Ints, place: Ints, flow: Ints) -> Ints:
    """Deal ``flow`` [A] places of each node to its members ``of`` [M], sooner slots by rank.

    Members beyond the flow of their node get -1.
    """
    used = np.flatnonzero(flow)
    arc = np.repeat(used, flow[used])
    arc = arc[np.lexsort((place[arc], slot[arc], node[arc]))]
    turn = np.lexsort((rank, of))
    # The k-th member of a node takes the k-th of its places.
    nth = np.arange(len(turn)) - np.searchsorted(of[turn], of[turn], "left")
    start = np.searchsorted(node[arc], of[turn], "left")
    end = np.searchsorted(node[arc], of[turn], "right")
    served = start + nth < end
    dealt = np.full(len(turn), -1, dtype=np.int64)
    dealt[turn[served]] = place[arc[(start + nth)[served]]]
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
