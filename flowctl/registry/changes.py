"""An active trip's declaration changed: what may be, what it costs, in the caller's transaction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg.errors import UniqueViolation

from flowctl.errors import ConflictError
from flowctl.registry import declarations, edits, events, fees, stages
from flowctl.registry.devices import carry, register_device
from flowctl.registry.entering import enter_driver, refuse_banned, refuse_strangers, taken
from flowctl.registry.entries import find_changed_entry
from flowctl.registry.keys import MOST_EPOCHS, Keys
from flowctl.registry.phones import parse_phone
from flowctl.registry.plates import parse_plate
from flowctl.registry.rules import (
    check_convoy,
    check_gates,
    check_language,
    check_needs,
    check_ready,
    check_reference,
    check_return,
    check_weight,
)
from flowctl.registry.trips import get_active, record
from flowctl.site import Site
from flowctl.state import Cargo
from flowctl.storage import trips as stored
from flowctl.storage.conflicts import FIELDS, OF_PAPERS, Value, agree
from flowctl.storage.declarations import is_document_of
from flowctl.storage.devices import Device, primary_device
from flowctl.storage.live import find_live
from flowctl.storage.penalties import EDITED, add_penalty, has_place
from flowctl.storage.sources import end_phone_tokens
from flowctl.storage.trips import Connection, TripRecord, TripValues


@dataclass(frozen=True, slots=True)
class TripChange:
    """What is to change; None leaves a field as it is.

    ``drop_device`` takes its device, ``drop_convoy`` takes the truck out of its convoy;
    ``drop_needs``: any bay will do; ``drop_return``: it does not come back; ``drop_declaration``:
    no declaration names it. ``plate``: the goods go with another truck. ``papers`` are the fields
    of the declaration beside these, by name; None takes one away.

    ``evidence`` for what is only changed with it: the id of a document of the trip, or a reason,
    ``at_desk``, where somebody of the gate's own acts.
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
    plate: str | None = None
    papers: Mapping[str, object] = field(default_factory=dict)
    evidence: str | None = None
    at_desk: bool = False


def change(
    conn: Connection,
    site: Site,
    keys: Keys,
    trip_id: int,
    wish: TripChange,
    *,
    by: str,
    now: datetime,
    origin: str | None = None,
) -> list[str]:
    """Change what an active trip declares; returns the fields that cost the truck its place.

    ``origin`` is the partner whose word it is, ``source:NAME``: the fields are marked with it, and
    it costs nobody a place.

    A place in the order belongs to trip, truck and device together: with another device, or with
    the same one given back, the truck's arrival counts anew, from this moment at the earliest;
    an operator may give the place back, see `flowctl.registry.acceptance`. What else costs it the
    site's policy says (``edits``). With another phone the links and the claims of the former one
    end, and what was said of the former driver goes.

    Raises
    ------
    FlowctlError
        A value cannot be.
    ConflictError
        The trip is over, its truck was called up already, the device has another trip, the phone
        was changed too often, a stage set the field, or it is only changed with evidence.
    """
    trip = get_active(conn, site, trip_id)
    values = _values(conn, site, keys, trip, wish, now)
    merged = declarations.merge(conn, site, keys, trip, values, wish.papers, now=now)
    changed = _changed(trip, values) | merged.changed
    proof = _evidence(conn, trip, wish)
    lost = []
    if origin is None:
        lost = edits.judge(site.policy.edits, changed, has_evidence=proof is not None)
    else:
        merged = merged.marked(changed, origin)
    is_other_truck = values.plate != trip.plate
    device = _device(conn, trip, wish, values.plate, now)
    values = values.with_device(None if device is None else device.id)
    uid = None if device is None else device.uid
    live = find_live(conn, trip_id, site=site.id) if trip.device != uid else None
    if live is not None:
        stored.leave_place(conn, trip_id, arrived_at=live.arrived_at, counted_at=live.counted_at)
    try:
        stored.update_trip(conn, trip_id, values, now=now)
    except UniqueViolation as error:
        raise taken(conn, site, values, device, but=trip_id) from error
    if live is not None and is_other_truck and "plate" not in lost:
        stored.accept_device(conn, trip_id, now=now)
    _end_former_links(conn, trip, values.driver_id, now)
    if device is not None and (uid != trip.device or is_other_truck):
        carry(conn, device.id, values.plate, since=now, by=by)
    declarations.keep(conn, trip_id, merged, changed, now=now)
    agree(conn, trip_id, _said_now(values, merged, changed), by=by, now=now)
    entry = find_changed_entry(
        trip, values, device=uid, evidence=proof if is_other_truck else None, by=by, now=now
    )
    if changed:
        stages.refresh(conn, site, trip_id, now=now)
        fees.bill(conn, site, trip_id, now=now)
        events.tell(
            conn, site, events.DECLARATION_CHANGED, trip_id, now=now, fields=sorted(changed)
        )
    if entry is not None:
        record(conn, site, entry, now)
    return _lose_place(conn, site, trip_id, lost, by=by, now=now)


