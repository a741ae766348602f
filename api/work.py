"""Work lists: what waits at a desk, since when, and many of it decided at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, caller
from api.desks import own_desk
from api.refusals import Said as SaidValue
from api.refusals import shown
from api.stages import Code, Said, WaitsFor, say_once, waits_for
from api.transaction import transaction
from flowctl.errors import ConflictError, FlowctlError
from flowctl.registry.courses import list_courses
from flowctl.registry.plates import parse_part
from flowctl.site import Site
from flowctl.storage import worklists as stored
from flowctl.storage.stages import Connection
from flowctl.storage.workflows import list_read
from flowctl.storage.worklists import Place, StageCount, Wanted, WorkRow
from flowctl.workflow.stages import Act, Desk, Progress, State

router = APIRouter(tags=["stages"])

_DECIDABLE = (State.READY, State.ASKED, State.REFUSED, State.EXPIRED)
_MOST_FOUND = 200
_MOST_AT_ONCE = 200
Who = Annotated[Caller, Depends(caller)]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many trips stand so at a stage of a desk; ``at_least``: not all were counted."""

    stage: str
    at_least: bool = False
    ready: int = 0
    asked: int = 0
    refused: int = 0
    expired: int = 0


@dataclass(frozen=True, slots=True)
class SlotTold:
    """The slot a driver was told last."""

    gate: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class ShownWork:
    """A stage that waits at a desk; ``waits_for`` is who has to act first, where that is another.

    ``marks`` are what the declaration was marked with, such as a plate of no known form.
    """

    trip: int
    plate: str
    nationality: str
    direction: str
    gate: str
    cargo: str
    goods: str | None
    goods_class: str | None
    weight_class: str | None
    load: str
    haulier: str | None
    stage: str
    state: str
    since: datetime
    waits_for: list[WaitsFor]
    marks: list[str]
    has_documents: bool
    open_conflicts: int
    slot: SlotTold | None
    locked: list[str]


@dataclass(frozen=True, slots=True)
class Work:
    """What waits at a desk, what has waited longest first; ``next`` is where the list goes on.

    ``at`` is the site's moment, from which pages count how long somebody waits.
    """

    at: datetime
    desk: Desk
    counts: list[Counts]
    rows: list[ShownWork]
    next: str | None


