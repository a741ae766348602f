"""Which roads a track was driven on: map matching to directed edges.

The most likely way is found by `geo.lattice`; here a track is asked about, and the way is told fix
by fix and edge by edge.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geo.crs import Column
from geo.lattice import Lattice, Part
from geo.network import EARTH, Indices, RoadError, RoadNetwork
from geo.routes import Place, Router
from geo.tracks import MatchParams, Moments, Track, telling


@dataclass(frozen=True, slots=True, eq=False)
class MatchedPiece:
    """A way driven without a break, from fix ``first_fix`` to ``last_fix``.

    ``edges`` are the directed edges in driving order, shape [p]; ``entered_us`` and ``left_us`` the
    interpolated moments at their ends (at the first and last edge those of the fixes), None
    where the track has no moments. ``length_m`` is geodesic, along the roads, between the
    places ``start`` and ``goal``.
    """

    first_fix: int
    last_fix: int
    edges: Indices
    entered_us: Moments | None
    left_us: Moments | None
    start: Place
    goal: Place
    length_m: float


@dataclass(frozen=True, slots=True)
class Break:
    """Between fix ``before`` and fix ``after`` nothing is known of the way, and why."""

    before: int
    after: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """Where a track was driven.

    ``edge`` is -1 and ``along_m`` (from the edge's start) and ``offset_m`` (from there to the fix)
    are NaN for a fix that lies on no road; shape [n] each. ``raw_m`` is the straight lines'
    length between the fixes of each piece; ``track_m`` that of the whole track.
    """

    edge: Indices
    along_m: Column
    offset_m: Column
    pieces: tuple[MatchedPiece, ...]
    breaks: tuple[Break, ...]
    raw_m: float
    track_m: float

    @property
    def matched_m(self) -> float:
        """Metres along the roads, of all pieces."""
        return sum(piece.length_m for piece in self.pieces)

    @property
    def ratio(self) -> float | None:
        """Matched over raw length; None where no two fixes are apart."""
        return self.matched_m / self.raw_m if self.raw_m else None


def match(router: Router, track: Track, params: MatchParams | None = None) -> Match:
    """Match a track to directed edges.

    Parameters
    ----------
    router
        Of the network, by distance.
    track
        The fixes.
    params
        How.

    Raises
    ------
    RoadError
        No fix of the track lies near a road.
    """
    params = params or MatchParams()
    network = router.network
    x, y = network.plane.to_metres(track.lon, track.lat)
    kept = telling(track, x, y, params)
    lattice = Lattice(router, track, kept, params)
    if not len(lattice.fix):
        west, south, east, north = network.bounds
        raise RoadError(
            f"No fix of the track lies within {params.radius_m:g} m of a road; the roads reach from"
            f" {south:.4f}, {west:.4f} to {north:.4f}, {east:.4f} (latitude, longitude)."
        )
    parts = lattice.decode()
    keeper = kept[np.searchsorted(kept, np.arange(len(x)), side="right") - 1]
    edge, along = np.full(len(x), -1, dtype=np.int64), np.full(len(x), np.nan)
    pieces = []
    for part in parts:
        way = _Way(router, part, params)
        own = np.flatnonzero(np.isin(keeper, part.fixes))
        edge[own], along[own] = way.places(_clock(track)[own], _clock(track)[list(part.fixes)])
        pieces.append(_piece(track, part, way, int(own[-1])))
    raw = [_straight_m(x, y, part.fixes) for part in parts]
    return Match(
        edge=edge,
        along_m=along,
        offset_m=_offset_m(network, track, edge, along),
        pieces=tuple(pieces),
        breaks=tuple(
            Break(one.last_fix, other.first_fix, part.reason)
            for one, other, part in zip(pieces, pieces[1:], parts[1:], strict=False)
        ),
        raw_m=sum(raw),
        track_m=_straight_m(x, y, kept),
    )


class _Way:
    """The edges of one part in driving order, and how far along them each of its fixes is."""

    __slots__ = ("_begins", "_network", "along_m", "edges", "goal", "start")

    def __init__(self, router: Router, part: Part, params: MatchParams) -> None:
        self._network = network = router.network
        back_m = params.back_sigmas * params.sigma_m
        self.start = here = part.places[0]
        edges, along = [here.edge], [0.0]
        for one, other in itertools.pairwise(part.places):
            if one.edge == other.edge and other.along_m >= one.along_m - back_m:
                there = Place(here.edge, max(here.along_m, other.along_m))
                along.append(along[-1] + there.along_m - here.along_m)
            else:
                there, route = other, router.between(here, other)
                if route is None:
                    raise AssertionError(f"a way from {here} to {other} was found and is not there")
                edges.extend(route.edges[1:])
                along.append(along[-1] + route.length_m)
            here = there
        self.goal = here
        self.edges: Indices = np.array(edges, dtype=np.int64)
        self.along_m: Column = np.array(along)
        lengths = network.length_m[self.edges]
        self._begins: Column = np.cumsum(lengths) - lengths - self.start.along_m

    def places(self, clock: Column, fixes: Column) -> tuple[Indices, Column]:
        """Return the edge and the metres along it at moments, those of the fixes being known."""
        along = np.interp(clock, fixes, self.along_m)
        step = np.clip(np.searchsorted(self._begins, along, side="right") - 1, 0, None)
        return self.edges[step], along - self._begins[step]

    def moments(self, fixes: Column) -> tuple[Moments, Moments]:
        """Return when each edge was entered and left, those of the fixes being known."""
        ends = np.r_[0.0, self._begins[1:], self.along_m[-1]]
        at: Moments = np.rint(np.interp(ends, self.along_m, fixes)).astype(np.int64)
        at[0], at[-1] = fixes[0], fixes[-1]
        return at[:-1], at[1:]


def _clock(track: Track) -> Column:
    """Return what fixes are interpolated by: their moments, else their numbers."""
    clock = np.arange(len(track.lon)) if track.at_us is None else track.at_us
    return clock.astype(np.float64)  # µs of this century are exact in 53 bits


def _piece(track: Track, part: Part, way: _Way, last: int) -> MatchedPiece:
    entered = left = None
    if track.at_us is not None:
        entered, left = way.moments(_clock(track)[list(part.fixes)])
    return MatchedPiece(
        first_fix=part.fixes[0],
        last_fix=last,
        edges=way.edges,
        entered_us=entered,
        left_us=left,
        start=way.start,
        goal=way.goal,
        length_m=float(way.along_m[-1]),
    )


def _offset_m(network: RoadNetwork, track: Track, edge: Indices, along: Column) -> Column:
    seen = edge >= 0
    lon, lat = network.at(edge[seen], along[seen])
    _, _, metres = EARTH.inv(track.lon[seen], track.lat[seen], lon, lat)
    offset: Column = np.full(len(edge), np.nan)
    np.place(offset, seen, metres)
    return offset


def _straight_m(x: Column, y: Column, fixes: Sequence[int] | Indices) -> float:
    own = np.asarray(fixes)
    return float(np.hypot(np.diff(x[own]), np.diff(y[own])).sum())
