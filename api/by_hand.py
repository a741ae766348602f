"""Trucks moved by hand: who stands at a yard unregistered, who came in, who left; slips undone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from api.asked import NO_BODY
from api.auth import Caller, acting, caller
from api.feed import Feed
from api.moments import Moment
from api.once import Key, act_once
from api.transaction import transaction
from api.trip_bodies import Gates, Text, TripAnswer
from api.trips import get_visible, trip_answer
from flowctl.dispatch.turns import gate_of, list_seniors
from flowctl.registry import by_hand as registry
from flowctl.registry.by_hand_checks import HandReason, Said
from flowctl.registry.rules import Declaration
from flowctl.state import Cargo, Direction
from flowctl.storage import hand_words as stored
from flowctl.storage.audit import By
from flowctl.storage.hand_words import Connection, HandWord, What
from flowctl.storage.live import LiveRow
from flowctl.storage.snapshot import live_trip

router = APIRouter(tags=["by hand"])

Who = Annotated[Caller, Depends(caller)]
TripId = Annotated[int, Path(ge=1, lt=2**63)]
WordId = Annotated[int, Path(ge=1, lt=2**63)]


class WalkIn(BaseModel):
    """A truck that stands in ``yard`` without registration; ``phone`` null where none is given."""

    model_config = ConfigDict(extra="forbid")

    plate: Text
    yard: Text
    gates: Gates
    direction: Direction = Direction.EXPORT
    cargo: Cargo = Cargo.NORMAL
    phone: Text | None = None
    language: Text = "vi"
    haulier: Text | None = None
    needs: Text | None = None
    device: Text | None = None

    def declaration(self, now: datetime) -> Declaration:
        """Return what its driver would have declared at ``now``."""
        return Declaration(
            plate=self.plate,
            phone=None if self.phone is None or not self.phone.strip() else self.phone,
            language=self.language,
            direction=self.direction,
            cargo=self.cargo,
            gates=tuple(self.gates),
            ready_at=now,
            device=self.device,
            haulier=self.haulier,
            needs=self.needs,
        )


@dataclass(frozen=True, slots=True)
class WalkInPlace:
    """What a walk-in would be written down as; ``ahead`` trucks at ``gate`` are its seniors."""

    plate: str
    yard: str
    gate: str | None
    place: int
    ahead: int
    at: datetime


class HandSaid(BaseModel):
    """A truck came into ``yard`` at ``at``, or left it then; ``at`` is now where it is absent."""

    model_config = ConfigDict(extra="forbid")

    what: What
    yard: Text | None = None
    at: Moment | None = None
    reason: HandReason


@router.post("/v1/walk-ins/preview")
async def show_walk_in(request: Request, body: WalkIn, who: Who) -> WalkInPlace:
    """Return which place a walk-in would have, or refuse it as it would be; nothing is written."""
    state, by = request.app.state, acting(request)
    now: datetime = state.clock.now()

    def register() -> LiveRow:
        with transaction(request) as conn, conn.transaction(force_rollback=True):
            trip = registry.register_walk_in(
                conn, state.site, state.keys, body.declaration(now), body.yard, by=by, now=now
            )
            return get_visible(conn, state.site, trip, who)

    row = await run_in_threadpool(register)
    feed: Feed = state.feed
    mine = live_trip(row)
    ahead = len(list_seniors((await feed.current()).picture.trips, mine, state.site.policy))
    return WalkInPlace(row.plate, body.yard, gate_of(mine), ahead + 1, ahead, now)


@router.post("/v1/walk-ins", status_code=201)
def register_walk_in(
    request: Request, response: Response, body: WalkIn, who: Who, key: Key
) -> TripAnswer:
    """Register a truck where it stands, in one act; its place counts from now."""
    state = request.app.state

    def do(conn: Connection, by: By, now: datetime) -> int:
        return registry.register_walk_in(
            conn, state.site, state.keys, body.declaration(now), body.yard, by=by, now=now
        )

    def show(conn: Connection, trip: int) -> TripAnswer:
        return trip_answer(state, get_visible(conn, state.site, trip, who))

    return act_once(request, response, key, body, do=do, show=show)


@router.post("/v1/trips/{trip_id}/hand", status_code=201)
def say_by_hand(
    request: Request, response: Response, trip_id: TripId, body: HandSaid, key: Key
) -> HandWord:
    """Say that a truck came into a yard or left it; 409 where its tracker, heard now, differs."""
    site = request.app.state.site

    def do(conn: Connection, by: By, now: datetime) -> int:
        said = Said(body.what, body.yard, body.at or now, body.reason)
        return registry.say(conn, site, trip_id, said, by=by, now=now).id

    def show(conn: Connection, word: int) -> HandWord:
        return registry.get_word(conn, site, word)

    return act_once(request, response, key, body, do=do, show=show)


@router.get("/v1/trips/{trip_id}/hand")
def list_of_trip(request: Request, trip_id: TripId, who: Who) -> list[HandWord]:
    """List what was said of a trip by hand, the newest first, slips and all."""
    site = request.app.state.site
    with transaction(request) as conn:
        get_visible(conn, site, trip_id, who)
        return stored.list_words(conn, site.id, trip_id=trip_id, limit=50)


@router.get("/v1/hand-words")
def list_lately(
    request: Request, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> list[HandWord]:
    """List what was said by hand lately, the newest first."""
    with transaction(request) as conn:
        return stored.list_words(conn, request.app.state.site.id, trip_id=None, limit=limit)


@router.post("/v1/hand-words/{word_id}/undo", dependencies=[NO_BODY])
def undo_word(request: Request, word_id: WordId) -> HandWord:
    """Mark a word as a slip, within ten minutes of it."""
    state = request.app.state
    with transaction(request) as conn:
        return registry.undo(conn, state.site, word_id, by=acting(request), now=state.clock.now())


@router.post("/v1/hand-words/{word_id}/second", dependencies=[NO_BODY])
def second_word(request: Request, word_id: WordId) -> HandWord:
    """Bear out somebody else's word of long ago, so that the place counts from its moment."""
    state = request.app.state
    with transaction(request) as conn:
        return registry.second(conn, state.site, word_id, by=acting(request), now=state.clock.now())
