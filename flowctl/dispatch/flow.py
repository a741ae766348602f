"""The cheapest flow on a network of classes and places, from a first guess of it."""

from dataclasses import dataclass

import numpy as np

from flowctl.dispatch.network import Classes, Network
from flowctl.dispatch.problem import Ints
from flowctl.dispatch.urgency import Guess

_PIVOTS_MOST = 5_000_000
"""Exchanges after which it gives up, after a minute or so: 20,000 trucks take some thousand."""
_NO_END = np.int64(2**40)


class FlowError(RuntimeError):
    """No optimum was found within the pivots allowed."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A cheapest flow: ``on`` the network's arcs [A] and into its wide promises, ``links`` [W].

    ``distance`` [K + W] and ``price`` [(C + V) * S] are what one more truck at each supply node and
    each place would cost.
    """

    on: Ints
    links: Ints
    distance: Ints
    price: Ints


def cheapest(classes: Classes, network: Network, guess: Guess) -> Flow:
    """Return a cheapest flow.

    Raises
    ------
    FlowError
        It was not found within the pivots allowed.
    """
    # Loaded with the first plan: most processes make none, and the compiler takes a second.
    from flowctl.dispatch import simplex  # noqa: PLC0415

    at = _Numbers.of(classes, network)
    arcs = simplex.Arcs(*_arcs(classes, network, at))
    flow, parent, arc, up = _rooted(classes, network, guess, at)
    pivots, value = simplex.improve(
        arcs, flow, simplex.Tree(parent, arc, up), at.sink, _PIVOTS_MOST
    )
    if pivots < 0:
        message = (
            f"No cheapest flow of {classes.size.sum()} trucks was found in {_PIVOTS_MOST} steps. "
            "Shorten dispatch.horizon_days."
        )
        raise FlowError(message)
    return Flow(
        on=flow[: at.link],
        links=flow[at.link : at.out],
        distance=value[: at.place],
        price=value[at.place : at.sink],
    )


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Where nodes and arcs begin.

    Nodes: classes and wide promises, from ``place`` on places, the ``sink``. Arcs: the network's,
    from ``link`` on those into wide promises, from ``out`` on those of trucks without a place,
    from ``exit`` on those of each place to the sink, or to the place behind a passage.
    """

    place: int
    sink: int
    link: int
    out: int
    exit: int

    @staticmethod
    def of(classes: Classes, network: Network) -> "_Numbers":
        place = len(classes.size) + len(network.wide)
        link = len(network.node)
        out = link + len(network.wide)
        return _Numbers(place, place + len(network.room), link, out, out + len(classes.size))


def _arcs(classes: Classes, network: Network, at: _Numbers) -> tuple[Ints, Ints, Ints, Ints]:
    """Return tail, head, capacity and cost of all arcs.

    None is given where the number of trucks is one already: what can take one more is not full.
    """
    count, wide, places = len(classes.size), len(network.wide), len(network.room)
    columns = places - len(network.onward)
    every = np.arange(count)
    narrow = (network.promise >= 0) & (network.node < count)
    tail = [network.node, classes.promise_class[network.wide], every, np.arange(at.place, at.sink)]
    head = [
        at.place + network.place,
        np.arange(count, at.place),
        np.full(count, at.sink),
        np.concatenate([np.full(columns, at.sink), at.place + network.onward]),
    ]
    most = [
        np.where(narrow, network.most, _NO_END),
        classes.promise_size[network.wide],
        np.full(count, _NO_END),
        network.room,
    ]
    cost = [
        network.cost,
        np.full(wide, -network.saving),
        network.unserved,
        np.zeros(places, dtype=np.int64),
    ]
    joined = (np.concatenate(each).astype(np.int64) for each in (tail, head, most, cost))
    return next(joined), next(joined), next(joined), next(joined)


def _rooted(
    classes: Classes, network: Network, guess: Guess, at: _Numbers
) -> tuple[Ints, Ints, Ints, np.ndarray]:
    """Return a flow by the guess, and the tree it stands on: parents, arcs, directions.

    The sink is the root. Every class hangs on it by those left out, every place by its exit; a
    place that is full hangs on the class that filled it, a class without more trucks on the place
    that took the last.
    """
    count, places = len(classes.size), len(network.room)
    flow = np.zeros(at.exit + places, dtype=np.int64)
    parent = np.full(at.sink + 1, at.sink)
    arc, up = np.zeros_like(parent), np.ones(len(parent), dtype=np.bool_)
    arc[:count] = at.out + np.arange(count)
    arc[at.place : at.sink] = at.exit + np.arange(places)
    parent[at.sink - len(network.onward) : at.sink] = at.place + network.onward
    # Promises are empty at first and hang on a place, or on their class where none is open.
    wide = np.arange(count, at.place)
    parent[wide], arc[wide] = classes.promise_class[network.wide], at.link + wide - count
    up[wide] = False
    fed = np.flatnonzero(network.node >= count)
    node = network.node[fed]
    parent[node], arc[node], up[node] = at.place + network.place[fed], fed, True
    flow[at.out : at.exit] = classes.size
    used = _arcs_of(network, guess)
    room = network.room.tolist()
    rows = (guess.node, guess.place, guess.trucks, used)
    for source, place, trucks, on in zip(*(each.tolist() for each in rows), strict=True):
        flow[on] += trucks
        flow[at.out + source] -= trucks
        flow[at.exit + place] += trucks
        room[place] -= trucks
        if room[place] == 0:
            below, above, up[at.place + place] = at.place + place, source, False
        else:
            below, above = source, at.place + place
        parent[below], arc[below] = above, on
    return flow, parent, arc, up


def _arcs_of(network: Network, guess: Guess) -> Ints:
    """Return the arc of a class that each row of a guess is on."""
    own = int(np.searchsorted(network.promise, 0))
    places = len(network.room)
    key = network.node[:own] * places + network.place[:own]
    order = np.argsort(key, kind="stable")
    return order[np.searchsorted(key, guess.node * places + guess.place, sorter=order)]
