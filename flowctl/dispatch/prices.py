"""What a place is worth: dual prices of a flow, and the proof that nothing better was left out."""

from dataclasses import dataclass

import numpy as np

from flowctl.dispatch.network import Classes, Network, place_cost
from flowctl.dispatch.problem import DispatchProblem, Ints

_FAR = np.int64(2**60)


@dataclass(frozen=True, slots=True)
class Prices:
    """Dual values of an optimal flow.

    ``place`` [G * S] is what one more truck at a place would cost the others, 0 where there is room
    left; ``value`` [K] what a truck of a class costs, its place's price included. Together they
    prove the flow optimal over every arc with cost + price >= value.
    """

    place: Ints
    value: Ints


def prices_of(classes: Classes, network: Network, flow: Ints, links: Ints) -> Prices:
    """Return the prices of an optimal ``flow`` [A] with ``links`` [W] into the wide promises.

    Shortest distances to the sink in the residual network (Bellman-Ford, all places at once): a
    truck pushed into a full place moves one of those there to where that costs least.
    """
    load = np.bincount(network.place, weights=flow, minlength=len(network.room))
    full = load >= network.room
    price = np.where(full, _FAR, np.int64(0))
    used = np.flatnonzero(flow)
    used = used[full[network.place[used]]]
    used = used[np.argsort(network.place[used], kind="stable")]
    priced, at = np.unique(network.place[used], return_index=True)
    offers = _Offers.of(classes, network, flow, links)
    distance = offers.least(price)
    while len(used):
        moved = distance[network.node[used]] - network.cost[used]
        lower = np.minimum(price[priced], np.minimum.reduceat(moved, at))
        if (lower == price[priced]).all():
            break
        price[priced] = lower
        distance = offers.least(price)
    return Prices(price, _values(classes, network, flow, links, price, distance))


@dataclass(frozen=True, slots=True)
class _Offers:
    """Where the supply nodes could still send a truck.

    ``cost`` [B] and ``place`` [B] are the arcs with room, in runs of one node that begin at
    ``first``; ``unserved`` [K + W]; ``feeding`` are the wide promises with room, ``fed`` those in
    use, with the classes ``owner`` [W].
    """

    cost: Ints
    place: Ints
    first: Ints
    node: Ints
    unserved: Ints
    owner: Ints
    feeding: Ints
    fed: Ints
    saving: int

    @staticmethod
    def of(classes: Classes, network: Network, flow: Ints, links: Ints) -> "_Offers":
        """Return what the flow leaves open."""
        left = np.flatnonzero(flow < network.most)
        node = network.node[left]
        first = np.flatnonzero(np.diff(node, prepend=-1))
        return _Offers(
            cost=network.cost[left],
            place=network.place[left],
            first=first,
            node=node[first],
            unserved=np.append(network.unserved, np.full(len(links), _FAR)),
            owner=classes.promise_class[network.wide],
            feeding=np.flatnonzero(links < classes.promise_size[network.wide]),
            fed=np.flatnonzero(links),
            saving=network.saving,
        )

    def least(self, price: Ints) -> Ints:
        """Return the distance of every supply node to the sink at these prices, [K + W]."""
        least = self.unserved.copy()
        if len(self.first):
            found = np.minimum.reduceat(self.cost + price[self.place], self.first)
            np.minimum.at(least, self.node, found)
        wide = len(least) - len(self.owner)
        ahead = least[wide + self.feeding] - self.saving
        np.minimum.at(least, self.owner[self.feeding], ahead)
        back = least[self.owner[self.fed]] + self.saving
        least[wide + self.fed] = np.minimum(least[wide + self.fed], back)
        return least


def _values(
    classes: Classes,
    network: Network,
    flow: Ints,
    links: Ints,
    price: Ints,
    distance: Ints,
) -> Ints:
    """Return the dearest thing each class uses: the least value that explains the flow."""
    count = len(classes.size)
    value = np.full(count + len(links), -_FAR)
    used = np.flatnonzero(flow)
    np.maximum.at(value, network.node[used], network.cost[used] + price[network.place[used]])
    fed = np.flatnonzero(links)
    owner = classes.promise_class[network.wide]
    np.maximum.at(value, owner[fed], distance[count + fed] - network.saving)
    left = _left_out(classes, network, flow, links) > 0
    value[:count][left] = np.maximum(value[:count][left], network.unserved[left])
    return value[:count]


def _left_out(classes: Classes, network: Network, flow: Ints, links: Ints) -> Ints:
    """Return how many trucks of each class the flow leaves without a place, [K]."""
    count = len(classes.size)
    direct = network.node < count
    out = np.zeros(count, dtype=np.int64)
    np.add.at(out, network.node[direct], flow[direct])
    np.add.at(out, classes.promise_class[network.wide], links)
    return classes.size - out


def total(classes: Classes, network: Network, flow: Ints, links: Ints) -> int:
    """Return the flow's cost, what it could not choose included."""
    served = int((network.cost * flow).sum()) - network.saving * int(links.sum())
    out = int((network.unserved * _left_out(classes, network, flow, links)).sum())
    return served + out + network.constant


def grown_ends(problem: DispatchProblem, classes: Classes, prices: Prices, ends: Ints) -> Ints:
    """Return ``ends`` [K, G] moved behind every place left out that beats its class's value.

    Equal to ``ends`` where there is none: then the flow is optimal over all slots.
    """
    grown = ends.copy()
    price = prices.place.reshape(len(problem.gates), problem.slots)
    for gate in range(len(problem.gates)):
        # Later places cost more: no price after the window can make up for it where even the
        # least of them does not at the window's end.
        floor = np.append(np.minimum.accumulate(price[gate, ::-1])[::-1], _FAR)
        end = ends[:, gate]
        first = problem.earliest[classes.member, gate]
        cut = np.flatnonzero((end < problem.slots) & (first < problem.slots))
        next_place = gate * problem.slots + end[cut]
        least = place_cost(problem, classes.member[cut], next_place) + floor[end[cut]]
        for at in cut[least < prices.value[cut]].tolist():
            grown[at, gate] = _last_better(problem, classes, prices, at, gate, int(end[at]))
    return grown


def _last_better(
    problem: DispatchProblem, classes: Classes, prices: Prices, at: int, gate: int, end: int
) -> int:
    """Return the end of a window that takes in the last place better than the class's value."""
    place = gate * problem.slots + np.arange(end, problem.slots)
    truck = np.full(len(place), classes.member[at])
    better = place_cost(problem, truck, place) + prices.place[place] < prices.value[at]
    found = np.flatnonzero(better)
    return end + int(found[-1]) + 1 if len(found) else end
