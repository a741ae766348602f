"""Alerts about trucks and hauliers: what they rest on, and what people make of them."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, caller
from api.moments import Moment
from api.transaction import transaction
from flowctl.alarms.alerts import Kind
from flowctl.site import Site
from flowctl.storage.alerts import (
    AlertRecord,
    Decision,
    State,
    decide_alert,
    get_alert,
    list_alerts,
    list_decisions,
)

router = APIRouter(tags=["alerts"])


class Judgement(BaseModel):
    """What somebody makes of an alert; ``note`` says why."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["acknowledged", "dismissed", "confirmed"]
    note: Annotated[str, Field(max_length=500)] = ""


@dataclass(frozen=True, slots=True)
class AlertAnswer:
    """An alert in the list; ``loses_seniority`` tells whether it costs its trip its place."""

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
    at: datetime
    found_at: datetime
    last_seen_at: datetime
    proved: bool
    loses_seniority: bool
    evidence: dict[str, str | int | float]


@dataclass(frozen=True, slots=True)
class AlertDetail(AlertAnswer):
    """An alert with the positions it rests on, a GeoJSON FeatureCollection, and all decisions."""

    points: dict[str, Any]
    decisions: list[Decision]


@router.get("/v1/alerts")
def get_alerts(
    request: Request,
    state: State | None = None,
    kind: Kind | None = None,
    since: Moment | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[AlertAnswer]:
    """List the newest alerts, where given only those of a state, a kind, or seen ``since``."""
    site: Site = request.app.state.site
    with transaction(request) as conn:
        found = list_alerts(conn, site.id, state=state, kind=kind, since=since, limit=limit)
    return [AlertAnswer(**_shown(one)) for one in found]


@router.get("/v1/alerts/{alert_id}")
def get_one(request: Request, alert_id: int) -> AlertDetail:
    """Return one alert with the positions it rests on."""
    site: Site = request.app.state.site
    with transaction(request) as conn:
        found = get_alert(conn, site.id, alert_id)
        decisions = list_decisions(conn, alert_id)
    return _detail(found, decisions)


@router.post("/v1/alerts/{alert_id}")
def judge(
    request: Request,
    alert_id: int,
    body: Judgement,
    who: Annotated[Caller, Depends(caller)],
) -> AlertDetail:
    """Acknowledge, dismiss or confirm an alert; what the site's policy makes of it follows."""
    state = request.app.state
    site: Site = state.site
    with transaction(request) as conn:
        decide_alert(
            conn,
            site,
            alert_id,
            state=State(body.state),
            note=body.note,
            by=who.signature,
            now=state.clock.now(),
        )
        found = get_alert(conn, site.id, alert_id)
        decisions = list_decisions(conn, alert_id)
    return _detail(found, decisions)


def _shown(one: AlertRecord) -> dict[str, Any]:
    values = asdict(one)
    del values["points"]
    values["loses_seniority"] = values.pop("penalty_id") is not None
    return values


def _detail(one: AlertRecord, decisions: list[Decision]) -> AlertDetail:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": {"at": at, "what": what},
        }
        for at, lon, lat, what in one.points
    ]
    points = {"type": "FeatureCollection", "features": features}
    return AlertDetail(**_shown(one), points=points, decisions=decisions)
