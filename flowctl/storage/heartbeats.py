"""What each process did last, in domain time and on the wall."""

from datetime import datetime
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


def beat(conn: Connection, process: str, now: datetime) -> None:
    """Say that ``process`` has done its work up to the domain moment ``now``."""
    conn.execute(
        "insert into heartbeats (process, at, wall_at) values (%s, %s, now())"
        " on conflict (process) do update set at = excluded.at, wall_at = excluded.wall_at",
        [process, now],
    )


def find_beat(conn: Connection, process: str) -> datetime | None:
    """Return the domain moment up to which ``process`` has worked, None where it never has."""
    row = conn.execute("select at from heartbeats where process = %s", [process]).fetchone()
    return None if row is None else row[0]
