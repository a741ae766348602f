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
    """How many trips stand so at a stage; ``at_least``: there are more, which nobody counted."""

    stage: str
    state: str
    trips: int
    at_least: bool


_COUNTS: LiteralString = """
select s.stage, t.state, sum(walk.trips)::int, bool_or(walk.trips = %(most)s)
from unnest(%(stages)s::text[]) as s (stage)
    cross join unnest(%(states)s::text[]) as t (state)
    cross join unnest(%(gates)s::text[]) as g (gate)
    cross join unnest(%(directions)s::text[]) as d (direction)
    cross join lateral (
        select count(*) as trips from (
            select from trip_stages w
            where w.site = %(site)s and w.desk = %(desk)s and w.stage = s.stage
                and w.state = t.state and w.gate = g.gate and w.direction = d.direction and w.open
                and w.state <> 'confirmed'
            limit %(most)s
        ) one
    ) walk
group by s.stage, t.state having sum(walk.trips) > 0
"""


def count_work(
    conn: Connection, site: str, wanted: Wanted, *, most: int = 1000
) -> list[StageCount]:
    """Return how many stages stand so, by stage and state.

    At each gate and in each direction nobody counts beyond ``most``: a work list is to be there at
    once, however long it is.
    """
    with conn.cursor(row_factory=args_row(StageCount)) as cursor:
        return cursor.execute(
            _COUNTS,
            {
                "site": site,
                "desk": wanted.desk,
                "stages": list(wanted.stages),
                "states": list(wanted.states),
                "gates": list(wanted.gates),
                "directions": list(wanted.directions),
                "most": most,
            },
        ).fetchall()


_OF_PAPERS: LiteralString = """
select id from trips where declaration = %(part)s and site = %(site)s and state <> 'cancelled'
order by id desc limit %(limit)s
"""
_OF_THREES: LiteralString = """
select id from trips where threes(plate) @> threes(%(part)s::text) and strpos(plate, %(part)s) > 0
    and site = %(site)s and state <> 'cancelled'
limit %(limit)s
"""
_OF_FEWER: LiteralString = """
select id from trips where strpos(plate, %(part)s) > 0 and site = %(site)s and state = 'active'
limit %(limit)s
"""
_LEAST_PART = 3
"""The index of plates holds every three letters in a row."""


def find_plates(conn: Connection, site: str, part: str, *, limit: int) -> list[int]:
    """Return trips whose plate holds a part, or whose customs declaration it is, some of many."""
    of_plates = _OF_THREES if len(part) >= _LEAST_PART else _OF_FEWER
    found: dict[int, None] = {}
    for query in (_OF_PAPERS, of_plates):
        # Planned for its own values: what is common needs no index, what is rare does.
        rows = conn.execute(query, {"site": site, "part": part, "limit": limit}, prepare=False)
        found |= dict.fromkeys(int(row[0]) for row in rows.fetchall())
    return list(found)
