"""The forms a zone can be drawn in, in and out of GeoJSON and of Traccar's text.

GeoJSON has no circle and no corridor: a circle is a Point feature with the property ``radius_m``, a
corridor a LineString feature with ``width_m``, both in metres.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

import shapely
from shapely.errors import GEOSException
from shapely.geometry import mapping

from geo.crs import Projection

ARC_PARTS = 32  # of a quarter circle: a circle of 500 m loses at most 15 cm
TRACCAR_WIDTH_M = 50.0
"""Traccar's own: a place is on a line within 25 m of it (its setting geofence.polylineDistance)."""
TRACCAR_AREA = re.compile(
    r"\s*(POLYGON|CIRCLE|LINESTRING)\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL
)
MOST_LON, MOST_LAT, HALF_TURN = 180.0, 90.0, 180.0
LEAST_CORNERS = 3

UNSOUND = {
    "self-intersection": "it crosses itself",
    "ring self-intersection": "it touches itself",
    "hole lies outside shell": "a hole lies outside of the outline",
    "holes are nested": "one hole lies in another",
    "nested shells": "one part lies in another",
    "interior is disconnected": "a hole cuts it in two",
}
"""What GEOS calls what is wrong with a polygon."""

Position: TypeAlias = tuple[float, float]


class ShapeError(ValueError):
    """What is drawn is no shape; ``field`` is the field to mend, the text what is wrong with it."""

    def __init__(self, what: str, field: str = "geometry") -> None:
        super().__init__(what)
        self.field = field


@dataclass(frozen=True, slots=True)
class Circle:
    """All places within ``radius_m`` metres of ``middle``, a point in WGS 84 lon/lat."""

    middle: shapely.Point
    radius_m: float


@dataclass(frozen=True, slots=True)
class Corridor:
    """All places within half of ``width_m`` metres of ``line``, in WGS 84 lon/lat."""

    line: shapely.LineString
    width_m: float


Polygon: TypeAlias = shapely.Polygon | shapely.MultiPolygon
Shape: TypeAlias = Polygon | Circle | Corridor


def outline(shape: Shape, plane: Projection) -> Polygon:
    """Return the polygon of a shape in WGS 84 lon/lat; metres are those of ``plane``."""
    if isinstance(shape, Circle):
        middle = plane.metres_of(shape.middle)
        return plane.degrees_of(middle.buffer(shape.radius_m, quad_segs=ARC_PARTS))
    if isinstance(shape, Corridor):
        line = plane.metres_of(shape.line)
        return plane.degrees_of(line.buffer(shape.width_m / 2, quad_segs=ARC_PARTS))
    return shape


def from_geojson(geometry: object, properties: Mapping[str, object]) -> Shape:
    """Read the shape of a feature of a zone.

    Raises
    ------
    ShapeError
        It is none; says which field is wrong and what to do.
    """
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind == "Point":
        drawn = cast("shapely.Point", drawn_of(geometry))
        return Circle(drawn, _metres("radius_m", properties.get("radius_m")))
    if kind == "LineString":
        line = cast("shapely.LineString", drawn_of(geometry))
        return Corridor(line, _metres("width_m", properties.get("width_m")))
    if kind in {"Polygon", "MultiPolygon"}:
        return cast("Polygon", drawn_of(geometry))
    raise ShapeError(
        f"must be a Polygon, a MultiPolygon, a Point with radius_m or a LineString with width_m, "
        f"not {kind or 'nothing'}"
    )


def to_geojson(shape: Shape) -> tuple[dict[str, object], dict[str, float]]:
    """Return the geometry of a shape and the properties that belong to it."""
    if isinstance(shape, Circle):
        return mapping(shape.middle), {"radius_m": shape.radius_m}
    if isinstance(shape, Corridor):
        return mapping(shape.line), {"width_m": shape.width_m}
    return mapping(shape), {}


def from_traccar(text: str, width_m: object = TRACCAR_WIDTH_M) -> Shape:
    """Read the text Traccar keeps of a geofence, which has the latitude first.

    ``POLYGON ((lat lon, …))``, ``CIRCLE (lat lon, radius in metres)``, ``LINESTRING (lat lon, …)``.

    Parameters
    ----------
    text
        The field ``area`` of a geofence.
    width_m
        Of a corridor in metres, twice the geofence's ``polylineDistance``.

    Raises
    ------
    ShapeError
        It is no such text, or no sound shape.
    """
    found = TRACCAR_AREA.fullmatch(text)
    if not found:
        raise ShapeError(
            f'"{text[:40]}" is no area of Traccar; known: POLYGON ((lat lon, …)), '
            "CIRCLE (lat lon, radius), LINESTRING (lat lon, …)",
            "area",
        )
    kind, inner = found[1].upper(), found[2].strip()
    if kind == "CIRCLE":
        middle, comma, radius = inner.partition(",")
        if not comma:
            raise ShapeError("a CIRCLE needs a comma and its radius in metres", "area")
        point = {"type": "Point", "coordinates": _turned(middle)}
        return from_geojson(point, {"radius_m": _number(radius)})
    if kind == "LINESTRING":
        line = {"type": "LineString", "coordinates": [_turned(at) for at in inner.split(",")]}
        return from_geojson(line, {"width_m": width_m})
    ring = [_turned(at) for at in inner.strip("()").split(",")]
    if ring[0] != ring[-1]:
        ring.append(ring[0])  # Traccar closes rings by itself
    return from_geojson({"type": "Polygon", "coordinates": [ring]}, {})


