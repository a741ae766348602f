"""The driver's page: one trip, opened by the code of the link in its messages.

What the driver says there is in `api.driver_acts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.claims import find_link_state
from api.driver_way import Way, find_way
from api.feed import Feed
from api.gone import Gone, Place, gate_place, list_gone, road_yard, yard_place
from api.links import link_of, open_link
from api.missing import Missing, list_missing
from api.picture import Picture
from api.transaction import transaction
from api.why import Language
from flowctl.dispatch.legs import call_up_at
from flowctl.dispatch.turns import count_ahead, gate_of, shown_stage
from flowctl.errors import ConflictError
from flowctl.notify.outbox import facts_of
from flowctl.notify.texts import write_text
from flowctl.registry import requests
from flowctl.registry.keys import Link
from flowctl.registry.phone_tracker import Tracker, tracker_of
from flowctl.registry.push import push_public_key
from flowctl.site import Site
from flowctl.state import Advice, AdviceKind, LiveTrip, Stage
from flowctl.storage.claims import LinkState
from flowctl.storage.clearances import Clearance, list_clearances
from flowctl.storage.closures import find_advice
from flowctl.storage.live import Connection, LiveRow
from flowctl.storage.outbox import SentMessage, list_sent
from flowctl.storage.snapshot import live_trip
from flowctl.storage.trips import find_asked_until

router = APIRouter(tags=["driver"])


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
class Position:
    """Where the truck was last seen."""

    lon: float
    lat: float
    at: datetime


@dataclass(frozen=True, slots=True)
class GateNow:
    """The trip's gate: trucks in its queue and being inspected, at so many places."""

    queued: int
    in_lane: int
    state: str
    places: int


