"""What a place is worth: dual prices of a flow, and the proof that nothing better was left out."""

from dataclasses import dataclass

import numpy as np

from flowctl.dispatch.network import Classes, Network, place_cost, rows_of, spread
from flowctl.dispatch.problem import DispatchProblem, Ints

_FAR = np.int64(2**60)


@dataclass(frozen=True, slots=True)
class Prices:
    """Dual values of an optimal flow.

    ``place`` [(C + V) * S] is what one more truck at a place would cost the others, 0 where there
    is room left and very much where there never was any; ``value`` [K + W] what a truck of a class
    or wide promise costs, its place's price included. Together they prove the flow optimal over
    every arc with cost + price >= value.
    """

    place: Ints
    value: Ints


def prices_of(classes: Classes, network: Network, flow: Ints, links: Ints) -> Prices:
    """Return the prices of an optimal ``flow`` [A] with ``links`` [W] into the wide promises.

    Shortest distances to the sink in the residual network (Bellman-Ford, all places at once): a
    truck pushed into a full place moves one of those there to where that costs least.
    """
    load = np.bincount(network.place, weights=flow, minlength=len(network.room)).astype(np.int64)
    columns = len(load) - len(network.onward)
    passing = load[columns:]
    np.add.at(load, network.onward, passing)
    full = load >= network.room
    full[columns:] = True
    price = np.where(full, _FAR, np.int64(0))
    used = np.flatnonzero(flow)
    used = used[full[network.place[used]]]
    used = used[np.argsort(network.place[used], kind="stable")]
    priced, at = np.unique(network.place[used], return_index=True)
    offers = _Offers.of(classes, network, flow, links)
    while True:
        distance = offers.least(price)
        before = price.copy()
        if len(used):
            moved = distance[network.node[used]] - network.cost[used]
            price[priced] = np.minimum(price[priced], np.minimum.reduceat(moved, at))
        _pass_on(network, passing, price)
        if (price == before).all():
            break
    return Prices(price, _values(classes, network, flow, links, price, distance))


def _pass_on(network: Network, passing: Ints, price: Ints) -> None:
    """Lower the ``price`` of places to that of a passage that can give up a truck, and back."""
    onward = network.onward
    if not len(onward):
        return
    entry = price[len(price) - len(onward) :]
    left = passing < network.room[len(price) - len(onward) :]
    entry[left] = np.minimum(entry[left], price[onward[left]])
    used = np.flatnonzero(passing)
    np.minimum.at(price, onward[used], entry[used])


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
    value = distance.copy()
    value[:count] = -_FAR
    direct = np.flatnonzero((flow > 0) & (network.node < count))
    node = network.node[direct]
    np.maximum.at(value, node, network.cost[direct] + price[network.place[direct]])
    fed = np.flatnonzero(links)
    owner = classes.promise_class[network.wide[fed]]
    np.maximum.at(value, owner, distance[count + fed] - network.saving)
    out = np.zeros(count, dtype=np.int64)
    np.add.at(out, node, flow[direct])
    np.add.at(out, owner, links[fed])
    left = np.flatnonzero(out < classes.size)
    value[left] = np.maximum(value[left], network.unserved[left])
    return value


def bound_of(classes: Classes, network: Network, prices: Prices) -> int:
    """Return the dual objective: no plan over the network's arcs costs less.

    What the trucks cost, less what the places are worth, less what the arcs of limited capacity
    are (the saving of a kept promise belongs to those who were promised).
    """
    count = len(classes.size)
    trucks = int((classes.size * prices.value[:count]).sum())
    columns = len(network.room) - len(network.onward)
    scarce = prices.place.copy()
    scarce[columns:] = np.maximum(scarce[columns:] - scarce[network.onward], 0)
    used = network.room > 0
    places = int((network.room[used] * scarce[used]).sum())
    gain = prices.value[network.node] - network.cost - prices.place[network.place]
    arcs = int((network.most * np.maximum(gain, 0)).sum())
    owner = classes.promise_class[network.wide]
    fed = prices.value[owner] + network.saving - prices.value[count:]
    links = int((classes.promise_size[network.wide] * np.maximum(fed, 0)).sum())
    return trucks - places - arcs - links + network.constant


def grown_ends(problem: DispatchProblem, classes: Classes, prices: Prices, ends: Ints) -> Ints:
    """Return ``ends`` [K, G] moved behind every place left out that beats its class's value.

    Equal to ``ends`` where there is none: then the flow is optimal over all slots.
    """
    price = prices.place.reshape(-1, problem.slots)
    # Later places cost more: no price after the window can make up for it where even the least of
    # them does not at the window's end.
    floor = np.minimum.accumulate(price[:, ::-1], axis=1)[:, ::-1]
    first = problem.earliest[classes.member]
    cell, column = np.nonzero((ends < problem.slots) & (first < problem.slots))
    end, member = ends[cell, column], classes.member[cell]
    row = rows_of(problem, classes.member)[cell, column]
    least = place_cost(problem, member, row * problem.slots + end)
    promising = least + floor[row, end] < prices.value[cell]
    cell, column, end, row = (each[promising] for each in (cell, column, end, row))
    at, place = spread(
        end[:, None], np.full((len(end), 1), problem.slots), problem.slots, row[:, None]
    )
    cost = place_cost(problem, classes.member[cell[at]], place)
    better = np.flatnonzero(cost + prices.place[place] < prices.value[cell[at]])
    at = at[better]
    grown = ends.copy()
    np.maximum.at(grown, (cell[at], column[at]), place[better] % problem.slots + 1)
    return grown
