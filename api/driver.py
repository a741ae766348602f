"""The driver's page: one trip, opened by the code of the link in its messages."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.asked import NO_BODY
from api.feed import Feed
from api.gone import Gone, Place, gate_place, list_gone, road_yard, yard_place
from api.links import link_of, open_link
from api.transaction import transaction
from api.trips import StandbyWish
from flowctl.dispatch.legs import call_up_at
from flowctl.dispatch.turns import count_ahead, gate_of, shown_stage
from flowctl.errors import ConflictError
from flowctl.notify.outbox import facts_of
from flowctl.notify.texts import write_text
from flowctl.registry import requests
from flowctl.registry.keys import Link
from flowctl.site import Site
from flowctl.state import Advice, AdviceKind, LiveTrip, Stage
from flowctl.storage.closures import find_advice
from flowctl.storage.live import Connection, LiveRow
from flowctl.storage.outbox import SentMessage, list_sent
from flowctl.storage.snapshot import live_trip

router = APIRouter(tags=["driver"])

_SIGNATURE = "driver"
"""What stands beside what a driver enters by the code of the own trip."""


@dataclass(frozen=True, slots=True)
class Window:
    """A slot's times."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message as it reads on the page."""

    kind: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Word:
    """What the driver last heard that is no slot and stands: hold, stay, or no slot yet."""

    kind: AdviceKind
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of a trip, and what its driver may still ask for."""

    sent: list[SentMessage]
    advice: Advice | None
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class DriverView:
    """What a driver is to know now.

    ``gone`` are its gate and its yard where the site has them no more, each with what comes in its
    stead. ``advice`` stands in place of the slot. More time may be asked for where ``not_before``
    is there: the slot would begin no sooner. It was asked for until ``extended_until``.
    """

    plate: str
    language: str
    timezone: str
    at: datetime
    state: str
    gate: Place | None
    yard: Place | None
    gone: list[Gone]
    needs: str | None
    slot: Window | None
    leave_at: datetime | None
    released_at: datetime | None
    ahead: int | None
    registered_at: datetime
    messages: list[ShownMessage]
    advice: Word | None
    standby: bool
    extended_until: datetime | None
    not_before: datetime | None


@router.get("/v1/driver/{code}")
async def get_driver_view(request: Request, code: str) -> DriverView:
    """Return the trip of a code; 404 where it proves nothing, 410 a day after the trip ended."""
    link = link_of(request, code)
    feed: Feed = request.app.state.feed
    trips = (await feed.current()).picture.trips
    return await run_in_threadpool(_look, request, code, link, trips)


@router.post("/v1/driver/{code}/extension", dependencies=[NO_BODY])
async def ask_for_time(request: Request, code: str) -> DriverView:
    """Give the driver more time, as often a day as the site's rules allow; 409 where not now."""
    link = link_of(request, code)
    state = request.app.state

    def ask() -> None:
        with transaction(request) as conn:
            trip_id = open_link(conn, state.site, link, state.clock.now()).id
            requests.extend(conn, state.site, trip_id, by=_SIGNATURE, now=state.clock.now())

    await run_in_threadpool(ask)
    return await get_driver_view(request, code)


@router.post("/v1/driver/{code}/standby")
async def stand_by(request: Request, code: str, body: StandbyWish) -> DriverView:
    """Say whether the driver stands by to leave at once."""
    link = link_of(request, code)
    state = request.app.state

    def say() -> None:
        with transaction(request) as conn:
            trip_id = open_link(conn, state.site, link, state.clock.now()).id
            requests.stand_by(
                conn, state.site, trip_id, on=body.on, by=_SIGNATURE, now=state.clock.now()
            )

    await run_in_threadpool(say)
    return await get_driver_view(request, code)


def _look(request: Request, code: str, link: Link, trips: tuple[LiveTrip, ...]) -> DriverView:
    site: Site = request.app.state.site
    now: datetime = request.app.state.clock.now()
    with transaction(request) as conn:
        row = open_link(conn, site, link, now)
        told = Told(
            sent=list_sent(conn, row.id),
            advice=find_advice(conn, row.id) if row.state == "active" else None,
            not_before=_not_before(conn, site, row, now) if row.state == "active" else None,
        )
    address = f"{request.app.state.settings.public_url.rstrip('/')}/d/{code}"
    return _view(site, now, row, trips, told, address)


def _not_before(conn: Connection, site: Site, row: LiveRow, now: datetime) -> datetime | None:
    """Return when a slot would begin at the earliest if more time were asked for, if it may be."""
    try:
        return requests.get_extension(conn, site, row, now)
    except ConflictError:
        return None


def _view(
    site: Site,
    now: datetime,
    row: LiveRow,
    trips: tuple[LiveTrip, ...],
    heard: Told,
    link: str,
) -> DriverView:
    trip = live_trip(row)
    told = trip.told
    gate = gate_of(trip)
    yard = None if gate is None else _yard(site, trip, gate)
    known = None if yard is None else site.yard_by_id.get(yard)
    stage = shown_stage(trip, now)
    counts = row.state == "active" and gate in site.gate_by_id
    before_release = told is not None and stage in (Stage.REGISTERED, Stage.STAGED)
    way = None if known is None or gate is None else known.access_to(gate)
    return DriverView(
        plate=row.plate,
        language=row.language,
        timezone=site.timezone.key,
        at=now,
        state="cancelled" if row.state == "cancelled" else stage,
        gate=None if gate is None else gate_place(site, gate),
        yard=None if yard is None else yard_place(site, yard),
        gone=list_gone(site, trip) if row.state == "active" else [],
        needs=row.needs,
        slot=(
            None
            if told is None
            else Window(told.starts_at, told.starts_at + timedelta(seconds=site.dispatch.slot_s))
        ),
        leave_at=(
            call_up_at(told, way, site.dispatch)
            if before_release and told is not None and way is not None
            else None
        ),
        released_at=trip.released_at,
        ahead=count_ahead(trips, trip, site.policy, now) if counts else None,
        registered_at=row.registered_at,
        messages=_messages(site, row, link, heard.sent),
        advice=None if heard.advice is None else Word(heard.advice.kind, heard.advice.at),
        standby=row.standby,
        extended_until=row.extended_until,
        not_before=heard.not_before,
    )


def _yard(site: Site, trip: LiveTrip, gate: str) -> str | None:
    """Return the yard a truck stands in, else the one the road to its gate leads to."""
    if trip.yard is not None:
        return trip.yard
    if trip.arrived_at is not None:
        return None
    yard = road_yard(site, gate)
    return None if yard is None else yard.id


def _messages(site: Site, row: LiveRow, link: str, sent: list[SentMessage]) -> list[ShownMessage]:
    return [
        ShownMessage(
            kind=message.kind,
            at=message.sent_at,
            text=write_text(
                site,
                kind=message.kind,
                language=row.language,
                facts=facts_of(message.params, plate=row.plate, link=link),
                where="page",
            ),
        )
        for message in sent
    ]
