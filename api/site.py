"""The site for the map: zones, roads, gates and yards."""

from datetime import datetime
from typing import Any

import psycopg
import shapely
from fastapi import APIRouter, Request
from shapely.geometry.base import BaseGeometry

from api.transaction import transaction
from flowctl.site import Site, Yard
from flowctl.storage.closures import open_site
from flowctl.storage.sites import find_newer_site
from flowctl.telemetry.fixes import microseconds
from geo.zones import Zone

router = APIRouter(tags=["site"])


@router.get("/v1/site")
def get_site(request: Request) -> dict[str, Any]:
    """Return what is drawn on the map."""
    now = request.app.state.clock.now()
    with transaction(request) as conn:
        site = open_site(conn, _newest(conn, request, now), now)
    today = now.astimezone(site.timezone).date()
    zones = [zone for zone in site.zones if zone.is_valid_at(microseconds(now))]
    outlines = shapely.union_all([zone.polygon for zone in site.zones])
    center = outlines.envelope.centroid
    return {
        "id": site.id,
        "name": site.name,
        "timezone": site.timezone.key,
        "other_timezone": None if site.other_timezone is None else site.other_timezone.key,
        "buffers": {"inner": site.visit.inner_m, "outer": site.visit.outer_m},
        "center": [round(center.x, 5), round(center.y, 5)],
        "zones": _collection([_zone(zone, site.yard_by_id.get(zone.id)) for zone in zones]),
        "roads": _collection([_feature(line, {"id": name}) for name, line in site.roads]),
        "gates": [
            {
                "id": gate.id,
                "name": gate.name,
                "directions": sorted(gate.directions),
                "lanes": gate.lanes,
                "inspection_places": gate.inspection_places,
                "windows_today": gate.opening.windows(today),
            }
            for gate in site.gates
        ],
        "yards": [
            {
                "id": yard.id,
                "name": yard.name,
                "capacity": yard.capacity,
                "gates": [way.gate for way in yard.access],
            }
            for yard in site.yards
        ],
    }


def _newest(conn: psycopg.Connection[Any], request: Request, now: datetime) -> Site:
    """Return the site as it is in the database: this process takes it up some seconds later."""
    state = request.app.state
    newer = find_newer_site(conn, state.site.id, state.loaded_at, now)
    return state.site if newer is None else newer[1]


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def _feature(shape: BaseGeometry, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": shapely.geometry.mapping(shape),
    }


def _zone(zone: Zone, yard: Yard | None) -> dict[str, Any]:
    return _feature(
        zone.polygon,
        {
            "id": zone.id,
            "name": zone.name,
            "role": zone.role,
            "gate": zone.gate,
            "capacity": None if yard is None else yard.capacity,
            "uncertainty_m": zone.uncertainty_m,
            "survey": zone.survey,
        },
    )
