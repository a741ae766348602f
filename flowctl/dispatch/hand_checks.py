"""Why an act of an operator cannot be, and what to look at twice."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from flowctl.dispatch.called import in_transit, standing
from flowctl.dispatch.exchanges import bound_fault, exchange_fault, soonest_at
from flowctl.dispatch.hand import blocks_of
from flowctl.dispatch.locks import is_slotless
from flowctl.errors import Refusal
from flowctl.hand import Act, ActKind
from flowctl.state import LiveTrip, Snapshot, Stage

_DOUBTFUL = 2.0
"""A word of so many times what the gate was seen to take is asked about."""


def refusal(snapshot: Snapshot, act: Act) -> Refusal | None:
    """Return why an act cannot be at this moment, None where nothing speaks against it.

    Parameters
    ----------
    snapshot
        The moment; of the trips those that the act names are enough.
    act
        As it would be entered.
    """
    return next(_faults(snapshot, act), None)


def _faults(snapshot: Snapshot, act: Act) -> Iterator[Refusal]:
    """Yield what speaks against an act, the plainest first; whoever asks stops at the first."""
    if act.kind is ActKind.SWAP:
        fault = exchange_fault(snapshot, act)
        yield from () if fault is None else (fault,)
    elif act.kind is ActKind.OPEN_GATE:
        yield from _open_faults(snapshot, act)
    elif act.trip_id is not None:
        trip = next((one for one in snapshot.trips if one.id == act.trip_id), None)
        if trip is None:
            yield Refusal(
                f"Trip {act.trip_id} is no active export; the order is made of those.",
                kind="not_export",
                values={"trip": act.trip_id},
            )
            return
        yield from _gone(snapshot, trip)
        if act.kind is ActKind.PIN:
            yield from _pin_faults(snapshot, act, trip)
        elif act.kind is ActKind.FORWARD:
            yield from _way_faults(snapshot, act, trip)


def _gone(snapshot: Snapshot, trip: LiveTrip) -> Iterator[Refusal]:
    """Yield where a truck is that nothing can be done about any more."""
    gate = trip.queued_gate or trip.released_gate
    since = trip.lane_at or trip.queued_at
    if trip.stage is Stage.CLEARED:
        yield Refusal(
            f"The truck of trip {trip.id} has passed {gate}.",
            kind="truck_passed",
            values={"trip": trip.id, "gate": gate},
        )
    if since is not None:
        yield Refusal(
            f"The truck of trip {trip.id} is at {gate} since {_local(snapshot, since)}; ask the"
            " officers there.",
            kind="truck_at_gate",
            values={"trip": trip.id, "gate": gate, "at": since},
        )
    if in_transit(trip, snapshot.now) and trip.yard is None and trip.released_at is not None:
        yield Refusal(
            f"The truck of trip {trip.id} was called at {_local(snapshot, trip.released_at)} and"
            f" is on its way to {gate}, where it can turn nowhere; ask the officers there.",
            kind="truck_on_way",
            values={"trip": trip.id, "gate": gate, "at": trip.released_at},
        )


def _pin_faults(snapshot: Snapshot, act: Act, trip: LiveTrip) -> Iterator[Refusal]:
    if act.gate is None or act.starts_at is None:
        raise ValueError(f"A pin names a gate and a slot; {act} does not.")
    yield from _slot_faults(snapshot, act.gate, act.starts_at)
    yield from _way_faults(snapshot, act, trip)
    bound = bound_fault(trip)
    if bound is not None:
        yield bound
    soonest = soonest_at(snapshot, trip, act.gate)
    if soonest is None:
        yield Refusal(
            f"Trip {trip.id} has no way to {act.gate}, or no lane there.",
            kind="no_way",
            values={"trip": trip.id, "gate": act.gate},
        )
    elif soonest > act.starts_at:
        yield Refusal(
            f"The truck of trip {trip.id} can be at {act.gate} at {_local(snapshot, soonest)} at"
            " the earliest; choose a slot that begins then or later.",
            kind="soonest",
            values={"trip": trip.id, "gate": act.gate, "at": soonest},
        )


def _slot_faults(snapshot: Snapshot, name: str, starts_at: datetime) -> Iterator[Refusal]:
    width_s = snapshot.site.dispatch.slot_s
    ends_at = starts_at + timedelta(seconds=width_s)
    slot = f"The slot {_local(snapshot, starts_at)} at {name}"
    if starts_at.timestamp() % width_s:
        yield Refusal(
            f"{slot} does not begin on a slot of {width_s // 60} minutes; choose one.",
            kind="slot_uneven",
            values={"at": starts_at, "minutes": width_s // 60},
        )
    if ends_at <= snapshot.now:
        yield Refusal(
            f"{slot} is over; choose a later one.",
            kind="slot_over",
            values={"at": starts_at, "gate": name},
        )
    gate = snapshot.site.gate_by_id.get(name)
    if gate is None or next(gate.opening.between(starts_at, ends_at), None) is None:
        yield Refusal(
            f"{name} is closed in that slot; choose one in which it is open.",
            kind="gate_closed_then",
            values={"at": starts_at, "gate": name},
        )


def _way_faults(snapshot: Snapshot, act: Act, trip: LiveTrip) -> Iterator[Refusal]:
    """Yield why a truck cannot be given a way to a gate now."""
    if act.gate is not None and act.gate not in trip.gates:
        yield Refusal(
            f"Trip {trip.id} may not use {act.gate}; it may use {' and '.join(trip.gates)}.",
            kind="other_gates",
            values={"trip": trip.id, "gate": act.gate, "gates": trip.gates},
        )
    gates = trip.gates if act.gate is None else (act.gate,)
    if set(gates) <= set(blocks_of(snapshot).get(trip.id, ())):
        yield Refusal(
            f"The truck of trip {trip.id} is held; end the hold first.",
            kind="truck_held",
            values={"trip": trip.id},
        )
    if is_slotless(trip):
        yield Refusal(
            f"What the agencies have to confirm of trip {trip.id} is not confirmed yet; its page"
            " says what.",
            kind="truck_unconfirmed",
            values={"trip": trip.id},
        )
    waits = trip.stage in (Stage.REGISTERED, Stage.STAGED) or standing(trip, snapshot.now)
    if not waits and trip.released_at is not None:
        yield Refusal(
            f"The truck of trip {trip.id} was called to {trip.released_gate} at"
            f" {_local(snapshot, trip.released_at)} already.",
            kind="truck_called",
            values={"trip": trip.id, "gate": trip.released_gate, "at": trip.released_at},
        )


def _open_faults(snapshot: Snapshot, act: Act) -> Iterator[Refusal]:
    gate = snapshot.site.gate_by_id.get(act.gate or "")
    if gate is None or act.starts_at is None or act.ends_at is None:
        raise ValueError(f"Extra hours name a gate and a time; {act} does not.")
    for since, until in gate.opening.closed:
        if since <= act.starts_at and act.ends_at <= until:
            yield Refusal(
                f"{act.gate} is shut by a closure in all that time; end the closure instead.",
                kind="gate_shut_then",
                values={"gate": act.gate},
            )
    if list(gate.opening.between(act.starts_at, act.ends_at)) == [(act.starts_at, act.ends_at)]:
        yield Refusal(
            f"{act.gate} is open in all that time already.",
            kind="gate_open_then",
            values={"gate": act.gate},
        )


def doubt(act: Act, learned_per_h: float, high_per_h: float) -> Refusal | None:
    """Return what to look at twice before a gate's rate is said, beside what it was seen to take.

    Rates are trucks of both directions in an open hour, ``high_per_h`` the most that was seen bears
    out.
    """
    if act.per_h is None:
        return None
    seen = f"{act.gate} was seen to take {learned_per_h:.0f} an hour; {act.per_h:.0f} is"
    rates = {"gate": act.gate, "seen": round(learned_per_h), "said": round(act.per_h)}
    if act.per_h > _DOUBTFUL * learned_per_h:
        return Refusal(
            f"{seen} more than twice that. Slots are planned by it, but trucks are called by no"
            f" more than {high_per_h:.0f} an hour until the gate shows more.",
            kind="far_above_seen",
            values={**rates, "most": round(high_per_h)},
        )
    if act.per_h * _DOUBTFUL < learned_per_h:
        return Refusal(f"{seen} less than half of that.", kind="far_below_seen", values=rates)
    return None


def _local(snapshot: Snapshot, moment: datetime) -> str:
    return f"{moment.astimezone(snapshot.site.timezone):%H:%M}"
