"""Speed, density and flow of stretches of road, from the movements of tracked trucks.

Edie's generalised definitions (L. C. Edie, "Discussion of traffic stream measurements and
definitions", Proc. 2nd Int. Symp. on the Theory of Traffic Flow, 1963) over the rectangle of a
stretch of length L and a window of length T, in which trucks drove Σd metres in Σt seconds:
flow = Σd / (L·T), density = Σt / (L·T), speed = Σd / Σt = flow / density.

They hold for any trajectories and need no count at a point. What is counted are trucks with a
tracker: speed is that of traffic as far as these drive like the others, flow and density are
theirs alone, and less than what is on the road by the share of trucks without one.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from flowctl.site import TrafficParams
from flowctl.traffic.roads import NO_WAY, Ints, Roads, Stretches
from geo.crs import Column

_KM = 1000.0
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Fixes on the ways of a site, shape [n], sorted by device and moment, no moment twice.

    ``at`` is epoch seconds; ``along_m`` and ``offset_m`` have shape [n, ways] and are what
    `Roads.locate` gave; ``engine_off`` is True where the tracker said so.
    """

    device: Ints
    at: Column
    along_m: Column
    offset_m: Column
    engine_off: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Movements:
    """What trucks did between two fixes on one way, shape [m]: from (at, along) to (at, along)."""

    device: Ints
    way: Ints
    from_at: Column
    to_at: Column
    from_m: Column
    to_m: Column


def movements_of(tracks: Tracks, params: TrafficParams) -> Movements:
    """Return the movements between neighbouring fixes of each device.

    Both fixes lie within ``on_way_m`` of the way, at most ``gap_s`` apart; the truck went forward
    (but for ``slack_m``: errors of position) and no faster than ``fastest_mps``; its engine was not
    off. Of several ways the nearest to both fixes counts. One that hardly moved says nothing about
    its direction, so it is left on the way its device last drove, where that is as near.
    """
    first = np.flatnonzero((np.diff(tracks.device) == 0) & ~tracks.engine_off[:-1])
    second = first + 1
    lasted = tracks.at[second] - tracks.at[first]
    near = (lasted > 0) & (lasted <= params.gap_s)
    first, second, lasted = first[near], second[near], lasted[near]
    moved = tracks.along_m[second] - tracks.along_m[first]
    cost = tracks.offset_m[first] + tracks.offset_m[second]
    fits = (moved >= -params.slack_m) & (moved <= params.fastest_mps * lasted[:, None])
    cost = np.where(fits, cost, np.inf)  # NaN along fits nothing
    way = _nearest(cost, moved, tracks.device[first], params.slack_m)
    on = way != NO_WAY
    first, second, way = first[on], second[on], way[on]
    return Movements(
        tracks.device[first],
        way,
        tracks.at[first],
        tracks.at[second],
        tracks.along_m[first, way],
        tracks.along_m[second, way],
    )


