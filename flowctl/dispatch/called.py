"""Whether a truck was called up, is on its way, or stands in a yard and may be called."""

from datetime import datetime, timedelta

from flowctl.dispatch.reasons import Reason
from flowctl.policy import Policy
from flowctl.state import LiveTrip, Stage


def in_transit(trip: LiveTrip, now: datetime) -> bool:
    """Tell whether a truck was released, has not reached the gate, and its release still holds."""
    return trip.moving_to is None and _called(trip, now)


def moving(trip: LiveTrip, now: datetime) -> bool:
    """Tell whether a truck was called to an in-gate yard, is not there, and the call holds."""
    return trip.moving_to is not None and _called(trip, now)


def _called(trip: LiveTrip, now: datetime) -> bool:
    if trip.released_at is None:  # most trucks were not, and each is asked several times a tick
        return False
    return trip.stage is Stage.RELEASED and (
        trip.release_expires_at is None or trip.release_expires_at > now
    )


def standing(trip: LiveTrip, now: datetime) -> bool:
    """Tell whether a truck stands in a yard and may be called up."""
    if trip.yard is None or trip.arrived_at is None:
        return False
    return trip.stage is Stage.STAGED or (trip.stage is Stage.RELEASED and not _called(trip, now))


def callable_at(trip: LiveTrip, policy: Policy) -> datetime:
    """Return from when on a standing truck may be called up.

    One that did not show up is left alone for as long as that costs it.
    """
    if trip.release_ended != Reason.NO_SHOW or trip.release_expires_at is None:
        return trip.ready_at
    rests = timedelta(seconds=policy.no_show.loses_s)
    return max(trip.ready_at, trip.release_expires_at + rests)


def missed(trip: LiveTrip) -> bool:
    """Tell whether a truck did not show up when its turn came, and was told nothing since."""
    ended, heard = trip.release_expires_at, trip.told_at
    missed = trip.release_ended == Reason.NO_SHOW and ended is not None
    return missed and (heard is None or ended is None or heard <= ended)
