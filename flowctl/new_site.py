"""A new site made of what somebody drew and of the roads of OpenStreetMap: its first files.

Drawn are zones (as in zones.geojson) and Points of role ``origin``, where trucks come from. The
roads between them are found, whatever nobody said is assumed and marked as assumed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from flowctl.errors import SiteError
from flowctl.new_site_texts import Assumed, GateText, YardText, day_text, toml_text
from flowctl.site_files import SiteSource
from flowctl.site_hours import read_timezone
from flowctl.site_rules import overlaps, without_gate
from flowctl.site_shapes import read_features, read_zones
from flowctl.site_tables import IDENTIFIER, LANGUAGES, Table
from geo.crs import Projection
from geo.network import RoadNetwork, Snaps, utm_epsg
from geo.routes import Cost, Route, Router, line_of
from geo.zones import Role, Zone

ORIGIN = "origin"
M2_A_PLACE = 125.0
"""Assumed: what yards at Lạng Sơn have a place, their ways included."""
OFF_ROAD_M = 500.0
"""A zone further than this from every road for trucks is a slip of the pen."""
_SURVEY = {"survey": "illustrative", "uncertainty_m": 100}
_SOURCE = "drawn by hand; nothing official"
_SPEEDS_KMH = (1.0, 130.0)

Feature = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewSite:
    """The texts of a site's files, and of a day that can be played there."""

    source: SiteSource
    day: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What somebody drew of a site, checked as far as it can be without the roads around it.

    ``site`` is its id and ``timezone`` its zone's name; ``where`` names the drawing in sentences.
    """

    site: str
    timezone: str
    where: str
    origins: Sequence[Feature]
    fenced: Sequence[Feature]
    figures: Mapping[str, Assumed]
    plane: Projection
    zones: Sequence[Zone]


def read_drawing(drawn: str, *, site: str, timezone: str, where: str) -> Drawing:
    """Read a GeoJSON text; a yard may say its ``capacity``, a lane zone its ``places``.

    Raises
    ------
    SiteError
        The id, the time zone or a feature is not fit, or a zone that trucks need is missing; one
        problem a line.
    """
    if not IDENTIFIER.fullmatch(site):
        raise SiteError(
            f'The site cannot be called "{site}": its folder\'s name must be small letters, digits'
            " and underscores, and begin with a letter."
        )
    problems: list[str] = []
    read_timezone(Table({"timezone": timezone}, f"site {site}", problems))
    features = read_features(drawn, where, problems)
    if features is None:
        raise SiteError("\n".join(problems))
    known = [_completed(feature) for feature in features]
    origins = [one for one in known if one["properties"].get("role") == ORIGIN]
    fenced = [one for one in known if one["properties"].get("role") != ORIGIN]
    figures = {str(one["properties"].get("id")): _figures(one) for one in fenced}
    plane = Projection(_epsg(known, where))
    zones = read_zones(fenced, where, plane, problems)
    problems.extend(_lacking(zones, origins, where))
    problems.extend(overlaps(zones, plane, where))
    if problems:
        raise SiteError("\n".join(problems))
    return Drawing(site, timezone, where, origins, fenced, figures, plane, zones)


def make_site(drawing: Drawing, network: RoadNetwork, *, name: str) -> NewSite:
    """Make a site's files of what was drawn and the roads around it.

    ``name`` is what it is called in every language until somebody translates it.

    Raises
    ------
    SiteError
        A zone lies off the roads, or no way for trucks leads through them in order.
    """
    site, timezone, zones = drawing.site, drawing.timezone, drawing.zones
    origins, figures, plane = drawing.origins, drawing.figures, drawing.plane
    ways = _Ways(Router(network, Cost.TIME), drawing.where)
    gates = sorted({zone.gate for zone in zones if zone.role is Role.LANE and zone.gate})
    yards = [zone for zone in zones if zone.role is Role.YARD]
    roads: list[Feature] = []
    fed: dict[str, list[str]] = {}
    for yard in yards:
        fed[yard.id] = [yard.gate] if yard.gate else gates
        for gate in fed[yard.id]:
            stops = [yard, *(_zone_of(zones, role, gate) for role in _THROUGH)]
            roads.append(ways.through(f"{yard.id}_to_{gate}"[:40], stops))
        roads.extend(ways.towards(origin, yard) for origin in origins)
    yard_texts = [_yard_text(yard, fed[yard.id], origins, figures, plane) for yard in yards]
    gate_texts = [_gate_text(gate, zones, figures) for gate in gates]
    source = SiteSource(
        toml=toml_text(site, name, timezone, plane.epsg, gate_texts, yard_texts),
        zones=_collection(f"zones of {name}, illustrative", drawing.fenced),
        roads=_collection(f"roads of {name}; {network.attribution}", roads),
    )
    return NewSite(source, day_text(site, name, timezone, gate_texts, yard_texts))


_THROUGH = (Role.QUEUE, Role.LANE, Role.BEYOND)


def _completed(feature: Mapping[str, object]) -> Feature:
    """Return a feature with what every zone says, where it does not say it itself."""
    own = dict(feature["properties"]) if isinstance(feature["properties"], dict) else {}
    said = own.get("name", own.get("id"))
    if isinstance(said, str):
        own["name"] = dict.fromkeys(LANGUAGES, said)
    own.setdefault("source", _SOURCE)
    own = {**_SURVEY, **own}
    return {"type": "Feature", "properties": own, "geometry": feature.get("geometry")}


def _figures(feature: Feature) -> Assumed:
    """Take out of a feature what site.toml says of it: a yard's capacity, a lane's places."""
    own = feature["properties"]
    return Assumed(own.pop("capacity", None), own.pop("places", None))


def _epsg(features: Sequence[Feature], where: str) -> int:
    """Return the UTM zone of the middle of all that is drawn with a geometry."""
    drawn = [one["geometry"] for one in features if one["geometry"] is not None]
    try:
        shapes = [shapely.from_geojson(json.dumps(one)) for one in drawn]
    except shapely.errors.GEOSException as error:
        said = str(error).splitlines()[0]
        raise SiteError(f"{where}: a geometry cannot be read: {said}") from error
    at = shapely.get_coordinates(shapes)
    if not len(at) or not np.isfinite(at).all():
        raise SiteError(f"{where}: nothing is drawn in it; draw a yard and what a gate needs")
    lon, lat = np.median(at, axis=0).tolist()
    return utm_epsg(lon, lat)


def _lacking(zones: Sequence[Zone], origins: Sequence[Feature], where: str) -> list[str]:
    """Return a sentence for each thing without which no truck could be led through."""
    said = []
    if not any(zone.role is Role.YARD for zone in zones):
        said.append(f'{where}: has no yard; draw a Polygon with "role": "yard"')
    if not any(zone.role is Role.LANE for zone in zones):
        said.append(f'{where}: has no gate; draw a zone with "role": "lane", "gate": "NAME"')
    gates = {zone.gate for zone in zones if zone.role in _THROUGH}
    ungated = [zone for zone in zones if zone.role in _THROUGH and zone.gate is None]
    said.extend(without_gate(zone, where) for zone in ungated)
    said.extend(
        f'{where}: gate {gate} has no {role} zone; draw one with "role": "{role}", "gate": "{gate}"'
        for gate in sorted(map(str, gates - {None}))
        for role in _THROUGH
        if not any(zone.role is role and zone.gate in {gate, None} for zone in zones)
    )
    said.extend(
        f'{where}, feature {zone.id}, field "gate": "{zone.gate}" has no lane zone'
        for zone in zones
        if zone.role is Role.YARD and zone.gate is not None and zone.gate not in gates
    )
    if not origins or not all(map(_is_place, origins)):
        said.append(
            f'{where}: draw where trucks come from as Points with "role": "origin" and an "id" of'
            " small letters, digits and underscores"
        )
    return said


def _is_place(origin: Feature) -> bool:
    own, geometry = origin["properties"], origin["geometry"]
    named = isinstance(own.get("id"), str) and IDENTIFIER.fullmatch(own["id"])
    is_point = isinstance(geometry, dict) and geometry.get("type") == "Point"
    return bool(named and is_point and geometry.get("coordinates"))


def _zone_of(zones: Sequence[Zone], role: Role, gate: str) -> Zone:
    return next(zone for zone in zones if zone.role is role and zone.gate == gate)


@dataclass(frozen=True, slots=True)
class _Ways:
    """Finds ways between what is drawn; ``where`` names the drawing."""

    router: Router
    where: str

    def through(self, road: str, stops: Sequence[Zone]) -> Feature:
        """Return the way from the middle of a yard through a gate's zones, in order."""
        at = [self._snaps(zone.id, _middle(zone)) for zone in stops]
        legs = [self._leg(at[0], at[1], stops[0].id, stops[1].id)]
        for n, goal in enumerate(at[2:], start=2):
            # On from where the last leg ended, on the same side: a truck does not turn round.
            end = legs[-1].goal
            begin = Snaps(
                np.zeros(1, np.int64),
                np.array([end.edge]),
                np.array([end.along_m]),
                np.zeros(1),
            )
            legs.append(self._leg(begin, goal, stops[n - 1].id, stops[n].id))
        ends = _middle(stops[0]), _middle(stops[-1])
        name = f"{stops[0].name['en']} – {stops[-1].name['en']}"
        return self._feature(road, name, "freight", legs, ends)

    def towards(self, origin: Feature, yard: Zone) -> Feature:
        """Return the way from where trucks come from to the middle of a yard."""
        own, place = origin["properties"], shapely.Point(origin["geometry"]["coordinates"][:2])
        ends = place, _middle(yard)
        start, goal = self._snaps(str(own.get("id")), place), self._snaps(yard.id, ends[1])
        leg = self._leg(start, goal, str(own.get("id")), yard.id)
        name = f"{own['name']['en']} – {yard.name['en']}"
        return self._feature(corridor_id(own["id"], yard.id), name, "corridor", [leg], ends)

    def _snaps(self, what: str, point: shapely.Point) -> Snaps:
        network = self.router.network
        found = network.nearest(point.x, point.y)
        away_m = float(found.offset_m[0])
        if away_m > OFF_ROAD_M:
            raise SiteError(
                f"{self.where}, feature {what}: lies {away_m:,.0f} m from every road for trucks of"
                f" {network.source}; "
                + (
                    "longitude and latitude look swapped, here or in all that is drawn: write the"
                    " longitude first"
                    if _holds(network, point.y, point.x)
                    else "draw it on or beside one, or take the extract of its country"
                )
            )
        return found

    def _leg(self, start: Snaps, goal: Snaps, here: str, there: str) -> Route:
        found = self.router.shortest(start, goal)
        if found is None:
            raise SiteError(
                f"{self.where}: no way for trucks leads from {here} to {there} on the roads of"
                f" {self.router.network.source}; is one drawn on the wrong side of a one-way road?"
            )
        return found

    def _feature(
        self,
        road: str,
        name: str,
        kind: str,
        legs: Sequence[Route],
        ends: tuple[shapely.Point, shapely.Point],
    ) -> Feature:
        network = self.router.network
        drawn = [shapely.get_coordinates(line_of(network, leg)) for leg in legs]
        corners = np.vstack([[ends[0].coords[0]], *drawn, [ends[1].coords[0]]]).round(6)
        moved = np.r_[True, (np.diff(corners, axis=0) != 0).any(axis=1)]
        seconds = sum(leg.duration_s for leg in legs)
        speed_kmh = 3.6 * sum(leg.length_m for leg in legs) / seconds if seconds else 0.0
        properties = {
            "id": road,
            "name": dict.fromkeys(LANGUAGES, name),
            "kind": kind,
            "speed_kmh": round(float(np.clip(speed_kmh, *_SPEEDS_KMH)), 1),
            **_SURVEY,
            "source": f"shortest in time on the roads of {network.source}; {network.attribution}",
        }
        line = {"type": "LineString", "coordinates": corners[moved].tolist()}
        return {"type": "Feature", "properties": properties, "geometry": line}


