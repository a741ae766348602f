"""Trips: registered, cancelled, seen to leave; each in the caller's transaction, with its message.

A trip that names a device says that its truck carries it; one that names none is followed by the
device that is its truck's primary one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from flowctl.errors import ConflictError, NotFoundError
from flowctl.ledger.entries import Entry, Kind
from flowctl.registry import declarations, events, fees, stages
from flowctl.registry.catalogue import check_catalogue, refuse_pair
from flowctl.registry.courses import declared_facts
from flowctl.registry.crossings import note_crossing
from flowctl.registry.devices import carry
from flowctl.registry.entering import (
    declared_device,
    enter_driver,
    refuse_banned,
    refuse_over_quota,
    refuse_strangers,
    taken,
)
from flowctl.registry.entries import registered_entry
from flowctl.registry.keys import Keys
from flowctl.registry.plates import strip_mark
from flowctl.registry.rules import Declaration, check_declaration
from flowctl.site import Site
from flowctl.storage import ledger
from flowctl.storage import trips as stored
from flowctl.storage.gate_events import GateEvent, insert_gate_events
from flowctl.storage.live import find_live
from flowctl.storage.outbox import queue_message
from flowctl.storage.penalties import CANCELLATION, add_penalty, carry_over, list_carried
from flowctl.storage.stages import locks, save_stages
from flowctl.storage.trips import Connection, TripRecord, TripValues
from flowctl.storage.workflows import find_workflow
from flowctl.workflow.stages import Progress, State

_FAREWELL_OF_USE = timedelta(hours=1)


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
        plate is barred; the haulier has as many trips as it may; or the convoy is another's.
    """
    entry = enter(conn, site, keys, declaration, by=by, now=now, origins=origins or {})
    settle(conn, site, [entry], now=now)
    return trip_of(entry)


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
    refuse_over_quota(conn, site, checked.haulier)
    workflow = find_workflow(conn, site.id, now)
    checked = check_catalogue(None if workflow is None else workflow[1], checked)
    device = declared_device(conn, checked, now)
    driver = enter_driver(conn, keys, checked.phone, checked.language)
    facts = declared_facts(checked, driver_id=driver, by=by, now=now)
    course = None if workflow is None else stages.begin(conn, site, workflow, facts, now=now)
    if course is not None:
        facts, checked = course.trip, replace(checked, handover=course.variant.handover)
    refuse_pair(facts.handover, checked.pair_plate)
    standing = None if course is None else course.progress(now)
    values = TripValues(
        plate=checked.plate,
        driver_id=driver,
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
    trip = stored.insert_trip(
        conn,
        site=site.id,
        values=values,
        registered_by=by,
        now=now,
        locked=() if standing is None else locks(standing),
        due_at=None if standing is None else standing.due_at,
    )
    if trip is None:
        raise taken(conn, site, values, device, implied=checked.device is None)
    if device is not None:
        carry(conn, device.id, values.plate, since=now, by=by)
    declarations.enter(
        conn,
        site,
        keys,
        trip,
        checked,
        driver_id=driver,
        by=by,
        origins=origins,
        course=course,
        now=now,
    )
    facts = replace(facts, id=trip)
    if standing is not None:
        save_stages(conn, site.id, facts, standing)
    fees.bill_new(conn, site, facts, _open_stages(standing), now=now)
    events.tell(conn, site, events.DECLARED, trip, now=now)
    if checked.phone is not None:
        queue_message(
            conn, site=site.id, trip_id=trip, kind="registered", params={}, now=now, expires_at=None
        )
    return registered_entry(trip, values, by=by, now=now)


def _open_stages(standing: Progress | None) -> list[str]:
    stages = () if standing is None else standing.stages
    return [one.stage.id for one in stages if one.state is not State.CONFIRMED]


def settle(conn: Connection, site: Site, entries: Sequence[Entry], *, now: datetime) -> None:
    """Write what `enter` returned into the ledger, and what the trucks lost before.

    Last of all, for the ledger's lock is one.
    """
    lost = list_carried(conn, site, [trip_of(entry) for entry in entries], now=now)
    ledger.append(conn, site.id, site.policy.version, entries, now=now)
    for trip, loses_s in lost:
        carry_over(conn, site, trip, loses_s, now=now)


def trip_of(entry: Entry) -> int:
    """Return the trip an entry is of, which those of trips name."""
    if entry.trip_id is None:
        raise ValueError("A trip's entry names no trip.")
    return entry.trip_id


def record(conn: Connection, site: Site, entry: Entry, now: datetime) -> None:
    """Write what happened to a trip into the site's ledger: last of all, for its lock is one."""
    ledger.append(conn, site.id, site.policy.version, [entry], now=now)


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
    events.tell(conn, site, events.DECLARATION_CHANGED, trip_id, now=now, fields=["state"])
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
    cleared = [event for event in marked if event.kind == "cleared"]
    pass_trucks(conn, site, gate, cleared, by=by, now=now)
    return new


def pass_trucks(
    conn: Connection, site: Site, gate: str, cleared: Sequence[GateEvent], *, by: str, now: datetime
) -> int:
    """Let trucks have crossed at a gate; returns how many of the crossings were new.

    The active trip of a plate ends with that, its driver is told, and the crossing is noted.
    """
    leaving = [(event.truck, event.direction, event.at) for event in cleared]
    passed = stored.end_trips_of_plates(conn, site=site.id, seen=leaving)
    for trip in passed.values():
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
    # In one order, so that two who enter the same trucks wait for each other and do not stick.
    noted = [
        note_crossing(
            conn,
            site,
            plate=event.truck,
            gate=gate,
            direction=event.direction,
            at=event.at,
            by=by,
            now=now,
            trip_id=passed.pop((event.truck, event.direction), None),
        )
        for event in sorted(cleared, key=lambda one: (one.truck, one.at))
    ]
    return sum(one is not None for one in noted)


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
