"""What is known of one trip's past: its track, its stays, what was said and decided about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import class_row

from flowctl.storage.pictures import TRACK_FIX, list_carried

Connection = psycopg.Connection[Any]

LONGEST = timedelta(days=7)
"""Of a track at once."""


@dataclass(frozen=True, slots=True)
class Span:
    """A trip's truck and time; ``ended_at`` is None while it lasts."""

    plate: str
    registered_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class PastVisit:
    """A stay in a zone; ``revised`` counts how often something else was said of it."""

    zone: str
    role: str
    gate: str | None
    entered_at: datetime
    left_at: datetime | None
    counts_at: datetime
    seen_inside: bool
    revised: int
    device: str


@dataclass(frozen=True, slots=True)
class PastMessage:
    """A message to the driver, and what became of it; never its words, nor to whom it went."""

    id: int
    kind: str
    state: str
    created_at: datetime
    sent_at: datetime | None
    delivery: str | None
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Clearance:
    """What an officer decided of the truck at a gate."""

    gate: str
    kind: str
    reason: str | None
    at: datetime
    decided_by: str


@dataclass(frozen=True, slots=True)
class Carried:
    """A device the truck carries or carried, and whether it is marked as faulty."""

    device: str
    since: datetime
    until: datetime | None
    is_primary: bool
    seen_at: datetime | None
    fault: str | None
    fault_since: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the trip, at a gate or yard where it was at one."""

    at: datetime
    what: str
    place: str | None


def find_span(conn: Connection, site: str, trip_id: int) -> Span | None:
    """Return a trip's truck and time."""
    with conn.cursor(row_factory=class_row(Span)) as cursor:
        return cursor.execute(
            "select plate, registered_at, ended_at from trips where site = %s and id = %s",
            [site, trip_id],
        ).fetchone()


def list_track(
    conn: Connection, site: str, plate: str, since: datetime, until: datetime, *, step_s: float
) -> NDArray[np.void]:
    """Return the fixes of a truck's devices of ``[since, until)`` by moment, rows of `TRACK_FIX`.

    The first of each ``step_s`` seconds, of the primary device of that time.
    """
    carried = list_carried(conn, site, plate, since, until)
    rows = conn.execute(
        "select distinct on (floor(extract(epoch from f.fixed_at) / %(step_s)s))"
        " extract(epoch from f.fixed_at)::float8, f.lon, f.lat,"
        " coalesce(f.speed_mps, 'NaN')::float8"
        " from unnest(%(devices)s::int[], %(since)s::timestamptz[], %(until)s::timestamptz[])"
        "  as w (device_id, since, until)"
        " join fixes f on f.device_id = w.device_id and f.fixed_at >= w.since"
        "  and f.fixed_at < w.until"
        # The planner leaves out the days that the bounds leave out.
        " where f.fixed_at >= %(from)s and f.fixed_at < %(to)s"
        " order by floor(extract(epoch from f.fixed_at) / %(step_s)s), w.since desc, f.fixed_at,"
        "  f.source_id",
        {
            "step_s": step_s,
            "devices": [one.device_id for one in carried],
            "since": [one.since for one in carried],
            "until": [one.until for one in carried],
            "from": since,
            "to": until,
        },
    ).fetchall()
    return np.array(rows, dtype=TRACK_FIX)


def list_visits(
    conn: Connection, site: str, plate: str, since: datetime, until: datetime
) -> list[PastVisit]:
    """Return the stays of a truck's devices that reach into ``[since, until)``, by entry."""
    carried = list_carried(conn, site, plate, since, until)
    with conn.cursor(row_factory=class_row(PastVisit)) as cursor:
        return cursor.execute(
            "select v.zone, v.role, v.gate, v.entered_at, v.left_at, v.counts_at, v.seen_inside,"
            " (select count(*)::int from visit_revisions r where r.visit_id = v.id) as revised,"
            " w.uid as device"
            " from unnest(%s::int[], %s::text[], %s::timestamptz[], %s::timestamptz[])"
            "  as w (device_id, uid, since, until)"
            " join arrivals v on v.device_id = w.device_id and v.entered_at < w.until"
            "  and coalesce(v.left_at, 'infinity') >= w.since"
            " where v.role <> 'approach' order by v.entered_at, v.zone",
            [
                [one.device_id for one in carried],
                [one.uid for one in carried],
                [one.since for one in carried],
                [one.until for one in carried],
            ],
        ).fetchall()


def list_messages(conn: Connection, trip_id: int) -> list[PastMessage]:
    """Return the messages to a trip's driver, the newest first."""
    with conn.cursor(row_factory=class_row(PastMessage)) as cursor:
        return cursor.execute(
            "select o.id, o.kind, o.state, o.created_at, o.sent_at, d.delivery, o.trouble"
            " from outbox o left join lateral ("
            "  select delivery from message_delivery where message_id = o.id) d on true"
            " where o.trip_id = %s order by o.id desc limit 200",
            [trip_id],
        ).fetchall()


def list_clearances(conn: Connection, trip_id: int) -> list[Clearance]:
    """Return what officers decided of a trip's truck, in order of time."""
    with conn.cursor(row_factory=class_row(Clearance)) as cursor:
        return cursor.execute(
            "select gate, kind, reason, at, decided_by from gate_decisions where trip_id = %s"
            " order by at, id",
            [trip_id],
        ).fetchall()


def list_devices(conn: Connection, plate: str, since: datetime, until: datetime) -> list[Carried]:
    """Return the devices a truck carried within a time, with what is wrong with them now."""
    with conn.cursor(row_factory=class_row(Carried)) as cursor:
        return cursor.execute(
            "select d.uid as device, c.since, c.until, c.is_primary, k.fixed_at as seen_at,"
            " f.reason as fault, f.since as fault_since"
            " from device_trucks c join devices d on d.id = c.device_id"
            " left join tracks k on k.device_id = c.device_id"
            " left join device_faults f on f.device_id = c.device_id and f.until is null"
            " where c.plate = %s and c.since < %s and coalesce(c.until, 'infinity') > %s"
            " order by c.since, d.uid",
            [plate, until, since],
        ).fetchall()


def list_events(conn: Connection, trip_id: int) -> list[Event]:
    """Return when a trip was registered, told a slot, called up, decided on and ended."""
    with conn.cursor(row_factory=class_row(Event)) as cursor:
        return cursor.execute(
            """
            select registered_at as at, 'registered' as what, null as place
            from trips where id = %(trip)s
            union all
            select created_at, 'told', params ->> 'gate' from outbox
            where trip_id = %(trip)s and kind in ('slot', 'slot_changed')
            union all
            select released_at, 'called', coalesce(to_yard, gate) from releases
            where trip_id = %(trip)s
            union all
            select at, kind, gate from gate_decisions where trip_id = %(trip)s
            union all
            select ended_at, state, null from trips
            where id = %(trip)s and ended_at is not null
            order by at
            """,
            {"trip": trip_id},
        ).fetchall()
