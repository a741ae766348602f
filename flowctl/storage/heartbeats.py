"""What each process did last, in domain time and on the wall."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

BEAT_EVERY = timedelta(seconds=1)
BACKUP = "backup"
"""No process: its beat is the last backup that ended well."""


@dataclass(slots=True)
class Heart:
    """Beats for one process, but writes at most once a second of domain time.

    A clock that was set back is news as well.
    """

    process: str
    _last: datetime | None = None

    def beat(self, conn: Connection, now: datetime) -> None:
        """Say that the process has done its work up to ``now``, where that is news."""
        if self._last is None or abs(now - self._last) >= BEAT_EVERY:
            beat(conn, self.process, now)
            self._last = now


def beat(conn: Connection, process: str, now: datetime, *, took_s: float | None = None) -> None:
    """Say that ``process`` has done its work up to the domain moment ``now``, in ``took_s``."""
    conn.execute(
        "insert into heartbeats (process, at, wall_at, took_s) values (%s, %s, now(), %s)"
        " on conflict (process) do update set at = excluded.at, wall_at = excluded.wall_at,"
        " took_s = excluded.took_s",
        [process, now, took_s],
    )


def stay(conn: Connection, process: str) -> None:
    """Say that ``process`` works, though it is not done up to a later moment than before."""
    conn.execute(
        "insert into heartbeats (process, at, wall_at) values (%s, 'epoch', now())"
        " on conflict (process) do update set wall_at = excluded.wall_at",
        [process],
    )


def find_beat(conn: Connection, process: str) -> datetime | None:
    """Return the domain moment up to which ``process`` has worked, None where it never has."""
    row = conn.execute("select at from heartbeats where process = %s", [process]).fetchone()
    return None if row is None else row[0]


def list_silences(conn: Connection) -> dict[str, float]:
    """Return how many seconds ago, on the wall clock, each process beat last."""
    return dict(
        conn.execute(
            "select process, extract(epoch from now() - wall_at)::float8 from heartbeats"
            " where process <> %s",
            [BACKUP],
        ).fetchall()
    )
