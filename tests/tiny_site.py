"""A hand-made site of one gate and one yard on a straight road, as files that tests can spoil."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Features = dict[str, Any]

TOML = """
id = "tiny"
name = { vi = "Nhỏ", zh = "小", en = "Tiny" }
timezone = "Asia/Ho_Chi_Minh"
epsg = 32648
lateness_limit_s = 604800
future_limit_s = 300

[calendars.goods.weekly]
monday = ["07:00-18:00"]
tuesday = ["07:00-18:00"]
wednesday = ["07:00-18:00"]
thursday = ["07:00-18:00"]
friday = ["07:00-18:00"]
saturday = ["07:00-12:00", "13:00-18:00"]
sunday = []

[[calendars.goods.exceptions]]
from = 2024-02-09
to = 2024-02-13
windows = []

[[gates]]
id = "north"
name = { vi = "Bắc", zh = "北", en = "North" }
directions = ["export", "import"]
calendar = "goods"
lanes = 2
inspection_places = 3
mean_service_min = 12.5
capacity_prior_weight_h = 2.0
import_prior_per_h = 4.0

[[yards]]
id = "yard_south"
capacity = 50
[[yards.access]]
gate = "north"
roads = ["way_out", "freight"]
reaction_s = 300
travel_cv = 0.25

[[corridors]]
id = "from_inland"
yard = "yard_south"
roads = ["inland"]

[visit]
inner_m = 12.0

[dispatch]
slot_s = 900
"""


def _name(word: str) -> dict[str, str]:
    return {"vi": word, "zh": word, "en": word}


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """Return a rectangle in degrees as a GeoJSON geometry."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _zone(identifier: str, role: str, gate: str | None, shape: dict[str, Any]) -> dict[str, Any]:
    properties = {
        "id": identifier,
        "name": _name(identifier),
        "role": role,
        "gate": gate,
        "survey": "illustrative",
        "uncertainty_m": 100,
    }
    return {"type": "Feature", "properties": properties, "geometry": shape}


def _road(identifier: str, kind: str, speed_kmh: float, line: list[list[float]]) -> dict[str, Any]:
    properties = {
        "id": identifier,
        "name": _name(identifier),
        "kind": kind,
        "from": "a",
        "to": "b",
        "speed_kmh": speed_kmh,
        "survey": "illustrative",
        "uncertainty_m": 100,
    }
    geometry = {"type": "LineString", "coordinates": line}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


ZONES = {
    "yard_south": _zone("yard_south", "yard", None, box(106.700, 21.999, 106.703, 22.001)),
    "queue_north": _zone("queue_north", "queue", "north", box(106.706, 21.9995, 106.711, 22.0005)),
    "lane_north": _zone("lane_north", "lane", "north", box(106.712, 21.9995, 106.714, 22.0005)),
    "beyond_north": _zone("beyond_north", "beyond", "north", box(106.715, 21.999, 106.72, 22.001)),
}
ROADS = {
    "inland": _road("inland", "corridor", 50, [[106.6, 22.0], [106.7015, 22.0]]),
    "way_out": _road("way_out", "freight", 20, [[106.702, 22.0], [106.704, 22.0]]),
    "freight": _road("freight", "freight", 25, [[106.704, 22.0], [106.719, 22.0]]),
}


def write_site(
    folder: Path,
    *,
    toml: tuple[str, str] | None = None,
    spoil: Callable[[Features, Features], None] | None = None,
) -> Path:
    """Write the tiny site into ``folder``.

    ``toml`` replaces one text of site.toml by another, ``spoil`` changes the features of
    (zones, roads), each a mapping of id to feature.
    """
    zones, roads = copy.deepcopy(ZONES), copy.deepcopy(ROADS)
    if spoil:
        spoil(zones, roads)
    text = TOML
    if toml:
        assert toml[0] in text
        text = text.replace(toml[0], toml[1], 1)
    (folder / "site.toml").write_text(text, encoding="utf-8")
    for name, features in (("zones", zones), ("roads", roads)):
        collection = {"type": "FeatureCollection", "features": list(features.values())}
        (folder / f"{name}.geojson").write_text(json.dumps(collection), encoding="utf-8")
    return folder
