"""Devices and the trucks that carry them: registered, claimed, assigned; what contradicts itself.

A device claimed by a source is spoken for by that source alone. Assignments may overlap: which of
two statements is true is for people to say, so that both are kept and shown as a conflict.
"""

from datetime import datetime, timedelta

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.registry.plates import parse_plate
from flowctl.registry.rules import check_device
from flowctl.storage import devices as stored
from flowctl.storage.devices import Assignment, Connection, Device
from flowctl.storage.sources import Source, find_source_name

_LONGEST_AHEAD = timedelta(days=30)
_LONGEST_AGO = timedelta(days=10 * 366)


def register_device(conn: Connection, uid: str, *, source: Source | None = None) -> Device:
    """Enter a device, or find the one there is; with a source, claim it for that source.

    Raises
    ------
    FlowctlError
        The identifier cannot be.
    ConflictError
        Another source speaks for the device.
    """
    checked = check_device(uid)
    if checked is None:
        raise FlowctlError("Give the identifier that the device sends.")
    device = stored.register(conn, checked, source_id=None if source is None else source.id)
    if source is None or device.source_id == source.id:
        return device
    if not stored.bind(conn, device.id, source.id):
        raise ConflictError(
            f"The device {checked} belongs to the source {_owner(conn, device)}, not to"
            f" {source.name}; a device has one source."
        )
    return stored.register(conn, checked)


def assign(
    conn: Connection,
    uid: str,
    plate: str,
    *,
    since: datetime,
    by: str,
    now: datetime,
    is_primary: bool | None = None,
) -> Assignment:
    """Say that a truck carries a device from a moment on.

    Where the truck carries it then already, that assignment is returned. ``is_primary`` None lets
    the device be primary where the truck has no other that is.

    Raises
    ------
    NotFoundError
        The device is not registered.
    FlowctlError
        The plate or the moment cannot be.
    """
    device = get_device(conn, uid)
    if not now - _LONGEST_AGO <= since <= now + _LONGEST_AHEAD:
        raise FlowctlError(
            f"since {since.isoformat(timespec='minutes')} is out of reach; an assignment begins"
            f" within the last ten years or the next {_LONGEST_AHEAD.days} days."
        )
    made = carry(
        conn, device.id, parse_plate(plate).text, since=since, is_primary=is_primary, by=by
    )
    return _get_assignment(conn, made)


def carry(
    conn: Connection,
    device_id: int,
    plate: str,
    *,
    since: datetime,
    by: str,
    is_primary: bool | None = None,
) -> int:
    """Have a truck carry a device from a moment on, unless it does; returns the assignment."""
    known = stored.find_assignment_at(conn, device_id, plate, since)
    if known is not None:
        return known
    return stored.insert_assignment(
        conn, device_id=device_id, plate=plate, since=since, is_primary=is_primary, by=by
    )


def end(conn: Connection, uid: str, assignment_id: int, *, until: datetime) -> Assignment:
    """Say that a truck no longer carries a device.

    Raises
    ------
    NotFoundError
        The device has no such assignment.
    ConflictError
        It has ended already.
    FlowctlError
        It would end before it began.
    """
    found = stored.find_assignment(conn, assignment_id)
    if found is None or found.device != uid.strip():
        raise NotFoundError(f"The device {uid[:64]!r} has no assignment {assignment_id}.")
    if found.until is not None:
        raise ConflictError(
            f"Assignment {assignment_id} ended at {found.until.isoformat(timespec='minutes')};"
            " it stands."
        )
    if until <= found.since:
        raise FlowctlError(
            f"Assignment {assignment_id} began at {found.since.isoformat(timespec='minutes')};"
            " it can only end after that."
        )
    stored.end_assignment(conn, assignment_id, until=until)
    return _get_assignment(conn, assignment_id)


def get_device(conn: Connection, uid: str) -> Device:
    """Return a registered device.

    Raises
    ------
    NotFoundError
        Nobody has registered it.
    """
    found = stored.find_device(conn, uid.strip())
    if found is None:
        raise NotFoundError(f"There is no device {uid[:64]!r}; register it first.")
    return found


def _get_assignment(conn: Connection, assignment_id: int) -> Assignment:
    found = stored.find_assignment(conn, assignment_id)
    if found is None:
        raise NotFoundError(f"There is no assignment {assignment_id}.")
    return found


def _owner(conn: Connection, device: Device) -> str:
    name = None if device.source_id is None else find_source_name(conn, device.source_id)
    return "another" if name is None else name
