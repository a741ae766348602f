"""The network simplex method: from a feasible flow on a spanning tree to a cheapest one, compiled.

Primal, with strongly feasible trees (W. H. Cunningham, *Mathematical Programming* 11, 1976): from
every node one more truck can go along the tree to the root. So no pivots go in circles, and at the
optimum the tree's ways are shortest ones: the potentials are what one more truck at a node costs.
The violators of each pass over the arcs are kept, and priced alone until none is left, the worst
of each short run of them at a time (multiple partial pricing).

Only the process that makes plans loads this module: the compiler behind it takes a second.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Plain = TypeVar("Plain", bound=Callable[..., Any])

_RUN = 32
"""Violators of which only the worst is tried; of 32, 100 and 300 the fastest on heavy backlogs."""


class Arcs(NamedTuple):
    """``most`` units from ``tail`` to ``head`` at ``cost`` each, all [A]."""

    tail: Ints
    head: Ints
    most: Ints
    cost: Ints


class Tree(NamedTuple):
    """A spanning tree: the ``parent`` of each node, and the ``arc`` between, all [N].

    ``up`` tells whether the arc leads to the parent. The root's own entries mean nothing.
    """

    parent: Ints
    arc: Ints
    up: NDArray[np.bool_]


class _Links(NamedTuple):
    """A tree's children in linked lists (-1: none), how deep each node lies, its potential."""

    child: Ints
    after: Ints
    before: Ints
    depth: Ints
    value: Ints
    stack: Ints


def _compiled(function: Plain) -> Plain:
    """Return a function as machine code, kept on disk: it calls nothing outside this file."""
    return cast("Plain", njit(cache=True)(function))


