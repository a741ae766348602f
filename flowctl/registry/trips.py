"""Trips: registered, changed, cancelled; each in the caller's transaction, with its message.

A trip that names a device says that its truck carries it; one that names none is followed by the
device that is its truck's primary one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from psycopg.errors import UniqueViolation

from flowctl.errors import ConflictError, NotFoundError
from flowctl.ledger.entries import Entry, Kind
from flowctl.registry import declarations, events
from flowctl.registry.devices import carry, register_device
from flowctl.registry.entering import (
    declared_device,
    enter_driver,
    refuse_banned,
    refuse_strangers,
    taken,
)
from flowctl.registry.entries import find_changed_entry, registered_entry
from flowctl.registry.keys import MOST_EPOCHS, Keys
from flowctl.registry.phones import parse_phone
from flowctl.registry.plates import strip_mark
from flowctl.registry.rules import (
    Declaration,
    check_convoy,
    check_declaration,
    check_gates,
    check_language,
    check_needs,
    check_ready,
    check_reference,
    check_return,
    check_weight,
)
from flowctl.site import Site
from flowctl.state import Cargo
from flowctl.storage import ledger
from flowctl.storage import trips as stored
from flowctl.storage.gate_events import GateEvent, insert_gate_events
from flowctl.storage.live import find_live
from flowctl.storage.outbox import queue_message
from flowctl.storage.penalties import CANCELLATION, add_penalty, carry_over
from flowctl.storage.sources import end_phone_tokens
from flowctl.storage.trips import Connection, TripRecord, TripValues

_FAREWELL_OF_USE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TripChange:
    """What is to change; None leaves a field as it is.

    ``drop_device`` takes its device, ``drop_convoy`` takes the truck out of its convoy;
    ``drop_needs``: any bay will do; ``drop_return``: it does not come back; ``drop_declaration``:
    no declaration names it.
    """

    ready_at: datetime | None = None
    gates: tuple[str, ...] | None = None
    cargo: Cargo | None = None
    phone: str | None = None
    language: str | None = None
    device: str | None = None
    drop_device: bool = False
    weight_t: float | None = None
    convoy: str | None = None
    drop_convoy: bool = False
    needs: str | None = None
    drop_needs: bool = False
    returns_within_h: float | None = None
    drop_return: bool = False
    declaration: str | None = None
    drop_declaration: bool = False


def register(
    conn: Connection,
    site: Site,
    keys: Keys,
    declaration: Declaration,
    *,
    by: str,
    now: datetime,
    origins: Mapping[str, str] | None = None,
) -> int:
    """Enter an active trip and tell its driver; returns its id.

    A number is spoken to in one language: the declared one counts where it has no active trip.
    ``origins`` says by field from whom it came, where nobody typed it.

    Raises
    ------
    FlowctlError
        The declaration cannot be; see `check_declaration`.
    ConflictError
        The plate, the device or the customs declaration has an active trip, which is named; the
        plate is barred; or the convoy is another haulier's.
    """
    entry = enter(conn, site, keys, declaration, by=by, now=now, origins=origins or {})
    settle(conn, site, [entry], now=now)
    return _trip_of(entry)


def enter(
    conn: Connection,
    site: Site,
    keys: Keys,
    declaration: Declaration,
    *,
    by: str,
    now: datetime,
    origins: Mapping[str, str],
) -> Entry:
    """Enter a trip, all but its line in the ledger, which is returned; see `register`."""
    checked = check_declaration(site, declaration, now=now)
    refuse_banned(conn, site, checked.plate, now)
    refuse_strangers(conn, site, checked.convoy, checked.haulier)
    device = declared_device(conn, checked, now)
    values = TripValues(
        plate=checked.plate,
        driver_id=enter_driver(conn, keys, checked.phone, checked.language),
        device_id=None if device is None else device.id,
        direction=checked.direction,
        cargo=checked.cargo,
        gates=checked.gates,
        ready_at=checked.ready_at,
        haulier=checked.haulier,
        weight_t=checked.weight_t,
        convoy=checked.convoy,
        needs=checked.needs,
        returns_within_h=checked.returns_within_h,
        declaration=checked.declaration,
    )
    try:
        trip = stored.insert_trip(conn, site=site.id, values=values, registered_by=by, now=now)
    except UniqueViolation as error:
        implied = checked.device is None
        raise taken(conn, site, error, values, device, implied=implied) from error
    if device is not None:
        carry(conn, device.id, values.plate, since=now, by=by)
    declarations.enter(
        conn, site, keys, trip, checked, driver_id=values.driver_id, by=by, origins=origins, now=now
    )
    events.tell(conn, site, events.DECLARED, trip, now=now)
    if checked.phone is not None:
        queue_message(
            conn, site=site.id, trip_id=trip, kind="registered", params={}, now=now, expires_at=None
        )
    return registered_entry(trip, values, by=by, now=now)


def settle(conn: Connection, site: Site, entries: Sequence[Entry], *, now: datetime) -> None:
    """Write what `enter` returned into the ledger, and what the trucks lost before.

    Last of all, for the ledger's lock is one.
    """
    ledger.append(conn, site.id, site.policy.version, entries, now=now)
    for entry in entries:
        carry_over(conn, site, _trip_of(entry), now=now)


def _trip_of(entry: Entry) -> int:
    if entry.trip_id is None:
        raise ValueError("A trip's entry names no trip.")
    return entry.trip_id


def record(conn: Connection, site: Site, entry: Entry, now: datetime) -> None:
    """Write what happened to a trip into the site's ledger: last of all, for its lock is one."""
    ledger.append(conn, site.id, site.policy.version, [entry], now=now)


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

    A place in the order belongs to trip, truck and device together: with another device, or with
    the same one given back, the truck's arrival counts anew, from this moment at the earliest;
    an operator may give the place back, see `flowctl.registry.acceptance`. With another phone the
    links and the claims of the former one end.

    Raises
    ------
    FlowctlError
        A value cannot be.
    ConflictError
        The trip is over, its truck was called up already, the device has another trip, or the
        phone was changed too often.
    """
    trip = get_active(conn, site, trip_id)
    gates = tuple(trip.gates) if wish.gates is None else wish.gates
    ready_at = trip.ready_at if wish.ready_at is None else wish.ready_at
    needs = None if wish.drop_needs else wish.needs or trip.needs
    if (gates, ready_at, needs) != (tuple(trip.gates), trip.ready_at, trip.needs):
        if stored.is_released(conn, trip_id):
            raise ConflictError(
                f"The truck of trip {trip_id} was called to the gate already; "
                "its gates, its ready moment and the bay it needs stand.",
                kind="truck_called_stands",
                values={"trip": trip_id},
            )
        check_gates(site, gates)
        check_ready(site, gates, ready_at, now=now)
        check_needs(site, gates, needs)
    within_h = None if wish.drop_return else trip.returns_within_h
    if wish.returns_within_h is not None:
        within_h = wish.returns_within_h
    if wish.returns_within_h is not None or wish.gates is not None:
        check_return(site, gates, within_h, direction=trip.direction)
    convoy = None if wish.drop_convoy else trip.convoy
    if wish.convoy is not None:
        convoy = check_convoy(wish.convoy, trip.haulier)
        refuse_strangers(conn, site, convoy, trip.haulier)
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
        haulier=trip.haulier,
        weight_t=trip.weight_t if wish.weight_t is None else check_weight(wish.weight_t),
        convoy=convoy,
        needs=needs,
        returns_within_h=within_h,
        declaration=_changed_reference(trip, wish),
    )
    changes_device = trip.device != (None if device is None else device.uid)
    live = find_live(conn, trip_id, site=site.id) if changes_device else None
    if live is not None:
        stored.leave_place(conn, trip_id, arrived_at=live.arrived_at, counted_at=live.counted_at)
    try:
        stored.update_trip(conn, trip_id, values, now=now)
    except UniqueViolation as error:
        raise taken(conn, site, error, values, device) from error
    _end_former_links(conn, trip, values.driver_id, now)
    if device is not None and device.uid != trip.device:
        carry(conn, device.id, trip.plate, since=now, by=by)
    uid = None if device is None else device.uid
    entry = find_changed_entry(trip, values, device=uid, by=by, now=now)
    if entry is not None:
        record(conn, site, entry, now)


def _changed_reference(trip: TripRecord, wish: TripChange) -> str | None:
    if wish.drop_declaration:
        return None
    return trip.declaration if wish.declaration is None else check_reference(wish.declaration)


def cancel(conn: Connection, site: Site, trip_id: int, *, by: str, now: datetime) -> None:
    """End an active trip that will not cross, and tell its driver.

    So near to its slot that nobody can take the place, it costs what the site's policy says.

    Raises
    ------
    ConflictError
        The trip is over.
    """
    get_active(conn, site, trip_id)
    live = find_live(conn, trip_id, site=site.id)
    stored.end_trip(conn, trip_id, state="cancelled", now=now)
    queue_message(
        conn, site=site.id, trip_id=trip_id, kind="cancelled", params={}, now=now, expires_at=None
    )
    record(conn, site, Entry(Kind.CANCELLED, now, trip_id, actor=by), now)
    free = timedelta(seconds=site.policy.free_cancellation_s)
    told = None if live is None else live.told_starts_at
    if told is not None and now > told - free:
        add_penalty(
            conn,
            site,
            trip_id,
            kind=CANCELLATION,
            loses_s=site.policy.cancellation.loses_s,
            reason=f"cancelled less than {free} before its slot, or after it",
            actor="flowctl",
            now=now,
        )


def observe(
    conn: Connection, site: Site, gate: str, events: list[GateEvent], *, by: str, now: datetime
) -> int:
    """Enter what officers saw at a gate; returns how many of the events were new.

    A truck seen leaving has crossed: its active trip, if its plate has one, ends with that, and
    its driver is told.
    """
    marked = [replace(event, truck=strip_mark(event.truck)) for event in events]
    new = insert_gate_events(conn, site=site.id, gate=gate, events=marked, recorded_by=by, now=now)
    leaving = [(event.truck, event.at) for event in marked if event.kind == "cleared"]
    passed = stored.end_trips_of_plates(conn, site=site.id, seen=leaving)
    for trip in passed:
        queue_message(
            conn,
            site=site.id,
            trip_id=trip,
            kind="passed",
            params={"gate": gate},
            now=now,
            expires_at=now + _FAREWELL_OF_USE,
        )
        record(conn, site, Entry(Kind.PASSED, now, trip, gate=gate, actor=by), now)
    return new


def get_active(conn: Connection, site: Site, trip_id: int) -> TripRecord:
    """Return an active trip that nobody else may change until the transaction ends.

    Raises
    ------
    NotFoundError, ConflictError
        There is no such trip, or it is over.
    """
    trip = stored.find_trip_locked(conn, trip_id, site=site.id)
    if trip is None:
        raise NotFoundError(f"There is no trip {trip_id}.", kind="no_trip")
    if trip.state != "active":
        raise ConflictError(
            f"Trip {trip_id} is {trip.state}; it can no longer be changed.",
            kind="trip_over",
            values={"plate": trip.plate, "state": trip.state, "at": trip.ended_at},
        )
    return trip


def _changed_driver(conn: Connection, keys: Keys, trip: TripRecord, wish: TripChange) -> int:
    language = trip.language if wish.language is None else wish.language
    check_language(language)
    if wish.phone is not None:
        driver = enter_driver(conn, keys, parse_phone(wish.phone), language)
        if driver != trip.driver_id and trip.link_epoch + 1 == MOST_EPOCHS:
            raise ConflictError(
                f"The number of trip {trip.id} was changed {trip.link_epoch} times and cannot be"
                " once more; cancel the trip and register it anew."
            )
    else:
        driver = trip.driver_id
    if wish.language is not None:
        stored.set_language(conn, driver, language)
    return driver


def _end_former_links(conn: Connection, trip: TripRecord, driver: int, now: datetime) -> None:
    if driver != trip.driver_id:
        stored.end_links(conn, trip.id, trip.driver_id, now=now)
        end_phone_tokens(conn, trip.id)
