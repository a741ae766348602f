"""The count at the end of a soak: fixes, messages, the ledger, trips, who holds what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

import psycopg

from flowctl.ledger_check import Walk, check_database
from flowctl.storage.outcomes import total_outcomes

Connection = psycopg.Connection[Any]
_FRESH = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Fixes:
    """Of the fixes that were acknowledged; ``overcounted``: more counted as stored than are."""

    acknowledged: int
    stored: int
    lost: int
    doubled: int
    overcounted: int
    aside: Mapping[str, int]


def count_fixes(conn: Connection, keys: Iterable[tuple[str, datetime]]) -> Fixes:
    """Look for each acknowledged fix among the stored ones and those set aside."""
    conn.execute("create temporary table acknowledged (device text, fixed_at timestamptz)")
    given = 0
    with conn.cursor().copy("copy acknowledged (device, fixed_at) from stdin") as copy:
        for key in keys:
            copy.write_row(key)
            given += 1
    conn.execute("analyze acknowledged")
    lost = _one(
        conn,
        "select count(*) from (select distinct device, fixed_at from acknowledged) k"
        " where not exists (select from devices d join fixes f on f.device_id = d.id"
        "     and f.fixed_at = k.fixed_at where d.uid = k.device)"
        " and not exists (select from fixes_aside a"
        "     where a.device_uid = k.device and a.fixed_at = k.fixed_at)",
    )
    doubled = _one(
        conn,
        "select coalesce(sum(n - 1), 0) from (select count(*) as n from fixes"
        " group by source_id, device_id, fixed_at having count(*) > 1) again",
    )
    stored = _one(conn, "select count(*) from fixes")
    aside = conn.execute("select reason, count(*) from fixes_aside group by 1").fetchall()
    over = total_outcomes(conn).stored - stored
    return Fixes(given, stored, lost, doubled, over, dict(aside))


@dataclass(frozen=True, slots=True)
class Messages:
    """What became of messages: by state, and by what the drivers' phones say.

    ``unheard`` were sent and reached nobody, ``unwritten`` were heard and are not known as sent,
    ``repeated`` came once more than once.
    """

    states: Mapping[str, int]
    unheard: int
    unwritten: int
    repeated: int


def count_messages(conn: Connection, heard: Mapping[int, int]) -> Messages:
    """Compare the outbox with what was heard, by ids."""
    states = dict(
        conn.execute("select state, count(*) from outbox group by 1 order by 1").fetchall()
    )
    sent = {n for (n,) in conn.execute("select id from outbox where state = 'sent'")}
    return Messages(
        states,
        unheard=len(sent - heard.keys()),
        unwritten=len(heard.keys() - sent),
        repeated=sum(n - 1 for n in heard.values()),
    )


def count_overdue(conn: Connection, now: datetime) -> int:
    """Return how many messages wait that could be sent: a minute old, and due by both clocks."""
    row = conn.execute(
        "select count(*) from outbox where state = 'waiting' and next_wall_at <= now()"
        " and created_at < %s",
        [now - _FRESH],
    ).fetchone()
    return int(row[0]) if row is not None else 0


def find_ledger_fault(conn: Connection, site: str) -> tuple[int, str | None]:
    """Return how many rows the ledger has, and what is wrong first; ``conn`` is in no transaction.

    It must not commit by itself: all rows are read as they stand at one moment.
    """
    walk = Walk()
    fault, _ = check_database(conn, site, [], None, walk, lambda _: None)
    return walk.rows, None if fault is None else fault.sentence


_IMPOSSIBLE: Mapping[str, LiteralString] = {
    "trips that ended at no moment, or are active and ended": (
        "select count(*) from trips where (state = 'active') <> (ended_at is null)"
    ),
    "trips that ended before they were registered": (
        "select count(*) from trips where ended_at < registered_at"
    ),
    "trucks with two active trips": (
        "select count(*) from (select from trips where state = 'active'"
        " group by site, plate, direction having count(*) > 1) twice"
    ),
    "ended trips with a stage that waits for somebody": (
        "select count(*) from trip_stages s join trips t on t.id = s.trip_id"
        " where s.open and t.state = 'cancelled'"
    ),
    "slots of trips that were cancelled": (
        "select count(*) from slots s join trips t on t.id = s.trip_id"
        " where t.state = 'cancelled' and s.starts_at > t.ended_at"
    ),
    "trips with one call-up written twice": (
        "select count(*) from (select from releases group by trip_id, released_at"
        " having count(*) > 1) twice"
    ),
    "messages of one trip, kind and moment written twice": (
        "select count(*) from (select from outbox group by trip_id, kind, params, created_at"
        " having count(*) > 1) twice"
    ),
    "visits that end before they begin": ("select count(*) from visits where left_at < entered_at"),
}


def list_impossible(conn: Connection) -> dict[str, int]:
    """Return what cannot be, with how often it is."""
    found = {what: _one(conn, question) for what, question in _IMPOSSIBLE.items()}
    return {what: n for what, n in found.items() if n}


def list_dead_holders(conn: Connection, site: str, alive: Iterable[int]) -> list[str]:
    """Return who holds a partition, or the site, under the number of no living process."""
    rows = conn.execute(
        "select distinct owner from stream_positions where owner is not null"
        " and lease_until_wall_at > now()"
        " union all select holder from controller_epochs where site = %s and holder is not null"
        " and lease_until_wall_at > now()",
        [site],
    ).fetchall()
    living = {str(pid) for pid in alive}
    return [name for (name,) in rows if name.split("-")[-2] not in living]


def _one(conn: Connection, question: LiteralString) -> int:
    row = conn.execute(question).fetchone()
    return int(row[0]) if row is not None else 0
