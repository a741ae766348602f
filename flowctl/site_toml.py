"""The fields of site.toml, read on top of what the GeoJSON files drew.

Two figures are computed and never stated, so that they cannot contradict the files: a gate's
inspection places, where they were not counted, from its design trucks a day, and the travel time of
a called truck from the length of its freight road.
"""

import math
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flowctl.opening import Opening
from flowctl.site import (
    Access,
    Corridor,
    DispatchParams,
    FreightRoad,
    Gate,
    Site,
    TrafficParams,
    UnknownDevices,
    VisitParams,
    Yard,
)
from flowctl.site_hours import (
    find_other_timezone,
    open_minutes_a_day,
    read_calendars,
    read_timezone,
)
from flowctl.site_lanes import read_bays, read_lane_classes
from flowctl.site_shapes import RoadPiece
from flowctl.site_tables import Table
from flowctl.site_ways import ends_in, enters, join_legs, read_way, stretch
from geo.crs import Projection
from geo.zones import Role, Zone

WORLD_EPSG = 3857  # stands in for a bad code, so that the shapes can still be looked at
POSITIVE = frozenset(
    {
        "slot_s",
        "horizon_days",
        "plan_interval_s",
        "meter_interval_s",
        "corridor_stretch_m",
        "freight_stretch_m",
        "window_s",
        "half_life_s",
    }
)
SHARES = {"call_up_quantile": (0.01, 0.99), "change_share": (0.0, 1.0), "return_share": (0.0, 1.0)}
"""Least and most; no finite time is long enough for all trucks."""

