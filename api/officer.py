"""The gate officer's page: who is due at a gate today, and what officers decide there."""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from starlette.concurrency import run_in_threadpool

from api.auth import Caller, caller
from api.feed import Feed
from api.gates import refuse_moment
from api.moments import Moment
from api.record import Connection, record
from api.transaction import transaction
from flowctl.dispatch.turns import list_in_turn, shown_stage
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.registry.decisions import Decision, Refusal, Verdict, decide
from flowctl.registry.passes import pass_public_key
from flowctl.site import Site
from flowctl.state import LiveTrip
from flowctl.storage.clearances import Clearance, list_clearances
from flowctl.storage.gate_decisions import DueTrip, list_due, list_elsewhere
from flowctl.storage.snapshot import HISTORY
from flowctl.workflow.catalogue import Names

router = APIRouter(tags=["gates"])

_MOST_DECISIONS = 500


@dataclass(frozen=True, slots=True)
class Window:
    """A slot's times."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class LastDecision:
    """What was last decided of a truck at this gate."""

    kind: str
    reason: str | None
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class StandingAdmission:
    """Where a truck was let in already, which no refusal there took back."""

    gate: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class ListedClearance:
    """A stage that an agency confirms before the truck may go on, and where it stands."""

    stage: str
    name: Names
    desk: str
    state: str


@dataclass(frozen=True, slots=True)
class ListedTrip:
    """A truck of the list; ``order`` counts from 1 in the order of screening.

    ``stage`` is ``cancelled`` or ``cleared`` for one whose trip is over. None where not known.
    ``locked`` is what its stages do not allow yet: with ``gate`` among it the page asks twice.
    """

    trip: int
    plate: str
    direction: str
    slot: Window | None
    stage: str
    released_at: datetime | None
    order: int | None
    needs: str | None
    decision: LastDecision | None
    admission: StandingAdmission | None
    locked: list[str]
    clearances: list[ListedClearance]


@dataclass(frozen=True, slots=True)
class ListedElsewhere:
    """A truck that is due at another gate, ``gate``, and to be sent on from this one."""

    trip: int
    plate: str
    direction: str
    gate: str
    slot: Window | None
    stage: str
    released_at: datetime | None


@dataclass(frozen=True, slots=True)
class GateList:
    """All that checks passes without a network: the key, and who is expected until tomorrow.

    ``late_s`` is how long after its slot a truck is still in time, ``early_s`` how long before.
    ``trips`` are this gate's, ``elsewhere`` those of the site's other gates.
    """

    site: str
    gate: str
    at: datetime
    public_key: str
    former_keys: list[str]
    early_s: float
    late_s: float
    trips: list[ListedTrip]
    elsewhere: list[ListedElsewhere]


class OfficerDecision(BaseModel):
    """A decision with an id of the page's own, so that it counts once however often it is sent."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    trip: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    plate: Annotated[str, Field(max_length=40)] | None = None
    kind: Verdict
    reason: Refusal | None = None
    uncleared: StrictBool = False
    at: Moment


class RefusedDecision(BaseModel):
    """A decision that cannot be entered, and why; sending it again changes nothing."""

    id: UUID
    detail: str


class Decided(BaseModel):
    """How many decisions were new, how many were known, and which cannot be entered."""

    recorded: int
    repeated: int
    refused: list[RefusedDecision]


@router.get("/v1/gates/{gate}/list")
async def list_trucks(request: Request, gate: str) -> GateList:
    """Return who is expected at a gate today, and the key that checks passes."""
    site = _site_with(request, gate)
    feed: Feed = request.app.state.feed
    trips = (await feed.current()).picture.trips
    return await run_in_threadpool(_list, request, site, gate, trips)


@router.post("/v1/gates/{gate}/decisions")
def record_decisions(
    request: Request,
    gate: str,
    body: Annotated[list[OfficerDecision], Field(max_length=_MOST_DECISIONS)],
    who: Annotated[Caller, Depends(caller)],
) -> Decided:
    """Enter decisions, each by itself: one that cannot be holds up no other."""
    site = _site_with(request, gate)
    now: datetime = request.app.state.clock.now()
    new = known = 0
    refused = []
    for index, one in enumerate(body):
        decision = Decision(
            id=one.id,
            verdict=one.kind,
            at=one.at,
            trip_id=one.trip,
            plate=one.plate,
            refusal=one.reason,
            uncleared=one.uncleared,
        )
        try:
            refuse_moment(index, one.at, now, ahead_s=site.future_limit_s, back=HISTORY)
            with transaction(request) as conn:
                is_new = decide(conn, site, gate, decision, by=who.signature, now=now)
                if is_new:
                    _record(request, conn, gate, one)
        except FlowctlError as error:
            refused.append(RefusedDecision(id=one.id, detail=str(error)))
        else:
            new, known = new + is_new, known + (not is_new)
    return Decided(recorded=new, repeated=known, refused=refused)