def _nearest(cost: Column, moved: Column, device: Ints, slack_m: float) -> Ints:
    """Return the way of each movement, `NO_WAY` where none fits; rows sorted by device, moment."""
    rows = np.arange(len(cost))
    if not cost.size:
        return np.full(len(cost), NO_WAY)
    best = np.argmin(cost, axis=1)
    least = cost[rows, best]
    # How far the device last drove a way for certain, carried on to where it hardly moved.
    drove = np.isfinite(least) & (np.abs(moved[rows, best]) > slack_m)
    last = np.maximum.accumulate(np.where(drove, rows, -1))
    known = (last >= 0) & (device[last] == device)
    former = np.where(known, best[last], best)
    stays = ~drove & (cost[rows, former] <= least + slack_m)
    return np.where(np.isfinite(least), np.where(stays, former, best), NO_WAY)


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Σd and Σt of the links of a site in consecutive windows.

    Attributes
    ----------
    starts
        Shape [k]: when each window starts, epoch seconds.
    window_s
        How long each is.
    distance_m, vehicle_s
        Shape [k, links]: metres driven and seconds spent there by tracked trucks. A truck that
        stands adds about nothing to the metres; errors of position that cancel over a queue may
        leave a few below zero.
    """

    starts: Column
    window_s: float
    distance_m: Column
    vehicle_s: Column


def sum_up(moves: Movements, roads: Roads, *, since: float, until: float, window_s: float) -> Sums:
    """Sum movements up over links and windows, each cut where it passes from one to the next.

    Windows begin at multiples of ``window_s``, from the one ``since`` lies in to the one that
    ``until`` lies in or ends (epoch seconds); what moved outside of them is left out.
    """
    first = int(np.floor(since / window_s))
    count = max(int(np.ceil(until / window_s)) - first, 0)
    links = len(roads.link_m)
    distance_m, vehicle_s = np.zeros(count * links), np.zeros(count * links)
    for number, way in enumerate(roads.ways):
        rows = np.flatnonzero(moves.way == number)
        parts = _by_window(_by_stretch(moves, rows, way), window_s)
        window = parts.window - first
        inside = (window >= 0) & (window < count)
        at = window[inside] * links + way.links[parts.stretch[inside]]
        distance_m += np.bincount(at, parts.moved_m[inside], count * links)
        vehicle_s += np.bincount(at, parts.lasted_s[inside], count * links)
    starts = np.arange(first, first + count, dtype=np.float64) * window_s
    shape = (count, links)
    return Sums(starts, window_s, distance_m.reshape(shape), vehicle_s.reshape(shape))


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Pieces of movements, each in one stretch and, once cut again, in one window."""

    stretch: Ints
    from_at: Column
    lasted_s: Column
    moved_m: Column
    window: Ints


def _by_stretch(moves: Movements, rows: Ints, way: Stretches) -> _Parts:
    """Cut movements where they pass from one stretch of their way to the next."""
    low = np.minimum(moves.from_m[rows], moves.to_m[rows])
    high = np.maximum(moves.from_m[rows], moves.to_m[rows])
    lowest, highest = way.stretch_at(low), way.stretch_at(high)
    row, step = _repeated(highest - lowest + 1)
    stretch = lowest[row] + step
    span = high - low
    begin = np.maximum(low[row], way.starts_m[stretch])
    end = np.minimum(high[row], way.starts_m[stretch + 1])
    whole = np.where(span > 0, span, 1.0)[row]
    # A truck that stood is in one stretch, all of its time.
    share = np.where(span[row] > 0, np.maximum(end - begin, 0.0) / whole, 1.0)
    moved = moves.to_m[rows] - moves.from_m[rows]
    lasted = moves.to_at[rows] - moves.from_at[rows]
    forward = moved[row] >= 0
    before = np.where(forward, begin - low[row], high[row] - end) / whole
    from_at = moves.from_at[rows][row] + np.where(span[row] > 0, before, 0.0) * lasted[row]
    return _Parts(
        stretch, from_at, share * lasted[row], share * moved[row], np.zeros(0, dtype=np.int64)
    )


def _by_window(parts: _Parts, window_s: float) -> _Parts:
    """Cut pieces of movements where one window ends and the next begins."""
    to_at = parts.from_at + parts.lasted_s
    first = np.floor(parts.from_at / window_s).astype(np.int64)
    last = np.maximum(np.ceil(to_at / window_s).astype(np.int64) - 1, first)
    row, step = _repeated(last - first + 1)
    window = first[row] + step
    begin = np.maximum(parts.from_at[row], window * window_s)
    end = np.minimum(to_at[row], (window + 1) * window_s)
    lasted = parts.lasted_s[row]
    share = np.where(lasted > 0, (end - begin) / np.where(lasted > 0, lasted, 1.0), 0.0)
    return _Parts(parts.stretch[row], begin, share * lasted, share * parts.moved_m[row], window)


def _repeated(times: Ints) -> tuple[Ints, Ints]:
    """Return (row, step) for rows that are repeated so many times: (0, 0), (0, 1), (1, 0), …."""
    row = np.repeat(np.arange(len(times)), times)
    step = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    return row, step


