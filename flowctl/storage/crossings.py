"""Trucks that crossed, those that are on the other side, and trucks that belong together."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row, scalar_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class CrossingValues:
    """A truck that crossed; ``trip_id`` None: without a declaration. ``due_at``: back by then."""

    plate: str
    gate: str
    direction: str
    at: datetime
    trip_id: int | None
    load: str | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class CrossingRecord:
    """A crossing as stored; ``return_id`` is the crossing by which it came back, where one was.

    ``returned_at`` without ``return_id``: it was seen to be back, or went out again.
    """

    id: int
    trip_id: int | None
    plate: str
    gate: str
    direction: str
    load: str | None
    at: datetime
    due_at: datetime | None
    returned_at: datetime | None
    return_id: int | None
    recorded_at: datetime
    recorded_by: str
    haulier: str | None
    nationality: str | None

    def is_away(self) -> bool:
        """Tell whether it has to come back and was not seen to."""
        return self.due_at is not None and self.returned_at is None


@dataclass(frozen=True, slots=True)
class TruckFacts:
    """What a crossing's rules go by of a trip."""

    load: str | None
    nationality: str | None
    returns_within_h: float | None


@dataclass(frozen=True, slots=True)
class AwayCount:
    """How many trucks of a gate and a load are on the other side; load None: not declared."""

    gate: str
    load: str | None
    away: int
    overdue: int


def find_truck_facts(conn: Connection, trip_id: int) -> TruckFacts:
    """Return what a trip declares that its crossing's rules go by."""
    with conn.cursor(row_factory=class_row(TruckFacts)) as cursor:
        [facts] = cursor.execute(
            "select d.load, d.nationality, t.returns_within_h"
            " from trips t left join declarations d on d.trip_id = t.id where t.id = %s",
            [trip_id],
        ).fetchall()
    return facts


def find_same(
    conn: Connection, site: str, values: CrossingValues, within: timedelta
) -> tuple[int, int | None] | None:
    """Return a crossing that this one is seen once more, with its trip: a truck's, that way, then.

    A trip crosses once, whenever.
    """
    return conn.execute(
        "select id, trip_id from crossings where site = %(site)s and (trip_id = %(trip)s"
        "  or plate = %(plate)s and direction = %(direction)s"
        "  and at > %(at)s - %(within)s and at < %(at)s + %(within)s"
        "  and (trip_id is null or %(trip)s::bigint is null)) limit 1",
        {
            "site": site,
            "trip": values.trip_id,
            "plate": values.plate,
            "direction": values.direction,
            "at": values.at,
            "within": within,
        },
    ).fetchone()


def set_trip(conn: Connection, crossing_id: int, values: CrossingValues) -> None:
    """Say whose a crossing is that was seen without a trip."""
    conn.execute(
        "update crossings set trip_id = %s, load = %s, due_at = %s where id = %s",
        [values.trip_id, values.load, values.due_at, crossing_id],
    )


def insert_crossing(
    conn: Connection, site: str, values: CrossingValues, *, by: str, now: datetime
) -> int:
    """Enter a crossing and return its id."""
    [(crossing,)] = conn.execute(
        "insert into crossings (site, trip_id, plate, gate, direction, load, at, due_at,"
        " recorded_at, recorded_by) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
        [
            site,
            values.trip_id,
            values.plate,
            values.gate,
            values.direction,
            values.load,
            values.at,
            values.due_at,
            now,
            by,
        ],
    ).fetchall()
    return int(crossing)


_MATCH: LiteralString = """
update crossings c set returned_at = least(c.returned_at, n.next_at), return_id = n.next_import
from (
    select id, lead(at) over way as next_at,
           case when lead(direction) over way = 'import' then lead(id) over way end as next_import
    from crossings where site = %(site)s and plate = %(plate)s
    window way as (order by at, id)
) n
where c.id = n.id and c.direction = 'export' and n.next_at is not null
  and (c.returned_at, c.return_id)
      is distinct from (least(c.returned_at, n.next_at), n.next_import)
returning c.trip_id, c.returned_at
"""