def _record(request: Request, conn: Connection, gate: str, one: OfficerDecision) -> None:
    subject = f"gate:{gate}" if one.trip is None else f"trip:{one.trip}"
    after = {
        "gate": gate,
        "reason": None if one.reason is None else str(one.reason),
        "at": one.at.isoformat(),
        "decision": str(one.id),
        **({"uncleared": True} if one.uncleared else {}),
    }
    record(request, conn, f"gate.{one.kind}", subject, after=after)


def _site_with(request: Request, gate: str) -> Site:
    site: Site = request.app.state.site
    if gate not in site.gate_by_id:
        known = " and ".join(site.gate_by_id)
        raise NotFoundError(
            f"There is no gate {gate[:40]!r}; {site.id} has {known}.",
            kind="no_gate",
            values={"gate": gate[:40]},
        )
    return site


def _list(request: Request, site: Site, gate: str, trips: tuple[LiveTrip, ...]) -> GateList:
    state = request.app.state
    now: datetime = state.clock.now()
    local = now.astimezone(site.timezone)
    began = local.replace(hour=0, minute=0, second=0, microsecond=0)
    until = began + timedelta(days=1, hours=6)
    with transaction(request) as conn:
        rows = list_due(conn, site.id, gate, day_began=began, until=until)
        others = list_elsewhere(conn, site.id, gate, day_began=began, until=until)
        cleared = list_clearances(conn, [row.id for row in rows])
    places = {t.id: n for n, t in enumerate(list_in_turn(trips, gate, site.policy, now), 1)}
    live = {trip.id: trip for trip in trips}
    public, *former = (
        urlsafe_b64encode(pass_public_key(one)).rstrip(b"=").decode() for one in state.keys.each
    )
    return GateList(
        site=site.id,
        gate=gate,
        at=now,
        public_key=public,
        former_keys=former,
        early_s=site.policy.slot.early_s,
        late_s=site.policy.slot.late_s,
        trips=[
            _listed(site, row, live.get(row.id), places.get(row.id), cleared.get(row.id, ()), now)
            for row in rows
        ],
        elsewhere=[
            ListedElsewhere(
                trip=row.id,
                plate=row.plate,
                direction=row.direction,
                gate=row.gate,
                slot=_window(site, row.starts_at),
                stage=_stage(row.state, live.get(row.id), now),
                released_at=row.released_at,
            )
            for row in others
        ],
    )


def _window(site: Site, starts_at: datetime | None) -> Window | None:
    if starts_at is None:
        return None
    return Window(starts_at, starts_at + timedelta(seconds=site.dispatch.slot_s))


def _stage(state: str, trip: LiveTrip | None, now: datetime) -> str:
    return state if trip is None else str(shown_stage(trip, now))


def _listed(
    site: Site,
    row: DueTrip,
    trip: LiveTrip | None,
    place: int | None,
    cleared: Iterable[Clearance],
    now: datetime,
) -> ListedTrip:
    decision = None
    if row.decided is not None and row.decided_at is not None and row.decided_by is not None:
        decision = LastDecision(row.decided, row.reason, row.decided_at, row.decided_by)
    admission = None
    if row.admitted_gate is not None and row.admitted_at is not None and row.admitted_by:
        admission = StandingAdmission(row.admitted_gate, row.admitted_at, row.admitted_by)
    return ListedTrip(
        trip=row.id,
        plate=row.plate,
        direction=row.direction,
        slot=_window(site, row.starts_at),
        stage=_stage(row.state, trip, now),
        released_at=row.released_at,
        order=place,
        needs=row.needs,
        decision=decision,
        admission=admission,
        locked=row.locked,
        clearances=[ListedClearance(one.stage, one.name, one.desk, one.state) for one in cleared],
    )
