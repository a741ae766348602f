"""What a driver says on the own page: each act once, by a browser that claimed the link."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.asked import NO_BODY
from api.claims import require_claim
from api.driver import DriverView, get_driver_view
from api.errors import Problem
from api.gone import gate_place
from api.links import link_of, open_link
from api.moments import Moment
from api.record import record
from api.transaction import transaction
from api.trip_bodies import StandbyWish
from flowctl.registry import places, requests
from flowctl.registry.decisions import withdraw
from flowctl.registry.places import Offer
from flowctl.site import Site
from flowctl.state import Slot
from flowctl.storage.audit import By
from flowctl.storage.driver_acts import insert_act
from flowctl.storage.live import Connection

router = APIRouter(tags=["driver"])

_SIGNATURE = "driver"
"""What stands beside what a driver enters by the code of the own trip."""
_DRIVER = By(_SIGNATURE, "driver", None)
"""Whoever has a trip's link; which, the trip says, and from where a phone calls is its own."""
_LATEST_MIN = 24 * 60


class Lateness(BaseModel):
    """How many minutes after the beginning of the slot the driver will come."""

    model_config = ConfigDict(extra="forbid", strict=True)

    minutes: int = Field(ge=1, le=_LATEST_MIN)


class ChosenSlot(BaseModel):
    """One of the free slots."""

    model_config = ConfigDict(extra="forbid")

    gate: str = Field(max_length=80)
    starts_at: Moment


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """A slot that the driver may choose, with the trucks it still takes."""

    gate: str
    gate_name: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    free: int


@dataclass(frozen=True, slots=True)
class FreeSlots:
    """What the driver may choose from, the soonest first; empty where nothing may be chosen."""

    slots: list[FreeSlot]


Key = Annotated[UUID | None, Header(alias="Idempotency-Key")]
"""Makes the same request act once, however often it comes."""
Act = Callable[[Connection, Site, int, datetime], object]


async def _act(
    request: Request, code: str, key: UUID | None, do: Act, body: BaseModel | None = None
) -> DriverView:
    """Do it in one transaction, unless it was done before, and return the view then."""

    def run() -> None:
        link, state = link_of(request, code), request.app.state
        now: datetime = state.clock.now()
        with transaction(request) as conn:
            trip_id = open_link(conn, state.site, link, now).id
            require_claim(request, conn, trip_id)
            if key is None or _is_new(conn, trip_id, key, _digest(request, body), now):
                do(conn, state.site, trip_id, now)
                name = request.url.path.rsplit("/", 1)[-1]
                record(request, conn, f"driver.{name}", f"trip:{trip_id}", by=_DRIVER)

    await run_in_threadpool(run)
    return await get_driver_view(request, code)


def _digest(request: Request, body: BaseModel | None) -> bytes:
    """Return what tells an act from another: its name and what it says."""
    name = request.url.path.rsplit("/", 1)[-1]
    said = "" if body is None else body.model_dump_json()
    return sha256(f"{name} {said}".encode()).digest()


def _is_new(conn: Connection, trip_id: int, key: UUID, digest: bytes, now: datetime) -> bool:
    before = insert_act(conn, trip_id, key, digest, now=now)
    if before not in (None, digest):
        raise Problem(
            422,
            "Key used twice",
            "Another request came with this Idempotency-Key before, so nothing was done; send this"
            " one with a key of its own.",
        )
    return before is None


@router.post("/v1/driver/{code}/accept", dependencies=[NO_BODY])
async def accept_slot(request: Request, code: str, key: Key = None) -> DriverView:
    """Accept the slot told last; 409 where there is none, or it is past."""
    return await _act(
        request,
        code,
        key,
        lambda conn, site, trip, now: requests.accept(conn, site, trip, by=_SIGNATURE, now=now),
    )


@router.post("/v1/driver/{code}/late")
async def come_late(request: Request, code: str, body: Lateness, key: Key = None) -> DriverView:
    """Say how late the driver comes: the slot stays, or moves as with more time."""
    return await _act(
        request,
        code,
        key,
        lambda conn, site, trip, now: requests.come_late(
            conn, site, trip, body.minutes, by=_SIGNATURE, now=now
        ),
        body,
    )


@router.post("/v1/driver/{code}/cancel", dependencies=[NO_BODY])
async def cannot_come(request: Request, code: str, key: Key = None) -> DriverView:
    """Cancel the trip; 409 where it is over, or its truck was let in."""
    return await _act(
        request,
        code,
        key,
        lambda conn, site, trip, now: withdraw(conn, site, trip, by=_SIGNATURE, now=now),
    )


@router.get("/v1/driver/{code}/slots")
async def list_slots(request: Request, code: str) -> FreeSlots:
    """List free later slots that the driver may choose."""
    link, state = link_of(request, code), request.app.state

    def look() -> FreeSlots:
        now: datetime = state.clock.now()
        with transaction(request) as conn:
            row = open_link(conn, state.site, link, now)
            if row.state != "active":
                return FreeSlots([])
            offers = places.list_offers(conn, state.site, row, now)
        return FreeSlots([_free_slot(state.site, offer) for offer in offers])

    return await run_in_threadpool(look)


def _free_slot(site: Site, offer: Offer) -> FreeSlot:
    name = gate_place(site, offer.gate).name
    return FreeSlot(offer.gate, name, offer.starts_at, offer.ends_at, offer.free)


@router.post("/v1/driver/{code}/slot")
async def choose_slot(request: Request, code: str, body: ChosenSlot, key: Key = None) -> DriverView:
    """Take a free slot in place of the one told; 409 where somebody was faster, or not today."""
    slot = Slot(body.gate, body.starts_at)
    return await _act(
        request,
        code,
        key,
        lambda conn, site, trip, now: places.choose(conn, site, trip, slot, by=_SIGNATURE, now=now),
        body,
    )


@router.post("/v1/driver/{code}/extension", dependencies=[NO_BODY])
async def ask_for_time(request: Request, code: str, key: Key = None) -> DriverView:
    """Give the driver more time, as often a day as the site's rules allow; 409 where not now."""
    return await _act(
        request,
        code,
        key,
        lambda conn, site, trip, now: requests.extend(conn, site, trip, by=_SIGNATURE, now=now),
    )


@router.post("/v1/driver/{code}/standby")
async def stand_by(request: Request, code: str, body: StandbyWish, key: Key = None) -> DriverView:
    """Say whether the driver stands by to leave at once."""
    return await _act(
        request,
        code,
        key,
        lambda conn, site, trip, now: requests.stand_by(
            conn, site, trip, on=body.on, by=_SIGNATURE, now=now
        ),
        body,
    )
