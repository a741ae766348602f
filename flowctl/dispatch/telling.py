"""Which drivers hear of a slot: what is new, and what changed by enough to say so."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flowctl.dispatch.plan import Plan
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.reasons import Reason
from flowctl.site import DispatchParams, Gate
from flowctl.state import LiveTrip, Slot, Snapshot
from flowctl.traffic.capacity import CapacityEstimate
from flowctl.traffic.collapse import GateMode

_FACTS = frozenset({Reason.ETA, Reason.CLOSURE})
"""Reasons that are no estimate: the driver hears of them at once."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What one driver is to hear: the slot, why, and what was told before (None: nothing yet)."""

    trip_id: int
    slot: Slot
    reason: Reason
    previous: Slot | None


def tellings(
    snapshot: Snapshot,
    problem: DispatchProblem,
    plan: Plan,
    estimates: Mapping[str, CapacityEstimate],
) -> Iterator[Telling]:
    """Yield what drivers are to hear of a plan, in order of trip.

    A first slot is told once the truck is at a yard, or about to be: a promise made earlier would
    only be changed again. A told slot is changed when the plan left the span that needs no message
    (`framing.keeps`), and only where it is known where the truck is.
    """
    trips = {trip.id: trip for trip in snapshot.trips}
    for row, trip_id in enumerate(problem.trip_ids.tolist()):
        trip = trips[trip_id]
        gate, slot = int(plan.gate[row]), int(plan.slot[row])
        if slot < 0 or problem.frozen_slot[row] >= 0:
            continue
        planned = Slot(problem.gates[gate], datetime.fromtimestamp(int(problem.starts[slot]), UTC))
        if trip.told is None:
            if _expected(trip, snapshot.now, snapshot.site.dispatch):
                yield Telling(trip_id, planned, Reason.FIRST, None)
            continue
        kept = gate == problem.told_gate[row] and (
            problem.keep_first[row] <= slot <= problem.keep_last[row]
        )
        if kept or not _seen(trip):
            continue
        reason = _reason(snapshot, problem, row, trip.told, planned, estimates)
        collapsed = reason is Reason.CAPACITY and _collapsed(estimates[trip.told.gate])
        if reason in _FACTS or _settled(trip, trip.told, planned, snapshot, at_once=collapsed):
            yield Telling(trip_id, planned, reason, trip.told)


def _settled(
    trip: LiveTrip, told: Slot, planned: Slot, snapshot: Snapshot, *, at_once: bool
) -> bool:
    """Tell whether an estimated change is due: the last word some time ago and the slot near.

    What drifts by chance drifts back; a driver told each time would hear a number, not a promise.
    Where a gate collapsed, those with far slots hear of it too (``at_once``).
    """
    rules = snapshot.site.dispatch
    if trip.told_at is not None and snapshot.now < trip.told_at + timedelta(seconds=rules.quiet_s):
        return False
    notice = timedelta(seconds=rules.notice_s)
    return at_once or min(told.starts_at, planned.starts_at) <= snapshot.now + notice


def _collapsed(learned: CapacityEstimate) -> bool:
    """Tell whether a gate takes surely less than it usually does."""
    return learned.state in (GateMode.REDUCED, GateMode.STOPPED)


def _seen(trip: LiveTrip) -> bool:
    return trip.arrived_at is not None or trip.eta_yard_at is not None


def _expected(trip: LiveTrip, now: datetime, rules: DispatchParams) -> bool:
    """Tell whether the truck is there, or expected within `tell_ahead_s`."""
    if trip.arrived_at is not None:
        return True
    return (trip.eta_yard_at or trip.ready_at) <= now + timedelta(seconds=rules.tell_ahead_s)


def _reason(
    snapshot: Snapshot,
    problem: DispatchProblem,
    row: int,
    told: Slot,
    planned: Slot,
    estimates: Mapping[str, CapacityEstimate],
) -> Reason:
    """Return why the slot told cannot stand, or why a better one is offered."""
    rules = snapshot.site.dispatch
    gate = snapshot.site.gate_by_id.get(told.gate)
    if gate is None or not _takes_goods(gate, told, rules.slot_s):
        return Reason.CLOSURE
    if planned.starts_at < told.starts_at:
        return Reason.EARLIER
    if int(problem.earliest[row, problem.told_gate[row]]) > int(problem.keep_last[row]):
        return Reason.ETA
    if estimates[gate.id].high < gate.capacity_prior_per_h:
        return Reason.CAPACITY
    return Reason.LATER


def _takes_goods(gate: Gate, slot: Slot, slot_s: int) -> bool:
    end = slot.starts_at + timedelta(seconds=slot_s)
    return any(gate.opening.between(slot.starts_at, end))