@dataclass(frozen=True, slots=True)
class YardNow:
    """A yard with the trucks that stand in it."""

    yard: str
    name: Mapping[str, str]
    inside: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of a trip, and what its driver may still ask for."""

    sent: list[SentMessage]
    advice: Advice | None
    asked_until: datetime | None
    not_before: datetime | None
    moves_left: int
    may_accept: bool
    waits: list[Clearance]
    link: LinkState


@dataclass(frozen=True, slots=True)
class Page:
    """What a view is made with besides the trip: where and in which language, how it is pushed."""

    address: str
    language: Language | None
    push_key: str


@dataclass(frozen=True, slots=True)
class DriverView:
    """What a driver is to know now.

    ``gone`` are its gate and its yard where the site has them no more, each with what comes in its
    stead. ``advice`` stands in place of the slot. More time may be asked for where ``not_before``
    is there: the slot would begin no sooner; like another slot, ``moves_left`` times today. It was
    asked for until ``extended_until``, unless another slot was chosen since. The slot told last may
    be ``accepted``; its driver comes late, but by ``late_until``. ``claimed`` tells whether some
    browser acts for the trip, ``may_act`` whether it is this one. ``tracker`` is what the truck is
    followed by. ``waits`` are the agencies that can confirm something now that stands in its way.
    """

    plate: str
    language: str
    timezone: str
    other_timezone: str | None
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
    moves_left: int
    accepted: bool
    may_accept: bool
    late_until: datetime | None
    claimed: bool
    may_act: bool
    tracker: Tracker | None
    position: Position | None
    way: Way | None
    gate_now: GateNow | None
    yards_now: list[YardNow]
    push_key: str | None
    waits: list[Missing]


@router.get("/v1/driver/{code}")
async def get_driver_view(
    request: Request, code: str, language: Language | None = None
) -> DriverView:
    """Return the trip of a code; 404 where it proves nothing, 410 a day after the trip ended.

    Its messages are in the driver's language where none is named.
    """
    link = link_of(request, code)
    feed: Feed = request.app.state.feed
    picture = (await feed.current()).picture
    return await run_in_threadpool(_look, request, code, link, picture, language)


def _look(
    request: Request, code: str, link: Link, picture: Picture, language: Language | None
) -> DriverView:
    state = request.app.state
    site: Site = state.site
    now: datetime = state.clock.now()
    with transaction(request) as conn:
        row = open_link(conn, site, link, now)
        active = row.state == "active"
        told = Told(
            sent=list_sent(conn, row.id),
            advice=find_advice(conn, row.id) if active else None,
            asked_until=None if row.extended_until is None else find_asked_until(conn, row.id),
            not_before=_not_before(conn, site, row, now) if active else None,
            moves_left=requests.count_moves_left(conn, site, row.id, now),
            may_accept=active and requests.may_accept(conn, site, row, now),
            waits=list_clearances(conn, [row.id]).get(row.id, []) if active else [],
            link=find_link_state(request, conn, row.id),
        )
    address = f"{state.settings.public_url.rstrip('/')}/d/{code}"
    return _view(
        site, now, row, picture, told, Page(address, language, push_public_key(state.keys))
    )


def _not_before(conn: Connection, site: Site, row: LiveRow, now: datetime) -> datetime | None:
    """Return when a slot would begin at the earliest if more time were asked for, if it may be."""
    try:
        return requests.get_extension(conn, site, row, now)
    except ConflictError:
        return None


def _view(
    site: Site, now: datetime, row: LiveRow, picture: Picture, heard: Told, page: Page
) -> DriverView:
    trip = live_trip(row)
    told = trip.told
    gate = gate_of(trip)
    yard = None if gate is None else _yard(site, trip, gate)
    stage = shown_stage(trip, now)
    active = row.state == "active"
    counts = active and gate in site.gate_by_id
    return DriverView(
        plate=row.plate,
        language=row.language,
        timezone=site.timezone.key,
        other_timezone=None if site.other_timezone is None else site.other_timezone.key,
        at=now,
        state="cancelled" if row.state == "cancelled" else stage,
        gate=None if gate is None else gate_place(site, gate),
        yard=None if yard is None else yard_place(site, yard),
        gone=list_gone(site, trip) if active else [],
        needs=row.needs,
        slot=(
            None
            if told is None
            else Window(told.starts_at, told.starts_at + timedelta(seconds=site.dispatch.slot_s))
        ),
        leave_at=_leave_at(site, trip, yard, stage),
        released_at=trip.released_at,
        ahead=count_ahead(picture.trips, trip, site.policy, now) if counts else None,
        registered_at=row.registered_at,
        messages=_messages(site, row, page, heard.sent),
        advice=None if heard.advice is None else Word(heard.advice.kind, heard.advice.at),
        standby=row.standby,
        extended_until=heard.asked_until,
        not_before=heard.not_before,
        moves_left=heard.moves_left,
        accepted=row.accepted_at is not None,
        may_accept=heard.may_accept,
        late_until=row.late_until,
        claimed=heard.link.claimed,
        may_act=heard.link.mine,
        tracker=tracker_of(row),
        position=_position(row),
        way=(
            find_way(site, yard, gate, staged=trip.arrived_at is not None)
            if active and yard is not None and gate is not None
            else None
        ),
        gate_now=_gate_now(site, picture, gate),
        yards_now=[
            YardNow(one.id, yard_place(site, one.id).name, one.occupancy, one.capacity)
            for one in picture.yards
        ],
        push_key=page.push_key,
        waits=list_missing(site, page.language or row.language, heard.waits),
    )


def _leave_at(site: Site, trip: LiveTrip, yard: str | None, stage: Stage) -> datetime | None:
    """Return when a truck that still waits for its call is to leave for its slot."""
    if trip.told is None or stage not in (Stage.REGISTERED, Stage.STAGED):
        return None
    known = None if yard is None else site.yard_by_id.get(yard)
    way = None if known is None else known.access_to(trip.told.gate)
    return None if way is None else call_up_at(trip.told, way, site.dispatch)


def _position(row: LiveRow) -> Position | None:
    if row.lon is None or row.lat is None or row.fixed_at is None:
        return None
    return Position(row.lon, row.lat, row.fixed_at)


def _gate_now(site: Site, picture: Picture, gate: str | None) -> GateNow | None:
    seen = next((one for one in picture.gates if one.id == gate), None)
    known = None if gate is None else site.gate_by_id.get(gate)
    if seen is None or known is None:
        return None
    return GateNow(seen.queued, seen.in_lane, seen.state, known.inspection_places)


def _yard(site: Site, trip: LiveTrip, gate: str) -> str | None:
    """Return the yard a truck stands in, else the one the road to its gate leads to."""
    if trip.yard is not None:
        return trip.yard
    if trip.arrived_at is not None:
        return None
    yard = road_yard(site, gate)
    return None if yard is None else yard.id


def _messages(site: Site, row: LiveRow, page: Page, sent: list[SentMessage]) -> list[ShownMessage]:
    return [
        ShownMessage(
            kind=message.kind,
            at=message.sent_at,
            text=write_text(
                site,
                kind=message.kind,
                language=page.language or row.language,
                facts=facts_of(message.params, plate=row.plate, link=page.address),
                where="page",
            ),
        )
        for message in sent
    ]
