"""What operators said of trucks by hand, at rest: nothing is taken out, a slip is marked as one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, LiteralString, NamedTuple

import psycopg
from psycopg.rows import args_row, class_row

Connection = psycopg.Connection[Any]
What = Literal["entered", "left"]


@dataclass(frozen=True, slots=True)
class HandWord:
    """That a truck came into a yard, or left it, by an operator's word.

    ``counts_at`` is what its place goes by. ``over_at`` is from when on the truck's own device
    shows otherwise, ``is_false`` that it shows the word to be wrong, found at ``contradicted_at``.
    """

    id: int
    trip_id: int
    plate: str
    what: What
    yard: str
    at: datetime
    counts_at: datetime
    reason: str
    said_by: str
    said_at: datetime
    seconded_by: str | None
    seconded_at: datetime | None
    undone_by: str | None
    undone_at: datetime | None
    over_at: datetime | None
    is_false: bool
    contradicted_at: datetime | None


class WatchedWord(NamedTuple):
    """A word that stands, with the fixes its truck's device sent since, in their order."""

    id: int
    trip_id: int
    what: What
    yard: str
    at: datetime
    fixed_at: list[datetime]
    lon: list[float]
    lat: list[float]


_WORDS: LiteralString = """
select w.id, w.trip_id, t.plate, w.what, w.yard, w.at, w.counts_at, w.reason, w.said_by, w.said_at,
    w.seconded_by, w.seconded_at, w.undone_by, w.undone_at, w.over_at, w.is_false,
    w.contradicted_at
from hand_words w join trips t on t.id = w.trip_id
where w.site = %(site)s
"""


def insert_word(
    conn: Connection,
    *,
    site: str,
    trip_id: int,
    what: What,
    yard: str,
    at: datetime,
    counts_at: datetime,
    reason: str,
    by: str,
    now: datetime,
) -> int:
    """Enter a word; returns its number."""
    [(word,)] = conn.execute(
        "insert into hand_words"
        " (site, trip_id, what, yard, at, counts_at, reason, said_by, said_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
        [site, trip_id, what, yard, at, counts_at, reason, by, now],
    ).fetchall()
    return int(word)


def find_word(conn: Connection, word: int, *, site: str) -> HandWord | None:
    """Return a word."""
    with conn.cursor(row_factory=class_row(HandWord)) as cursor:
        return cursor.execute(
            _WORDS + " and w.id = %(word)s", {"site": site, "word": word}
        ).fetchone()


def list_words(conn: Connection, site: str, *, trip_id: int | None, limit: int) -> list[HandWord]:
    """Return the newest words, where given of one trip only."""
    query = _WORDS + (" and w.trip_id = %(trip)s" if trip_id is not None else "")
    with conn.cursor(row_factory=class_row(HandWord)) as cursor:
        return cursor.execute(
            query + " order by w.said_at desc, w.id desc limit %(limit)s",
            {"site": site, "trip": trip_id, "limit": limit},
        ).fetchall()


def undo_word(conn: Connection, word: int, *, by: str, now: datetime) -> None:
    """Mark a word as a slip."""
    conn.execute(
        "update hand_words set undone_by = %s, undone_at = %s where id = %s", [by, now, word]
    )


def second_word(conn: Connection, word: int, *, by: str, now: datetime) -> None:
    """Let a word count from its own moment, as a second person bears it out."""
    conn.execute(
        "update hand_words set seconded_by = %s, seconded_at = %s, counts_at = at where id = %s",
        [by, now, word],
    )


def contradict_word(
    conn: Connection, word: int, *, over_at: datetime, is_false: bool, now: datetime
) -> None:
    """Note from when on the truck's device shows otherwise than a word."""
    conn.execute(
        "update hand_words set over_at = %s, is_false = %s, contradicted_at = %s where id = %s",
        [over_at, is_false, now, word],
    )


def list_watched(conn: Connection, site: str, *, most: int) -> list[WatchedWord]:
    """Return each active trip's last standing word with the first ``most`` fixes since then.

    What a device sent while it is marked as faulty is none. Locked against operators' acts.
    """
    with conn.cursor(row_factory=args_row(WatchedWord), binary=True) as cursor:
        return cursor.execute(
            """
            with newest as (
                select distinct on (w.trip_id) w.id, w.trip_id, w.what, w.yard, w.at, t.device_id
                from trips t join hand_words w on w.trip_id = t.id
                join tracks k on k.device_id = t.device_id and k.fixed_at > w.at
                where t.site = %(site)s and t.state = 'active'
                  and w.undone_at is null and not w.is_false
                order by w.trip_id, w.at desc, w.id desc
            )
            select n.id, n.trip_id, n.what, n.yard, n.at,
                   array_agg(f.fixed_at order by f.fixed_at),
                   array_agg(f.lon order by f.fixed_at), array_agg(f.lat order by f.fixed_at)
            from newest n join hand_words w on w.id = n.id and w.over_at is null
            cross join lateral (
                select fixed_at, lon, lat from fixes
                where device_id = n.device_id and fixed_at > n.at
                  and not exists (select from device_faults b where b.device_id = n.device_id
                    and fixed_at >= b.since and fixed_at < coalesce(b.until, 'infinity'))
                order by fixed_at limit %(most)s
            ) f
            group by n.id, n.trip_id, n.what, n.yard, n.at order by n.id
            """,
            {"site": site, "most": most},
        ).fetchall()


def mark(conn: Connection, site: str) -> str:
    """Return what changes whenever something is said by hand, or becomes of it, or is written."""
    [(newest, last, texts)] = conn.execute(
        "select max(id), max(greatest(said_at, seconded_at, undone_at, contradicted_at)),"
        " (select max(id) from desk_texts where site = %(site)s)"
        " from (select * from hand_words where site = %(site)s"
        "  order by said_at desc limit 200) w",
        {"site": site},
    ).fetchall()
    return f"{newest} {last} {texts}"
