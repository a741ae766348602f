"""What was set aside: read by reason, source and time, the newest first; counted by the hour."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class AsideFilter:
    """What to look for; None is everything. Instants are those of reception, ``until`` excluded."""

    reason: str | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def values(self) -> dict[str, object]:
        """Return the values by the names the queries use."""
        return {
            "reason": self.reason,
            "source": self.source,
            "since": self.since,
            "until": self.until,
        }


@dataclass(frozen=True, slots=True)
class AsideRow:
    """An item that is kept but not used, its bytes as they came.

    ``source`` is None where the item could not be read so far; ``released_at`` is when it was
    taken in after all.
    """

    id: int
    source: str | None
    received_at: datetime
    reason: str
    device: str | None
    fixed_at: datetime | None
    released_at: datetime | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class AsideCount:
    """How many items of a source were set aside for a reason within an hour (UTC)."""

    hour: datetime
    source: str | None
    reason: str
    n: int
    released: int


_WANTED: LiteralString = """
 from fixes_aside a left join sources s on s.id = a.source_id
 where (%(reason)s::text is null or a.reason = %(reason)s)
 and (%(source)s::text is null or a.source_id = (select id from sources where name = %(source)s))
 and (%(since)s::timestamptz is null or a.received_at >= %(since)s)
 and (%(until)s::timestamptz is null or a.received_at < %(until)s)
"""


def list_aside(
    conn: Connection,
    wanted: AsideFilter,
    *,
    after: tuple[datetime, int] | None = None,
    limit: int = 100,
) -> list[AsideRow]:
    """Return items, the newest first, behind the item ``after`` (its reception and id)."""
    received_at, id_ = after or (None, None)
    with conn.cursor(row_factory=class_row(AsideRow)) as cursor:
        return cursor.execute(
            "select a.id, s.name as source, a.received_at, a.reason, a.device_uid as device,"
            " a.fixed_at, a.released_at, a.raw"
            + _WANTED
            + " and (%(id)s::bigint is null or (a.received_at, a.id) < (%(at)s, %(id)s))"
            " order by a.received_at desc, a.id desc limit %(limit)s",
            {**wanted.values(), "at": received_at, "id": id_, "limit": limit},
            prepare=False,  # one plan for all filters would use the index of none
        ).fetchall()


def count_aside(conn: Connection, wanted: AsideFilter, *, limit: int = 10_000) -> list[AsideCount]:
    """Return how many items there are by hour, source and reason, the newest hour first."""
    with conn.cursor(row_factory=class_row(AsideCount)) as cursor:
        return cursor.execute(
            "select date_trunc('hour', a.received_at, 'UTC') as hour, s.name as source, a.reason,"
            " count(*) as n, count(a.released_at) as released"
            + _WANTED
            + " group by 1, 2, 3 order by 1 desc, 2 nulls last, 3 limit %(limit)s",
            {**wanted.values(), "limit": limit},
            prepare=False,
        ).fetchall()


def count_held(conn: Connection) -> dict[str, int]:
    """Return by reason how many fixes wait to be taken in after all."""
    rows = conn.execute(
        "select reason, count(*) from fixes_aside"
        " where released_at is null and reason in ('future', 'unknown_device') group by reason"
    ).fetchall()
    return dict(rows)
