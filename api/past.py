"""One trip's past: where its truck went, and what was seen, said and decided of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request

from api.geojson import Collection, collection
from api.moments import Moment
from api.record import record
from api.transaction import transaction
from api.trip_bodies import TripId
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.site import Site
from flowctl.storage.past import (
    LONGEST,
    Carried,
    Clearance,
    Connection,
    Event,
    PastMessage,
    PastVisit,
    Span,
    find_span,
    list_clearances,
    list_devices,
    list_events,
    list_messages,
    list_track,
    list_visits,
)
from flowctl.storage.sites import list_zone_versions
from flowctl.telemetry.fixes import microseconds
from geo.zones import Zone

router = APIRouter(tags=["trips"])

_POINTS = 2000
"""So many points are drawn at once without a pause."""
_LEAST_STEP_S = 10.0
_GAP_STEPS = 3.0
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class PastZone:
    """A zone while its outline held, epoch seconds; null: always before, always after."""

    id: str
    role: str
    gate: str | None
    name: dict[str, str]
    valid_from: float | None
    valid_until: float | None


@dataclass(frozen=True, slots=True)
class Track:
    """A truck's track in columns: epoch seconds, degrees, m/s.

    Between two points further apart than ``gap_s`` nothing is known. ``events`` are what happened
    meanwhile; ``zones`` the outlines that held.
    """

    since: datetime
    until: datetime
    step_s: float
    gap_s: float
    at: list[float]
    lon: list[float]
    lat: list[float]
    speed: list[float | None]
    events: list[Event]
    zones: Collection[PastZone]


@dataclass(frozen=True, slots=True)
class Past:
    """What was seen, said and decided of a trip."""

    visits: list[PastVisit]
    messages: list[PastMessage]
    clearances: list[Clearance]
    devices: list[Carried]


@router.get("/v1/trips/{trip_id}/past")
def get_past(request: Request, trip_id: TripId) -> Past:
    """Return a trip's stays, messages, clearances and devices."""
    site, now = _site(request), request.app.state.clock.now()
    with transaction(request) as conn:
        span = _span(conn, site, trip_id)
        since, until = span.registered_at, span.ended_at or now
        return Past(
            list_visits(conn, site.id, span.plate, since, until),
            list_messages(conn, trip_id),
            list_clearances(conn, trip_id),
            list_devices(conn, span.plate, since, until),
        )


@router.get("/v1/trips/{trip_id}/track")
def get_track(
    request: Request,
    trip_id: TripId,
    since: Annotated[Moment | None, Query()] = None,
    until: Annotated[Moment | None, Query()] = None,
) -> Track:
    """Return where a trip's truck went: all of the trip, or a part of it, thinned out to be drawn.

    Of a longer time than a week the last week is returned. Who looked is written down: where a
    truck was is where its driver was.
    """
    site, now = _site(request), request.app.state.clock.now()
    with transaction(request) as conn:
        span = _span(conn, site, trip_id)
        ends = min(until or span.ended_at or now, now)
        begins = max(since or span.registered_at, ends - LONGEST)
        if begins >= ends:
            raise FlowctlError(
                "since is not before until, or both are to come; give a past time.",
                kind="since_until",
            )
        step_s = max(_LEAST_STEP_S, (ends - begins).total_seconds() / _POINTS)
        fixes = list_track(conn, site.id, span.plate, begins, ends, step_s=step_s)
        stays = list_visits(conn, site.id, span.plate, begins, ends)
        events = [one for one in list_events(conn, trip_id) if begins <= one.at <= ends]
        zones = list_zone_versions(conn, site)
        seen = {"since": begins.isoformat(), "until": ends.isoformat()}
        record(request, conn, "trip.track", f"trip:{trip_id}", after=seen)
    speed = fixes["speed_mps"]
    return Track(
        begins,
        ends,
        step_s,
        max(site.visit.parked_silence_s, _GAP_STEPS * step_s),
        np.round(fixes["at"], 1).tolist(),
        np.round(fixes["lon"], 6).tolist(),
        np.round(fixes["lat"], 6).tolist(),
        [None if value != value else round(value, 1) for value in speed.tolist()],  # noqa: PLR0124 - NaN
        sorted([*events, *_entries(stays, begins, ends)], key=lambda one: one.at),
        _drawn(zones, begins, ends),
    )


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def _span(conn: Connection, site: Site, trip_id: int) -> Span:
    span = find_span(conn, site.id, trip_id)
    if span is None:
        raise NotFoundError(f"There is no trip {trip_id}.", kind="no_trip")
    return span


def _entries(stays: list[PastVisit], begins: datetime, ends: datetime) -> list[Event]:
    """Return when the truck was first seen in each zone it came into."""
    names = {"yard": "arrived", "queue": "queued", "lane": "in_lane", "beyond": "crossed"}
    return [
        Event(stay.entered_at, names[stay.role], stay.zone if stay.role == "yard" else stay.gate)
        for stay in stays
        if stay.role in names and begins <= stay.entered_at <= ends
    ]


def _drawn(zones: list[Zone], begins: datetime, ends: datetime) -> Collection[PastZone]:
    since, until = microseconds(begins), microseconds(ends)
    return collection(
        (zone.polygon, _past(zone))
        for zone in zones
        if (zone.valid_from_us is None or zone.valid_from_us <= until)
        and (zone.valid_until_us is None or zone.valid_until_us > since)
    )


def _past(zone: Zone) -> PastZone:
    valid_from, valid_until = _epoch_s(zone.valid_from_us), _epoch_s(zone.valid_until_us)
    return PastZone(zone.id, zone.role, zone.gate, zone.name, valid_from, valid_until)


def _epoch_s(at_us: int | None) -> float | None:
    return None if at_us is None else at_us / _US
