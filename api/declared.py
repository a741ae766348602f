"""What a haulier has declared, trip by trip: where each stands, and what waits for whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request

from api.auth import Caller, caller
from api.transaction import transaction
from api.trip_bodies import TripAnswer
from api.trips import trip_answer
from flowctl.registry.accounts import Role
from flowctl.registry.plates import parse_part
from flowctl.storage.declared import Beside, list_beside
from flowctl.storage.live import list_trips

router = APIRouter(tags=["trips"])


@dataclass(frozen=True, slots=True)
class DeclaredTrip:
    """A trip, and what stands beside it."""

    trip: TripAnswer
    beside: Beside


@dataclass(frozen=True, slots=True)
class Declared:
    """The newest trips as they stand at ``at``, the site's moment."""

    at: datetime
    rows: list[DeclaredTrip]


@router.get("/v1/declarations")
def list_declared(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    state: Literal["active", "cleared", "cancelled"] | None = None,
    plate: Annotated[str | None, Query(max_length=20)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Declared:
    """List the newest trips with their stages and dues; a haulier sees its own."""
    application = request.app.state
    with transaction(request) as conn:
        rows = list_trips(
            conn,
            site=application.site.id,
            state=state,
            plate=None if plate is None else parse_part(plate),
            registered_by=who.signature if who.role is Role.HAULIER else None,
            limit=limit,
        )
        beside = list_beside(conn, [row.id for row in rows])
    shown = [DeclaredTrip(trip_answer(application, row), beside[row.id]) for row in rows]
    return Declared(application.clock.now(), shown)
