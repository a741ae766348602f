"""What waits at a desk: the open stages of trips by whose they are, however many trips there are.

Every list is put together from walks along one index, one for each stage, state, gate and
direction that is wanted, none of them longer than a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import args_row, class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stages are looked for: each of these in any state, gate and direction of these.

    ``trips`` are those a search found, None where nobody searched.
    """

    desk: str
    stages: Sequence[str]
    states: Sequence[str]
    gates: Sequence[str]
    directions: Sequence[str]
    trips: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The last row of a page, after which the next one goes on."""

    since: datetime
    trip_id: int
    stage: str


@dataclass(frozen=True, slots=True)
class WorkRow:
    """A stage that waits at a desk, with what is looked at before it is decided."""

    trip: int
    plate: str
    nationality: str
    direction: str
    gate: str
    cargo: str
    goods: str | None
    goods_class: str | None
    weight_class: str | None
    load: str
    haulier: str | None
    stage: str
    state: str
    since: datetime
    marks: list[str]
    has_documents: bool
    open_conflicts: int
    slot_gate: str | None
    slot_starts_at: datetime | None
    locked: list[str]
    workflow_id: int | None
    variant: str | None


_WALKS: LiteralString = """
select walk.* from unnest(%(stages)s::text[]) as s (stage)
    cross join unnest(%(states)s::text[]) as t (state)
    cross join unnest(%(gates)s::text[]) as g (gate)
    cross join unnest(%(directions)s::text[]) as d (direction)
    cross join lateral (
        select w.trip_id, w.stage, w.state, w.since, w.gate, w.direction from trip_stages w
        where w.site = %(site)s and w.desk = %(desk)s and w.stage = s.stage and w.state = t.state
            and w.gate = g.gate and w.direction = d.direction and w.open and w.state <> 'confirmed'
            and (w.since, w.trip_id)
                >= (coalesce(%(since)s::timestamptz, '-infinity'), coalesce(%(trip)s::bigint, 0))
            and ((w.since, w.trip_id) is distinct from (%(since)s::timestamptz, %(trip)s::bigint)
                or w.stage > %(after)s)
        order by w.since, w.trip_id limit %(limit)s
    ) walk
"""
_OF_TRIPS: LiteralString = """
select w.trip_id, w.stage, w.state, w.since, w.gate, w.direction from trip_stages w
where w.trip_id = any(%(trips)s) and w.site = %(site)s and w.desk = %(desk)s and w.open
    and w.stage = any(%(stages)s) and w.state = any(%(states)s) and w.gate = any(%(gates)s)
    and w.direction = any(%(directions)s)
    and (%(since)s::timestamptz is null
        or (w.since, w.trip_id, w.stage) > (%(since)s, %(trip)s::bigint, %(after)s::text))
"""
_ROWS_HEAD: LiteralString = """
select p.trip_id as trip, t.plate, coalesce(d.nationality, 'VN') as nationality, p.direction,
       p.gate, t.cargo, d.goods, d.goods_class, d.weight_class, coalesce(d.load, 'laden') as load,
       t.haulier, p.stage, p.state, p.since, coalesce(d.marks, '{}') as marks,
       exists (select from documents o where o.trip_id = p.trip_id and o.state <> 'erased')
           as has_documents,
       (select count(*) from conflicts c where c.trip_id = p.trip_id and c.state = 'open')::int
           as open_conflicts,
       l.gate as slot_gate, l.starts_at as slot_starts_at, t.locked, d.workflow_id, d.variant
from ("""
_ROWS_TAIL: LiteralString = """ order by since, trip_id, stage limit %(limit)s) p
    join trips t on t.id = p.trip_id
    left join declarations d on d.trip_id = p.trip_id
    left join slots l on l.trip_id = p.trip_id
order by p.since, p.trip_id, p.stage
"""


def list_work(
    conn: Connection, site: str, wanted: Wanted, *, after: Place | None, limit: int
) -> list[WorkRow]:
    """Return what waits, what has waited longest first, at most ``limit`` rows."""
    query = _WALKS if wanted.trips is None else _OF_TRIPS
    with conn.cursor(row_factory=class_row(WorkRow)) as cursor:
        return cursor.execute(
            _ROWS_HEAD + query + _ROWS_TAIL,
            {
                "site": site,
                "desk": wanted.desk,
                "stages": list(wanted.stages),
                "states": list(wanted.states),
                "gates": list(wanted.gates),
                "directions": list(wanted.directions),
                "trips": None if wanted.trips is None else list(wanted.trips),
                "since": None if after is None else after.since,
                "trip": None if after is None else after.trip_id,
                "after": "" if after is None else after.stage,
                "limit": limit,
            },
        ).fetchall()


@dataclass(frozen=True, slots=True)
class StageCount:
    """How many trips stand so at a stage."""

    stage: str
    state: str
    trips: int


def count_work(
    conn: Connection, site: str, desk: str, *, gates: Sequence[str], directions: Sequence[str]
) -> list[StageCount]:
    """Return how many stages somebody at a desk could decide, by stage and state."""
    with conn.cursor(row_factory=args_row(StageCount)) as cursor:
        return cursor.execute(
            "select stage, state, count(*)::int from trip_stages"
            " where site = %s and desk = %s and open and state <> 'confirmed'"
            " and state in ('ready', 'asked', 'refused', 'expired')"
            " and gate = any(%s) and direction = any(%s) group by stage, state",
            [site, desk, list(gates), list(directions)],
        ).fetchall()


def find_plates(conn: Connection, site: str, part: str, *, limit: int) -> list[int]:
    """Return active and lately crossed trips whose plate holds a part, or whose papers it names."""
    rows = conn.execute(
        "select id from trips where site = %(site)s and state = 'active'"
        " and (strpos(plate, %(part)s) > 0 or declaration = %(part)s)"
        " union (select trip_id from trip_stages s join trips t on t.id = s.trip_id"
        "  where s.site = %(site)s and s.open and s.beyond and t.state = 'cleared'"
        "  and strpos(t.plate, %(part)s) > 0)"
        " limit %(limit)s",
        {"site": site, "part": part, "limit": limit},
    ).fetchall()
    return [int(row[0]) for row in rows]
