"""The GeoJSON files of a site: zones and pieces of road, every feature checked by itself."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import shapely
from shapely.errors import GEOSException

from flowctl.site_tables import Table
from geo.crs import Projection
from geo.zones import Role, Zone

FAR_KM = 300.0  # a zone further than this from the middle of all zones is a slip of the pen
KM_PER_DEGREE = 111.2
POLYGONS = ("Polygon", "MultiPolygon")
LINES = ("LineString",)
KINDS = ("corridor", "freight")


@dataclass(frozen=True, slots=True)
class RoadPiece:
    """One drawn piece of road, lon/lat, with its nominal speed for loaded trucks."""

    id: str
    name: dict[str, str]
    line: shapely.LineString
    speed_mps: float


def read_features(text: str, where: str, problems: list[str]) -> list[dict[str, object]] | None:
    """Return the features of a collection; None, with a problem noted, where it is none."""
    try:
        collection = json.loads(text)
    except json.JSONDecodeError as error:
        problems.append(
            f"{where}: is no JSON: {error.msg} (at line {error.lineno}, column {error.colno})"
        )
        return None
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list):
        problems.append(f'{where}, field "features": must be the list of a FeatureCollection')
        return None
    for number, feature in enumerate(features, start=1):
        if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
            problems.append(f'{where}, feature {number}, field "properties": is missing')
            return None
    return cast("list[dict[str, object]]", features)


def read_zones(
    features: list[dict[str, object]], where: str, plane: Projection, problems: list[str]
) -> list[Zone]:
    """Read the zones; one whose shape is refused has an empty polygon."""
    zones = []
    for table, geometry in _tables(features, where, problems):
        role = table.one_of("role", [role.value for role in Role], "role")
        shape = _geometry(geometry, table, POLYGONS, plane)
        zone = Zone(
            id=table.identifier(),
            name=table.names(),
            role=Role(role or Role.APPROACH),
            gate=table.identifier("gate") if table.has("gate") else None,
            polygon=cast("shapely.Polygon", shape or shapely.Polygon()),
            uncertainty_m=table.number("uncertainty_m", least=0),
            survey=table.text("survey"),
        )
        table.ignore("gate")
        table.close()
        zones.append(zone)
    _refuse_doubles([zone.id for zone in zones], where, problems)
    _refuse_far([zone for zone in zones if not zone.polygon.is_empty], where, problems)
    return zones


def read_roads(
    features: list[dict[str, object]], where: str, plane: Projection, problems: list[str]
) -> list[RoadPiece]:
    """Read the pieces of road whose shape is sound."""
    pieces = []
    ids = []
    for table, geometry in _tables(features, where, problems):
        identifier, name = table.identifier(), table.names()
        speed_kmh = table.number("speed_kmh", least=1, most=130)
        table.one_of("kind", KINDS, "kind of road")
        table.ignore("from", "to", "survey", "uncertainty_m")
        table.close()
        ids.append(identifier)
        shape = _geometry(geometry, table, LINES, plane)
        if isinstance(shape, shapely.LineString):
            pieces.append(RoadPiece(identifier, name, shape, speed_kmh / 3.6))
    _refuse_doubles(ids, where, problems)
    return pieces


def _tables(
    features: list[dict[str, object]], where: str, problems: list[str]
) -> Iterator[tuple[Table, object]]:
    """Yield each feature's properties and its unread geometry."""
    for number, feature in enumerate(features, start=1):
        properties = cast("dict[str, object]", feature["properties"])
        name = f"{where}, feature {properties.get('id', number)}"
        yield Table(properties, name, problems), feature.get("geometry")


def _geometry(
    value: object, table: Table, kinds: tuple[str, ...], plane: Projection
) -> shapely.Geometry | None:
    """Return a sound geometry of one of the ``kinds``, or None with a problem noted."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in kinds:
        table.refuse("geometry", f"must be a {' or '.join(kinds)}, not {kind or 'nothing'}")
        return None
    try:
        shape = shapely.force_2d(shapely.from_geojson(json.dumps(value)))
    except GEOSException as error:
        table.refuse("geometry", f"cannot be read: {str(error).splitlines()[0]}")
        return None
    fault = _fault(shape, plane)
    if fault:
        table.refuse("geometry", fault)
        return None
    return shape


def _fault(shape: shapely.Geometry, plane: Projection) -> str | None:
    """Say what is wrong with a geometry, None where it is sound."""
    at = shapely.get_coordinates(shape)
    if len(at) == 0 or not np.isfinite(at).all():
        return "is empty or has a coordinate that is no number"
    lon, lat = (float(middle) for middle in np.median(at, axis=0))
    if not plane.reaches(lon, lat):
        hint = "longitude and latitude look swapped" if plane.reaches(lat, lon) else "check it"
        return (
            f"lies at longitude {lon:.4f}, latitude {lat:.4f}, outside the area of "
            f"EPSG:{plane.epsg}; {hint}"
        )
    if not shapely.is_valid(shape):
        return f"is broken: {shapely.is_valid_reason(shape)}; draw it without crossings"
    if isinstance(shape, shapely.LineString) and shape.length == 0:
        return "has no length"
    return None


def _refuse_doubles(ids: list[str], where: str, problems: list[str]) -> None:
    """Note every id that stands twice."""
    problems.extend(
        f'{where}, feature {one}, field "id": stands {times} times'
        for one, times in Counter(ids).items()
        if times > 1
    )


def _refuse_far(zones: list[Zone], where: str, problems: list[str]) -> None:
    """Note every zone that lies far from the middle of all zones."""
    if not zones:
        return
    at = np.array([zone.polygon.centroid.coords[0] for zone in zones])
    middle = np.median(at, axis=0)
    shrink = np.array([np.cos(np.radians(middle[1])), 1.0])  # a degree of longitude is shorter
    km = np.hypot(*((at - middle) * shrink).T) * KM_PER_DEGREE
    for zone, away in zip(zones, km, strict=True):
        if away > FAR_KM:
            problems.append(
                f'{where}, feature {zone.id}, field "geometry": lies {away:.0f} km from the middle '
                f"of all zones; look for a wrong digit"
            )
