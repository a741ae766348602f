"""A trip's new device, accepted by an operator in place of the one that proved its place."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from api.record import record
from api.transaction import transaction
from api.trip_bodies import TripAnswer, TripId
from api.trips import Who, get_trip, get_visible
from flowctl.registry import acceptance
from flowctl.registry.acceptance import Cause

router = APIRouter(tags=["trips"])


class Acceptance(BaseModel):
    """Why the device was changed."""

    model_config = ConfigDict(extra="forbid")

    reason: Cause


@router.post("/v1/trips/{trip_id}/device/accept")
def accept_device(request: Request, trip_id: TripId, body: Acceptance, who: Who) -> TripAnswer:
    """Give a trip the place back that it lost when its device was changed; 409 where it did not."""
    state = request.app.state
    with transaction(request) as conn:
        get_visible(conn, state.site, trip_id, who)
        acceptance.accept_device(
            conn,
            state.site,
            trip_id,
            cause=body.reason,
            by=who.signature,
            now=state.clock.now(),
        )
        record(
            request, conn, "device.accept", f"trip:{trip_id}", after={"reason": str(body.reason)}
        )
    return get_trip(request, trip_id, who)
