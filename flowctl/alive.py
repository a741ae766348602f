"""Say whether a process works: ``python -m flowctl.alive controller`` as a health check.

A process that runs but no longer beats hangs, and is what a health check is for.
"""

import sys
from datetime import timedelta

from flowctl.settings import settings
from flowctl.storage.connections import connect

SILENCE = timedelta(minutes=1)
"""How long a process may be silent on the wall clock before it counts as hung."""


def has_beaten(database_url: str, process: str, *, within: timedelta = SILENCE) -> bool:
    """Return whether ``process`` wrote its heartbeat within the given time."""
    with connect(database_url) as conn:
        row = conn.execute(
            "select wall_at > now() - %s from heartbeats where process = %s", [within, process]
        ).fetchone()
    return row is not None and bool(row[0])


if __name__ == "__main__":
    sys.exit(0 if has_beaten(settings().database_url, sys.argv[1]) else 1)
