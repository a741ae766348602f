"""The most likely places of a track's fixes on roads: a hidden Markov model and its decoding.

After Newson & Krumm, "Hidden Markov map matching through noise and sparseness", ACM SIGSPATIAL GIS
2009: a fix is emitted from a place on a road with a Gaussian error, and the way driven between two
fixes is about as long as the straight line. The most likely sequence is Viterbi's, in logarithms.
Added to it: roads are directed and a truck does not turn round but where a road ends; a heading
counts where the truck moves (von Mises); a fix behind the one before it on the same edge, within
the noise, is a truck that stands; one fix that no way leads to is left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.crs import Column
from geo.network import Indices, RoadNetwork, Snaps
from geo.routes import Place, Router
from geo.tracks import SECOND_US, MatchParams, Track, sigmas

_NONE = -1


@dataclass(frozen=True, slots=True)
class Part:
    """A run of fixes joined by ways, with the place of each, and why it follows a break."""

    fixes: tuple[int, ...]
    places: tuple[Place, ...]
    reason: str


class Lattice:
    """The places each fix can be at, and how likely it is to get from one to the next.

    Parameters
    ----------
    router
        Of the network, by distance.
    track, fixes
        The track, and which of its fixes are to be placed, shape [k], rising.
    params
        How.
    """

    __slots__ = (
        "_along",
        "_at_s",
        "_edge",
        "_likely",
        "_params",
        "_router",
        "_rows",
        "_x",
        "_y",
        "fix",
    )

    def __init__(self, router: Router, track: Track, fixes: Indices, params: MatchParams) -> None:
        network = router.network
        sigma = sigmas(track, params)[fixes]
        # A poor fix is looked for further off, yet not all over the town.
        radius = np.clip(3 * sigma, params.radius_m, 3 * params.radius_m)
        lon, lat = track.lon[fixes], track.lat[fixes]
        near = network.snap(lon, lat, k=params.candidates, radius_m=float(radius.max()))
        row = np.flatnonzero(near.offset_m <= radius[near.point])
        near = Snaps(near.point[row], near.edge[row], near.along_m[row], near.offset_m[row])
        likely = -0.5 * (near.offset_m / sigma[near.point]) ** 2
        likely += _heading_likely(network, track, fixes[near.point], near, params)
        placed, at = np.unique(near.point, return_inverse=True)
        rank = np.arange(len(at)) - np.searchsorted(near.point, near.point)
        shape = (len(placed), params.candidates)
        self.fix = fixes[placed]
        self._edge = np.full(shape, _NONE, dtype=np.int64)
        self._along: Column = np.zeros(shape)
        self._likely: Column = np.full(shape, -np.inf)
        self._edge[at, rank] = near.edge
        self._along[at, rank] = near.along_m
        self._likely[at, rank] = likely
        self._x, self._y = network.plane.to_metres(lon[placed], lat[placed])
        self._at_s = None if track.at_us is None else track.at_us[self.fix] / SECOND_US
        self._router, self._params = router, params
        self._rows: dict[int, tuple[float, Column]] = {}

    def decode(self) -> list[Part]:
        """Return the most likely places, parted where no way leads from one fix to the next."""
        parts: list[Part] = []
        steps, reason, row = [_Step(0, self._likely[0], None)], "", 1
        while row < len(self.fix):
            step = self._next(steps[-1], row)
            if step is None and row + 1 < len(self.fix):
                step = self._next(steps[-1], row + 1)  # one fix may be wrong altogether
            if step is None:
                parts.append(self._part(steps, reason))
                steps, reason = [], self._why(parts[-1].fixes[-1], row)
                step = _Step(row, self._likely[row], None)
            steps.append(step)
            row = step.row + 1
        parts.append(self._part(steps, reason))
        return parts

    def _next(self, step: "_Step", row: int) -> "_Step | None":
        """Return the step to ``row``, None where no way leads there."""
        straight = float(np.hypot(*(at[row] - at[step.row] for at in (self._x, self._y))))
        beta = self._params.beta_m + self._params.beta_share * straight
        limit = straight + self._params.detour_m
        if self._at_s is not None:
            elapsed = float(self._at_s[row] - self._at_s[step.row])
            if elapsed > self._params.most_silence_s:
                return None
            limit = min(limit, self._params.most_mps * elapsed + self._back_m)
        driven = self._driven_m(step.row, row, limit)
        likely = step.score[:, None] - np.abs(driven - straight) / beta
        before = likely.argmax(axis=0)
        score = likely[before, np.arange(len(before))] + self._likely[row]
        return _Step(row, score, before) if np.isfinite(score).any() else None

    @property
    def _back_m(self) -> float:
        return self._params.back_sigmas * self._params.sigma_m

    def _driven_m(self, one: int, other: int, limit: float) -> Column:
        """Return the metres from each place of ``one`` to each of ``other``, shape [k, k].

        Infinite where there is none of at most ``limit`` metres.
        """
        of, to = self._edge[one] >= 0, self._edge[other] >= 0
        here, there = self._edge[one][of], self._edge[other][to]
        known = self._costs(here, limit)
        costs = np.stack([known[int(edge)][there] for edge in here])
        ahead = self._along[other][to][None, :] - self._along[one][of][:, None]
        driven = costs + ahead
        behind = (here[:, None] == there[None, :]) & (ahead < 0)
        driven[behind & (ahead >= -self._back_m)] = 0.0
        for row, column in np.argwhere(behind & (ahead < -self._back_m)):
            whole, _ = self._router.round_trip(int(here[row]), known[int(here[row])])
            driven[row, column] = whole + ahead[row, column]
        full = np.full((len(of), len(to)), np.inf)
        full[np.ix_(of, to)] = np.where(driven <= limit, driven, np.inf)
        return full

    def _costs(self, edges: Indices, limit: float) -> dict[int, Column]:
        """Return the metres from the start of each edge to all, far enough for ``limit``.

        What was searched for the step before is used again, and no older search is kept.
        """
        need = limit + float(self._router.network.length_m[edges].max())
        wanted = {int(edge) for edge in edges}
        rows = {edge: row for edge, row in self._rows.items() if edge in wanted and row[0] >= need}
        missing = sorted(wanted - rows.keys())
        if missing:
            costs, _ = self._router.reach(missing, need)
            rows |= {edge: (need, row) for edge, row in zip(missing, costs, strict=True)}
        self._rows = rows
        return {edge: row for edge, (_, row) in rows.items()}

    def _part(self, steps: list["_Step"], reason: str) -> Part:
        """Follow the best end back to its beginning."""
        column = int(steps[-1].score.argmax())
        places = []
        for step in reversed(steps):
            edge, along = self._edge[step.row, column], self._along[step.row, column]
            places.append(Place(int(edge), float(along)))
            column = column if step.before is None else int(step.before[column])
        fixes = tuple(int(self.fix[step.row]) for step in steps)
        return Part(fixes, tuple(reversed(places)), reason)

    def _why(self, before: int, row: int) -> str:
        if self._at_s is not None:
            last = self._at_s[np.searchsorted(self.fix, before)]
            silence_s = float(self._at_s[row] - last)
            if silence_s > self._params.most_silence_s:
                return f"{silence_s / 60:.0f} minutes of silence"
        return (
            "no way leads from one to the other that is at most"
            f" {self._params.detour_m:g} m longer than the straight line and needs at most"
            f" {self._params.most_mps:g} m/s"
        )


@dataclass(frozen=True, slots=True)
class _Step:
    """How likely each place of one fix is, and from which place of the step before."""

    row: int
    score: Column
    before: NDArray[np.intp] | None


def _heading_likely(
    network: RoadNetwork, track: Track, fix: Indices, near: Snaps, params: MatchParams
) -> Column:
    """Return the logarithm of how well the heading fits the road's, 0 where it says nothing."""
    if track.heading_deg is None or track.speed_mps is None:
        return np.zeros(len(fix))
    turned = np.radians(track.heading_deg[fix] - network.heading_deg(near.edge, near.along_m))
    likely = (np.cos(turned) - 1.0) / np.radians(params.heading_sigma_deg) ** 2
    says = np.isfinite(turned) & (track.speed_mps[fix] >= params.heading_from_mps)
    return np.where(says, likely, 0.0)
