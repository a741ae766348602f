"""Where a partner says another thing of a trip than its declaration, and what it knew before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[Any]

Value = str | int | float | None
"""What a field says, as JSON has it."""

OF_PAPERS = (
    "trailer",
    "goods",
    "goods_class",
    "goods_code",
    "weight_class",
    "value_vnd",
    "keeps_h",
    "temperature_c",
    "load",
    "nationality",
    "pair_plate",
    "customer",
)
OF_TRIP = ("weight_t", "declaration")
FIELDS = (*OF_PAPERS, *OF_TRIP)
"""What a partner may say of a trip: its truck, its goods, its papers; nothing of persons."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """What a trip's declaration says of a field, and what ``source`` says; who decided it.

    ``state`` is open, kept (the declaration stands) or taken.
    """

    id: int
    trip: int
    plate: str
    field: str
    ours: Value
    theirs: Value
    source: str
    at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None


_SELECT: LiteralString = """
select c.id, c.trip_id as trip, t.plate, c.field, c.ours, c.theirs, c.source, c.at, c.state,
       c.decided_by, c.decided_at
from conflicts c join trips t on t.id = c.trip_id
where t.site = %(site)s
"""


def list_conflicts(
    conn: Connection, site: str, *, trip: int | None, state: str | None, limit: int
) -> list[Conflict]:
    """Return conflicts, of one trip or in one state where it is named, the oldest first."""
    query = _SELECT
    if trip is not None:
        query += " and c.trip_id = %(trip)s"
    if state is not None:
        query += " and c.state = %(state)s"
    values = {"site": site, "trip": trip, "state": state, "limit": limit}
    with conn.cursor(row_factory=class_row(Conflict)) as cursor:
        return cursor.execute(query + " order by c.id limit %(limit)s", values).fetchall()


def find_conflict(conn: Connection, site: str, conflict_id: int) -> Conflict | None:
    """Return a conflict."""
    with conn.cursor(row_factory=class_row(Conflict)) as cursor:
        return cursor.execute(
            _SELECT + " and c.id = %(id)s", {"site": site, "id": conflict_id}
        ).fetchone()


def open_conflict(
    conn: Connection,
    trip_id: int,
    field: str,
    *,
    ours: Value,
    theirs: Value,
    source: str,
    now: datetime,
) -> bool:
    """Enter what a source says, in place of what it said of the field before.

    Returns False where nothing is new: it stands open already, or a person kept the declaration's
    word against this one.
    """
    last = conn.execute(
        "select state, theirs from conflicts where trip_id = %s and field = %s and source = %s"
        " order by id desc limit 1",
        [trip_id, field, source],
    ).fetchone()
    if last is not None and last[0] != "taken" and last[1] == theirs:
        return False
    conn.execute(
        "insert into conflicts (trip_id, field, ours, theirs, source, at)"
        " values (%s, %s, %s, %s, %s, %s) on conflict (trip_id, field, source)"
        " where state = 'open' do update set theirs = excluded.theirs, at = excluded.at",
        [trip_id, field, Jsonb(ours), Jsonb(theirs), source, now],
    )
    return True


def decide_conflict(
    conn: Connection, conflict_id: int, *, taken: bool, by: str, now: datetime
) -> None:
    """Write down how an open conflict was decided."""
    conn.execute(
        "update conflicts set state = %s, decided_by = %s, decided_at = %s"
        " where id = %s and state = 'open'",
        ["taken" if taken else "kept", by, now, conflict_id],
    )


def agree(
    conn: Connection,
    trip_id: int,
    ours: Mapping[str, Value],
    *,
    by: str,
    now: datetime,
    source: str | None = None,
) -> None:
    """Let open conflicts follow what the declaration says now: by field, of one source or of all.

    Those that say the same are over; the others stay, against the new word.
    """
    for field, value in ours.items():
        conn.execute(
            "update conflicts set ours = %(value)s,"
            " state = case when theirs = %(value)s then 'taken' else state end,"
            " decided_by = case when theirs = %(value)s then %(by)s end,"
            " decided_at = case when theirs = %(value)s then %(now)s::timestamptz end"
            " where trip_id = %(trip)s and field = %(field)s and state = 'open'"
            " and (%(source)s::text is null or source = %(source)s)",
            {
                "value": Jsonb(value),
                "by": by,
                "now": now,
                "trip": trip_id,
                "field": field,
                "source": source,
            },
        )


def withdraw_conflict(
    conn: Connection, trip_id: int, field: str, *, source: str, now: datetime
) -> None:
    """Let what a source said of a field be over: it says now what the declaration says."""
    conn.execute(
        "update conflicts set state = 'kept', decided_by = %s, decided_at = %s"
        " where trip_id = %s and field = %s and source = %s and state = 'open'",
        [source, now, trip_id, field, source],
    )


def take_foreknown(conn: Connection, site: str, trip_id: int) -> list[tuple[str, dict[str, Any]]]:
    """Return what sources knew of a journey that is a trip now, by its plate or customs number."""
    return conn.execute(
        "update foreknown f set taken_by = t.id from trips t where t.id = %s and f.site = %s"
        " and t.site = f.site and f.taken_by is null"
        " and (f.plate = t.plate or f.reference = t.declaration) returning f.source, f.facts",
        [trip_id, site],
    ).fetchall()


def list_foreknown_trips(conn: Connection, site: str, trips: Sequence[int]) -> list[int]:
    """Return of which trips sources knew something that was not taken yet."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "with made as (select id, plate, declaration from trips where id = any(%(trips)s))"
            " select made.id from made join foreknown f on f.plate = made.plate"
            "  where f.site = %(site)s and f.taken_by is null"
            " union select made.id from made join foreknown f on f.reference = made.declaration"
            "  where f.site = %(site)s and f.taken_by is null order by 1",
            {"site": site, "trips": list(trips)},
        ).fetchall()


def put_foreknown(
    conn: Connection,
    site: str,
    source: str,
    reference: str,
    *,
    plate: str | None,
    facts: Mapping[str, object],
    now: datetime,
) -> int | None:
    """Keep what a source knows of a journey; returns the trip that was declared from it, if any."""
    [(trip,)] = conn.execute(
        "insert into foreknown (site, source, reference, plate, facts, at)"
        " values (%s, %s, %s, %s, %s, %s) on conflict (site, source, reference) do update"
        " set plate = excluded.plate, facts = excluded.facts, at = excluded.at returning taken_by",
        [site, source, reference, plate, Jsonb(dict(facts)), now],
    ).fetchall()
    return None if trip is None else int(trip)
