"""Zones as somebody draws them, and the texts of a site that come of it. No I/O.

A draft is a GeoJSON FeatureCollection like zones.geojson, with two properties more: ``capacity``,
the places of a yard, which site.toml keeps, and ``leaves_as``, the yard whose ways to the gates a
yard drawn newly has.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, cast

import shapely
import tomlkit
from shapely.geometry import mapping
from tomlkit.items import AoT

from flowctl.errors import FlowctlError, SiteError
from flowctl.site import Site
from flowctl.site_files import SiteSource, parse_site
from geo.shapes import ShapeError, drawn_of
from geo.zones import Role

Feature: TypeAlias = dict[str, Any]

MOST_ZONES = 200
MOST_CORNERS = 2_000
"""Of one zone: a surveyed outline has some dozens."""
_BESIDE = ("capacity", "leaves_as")
_DATED = ("valid_from", "valid_until")
_DRAWN_OTHERWISE = ("radius_m", "width_m", "traccar_area")


def features_of(source: SiteSource, *, where: str) -> list[Feature]:
    """Return the zones of a site's texts as a draft: their present outlines, as polygons."""
    site = parse_site(source, where=where)
    written = json.loads(source.zones)["features"]
    present = [one for one in written if one["properties"].get("valid_until") is None]
    return [_drawn(one, site) for one in present]


def _drawn(feature: Feature, site: Site) -> Feature:
    said = feature["properties"]
    dropped = {*_DATED, *_DRAWN_OTHERWISE}
    properties = {key: value for key, value in said.items() if key not in dropped}
    [zone] = [z for z in site.zones if z.id == said["id"] and z.valid_until_us is None]
    yard = site.yard_by_id.get(zone.id)
    if yard is not None:
        properties["capacity"] = yard.capacity
    geometry = json.loads(json.dumps(mapping(zone.polygon)))
    return {"type": "Feature", "id": zone.id, "properties": properties, "geometry": geometry}


def source_of(
    features: Sequence[Feature], base: SiteSource, former: SiteSource | None = None
) -> SiteSource:
    """Return a site's texts with the zones of a draft in place of its own.

    A yard's remarks in site.toml stay where its figure does. A yard that is drawn no more leaves
    site.toml too; one drawn newly goes the ways of the yard it names, or those it had in the
    ``former`` texts.
    """
    document = tomlkit.parse(base.toml)
    yards = cast("AoT", document.setdefault("yards", tomlkit.aot()))
    drawn = {str(f["properties"].get("id")): f["properties"] for f in features if _is_yard(f)}
    for number in reversed(range(len(yards))):
        if yards[number].get("id") not in drawn:
            del yards[number]
    known = {str(yard.get("id")): yard for yard in yards}
    patterns = _yards(former) | _yards(base)
    for identifier, said in drawn.items():
        if identifier not in known:
            pattern = patterns.get(str(said.get("leaves_as"))) or patterns.get(identifier)
            yards.append(_new_yard(identifier, pattern))
            known[identifier] = yards[-1]
        _give_capacity(known[identifier], said.get("capacity"))
    zones = {"type": "FeatureCollection", "features": [_without(f, _BESIDE) for f in features]}
    text = json.dumps(zones, ensure_ascii=False, indent=1)
    return replace(base, toml=tomlkit.dumps(document), zones=text)


def _is_yard(feature: Feature) -> bool:
    return str(feature["properties"].get("role")) == Role.YARD


def _yards(source: SiteSource | None) -> dict[str, Any]:
    if source is None:
        return {}
    tables = tomlkit.parse(source.toml).unwrap().get("yards", [])
    return {str(yard.get("id")): yard for yard in tables}


def _new_yard(identifier: str, pattern: Mapping[str, Any] | None) -> tomlkit.items.Table:
    table = tomlkit.table()
    table["id"] = identifier
    if pattern is not None:
        ways = tomlkit.aot()
        for way in pattern.get("access", []):
            ways.append(tomlkit.item(way))
        table["access"] = ways
    return table


def _give_capacity(yard: Any, capacity: object) -> None:  # noqa: ANN401 - a table of tomlkit
    if capacity is None:
        yard.pop("capacity", None)
    elif yard.get("capacity") != capacity or isinstance(capacity, bool):
        plain = isinstance(capacity, int | float) and not isinstance(capacity, bool)
        value = tomlkit.item(capacity if plain else str(capacity)[:40])
        if "capacity" in yard:
            yard["capacity"] = value  # what stood beside the former figure was said of that one
            return
        ways = yard.pop("access", None)  # a figure behind the first [[…]] would belong to that
        yard["capacity"] = value
        if ways is not None:
            yard["access"] = ways


def _without(feature: Feature, keys: Sequence[str]) -> Feature:
    properties = {k: v for k, v in feature["properties"].items() if k not in keys}
    return {**feature, "properties": properties}


def carried_over(
    base: Sequence[Feature], mine: Sequence[Feature], newest: Sequence[Feature]
) -> list[Feature]:
    """Return the newest zones with what a draft changed about those it began from.

    A zone both have changed is as the draft has it.
    """
    before, drawn = _by_id(base), _by_id(mine)
    changed = {one for one in before.keys() | drawn.keys() if before.get(one) != drawn.get(one)}
    kept = {one: feature for one, feature in _by_id(newest).items() if one not in changed}
    return [*kept.values(), *(drawn[one] for one in drawn if one in changed)]


