"""Visits as people ask for them: of a truck or a zone, with evidence, trust and revisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a visit before: microseconds since 1970 in ``said``, ``why`` it changed."""

    visit_id: UUID
    known_at: datetime
    why: str
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A visit as stored, its device's plate, and its device's newest fix.

    ``counted_at`` is None where the fixes themselves prove ``entered_at``; ``counts_at`` is since
    when the stay counts, a second word included. ``evidence`` has of each of its fixes the moment,
    microseconds since 1970, and the name of the source.
    """

    id: UUID
    device: str
    plate: str | None
    zone: str
    role: str
    gate: str | None
    entered_at: datetime
    confirmed_at: datetime
    received_at: datetime
    left_at: datetime | None
    seen_inside: bool
    crossed: bool
    counted_at: datetime | None
    counts_at: datetime
    silent_s: float
    exit_gap_s: float | None
    evidence: dict[str, tuple[int, str | None]]
    revision: int
    last_at: datetime | None
    speed_mps: float | None
    ignition: bool | None


def list_arrivals(
    conn: Connection,
    *,
    plate: str | None,
    zone: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> list[Arrival]:
    """Return the newest visits, where given only those of a plate or a zone.

    And only those begun at ``since`` or later and before ``until``.
    """
    with conn.cursor(row_factory=class_row(Arrival)) as cursor:
        return cursor.execute(
            "select v.id, d.uid as device, p.plate, v.zone, v.role, v.gate, v.entered_at,"
            " v.confirmed_at, v.received_at, v.left_at, v.seen_inside, v.crossed, v.counted_at,"
            " v.counts_at, v.silent_s, v.exit_gap_s, proof.evidence, v.revision,"
            " k.fixed_at as last_at, k.speed_mps, k.ignition"
            " from arrivals v join devices d on d.id = v.device_id"
            " left join tracks k on k.device_id = v.device_id"
            " cross join lateral ("
            "  select coalesce(jsonb_object_agg(key, jsonb_build_array(value->0, s.name)), '{}')"
            "   as evidence from jsonb_each(v.evidence)"
            "  left join sources s on s.id = (value->>1)::int) proof"
            " left join lateral ("
            "  select plate from ("
            "   select plate, since as moment from device_trucks a where a.device_id = v.device_id"
            "    and a.since <= v.confirmed_at and coalesce(a.until, 'infinity') > v.entered_at"
            "   union all"
            "   select plate, registered_at from trips t where t.device_id = v.device_id"
            "    and t.registered_at <= coalesce(v.left_at, 'infinity')"
            "    and coalesce(t.ended_at, 'infinity') >= v.entered_at"
            "  ) carried order by moment desc limit 1) p on true"
            " where (%(plate)s::text is null or p.plate = %(plate)s and v.device_id in ("
            "   select device_id from device_trucks where plate = %(plate)s union"
            "   select device_id from trips where plate = %(plate)s))"
            " and (%(zone)s::text is null or v.zone = %(zone)s)"
            " and (%(since)s::timestamptz is null or v.entered_at >= %(since)s)"
            " and (%(until)s::timestamptz is null or v.entered_at < %(until)s)"
            " order by v.entered_at desc, v.id limit %(limit)s",
            {"plate": plate, "zone": zone, "since": since, "until": until, "limit": limit},
        ).fetchall()


def list_said(conn: Connection, visits: Sequence[UUID]) -> list[Said]:
    """Return what was said before of visits, oldest first."""
    with conn.cursor(row_factory=class_row(Said)) as cursor:
        return cursor.execute(
            "select visit_id, known_at, why, said from visit_revisions"
            " where visit_id = any(%s) order by id",
            [list(visits)],
        ).fetchall()


def insert_yard_events(
    conn: Connection,
    *,
    site: str,
    yard: str,
    events: Sequence[tuple[str, datetime, float | None]],
    by: str,
    now: datetime,
) -> int:
    """Enter what a yard saw (plate, moment, tonnes) once each; returns how many were new."""
    return conn.execute(
        "insert into yard_events (site, yard, plate, at, recorded_by, recorded_at, weight_t)"
        " select %s, %s, plate, at, %s, %s, weight_t"
        " from unnest(%s::text[], %s::timestamptz[], %s::real[])"
        " as event (plate, at, weight_t) on conflict (site, yard, plate, at) do nothing",
        [site, yard, by, now, *([one[n] for one in events] for n in range(3))],
    ).rowcount
