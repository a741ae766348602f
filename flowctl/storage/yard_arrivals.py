"""Exports as they came to their yards, for what is to be expected of the next hours."""

from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import args_row

Connection = psycopg.Connection[Any]


class YardArrival(NamedTuple):
    """A declared trip whose truck came to its first yard; ``gate`` is the one it prefers."""

    gate: str
    yard: str
    arrived_at: datetime
    ready_at: datetime
    registered_at: datetime


def list_yard_arrivals(
    conn: Connection, site: str, *, since: datetime, until: datetime
) -> list[YardArrival]:
    """Return the arrivals from ``since`` to ``until`` in order of time.

    Trucks that stood in the yard already when their trip was declared are none.
    """
    with conn.cursor(row_factory=args_row(YardArrival), binary=True) as cursor:
        return cursor.execute(
            """
            select t.gates[1], y.zone, y.entered_at, t.ready_at, t.registered_at
            from trips t
            cross join lateral (
                select v.zone, v.entered_at from sound_arrivals v
                where v.device_id = t.device_id and v.role = 'yard'
                  and coalesce(v.left_at, 'infinity') >= t.registered_at
                  and v.entered_at <= coalesce(t.ended_at, 'infinity')
                union all
                select h.yard, h.entered_at from hand_stays h where h.trip_id = t.id
                order by entered_at, zone limit 1
            ) y
            where t.site = %(site)s and t.direction = 'export'
              and coalesce(t.ended_at, 'infinity') >= %(since)s
              and y.entered_at >= t.registered_at
              and y.entered_at >= %(since)s and y.entered_at <= %(until)s
            order by y.entered_at
            """,
            {"site": site, "since": since, "until": until},
        ).fetchall()