@router.get("/v1/work")
def get_work(
    request: Request,
    desk: Desk | None = None,
    stage: Annotated[str | None, Query(max_length=80)] = None,
    gate: Annotated[str | None, Query(max_length=80)] = None,
    direction: Literal["export", "import"] | None = None,
    state: State | None = None,
    q: Annotated[str | None, Query(max_length=40)] = None,
    after: Annotated[str | None, Query(max_length=120)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Work:
    """List what waits at a desk: the caller's own unless one is named.

    ``q`` is a part of a plate or the number of a customs declaration; ``after`` is ``next`` of the
    page before. Without ``state`` only what somebody could decide is listed.
    """
    site: Site = request.app.state.site
    whose = own_desk(request) if desk is None else desk
    gates = [one.id for one in site.gates] if gate is None else [gate]
    directions = ["export", "import"] if direction is None else [direction]
    now: datetime = request.app.state.clock.now()
    with transaction(request) as conn:
        stages = _stages_of(conn, site, whose)
        wanted = Wanted(
            desk=whose,
            stages=stages if stage is None else [stage],
            states=list(_DECIDABLE) if state is None else [state],
            gates=gates,
            directions=directions,
            trips=None if not q else _found(conn, site, q),
        )
        place = None if after is None else _place(after)
        rows = stored.list_work(conn, site.id, wanted, after=place, limit=limit + 1)
        everything = replace(wanted, stages=stages, states=list(_DECIDABLE))
        counts = stored.count_work(conn, site.id, everything)
        shown_rows = _shown(conn, site, rows[:limit], now=now)
    more = rows[limit - 1] if len(rows) > limit else None
    return Work(
        at=now,
        desk=whose,
        counts=[_counts(one, counts) for one in stages],
        rows=shown_rows,
        next=None if more is None else f"{more.since.isoformat()}~{more.trip}~{more.stage}",
    )


def _counts(stage: str, counts: Sequence[StageCount]) -> Counts:
    mine = [one for one in counts if one.stage == stage]
    states = {one.state: one.trips for one in mine}
    return Counts(stage, any(one.at_least for one in mine), **states)


def _stages_of(conn: Connection, site: Site, desk: Desk) -> list[str]:
    """Return a desk's stages in any version that is stored, those of the newest first."""
    found: dict[str, None] = {}
    for version in list_read(conn, site.id):
        for one in version.stages:
            if one.desk is desk:
                found.setdefault(one.id)
    return list(found)


def _found(conn: Connection, site: Site, text: str) -> list[int]:
    return stored.find_plates(conn, site.id, parse_part(text), limit=_MOST_FOUND)


def _place(after: str) -> Place:
    since, _, rest = after.partition("~")
    trip, _, stage = rest.partition("~")
    lost = FlowctlError(
        f'after: {after!r} is no place in this list; take "next" of the page before.'
    )
    try:
        place = Place(datetime.fromisoformat(since), int(trip), stage)
    except ValueError as error:
        raise lost from error
    if place.since.tzinfo is None or not 0 < place.trip_id < 2**63:
        raise lost
    return place


def _waited(row: WorkRow, progress: Progress | None) -> list[WaitsFor]:
    """Return what a row waits for; ``progress`` is its trip's where it waits for stages."""
    if row.state == State.ASKED:
        return [WaitsFor(row.stage, Desk.HAULIER, row.since)]
    standings = () if progress is None else progress.stages
    mine = next((one for one in standings if one.stage.id == row.stage), None)
    return [] if progress is None or mine is None else waits_for(progress, mine)


def _shown(
    conn: Connection, site: Site, rows: Sequence[WorkRow], *, now: datetime
) -> list[ShownWork]:
    waiting = {row.trip for row in rows if row.state == State.WAITING}
    courses = list_courses(conn, site, sorted(waiting))
    progress = {course.trip.id: course.progress(now) for course in courses}
    return [
        ShownWork(
            trip=row.trip,
            plate=row.plate,
            nationality=row.nationality,
            direction=row.direction,
            gate=row.gate,
            cargo=row.cargo,
            goods=row.goods,
            goods_class=row.goods_class,
            weight_class=row.weight_class,
            load=row.load,
            haulier=row.haulier,
            stage=row.stage,
            state=row.state,
            since=row.since,
            waits_for=_waited(row, progress.get(row.trip)),
            marks=row.marks,
            has_documents=row.has_documents,
            open_conflicts=row.open_conflicts,
            slot=None
            if row.slot_gate is None or row.slot_starts_at is None
            else SlotTold(row.slot_gate, row.slot_starts_at),
            locked=row.locked,
        )
        for row in rows
    ]


class Item(BaseModel):
    """A stage of a trip."""

    model_config = ConfigDict(extra="forbid")

    trip: Annotated[int, Field(ge=1, lt=2**63)]
    stage: Annotated[str, Field(min_length=1, max_length=80)]


class Bulk(BaseModel):
    """The same said of many stages; ``desk``, where it is named, must be the caller's own."""

    model_config = ConfigDict(extra="forbid")

    desk: Desk | None = None
    act: Act
    items: Annotated[list[Item], Field(min_length=1, max_length=_MOST_AT_ONCE)]
    reason: Code | None = None
    note: Annotated[str, Field(max_length=2000)] | None = None


@dataclass(frozen=True, slots=True)
class DoneItem:
    """A stage of which it was said, by this request or by the same before."""

    trip: int
    stage: str


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """A stage of which it cannot be said, and why."""

    trip: int
    stage: str
    detail: str
    kind: str | None
    values: dict[str, SaidValue]


@dataclass(frozen=True, slots=True)
class BulkDone:
    """What became of each."""

    done: list[DoneItem]
    refused: list[RefusedItem]


@router.post("/v1/work/bulk")
def say_of_many(
    request: Request,
    body: Bulk,
    key: Annotated[UUID, Header(alias="Idempotency-Key")],
) -> BulkDone:
    """Say the same of many stages: what cannot be is refused by itself, and the rest is done.

    With the same key nothing is said twice.
    """
    desk, now = own_desk(request), request.app.state.clock.now()
    if body.desk not in {None, desk}:
        raise ConflictError(
            f"This account speaks for {desk}, not for {body.desk}.",
            kind="desk_not_own",
            values={"desk": str(desk)},
        )
    said = Said(act=body.act, reason=body.reason, note=body.note)
    done: list[DoneItem] = []
    refused: list[RefusedItem] = []
    with transaction(request) as conn:
        # In one order: two requests about the same trips wait for each other, and never in turn.
        for item in sorted(body.items, key=lambda one: (one.trip, one.stage)):
            try:
                with conn.transaction():
                    own_key = f"{key}:{item.trip}:{item.stage}"
                    say_once(request, conn, item.trip, item.stage, said, now=now, key=own_key)
                done.append(DoneItem(item.trip, item.stage))
            except FlowctlError as error:
                why = shown(conn, error.refusal)
                refused.append(
                    RefusedItem(item.trip, item.stage, why.sentence, why.kind, dict(why.values))
                )
    return BulkDone(done, refused)