def _holds(network: RoadNetwork, lon: float, lat: float) -> bool:
    """Tell whether a place lies among the roads, degrees."""
    within_lon = network.lon.min() <= lon <= network.lon.max()
    return bool(within_lon and network.lat.min() <= lat <= network.lat.max())


def _middle(zone: Zone) -> shapely.Point:
    return zone.polygon.representative_point()


def corridor_id(origin: str, yard: str) -> str:
    """Return the id of the corridor from an origin to a yard."""
    return f"{origin}_{yard}"[:40]


def _yard_text(
    yard: Zone,
    gates: Sequence[str],
    origins: Sequence[Feature],
    figures: Mapping[str, Assumed],
    plane: Projection,
) -> YardText:
    area = plane.metres_of(yard.polygon).area
    return YardText(
        id=yard.id,
        capacity=figures[yard.id].capacity,
        room=max(int(area / M2_A_PLACE), 1),
        gates=tuple(gates),
        corridors=tuple(corridor_id(one["properties"]["id"], yard.id) for one in origins),
    )


def _gate_text(gate: str, zones: Sequence[Zone], figures: Mapping[str, Assumed]) -> GateText:
    lanes = [zone for zone in zones if zone.role is Role.LANE and zone.gate == gate]
    said = [figures[zone.id].places for zone in lanes]
    return GateText(gate, said[0] if said and said[0] is not None else None)


def _collection(name: str, features: Sequence[Feature]) -> str:
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in features)
    named = json.dumps(name, ensure_ascii=False)
    return f'{{"type": "FeatureCollection", "name": {named}, "features": [\n{lines}\n]}}\n'
