"""Keys of what consoles sent, so that a request that comes again acts once."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import args_row

Connection = psycopg.Connection[Any]


class Kept(NamedTuple):
    """What came with a key before: by whom, the digest of it, and what came of it."""

    account: str
    digest: bytes
    subject: int | None


def take_key(
    conn: Connection, site: str, key: UUID, *, account: str, digest: bytes, now: datetime
) -> Kept | None:
    """Enter a key in the transaction of its act; returns what came with it before, if anything.

    Two requests with one key wait for each other here.
    """
    inserted = conn.execute(
        "insert into hand_keys (site, key, account, digest, at) values (%s, %s, %s, %s, %s)"
        " on conflict do nothing",
        [site, key, account, digest, now],
    )
    if inserted.rowcount == 1:
        return None
    with conn.cursor(row_factory=args_row(Kept)) as cursor:
        [kept] = cursor.execute(
            "select account, digest, subject from hand_keys where site = %s and key = %s",
            [site, key],
        ).fetchall()
    return kept


def set_subject(conn: Connection, site: str, key: UUID, subject: int) -> None:
    """Say what came of a key's act."""
    conn.execute(
        "update hand_keys set subject = %s where site = %s and key = %s", [subject, site, key]
    )
