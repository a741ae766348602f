"""The stages of a trip: where each stands, what was said of it by whom, and what is said now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, caller
from api.desks import desks_of, own_desk
from api.moments import Moment
from api.once import MaybeKey, act_once
from api.record import record
from api.transaction import transaction
from api.trips import get_visible
from flowctl.registry import stages as registry
from flowctl.registry.accounts import Role
from flowctl.registry.courses import Course, find_course, get_facts
from flowctl.registry.stage_checks import acts_of, missing_needs
from flowctl.storage.audit import By
from flowctl.storage.stages import Connection, StageRecord
from flowctl.workflow.catalogue import Names
from flowctl.workflow.stages import Act, Desk, Origin, Progress, Standing, State

router = APIRouter(tags=["stages"])

TripId = Annotated[int, Path(ge=1, lt=2**63)]
StageId = Annotated[str, Path(min_length=1, max_length=80)]
Who = Annotated[Caller, Depends(caller)]
Code = Annotated[str, Field(min_length=1, max_length=40)]

ACTS = {
    Act.CONFIRMED: "stage.confirmed",
    Act.REFUSED: "stage.refused",
    Act.ASKED: "stage.asked",
    Act.ANSWERED: "stage.answered",
    Act.WITHDRAWN: "stage.withdrawn",
}
"""What the log of acts calls each."""


class Said(BaseModel):
    """What somebody says of a stage; ``at`` is now where it is absent.

    ``reason`` is a code of `flowctl.registry.stage_checks.REASONS`; ``settled`` the facts that the
    stage settles, as far as they differ from what was declared.
    """

    model_config = ConfigDict(extra="forbid")

    act: Act
    reason: Code | None = None
    note: Annotated[str, Field(max_length=2000)] | None = None
    settled: dict[Code, Code] = Field(default_factory=dict, max_length=10)
    at: Moment | None = None


@dataclass(frozen=True, slots=True)
class WaitsFor:
    """A stage that has to come first: whose it is, since when it could be decided."""

    stage: str
    desk: Desk | None
    since: datetime


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """A word about a stage; ``by`` is the account that said it, hidden from hauliers."""

    id: int
    stage: str
    act: str
    origin: str
    by: str | None
    desk: str | None
    at: datetime
    recorded_at: datetime
    reason: str | None
    note: str | None
    settled: dict[str, str]
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ShownStage:
    """Where a stage stands; ``may`` is what the caller may say of it now."""

    stage: str
    name: Names
    desk: Desk | None
    state: State
    since: datetime
    needs: list[str]
    waits_for: list[WaitsFor]
    expires_at: datetime | None
    unlocks: list[str]
    settles: list[str]
    proofs: list[str]
    may: list[Act]
    record: ShownRecord | None


@dataclass(frozen=True, slots=True)
class TripStages:
    """The stages of a trip, at ``at``; ``version`` and ``variant`` None: it began without any."""

    at: datetime
    trip: int
    plate: str
    version: str | None
    variant: str | None
    name: Names | None
    handover: str | None
    locked: list[str]
    stages: list[ShownStage]
    records: list[ShownRecord]


@router.get("/v1/trips/{trip_id}/stages")
def get_stages(request: Request, trip_id: TripId, who: Who) -> TripStages:
    """Return where a trip's stages stand, and everything that was said of them."""
    with transaction(request) as conn:
        return show_stages(request, conn, trip_id, who)


@router.post("/v1/trips/{trip_id}/stages/{stage}")
def say(
    request: Request,
    response: Response,
    trip_id: TripId,
    stage: StageId,
    body: Said,
    who: Who,
    key: MaybeKey = None,
) -> TripStages:
    """Confirm a stage, refuse it, ask back, answer, or take back what was said last."""

    def do(conn: Connection, _by: By, now: datetime) -> int:
        get_visible(conn, request.app.state.site, trip_id, who)
        say_once(request, conn, trip_id, stage, body, now=now)
        return trip_id

    def show(conn: Connection, subject: int) -> TripStages:
        return show_stages(request, conn, subject, who)

    return act_once(request, response, key, body, do=do, show=show)


