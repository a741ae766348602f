"""The GeoJSON files of a site: zones and pieces of road, every feature checked by itself."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import cast

import numpy as np
import shapely

from flowctl.site_tables import Table
from geo.crs import Projection
from geo.shapes import (
    TRACCAR_WIDTH_M,
    Circle,
    Corridor,
    Polygon,
    Shape,
    ShapeError,
    drawn_of,
    from_geojson,
    from_traccar,
    outline,
)
from geo.zones import Role, Zone

MOST_FEATURES = 1_000
"""In one file. A border site has tens of zones; a thousand are checked and cut in ten seconds."""
FAR_KM = 300.0  # a zone further than this from the middle of all zones is a slip of the pen
KM_PER_DEGREE = 111.2
TRACCAR = "traccar_area"
"""The property that may stand in for a geometry: the area of a geofence as Traccar keeps it."""
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
    if not text.strip():
        problems.append(f"{where}: is empty; it must hold a GeoJSON FeatureCollection")
        return None
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
    if len(features) > MOST_FEATURES:
        problems.append(
            f'{where}, field "features": holds {len(features):,} of them, at most '
            f"{MOST_FEATURES:,} are taken; split the site or leave out what is not needed"
        )
        return None
    for number, feature in enumerate(features, start=1):
        if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
            problems.append(f'{where}, feature {number}, field "properties": is missing')
            return None
    return cast("list[dict[str, object]]", features)


def read_zones(
    features: list[dict[str, object]], where: str, plane: Projection, problems: list[str]
) -> list[Zone]:
    """Read the zones, versions of one in the order of time.

    One whose shape is refused has an empty polygon.
    """
    zones = []
    for table, feature in _tables(features, where, problems):
        role = table.one_of("role", [role.value for role in Role], "role")
        valid_from, valid_until = _moment(table, "valid_from"), _moment(table, "valid_until")
        if valid_from is not None and valid_until is not None and valid_until <= valid_from:
            table.refuse("valid_until", "is not after valid_from")
        zone = Zone(
            id=table.identifier(),
            name=table.names(),
            role=Role(role or Role.APPROACH),
            gate=table.identifier("gate") if table.has("gate") else None,
            polygon=_outline(feature, table, plane),
            uncertainty_m=table.number("uncertainty_m", least=0),
            survey=table.text("survey"),
            valid_from_us=valid_from,
            valid_until_us=valid_until,
        )
        table.ignore("gate", "radius_m", "width_m", TRACCAR, "valid_from", "valid_until")
        table.close()
        zones.append(zone)
    zones.sort(key=lambda zone: -math.inf if zone.valid_from_us is None else zone.valid_from_us)
    _refuse_versions(zones, where, problems)
    _refuse_far([zone for zone in zones if not zone.polygon.is_empty], where, problems)
    return zones


def read_roads(
    features: list[dict[str, object]], where: str, plane: Projection, problems: list[str]
) -> list[RoadPiece]:
    """Read the pieces of road whose shape is sound."""
    pieces = []
    ids = []
    for table, feature in _tables(features, where, problems):
        identifier, name = table.identifier(), table.names()
        speed_kmh = table.number("speed_kmh", least=1, most=130)
        table.one_of("kind", KINDS, "kind of road")
        table.ignore("from", "to", "survey", "uncertainty_m")
        table.close()
        ids.append(identifier)
        line = _line(feature, table, plane)
        if line is not None:
            pieces.append(RoadPiece(identifier, name, line, speed_kmh / 3.6))
    _refuse_doubles(ids, where, problems)
    return pieces


def _tables(
    features: list[dict[str, object]], where: str, problems: list[str]
) -> Iterator[tuple[Table, dict[str, object]]]:
    """Yield each feature's properties as a table, and the feature."""
    for number, feature in enumerate(features, start=1):
        properties = cast("dict[str, object]", feature["properties"])
        name = f"{where}, feature {properties.get('id', number)}"
        yield Table(properties, name, problems), feature


def _outline(feature: dict[str, object], table: Table, plane: Projection) -> Polygon:
    """Return the polygon of a zone; an empty one, with a problem noted, where it has none."""
    properties = cast("dict[str, object]", feature["properties"])
    geometry, area = feature.get("geometry"), properties.get(TRACCAR)
    try:
        if geometry is None and isinstance(area, str):
            shape = from_traccar(area, properties.get("width_m", TRACCAR_WIDTH_M))
        else:
            shape = from_geojson(geometry, properties)
        _refuse_elsewhere(shape, plane)
    except ShapeError as error:
        table.refuse(TRACCAR if geometry is None and area else error.field, str(error))
        return shapely.Polygon()
    return outline(shape, plane)


def _line(feature: dict[str, object], table: Table, plane: Projection) -> shapely.LineString | None:
    """Return the line of a road, or None with a problem noted."""
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind != "LineString":
        table.refuse("geometry", f"must be a LineString, not {kind or 'nothing'}")
        return None
    try:
        line = cast("shapely.LineString", drawn_of(geometry))
        _refuse_elsewhere(line, plane)
    except ShapeError as error:
        table.refuse(error.field, str(error))
        return None
    return line


def _refuse_elsewhere(shape: Shape | shapely.LineString, plane: Projection) -> None:
    """Refuse what lies where the site's metres do not hold."""
    match shape:
        case Circle(middle=drawn) | Corridor(line=drawn):
            at = shapely.get_coordinates(drawn)
        case _:
            at = shapely.get_coordinates(shape)
    lon, lat = np.median(at, axis=0).tolist()
    if not plane.reaches(lon, lat):
        hint = "longitude and latitude look swapped" if plane.reaches(lat, lon) else "check it"
        raise ShapeError(
            f"lies at longitude {lon:.4f}, latitude {lat:.4f}, outside the area of "
            f"EPSG:{plane.epsg}; {hint}"
        )


def _moment(table: Table, key: str) -> int | None:
    """Read a moment as microseconds since 1970 UTC; None where it is left out or wrong."""
    if not table.has(key):
        return None
    text = table.text(key)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        table.refuse(key, f'"{text}" is no moment; give one such as 2026-01-31T10:00:00+07:00')
        return None
    if moment.tzinfo is None:
        table.refuse(key, f'"{text}" does not say its offset from UTC, such as +07:00')
        return None
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def _refuse_versions(zones: list[Zone], where: str, problems: list[str]) -> None:
    """Note every zone of which two versions are valid at once."""
    versions: dict[str, list[Zone]] = defaultdict(list)
    for zone in zones:
        versions[zone.id].append(zone)
    for one, drawn in versions.items():
        if any(first.is_valid_with(second) for first, second in combinations(drawn, 2)):
            problems.append(
                f'{where}, feature {one}, field "id": stands {len(drawn)} times for the same time; '
                f"let each version end (valid_until) before the next begins (valid_from)"
            )


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
    turned = np.hypot(*((at[:, ::-1] - middle) * shrink).T) * KM_PER_DEGREE
    for zone, away, if_turned in zip(zones, km, turned, strict=True):
        if away > FAR_KM:
            hint = (
                "it would fit with longitude and latitude swapped"
                if if_turned <= FAR_KM
                else "look for a wrong digit"
            )
            problems.append(
                f'{where}, feature {zone.id}, field "geometry": lies {away:.0f} km from the middle '
                f"of all zones; {hint}"
            )