def match_ways(conn: Connection, site: str, plate: str) -> list[tuple[int | None, datetime]]:
    """Say of each way out of a truck when it was back: by the next way, in, or out once more.

    The first moment at which it was seen to be back stands. Returns what is new: trip and moment.
    """
    return conn.execute(_MATCH, {"site": site, "plate": plate}).fetchall()


_SEEN_BACK: LiteralString = """
update crossings c set returned_at = seen.at
from (
    select c.id, min(v.entered_at) as at
    from crossings c
    join trips t on t.site = c.site and t.plate = c.plate
        and (t.id = c.trip_id or t.registered_at > c.at)
    join sound_arrivals v on v.device_id = t.device_id and v.role in ('approach', 'yard')
        and v.entered_at > c.at + %(after)s and v.entered_at <= %(now)s
    where c.site = %(site)s and c.direction = 'export' and c.due_at is not null
        and c.returned_at is null
    group by c.id
) seen
where c.id = seen.id returning c.trip_id, c.returned_at
"""


def close_seen_back(
    conn: Connection, site: str, *, after: timedelta, now: datetime
) -> list[tuple[int | None, datetime]]:
    """Say of trucks that are on the other side, and were seen on this one, that they are back.

    ``after`` is how soon after its crossing nobody is back. Returns their trips, and when.
    """
    return conn.execute(_SEEN_BACK, {"site": site, "after": after, "now": now}).fetchall()


