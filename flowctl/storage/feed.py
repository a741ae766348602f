"""What partners pull, in an order that is the same for everybody and skips nothing.

Rows are numbered by who reads them (see the migration), under the lock of their kind's head: what
was committed after a page was read has a higher number than all of that page. Of a declaration the
page shows how it stands, so that one that changed twice in between stands there once.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, LiteralString

import psycopg
from psycopg.rows import scalar_row

Connection = psycopg.Connection[Any]

NUMBERED_AT_ONCE = 2_000
"""So many new rows a reader numbers at most; those left over come with the next page."""


class FeedKind(StrEnum):
    """What can be pulled."""

    DECLARATION = "declaration"
    STAGE = "stage"
    CROSSING = "crossing"


@dataclass(frozen=True, slots=True)
class Numbered:
    """A row's id, a trip's, a record's or a crossing's, with its place in the feed."""

    seq: int
    id: int


_TURN: LiteralString = (
    "insert into feed_heads (kind) values (%s)"
    " on conflict (kind) do update set last = feed_heads.last"
)
# What somebody is changing at this moment is skipped, not waited for: it is new once he commits.
_NUMBER: LiteralString = """
with due as materialized (
    select id from feed where kind = %(kind)s and seq is null order by id limit %(limit)s
    for update skip locked),
placed as (select id, row_number() over (order by id) as place from due),
head as (
    update feed_heads set last = last + (select count(*) from due) where kind = %(kind)s
    returning last - (select count(*) from due) as last)
update feed set seq = head.last + placed.place from placed, head
where feed.kind = %(kind)s and feed.id = placed.id
"""


def number_new(conn: Connection, kind: FeedKind) -> int:
    """Give what is new of a kind its numbers, in the caller's transaction; return the highest."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        cursor.execute(_TURN, [kind])
        cursor.execute(_NUMBER, {"kind": kind, "limit": NUMBERED_AT_ONCE})
        last = cursor.execute("select last from feed_heads where kind = %s", [kind]).fetchone()
    if last is None:
        raise LookupError(f"The feed has no head of {kind}.")
    return int(last)


def list_numbered(conn: Connection, kind: FeedKind, *, after: int, limit: int) -> list[Numbered]:
    """Return what comes after a number, the lowest first."""
    rows = conn.execute(
        "select seq, id from feed where kind = %s and seq > %s order by seq limit %s",
        [kind, after, limit],
    )
    return [Numbered(*row) for row in rows]
