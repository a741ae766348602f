"""What a day came to, as the system itself saw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from statistics import fmean
from typing import Any, LiteralString, Protocol

import psycopg

from flowctl.site import Site
from flowctl.storage.live import LiveRow, list_trips
from flowctl.storage.outcomes import total_outcomes

Connection = psycopg.Connection[Any]

EVERY_TRIP = 1_000_000


@dataclass(frozen=True, slots=True)
class DayReport:
    """A day's figures.

    ``gate_wait_mean_s`` and ``queue_max`` are of metered exports, from the entry of a gate's queue
    to that of its lane, by GPS; ``queue_max`` is the longest queue of any one gate.
    """

    fixes_stored: int
    fixes_set_aside: int
    trips: int
    trips_with_slot: int
    slot_changes_per_trip: float
    visits: int
    messages: int
    cleared: dict[str, dict[str, int]]
    waiting_at_20: int
    gate_wait_mean_s: float | None
    queue_max: int


def day_report(
    conn: Connection, site: Site, *, start: datetime, end: datetime, at_20: datetime
) -> DayReport:
    """Return the figures of the day from ``start`` to ``end``; ``at_20`` is 20:00 local."""
    outcomes = total_outcomes(conn)
    every = list_trips(
        conn, site=site.id, state=None, plate=None, registered_by=None, limit=EVERY_TRIP
    )
    exports = [trip for trip in every if trip.direction == "export" and trip.device is not None]
    told = [trip for trip in exports if trip.told_starts_at is not None]
    waits = [
        (trip.lane_at - trip.queued_at).total_seconds()
        for trip in exports
        if trip.queued_at is not None and trip.lane_at is not None
    ]
    return DayReport(
        fixes_stored=outcomes.stored,
        fixes_set_aside=outcomes.duplicate + outcomes.set_aside,
        trips=len(exports),
        trips_with_slot=len(told),
        slot_changes_per_trip=round(
            _count(conn, "select count(*) from slot_changes") / max(1, len(told)) - 1, 3
        ),
        visits=_count(conn, "select count(*) from visits"),
        messages=_count(conn, "select count(*) from outbox where state = 'sent'"),
        cleared={
            gate.id: {
                "export": _cleared_exports(exports, gate.id, start, end)
                + _observed(conn, gate.id, "export", start, end),
                "import": _observed(conn, gate.id, "import", start, end),
            }
            for gate in site.gates
        },
        waiting_at_20=sum(_waits_at(trip, at_20) for trip in exports),
        gate_wait_mean_s=round(fmean(waits), 1) if waits else None,
        queue_max=max((longest_queue(exports, gate.id) for gate in site.gates), default=0),
    )


def _count(conn: Connection, query: LiteralString) -> int:
    [(n,)] = conn.execute(query).fetchall()
    return int(n)


def _cleared_exports(trips: Sequence[LiveRow], gate: str, start: datetime, end: datetime) -> int:
    return sum(
        trip.queued_gate == gate and trip.cleared_at is not None and start <= trip.cleared_at < end
        for trip in trips
    )


def _observed(conn: Connection, gate: str, direction: str, start: datetime, end: datetime) -> int:
    [(n,)] = conn.execute(
        "select count(*) from gate_events where gate = %s and direction = %s"
        " and kind = 'cleared' and at >= %s and at < %s",
        [gate, direction, start, end],
    ).fetchall()
    return int(n)


def _waits_at(trip: LiveRow, moment: datetime) -> bool:
    """Tell whether a truck had come and had not passed at a moment."""
    came = trip.arrived_at is not None and trip.arrived_at <= moment
    return came and (trip.cleared_at is None or trip.cleared_at > moment)


class Queued(Protocol):
    """A truck that may have stood in a gate's queue."""

    @property
    def queued_gate(self) -> str | None: ...  # noqa: D102
    @property
    def queued_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def lane_at(self) -> datetime | None: ...  # noqa: D102


def longest_queue(trips: Sequence[Queued], gate: str) -> int:
    """Return the most trucks that stood in a gate's queue zone at once."""
    steps = [
        step
        for trip in trips
        if trip.queued_gate == gate and trip.queued_at is not None
        for step in ((trip.queued_at, 1), (trip.lane_at, -1))
        if step[0] is not None
    ]
    steps.sort(key=lambda step: (step[0], step[1]))
    return max(accumulate(change for _, change in steps), default=0)