def say_once(
    request: Request,
    conn: Connection,
    trip_id: int,
    stage: str,
    body: Said,
    *,
    now: datetime,
    key: str | None = None,
) -> None:
    """Write down what the caller says of a stage, for the desk that is the caller's.

    Raises
    ------
    FlowctlError
        It cannot be said; see `flowctl.registry.stages.say`.
    """
    desk = own_desk(request)
    new = registry.say(
        conn,
        request.app.state.site,
        trip_id,
        stage,
        body.act,
        origin=Origin.HAND,
        by=caller(request).signature,
        desk=desk,
        at=now if body.at is None else body.at,
        now=now,
        reason=body.reason,
        note=body.note,
        settled=body.settled,
        key=key,
    )
    if new:
        # Its note may name people: it stands with the stage, where it can be erased.
        after = {"stage": stage, "desk": str(desk), "reason": body.reason, **body.settled}
        record(request, conn, ACTS[body.act], f"trip:{trip_id}", after=after)


def show_stages(request: Request, conn: Connection, trip_id: int, who: Caller) -> TripStages:
    """Return a trip's stages as somebody is shown them.

    Raises
    ------
    NotFoundError
        There is no such trip, or it is another haulier's.
    """
    site, now = request.app.state.site, request.app.state.clock.now()
    get_visible(conn, site, trip_id, who)
    trip = get_facts(conn, site, trip_id)
    course = find_course(conn, trip)
    if course is None:
        return TripStages(now, trip_id, trip.plate, None, None, None, trip.handover, [], [], [])
    progress = course.progress(now)
    records = [_record(one, who) for one in course.records]
    by_id = {one.id: one for one in records}
    return TripStages(
        at=now,
        trip=trip_id,
        plate=trip.plate,
        version=course.workflow.version,
        variant=course.variant.id,
        name=course.variant.name,
        handover=trip.handover,
        locked=sorted(str(lock) for lock in progress.locked),
        stages=[_stage(one, course, progress, by_id, desks_of(who)) for one in progress.stages],
        records=records,
    )


def waits_for(progress: Progress, standing: Standing) -> list[WaitsFor]:
    """Return what a stage waits for: stages before it, or the haulier's answer."""
    if standing.state is State.ASKED:
        return [WaitsFor(standing.stage.id, Desk.HAULIER, standing.since)]
    if standing.state is not State.WAITING:
        return []
    return [
        WaitsFor(
            one.stage.id,
            Desk.HAULIER if one.state is State.ASKED else one.stage.desk,
            one.since,
        )
        for one in missing_needs(progress, standing.stage)
    ]


def _stage(
    standing: Standing,
    course: Course,
    progress: Progress,
    records: dict[int, ShownRecord],
    desks: Sequence[Desk],
) -> ShownStage:
    stage = standing.stage
    mine = {one.stage.id for one in progress.stages}
    return ShownStage(
        stage=stage.id,
        name=stage.name,
        desk=stage.desk,
        state=standing.state,
        since=standing.since,
        needs=[need for need in stage.needs if need in mine],
        waits_for=waits_for(progress, standing),
        expires_at=standing.expires_at,
        unlocks=[str(lock) for lock in stage.unlocks],
        settles=list(stage.settles),
        proofs=[str(proof) for proof in stage.proofs],
        may=acts_of(standing, desks, over=course.trip.state == "cancelled"),
        record=None if standing.record is None else records[standing.record],
    )


def _record(said: StageRecord, who: Caller) -> ShownRecord:
    """Return a word; a haulier sees whose it was by desk, and no evidence such as an image."""
    outside = who.role is Role.HAULIER
    own = said.said_by == who.signature
    return ShownRecord(
        id=said.id,
        stage=said.stage,
        act=said.act,
        origin=said.origin,
        by=said.said_by if own or not outside else None,
        desk=said.desk,
        at=said.at,
        recorded_at=said.recorded_at,
        reason=said.reason,
        note=said.note,
        settled=said.settled,
        evidence={} if outside else said.evidence,
    )