@_compiled
def improve(arcs: Arcs, flow: Ints, tree: Tree, root: int, pivots_most: int) -> tuple[int, Ints]:
    """Make a flow cheapest, in place.

    Parameters
    ----------
    arcs
        Those off the tree must be empty or full.
    flow
        On each arc, [A]; what flows into a node flows out of it, or is its demand.
    tree
        Strongly feasible: no arc to a parent is full, no arc from one empty. Is changed.
    root
        A node.
    pivots_most
        Pivots after which it gives up.

    Returns
    -------
    tuple of int and array
        The pivots, -1 where it gave up; what one more unit at each node costs, [N].
    """
    state = np.ones(len(flow), dtype=np.int8)
    state[(flow > 0) & (flow == arcs.most)] = -1
    links = _linked(arcs, tree, root, state)
    value = links.value
    near, tried = np.empty(len(flow), np.int64), np.empty(len(flow) // _RUN + 2, np.int64)
    kept = count = at = pivots = 0
    while True:
        while at < count and _saved(arcs, state, value, tried[at]) >= 0:
            at += 1
        if at < count:
            if pivots == pivots_most:
                return -1, value
            pivots += 1
            _pivot(arcs, flow, tree, links, state, tried[at])
            at += 1
            continue
        at, count = 0, _worst(arcs, state, value, near[:kept], tried)
        if count == 0:
            kept = _violators(arcs, state, value, near)
            if kept == 0:
                return pivots, value
            count = _worst(arcs, state, value, near[:kept], tried)


@_compiled
def _saved(arcs: Arcs, state: NDArray[np.int8], value: Ints, arc: int) -> int:
    """Return the reduced cost of using (or leaving) an arc more; less than 0 where it saves."""
    saved: int = state[arc] * (arcs.cost[arc] + value[arcs.head[arc]] - value[arcs.tail[arc]])
    return saved


@_compiled
def _violators(arcs: Arcs, state: NDArray[np.int8], value: Ints, near: Ints) -> int:
    """Write the arcs that would save into ``near``; return their number."""
    kept = 0
    for arc in range(len(state)):
        if _saved(arcs, state, value, arc) < 0:
            near[kept] = arc
            kept += 1
    return kept


@_compiled
def _worst(arcs: Arcs, state: NDArray[np.int8], value: Ints, near: Ints, tried: Ints) -> int:
    """Write the arc that saves most of each run of ``near`` into ``tried``; return their number."""
    count = 0
    for begin in range(0, len(near), _RUN):
        least, best = 0, -1
        for arc in near[begin : begin + _RUN]:
            saved = _saved(arcs, state, value, arc)
            if saved < least:
                least, best = saved, arc
        if best >= 0:
            tried[count] = best
            count += 1
    return count


@_compiled
def _linked(arcs: Arcs, tree: Tree, root: int, state: NDArray[np.int8]) -> _Links:
    """Return the tree's lists and potentials, and mark its arcs in ``state``."""
    nodes = len(tree.parent)
    child, after, before = np.full(nodes, -1), np.full(nodes, -1), np.full(nodes, -1)
    links = _Links(
        child,
        after,
        before,
        np.zeros(nodes, np.int64),
        np.zeros(nodes, np.int64),
        np.empty(nodes, np.int64),
    )
    for node in range(nodes):
        if node != root:
            state[tree.arc[node]] = 0
            _hang(links, node, tree.parent[node])
    links.stack[0], top = root, 1
    while top > 0:
        top -= 1
        parent = links.stack[top]
        node = child[parent]
        while node >= 0:
            cost = arcs.cost[tree.arc[node]]
            links.value[node] = links.value[parent] + (cost if tree.up[node] else -cost)
            links.depth[node] = links.depth[parent] + 1
            links.stack[top] = node
            top += 1
            node = after[node]
    return links


@_compiled
def _hang(links: _Links, node: int, parent: int) -> None:
    first = links.child[parent]
    links.before[node], links.after[node] = -1, first
    if first >= 0:
        links.before[first] = node
    links.child[parent] = node


@_compiled
def _take_down(links: _Links, node: int, parent: int) -> None:
    before, after = links.before[node], links.after[node]
    if before >= 0:
        links.after[before] = after
    else:
        links.child[parent] = after
    if after >= 0:
        links.before[after] = before


@_compiled
def _pivot(
    arcs: Arcs, flow: Ints, tree: Tree, links: _Links, state: NDArray[np.int8], arc: int
) -> None:
    """Send as much as fits around the cycle that an arc closes, and change the tree."""
    begin, end = arcs.tail[arc], arcs.head[arc]
    if state[arc] < 0:
        begin, end = end, begin
    join = _join(tree, links.depth, begin, end)
    amount, out, side = _blocking(arcs, flow, tree, begin, end, join, arc)
    flow[arc] += state[arc] * amount
    node = begin
    while node != join:
        flow[tree.arc[node]] += -amount if tree.up[node] else amount
        node = tree.parent[node]
    node = end
    while node != join:
        flow[tree.arc[node]] += amount if tree.up[node] else -amount
        node = tree.parent[node]
    if side == 0:
        state[arc] = -state[arc]
        return
    gone = tree.arc[out]
    state[gone] = 1 if flow[gone] == 0 else -1
    state[arc] = 0
    if side == 1:
        _turn(arcs, tree, links, begin, end, arc, out)
    else:
        _turn(arcs, tree, links, end, begin, arc, out)


@_compiled
def _join(tree: Tree, depth: Ints, one: int, other: int) -> int:
    """Return the node in which the ways of two nodes to the root meet."""
    while one != other:
        if depth[one] >= depth[other]:
            one = tree.parent[one]
        else:
            other = tree.parent[other]
    return one


@_compiled
def _blocking(
    arcs: Arcs, flow: Ints, tree: Tree, begin: int, end: int, join: int, arc: int
) -> tuple[int, int, int]:
    """Return how much fits around a cycle, the node below the arc that blocks, and its side.

    Of several the last one from the join on, along the cycle: so the tree stays strongly feasible.
    The side is 1 below ``begin``, 2 below ``end``, 0 where the entering arc itself blocks.
    """
    amount, out, side = arcs.most[arc], -1, 0
    node = begin
    while node != join:
        on = tree.arc[node]
        left = flow[on] if tree.up[node] else arcs.most[on] - flow[on]
        if left < amount:
            amount, out, side = left, node, 1
        node = tree.parent[node]
    node = end
    while node != join:
        on = tree.arc[node]
        left = arcs.most[on] - flow[on] if tree.up[node] else flow[on]
        if left <= amount:
            amount, out, side = left, node, 2
        node = tree.parent[node]
    return amount, out, side


@_compiled
def _turn(arcs: Arcs, tree: Tree, links: _Links, low: int, high: int, arc: int, out: int) -> None:
    """Hang the part of the tree below ``out`` by an arc from its node ``low`` to ``high``."""
    node, parent, by, up = low, high, arc, arcs.tail[arc] == low
    while True:
        was, was_by, was_up = tree.parent[node], tree.arc[node], tree.up[node]
        _take_down(links, node, was)
        _hang(links, node, parent)
        tree.parent[node], tree.arc[node], tree.up[node] = parent, by, up
        if node == out:
            break
        node, parent, by, up = was, node, was_by, not was_up
    cost = arcs.cost[arc] if tree.up[low] else -arcs.cost[arc]
    rise = links.value[high] + cost - links.value[low]
    links.value[low] += rise
    links.depth[low] = links.depth[high] + 1
    links.stack[0], top = low, 1
    while top > 0:
        top -= 1
        parent = links.stack[top]
        node = links.child[parent]
        while node >= 0:
            links.value[node] += rise
            links.depth[node] = links.depth[parent] + 1
            links.stack[top] = node
            top += 1
            node = links.after[node]
