"""What operators write to drivers in words of their own, at rest, and whom a class is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import psycopg
from psycopg.rows import args_row, class_row

from flowctl.storage.acts import held_trips
from flowctl.storage.live import list_active

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Whom:
    """To whom a text goes: one ``trip``; all ``held``, in a ``yard``, or bound for a ``gate``.

    ``trip_id`` is the trip's, ``place`` the yard or gate.
    """

    kind: Literal["trip", "held", "yard", "gate"]
    trip_id: int | None = None
    place: str | None = None


class Addressee(NamedTuple):
    """The driver of a trip; ``hears``: has a number that did not ask for silence."""

    trip_id: int
    language: str
    hears: bool


@dataclass(frozen=True, slots=True)
class DeskText:
    """A text as it was written, and what became of its messages."""

    id: int
    text: str
    parts: int
    messages: int
    written_by: str
    written_at: datetime
    sent: int
    waiting: int


def list_addressees(conn: Connection, site: str, whom: Whom, now: datetime) -> list[Addressee]:
    """Return the drivers of active trips that a text is for, in order of their trips."""
    if whom.kind == "yard":
        trips = [row.id for row in list_active(conn, site) if row.yard == whom.place]
    elif whom.kind == "gate":
        trips = [
            row.id
            for row in list_active(conn, site)
            if whom.place == (row.released_gate or row.told_gate or row.gates[0])
        ]
    elif whom.kind == "held":
        trips = [*held_trips(conn, site, now) | _list_waiting(conn, site)]
    else:
        trips = [whom.trip_id or -1]
    with conn.cursor(row_factory=args_row(Addressee)) as cursor:
        return cursor.execute(
            "select t.id, d.language, d.phone_cipher is not null and d.silent_since is null"
            " from trips t join drivers d on d.id = t.driver_id"
            " where t.site = %s and t.state = 'active' and t.id = any(%s) order by t.id",
            [site, trips],
        ).fetchall()


def _list_waiting(conn: Connection, site: str) -> set[int]:
    rows = conn.execute(
        "select a.trip_id from advice a join trips t on t.id = a.trip_id"
        " where t.site = %s and t.state = 'active'",
        [site],
    ).fetchall()
    return {trip for (trip,) in rows}


def lock_site(conn: Connection, site: str) -> None:
    """Let one text of a site be written at a time, so that the hour's count holds."""
    conn.execute("select pg_advisory_xact_lock(hashtextextended('desk texts ' || %s, 0))", [site])


def count_written(conn: Connection, site: str, *, since: datetime) -> int:
    """Return how many messages operators wrote since a moment."""
    [(n,)] = conn.execute(
        "select coalesce(sum(messages), 0) from desk_texts where site = %s and written_at > %s",
        [site, since],
    ).fetchall()
    return int(n)


def insert_text(
    conn: Connection,
    *,
    site: str,
    text: str,
    parts: int,
    messages: int,
    by: str,
    now: datetime,
) -> int:
    """Keep a text; returns its number."""
    [(number,)] = conn.execute(
        "insert into desk_texts (site, text, parts, messages, written_by, written_at)"
        " values (%s, %s, %s, %s, %s, %s) returning id",
        [site, text, parts, messages, by, now],
    ).fetchall()
    return int(number)


def find_text(conn: Connection, number: int) -> str | None:
    """Return what a text says."""
    row = conn.execute("select text from desk_texts where id = %s", [number]).fetchone()
    return None if row is None else str(row[0])


def list_texts(conn: Connection, site: str, *, limit: int) -> list[DeskText]:
    """Return the newest texts."""
    with conn.cursor(row_factory=class_row(DeskText)) as cursor:
        return cursor.execute(
            "select x.id, x.text, x.parts, x.messages, x.written_by, x.written_at,"
            " count(o.id) filter (where o.state = 'sent')::int as sent,"
            " count(o.id) filter (where o.state = 'waiting')::int as waiting"
            " from (select * from desk_texts where site = %(site)s"
            "   order by id desc limit %(limit)s) x"
            " left join outbox o on o.site = %(site)s and o.kind = 'desk'"
            "  and o.created_at = x.written_at and o.params ->> 'text' = x.id::text"
            " group by x.id, x.text, x.parts, x.messages, x.written_by, x.written_at"
            " order by x.id desc",
            {"site": site, "limit": limit},
        ).fetchall()
