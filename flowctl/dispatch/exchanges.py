"""Slots that two drivers exchange by an operator's word, and why two may not."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from flowctl.dispatch.called import standing
from flowctl.dispatch.hand import blocks_of, pins_of
from flowctl.dispatch.locks import is_slotless
from flowctl.dispatch.reach import reach_of
from flowctl.dispatch.standby import Swap
from flowctl.dispatch.supply import columns_of
from flowctl.errors import Refusal
from flowctl.hand import Act, ActKind, of_kind
from flowctl.state import LiveTrip, Slot, Snapshot, Stage


def exchanges(snapshot: Snapshot) -> tuple[Swap, ...]:
    """Return the exchanges that operators asked for and that can be, each once."""
    asked = of_kind(snapshot.acts, ActKind.SWAP)
    if not asked:
        return ()
    trips = {trip.id: trip for trip in snapshot.trips}
    return tuple(
        Swap(
            gives=act.trip_id,
            takes=act.other_trip_id,
            slot_given=_told(trips[act.trip_id]),
            slot_taken=_told(trips[act.other_trip_id]),
            act_id=act.id,
            actor=act.entered_by,
        )
        for act in asked
        if act.trip_id is not None
        and act.other_trip_id is not None
        and exchange_fault(snapshot, act, trips) is None
    )


def exchange_fault(
    snapshot: Snapshot, act: Act, trips: Mapping[int, LiveTrip] | None = None
) -> Refusal | None:
    """Return why two trucks cannot exchange their slots; None where they can.

    Each must be allowed at the other's gate, in the other's lanes, and able to be there before the
    slot it gets is over. A truck of a convoy, with a need or a return keeps what the plan found.
    """
    known = {trip.id: trip for trip in snapshot.trips} if trips is None else trips
    pair = [known.get(trip) for trip in act.trips]
    one, other = (*pair, None, None)[:2]
    if one is None or other is None:
        return Refusal("Both trips must be active; look at them again.", kind="not_both_active")
    for trip in (one, other):
        fault = _keeps_its_slot(snapshot, trip)
        if fault is not None:
            return fault
    if _told(one) == _told(other):
        return Refusal(
            f"Trips {one.id} and {other.id} have the same slot; there is nothing to exchange.",
            kind="same_slot",
            values={"trip": one.id, "other_trip": other.id},
        )
    return _misfit(snapshot, one, _told(other)) or _misfit(snapshot, other, _told(one))


def _told(trip: LiveTrip) -> Slot:
    if trip.told is None:
        raise ValueError(f"Trip {trip.id} was told no slot.")
    return trip.told


def _keeps_its_slot(snapshot: Snapshot, trip: LiveTrip) -> Refusal | None:
    """Return why a truck's slot cannot change hands."""
    if trip.told is None:
        return Refusal(
            f"Trip {trip.id} was told no slot yet that could be exchanged.",
            kind="not_told",
            values={"trip": trip.id},
        )
    waits = trip.stage in (Stage.REGISTERED, Stage.STAGED) or standing(trip, snapshot.now)
    if not waits:
        return Refusal(
            f"The truck of trip {trip.id} was called to the gate already; its slot is used.",
            kind="slot_used",
            values={"trip": trip.id},
        )
    if trip.id in snapshot.advice or trip.id in blocks_of(snapshot) or is_slotless(trip):
        return Refusal(
            f"The driver of trip {trip.id} was told to wait; his slot does not count now.",
            kind="told_to_wait",
            values={"trip": trip.id},
        )
    if trip.id in pins_of(snapshot):
        return Refusal(
            f"The slot of trip {trip.id} is pinned; unpin it first.",
            kind="slot_pinned",
            values={"trip": trip.id},
        )
    return bound_fault(trip)


def bound_fault(trip: LiveTrip) -> Refusal | None:
    """Return what binds a truck so that the plan alone can place it."""
    if trip.convoy is not None:
        return Refusal(
            f"Trip {trip.id} crosses in a convoy, which the plan keeps together.",
            kind="in_convoy",
            values={"trip": trip.id},
        )
    if trip.needs is not None:
        return Refusal(
            f"Trip {trip.id} needs a bay for its screening, which the plan gives it.",
            kind="needs_bay",
            values={"trip": trip.id},
        )
    if trip.returns_within_h is not None:
        return Refusal(
            f"Trip {trip.id} has to be back in time, which the plan sees to.",
            kind="has_return",
            values={"trip": trip.id},
        )
    return None


def _misfit(snapshot: Snapshot, trip: LiveTrip, slot: Slot) -> Refusal | None:
    """Return why a truck cannot have a slot that another gives."""
    if slot.gate not in trip.gates:
        return Refusal(
            f"Trip {trip.id} may not use {slot.gate}.",
            kind="other_gates",
            values={"trip": trip.id, "gate": slot.gate, "gates": trip.gates},
        )
    ends_at = slot.starts_at + timedelta(seconds=snapshot.site.dispatch.slot_s)
    if ends_at <= snapshot.now:
        return Refusal(
            f"The slot {_local(snapshot, slot.starts_at)} at {slot.gate} is over.",
            kind="slot_over",
            values={"at": slot.starts_at, "gate": slot.gate},
        )
    soonest = soonest_at(snapshot, trip, slot.gate)
    if soonest is None:
        return Refusal(
            f"Trip {trip.id} has no way to {slot.gate}, or no lane there.",
            kind="no_way",
            values={"trip": trip.id, "gate": slot.gate},
        )
    if soonest > ends_at:
        return Refusal(
            f"The truck of trip {trip.id} can be at {slot.gate} at {_local(snapshot, soonest)} at"
            f" the earliest, after the slot {_local(snapshot, slot.starts_at)}.",
            kind="too_late_for_slot",
            values={"trip": trip.id, "gate": slot.gate, "at": soonest, "slot": slot.starts_at},
        )
    return None


def soonest_at(snapshot: Snapshot, trip: LiveTrip, gate: str) -> datetime | None:
    """Return when a truck can be at a gate, by the margins a plan keeps; None: not at all."""
    columns = columns_of(snapshot.site)
    reach = reach_of(snapshot.site, columns, [trip], snapshot.now)
    there = [
        float(reach.at_s[0, at]) for at, column in enumerate(columns) if column.gate.id == gate
    ]
    found = min(there, default=float("inf"))
    if found == float("inf"):
        return None
    return datetime.fromtimestamp(found, snapshot.now.tzinfo)


def _local(snapshot: Snapshot, moment: datetime) -> str:
    return f"{moment.astimezone(snapshot.site.timezone):%H:%M}"
