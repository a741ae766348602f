"""A grid whose cells know their zones, so that a polygon is asked about few points.

A cell that no boundary touches lies wholly in a zone or out of it and answers for all its points.
Only for the points of a touched smallest cell (see `geo.cutting`) is the polygon asked. So the
answer is the polygons' own on every point: predicate covers, points on edges included.
"""

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.combos import ASK_INNER, ASK_OUTER, INNER
from geo.cutting import GridParams, cut
from geo.raster import Bools, Column, Numbers, Shapes
from geo.touched import CELLS, SIDE, SPLIT

AT_ONCE = 1 << 15  # points: what is made of so many fits the processor's cache

Found = tuple[Numbers, NDArray[np.int32], Bools]


class Grid:
    """Zones given by an outer and an inner boundary each, cut into cells.

    Parameters
    ----------
    outer, inner
        Polygons in degrees, WGS 84, shape [z] each, the inner one of a zone within its outer one.
    params
        How finely to cut.
    """

    __slots__ = ("_bounds", "_counts", "_cut", "_inner", "_outer")

    def __init__(self, outer: Shapes, inner: Shapes, params: GridParams | None = None) -> None:
        self._outer, self._inner = outer, inner
        shapely.prepare(outer)
        shapely.prepare(inner)
        # Of no zones there are no bounds: nothing is west of a NaN, nor east of it.
        some = outer[~shapely.is_empty(outer)]
        self._bounds = shapely.total_bounds(some) if len(some) else np.full(4, np.nan)
        self._cut = cut(outer, inner, self._bounds, params or GridParams())
        self._counts = np.diff(self._cut.begins)

    @property
    def nbytes(self) -> int:
        """The memory the cells take."""
        parts = (*self._cut.tables, self._cut.begins, self._cut.zone, self._cut.state)
        return sum(part.nbytes for part in parts)

    def covers(self, lon: Column, lat: Column) -> Found:
        """Find the zones whose outer boundary covers each point.

        Parameters
        ----------
        lon, lat
            Degrees, WGS 84, shape [n]; NaN is in no zone.

        Returns
        -------
        point, zone, inner
            Shape [m] each, by point and zone ascending; ``inner`` where the inner boundary covers
            the point as well.
        """
        parts = [
            self._members(lon[start : start + AT_ONCE], lat[start : start + AT_ONCE], start)
            for start in range(0, len(lon), AT_ONCE)
        ] or [self._members(lon, lat, 0)]
        point, zone, state = (np.concatenate(column) for column in zip(*parts, strict=True))
        inner = state == INNER
        asked = np.flatnonzero(state > INNER)
        asked = asked[np.argsort(zone[asked], kind="stable")]  # a polygon stays in the cache
        at = point[asked]
        covered, inner[asked] = self._asked(zone[asked], state[asked], lon[at], lat[at])
        kept = np.ones(len(point), dtype=np.bool_)
        kept[asked] = covered
        return point[kept], zone[kept], inner[kept]

    def _members(
        self, lon: Column, lat: Column, start: int
    ) -> tuple[Numbers, NDArray[np.int32], NDArray[np.uint8]]:
        """Return what the cells say of points of which the first is number ``start``.

        Returns
        -------
        point, zone, state
            Shape [m] each, by point and zone ascending.
        """
        # Most points of a country are far from every zone; NaN is within no bounds.
        west, south, east, north = self._bounds
        near = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
        if len(near) < len(lon):
            lon, lat = lon[near], lat[near]
        combo = self._combos(lon, lat)
        hit = np.flatnonzero(combo)
        combo = combo[hit]
        count = self._counts[combo]
        point = np.repeat(near[hit] + start, count)
        before = np.cumsum(count) - count
        member = np.repeat(self._cut.begins[combo] - before, count) + np.arange(len(point))
        return point, self._cut.zone[member], self._cut.state[member]

    def _combos(self, lon: Column, lat: Column) -> NDArray[np.int32]:
        """Look up the set of zones of each point's smallest cell; the points are near."""
        cut = self._cut
        u, v = cut.lattice.place(lon, lat)
        column, row = u.astype(np.int32), v.astype(np.int32)
        shift = SPLIT * cut.levels
        combo = cut.tables[0][(row >> shift) * cut.width + (column >> shift)].astype(np.int32)
        for table in cut.tables[1:]:
            shift -= SPLIT
            deeper = np.flatnonzero(combo < 0)
            local = ((row[deeper] >> shift) & (SIDE - 1)) * SIDE
            local += (column[deeper] >> shift) & (SIDE - 1)
            combo[deeper] = table[~combo[deeper] * CELLS + local]
        return combo

    def _asked(
        self, zone: NDArray[np.int32], state: NDArray[np.uint8], lon: Column, lat: Column
    ) -> tuple[Bools, Bools]:
        """Ask the polygons about points: covered by the outer boundary, and by the inner one."""
        covered, inner = state == ASK_INNER, np.zeros(len(zone), dtype=np.bool_)
        # For a point, "intersects" is "covered by", and this form uses the prepared polygons.
        ask = np.flatnonzero(state >= ASK_OUTER)
        covered[ask] = shapely.intersects_xy(self._outer[zone[ask]], lon[ask], lat[ask])
        ask = np.flatnonzero(covered & (state != ASK_OUTER))
        inner[ask] = shapely.intersects_xy(self._inner[zone[ask]], lon[ask], lat[ask])
        return covered, inner
