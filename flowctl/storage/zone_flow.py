"""How many trucks entered and left each zone, hour by hour.

The record behind it grows with the visits, in their transaction; see `visits.save_visits`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class HourFlow:
    """What happened at a zone's boundary in the hour that begins at ``hour``, a full UTC hour."""

    zone: str
    hour: datetime
    n_entered: int
    """Arrivals: a device first seen inside was there already."""
    n_left: int


def list_flow(
    conn: Connection, zones: Sequence[str], since: datetime, until: datetime
) -> list[HourFlow]:
    """Return the hours in which something happened, by zone and time.

    TimescaleDB Community has sums ready of hours older than visits are revised; see
    `retention.SETTLING`. Everything newer is summed now, so that all levels answer alike.

    Parameters
    ----------
    zones
        Ids; one without any flow has no rows.
    since, until
        Which hours: those that begin at ``since`` or later and before ``until``.
    """
    with conn.cursor(row_factory=class_row(HourFlow)) as cursor:
        return cursor.execute(
            "select zone, hour, n_entered, n_left from zone_flow_hourly"
            " where zone = any(%s) and hour >= %s and hour < %s"
            " and (n_entered <> 0 or n_left <> 0) order by zone, hour",
            [list(zones), since, until],
        ).fetchall()
