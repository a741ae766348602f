"""What officers decided at a gate, at rest, and the trucks they expect there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.rows import args_row, scalar_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision as it is kept; ``id`` is the officer's page's own, and counts once."""

    id: str
    gate: str
    trip_id: int | None
    plate: str
    kind: str
    reason: str | None
    at: datetime
    decided_by: str


class DueTrip(NamedTuple):
    """A trip expected at a gate, or over since the day began; the decision is the newest there.

    The admission is the newest one that the same gate did not take back by a refusal, at whichever
    gate, see `Admission`.
    """

    id: int
    plate: str
    direction: str
    state: str
    needs: str | None
    starts_at: datetime | None
    released_at: datetime | None
    decided: str | None
    reason: str | None
    decided_at: datetime | None
    decided_by: str | None
    admitted_gate: str | None
    admitted_at: datetime | None
    admitted_by: str | None
    locked: list[str]


class TripElsewhere(NamedTuple):
    """An active trip called to another gate, or told a slot there; None where there is none."""

    id: int
    plate: str
    direction: str
    state: str
    gate: str
    starts_at: datetime | None
    released_at: datetime | None


class Admission(NamedTuple):
    """That an officer let a truck in, and nobody at that gate refused it since."""

    gate: str
    at: datetime
    by: str


class PlateTrip(NamedTuple):
    """The newest trip of a plate, or the one asked for."""

    id: int
    plate: str
    direction: str


def insert_decision(conn: Connection, decision: DecisionRow, *, site: str, now: datetime) -> bool:
    """Enter a decision; tells whether it is new."""
    inserted = conn.execute(
        "insert into gate_decisions (id, site, gate, trip_id, plate, kind, reason, at, decided_by,"
        " recorded_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        [
            decision.id,
            site,
            decision.gate,
            decision.trip_id,
            decision.plate,
            decision.kind,
            decision.reason,
            decision.at,
            decision.decided_by,
            now,
        ],
    )
    return inserted.rowcount == 1


def is_admitted_otherwise(
    conn: Connection, decision: DecisionRow, *, site: str, within: timedelta
) -> bool:
    """Tell whether the truck was admitted at the gate by another decision about the same time."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        found = cursor.execute(
            "select exists (select from gate_decisions where site = %s and gate = %s"
            " and plate = %s and kind = 'admitted' and id <> %s and at between %s and %s)",
            [
                site,
                decision.gate,
                decision.plate,
                decision.id,
                decision.at - within,
                decision.at + within,
            ],
        ).fetchone()
    return bool(found)


def find_admission(conn: Connection, trip_id: int) -> Admission | None:
    """Return the standing admission of a trip's truck, at whichever gate."""
    with conn.cursor(row_factory=args_row(Admission)) as cursor:
        return cursor.execute(
            "select gate, at, decided_by from standing_admissions where trip_id = %s"
            " order by at desc limit 1",
            [trip_id],
        ).fetchone()


def find_trip(conn: Connection, trip_id: int, *, site: str) -> PlateTrip | None:
    """Return a trip of any state."""
    with conn.cursor(row_factory=args_row(PlateTrip)) as cursor:
        return cursor.execute(
            "select id, plate, direction from trips where site = %s and id = %s", [site, trip_id]
        ).fetchone()


def find_trip_of_plate(
    conn: Connection, plate: str, *, site: str, ended_since: datetime
) -> PlateTrip | None:
    """Return the active trip of a plate, else its newest that ended at ``ended_since`` or later."""
    with conn.cursor(row_factory=args_row(PlateTrip)) as cursor:
        return cursor.execute(
            "select id, plate, direction from trips where site = %s and plate = %s"
            " and (state = 'active' or ended_at >= %s)"
            " order by state <> 'active', id desc limit 1",
            [site, plate, ended_since],
        ).fetchone()


_DUE: LiteralString = """
select t.id, t.plate, t.direction, t.state, t.needs,
       case when s.gate = %(gate)s then s.starts_at end as starts_at,
       case when r.gate = %(gate)s then r.released_at end as released_at,
       d.kind, d.reason, d.at, d.decided_by, a.gate, a.at, a.decided_by, t.locked
from trips t
left join slots s on s.trip_id = t.id
left join lateral (
    select gate, released_at from releases
    where trip_id = t.id and ended is null order by id desc limit 1) r on true
left join lateral (
    select kind, reason, at, decided_by from gate_decisions
    where trip_id = t.id and gate = %(gate)s order by at desc, id desc limit 1
) d on true
left join lateral (
    select gate, at, decided_by from standing_admissions
    where trip_id = t.id order by at desc limit 1
) a on true
where t.site = %(site)s and (t.state = 'active' or t.ended_at >= %(began)s)
  and ((coalesce(r.gate, s.gate) = %(gate)s
        and (r.gate is not null or s.starts_at < %(until)s))
       or a.at >= %(began)s)
order by coalesce(s.starts_at, r.released_at), t.id
"""


def list_due(
    conn: Connection, site: str, gate: str, *, day_began: datetime, until: datetime
) -> list[DueTrip]:
    """Return the trips called to a gate, told a slot there before ``until``, or over since then.

    A trip that was called elsewhere is expected there alone. One that was admitted since then at
    whichever gate is listed at every gate, so that no other admits it again unawares.
    """
    with conn.cursor(row_factory=args_row(DueTrip), binary=True) as cursor:
        return cursor.execute(
            _DUE, {"site": site, "gate": gate, "began": day_began, "until": until}
        ).fetchall()


_ELSEWHERE: LiteralString = """
select t.id, t.plate, t.direction, t.state, coalesce(r.gate, s.gate),
       case when r.gate is null or r.gate = s.gate then s.starts_at end, r.released_at
from trips t
left join slots s on s.trip_id = t.id
left join lateral (
    select gate, released_at from releases
    where trip_id = t.id and ended is null order by id desc limit 1) r on true
where t.site = %(site)s and t.state = 'active' and coalesce(r.gate, s.gate) <> %(gate)s
  and (r.gate is not null or s.starts_at < %(until)s)
  and not exists (select from standing_admissions where trip_id = t.id and at >= %(began)s)
order by t.id
"""


def list_elsewhere(
    conn: Connection, site: str, gate: str, *, day_began: datetime, until: datetime
) -> list[TripElsewhere]:
    """Return the trips due at another gate than this one that `list_due` does not hold."""
    with conn.cursor(row_factory=args_row(TripElsewhere), binary=True) as cursor:
        return cursor.execute(
            _ELSEWHERE, {"site": site, "gate": gate, "began": day_began, "until": until}
        ).fetchall()
