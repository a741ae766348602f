"""What a driver's page sent, by its own keys: what is sent again acts once."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

Connection = psycopg.Connection[Any]


def insert_act(conn: Connection, trip_id: int, key: UUID, *, now: datetime) -> bool:
    """Enter an act, in the transaction that does it; tells whether it is a new one."""
    inserted = conn.execute(
        "insert into driver_acts (trip_id, key, at) values (%s, %s, %s) on conflict do nothing",
        [trip_id, key, now],
    )
    return inserted.rowcount == 1
