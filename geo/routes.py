"""Shortest ways over directed edges, between places on edges.

The states of the search are edges, not nodes: so the twin of an edge (the same road, the other
way) is a turn like any other, and it is allowed only where the road ends. A loaded truck does not
turn round on the road. Parallel edges stay apart, as they are different states.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from shapely.ops import substring

from geo.crs import Column
from geo.network import Indices, RoadNetwork, Snaps

Arcs: TypeAlias = csr_array


class Cost(StrEnum):
    """What a shortest way is short in."""

    TIME = "time"
    DISTANCE = "distance"


@dataclass(frozen=True, slots=True)
class Place:
    """A point of the network: ``along_m`` metres from the start of the directed ``edge``."""

    edge: int
    along_m: float


@dataclass(frozen=True, slots=True)
class Route:
    """A way from a place on the first of ``edges`` to one on the last, in driving order.

    ``length_m`` is geodesic, ``duration_s`` that of a loaded truck on free roads.
    """

    edges: tuple[int, ...]
    start: Place
    goal: Place
    length_m: float
    duration_s: float


class Router:
    """Shortest ways over one network by one cost.

    Parameters
    ----------
    network
        The roads.
    cost
        Metres or seconds.
    """

    __slots__ = ("_arcs", "_into", "_weight", "network")

    def __init__(self, network: RoadNetwork, cost: Cost) -> None:
        self.network = network
        seconds = network.length_m / network.speed_mps
        self._weight: Column = network.length_m if cost is Cost.DISTANCE else seconds
        here, onward = _turns(network)
        shape = (len(network.start),) * 2
        # The weight of a turn is the edge it leaves: a distance is then from start to start.
        self._arcs = csr_array((self._weight[here], (here, onward)), shape=shape)
        self._into = csr_array((self._weight[here], (onward, here)), shape=shape)

    def reach(
        self, edges: Sequence[int], limit: float
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Search from the start of each of ``edges`` to the starts of all edges (Dijkstra).

        Parameters
        ----------
        edges
            Where to search from, shape [k].
        limit
            Metres or seconds beyond which nothing is looked for.

        Returns
        -------
        cost, before
            Shape [k, m]: the cost from start to start, infinite beyond the limit, and the edge
            driven before.
        """
        found, before = dijkstra(
            self._arcs, indices=list(edges), limit=limit, return_predecessors=True
        )
        return found, before

    def round_trip(self, edge: int, cost: NDArray[np.float64]) -> tuple[float, int]:
        """Return the cost from an edge's start round to its start, and the last edge of the round.

        ``cost`` is the row of ``edge`` that `reach` returned, shape [m].
        """
        row = slice(self._into.indptr[edge], self._into.indptr[edge + 1])
        last = self._into.indices[row]
        if not len(last):
            return float("inf"), -1
        whole = cost[last] + self._weight[last]
        best = int(np.argmin(whole))
        return float(whole[best]), int(last[best])

    def between(self, start: Place, goal: Place, *, limit: float = np.inf) -> Route | None:
        """Return the shortest way between two places on edges, None where there is none.

        ``limit`` bounds the cost from the start of the first edge to that of the last.
        """
        if start.edge == goal.edge and start.along_m <= goal.along_m:
            return self._route((start.edge,), start, goal)
        (cost,), (before,) = self.reach([start.edge], limit)
        step, tail = goal.edge, [goal.edge]
        if start.edge == goal.edge:
            _, step = self.round_trip(start.edge, cost)
            tail.append(step)
        if step < 0 or not np.isfinite(cost[step]):
            return None
        while step != start.edge:
            step = int(before[step])
            tail.append(step)
        return self._route(tuple(tail[::-1]), start, goal)

    def shortest(self, starts: Snaps, goals: Snaps) -> Route | None:
        """Return the shortest of the ways from any of some places to any of others, if any."""
        ways = [self.between(start, goal) for start in _places(starts) for goal in _places(goals)]
        found = [way for way in ways if way is not None]
        return min(found, key=self._cost_of, default=None)

    def _cost_of(self, route: Route) -> float:
        return route.length_m if self._weight is self.network.length_m else route.duration_s

    def _route(self, edges: tuple[int, ...], start: Place, goal: Place) -> Route:
        network = self.network
        whole = np.asarray(edges)
        driven = network.length_m[whole].copy()
        driven[-1] = goal.along_m
        driven[0] -= start.along_m
        seconds = driven / network.speed_mps[whole]
        return Route(edges, start, goal, float(driven.sum()), float(seconds.sum()))


def line_of(network: RoadNetwork, route: Route) -> shapely.LineString:
    """Return a route as a line, lon/lat in degrees; one without length is a doubled point."""
    corners = np.vstack([network.corners(edge) for edge in route.edges])
    x, y = network.plane.to_metres(*corners.T)
    whole = shapely.LineString(np.column_stack([x, y]))
    scale = whole.length / sum(float(network.length_m[edge]) for edge in route.edges)
    begin = route.start.along_m * scale
    own = shapely.get_coordinates(substring(whole, begin, begin + route.length_m * scale))
    line = shapely.LineString(own if len(own) > 1 else np.vstack([own, own]))
    return network.plane.degrees_of(line)


def _places(snaps: Snaps) -> list[Place]:
    return [
        Place(int(edge), float(along))
        for edge, along in zip(snaps.edge, snaps.along_m, strict=True)
    ]


def twins(network: RoadNetwork) -> Indices:
    """Return for each edge the same road driven the other way, -1 where it is one-way; shape [m].

    A twin joins the same nodes, is of the same way, and its drawing is the same reversed.
    """
    known: dict[tuple[object, ...], int] = {}
    twin = np.full(len(network.start), -1, dtype=np.int64)
    for edge in range(len(twin)):
        ends, way = (int(network.start[edge]), int(network.end[edge])), int(network.way[edge])
        drawn = network.corners(edge)
        other = known.get((ends[::-1], way, drawn[::-1].tobytes()))
        if other is None:
            known[ends, way, drawn.tobytes()] = edge
        else:
            twin[edge], twin[other] = other, edge
    return twin


def _turns(network: RoadNetwork) -> tuple[Indices, Indices]:
    """Return every turn: the edges left and the edges entered, shape [turns] each."""
    edges = len(network.start)
    by_start = np.argsort(network.start, kind="stable")
    low = np.searchsorted(network.start, network.end, side="left", sorter=by_start)
    high = np.searchsorted(network.start, network.end, side="right", sorter=by_start)
    choices = high - low
    here = np.repeat(np.arange(edges), choices)
    rank = np.arange(len(here)) - np.repeat(np.cumsum(choices) - choices, choices)
    onward = by_start[low[here] + rank]
    turned_round = (onward == twins(network)[here]) & (choices[here] > 1)
    return here[~turned_round], onward[~turned_round]
