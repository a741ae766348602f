"""What is stored of some days, for laws to be fitted to it. Read, never written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg

from flowctl.site import Site
from flowctl.storage.recorded_day import RecordedDay, read_day

Connection = psycopg.Connection[Any]
_DAY = timedelta(days=1)
_FIRST_LOOKS = timedelta(minutes=35)
"""So long after storing began, whoever stood there has been seen: a parked tracker reports every
15 minutes (Circular 09/2015/TT-BGTVT), and one report may be lost."""


@dataclass(frozen=True, slots=True)
class Way:
    """A truck's way from its yard to a gate's queue: when it was called up, and when it left."""

    yard: str
    released_at: datetime | None
    left_at: datetime


@dataclass(frozen=True, slots=True)
class SeenDay:
    """A local day as it is stored, and the ways of trucks by their trip's id.

    ``stood`` are the trips whose trucks were in a yard already when storing began on that day:
    their arrival is only when they were first seen.
    """

    date: date
    record: RecordedDay
    ways: dict[int, Way]
    stood: frozenset[int]


def read_days(
    conn: Connection,
    site: Site,
    *,
    first: date,
    last: date,
    tell: Callable[[str], None],
) -> Iterator[SeenDay]:
    """Yield each local day from ``first`` to ``last``; ask within one snapshot.

    Parameters
    ----------
    tell
        Called with what is being read.
    """
    day, count = first, (last - first).days + 1
    began = _began(conn, site)
    while day <= last:
        tell(f"reading days: {(day - first).days + 1} of {count}, {day}")
        since, until = (
            datetime.combine(at, time(), site.timezone).astimezone(UTC) for at in (day, day + _DAY)
        )
        record = read_day(conn, site.id, since=since, until=until)
        queued = [
            (trip.id, trip.queued_at)
            for trip in record.trips
            if trip.queued_at is not None and since <= trip.queued_at < until
        ]
        stood = frozenset[int]() if began is None else _stood(conn, record, began)
        yield SeenDay(day, record, _ways(conn, queued), stood)
        day += _DAY


def _began(conn: Connection, site: Site) -> datetime | None:
    """Return when the first stay began that is stored of the site."""
    row = conn.execute(
        "select min(v.entered_at) from unnest(%s::text[]) as z (id) cross join lateral"
        " (select entered_at from visits where zone = z.id order by entered_at limit 1) v",
        [list(site.zone_by_id)],
    ).fetchone()
    return None if row is None else row[0]


def _stood(conn: Connection, day: RecordedDay, began: datetime) -> frozenset[int]:
    """Return the trips of the day's first looks whose stay in a yard nobody saw begin."""
    since, until = max(day.since, began), min(day.until, began + _FIRST_LOOKS)
    early = [
        trip.id
        for trip in day.trips
        if trip.arrived_at is not None and since <= trip.arrived_at < until
    ]
    rows = conn.execute(
        "select t.id from trips t cross join lateral (select seen_inside from sound_arrivals"
        "  where device_id = t.device_id and role = 'yard'"
        "  and coalesce(left_at, 'infinity') >= greatest(t.registered_at, t.device_since)"
        "  order by entered_at limit 1) v where t.id = any(%s) and v.seen_inside",
        [early],
    )
    return frozenset(trip for (trip,) in rows)


def _ways(conn: Connection, queued: Sequence[tuple[int, datetime]]) -> dict[int, Way]:
    """Return how trucks that came to a queue at a moment had left the yard they came from."""
    rows = conn.execute(
        "select q.trip, y.zone, r.released_at, y.left_at"
        " from unnest(%s::bigint[], %s::timestamptz[]) as q (trip, at)"
        " join trips t on t.id = q.trip"
        " join lateral (select zone, left_at from sound_arrivals where device_id = t.device_id"
        "  and role = 'yard' and left_at >= t.registered_at and left_at <= q.at"
        "  order by left_at desc limit 1) y on true"
        " left join lateral (select released_at from releases where trip_id = q.trip"
        "  and to_yard is null and released_at <= y.left_at"
        "  order by released_at desc limit 1) r on true",
        [[trip for trip, _ in queued], [at for _, at in queued]],
    ).fetchall()
    return {trip: Way(yard, released_at, left_at) for trip, yard, released_at, left_at in rows}
