"""What a haulier may book, before it books; and appeals against what was decided of its trucks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from api.once import MaybeKey, act_once
from api.record import record
from api.refusals import said_values
from api.transaction import transaction
from api.trip_bodies import TripId
from api.trips import Who, haulier_of
from flowctl.errors import FlowctlError
from flowctl.registry import appeals as registry
from flowctl.registry.accounts import Role
from flowctl.registry.fair_use import find_fair_use
from flowctl.storage.appeals import Appeal, list_appeals
from flowctl.storage.audit import By
from flowctl.storage.penalties import Connection

router = APIRouter(tags=["fair use"])

_DECISIONS = {True: "appeal.grant", False: "appeal.refuse"}
Words = Annotated[str, Field(max_length=2000)]


@dataclass(frozen=True, slots=True)
class ObstacleAnswer:
    """What a declaration would be refused by, for machines and for every language."""

    kind: str | None
    text: str
    values: dict[str, str | int | float | tuple[str, ...] | None]


@dataclass(frozen=True, slots=True)
class FairUseAnswer:
    """How a haulier stands by the policy; see `flowctl.registry.fair_use.FairUse`."""

    haulier: str | None
    active: int
    quota: int | None
    left: int | None
    extensions_per_day: int
    ban_after: int
    within_days: int
    ban_days: int
    obstacles: list[ObstacleAnswer]


class AppealBody(BaseModel):
    """Against what, and why; ``haulier`` where an operator writes it down for one."""

    model_config = ConfigDict(extra="forbid")

    about: Annotated[str, Field(max_length=80)]
    words: Words
    trip: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    haulier: Annotated[str, Field(max_length=80)] | None = None


class AppealDecision(BaseModel):
    """Whether an appeal is granted, and why; the haulier reads it."""

    model_config = ConfigDict(extra="forbid")

    granted: StrictBool
    answer: Words


@router.get("/v1/fair-use")
def show_fair_use(
    request: Request,
    who: Who,
    plate: Annotated[str | None, Query(max_length=20)] = None,
    device: Annotated[str | None, Query(max_length=64)] = None,
    haulier: Annotated[str | None, Query(max_length=80)] = None,
) -> FairUseAnswer:
    """Say what a haulier may still book, and what is in the way of this truck."""
    state = request.app.state
    with transaction(request) as conn:
        found = find_fair_use(
            conn,
            state.site,
            haulier=haulier_of(haulier, who),
            plate=plate or None,
            device=device or None,
            now=state.clock.now(),
        )
    obstacles = [
        ObstacleAnswer(one.kind, one.sentence, said_values(one.values)) for one in found.obstacles
    ]
    return FairUseAnswer(
        found.haulier,
        found.active,
        found.quota,
        found.left,
        found.extensions_per_day,
        found.ban_after,
        found.within_days,
        found.ban_days,
        obstacles,
    )


@router.post("/v1/appeals", status_code=201)
def make_appeal(
    request: Request, response: Response, body: AppealBody, who: Who, key: MaybeKey = None
) -> Appeal:
    """Appeal against a penalty, a ban or the quota; an operator may do so for a haulier."""
    state = request.app.state
    haulier = haulier_of(body.haulier, who)
    if haulier is None:
        raise FlowctlError("Name the haulier whose appeal this is.")
    named = haulier

    def do(conn: Connection, _by: By, now: datetime) -> int:
        made = registry.make_appeal(
            conn,
            state.site,
            body.about,
            body.words,
            haulier=named,
            registered_by=who.signature if who.role is Role.HAULIER else None,
            trip_id=body.trip,
            now=now,
        )
        after = {"about": made.about, "trip": made.trip}
        record(request, conn, "appeal.make", f"appeal:{made.id}", after=after)
        return made.id

    def show(conn: Connection, appeal: int) -> Appeal:
        return registry.get_appeal(conn, state.site, appeal)

    return act_once(request, response, key, body, do=do, show=show)


@router.get("/v1/appeals")
def list_made(
    request: Request,
    who: Who,
    state: Literal["open", "granted", "refused"] | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[Appeal]:
    """List appeals, the open ones first; a haulier sees its own."""
    own = who.name if who.role is Role.HAULIER else None
    with transaction(request) as conn:
        site = request.app.state.site
        return list_appeals(conn, site.id, state=state, haulier=own, limit=limit)


@router.post("/v1/appeals/{appeal_id}/decide")
def decide_appeal(request: Request, appeal_id: TripId, body: AppealDecision, who: Who) -> Appeal:
    """Decide an appeal; a granted one lifts the penalty it is against, and the bans by it."""
    state = request.app.state
    with transaction(request) as conn:
        decided = registry.decide(
            conn,
            state.site,
            appeal_id,
            granted=body.granted,
            answer=body.answer,
            by=who.signature,
            now=state.clock.now(),
        )
        subject = f"appeal:{appeal_id}"
        after = {"about": decided.appeal.about}
        record(request, conn, _DECISIONS[body.granted], subject, after=after)
        for one in decided.lifted:
            before = {"penalty": one.id, "kind": one.kind, "loses_s": one.loses_s}
            record(request, conn, "penalty.lift", f"trip:{one.trip_id}", before=before)
        return decided.appeal
