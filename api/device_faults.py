"""Devices marked as faulty: stored all the same, but not believed."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict

from api.asked import NO_BODY
from api.auth import acting
from api.transaction import transaction
from flowctl.registry import faults as registry
from flowctl.registry.devices import get_device
from flowctl.registry.faults import FaultReason
from flowctl.storage.device_faults import Connection, DeviceFault, list_faults

router = APIRouter(tags=["devices"])

Uid = Annotated[str, Path(max_length=64)]


class NewFault(BaseModel):
    """What is wrong with a device."""

    model_config = ConfigDict(extra="forbid")

    reason: FaultReason


@router.post("/v1/devices/{uid:path}/fault", status_code=201)
def mark_faulty(request: Request, uid: Uid, body: NewFault) -> list[DeviceFault]:
    """Believe a device no more from now on; its truck goes by hand, or by another device."""
    state = request.app.state
    with transaction(request) as conn:
        registry.mark_faulty(
            conn,
            state.site,
            uid,
            reason=body.reason,
            by=acting(request),
            now=state.clock.now(),
        )
        return _faults(conn, uid)


@router.post("/v1/devices/{uid:path}/fault/end", dependencies=[NO_BODY])
def end_fault(request: Request, uid: Uid) -> list[DeviceFault]:
    """Believe a device again from now on."""
    state = request.app.state
    with transaction(request) as conn:
        registry.end_fault(conn, state.site, uid, by=acting(request), now=state.clock.now())
        return _faults(conn, uid)


@router.get("/v1/devices/{uid:path}/faults")
def list_of_device(request: Request, uid: Uid) -> list[DeviceFault]:
    """List when a device was not believed, and why, the newest first."""
    with transaction(request) as conn:
        return _faults(conn, uid)


def _faults(conn: Connection, uid: str) -> list[DeviceFault]:
    return list_faults(conn, get_device(conn, uid).id)
