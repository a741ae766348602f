"""What OpenStreetMap's tags say to a truck: may it drive here, which way, and how fast.

The meanings are those of the OpenStreetMap wiki, pages Key:highway, Key:access, Key:hgv,
Key:oneway and Key:maxspeed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

Tags: TypeAlias = Mapping[str, str]
Direction: TypeAlias = Literal[-1, 0, 1]

KMH = 1 / 3.6
_MPH = 0.44704
_FORWARD = frozenset({"yes", "true", "1"})
_BACKWARD = frozenset({"-1", "reverse"})

CLASS_KMH: Mapping[str, float] = MappingProxyType(
    {
        "motorway": 75.0,
        "motorway_link": 40.0,
        "trunk": 60.0,
        "trunk_link": 35.0,
        "primary": 50.0,
        "primary_link": 30.0,
        "secondary": 45.0,
        "secondary_link": 30.0,
        "tertiary": 40.0,
        "tertiary_link": 25.0,
        "unclassified": 30.0,
        "road": 25.0,
        "residential": 20.0,
        "living_street": 8.0,
        "service": 10.0,
    }
)
"""Speed of a loaded truck on a free road, km/h, by class; its keys are the roads trucks use.

Assumed, after what trucks of 40 t reach on ordinary roads: tracks, footways and what is not yet
built (highway=construction, proposed) carry none. ``services`` and ``rest_area`` are areas.
"""


@dataclass(frozen=True, slots=True)
class TruckRules:
    """How tags are read; the defaults are for a loaded truck.

    ``access_keys`` go from the most particular to the most general: the first that is tagged
    decides alone (wiki, Key:access, transport mode hierarchy). So ``access=private`` with
    ``hgv=yes`` is open to trucks, and ``access=yes`` with ``hgv=no`` is not. ``closed_values``
    keep trucks out; every other value, such as ``designated``, ``destination``, ``delivery``,
    ``customers`` or ``permissive``, lets some truck in and the road is kept.
    """

    access_keys: tuple[str, ...] = ("hgv", "motor_vehicle", "vehicle", "access")
    closed_values: frozenset[str] = frozenset(
        {"no", "private", "agricultural", "forestry", "emergency", "military"}
    )
    class_kmh: Mapping[str, float] = field(default_factory=lambda: CLASS_KMH)
    most_kmh: float = 80.0  # no loaded truck is faster, whatever the sign says (assumed)
    limit_share: float = 0.9  # of a signed limit that is driven on a free road (assumed)
    walking_kmh: float = 6.0  # maxspeed=walk


def may_drive(tags: Tags, rules: TruckRules) -> bool:
    """Tell whether a way is a road open to trucks; an area (``area=yes``) is no road."""
    if tags.get("highway") not in rules.class_kmh or tags.get("area") == "yes":
        return False
    decisive = next((tags[key] for key in rules.access_keys if key in tags), "yes")
    values = {value.strip() for value in decisive.split(";")}
    return not values <= rules.closed_values


def direction(tags: Tags) -> Direction:
    """Return 1 for a way driven as it is drawn only, -1 for the other way round, 0 for both.

    One-way is implied by ``highway=motorway`` and by ``junction=roundabout`` or ``circular``,
    unless ``oneway`` says otherwise. A lane that turns round in the day (``reversible``,
    ``alternating``) counts as both.
    """
    said = tags.get("oneway")
    if said in _BACKWARD:
        return -1
    if said in _FORWARD:
        return 1
    implied = tags.get("highway") == "motorway" or tags.get("junction") in {
        "roundabout",
        "circular",
    }
    return 1 if said is None and implied else 0


def speed_mps(tags: Tags, rules: TruckRules) -> float:
    """Return the speed of a loaded truck on a free road, in m/s, always above 0.

    ``maxspeed:hgv``, else ``maxspeed``, taken at ``limit_share`` and never above ``most_kmh``;
    where neither is there, or neither can be read (``VN:urban``, ``signals``, ``none``), the
    class's speed.
    """
    for key in ("maxspeed:hgv", "maxspeed"):
        limit = _find_limit_mps(tags.get(key, ""), rules)
        if limit is not None:
            return min(limit * rules.limit_share, rules.most_kmh * KMH)
    return rules.class_kmh[tags["highway"]] * KMH


def _find_limit_mps(text: str, rules: TruckRules) -> float | None:
    """Read a limit such as ``50``, ``50 km/h``, ``30 mph`` or ``walk``; of several, the least."""
    limits = [_find_one_limit(part.strip(), rules) for part in text.split(";")]
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else None


def _find_one_limit(text: str, rules: TruckRules) -> float | None:
    if text == "walk":
        return rules.walking_kmh * KMH
    number, _, unit = text.partition(" ")
    scale = {"": KMH, "km/h": KMH, "kmh": KMH, "mph": _MPH}.get(unit.strip())
    if scale is None or not number.isascii() or not number.isdigit() or int(number) == 0:
        return None
    return int(number) * scale
