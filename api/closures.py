"""Closures of gates and losses of lanes: entered, given another end, ended, taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.asked import NO_BODY
from api.auth import Caller, caller
from api.feed import Feed
from api.moments import Moment
from api.once import MaybeKey, act_once
from api.record import Connection, record
from api.transaction import transaction
from flowctl.closures import Closure, check_closure, taken_end
from flowctl.dispatch.turns import gate_of, shown_stage
from flowctl.errors import NotFoundError
from flowctl.site import Site
from flowctl.state import AdviceKind, Stage
from flowctl.storage.audit import By
from flowctl.storage.closures import (
    add_closure,
    change_closure,
    delete_closure,
    end_closure,
    get_closure,
    list_closures,
    list_held,
)

router = APIRouter(tags=["closures"])

ClosureId = Annotated[int, Path(ge=1, lt=2**63)]
Who = Annotated[Caller, Depends(caller)]


class NewClosure(BaseModel):
    """What is closed: from now where ``starts_at`` is absent, until nobody knows without an end.

    ``places_left`` inspection places go on working; 0, nothing passes.
    """

    model_config = ConfigDict(extra="forbid")

    starts_at: Moment | None = None
    ends_at: Moment | None = None
    places_left: Annotated[int, Field(ge=0, le=1000, strict=True)] = 0
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class ClosureEnd(BaseModel):
    """When a closure ends; null where nobody knows."""

    ends_at: Moment | None

    @model_validator(mode="before")
    @classmethod
    def refuse_others(cls, body: object) -> object:
        """Say that nothing else can be changed, rather than that it is not known."""
        others = sorted(body.keys() - {"ends_at"}) if isinstance(body, dict) else []
        if others:
            raise ValueError(
                f"only ends_at of a closure can be changed; leave out {', '.join(others)[:80]},"
                " or end this closure and enter another"
            )
        return body


class ShownClosure(BaseModel):
    """A closure as it stands."""

    id: int
    gate: str
    starts_at: datetime
    ends_at: datetime | None
    places_left: int
    reason: str
    entered_by: str
    changed_at: datetime
    ended_by: str | None


@dataclass(frozen=True, slots=True)
class Affected:
    """Whom a closure would touch: until ``until``, which is assumed where no end is known.

    ``slots`` trucks were told a slot in that time, ``called`` are on their way or in the queue.
    """

    until: datetime
    slots: int
    called: int


@dataclass(frozen=True, slots=True)
class Held:
    """A truck whose driver was told to stay where he is, or that there is no slot yet."""

    trip_id: int
    plate: str
    gate: str
    kind: AdviceKind
    at: datetime


@router.get("/v1/closures")
def get_closures(request: Request, since: Moment | None = None) -> Sequence[ShownClosure]:
    """Return the closures that last or lie ahead, or ended after ``since``, in order of begin."""
    state = request.app.state
    ended = since or state.clock.now()
    with transaction(request) as conn:
        return [_shown(one) for one in list_closures(conn, state.site.id, since=ended)]


@router.get("/v1/closures/{closure_id}")
def get_one(request: Request, closure_id: ClosureId) -> ShownClosure:
    """Return a closure, one that is over too."""
    with transaction(request) as conn:
        return _shown(get_closure(conn, request.app.state.site.id, closure_id))


@router.get("/v1/held")
def get_held(request: Request) -> list[Held]:
    """Return the trucks that are held, the longest first."""
    with transaction(request) as conn:
        return [Held(*row) for row in list_held(conn, request.app.state.site.id)]


@router.get("/v1/gates/{gate}/closures/affected")
async def count_affected(
    request: Request,
    gate: str,
    starts_at: Moment | None = None,
    ends_at: Moment | None = None,
) -> Affected:
    """Count whom a closure would touch, before anybody enters it."""
    state = request.app.state
    site: Site = state.site
    if gate not in site.gate_by_id:
        known = " and ".join(site.gate_by_id)
        raise NotFoundError(
            f"There is no gate {gate[:40]!r}; {site.id} has {known}.",
            kind="no_gate",
            values={"gate": gate[:40]},
        )
    now: datetime = state.clock.now()
    since = starts_at or now
    asked = Closure(0, gate, since, ends_at, 0, "", "", now)
    check_closure(site, asked, (), now)
    until = taken_end(asked, site.policy.closure, now)
    feed: Feed = state.feed
    trips = [(t, shown_stage(t, now)) for t in (await feed.current()).picture.trips]
    slot = timedelta(seconds=site.dispatch.slot_s)
    waiting = (Stage.REGISTERED, Stage.STAGED)
    under_way = (Stage.RELEASED, Stage.QUEUED) if since <= now else ()
    return Affected(
        until=until,
        slots=sum(
            stage in waiting
            and trip.told is not None
            and trip.told.gate == gate
            and trip.told.starts_at < until
            and trip.told.starts_at + slot > since
            for trip, stage in trips
        ),
        called=sum(stage in under_way and gate_of(trip) == gate for trip, stage in trips),
    )


@router.post("/v1/gates/{gate}/closures", status_code=201)
def close_gate(
    request: Request,
    response: Response,
    gate: str,
    body: NewClosure,
    who: Who,
    key: MaybeKey = None,
) -> ShownClosure:
    """Close a gate or take lanes off it; the slots it turns away are moved at once."""
    site: Site = request.app.state.site

    def do(conn: Connection, by: By, now: datetime) -> int:
        closure = add_closure(
            conn,
            site,
            gate=gate,
            starts_at=body.starts_at or now,
            ends_at=body.ends_at,
            places_left=body.places_left,
            reason=body.reason,
            actor=who.signature,
            now=now,
        )
        record(request, conn, "closure.begin", f"gate:{gate}", after=_logged(closure), by=by)
        return closure.id

    def show(conn: Connection, closure: int) -> ShownClosure:
        return _shown(get_closure(conn, site.id, closure))

    return act_once(request, response, key, body, do=do, show=show)


@router.patch("/v1/closures/{closure_id}")
def give_end(request: Request, closure_id: ClosureId, body: ClosureEnd, who: Who) -> ShownClosure:
    """Give a closure another end."""
    state = request.app.state
    with transaction(request) as conn:
        before = get_closure(conn, state.site.id, closure_id)
        closure = change_closure(
            conn,
            state.site,
            closure_id,
            ends_at=body.ends_at,
            actor=who.signature,
            now=state.clock.now(),
        )
        _record(request, conn, "closure.change", before, closure)
        return _shown(closure)


@router.post("/v1/closures/{closure_id}/end", dependencies=[NO_BODY])
def reopen(request: Request, closure_id: ClosureId, who: Who) -> ShownClosure:
    """End a closure now."""
    state = request.app.state
    with transaction(request) as conn:
        before = get_closure(conn, state.site.id, closure_id)
        now = state.clock.now()
        closure = end_closure(conn, state.site, closure_id, actor=who.signature, now=now)
        _record(request, conn, "closure.end", before, closure)
        return _shown(closure)


@router.delete("/v1/closures/{closure_id}", status_code=204, dependencies=[NO_BODY])
def take_back(request: Request, closure_id: ClosureId, who: Who) -> None:
    """Take back a closure that has not begun."""
    state = request.app.state
    with transaction(request) as conn:
        before = get_closure(conn, state.site.id, closure_id)
        delete_closure(conn, state.site, closure_id, actor=who.signature, now=state.clock.now())
        _record(request, conn, "closure.take_back", before, None)


def _record(
    request: Request, conn: Connection, act: str, before: Closure, after: Closure | None
) -> None:
    record(
        request,
        conn,
        act,
        f"gate:{before.gate}",
        before=_logged(before),
        after=None if after is None else _logged(after),
    )


def _logged(closure: Closure) -> dict[str, Any]:
    return {
        "closure": closure.id,
        "starts_at": closure.starts_at.isoformat(),
        "ends_at": None if closure.ends_at is None else closure.ends_at.isoformat(),
        "places_left": closure.places_left,
        "reason": closure.reason,
    }


def _shown(closure: Closure) -> ShownClosure:
    return ShownClosure(**closure._asdict())
