"""What partners send signed, and the secrets it is checked with, at rest."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from flowctl.storage.sources import Source, find_source_named

Connection = psycopg.Connection[Any]

Answer = dict[str, Any]
"""What a message was answered with, as JSON has it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that came before: what it was (SHA-256 of its path and body), what it got."""

    digest: bytes
    answer: Answer


@dataclass(frozen=True, slots=True)
class Reading:
    """What a camera read, and what came of it; ``trip`` None where no active one has the plate."""

    source: str
    heard_at: datetime
    camera: str
    plate: str
    confidence: float
    at: datetime
    image: str | None
    outcome: str
    trip: int | None
    stages: list[str]


def set_hook(conn: Connection, source_id: int, cipher: bytes | None) -> None:
    """Keep the secret a source's messages are checked with; None: it may send none."""
    conn.execute("update sources set hook_cipher = %s where id = %s", [cipher, source_id])


def find_hook(conn: Connection, name: str) -> tuple[Source, bytes] | None:
    """Return a source and the secret of its messages; None where there is none of either."""
    source = find_source_named(conn, name)
    if source is None:
        return None
    row = conn.execute("select hook_cipher from sources where id = %s", [source.id]).fetchone()
    return None if row is None or row[0] is None else (source, bytes(row[0]))


def take_message(
    conn: Connection, source_id: int, message: str, digest: bytes, *, now: datetime
) -> Heard | None:
    """Enter a message; returns what is known of it where it came before.

    Who brings the same message meanwhile waits until this transaction ends.
    """
    new = conn.execute(
        "insert into heard_hooks (source_id, message, digest, answer, at)"
        " values (%s, %s, %s, '{}', %s) on conflict (source_id, message) do nothing",
        [source_id, message, digest, now],
    )
    if new.rowcount:
        return None
    with conn.cursor(row_factory=class_row(Heard)) as cursor:
        return cursor.execute(
            "select digest, answer from heard_hooks where source_id = %s and message = %s",
            [source_id, message],
        ).fetchone()


def set_answer(conn: Connection, source_id: int, message: str, answer: Answer) -> None:
    """Note what a message was answered with, in the transaction that entered it."""
    conn.execute(
        "update heard_hooks set answer = %s where source_id = %s and message = %s",
        [Jsonb(answer), source_id, message],
    )


def list_readings(
    conn: Connection, *, outcome: str | None, trip: int | None, source: int | None, limit: int
) -> list[Reading]:
    """Return what cameras read, the last first: with one outcome, of one trip, by one source."""
    with conn.cursor(row_factory=class_row(Reading)) as cursor:
        return cursor.execute(
            "select s.name as source, h.at as heard_at, read.* from heard_hooks h"
            " join sources s on s.id = h.source_id,"
            " jsonb_to_record(h.answer) as read (camera text, plate text, confidence float8,"
            "  at timestamptz, image text, outcome text, trip bigint, stages text[])"
            " where h.answer ? 'camera' and (%(outcome)s::text is null or read.outcome"
            "  = %(outcome)s) and (%(trip)s::bigint is null or read.trip = %(trip)s)"
            " and (%(source)s::int is null or h.source_id = %(source)s)"
            " order by h.at desc, h.message limit %(limit)s",
            {"outcome": outcome, "trip": trip, "source": source, "limit": limit},
        ).fetchall()


def drop_heard_before(conn: Connection, now: datetime, *, kept: timedelta) -> None:
    """Forget messages that came longer ago than ``kept``."""
    conn.execute("delete from heard_hooks where at < %s", [now - kept])
