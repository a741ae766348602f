"""What the ledger says of a declaration: what the order rests on, and nothing that names people."""

from datetime import datetime

from flowctl.ledger.entries import Entry, Kind
from flowctl.storage.trips import TripRecord, TripValues

Facts = dict[str, int | str]


def registered_entry(trip_id: int, values: TripValues, *, by: str, now: datetime) -> Entry:
    """Return the entry of a new trip."""
    facts = _facts(values) | {"device": "none" if values.device_id is None else "own"}
    if values.convoy is not None:
        facts["convoy"] = "joined"
    if values.needs is not None:
        facts["needs"] = values.needs
    return Entry(Kind.REGISTERED, now, trip_id, actor=by, details=facts)


def find_changed_entry(
    trip: TripRecord,
    values: TripValues,
    *,
    device: str | None,
    evidence: str | None,
    by: str,
    now: datetime,
) -> Entry | None:
    """Return the entry of a change, None where the order rests on nothing of it.

    ``device`` is the one the trip has now. That another one came is said, never which; and so it is
    with the truck, which was changed with a kind of ``evidence``.
    """
    was = TripValues(
        plate=trip.plate,
        driver_id=trip.driver_id,
        device_id=values.device_id,
        direction=trip.direction,
        cargo=trip.cargo,
        gates=tuple(trip.gates),
        ready_at=trip.ready_at,
        haulier=trip.haulier,
        weight_t=trip.weight_t,
        convoy=trip.convoy,
        returns_within_h=trip.returns_within_h,
    )
    before = _facts(was)
    changes = {name: value for name, value in _facts(values).items() if before.get(name) != value}
    if values.plate != trip.plate:
        changes |= {"truck": "changed", "evidence": evidence or "none"}
    if device != trip.device:
        changes["device"] = "taken" if device is None else "changed"
    if trip.returns_within_h is not None and values.returns_within_h is None:
        changes["returns_within_min"] = "none"
    if values.convoy != trip.convoy:
        changes["convoy"] = "left" if values.convoy is None else "joined"
    if values.needs != trip.needs:
        changes["needs"] = values.needs or "none"
    return Entry(Kind.CHANGED, now, trip.id, actor=by, details=changes) if changes else None


def _facts(values: TripValues) -> Facts:
    facts: Facts = {
        "direction": values.direction,
        "cargo": values.cargo,
        "gates": " ".join(values.gates),
        "ready_at": values.ready_at.isoformat(),
    }
    if values.weight_t is not None:
        facts["weight_kg"] = round(values.weight_t * 1000)
    if values.returns_within_h is not None:
        facts["returns_within_min"] = round(values.returns_within_h * 60)
    return facts
