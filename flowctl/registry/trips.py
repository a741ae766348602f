"""Trips: registered, changed, cancelled; each in the caller's transaction, with its message.

A trip that names a device says that its truck carries it; one that names none is followed by the
device that is its truck's primary one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.errors import UniqueViolation

from flowctl.errors import ConflictError, NotFoundError
from flowctl.registry.devices import carry, register_device
from flowctl.registry.keys import Keys, encrypt_phone, hash_phone
from flowctl.registry.phones import parse_phone
from flowctl.registry.plates import strip_mark
from flowctl.registry.rules import (
    Declaration,
    check_declaration,
    check_gates,
    check_language,
    check_ready,
)
from flowctl.site import Site
from flowctl.state import Cargo
from flowctl.storage import trips as stored
from flowctl.storage.devices import Device, primary_device
from flowctl.storage.gate_events import GateEvent, insert_gate_events
from flowctl.storage.outbox import queue_message
from flowctl.storage.trips import Connection, TripRecord, TripValues

_FAREWELL_OF_USE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TripChange:
    """What is to change; None leaves a field as it is, and ``drop_device`` takes its device."""

    ready_at: datetime | None = None
    gates: tuple[str, ...] | None = None
    cargo: Cargo | None = None
    phone: str | None = None
    language: str | None = None
    device: str | None = None
    drop_device: bool = False


def register(
    conn: Connection, site: Site, keys: Keys, declaration: Declaration, *, by: str, now: datetime
) -> int:
    """Enter an active trip and tell its driver; returns its id.

    Raises
    ------
    FlowctlError
        The declaration cannot be; see `check_declaration`.
    ConflictError
        The plate or the device has an active trip, which is named.
    """
    checked = check_declaration(site, declaration, now=now)
    device = _declared_device(conn, checked, now)
    values = TripValues(
        plate=checked.plate,
        driver_id=_driver(conn, keys, checked.phone, checked.language),
        device_id=None if device is None else device.id,
        direction=checked.direction,
        cargo=checked.cargo,
        gates=checked.gates,
        ready_at=checked.ready_at,
    )
    try:
        trip = stored.insert_trip(conn, site=site.id, values=values, registered_by=by, now=now)
    except UniqueViolation as error:
        implied = checked.device is None
        raise _conflict(conn, error, values, device, implied=implied) from error
    if device is not None:
        carry(conn, device.id, values.plate, since=now, by=by)
    queue_message(
        conn, site=site.id, trip_id=trip, kind="registered", params={}, now=now, expires_at=None
    )
    return trip


def change(
    conn: Connection,
    site: Site,
    keys: Keys,
    trip_id: int,
    wish: TripChange,
    *,
    by: str,
    now: datetime,
) -> None:
    """Change what an active trip declares.

    Raises
    ------
    FlowctlError
        A value cannot be.
    ConflictError
        The trip is over, its truck was called up already, or the device has another trip.
    """
    trip = _get_active(conn, site, trip_id)
    gates = tuple(trip.gates) if wish.gates is None else wish.gates
    ready_at = trip.ready_at if wish.ready_at is None else wish.ready_at
    if (gates, ready_at) != (tuple(trip.gates), trip.ready_at):
        if stored.is_released(conn, trip_id):
            raise ConflictError(
                f"The truck of trip {trip_id} was called to the gate already; "
                "its gates and its ready moment stand."
            )
        check_gates(site, gates)
        check_ready(site, gates, ready_at, now=now)
    uid = None if wish.drop_device else wish.device or trip.device
    device = None if uid is None else register_device(conn, uid)
    values = TripValues(
        plate=trip.plate,
        driver_id=_changed_driver(conn, keys, trip, wish),
        device_id=None if device is None else device.id,
        direction=trip.direction,
        cargo=trip.cargo if wish.cargo is None else wish.cargo,
        gates=gates,
        ready_at=ready_at,
    )
    try:
        stored.update_trip(conn, trip_id, values)
    except UniqueViolation as error:
        raise _conflict(conn, error, values, device) from error
    if device is not None and device.uid != trip.device:
        carry(conn, device.id, trip.plate, since=now, by=by)


def cancel(conn: Connection, site: Site, trip_id: int, *, now: datetime) -> None:
    """End an active trip that will not cross, and tell its driver.

    Raises
    ------
    ConflictError
        The trip is over.
    """
    _get_active(conn, site, trip_id)
    stored.end_trip(conn, trip_id, state="cancelled", now=now)
    queue_message(
        conn, site=site.id, trip_id=trip_id, kind="cancelled", params={}, now=now, expires_at=None
    )


def observe(
    conn: Connection, site: Site, gate: str, events: list[GateEvent], *, by: str, now: datetime
) -> int:
    """Enter what officers saw at a gate; returns how many of the events were new.

    A truck seen leaving has crossed: its active trip, if its plate has one, ends with that, and
    its driver is told.
    """
    marked = [
        GateEvent(event.direction, event.kind, strip_mark(event.truck), event.at)
        for event in events
    ]
    new = insert_gate_events(conn, site=site.id, gate=gate, events=marked, recorded_by=by, now=now)
    leaving = [(event.truck, event.at) for event in marked if event.kind == "cleared"]
    for trip in stored.end_trips_of_plates(conn, site=site.id, seen=leaving):
        queue_message(
            conn,
            site=site.id,
            trip_id=trip,
            kind="passed",
            params={"gate": gate},
            now=now,
            expires_at=now + _FAREWELL_OF_USE,
        )
    return new


def _get_active(conn: Connection, site: Site, trip_id: int) -> TripRecord:
    trip = stored.find_trip_locked(conn, trip_id, site=site.id)
    if trip is None:
        raise NotFoundError(f"There is no trip {trip_id}.")
    if trip.state != "active":
        raise ConflictError(f"Trip {trip_id} is {trip.state}; it can no longer be changed.")
    return trip


def _declared_device(conn: Connection, checked: Declaration, now: datetime) -> Device | None:
    """Return the device a declaration names, entered if need be, or else its truck's primary."""
    if checked.device is None:
        return primary_device(conn, checked.plate, now)
    return register_device(conn, checked.device)


def _driver(conn: Connection, keys: Keys, phone: str, language: str) -> int:
    return stored.upsert_driver(
        conn,
        phone_cipher=encrypt_phone(keys, phone),
        phone_hash=hash_phone(keys, phone),
        language=language,
    )


def _changed_driver(conn: Connection, keys: Keys, trip: TripRecord, wish: TripChange) -> int:
    language = trip.language if wish.language is None else wish.language
    check_language(language)
    if wish.phone is not None:
        return _driver(conn, keys, parse_phone(wish.phone), language)
    stored.set_language(conn, trip.driver_id, language)
    return trip.driver_id


def _conflict(
    conn: Connection,
    violation: UniqueViolation,
    values: TripValues,
    device: Device | None,
    *,
    implied: bool = False,
) -> ConflictError:
    trip: int | None
    if violation.diag.constraint_name == "trips_one_active_per_plate":
        what = f"The plate {values.plate}"
        trip = stored.find_active_trip_of_plate(conn, values.plate)
    elif device is not None:
        known = ", by the registry the truck's own," if implied else ""
        what = f"The device {device.uid}{known}"
        trip = stored.find_active_trip_of_device(conn, device.id)
    else:
        raise violation
    # Between the violation and this look the other trip may have ended.
    which = "an active trip" if trip is None else f"the active trip {trip}"
    return ConflictError(f"{what} has {which} already; change that one, or cancel it first.")
