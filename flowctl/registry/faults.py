"""Devices that operators say are faulty: stored all the same, but not believed."""

from datetime import datetime
from enum import StrEnum

from flowctl.errors import ConflictError
from flowctl.registry.by_hand_checks import local
from flowctl.registry.devices import get_device
from flowctl.site import Site
from flowctl.storage import device_faults as stored
from flowctl.storage.audit import By, add_record
from flowctl.storage.device_faults import Connection


class FaultReason(StrEnum):
    """What is wrong with a device."""

    WRONG_PLACE = "wrong_place"
    JUMPS = "jumps"
    WRONG_CLOCK = "wrong_clock"
    OTHER_TRUCK = "other_truck"
    TAMPERED = "tampered"
    SILENT = "silent"


def mark_faulty(
    conn: Connection, site: Site, uid: str, *, reason: FaultReason, by: By, now: datetime
) -> None:
    """Believe a device no more from now on: it moves no trip and tells no place.

    Raises
    ------
    NotFoundError
        Nobody has registered it.
    ConflictError
        It is marked already.
    """
    device = get_device(conn, uid)
    fault = stored.find_open_fault(conn, device.id)
    if fault is not None:
        raise ConflictError(
            f"{fault.marked_by} marked the device {device.uid} as faulty at"
            f" {local(site, fault.since)} already.",
            kind="device_faulty",
            values={"by": fault.marked_by, "at": fault.since},
        )
    stored.begin_fault(conn, device.id, reason=reason, by=by.name, now=now)
    _write_down(conn, site, device.id, "device.fault", str(reason), by, now)


def end_fault(conn: Connection, site: Site, uid: str, *, by: By, now: datetime) -> None:
    """Believe a device again from now on; what it said while it was faulty counts for nothing.

    Raises
    ------
    NotFoundError
        Nobody has registered it.
    ConflictError
        It is not marked.
    """
    device = get_device(conn, uid)
    fault = stored.find_open_fault(conn, device.id)
    if fault is None:
        ended = next(iter(stored.list_faults(conn, device.id)), None)
        who = (
            ""
            if ended is None or ended.until is None
            else f"; {ended.ended_by} ended that at {local(site, ended.until)}"
        )
        raise ConflictError(
            f"The device {device.uid} is not marked as faulty{who}.", kind="device_not_faulty"
        )
    stored.end_fault(conn, fault.id, by=by.name, now=now)
    _write_down(conn, site, device.id, "device.sound", None, by, now)


def _write_down(
    conn: Connection,
    site: Site,
    device_id: int,
    act: str,
    reason: str | None,
    by: By,
    now: datetime,
) -> None:
    trip = stored.find_trip_of_device(conn, device_id)
    add_record(
        conn,
        site.id,
        by,
        act=act,
        subject=f"device:{device_id}",
        before=None,
        after={"reason": reason, "trip": trip},
        at=now,
    )
