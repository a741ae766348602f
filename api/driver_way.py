"""The way a driver has before him, short enough for a thin connection."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.ops import substring

from flowctl.site import Site
from geo.zones import Role

_MOST_POINTS = 200
_LEAST_BEND = 0.0001
"""Degrees, about ten metres: bends below it do not show on a phone."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Way:
    """The road to the yard and on to the gate, in lon/lat, and where the two are."""

    line: list[Point]
    yard: Point
    gate: Point


def find_way(site: Site, yard: str, gate: str, *, staged: bool) -> Way | None:
    """Return the way to a gate by a yard, None where the site draws none.

    A truck that is ``staged`` has the road to its yard behind it.
    """
    freight, zone = site.find_freight_road(yard, gate), site.zone_by_id.get(yard)
    lanes = [one.polygon for one in site.zones if one.gate == gate and one.role is Role.LANE]
    if freight is None or zone is None or not lanes:
        return None
    to_yard = next((one.line for one in site.corridors if one.yard == yard), None)
    before = [] if staged or to_yard is None else [to_yard]
    ends = shapely.union_all(lanes).point_on_surface()
    road = _up_to(freight.line, ends)
    return Way(_thinned([*before, road]), _middle(zone.polygon), _point(ends.x, ends.y))


def _up_to(line: shapely.LineString, end: shapely.Point) -> shapely.LineString:
    """Return a line without what lies beyond the point of it that is nearest to its ``end``."""
    cut = substring(line, 0.0, line.project(end))
    return cut if isinstance(cut, shapely.LineString) else line


def _thinned(lines: list[shapely.LineString]) -> list[Point]:
    line = shapely.LineString(np.concatenate([shapely.get_coordinates(one) for one in lines]))
    bend = _LEAST_BEND
    while shapely.get_num_coordinates(line) > _MOST_POINTS:
        line, bend = shapely.simplify(line, bend), bend * 2
    return [_point(lon, lat) for lon, lat in shapely.get_coordinates(line).tolist()]


def _middle(shape: shapely.Geometry) -> Point:
    """Return a point of a shape, well inside."""
    inside = shapely.point_on_surface(shape)
    return _point(inside.x, inside.y)


def _point(lon: float, lat: float) -> Point:
    # Six places are a decimetre.
    return round(lon, 6), round(lat, 6)