def _values(
    conn: Connection, site: Site, keys: Keys, trip: TripRecord, wish: TripChange, now: datetime
) -> TripValues:
    """Return what the trip rests on after the change, its device left out."""
    plate = trip.plate if wish.plate is None else parse_plate(wish.plate).text
    gates = tuple(trip.gates) if wish.gates is None else wish.gates
    ready_at = trip.ready_at if wish.ready_at is None else wish.ready_at
    needs = None if wish.drop_needs else wish.needs or trip.needs
    if (plate, gates, ready_at, needs) != (
        trip.plate,
        tuple(trip.gates),
        trip.ready_at,
        trip.needs,
    ):
        if stored.is_released(conn, trip.id):
            raise ConflictError(
                f"The truck of trip {trip.id} was called to the gate already; "
                "its plate, its gates, its ready moment and the bay it needs stand.",
                kind="truck_called_stands",
                values={"trip": trip.id},
            )
        check_gates(site, gates)
        check_ready(site, gates, ready_at, now=now)
        check_needs(site, gates, needs)
    if plate != trip.plate:
        refuse_banned(conn, site, plate, now)
    within_h = None if wish.drop_return else trip.returns_within_h
    if wish.returns_within_h is not None:
        within_h = wish.returns_within_h
    if wish.returns_within_h is not None or wish.gates is not None:
        check_return(site, gates, within_h, direction=trip.direction)
    convoy = None if wish.drop_convoy else trip.convoy
    if wish.convoy is not None:
        convoy = check_convoy(wish.convoy, trip.haulier)
        refuse_strangers(conn, site, convoy, trip.haulier)
    return TripValues(
        plate=plate,
        driver_id=_changed_driver(conn, keys, trip, wish),
        device_id=None,
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


def _changed(trip: TripRecord, values: TripValues) -> set[str]:
    """Return which of the fields the order rests on changed, as the policy names them."""
    after = {
        "plate": values.plate,
        "phone": values.driver_id,
        "cargo": values.cargo,
        "gates": list(values.gates),
        "ready_at": values.ready_at,
        "weight_t": values.weight_t,
        "convoy": values.convoy,
        "needs": values.needs,
        "returns_within_h": values.returns_within_h,
        "declaration": values.declaration,
    }
    before = {name: getattr(trip, "driver_id" if name == "phone" else name) for name in after}
    return {name for name in after if after[name] != before[name]}


def _said_now(
    values: TripValues, merged: declarations.Merged, changed: Collection[str]
) -> dict[str, Value]:
    """Return what is declared now of the changed fields that partners speak of, too."""
    return {
        name: getattr(merged.papers if name in OF_PAPERS else values, name)
        for name in changed
        if name in FIELDS
    }


def _evidence(conn: Connection, trip: TripRecord, wish: TripChange) -> str | None:
    """Return what kind of evidence there is, a code for the ledger; None for none that counts."""
    said = (wish.evidence or "").strip()
    try:
        document = UUID(said)
    except ValueError:
        return "reason" if said and wish.at_desk else None
    return "document" if is_document_of(conn, trip.id, document) else None


def _device(
    conn: Connection, trip: TripRecord, wish: TripChange, plate: str, now: datetime
) -> Device | None:
    """Return the trip's device after the change: another truck does not bring the former one's."""
    if wish.drop_device:
        return None
    if wish.device is None and plate != trip.plate:
        return primary_device(conn, plate, now)
    uid = wish.device or trip.device
    return None if uid is None else register_device(conn, uid)


def _lose_place(
    conn: Connection, site: Site, trip_id: int, lost: list[str], *, by: str, now: datetime
) -> list[str]:
    """Let a truck count as arrived now; returns what cost it that, none where it had no place."""
    live = find_live(conn, trip_id, site=site.id) if lost else None
    if live is None or not has_place(site.policy, live):
        return []
    add_penalty(
        conn,
        site,
        trip_id,
        kind=EDITED,
        loses_s=None,
        reason=f"changed {', '.join(lost)}",
        actor=by,
        now=now,
    )
    return lost


def _changed_reference(trip: TripRecord, wish: TripChange) -> str | None:
    if wish.drop_declaration:
        return None
    return trip.declaration if wish.declaration is None else check_reference(wish.declaration)


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
