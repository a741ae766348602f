"""What a place is worth: dual prices of a flow, and the proof that nothing better was left out."""

from dataclasses import dataclass

import numpy as np

from flowctl.dispatch.flow import Flow
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


def prices_of(classes: Classes, network: Network, flow: Flow) -> Prices:
    """Return the prices of a cheapest flow."""
    place = np.where(network.room > 0, flow.price, _FAR)
    return Prices(place, _values(classes, network, flow, place))


def _values(classes: Classes, network: Network, flow: Flow, price: Ints) -> Ints:
    """Return the dearest thing each class uses: the least value that explains the flow."""
    count = len(classes.size)
    value = flow.distance.copy()
    value[:count] = -_FAR
    direct = np.flatnonzero((flow.on > 0) & (network.node < count))
    node = network.node[direct]
    np.maximum.at(value, node, network.cost[direct] + price[network.place[direct]])
    fed = np.flatnonzero(flow.links)
    owner = classes.promise_class[network.wide[fed]]
    np.maximum.at(value, owner, flow.distance[count + fed] - network.saving)
    out = np.zeros(count, dtype=np.int64)
    np.add.at(out, node, flow.on[direct])
    np.add.at(out, owner, flow.links[fed])
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
