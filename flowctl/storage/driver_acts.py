"""What a driver's page sent, by its own keys: what is sent again acts once."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import scalar_row

Connection = psycopg.Connection[Any]


def insert_act(
    conn: Connection, trip_id: int, key: UUID, digest: bytes, *, now: datetime
) -> bytes | None:
    """Enter an act, in the transaction that does it; returns None where its key is a new one.

    Otherwise the digest of the act that came with the key before.
    """
    inserted = conn.execute(
        "insert into driver_acts (trip_id, key, digest, at) values (%s, %s, %s, %s)"
        " on conflict do nothing",
        [trip_id, key, digest, now],
    )
    if inserted.rowcount == 1:
        return None
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select digest from driver_acts where trip_id = %s and key = %s", [trip_id, key]
        ).fetchone()
