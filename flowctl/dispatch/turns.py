"""Whose turn it is: where a trip stands, its gate, and how many go before it. Pure."""

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter

from flowctl.dispatch.called import standing
from flowctl.dispatch.seniority import seniority
from flowctl.policy import Policy
from flowctl.state import LiveTrip, Stage


def gate_of(trip: LiveTrip) -> str | None:
    """Return the gate a trip is bound for: called to, told, or the preferred one it may use."""
    if trip.released_gate is not None:
        return trip.released_gate
    if trip.told is not None:
        return trip.told.gate
    return next(iter(trip.gates), None)


def shown_stage(trip: LiveTrip, now: datetime) -> Stage:
    """Return where a trip stands; one whose call-up has lapsed is waiting in its yard again."""
    return Stage.STAGED if standing(trip, now) else trip.stage


def count_ahead(
    trips: Iterable[LiveTrip], mine: LiveTrip, policy: Policy, now: datetime
) -> int | None:
    """Return how many trucks will be screened before ``mine`` at its gate, see `list_ahead`."""
    ahead = list_ahead(trips, mine, policy, now)
    return None if ahead is None else len(ahead)


def list_ahead(
    trips: Iterable[LiveTrip], mine: LiveTrip, policy: Policy, now: datetime
) -> list[LiveTrip] | None:
    """Return the trucks that will be screened before ``mine`` at its gate.

    Those in the queue go first, then those on their way, then by slot and seniority. None where
    its turn is not known: no slot yet, or being screened already.
    """
    my_turn = _turn(mine, policy, now)
    if my_turn is None:
        return None
    gate = gate_of(mine)
    others = (trip for trip in trips if trip.id != mine.id and gate_of(trip) == gate)
    return [
        trip for trip in others if (turn := _turn(trip, policy, now)) is not None and turn < my_turn
    ]


def list_seniors(trips: Iterable[LiveTrip], mine: LiveTrip, policy: Policy) -> list[LiveTrip]:
    """Return the trucks bound for the gate of ``mine`` that are its seniors and not screened yet.

    What `list_ahead` will be about while no slot is told and the order goes by seniority alone.
    """
    gate, counts = gate_of(mine), seniority(mine, policy)
    over = (Stage.IN_LANE, Stage.CLEARED)
    return [
        trip
        for trip in trips
        if trip.id != mine.id
        and gate_of(trip) == gate
        and trip.stage not in over
        and seniority(trip, policy) < counts
    ]


def _turn(
    trip: LiveTrip, policy: Policy, now: datetime
) -> tuple[int, datetime, datetime, int] | None:
    present, _, key = seniority(trip, policy)
    stage = shown_stage(trip, now)
    if stage is Stage.QUEUED and trip.queued_at is not None:
        return 0, trip.queued_at, present, key
    if stage is Stage.RELEASED and trip.released_at is not None:
        return 1, trip.released_at, present, key
    if stage in (Stage.STAGED, Stage.REGISTERED) and trip.told is not None:
        return 2, trip.told.starts_at, present, key
    return None


def list_in_turn(
    trips: Iterable[LiveTrip], gate: str, policy: Policy, now: datetime
) -> list[LiveTrip]:
    """Return the trucks of a gate whose turn is known, in the order of their screening."""
    keyed = [
        (turn, trip)
        for trip in trips
        if gate_of(trip) == gate and (turn := _turn(trip, policy, now)) is not None
    ]
    return [trip for _, trip in sorted(keyed, key=itemgetter(0))]
