"""Visits with what they rest on, and what yards say of trucks that came."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, caller
from api.gates import Recorded, Weight, refuse_moment
from api.moments import Moment
from api.record import record
from api.transaction import transaction
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.registry.plates import parse_plate, strip_mark
from flowctl.site import Site
from flowctl.storage.pictures import list_unknown
from flowctl.storage.visit_records import (
    Arrival,
    Said,
    insert_yard_events,
    list_arrivals,
    list_said,
)
from flowctl.telemetry.fixes import microseconds
from flowctl.visits.track import Standing, is_moving, standing

router = APIRouter(tags=["visits"])

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Proof(BaseModel):
    """A fix a visit rests on, and the name of who sent it."""

    at: datetime
    source: str | None


class Former(BaseModel):
    """What was said of a visit until ``known_at``, and why no longer."""

    known_at: datetime
    why: str
    entered_at: datetime
    left_at: datetime | None
    counted_at: datetime


class VisitAnswer(BaseModel):
    """A stay of a truck in a zone; ``counts_at`` is what seniority goes by, the rest is display."""

    id: UUID
    device: str
    plate: str | None
    zone: str
    role: str
    gate: str | None
    state: Standing
    entered_at: datetime
    confirmed_at: datetime
    received_at: datetime
    left_at: datetime | None
    seen_inside: bool
    crossed: bool
    trusted: bool
    counts_at: datetime
    silent_s: float
    exit_gap_s: float | None
    evidence: dict[str, Proof]
    revision: int
    revisions: list[Former]


class YardRecorded(Recorded):
    """And the plates that no trip and no device names so far: most likely misspelt."""

    unknown_plates: list[str]


class Seen(BaseModel):
    """A truck that came into a yard, by its plate; ``weight_t`` where it was weighed, tonnes."""

    model_config = ConfigDict(extra="forbid")

    plate: Annotated[str, Field(min_length=1, max_length=40)]
    at: Moment
    weight_t: Weight | None = None


@router.get("/v1/visits")
def visits(
    request: Request,
    plate: Annotated[str | None, Query(min_length=1, max_length=40)] = None,
    zone: Annotated[str | None, Query(max_length=80)] = None,
    since: Moment | None = None,
    until: Moment | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[VisitAnswer]:
    """List the newest visits, with evidence, trust and revisions.

    Those before the last of a full answer begin before its ``entered_at``: ask ``until`` then. A
    plate that no trip and no device names is 404; a truck that was nowhere has an empty list.
    """
    state = request.app.state
    if zone is not None and zone not in state.site.zone_by_id:
        there = ", ".join(state.site.zone_by_id)
        raise NotFoundError(
            f"There is no zone {zone[:40]!r}; {state.site.id} has {there}.",
            kind="no_zone",
            values={"zone": zone[:40]},
        )
    wanted = None if plate is None else strip_mark(plate)
    if since is not None and until is not None and until <= since:
        raise FlowctlError(
            "until must lie after since; swap them, or leave one out.", kind="since_until"
        )
    with transaction(request) as conn:
        if wanted is not None and list_unknown(conn, state.site.id, [wanted]):
            raise NotFoundError(
                f"No trip and no device names the plate {plate!r}; is it spelt right?"
            )
        found = list_arrivals(conn, plate=wanted, zone=zone, since=since, until=until, limit=limit)
        said: dict[UUID, list[Said]] = defaultdict(list)
        for one in list_said(conn, [arrival.id for arrival in found]):
            said[one.visit_id].append(one)
    now = microseconds(state.clock.now())
    return [_answer(arrival, said[arrival.id], state.site, now) for arrival in found]


@router.post("/v1/yards/{yard}/events")
def record_arrivals(
    request: Request,
    yard: str,
    body: Annotated[list[Seen], Field(max_length=5000)],
    who: Annotated[Caller, Depends(caller)],
) -> YardRecorded:
    """Record trucks that a yard saw come in; sending the same again does no harm.

    A plate nobody has named yet is recorded too, for its trip may be registered later.
    """
    state = request.app.state
    site: Site = state.site
    if yard not in site.yard_by_id:
        known_yards = ", ".join(site.yard_by_id)
        raise NotFoundError(
            f"There is no yard {yard[:40]!r}; {site.id} has {known_yards}.",
            kind="no_yard",
            values={"yard": yard[:40]},
        )
    now, back = state.clock.now(), timedelta(seconds=site.lateness_limit_s)
    events = []
    for index, seen in enumerate(body):
        try:
            plate = parse_plate(seen.plate).text
        except FlowctlError as error:
            raise FlowctlError(f"Event {index}: {error}") from error
        refuse_moment(index, seen.at, now, ahead_s=site.future_limit_s, back=back)
        events.append((plate, seen.at, seen.weight_t))
    with transaction(request) as conn:
        new = insert_yard_events(
            conn, site=site.id, yard=yard, events=events, by=who.signature, now=now
        )
        unknown = list_unknown(conn, site.id, [*{plate for plate, _, _ in events}])
        if new:
            record(request, conn, "yard.observe", f"yard:{yard}", after={"events": new})
    return YardRecorded(recorded=new, repeated=len(events) - new, unknown_plates=unknown)


def _answer(one: Arrival, said: list[Said], site: Site, now: int) -> VisitAnswer:
    known = standing(
        left=one.left_at is not None,
        last_at=None if one.last_at is None else microseconds(one.last_at),
        moving=is_moving(one.speed_mps, one.ignition, site.visit),
        now=now,
        params=site.visit,
    )
    return VisitAnswer(
        id=one.id,
        device=one.device,
        plate=one.plate,
        zone=one.zone,
        role=one.role,
        gate=one.gate,
        state=known,
        entered_at=one.entered_at,
        confirmed_at=one.confirmed_at,
        received_at=one.received_at,
        left_at=one.left_at,
        seen_inside=one.seen_inside,
        crossed=one.crossed,
        trusted=one.counted_at is None,
        counts_at=one.counts_at,
        silent_s=one.silent_s,
        exit_gap_s=one.exit_gap_s,
        evidence={
            name: Proof(at=_moment(at), source=source)
            for name, (at, source) in one.evidence.items()
        },
        revision=one.revision,
        revisions=[_former(former) for former in said],
    )


def _former(one: Said) -> Former:
    left: Any = one.said.get("left_at")
    return Former(
        known_at=one.known_at,
        why=one.why,
        entered_at=_moment(one.said["entered_at"]),
        left_at=None if left is None else _moment(left),
        counted_at=_moment(one.said["counted_at"]),
    )


def _moment(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)
