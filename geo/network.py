"""A road network as plain arrays: directed edges, their drawing, and what lies near a point."""

import os
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.crs import Column, Projection

Indices: TypeAlias = NDArray[np.int64]
Nodes: TypeAlias = NDArray[np.int32]

EARTH = pyproj.Geod(ellps="WGS84")
FORM = 1
"""Of the file; a file of another form is refused."""
_HEADING_OVER_M = 10.0
_SAME_PLACE_M = 0.01  # two directions of one road are equally far from a point, but for rounding


class RoadError(ValueError):
    """Roads, a place or a track are not fit for use; a sentence to show."""


def utm_epsg(lon: float, lat: float) -> int:
    """Return the code of the UTM zone of a place, degrees WGS 84."""
    zone = min(int((lon + 180.0) // 6.0) + 1, 60)
    return (32600 if lat >= 0 else 32700) + zone


@dataclass(frozen=True, slots=True)
class Snaps:
    """Places on edges near points, by point, then by distance; shape [m] each.

    ``point`` is the number of the point asked about, ``edge`` the directed edge, ``along_m`` the
    geodesic metres from the edge's start, ``offset_m`` the metres from there to the point.
    """

    point: Indices
    edge: Indices
    along_m: Column
    offset_m: Column


@dataclass(frozen=True, slots=True, eq=False)
class RoadNetwork:
    """Roads for trucks: every edge may be driven from its first node to its last.

    A road open both ways is two edges, drawn in opposite directions. Edges may be parallel (the
    same two nodes) and may end where they began.

    Parameters
    ----------
    node_lon, node_lat
        Degrees, WGS 84, shape [n].
    start, end
        Node of either end of each edge, shape [m].
    length_m
        Geodesic metres on WGS 84, above 0, shape [m].
    speed_mps
        Of a loaded truck on the free road, above 0, shape [m].
    way
        OpenStreetMap's way, shape [m].
    name
        Index into ``names``, -1 where the road has none, shape [m].
    names
        Shape [k].
    lon, lat
        Degrees, corners of all edges one after the other, shape [c].
    first
        Edge ``e`` is drawn by the corners ``first[e]`` to ``first[e + 1] - 1``; shape [m + 1].
    source, attribution
        The file's name, and whose data it is.

    Raises
    ------
    RoadError
        The arrays do not fit together.
    """

    node_lon: Column
    node_lat: Column
    start: Nodes
    end: Nodes
    length_m: Column
    speed_mps: Column
    way: Indices
    name: Nodes
    names: NDArray[np.str_]
    lon: Column
    lat: Column
    first: Indices
    source: str
    attribution: str
    plane: Projection = field(init=False, repr=False)
    _lines: NDArray[np.object_] = field(init=False, repr=False)
    _tree: shapely.STRtree = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse arrays that contradict each other, and prepare the search for near edges."""
        self._check()
        middle = float(np.median(self.lon)), float(np.median(self.lat))
        plane = Projection(utm_epsg(*middle))
        of = np.repeat(np.arange(len(self.start)), np.diff(self.first))
        x, y = plane.to_metres(self.lon, self.lat)
        if not np.isfinite(x).all():
            raise RoadError(f"the roads reach beyond EPSG:{plane.epsg}; import a smaller area")
        lines = np.asarray(shapely.linestrings(np.column_stack([x, y]), indices=of))
        object.__setattr__(self, "plane", plane)
        object.__setattr__(self, "_lines", lines)
        object.__setattr__(self, "_tree", shapely.STRtree(lines))

    def _check(self) -> None:
        edges, nodes = len(self.start), len(self.node_lon)
        columns = (self.end, self.length_m, self.speed_mps, self.way, self.name)
        if not edges or any(len(column) != edges for column in columns):
            raise RoadError("a road network needs edges, and a value of each for every edge")
        if len(self.node_lat) != nodes or len(self.lat) != len(self.lon):
            raise RoadError("every node and every corner needs a longitude and a latitude")
        ends = np.concatenate([self.start, self.end])
        if ends.min() < 0 or ends.max() >= nodes or self.name.max() >= len(self.names):
            raise RoadError("an edge names a node or a name that is not there")
        corners = np.diff(self.first)
        bounds = len(self.first) == edges + 1 and (self.first[0], self.first[-1])
        if bounds != (0, len(self.lon)) or (corners < 2).any():  # noqa: PLR2004 - a line's ends
            raise RoadError("an edge is drawn by two corners or more")
        if not ((self.length_m > 0).all() and (self.speed_mps > 0).all()):
            raise RoadError("every edge has a length and a speed above 0")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north of the roads, degrees."""
        west, east, south, north = (
            float(edge(column)) for column in (self.lon, self.lat) for edge in (np.min, np.max)
        )
        return west, south, east, north

    def snap(self, lon: ArrayLike, lat: ArrayLike, *, k: int, radius_m: float) -> Snaps:
        """Find the places on the nearest edges of each point.

        Parameters
        ----------
        lon, lat
            Degrees, WGS 84, shape [n]; a point with NaN in it is near nothing.
        k
            Most edges a point is given; each direction of a road counts.
        radius_m
            Metres beyond which no edge is near.
        """
        x, y = self.plane.to_metres(np.atleast_1d(lon), np.atleast_1d(lat))
        known = np.flatnonzero(np.isfinite(x))
        points = np.asarray(shapely.points(x[known], y[known]))
        point, edge = self._tree.query(points, predicate="dwithin", distance=radius_m)
        found = self._places(points, point, edge, k)
        return replace(found, point=known[found.point])

    def nearest(self, lon: float, lat: float) -> Snaps:
        """Find the place on the nearest road: one edge, or one for each direction.

        Raises
        ------
        RoadError
            The point has NaN in it.
        """
        x, y = self.plane.to_metres(np.atleast_1d(lon), np.atleast_1d(lat))
        if not np.isfinite(x).all():
            raise RoadError("a place needs a longitude and a latitude in degrees")
        points = np.asarray(shapely.points(x, y))
        _, offset = self._tree.query_nearest(points, return_distance=True)
        point, edge = self._tree.query(
            points, predicate="dwithin", distance=float(offset[0]) + _SAME_PLACE_M
        )
        return self._places(points, point, edge, len(edge))

    def _places(self, points: NDArray[np.object_], point: Indices, edge: Indices, k: int) -> Snaps:
        offset = shapely.distance(points[point], self._lines[edge])
        order = np.lexsort((edge, offset, point))
        rank = np.arange(len(order)) - np.searchsorted(point[order], point[order])
        order = order[rank < k]
        point, edge = point[order], edge[order]
        share = shapely.line_locate_point(self._lines[edge], points[point], normalized=True)
        return Snaps(point, edge, share * self.length_m[edge], offset[order])

    def at(self, edge: ArrayLike, along_m: ArrayLike) -> tuple[Column, Column]:
        """Return lon/lat, degrees, of places on edges, shape [k] each."""
        edges = np.asarray(edge, dtype=np.int64)
        share = np.asarray(along_m, dtype=np.float64) / self.length_m[edges]
        places = shapely.line_interpolate_point(self._lines[edges], share, normalized=True)
        return self.plane.to_degrees(shapely.get_x(places), shapely.get_y(places))

    def heading_deg(self, edge: ArrayLike, along_m: ArrayLike) -> Column:
        """Return the heading of the road at places on edges, clockwise from true north, [k]."""
        edges, along = np.asarray(edge, dtype=np.int64), np.asarray(along_m, dtype=np.float64)
        step = np.minimum(_HEADING_OVER_M, self.length_m[edges]) / 2
        middle = np.clip(along, step, self.length_m[edges] - step)
        azimuth, _, _ = EARTH.inv(*self.at(edges, middle - step), *self.at(edges, middle + step))
        return np.asarray(azimuth, dtype=np.float64) % 360.0

    def corners(self, edge: int) -> NDArray[np.float64]:
        """Return the drawing of an edge, lon/lat in degrees, shape [corners, 2]."""
        own = slice(self.first[edge], self.first[edge + 1])
        return np.column_stack([self.lon[own], self.lat[own]])

    def road_name(self, edge: int) -> str | None:
        """Return the name of an edge's road, None where it has none."""
        return str(self.names[self.name[edge]]) if self.name[edge] >= 0 else None

    def save(self, path: Path) -> None:
        """Write the arrays to ``path`` (.npz) at once: there is the old file or the whole new one.

        Raises
        ------
        OSError
            The place cannot be written.
        """
        handle, name = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez_compressed(file, form=FORM, **{key: getattr(self, key) for key in STORED})
            Path(name).chmod(0o644)  # the workers may run as another user
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: Path) -> "RoadNetwork":
        """Read what `save` wrote.

        Raises
        ------
        OSError
            The file is not there or cannot be read.
        RoadError
            The file is no road network of this form; names the file.
        """
        try:
            # Opened here: numpy leaves a damaged file open.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                columns: dict[str, Any] = {key: stored[key] for key in ("form", *STORED)}
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise RoadError(
                f"{path} is no road network, or it is damaged; make it again with: flowctl roads"
                " import"
            ) from error
        form = int(columns.pop("form"))
        if form != FORM:
            raise RoadError(f"{path} is of form {form}, read is {FORM}; import it again")
        columns |= {key: str(columns[key]) for key in ("source", "attribution")}
        return cls(**columns)


STORED = tuple(name for name, part in RoadNetwork.__dataclass_fields__.items() if part.init)
