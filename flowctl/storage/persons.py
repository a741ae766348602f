"""What is a person's own at rest: the key of a driver, which opens it."""

from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


def find_data_key(conn: Connection, driver_id: int) -> bytes | None:
    """Return a driver's encrypted key; None where there is none, or none any more."""
    row = conn.execute("select data_key from drivers where id = %s", [driver_id]).fetchone()
    return None if row is None or row[0] is None else bytes(row[0])


def keep_data_key(conn: Connection, driver_id: int, data_key: bytes) -> bytes:
    """Give a driver a key, and return the one that stands: who came first decides which it is."""
    [(standing,)] = conn.execute(
        "update drivers set data_key = coalesce(data_key, %s) where id = %s returning data_key",
        [data_key, driver_id],
    ).fetchall()
    return bytes(standing)
