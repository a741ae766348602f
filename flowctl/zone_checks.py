"""What is wrong with drawn zones, where, and what they would mean for the trucks that stand there.

The rules are those of the site's files; here their sentences get a place on the map, and what
depends on the trucks of the moment is added. Pure.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as field_of
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from flowctl.site import Site
from flowctl.site_files import SiteSource
from flowctl.zone_drafts import Feature, parse_draft, source_of
from geo.zones import Role, Zone

_PLACE = re.compile(r"longitude (-?[\d.]+), latitude (-?[\d.]+)")
_SAID = re.compile(
    r"draft/(?P<file>\w+)\.\w+(?:, (?P<kind>feature|yard|corridor|gate) (?P<of>\w+))?"
    r"(?P<part>(?:, [\w ]+?)*?)(?:, field \"(?P<field>\w+)\")?: (?P<text>.*)",
    re.DOTALL,
)
KINDS = (
    ("crosses", r"it crosses itself"),
    ("touches", r"it touches itself"),
    ("hole", r"a hole lies outside of the outline"),
    ("swapped", r"longitude and latitude look swapped"),
    ("far", r"lies (?P<km>\d+) km from the middle"),
    ("overlaps", r"overlaps the (?P<role>\w+) (?P<zone>\w+) by (?P<area>[\d,]+) m²"),
    ("least", r"(?P<value>-?[\d.]+) must be at least (?P<least>\d+)"),
    ("no_number", r"(?P<value>.+) is not a number"),
    ("not_whole", r"(?P<value>-?[\d.]+) must be a whole number"),
    ("without_gate", r"a (?P<role>\w+) zone belongs to one gate"),
    ("unknown_gate", r'"(?P<value>\w+)" is no gate of'),
    ("lacks_role", r"gate (?P<gate>\w+) has no (?P<role>\w+) zone"),
    ("no_way_out", r"a yard feeds at least one gate"),
    ("way_begins", r"must begin inside the zone (?P<zone>\w+)"),
    ("way_ends", r"must end inside the zone (?P<zone>\w+)"),
    ("way_misses", r"does not pass the (?P<role>\w+) zone of (?P<gate>\w+)"),
    ("lost_yard", r'corridor (?P<value>\w+): "(?P<zone>\w+)" is no known yard'),
    ("missing", r"[Ii]s missing|[Ii]s empty"),
    ("identifier", r"must be small letters"),
    ("fewer", r"(?P<places>\d+) places are fewer than the (?P<standing>\d+) trucks"),
    ("doubled", r"[Ss]tands \d+ times"),
    ("crowded", r"(?P<value>[\d.]+) m² a truck"),
    ("tiny", r"covers (?P<value>[\d.,]+) m², less than a truck"),
)
"""What kind of fault a sentence tells of, for pages that have words of their own for it."""
_NAMED = re.compile(r"zone (\w+)")
HALF = 0.5
"""A yard that would lose a greater share of its trucks must be confirmed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What must be mended before a draft can be published.

    ``zone`` and ``field`` say of what it is said, ``at`` is the place (lon, lat) where it shows;
    each is None where there is none. ``kind`` is the kind of fault, None for a rare one, and
    ``values`` what its sentence names.
    """

    zone: str | None
    field: str | None
    text: str
    at: tuple[float, float] | None = None
    kind: str | None = None
    values: Mapping[str, str] = field_of(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loss:
    """A yard of which ``left_out`` of the ``standing`` trucks would be outside."""

    zone: str
    standing: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Trucks:
    """Where trucks are: ``lon`` and ``lat`` of all that are heard of, and by yard of those in it.

    ``standing`` are degrees, shape [n, 2], by yard; trucks without a position are not among them.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    standing: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft that was looked at; ``site`` is None where it cannot be published.

    ``inside`` counts the trucks in each zone as drawn, ``losses`` are to be confirmed, ``changed``
    are the zones that differ from the base, those that are no more too.
    """

    source: SiteSource
    site: Site | None
    faults: list[Fault]
    losses: list[Loss]
    inside: dict[str, int]
    changed: list[str]


def check(
    features: Sequence[Feature],
    base: Site,
    source: SiteSource,
    former: SiteSource | None,
    trucks: Trucks,
) -> Checked:
    """Look at a draft: by the rules of the site's files, and by the trucks of the moment.

    Parameters
    ----------
    features, former
        The draft's zones, and the texts it brings back, if it does.
    base, source
        The site it began from, and its texts.
    trucks
        Where trucks are now.
    """
    drafted = source_of(features, source, former)
    site, problems = parse_draft(drafted)
    faults = [fault_of(problem) for problem in problems]
    shapes = {str(f["properties"].get("id")): _shape(f) for f in features}
    inside = {
        zone: int(shapely.intersects_xy(shape, trucks.lon, trucks.lat).sum())
        for zone, shape in shapes.items()
        if shape is not None
    }
    if site is not None:
        faults += _too_small(site, base, trucks)
    losses = list(_losses(features, shapes, base, trucks))
    changed = sorted(_changed(features, base))
    return Checked(drafted, None if faults else site, faults, losses, inside, changed)


def fault_of(problem: str) -> Fault:
    """Return a problem of a site's files with what it is about, as its sentence says."""
    said = _SAID.fullmatch(problem)
    if said is None:
        return Fault(None, None, problem)
    text, of, key = said["text"], said["kind"], said["field"]
    part = said["part"].strip(", ")
    zone = said["of"] if of in {"feature", "yard"} else None
    if of in {"corridor", "gate"}:
        named = _NAMED.search(text)
        zone = named[1] if named else None
        text = f"{of} {said['of']}: {text}"
    if part.startswith("name"):
        key, text = "name", f"{key}: {text}"
    elif part:
        text = f"{part}: {text}"
    place = _PLACE.search(text)
    at = (float(place[1]), float(place[2])) if place else None
    kind, values = _kind_of(text)
    return Fault(zone, key, text[:1].upper() + text[1:], at, kind, values)


