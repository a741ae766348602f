"""Alerts about trucks and hauliers: what they rest on, and what people make of them."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import shapely
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, caller
from api.geojson import Collection, collection
from api.moments import Moment
from api.record import record
from api.transaction import transaction
from flowctl.alarms.alerts import Kind, Severity
from flowctl.site import Site
from flowctl.storage.alert_care import (
    assign_alert,
    decide_alert,
    list_carers,
    snooze_alert,
)
from flowctl.storage.alerts import (
    AlertRecord,
    Connection,
    Decision,
    State,
    get_alert,
    list_alerts,
    list_decisions,
)

router = APIRouter(tags=["alerts"])

AlertId = Annotated[int, Path(ge=1, lt=2**63)]
Who = Annotated[Caller, Depends(caller)]
_ACTS = {
    "acknowledged": "alert.acknowledge",
    "dismissed": "alert.dismiss",
    "confirmed": "alert.confirm",
    "closed": "alert.close",
}


class Judgement(BaseModel):
    """What somebody makes of an alert; ``note`` says why."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["acknowledged", "dismissed", "confirmed", "closed"]
    note: Annotated[str, Field(max_length=500)] = ""


class Care(BaseModel):
    """Who is to take care of an alert, null for nobody; ``instead_of`` has it up to now."""

    model_config = ConfigDict(extra="forbid")

    to: Annotated[str, Field(max_length=80)] | None
    instead_of: Annotated[str, Field(max_length=80)] | None = None


class Aside(BaseModel):
    """Until when an alert is put aside, null to take it up again; ``note`` says why."""

    model_config = ConfigDict(extra="forbid")

    until: Moment | None
    note: Annotated[str, Field(max_length=500)] = ""


@dataclass(frozen=True, slots=True)
class AlertAnswer:
    """An alert in the list; ``loses_seniority`` tells whether it costs its trip its place.

    What it says holds no more since ``over_at``. At ``escalates_at`` it is to sound again if it
    still holds and nobody looked into it.
    """

    id: int
    kind: str
    severity: str
    state: str
    trip_id: int | None
    plate: str | None
    other_trip_id: int | None
    other_plate: str | None
    device: str | None
    haulier: str | None
    place: str | None
    at: datetime
    found_at: datetime
    last_seen_at: datetime
    proved: bool
    loses_seniority: bool
    over_at: datetime | None
    escalates_at: datetime | None
    assigned_to: str | None
    snoozed_until: datetime | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    evidence: dict[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Found:
    """What was seen at a position, and when."""

    at: str
    what: str


@dataclass(frozen=True, slots=True)
class AlertDetail(AlertAnswer):
    """An alert with the positions it rests on, and all decisions."""

    points: Collection[Found]
    decisions: list[Decision]


OVER_SHOWN = timedelta(hours=1)
"""How long what is over stays among what waits, so that it is seen to be over."""


@router.get("/v1/alerts")
def get_alerts(
    request: Request,
    state: State | None = None,
    kind: Kind | None = None,
    since: Moment | None = None,
    unsettled: bool = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[AlertAnswer]:
    """List the newest alerts, where given only those of a state, a kind, or seen ``since``.

    ``unsettled``: those that somebody has still to do with, and what was over within the hour.
    """
    site, now = _site(request), request.app.state.clock.now()
    with transaction(request) as conn:
        found = list_alerts(
            conn,
            site.id,
            state=state,
            kind=kind,
            since=since,
            unsettled_since=now - OVER_SHOWN if unsettled else None,
            limit=limit,
        )
    return [AlertAnswer(**_shown(one, site)) for one in found]


@router.get("/v1/alerts/carers")
def get_carers(request: Request) -> list[str]:
    """List the accounts that an alert may be given to."""
    with transaction(request) as conn:
        return list_carers(conn)


@router.get("/v1/alerts/{alert_id}")
def get_one(request: Request, alert_id: AlertId) -> AlertDetail:
    """Return one alert with the positions it rests on."""
    with transaction(request) as conn:
        return _detail(conn, _site(request), alert_id)


@router.post("/v1/alerts/{alert_id}")
def judge(request: Request, alert_id: AlertId, body: Judgement, who: Who) -> AlertDetail:
    """Acknowledge, settle or close an alert; what the site's policy makes of it follows."""
    site, now = _site(request), request.app.state.clock.now()
    with transaction(request) as conn:
        former = decide_alert(
            conn,
            site,
            alert_id,
            state=State(body.state),
            note=body.note,
            by=who.signature,
            now=now,
        )
        record(
            request,
            conn,
            _ACTS[body.state],
            f"alert:{alert_id}",
            before={"state": former},
            after={"state": body.state},
        )
        return _detail(conn, site, alert_id)


@router.post("/v1/alerts/{alert_id}/care")
def give_care(request: Request, alert_id: AlertId, body: Care, who: Who) -> AlertDetail:
    """Give an alert into an account's care, or back to all."""
    site, now = _site(request), request.app.state.clock.now()
    with transaction(request) as conn:
        former = assign_alert(
            conn,
            site,
            alert_id,
            to=body.to,
            instead_of=body.instead_of,
            by=who.signature,
            now=now,
        )
        record(
            request,
            conn,
            "alert.assign",
            f"alert:{alert_id}",
            before={"assigned_to": former},
            after={"assigned_to": body.to},
        )
        return _detail(conn, site, alert_id)


@router.post("/v1/alerts/{alert_id}/snooze")
def put_aside(request: Request, alert_id: AlertId, body: Aside, who: Who) -> AlertDetail:
    """Put an alert aside until a moment, or take it up again."""
    site, now = _site(request), request.app.state.clock.now()
    with transaction(request) as conn:
        former = snooze_alert(
            conn, site, alert_id, until=body.until, note=body.note, by=who.signature, now=now
        )
        record(
            request,
            conn,
            "alert.snooze",
            f"alert:{alert_id}",
            before={"until": _text(former)},
            after={"until": _text(body.until)},
        )
        return _detail(conn, site, alert_id)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def _shown(one: AlertRecord, site: Site) -> dict[str, Any]:
    values = asdict(one)
    del values["points"]
    values["loses_seniority"] = values.pop("penalty_id") is not None
    sounds = one.severity == Severity.HIGH and one.state == State.OPEN and one.over_at is None
    wait = timedelta(seconds=site.policy.alarms.escalate_s)
    values["escalates_at"] = one.found_at + wait if sounds else None
    return values


def _detail(conn: Connection, site: Site, alert_id: int) -> AlertDetail:
    one = get_alert(conn, site.id, alert_id)
    return AlertDetail(
        **_shown(one, site),
        points=collection(
            (shapely.Point(lon, lat), Found(at, what)) for at, lon, lat, what in one.points
        ),
        decisions=list_decisions(conn, alert_id),
    )
