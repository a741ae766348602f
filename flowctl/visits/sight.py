"""From the columns of fixes to sightings: where each fix lies, as far as its accuracy tells."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from flowctl.site import VisitParams
from flowctl.visits.ground import Ground
from flowctl.visits.track import SECOND, Sighting

_NOWHERE: frozenset[str] = frozenset()
_METRES_A_DEGREE = 110_000.0
"""A little less than a degree of latitude has, so that a rectangle grown by it is never small."""

Indexes = NDArray[np.intp]
Rows = NDArray[np.void]
Places = tuple[frozenset[str], frozenset[str], frozenset[str]]


class View:
    """A batch of fixes laid over the zones: cheap as a whole, worked out for the rows asked for.

    Parameters
    ----------
    rows
        Columns as in `flowctl.storage.fixes.STORED`, shape [n], instants in microseconds since
        1970; of one device no two of one moment.
    ground
        The zones; of several versions of one those valid at each fix's moment decide.
    params
        Accuracy and speed are judged by it.
    lag_limits_s
        How late a source's fixes may come in to prove their moments, by source; of the others
        ``params`` says so.

    Attributes
    ----------
    touching
        Which rows lie within the outer boundary of some zone, shape [n].
    """

    __slots__ = ("_ground", "_lags", "_located", "_params", "_rows", "touching")

    def __init__(
        self,
        rows: Rows,
        ground: Ground,
        params: VisitParams,
        lag_limits_s: Mapping[int, float] | None = None,
    ) -> None:
        self._rows = rows
        self._ground = ground
        self._params = params
        self._lags = lag_limits_s or {}
        self._located = ground.index.locate(rows["lon"], rows["lat"], rows["fixed_at"])
        self.touching: NDArray[np.bool_] = np.zeros(len(rows), dtype=np.bool_)
        self.touching[self._located.point] = True

    def sightings(self, which: Indexes) -> list[Sighting]:
        """Return a sighting of each row that is asked for, in ascending order of their numbers."""
        rows = self._rows[which]
        places = self._places(which, rows)
        nowhere: Places = (_NOWHERE, _NOWHERE, _NOWHERE)
        columns = zip(
            rows["fixed_at"].tolist(),
            rows["received_at"].tolist(),
            rows["source_id"].tolist(),
            rows["lon"].tolist(),
            rows["lat"].tolist(),
            self._moving(rows),
            self._timely(rows),
            which.tolist(),
            strict=True,
        )
        return [
            Sighting(at, received_at, source, lon, lat, moving, timely, *places.get(row, nowhere))
            for at, received_at, source, lon, lat, moving, timely, row in columns
        ]

    def _moving(self, rows: Rows) -> list[bool]:
        """Tell which fixes are of a truck on its way; see `flowctl.visits.track.is_moving`."""
        speed = rows["speed_mps"]
        silent = np.isnan(speed)
        moving: list[bool] = np.where(
            silent, rows["ignition"] > 0, speed > self._params.moving_mps
        ).tolist()
        return moving

    def _timely(self, rows: Rows) -> list[bool]:
        limit = np.full(len(rows), self._params.lag_limit_s * SECOND)
        for source, seconds in self._lags.items():
            limit[rows["source_id"] == source] = seconds * SECOND
        timely: list[bool] = (rows["received_at"] - rows["fixed_at"] <= limit).tolist()
        return timely

    def _places(self, which: Indexes, rows: Rows) -> dict[int, Places]:
        """Return the zones (inner, outer, unsure) of those asked-for rows that have any."""
        located, zones = self._located, self._ground.index.zones
        asked = np.zeros(len(self._rows), dtype=np.bool_)
        asked[which] = True
        wanted = np.flatnonzero(asked[located.point])
        point = located.point[wanted]
        code = located.zone[wanted].astype(np.int64) * 2 + located.inner[wanted]
        known: dict[tuple[int, ...], Places] = {}  # trucks stand together: few are different
        places: dict[int, Places] = {}
        starts = np.flatnonzero(np.diff(point, prepend=-1))
        codes = code.tolist()
        for row, begin, end in zip(
            point[starts].tolist(),
            starts.tolist(),
            np.append(starts, len(codes))[1:].tolist(),
            strict=True,
        ):
            here = tuple(codes[begin:end])
            if here not in known:
                outer = frozenset(zones[one // 2].id for one in here)
                inner = frozenset(zones[one // 2].id for one in here if one % 2)
                known[here] = inner, outer, _NOWHERE
            places[row] = known[here]
        places.update(self._vague_places(which, rows))
        return places

    def _vague_places(self, which: Indexes, rows: Rows) -> dict[int, Places]:
        """Return the zones of rows whose accuracy is poorer than the boundaries are made for.

        Such a fix is inside only where it lies deeper by the factor its accuracy is poorer, outside
        only where it lies further away by it; in between it decides nothing.
        """
        reference = self._params.inner_m
        if reference <= 0 or not self._ground.index.zones:
            return {}
        vague = np.flatnonzero(rows["accuracy_m"] > reference)
        if not len(vague):
            return {}
        factor = rows["accuracy_m"][vague].astype(np.float64) / reference
        at, zone = self._reached(rows[vague], factor * self._params.outer_m)
        lon, lat = rows["lon"][vague][at], rows["lat"][vague][at]
        away = self._ground.index.distance_m(lon, lat, zone)
        inside = away <= -factor[at] * self._ground.index.inner_m[zone]
        reached = away <= factor[at] * self._params.outer_m
        found: dict[int, tuple[set[str], set[str]]] = {
            row: (set(), set()) for row in which[vague].tolist()
        }
        for n, z, deep, near in zip(
            which[vague][at].tolist(), zone.tolist(), inside.tolist(), reached.tolist(), strict=True
        ):
            if near:
                found[n][0 if deep else 1].add(self._ground.index.zones[z].id)
        return {
            row: (frozenset(deep), frozenset(deep), frozenset(unsure))
            for row, (deep, unsure) in found.items()
        }

    def _reached(self, rows: Rows, radius_m: NDArray[np.float64]) -> tuple[Indexes, Indexes]:
        """Pair rows with the zones whose rectangles, valid then, lie within a radius of them."""
        west, south, east, north = self._ground.bounds.T
        lon, lat = rows["lon"][:, None], rows["lat"][:, None]
        high = radius_m[:, None] / _METRES_A_DEGREE
        wide = high / np.cos(np.radians(lat))
        near = (lon >= west - wide) & (lon <= east + wide)
        near &= (lat >= south - high) & (lat <= north + high)
        at_us = rows["fixed_at"][:, None]
        near &= (at_us >= self._ground.valid_from) & (at_us < self._ground.valid_until)
        at, zone = np.nonzero(near)
        return at, zone


def one_a_moment(rows: Rows) -> Indexes:
    """Choose one row for each device and moment; return their numbers by device and moment.

    Two sources may tell of one moment: the more accurate fix counts, else that of the lower source.

    Parameters
    ----------
    rows
        Sorted by device, moment and source; columns as `View` takes them, shape [n].
    """
    if not _repeats(rows).any():
        return np.arange(len(rows))
    order = np.lexsort(  # NaN comes last
        (rows["source_id"], rows["accuracy_m"], rows["fixed_at"], rows["device_id"])
    )
    chosen: Indexes = order[~_repeats(rows[order])]
    return chosen


def _repeats(rows: Rows) -> NDArray[np.bool_]:
    """Tell which rows are of the device and the moment of the row before, shape [n]."""
    repeats = np.zeros(len(rows), dtype=np.bool_)
    repeats[1:] = rows["fixed_at"][1:] == rows["fixed_at"][:-1]
    repeats[1:] &= rows["device_id"][1:] == rows["device_id"][:-1]
    return repeats
