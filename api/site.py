"""The site for the map: zones, roads, gates and yards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import shapely
from fastapi import APIRouter, Request

from api.geojson import Collection, collection
from api.transaction import transaction
from flowctl.site import Site, Yard
from flowctl.storage.closures import open_site
from flowctl.storage.sites import find_newer_site
from flowctl.telemetry.fixes import microseconds
from geo.zones import Zone

router = APIRouter(tags=["site"])


@dataclass(frozen=True, slots=True)
class SiteZone:
    """What a zone is; only a yard has a capacity, in trucks."""

    id: str
    name: Mapping[str, str]
    role: str
    gate: str | None
    capacity: int | None
    uncertainty_m: float
    survey: str


@dataclass(frozen=True, slots=True)
class SiteRoad:
    """A piece of road as it was drawn."""

    id: str


@dataclass(frozen=True, slots=True)
class SiteGate:
    """A gate; ``windows_today`` are when it opens and closes on the local day."""

    id: str
    name: Mapping[str, str]
    directions: list[str]
    lanes: int
    inspection_places: int
    windows_today: list[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class SiteYard:
    """A yard, its capacity in trucks, and the gates it leads to."""

    id: str
    name: Mapping[str, str]
    capacity: int
    gates: list[str]


@dataclass(frozen=True, slots=True)
class Buffers:
    """How far the inner and the outer boundary of every zone lie from its outline, metres."""

    inner: float
    outer: float


@dataclass(frozen=True, slots=True)
class ShownSite:
    """The site as it is drawn, around ``center`` (longitude, latitude).

    ``other_timezone`` is what clocks beyond the border go by, where that differs.
    """

    id: str
    name: Mapping[str, str]
    timezone: str
    other_timezone: str | None
    buffers: Buffers
    center: tuple[float, float]
    zones: Collection[SiteZone]
    roads: Collection[SiteRoad]
    gates: list[SiteGate]
    yards: list[SiteYard]


@router.get("/v1/site")
def get_site(request: Request) -> ShownSite:
    """Return what is drawn on the map."""
    now = request.app.state.clock.now()
    with transaction(request) as conn:
        site = open_site(conn, _newest(conn, request, now), now)
    today = now.astimezone(site.timezone).date()
    zones = [zone for zone in site.zones if zone.is_valid_at(microseconds(now))]
    outlines = shapely.union_all([zone.polygon for zone in site.zones])
    center = outlines.envelope.centroid
    return ShownSite(
        id=site.id,
        name=site.name,
        timezone=site.timezone.key,
        other_timezone=None if site.other_timezone is None else site.other_timezone.key,
        buffers=Buffers(site.visit.inner_m, site.visit.outer_m),
        center=(round(center.x, 5), round(center.y, 5)),
        zones=collection(
            (zone.polygon, _zone(zone, site.yard_by_id.get(zone.id))) for zone in zones
        ),
        roads=collection((line, SiteRoad(name)) for name, line in site.roads),
        gates=[
            SiteGate(
                gate.id,
                gate.name,
                sorted(gate.directions),
                gate.lanes,
                gate.inspection_places,
                list(gate.opening.windows(today)),
            )
            for gate in site.gates
        ],
        yards=[
            SiteYard(yard.id, yard.name, yard.capacity, [way.gate for way in yard.access])
            for yard in site.yards
        ],
    )


def _newest(conn: psycopg.Connection[Any], request: Request, now: datetime) -> Site:
    """Return the site as it is in the database: this process takes it up some seconds later."""
    state = request.app.state
    newer = find_newer_site(conn, state.site.id, state.loaded_at, now)
    return state.site if newer is None else newer[1]


def _zone(zone: Zone, yard: Yard | None) -> SiteZone:
    return SiteZone(
        zone.id,
        zone.name,
        zone.role,
        zone.gate,
        None if yard is None else yard.capacity,
        zone.uncertainty_m,
        zone.survey,
    )
