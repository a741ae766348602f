"""Devices and the trucks that carry them: listed, registered, claimed, assigned."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, caller
from api.moments import Moment
from api.record import record
from api.transaction import transaction
from flowctl.registry import devices as registry
from flowctl.registry.sources import get_source
from flowctl.storage import devices as stored
from flowctl.storage.devices import Assignment, Conflict, Connection, Device, DeviceRow
from flowctl.storage.sources import find_source_name

router = APIRouter(tags=["devices"])

Uid = Annotated[str, Path(max_length=64)]
Text = Annotated[str, Field(max_length=64)]
Who = Annotated[Caller, Depends(caller)]

_CONFLICTS_OF = timedelta(days=1)


class DeviceClaim(BaseModel):
    """A device to register; with a source it is that source's alone, with a plate the truck's."""

    model_config = ConfigDict(extra="forbid")

    uid: Text
    source: Text | None = None
    plate: Text | None = None
    since: Moment | None = None
    is_primary: bool | None = None


class NewAssignment(BaseModel):
    """A truck that carries a device, from now on unless ``since`` says otherwise."""

    model_config = ConfigDict(extra="forbid")

    plate: Text
    since: Moment | None = None
    is_primary: bool | None = None


class AssignmentEnd(BaseModel):
    """When a truck ceased to carry a device; now where that is not said."""

    model_config = ConfigDict(extra="forbid")

    until: Moment | None = None


@dataclass(frozen=True, slots=True)
class DeviceAnswer:
    """A device with every truck that carried it, the newest first."""

    uid: str
    source: str | None
    assignments: list[Assignment]


@dataclass(frozen=True, slots=True)
class DevicePage:
    """Devices in order of their identifiers; ask on with ``after=next``, None at the end."""

    devices: list[DeviceRow]
    next: str | None


@router.get("/v1/devices")
def list_devices(
    request: Request,
    after: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=5000)] = 100,
) -> DevicePage:
    """List registered devices with their trucks of this moment."""
    with transaction(request) as conn:
        now = request.app.state.clock.now()
        rows = stored.list_devices(conn, moment=now, after=after, limit=limit)
    return DevicePage(rows, rows[-1].uid if len(rows) == limit else None)


@router.get("/v1/devices/conflicts")
def list_conflicts(
    request: Request, since: Moment | None = None, until: Moment | None = None
) -> list[Conflict]:
    """List two devices on one plate and one device on two, of the last day unless asked else."""
    until = until or request.app.state.clock.now()
    with transaction(request) as conn:
        return stored.list_conflicts(conn, since=since or until - _CONFLICTS_OF, until=until)


@router.post("/v1/devices", status_code=201)
def register_device(request: Request, body: DeviceClaim, who: Who) -> DeviceAnswer:
    """Register a device, claim it for a source, assign it to a truck; again does no harm."""
    now = request.app.state.clock.now()
    with transaction(request) as conn:
        source = None if body.source is None else get_source(conn, body.source)
        device = registry.register_device(conn, body.uid, source=source)
        if body.plate is not None:
            registry.assign(
                conn,
                device.uid,
                body.plate,
                since=body.since or now,
                is_primary=body.is_primary,
                by=who.signature,
                now=now,
            )
        after = {"source": body.source, "assigned": body.plate is not None}
        record(request, conn, "device.register", f"device:{device.uid}", after=after)
        return _answer(conn, device)


@router.post("/v1/devices/{uid:path}/assignments", status_code=201)
def assign_device(request: Request, uid: Uid, body: NewAssignment, who: Who) -> Assignment:
    """Say that a truck carries a device."""
    now = request.app.state.clock.now()
    with transaction(request) as conn:
        made = registry.assign(
            conn,
            uid,
            body.plate,
            since=body.since or now,
            is_primary=body.is_primary,
            by=who.signature,
            now=now,
        )
        after = {"assignment": made.id, "since": made.since.isoformat()}
        record(request, conn, "device.assign", f"device:{uid}", after=after)
        return made


@router.post("/v1/devices/{uid:path}/assignments/{assignment_id}/end")
def end_assignment(
    request: Request,
    uid: Uid,
    assignment_id: Annotated[int, Path(ge=1, lt=2**63)],
    body: AssignmentEnd,
) -> Assignment:
    """Say that a truck no longer carries a device."""
    until = body.until or request.app.state.clock.now()
    with transaction(request) as conn:
        ended = registry.end(conn, uid, assignment_id, until=until)
        after = {"assignment": assignment_id, "until": until.isoformat()}
        record(request, conn, "device.unassign", f"device:{uid}", after=after)
        return ended


# An identifier may hold a slash, as OwnTracks' user/device does.
@router.get("/v1/devices/{uid:path}")
def get_device(request: Request, uid: Uid) -> DeviceAnswer:
    """Return a device."""
    with transaction(request) as conn:
        return _answer(conn, registry.get_device(conn, uid))


def _answer(conn: Connection, device: Device) -> DeviceAnswer:
    source = None if device.source_id is None else find_source_name(conn, device.source_id)
    return DeviceAnswer(device.uid, source, stored.list_assignments(conn, device.id))
