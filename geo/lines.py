"""Distance along a road: where a point lies on it, and which point lies at a distance."""

from collections.abc import Sequence

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.crs import Column, Projection

_EARTH = pyproj.Geod(ellps="WGS84")
JOIN_TOLERANCE_DEG = 1e-4  # 11 m: two ends drawn by hand as one place


class Path:
    """A WGS 84 lon/lat line with its metres.

    Distances are measured in the plane of ``epsg`` along the line, from its first point.

    Parameters
    ----------
    line
        The line in degrees, in driving direction.
    epsg
        The projected system of the site, in metres.

    Raises
    ------
    ValueError
        Where the line has no length.
    """

    __slots__ = ("_along", "_heading", "_pieces", "_projection", "_x", "_y", "length_m", "line")

    def __init__(self, line: shapely.LineString, epsg: int) -> None:
        self.line = line
        self._projection = Projection(epsg)
        lon, lat = shapely.get_coordinates(line).T
        x, y = self._projection.to_metres(lon, lat)
        moves = np.r_[True, np.hypot(np.diff(x), np.diff(y)) > 0]  # a doubled point has no heading
        lon, lat, self._x, self._y = lon[moves], lat[moves], x[moves], y[moves]
        if len(lon) < 2:  # noqa: PLR2004 - a line has two ends
            raise ValueError("a line needs two different points to have a length")
        steps = np.hypot(np.diff(self._x), np.diff(self._y))
        self._along: Column = np.r_[0.0, np.cumsum(steps)]
        azimuth, _, _ = _EARTH.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
        self._heading: Column = np.asarray(azimuth, dtype=np.float64) % 360.0
        self.length_m = float(self._along[-1])
        places = np.c_[self._x, self._y]
        pieces = np.asarray(shapely.linestrings(np.stack([places[:-1], places[1:]], axis=1)))
        self._pieces = shapely.STRtree(pieces)

    def locate(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Column, Column]:
        """Find the nearest point of the line for each point.

        Parameters
        ----------
        lon, lat
            Degrees, WGS 84, shape [n].

        Returns
        -------
        along_m, offset_m
            Metres from the start of the line to the nearest point on it, and metres from there to
            the point (never negative), shape [n] each; NaN where the point has NaN in it.
        """
        x, y = self._projection.to_metres(np.atleast_1d(lon), np.atleast_1d(lat))
        known = np.isfinite(x)
        along, offset = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
        along[known], offset[known] = self._nearest(x[known], y[known])
        return along, offset

    def _nearest(self, x: Column, y: Column) -> tuple[Column, Column]:
        """Return metres along the line and off it, of the first of equally near places.

        A tree of its pieces finds the nearest one: on a road of some hundred points five times as
        fast as measuring to each.
        """
        if not len(x):
            return np.empty(0), np.empty(0)
        (point, piece), offset = self._pieces.query_nearest(
            shapely.points(x, y), return_distance=True
        )
        each = np.flatnonzero(np.diff(point, prepend=-1))
        first = np.minimum.reduceat(piece, each)
        begin_x, begin_y = self._x[first], self._y[first]
        step_x, step_y = self._x[first + 1] - begin_x, self._y[first + 1] - begin_y
        share = ((x - begin_x) * step_x + (y - begin_y) * step_y) / (step_x**2 + step_y**2)
        length_m = self._along[first + 1] - self._along[first]
        return self._along[first] + np.clip(share, 0.0, 1.0) * length_m, offset[each]

    def at(self, along_m: ArrayLike) -> tuple[Column, Column, Column]:
        """Return the points at distances along the line.

        Parameters
        ----------
        along_m
            Metres from the start, shape [n]; beyond either end the end is meant.

        Returns
        -------
        lon, lat, heading_deg
            Degrees, WGS 84, shape [n] each; the heading is clockwise from true north, at a bend
            that of the road ahead. NaN where ``along_m`` is NaN.
        """
        along = np.atleast_1d(np.asarray(along_m, dtype=np.float64))
        lon, lat = self._projection.to_degrees(
            np.interp(along, self._along, self._x), np.interp(along, self._along, self._y)
        )
        return lon, lat, self._headings(along)

    def _headings(self, along: Column) -> NDArray[np.float64]:
        """Return the heading of the piece of road at each distance."""
        piece = np.searchsorted(self._along, along, side="right") - 1
        heading = self._heading[np.clip(piece, 0, len(self._heading) - 1)]
        return np.where(np.isnan(along), np.nan, heading)


def joined(pieces: Sequence[shapely.LineString]) -> shapely.LineString:
    """Join pieces of road end to end, turning a piece round where its other end fits.

    Parameters
    ----------
    pieces
        Lines in WGS 84 lon/lat, at least one, in driving order. The first keeps its direction
        unless only its beginning meets the second.

    Raises
    ------
    ValueError
        Where a piece does not begin or end, within 1e-4 degrees, where the one before it ended.
    """
    lines = [shapely.get_coordinates(piece) for piece in pieces]
    if len(lines) > 1 and not _meets(lines[0][-1], lines[1]) and _meets(lines[0][0], lines[1]):
        lines[0] = lines[0][::-1]
    whole = lines[0]
    for number, line in enumerate(lines[1:], start=2):
        if not _meets(whole[-1], line):
            raise ValueError(
                f"piece {number} begins and ends away from the end of piece {number - 1}"
            )
        forward = _gap(whole[-1], line[0]) <= _gap(whole[-1], line[-1])
        whole = np.vstack([whole, line[1:] if forward else line[-2::-1]])
    return shapely.LineString(whole)


def _meets(end: Column, line: Column) -> bool:
    return min(_gap(end, line[0]), _gap(end, line[-1])) <= JOIN_TOLERANCE_DEG


def _gap(one: Column, other: Column) -> float:
    return float(np.hypot(*(one - other)))
