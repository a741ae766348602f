"""What stages that are not confirmed keep a trip from: a slot, or the way to its gate.

A truck that stands in its yard and waits for an agency keeps its place in the plan, and is passed
over while others are called. What it may not do is worked out where stages are
(`flowctl.workflow.stages`); here it is a fact of a trip like any other.
"""

from flowctl.dispatch.called import moving, standing
from flowctl.dispatch.reasons import Reason
from flowctl.state import AdviceKind, LiveTrip, Snapshot, Stage
from flowctl.workflow.stages import Lock


def is_slotless(trip: LiveTrip) -> bool:
    """Tell whether no slot is to be found for a trip, nor told."""
    return bool(trip.locked) and Lock.SLOT in trip.locked


def is_locked_in(trip: LiveTrip) -> bool:
    """Tell whether a truck is not to be called from its yard."""
    return bool(trip.locked) and (Lock.RELEASE in trip.locked or Lock.SLOT in trip.locked)


def list_slotless(snapshot: Snapshot) -> list[LiveTrip]:
    """Return the trips that only their stages keep from a slot: their trucks were not called."""
    now = snapshot.now
    return [
        trip
        for trip in snapshot.trips
        if is_slotless(trip)
        and not moving(trip, now)
        and (trip.stage in (Stage.REGISTERED, Stage.STAGED) or standing(trip, now))
    ]


def waits_for_word(snapshot: Snapshot, trip: LiveTrip) -> bool:
    """Tell whether a driver is still to hear that his slot waits for an agency."""
    advice = snapshot.advice.get(trip.id)
    return advice is None or advice.kind is not AdviceKind.HOLD


def was_unconfirmed(snapshot: Snapshot, trip_id: int) -> bool:
    """Tell whether a driver was last asked to wait because something was not confirmed."""
    advice = snapshot.advice.get(trip_id)
    return advice is not None and advice.reason == Reason.UNCONFIRMED
