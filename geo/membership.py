"""Which zones a point is in, with an inner and an outer boundary for hysteresis."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.crs import Projection
from geo.zones import Zone

Polygon: TypeAlias = shapely.Polygon | shapely.MultiPolygon

LEAST_INNER_SHARE = 0.25  # of a zone's area, below which the inner boundary is a formality
HALVINGS = 6  # of the inner distance, before the zone itself is its inner polygon


class ZoneIndex:
    """The zones of a site, ready to be asked about many points at once.

    Every zone has an inner polygon (shrunk by ``inner_m``) and an outer one (grown by
    ``outer_m``). A zone too narrow to shrink that far shrinks by less: the distance is halved until
    at least a quarter of the zone's area stays inside, and after six halvings the zone is its own
    inner polygon. So no zone can become impossible to enter.

    Parameters
    ----------
    zones
        The zones, in the order of the columns of every answer.
    inner_m, outer_m
        Metres, not negative.
    epsg
        The projected system the metres are measured in.
    """

    __slots__ = ("_bounds", "_inner", "_outer", "_tree", "zones")

    def __init__(self, zones: Sequence[Zone], *, inner_m: float, outer_m: float, epsg: int) -> None:
        if not (inner_m >= 0 and outer_m >= 0):
            raise ValueError(f"inner_m {inner_m} and outer_m {outer_m} must not be negative")
        plane = Projection(epsg)
        self.zones = tuple(zones)
        self._inner = _array([_shrunk(zone.polygon, inner_m, plane) for zone in zones])
        self._outer = _array([_grown(zone.polygon, outer_m, plane) for zone in zones])
        self._tree = shapely.STRtree(self._outer)
        # Of no zones there are no bounds: nothing is west of a NaN, nor east of it.
        self._bounds = shapely.total_bounds(self._outer) if len(zones) else np.full(4, np.nan)
        shapely.prepare(self._inner)
        shapely.prepare(self._outer)

    def membership(
        self, lon: ArrayLike, lat: ArrayLike
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell for each point and zone whether it is inside the inner and the outer boundary.

        Parameters
        ----------
        lon, lat
            Degrees, WGS 84, shape [n]; NaN is in no zone.

        Returns
        -------
        inner, outer
            Shape [n, zones] each. A point on a boundary is inside (predicate covers).
        """
        x = np.atleast_1d(np.asarray(lon, dtype=np.float64))
        y = np.atleast_1d(np.asarray(lat, dtype=np.float64))
        inner = np.zeros((len(x), len(self.zones)), dtype=np.bool_)
        outer = inner.copy()
        # Most points of a country are far from every zone; NaN is within no bounds.
        west, south, east, north = self._bounds
        near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
        at, zone = self._tree.query(shapely.points(x[near], y[near]))  # by rectangles
        point = near[at]
        # For a point, "intersects" is "covered by", and this form uses the prepared polygons.
        outer[point, zone] = shapely.intersects_xy(self._outer[zone], x[point], y[point])
        inner[point, zone] = shapely.intersects_xy(self._inner[zone], x[point], y[point])
        return inner, outer


def _array(polygons: list[Polygon]) -> NDArray[np.object_]:
    """Return the polygons as an array of objects, shape [z], of no zones too."""
    array = np.empty(len(polygons), dtype=np.object_)
    array[:] = polygons
    return array


def _shrunk(polygon: Polygon, inner_m: float, plane: Projection) -> Polygon:
    """Shrink by ``inner_m``, or by as much less as `ZoneIndex` says."""
    whole = plane.metres_of(polygon)
    for halving in range(HALVINGS):
        inner = whole.buffer(-inner_m / 2**halving)
        if inner_m > 0 and inner.area >= LEAST_INNER_SHARE * whole.area:
            return plane.degrees_of(inner)
    return polygon


def _grown(polygon: Polygon, outer_m: float, plane: Projection) -> Polygon:
    """Grow by ``outer_m``."""
    if outer_m == 0:
        return polygon
    return plane.degrees_of(plane.metres_of(polygon).buffer(outer_m))
