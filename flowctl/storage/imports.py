"""What comes of tables of trips, kept from piece to piece: who asks again is answered the same."""

from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import scalar_row

Connection = psycopg.Connection[Any]


def insert_import(
    conn: Connection, site: str, *, account: str, cipher: bytes, now: datetime
) -> int:
    """Keep what came of a table, encrypted: its faults may say what a driver's licence is."""
    [(made,)] = conn.execute(
        "insert into imports (site, account, cipher, made_at) values (%s, %s, %s, %s) returning id",
        [site, account, cipher, now],
    ).fetchall()
    return int(made)


def find_import(conn: Connection, site: str, import_id: int) -> bytes | None:
    """Return what came of a table, which nobody else goes on with before the transaction's end.

    None once it is forgotten.
    """
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select cipher from imports where site = %s and id = %s for update", [site, import_id]
        ).fetchone()


def update_import(conn: Connection, import_id: int, *, cipher: bytes) -> None:
    """Keep what came of a table so far."""
    conn.execute("update imports set cipher = %s where id = %s", [cipher, import_id])
