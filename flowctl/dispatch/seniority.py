"""Who is senior: the one order of trucks that slots, turns and the ledger go by."""

from datetime import datetime, timedelta

from flowctl.policy import Basis, Policy
from flowctl.state import LiveTrip


def seniority(trip: LiveTrip, policy: Policy) -> tuple[datetime, datetime, int]:
    """Return the sort key of precedence: the moment that counts, then registration, then number.

    By the policy's basis the moment is the arrival as far as it is proved, or the registration.
    A truck that has not arrived counts from when it is expected, or may be expected at the latest.
    What a truck lost by a penalty comes on top.
    """
    counts = trip.registered_at if policy.basis is Basis.BOOKING else _present_at(trip)
    if trip.penalty_s:
        counts += timedelta(seconds=trip.penalty_s)
    return counts, trip.registered_at, trip.id


def _present_at(trip: LiveTrip) -> datetime:
    proved = trip.counted_at or trip.arrived_at
    return proved or trip.eta_yard_at or max(trip.registered_at, trip.ready_at)