_COLUMNS: LiteralString = """
select c.id, c.trip_id, c.plate, c.gate, c.direction, c.load, c.at, c.due_at, c.returned_at,
       c.return_id, c.recorded_at, c.recorded_by, t.haulier, d.nationality
from crossings c left join trips t on t.id = c.trip_id
left join declarations d on d.trip_id = c.trip_id
"""
_LIST: LiteralString = (
    _COLUMNS
    + """
where c.site = %(site)s and (%(gate)s::text is null or c.gate = %(gate)s)
  and (%(direction)s::text is null or c.direction = %(direction)s)
  and (%(load)s::text is null or c.load = %(load)s)
  and (%(since)s::timestamptz is null or c.at >= %(since)s)
  and (%(until)s::timestamptz is null or c.at < %(until)s)
"""
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which crossings to list; None: whichever. ``until`` is not included."""

    gate: str | None = None
    direction: str | None = None
    load: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_crossings(
    conn: Connection, site: str, chosen: Chosen, *, before_id: int | None, limit: int
) -> list[CrossingRecord]:
    """Return crossings, those entered last first; ``before_id`` goes on from a former list."""
    return _read(
        conn,
        _LIST + " and (%(before)s::bigint is null or c.id < %(before)s) order by c.id desc"
        " limit %(limit)s",
        site,
        chosen,
        {"before": before_id, "limit": limit},
    )


def list_away(
    conn: Connection,
    site: str,
    chosen: Chosen,
    *,
    due_before: datetime | None,
    after_id: int | None,
    limit: int,
) -> list[CrossingRecord]:
    """Return the trucks on the other side in the order they were entered; or those due by then."""
    return _read(
        conn,
        _LIST + " and c.due_at is not null and c.returned_at is null"
        " and (%(due)s::timestamptz is null or c.due_at < %(due)s)"
        " and (%(after)s::bigint is null or c.id > %(after)s) order by c.id limit %(limit)s",
        site,
        chosen,
        {"due": due_before, "after": after_id, "limit": limit},
    )


def _read(
    conn: Connection,
    query: LiteralString,
    site: str,
    chosen: Chosen,
    values: dict[str, object],
) -> list[CrossingRecord]:
    given = {
        "site": site,
        "gate": chosen.gate,
        "direction": chosen.direction,
        "load": chosen.load,
        "since": chosen.since,
        "until": chosen.until,
    }
    with conn.cursor(row_factory=class_row(CrossingRecord)) as cursor:
        return cursor.execute(query, given | values).fetchall()


def count_away(conn: Connection, site: str, now: datetime) -> list[AwayCount]:
    """Return how many trucks are on the other side and how many too long; empty ones apart."""
    with conn.cursor(row_factory=class_row(AwayCount)) as cursor:
        return cursor.execute(
            "select gate, load, count(*) as away, count(*) filter (where due_at < %s) as overdue"
            " from crossings where site = %s and due_at is not null and returned_at is null"
            " group by gate, load order by gate, load",
            [now, site],
        ).fetchall()


def find_crossing_of_trip(conn: Connection, trip_id: int) -> CrossingRecord | None:
    """Return a trip's crossing."""
    with conn.cursor(row_factory=class_row(CrossingRecord)) as cursor:
        return cursor.execute(_COLUMNS + "where c.trip_id = %s", [trip_id]).fetchone()


def find_crossing(conn: Connection, crossing_id: int) -> CrossingRecord | None:
    """Return a crossing."""
    with conn.cursor(row_factory=class_row(CrossingRecord)) as cursor:
        return cursor.execute(_COLUMNS + "where c.id = %s", [crossing_id]).fetchone()


@dataclass(frozen=True, slots=True)
class HalfPair:
    """A truck of a transshipment in a yard since ``arrived_at``, whose other truck is missing.

    ``missing`` is ``undeclared`` (no active trip), or ``not_arrived`` (declared, in no yard yet).
    """

    trip_id: int
    plate: str
    gate: str
    direction: str
    haulier: str | None
    arrived_at: datetime
    pair_plate: str
    pair_trip_id: int | None
    missing: str


_HALF_PAIRS: LiteralString = """
with paired as (
    select t.id, t.plate, t.gates[1] as gate, t.direction, t.haulier, d.pair_plate,
           o.id as other_id,
           (select min(s.at) from stage_records s where s.trip_id = t.id and s.act = 'confirmed'
              and s.stage = any(%(arrivals)s)) as told_at,
           (select min(greatest(v.entered_at, t.registered_at)) from sound_arrivals v
              where v.device_id = t.device_id and v.role = 'yard'
                and coalesce(v.left_at, 'infinity') >= t.registered_at) as seen_at,
           exists (select from sound_arrivals v where v.device_id = o.device_id
                and v.role in ('yard', 'queue', 'lane')
                and coalesce(v.left_at, 'infinity') >= o.registered_at)
           or exists (select from stage_records s where s.trip_id = o.id and s.act = 'confirmed'
                and s.stage = any(%(arrivals)s)) as other_came
    from declarations d
    join trips t on t.id = d.trip_id
    left join trips o on o.plate = d.pair_plate and o.site = t.site and o.state = 'active'
    where t.site = %(site)s and t.state = 'active' and d.pair_plate is not null
)
select id as trip_id, plate, gate, direction, haulier, least(told_at, seen_at) as arrived_at,
       pair_plate, other_id as pair_trip_id,
       case when other_id is null then 'undeclared' else 'not_arrived' end as missing
from paired
where least(told_at, seen_at) <= %(before)s and not other_came
order by least(told_at, seen_at), id
"""


def list_half_pairs(
    conn: Connection, site: str, *, arrivals: list[str], before: datetime
) -> list[HalfPair]:
    """Return the trucks of transshipments that came before a moment and whose other did not.

    ``arrivals`` are the stages that say that a truck is in a yard. One whose other truck has
    crossed already is none: its goods went over.
    """
    with conn.cursor(row_factory=class_row(HalfPair)) as cursor:
        found = cursor.execute(
            _HALF_PAIRS, {"site": site, "arrivals": arrivals, "before": before}
        ).fetchall()
    gone = _cleared_since(conn, site, found)
    return [one for one in found if one.trip_id not in gone]


def _cleared_since(conn: Connection, site: str, pairs: list[HalfPair]) -> set[int]:
    """Return the trips whose other truck crossed after they were registered."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return set(
            cursor.execute(
                "select t.id from unnest(%s::bigint[], %s::text[]) as pair (trip, plate)"
                " join trips t on t.id = pair.trip join trips o on o.site = %s"
                " and o.plate = pair.plate and o.state = 'cleared'"
                " and o.ended_at > t.registered_at",
                [[one.trip_id for one in pairs], [one.pair_plate for one in pairs], site],
            ).fetchall()
        )