def drawn_of(geometry: object) -> shapely.Geometry:
    """Return a GeoJSON geometry as drawn, flat and sound.

    Raises
    ------
    ShapeError
        It cannot be read, has a place that is none, too few corners, crosses itself or the
        antimeridian.
    """
    nested = geometry.get("coordinates") if isinstance(geometry, dict) else None
    places = list(_positions(nested))
    _refuse_places(places)
    if isinstance(geometry, dict) and geometry.get("type") in {"Polygon", "MultiPolygon"}:
        for number, ring in enumerate(_rings(nested), start=1):
            _refuse_ring(ring, number)
    try:
        shape = shapely.force_2d(shapely.from_geojson(json.dumps(geometry)))
    except GEOSException as error:
        raise ShapeError(f"cannot be read: {str(error).splitlines()[0]}") from error
    if not shapely.is_valid(shape):
        raise ShapeError(_unsound(shapely.is_valid_reason(shape)))
    if isinstance(shape, shapely.LineString) and shape.length == 0:
        raise ShapeError("has no length")
    return shape


def _unsound(reason: str) -> str:
    """Return what GEOS says of a shape, such as ``Self-intersection[106.7 21.9]``, in words."""
    found = re.fullmatch(r"(.*?)\[(\S+) (\S+)\]", reason)
    what, lon, lat = found.groups() if found else (reason, None, None)
    where = f" at longitude {float(lon):.6f}, latitude {float(lat):.6f}" if lon and lat else ""
    words = UNSOUND.get(what.lower(), what)
    return (
        f"is broken: {words}{where}; draw it without crossings, parts of a MultiPolygon apart from"
        " each other"
    )


def _positions(nested: object) -> Iterator[Position]:
    """Yield every position of coordinates, however deep.

    Raises
    ------
    ShapeError
        Where there is anything but lists and numbers.
    """
    if not isinstance(nested, list):
        raise ShapeError("has no coordinates; give [longitude, latitude] in lists")
    if nested and not isinstance(nested[0], list):
        if len(nested) < 2 or not all(_is_number(value) for value in nested):  # noqa: PLR2004
            raise ShapeError(f"has the place {nested!r:.60}; give [longitude, latitude] in degrees")
        yield float(nested[0]), float(nested[1])
        return
    for item in nested:
        yield from _positions(item)


def _rings(nested: object) -> Iterator[list[list[float]]]:
    """Yield every list of positions."""
    if isinstance(nested, list) and nested and isinstance(nested[0], list):
        if nested[0] and not isinstance(nested[0][0], list):
            yield nested
        else:
            for item in nested:
                yield from _rings(item)


def _refuse_places(places: list[Position]) -> None:
    if not places:
        raise ShapeError("is empty; draw it")
    for lon, lat in places:
        if abs(lat) > MOST_LAT:
            swapped = "; longitude and latitude look swapped" if abs(lon) <= MOST_LAT else ""
            raise ShapeError(f"has the latitude {lat:g}, beyond 90 degrees{swapped}")
    west, east = min(lon for lon, _ in places), max(lon for lon, _ in places)
    if west < -MOST_LON or east > MOST_LON or east - west > HALF_TURN:
        raise ShapeError(
            f"reaches from longitude {west:g} to {east:g}, over the antimeridian; "
            "cut it there into two"
        )


def _refuse_ring(ring: list[list[float]], number: int) -> None:
    corners = {tuple(at[:2]) for at in ring}
    if len(corners) < LEAST_CORNERS:
        raise ShapeError(
            f"has {len(corners)} different corners in ring {number}; a polygon has three or more"
        )
    if ring[0][:2] != ring[-1][:2]:
        raise ShapeError(f"has an open ring {number}; repeat its first corner at the end")


def _metres(field: str, value: object) -> float:
    if value is None:
        raise ShapeError("is missing; give metres", field)
    if not _is_number(value):
        raise ShapeError(f"{value!r} is not a number", field)
    metres = float(cast("float", value))
    if metres <= 0:
        raise ShapeError(f"{metres:g} must be more than 0 metres", field)
    return metres


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _turned(text: str) -> list[float]:
    """Return [lon, lat] of the text "lat lon"."""
    words = text.split()
    if len(words) != 2:  # noqa: PLR2004 - a latitude and a longitude
        raise ShapeError(f'"{text.strip()[:40]}" is no place; give latitude and longitude', "area")
    lat, lon = (_number(word) for word in words)
    return [lon, lat]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ShapeError(f'"{text.strip()[:40]}" is not a number', "area") from None
