"""Which zones a point is in, with an inner and an outer boundary for hysteresis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.crs import Projection
from geo.grid import Grid
from geo.raster import Column, Shapes
from geo.zones import Zone

Polygon: TypeAlias = shapely.Polygon | shapely.MultiPolygon

LEAST_INNER_SHARE = 0.25  # of a zone's area, below which the inner boundary is a formality
HALVINGS = 6  # of the inner distance, before the zone itself is its inner polygon
ALWAYS = np.iinfo(np.int64)


@dataclass(frozen=True, slots=True)
class Located:
    """Which points lie within the outer boundary of which zones: one row a point and zone.

    Attributes
    ----------
    point
        Which point, ascending, int64, shape [m].
    zone
        Which of the index's zones, ascending within a point, int32, shape [m].
    inner
        Whether the inner boundary covers the point too, shape [m].
    """

    point: NDArray[np.int64]
    zone: NDArray[np.int32]
    inner: NDArray[np.bool_]


class ZoneIndex:
    """The zones of a site, ready to be asked about many points at once.

    Every zone has an inner polygon (shrunk by ``inner_m``) and an outer one (grown by
    ``outer_m``). A zone too narrow to shrink that far shrinks by less: the distance is halved until
    at least a quarter of the zone's area stays inside, and after six halvings the zone is its own
    inner polygon. So no zone can become impossible to enter.

    Parameters
    ----------
    zones
        The zones; several may be versions of one, each valid for a time of its own.
    inner_m, outer_m
        Metres, not negative.
    epsg
        The projected system the metres are measured in.

    Attributes
    ----------
    zones
        The zones in the order of their numbers.
    inner_m
        By how many metres each zone was shrunk, shape [z]; 0 where it is its own inner polygon.
    """

    __slots__ = (
        "_drawn",
        "_from",
        "_grid",
        "_inner",
        "_outer",
        "_outlines",
        "_plane",
        "_until",
        "inner_m",
        "zones",
    )

    def __init__(self, zones: Sequence[Zone], *, inner_m: float, outer_m: float, epsg: int) -> None:
        if not (inner_m >= 0 and outer_m >= 0):
            raise ValueError(f"inner_m {inner_m} and outer_m {outer_m} must not be negative")
        self._plane = Projection(epsg)
        self.zones = tuple(zones)
        drawn = [zone.polygon for zone in zones]
        self._drawn = _array(drawn)
        shrunk = [_shrunk(polygon, inner_m, self._plane) for polygon in drawn]
        self._inner: Shapes = _array([polygon for polygon, _ in shrunk])
        self.inner_m: Column = np.array([metres for _, metres in shrunk], dtype=np.float64)
        self._outer: Shapes = _array([_grown(polygon, outer_m, self._plane) for polygon in drawn])
        self._grid = Grid(self._outer, self._inner)
        self._outlines = _array([self._plane.metres_of(polygon.boundary) for polygon in drawn])
        self._from = _moments([zone.valid_from_us for zone in zones], ALWAYS.min)
        self._until = _moments([zone.valid_until_us for zone in zones], ALWAYS.max)
        shapely.prepare(self._drawn)

    @property
    def nbytes(self) -> int:
        """The memory the grid takes beside the polygons."""
        return self._grid.nbytes

    def locate(
        self, lon: ArrayLike, lat: ArrayLike, at_us: NDArray[np.int64] | None = None
    ) -> Located:
        """Find the zones whose outer boundary covers each point, and whether the inner one does.

        Parameters
        ----------
        lon, lat
            Degrees, WGS 84, shape [n]; NaN is in no zone.
        at_us
            The moment of each point, microseconds since 1970 UTC, shape [n]: only the zones valid
            then are looked at. Without it every zone is, whatever its time.

        Returns
        -------
        Located
            A point on a boundary is inside (predicate covers).
        """
        x = np.atleast_1d(np.asarray(lon, dtype=np.float64))
        y = np.atleast_1d(np.asarray(lat, dtype=np.float64))
        point, zone, inner = self._grid.covers(x, y)
        if at_us is not None:
            moment = at_us[point]
            valid = (moment >= self._from[zone]) & (moment < self._until[zone])
            point, zone, inner = point[valid], zone[valid], inner[valid]
        return Located(point, zone, inner)

    def boundary(self, zone: int, *, inner: bool) -> Polygon:
        """Return the inner or the outer boundary of the zone of this number, degrees, WGS 84."""
        polygon: Polygon = (self._inner if inner else self._outer)[zone]
        return polygon

    def distance_m(self, lon: ArrayLike, lat: ArrayLike, zone: ArrayLike) -> Column:
        """Measure how far points lie from the outlines of zones, as drawn.

        Parameters
        ----------
        lon, lat
            Degrees, WGS 84, shape [k].
        zone
            The number of the zone meant for each point, shape [k].

        Returns
        -------
        distance_m
            Metres in the plane, negative inside, shape [k]; NaN where the point has NaN in it.
        """
        x, y = (np.atleast_1d(np.asarray(at, dtype=np.float64)) for at in (lon, lat))
        number = np.atleast_1d(np.asarray(zone, dtype=np.intp))
        metres = np.column_stack(self._plane.to_metres(x, y))
        known = np.isfinite(metres).all(axis=1)
        away = np.full(len(x), np.nan)
        number = number[known]
        away[known] = shapely.distance(self._outlines[number], shapely.points(metres[known]))
        within = shapely.intersects_xy(self._drawn[number], x[known], y[known])
        away[known] *= np.where(within, -1.0, 1.0)
        return away


def _array(shapes: Sequence[shapely.Geometry]) -> Shapes:
    """Return shapes as an array of objects, shape [z], of no zones too."""
    array = np.empty(len(shapes), dtype=np.object_)
    array[:] = shapes
    return array


def _moments(values: Sequence[int | None], absent: int) -> NDArray[np.int64]:
    return np.array([absent if value is None else value for value in values], dtype=np.int64)


def _shrunk(polygon: Polygon, inner_m: float, plane: Projection) -> tuple[Polygon, float]:
    """Shrink by ``inner_m``, or by as much less as `ZoneIndex` says; return by how much, too."""
    whole = plane.metres_of(polygon)
    for halving in range(HALVINGS):
        metres = inner_m / 2**halving
        inner = whole.buffer(-metres)
        if inner_m > 0 and inner.area >= LEAST_INNER_SHARE * whole.area:
            return plane.degrees_of(inner), metres
    return polygon, 0.0


def _grown(polygon: Polygon, outer_m: float, plane: Projection) -> Polygon:
    """Grow by ``outer_m``."""
    if outer_m == 0:
        return polygon
    return plane.degrees_of(plane.metres_of(polygon).buffer(outer_m))
