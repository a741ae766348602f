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
    """Return the prices of an optimal ``flow`` [A] with ``links`` [Q] into the promises.

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
    while True:
        dearest = _nodes(classes, network, links, price)
        if len(used) == 0:
            break
        moved = dearest[network.node[used]] - network.cost[used]
        lower = np.minimum(price[priced], np.minimum.reduceat(moved, at))
        if (lower == price[priced]).all():
            break
        price[priced] = lower
    return Prices(price, _values(classes, network, flow, links, price, dearest))


def _nodes(classes: Classes, network: Network, links: Ints, price: Ints) -> Ints:
    """Return the distance of every class and promise to the sink, [K + Q]."""
    count = len(classes.size)
    least = np.full(count + len(classes.promise_size), _FAR)
    if len(network.node):
        first = np.flatnonzero(np.diff(network.node, prepend=-1))
        offers = network.cost + price[network.place]
        least[network.node[first]] = np.minimum.reduceat(offers, first)
    least[:count] = np.minimum(least[:count], network.unserved)
    open_ = links < classes.promise_size
    np.minimum.at(least, classes.promise_class[open_], least[count:][open_] - network.saving)
    fed = links > 0
    back = least[classes.promise_class] + network.saving
    least[count:] = np.where(fed, np.minimum(least[count:], back), least[count:])
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
    value = np.full(count, -_FAR)
    out = np.zeros(count, dtype=np.int64)
    used = np.flatnonzero((flow > 0) & (network.node < count))
    np.maximum.at(value, network.node[used], network.cost[used] + price[network.place[used]])
    np.add.at(out, network.node[used], flow[used])
    fed = np.flatnonzero(links)
    np.maximum.at(value, classes.promise_class[fed], distance[count:][fed] - network.saving)
    np.add.at(out, classes.promise_class[fed], links[fed])
    left = out < classes.size
    value[left] = np.maximum(value[left], network.unserved[left])
    return value


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