@dataclass(frozen=True, slots=True, eq=False)
class SpeedField:
    """What tracked trucks did on a way in one window; every column has shape [s].

    ``at`` is when the window started. ``speed_mps`` is NaN where nobody drove, ``vehicle_s`` 0.
    """

    way: str
    at: datetime
    window_s: float
    speed_mps: Column
    vehicle_s: Column
    density_per_km: Column
    flow_per_h: Column


def field_of(
    way: Stretches,
    roads: Roads,
    at: datetime,
    *,
    window_s: float,
    distance_m: Column,
    vehicle_s: Column,
) -> SpeedField:
    """Return the field of a way from one window's sums, shape [links] each (Edie 1963)."""
    time = vehicle_s[way.links]
    distance = np.maximum(distance_m[way.links], 0.0)
    seen = time > 0
    area = roads.link_m[way.links] * window_s
    return SpeedField(
        way.way,
        at,
        window_s,
        np.where(seen, distance / np.where(seen, time, 1.0), np.nan),
        time,
        np.where(seen, time / area * _KM, np.nan),
        np.where(seen, distance / area * _HOUR_S, np.nan),
    )


@dataclass(frozen=True, slots=True, eq=False)
class LiveSpeeds:
    """How fast a way is driven now; ``speed_mps`` has shape [s] and is known everywhere.

    ``vehicle_s`` (shape [s]) is how much weighted time of trucks stands behind it: 0 is nominal.
    """

    way: Stretches
    speed_mps: Column
    vehicle_s: Column

    def travel_s(self, from_m: Column | float, to_m: Column | float | None = None) -> Column:
        """Return the seconds from metres along the way to its end, or to ``to_m``.

        Each stretch is driven at its speed of now. Shape [n]; NaN where ``from_m`` is, 0 at or
        beyond the end.
        """
        lasts = np.diff(self.way.starts_m) / self.speed_mps
        clock = np.r_[0.0, np.cumsum(lasts)]
        end_m = self.way.length_m if to_m is None else to_m
        start = np.interp(np.atleast_1d(from_m), self.way.starts_m, clock)
        end = np.interp(np.atleast_1d(end_m), self.way.starts_m, clock)
        left = np.maximum(end - start, 0.0)
        return np.where(np.isnan(np.atleast_1d(from_m)), np.nan, left)


def live_speeds(roads: Roads, sums: Sums | None, now: float) -> tuple[LiveSpeeds, ...]:
    """Return how fast each way of a site is driven at ``now`` (epoch seconds).

    Over the windows k that have begun, each of weight w_k = 2^(-age_k / half-life), with its age
    counted from the window's middle (0 for one that is younger), a stretch of length L and nominal
    speed v₀ has

        speed = (p·L + Σ w_k Σd_k) / (p·L / v₀ + Σ w_k Σt_k)

    which is Edie's speed of what was seen and of p = ``prior_trucks`` trucks that passed at nominal
    speed. Nobody seen gives v₀; a standing queue tends to 0 and is bounded by ``least_mps``.
    Windows that begin after ``now`` count nothing. None where nothing has been measured.
    """
    links = len(roads.link_m)
    distance_m, vehicle_s = np.zeros(links), np.zeros(links)
    if sums is not None:
        age = np.maximum(now - (sums.starts + sums.window_s / 2), 0.0)
        weight = np.where(sums.starts < now, 0.5 ** (age / roads.params.half_life_s), 0.0)
        distance_m, vehicle_s = weight @ sums.distance_m, weight @ sums.vehicle_s
    return tuple(_live(way, roads, distance_m, vehicle_s) for way in roads.ways)


def _live(way: Stretches, roads: Roads, distance_m: Column, vehicle_s: Column) -> LiveSpeeds:
    prior_m = roads.params.prior_trucks * roads.link_m[way.links]
    seen_s = vehicle_s[way.links]
    moved_m = np.maximum(distance_m[way.links], 0.0)
    # With no prior and nobody seen there is nothing to divide; nominal is then all that is known.
    time = prior_m / way.nominal_mps + seen_s
    known = time > 0
    speed = np.where(known, (prior_m + moved_m) / np.where(known, time, 1.0), way.nominal_mps)
    return LiveSpeeds(way, np.maximum(speed, roads.params.least_mps), seen_s)