def _kind_of(text: str) -> tuple[str | None, Mapping[str, str]]:
    found = ((kind, re.search(pattern, text)) for kind, pattern in KINDS)
    return next(((kind, hit.groupdict()) for kind, hit in found if hit), (None, {}))


def _shape(feature: Feature) -> shapely.Geometry | None:
    """Return what is drawn of a feature, None where it is no sound shape."""
    try:
        drawn = shapely.geometry.shape(feature["geometry"])
    except (ValueError, TypeError, IndexError, AttributeError, shapely.errors.GEOSException):
        return None
    return drawn if drawn.is_valid and not drawn.is_empty else None


def _too_small(site: Site, base: Site, trucks: Trucks) -> Iterator[Fault]:
    """Yield the yards that were given fewer places than trucks stand there."""
    for yard in site.yards:
        former = base.yard_by_id.get(yard.id)
        standing = len(trucks.standing.get(yard.id, ()))
        if (former is None or former.capacity != yard.capacity) and yard.capacity < standing:
            text = (
                f"{yard.capacity} places are fewer than the {standing} trucks that stand there now"
            )
            kind, values = _kind_of(text)
            yield Fault(yard.id, "capacity", text, None, kind, values)


def _losses(
    features: Sequence[Feature],
    shapes: Mapping[str, shapely.Geometry | None],
    base: Site,
    trucks: Trucks,
) -> Iterator[Loss]:
    roles = {str(f["properties"].get("id")): f["properties"].get("role") for f in features}
    for yard, at in trucks.standing.items():
        zone = base.zone_by_id.get(yard)
        if zone is None or not len(at):
            continue
        known = shapely.intersects_xy(zone.polygon, *at.T)
        shape = shapes.get(yard) if roles.get(yard) == Role.YARD else None
        if yard in shapes and shapes[yard] is None:
            continue  # it is no shape yet, which is said already
        kept = np.zeros(len(at), bool) if shape is None else shapely.intersects_xy(shape, *at.T)
        left_out = int((known & ~kept).sum())
        if left_out > HALF * len(at):
            yield Loss(yard, len(at), left_out)


def _changed(features: Sequence[Feature], base: Site) -> Iterator[str]:
    known = {zone.id: zone for zone in base.zones if zone.valid_until_us is None}
    drawn = {str(f["properties"].get("id")): f for f in features}
    yield from known.keys() - drawn.keys()
    for identifier, feature in drawn.items():
        zone = known.get(identifier)
        if zone is None or _said(zone, base) != _told(feature):
            yield identifier


def _said(zone: Zone, base: Site) -> tuple[Any, ...]:
    yard = base.yard_by_id.get(zone.id)
    corners = shapely.get_coordinates(zone.polygon).tolist()
    capacity = None if yard is None else yard.capacity
    return str(zone.role), zone.gate, zone.name, capacity, corners


def _told(feature: Feature) -> tuple[Any, ...]:
    said, shape = feature["properties"], _shape(feature)
    corners = None if shape is None else shapely.get_coordinates(shape).tolist()
    capacity = said.get("capacity") if said.get("role") == Role.YARD else None
    return said.get("role"), said.get("gate"), said.get("name"), capacity, corners