def _by_id(features: Sequence[Feature]) -> dict[str, Feature]:
    return {str(feature["properties"].get("id")): feature for feature in features}


def read_import(text: str) -> list[Feature]:
    """Return the zones of a GeoJSON file somebody brings.

    Only what cannot be drawn at all is refused here; what is drawn wrongly the check of the draft
    says, feature by feature.

    Raises
    ------
    FlowctlError
        It is no collection of polygons of a size that can be looked at; says what to do.
    """
    try:
        collection = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FlowctlError(
            f"The file is no JSON: {str(error)[:120]}.", kind="file_no_json"
        ) from error
    if not isinstance(collection, dict) or collection.get("type") != "FeatureCollection":
        raise FlowctlError(
            "The file holds no GeoJSON FeatureCollection; export one as a pattern.",
            kind="file_no_zones",
        )
    _refuse_other_system(collection)
    features = collection.get("features")
    refuse_unfit(features)
    return [
        {
            "type": "Feature",
            "id": one["properties"].get("id"),
            "properties": one["properties"],
            "geometry": {
                "type": one["geometry"]["type"],
                "coordinates": one["geometry"]["coordinates"],
            },
        }
        for one in cast("list[Feature]", features)
    ]


def _refuse_other_system(collection: Mapping[str, object]) -> None:
    crs = collection.get("crs")
    if crs is not None and "CRS84" not in json.dumps(crs) and "4326" not in json.dumps(crs):
        raise FlowctlError(
            "The file is in another coordinate system; write longitude and latitude in degrees"
            " (WGS 84), as GeoJSON asks.",
            kind="file_other_crs",
        )


def refuse_unfit(features: object) -> None:
    """Raise a FlowctlError where features are not what a draft is made of."""
    if not isinstance(features, list) or not features:
        raise FlowctlError(
            "There are no features; a draft holds at least one zone.", kind="file_empty"
        )
    if len(features) > MOST_ZONES:
        raise FlowctlError(
            f"There are {len(features):,} features; at most {MOST_ZONES} zones can be drawn.",
            kind="file_many",
            values={"most": MOST_ZONES},
        )
    for number, one in enumerate(features, start=1):
        _refuse_feature(one, number)


def _refuse_feature(feature: object, number: int) -> None:
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        raise FlowctlError(
            f"Feature {number} has no properties; a zone has at least id and role.",
            kind="feature_bare",
            values={"n": number},
        )
    name = str(feature["properties"].get("id", number))[:40]
    drawn = feature.get("geometry")
    geometry: dict[str, Any] = drawn if isinstance(drawn, dict) else {}
    kind = geometry.get("type")
    if kind not in {"Polygon", "MultiPolygon"} or not isinstance(geometry.get("coordinates"), list):
        shown = str(kind)[:20] if kind else "no geometry"
        raise FlowctlError(
            f"Feature {name} is no polygon but {shown}; draw its outline.",
            kind="feature_no_polygon",
            values={"zone": str(name)},
        )
    corners = _count(geometry["coordinates"])
    if corners > MOST_CORNERS:
        raise FlowctlError(
            f"Feature {name} has {corners:,} corners, at most {MOST_CORNERS:,} are taken; simplify"
            " its outline.",
            kind="feature_corners",
            values={"zone": str(name), "most": MOST_CORNERS},
        )


def _count(nested: object, depth: int = 0) -> int:
    """Count places, however many; what is nested deeper than a MultiPolygon counts as none."""
    if not isinstance(nested, list) or depth > 3:  # noqa: PLR2004 - polygons, rings, places
        return 0
    if nested and not isinstance(nested[0], list):
        return 1
    return sum(_count(item, depth + 1) for item in nested)


def split(geometry: object, line: object) -> list[dict[str, Any]]:
    """Cut a polygon along a line into two.

    Raises
    ------
    FlowctlError
        The line does not lead through it from side to side, exactly once.
    """
    try:
        whole, cut = drawn_of(geometry), drawn_of(line)
    except ShapeError as error:
        raise FlowctlError(f"What is to be cut {error}.") from error
    if not isinstance(whole, shapely.Polygon) or not isinstance(cut, shapely.LineString):
        raise FlowctlError(
            "A zone of one outline is cut along a line; nothing else can be.", kind="cut_only_zone"
        )
    parts = [
        part
        for part in shapely.get_parts(
            shapely.polygonize([shapely.node(shapely.union(whole.boundary, cut))])
        )
        if whole.contains(part.representative_point())
    ]
    if len(parts) != 2:  # noqa: PLR2004 - two halves
        raise FlowctlError(
            f"The line cuts the zone into {len(parts)} parts; let it begin outside, lead through"
            " once, and end outside.",
            kind="cut_parts",
            values={"parts": len(parts)},
        )
    parts.sort(key=lambda part: -part.area)
    return [json.loads(json.dumps(mapping(part))) for part in parts]


def parse_draft(source: SiteSource) -> tuple[Site | None, list[str]]:
    """Return the site a draft makes, or every problem it has, by the rules of `site load`."""
    try:
        return parse_site(source, where="draft"), []
    except SiteError as error:
        return None, str(error).splitlines()