_Params = TypeVar("_Params", VisitParams, DispatchParams, TrafficParams)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the GeoJSON files gave."""

    zones: list[Zone]
    pieces: list[RoadPiece]
    plane: Projection


def read_plane(table: Table) -> Projection:
    """Read ``epsg``; a plane of the whole world where that is wrong."""
    epsg = table.whole("epsg", least=1024)
    try:
        return Projection(epsg)
    except ValueError as error:
        if table.has("epsg"):
            table.refuse("epsg", f"{error}; EPSG:32648 is one that fits Vietnam")
        return Projection(WORLD_EPSG)


def read_site(table: Table, drawn: Drawn) -> Site:
    """Read site.toml; the site is only fit for use where no problem was noted."""
    timezone = read_timezone(table)
    calendars = read_calendars(table, timezone)
    gates = tuple(_gate(one, calendars, timezone) for one in table.tables("gates", "gate"))
    ids = [gate.id for gate in gates]
    yards: list[Yard] = []
    ways: list[FreightRoad] = []
    for one in table.tables("yards", "yard"):
        yard, freight = _yard(one, ids, drawn)
        yards.append(yard)
        ways.extend(freight)
    yards = join_legs(table, yards)
    corridors = [
        _corridor(one, [yard.id for yard in yards], drawn)
        for one in table.tables("corridors", "corridor")
    ]
    kept = _retention(table)
    site = Site(
        id=table.identifier(),
        name=table.names(),
        timezone=timezone,
        epsg=drawn.plane.epsg,
        gates=gates,
        yards=tuple(yards),
        zones=tuple(drawn.zones),
        corridors=tuple(one for one in corridors if one is not None),
        roads=tuple((road.id, road.line) for road in drawn.pieces),
        lateness_limit_s=table.whole("lateness_limit_s", least=60),
        future_limit_s=table.whole("future_limit_s", least=0),
        visit=_visit(table),
        dispatch=_params(table, "dispatch", DispatchParams()),
        freight_roads=tuple(ways),
        road_names={road.id: road.name for road in drawn.pieces},
        unknown_devices=_unknown_devices(table),
        fixes_kept_days=kept["fixes_days"],
        aside_kept_days=kept["aside_days"],
        trips_kept_days=kept["trips_days"],
        numbers_kept_days=kept["numbers_days"],
        documents_kept_days=kept["documents_days"],
        persons_kept_days=kept["persons_days"],
        drafts_kept_days=kept["drafts_days"],
        foreknown_kept_days=kept["foreknown_days"],
        crossings_kept_days=kept["crossings_days"],
        traffic=_params(table, "traffic", TrafficParams()),
        other_timezone=find_other_timezone(table),
    )
    table.close()
    return site


def _gate(table: Table, calendars: dict[str, Opening], timezone: ZoneInfo) -> Gate:
    opening = _calendar(table, "calendar", calendars)
    if opening.timezone != timezone and opening in calendars.values():
        table.refuse(
            "calendar",
            f"is kept in {opening.timezone}, the site in {timezone}; name the other side's hours"
            ' under "opposite"',
        )
    service_min = table.number("mean_service_min", least=0.1, most=1440)
    places = _places(table, opening, service_min)
    opposite = _calendar(table, "opposite", calendars) if table.has("opposite") else None
    gate = Gate(
        id=table.identifier(),
        name=table.names(),
        lanes=table.whole("lanes", least=1, most=100),
        inspection_places=places,
        capacity_prior_per_h=places * 60 / service_min,
        capacity_prior_weight_h=table.number("capacity_prior_weight_h", least=0.1),
        import_prior_per_h=table.number("import_prior_per_h", least=0),
        opening=replace(opening, opposite=opposite),
        directions=table.subset("directions", ("export", "import"), "direction"),
        lane_classes=read_lane_classes(table, places),
        bays=read_bays(table),
    )
    table.close()
    return gate


def _calendar(table: Table, key: str, calendars: dict[str, Opening]) -> Opening:
    """Read the name of a calendar; one that never opens stands in for a wrong name."""
    name = table.one_of(key, calendars, "calendar")
    return calendars.get(name, Opening(ZoneInfo("UTC"), ((),) * 7))


def _places(table: Table, opening: Opening, service_min: float) -> int:
    """Read the counted places, or compute them from the design trucks a day.

    Design trucks a day × mean service time ÷ open time a day ÷ design utilisation, rounded up: the
    work of a design day, spread over its open minutes (Little's law), with the slack it was
    designed for.
    """
    if table.has("inspection_places"):
        for key in ("design_per_day", "design_utilisation"):
            if table.has(key):
                table.refuse(key, "contradicts inspection_places; give the counted places or this")
        return table.whole("inspection_places", least=1, most=1000)
    per_day = table.number("design_per_day", least=1, most=100_000)
    utilisation = table.number("design_utilisation", least=0.05, most=1)
    minutes = open_minutes_a_day(opening)
    if minutes == 0:
        return 1
    return math.ceil(per_day * service_min / minutes / utilisation)


def _yard(table: Table, gates: list[str], drawn: Drawn) -> tuple[Yard, list[FreightRoad]]:
    identifier = table.identifier()
    capacity = table.whole("capacity", least=0)
    access, roads = [], []
    for way in table.tables("access", "access"):
        read = _access(way, identifier, gates, drawn)
        if read is not None:
            access.append(read[0])
            roads.append(read[1])
    if not table.has("access"):
        table.refuse("access", "is missing; a yard feeds at least one gate")
    table.close()
    fed = [way.gate for way in access]
    for gate in sorted(set(fed)):
        if fed.count(gate) > 1:
            table.refuse("access", f"gate {gate} stands twice")
    name = next((zone.name for zone in drawn.zones if zone.id == identifier), {})
    return Yard(identifier, name, capacity, tuple(access)), roads


def _access(
    table: Table, yard: str, gates: list[str], drawn: Drawn
) -> tuple[Access, FreightRoad] | None:
    """Read one way from a yard to a gate; None where its road is not sound."""
    gate = table.one_of("gate", gates, "gate")
    reaction_s = table.number("reaction_s", least=0, most=86400)
    travel_cv = table.number("travel_cv", least=0, most=5)
    via = table.identifier("via") if table.has("via") else None
    way = read_way(table, drawn.pieces, drawn.plane.epsg)
    table.close()
    if way is None or not gate:
        return None
    if not ends_in(way, yard, drawn.zones, at_start=True):
        table.refuse("roads", f"must begin inside the zone {yard}")
    try:
        queue, lane = (
            stretch(way, drawn.zones, role, gate, drawn.plane.epsg)
            for role in (Role.QUEUE, Role.LANE)
        )
    except ValueError as error:
        table.refuse("roads", str(error))
        return None
    if queue is None or lane is None:
        return None
    if queue[1] > lane[0]:
        table.refuse("roads", _out_of_order(queue, lane))
    travel_s = reaction_s + queue[0] / way.speed_mps
    via_s = None
    if via is not None:
        entry_m = enters(way, via, drawn.zones, drawn.plane.epsg)
        if entry_m is None or entry_m >= queue[0]:
            table.refuse("via", f"the road does not pass {via} before the queue of {gate}")
            return None
        via_s = reaction_s + entry_m / way.speed_mps
    return (
        Access(gate, travel_s, travel_cv, via, via_s),
        FreightRoad(
            f"{yard}_to_{gate}",
            yard,
            gate,
            way.line,
            way.length_m,
            way.speed_mps,
            queue,
            lane,
            way.pieces,
        ),
    )


def _out_of_order(queue: tuple[float, float], lane: tuple[float, float]) -> str:
    """Say what is wrong with a way by its first and last metres in the queue and in the lane."""
    if queue[0] < lane[0]:
        return "is still in the queue where the lane begins; draw the two zones apart along it"
    return (
        "must pass the queue before the lane; turn its pieces round, or draw the zones in the"
        " order of driving"
    )


def _corridor(table: Table, yards: list[str], drawn: Drawn) -> Corridor | None:
    identifier = table.identifier()
    yard = table.one_of("yard", yards, "yard")
    way = read_way(table, drawn.pieces, drawn.plane.epsg)
    table.close()
    if way is None:
        return None
    if yard and not ends_in(way, yard, drawn.zones, at_start=False):
        table.refuse("roads", f"must end inside the zone {yard}")
    return Corridor(identifier, yard, way.line, way.length_m, way.speed_mps, way.pieces)


def _unknown_devices(site: Table) -> UnknownDevices:
    """Read ``[telemetry] unknown_devices``; a site that says nothing holds their fixes."""
    table = site.table("telemetry") if site.has("telemetry") else None
    if table is None:
        return Site.unknown_devices
    rule = table.one_of("unknown_devices", UnknownDevices, "rule for unknown devices")
    table.close()
    return UnknownDevices(rule) if rule else Site.unknown_devices


def _retention(site: Table) -> dict[str, int]:
    """Read for how many days what is kept, by the keys of ``[retention]``."""
    kept = {
        "fixes_days": Site.fixes_kept_days,
        "aside_days": Site.aside_kept_days,
        "trips_days": Site.trips_kept_days,
        "numbers_days": Site.numbers_kept_days,
        "documents_days": Site.documents_kept_days,
        "persons_days": Site.persons_kept_days,
        "drafts_days": Site.drafts_kept_days,
        "foreknown_days": Site.foreknown_kept_days,
        "crossings_days": Site.crossings_kept_days,
    }
    table = site.table("retention") if site.has("retention") else None
    if table is not None:
        for key in kept:
            if table.has(key):
                kept[key] = table.whole(key, least=1, most=36_600)
        table.close()
    return kept


def _visit(site: Table) -> VisitParams:
    """Read ``[visit]``; more fixes cannot be wanted than are looked at."""
    params = _params(site, "visit", VisitParams())
    if params.enter_fixes > params.enter_of:
        site.refuse(
            "visit",
            f"wants {params.enter_fixes} of {params.enter_of} fixes inside;"
            " enter_fixes is at most enter_of",
        )
    return params


def _params(site: Table, key: str, default: _Params) -> _Params:
    """Read a table of numbers into a params value; what it leaves out keeps its default."""
    if not site.has(key):
        return default
    table = site.table(key)
    if table is None:
        return default
    read: dict[str, Any] = {}
    for one in fields(default):
        if table.has(one.name):
            whole = isinstance(getattr(default, one.name), int)
            least, most = SHARES.get(one.name, (1 if one.name in POSITIVE else 0, math.inf))
            read[one.name] = (
                table.whole(one.name, least=int(least), most=most)
                if whole
                else table.number(one.name, least=least, most=most)
            )
        table.ignore(one.name)
    table.close()
    return replace(default, **read)
