"""Trucks on the roads of the site, put straight into the tables, for the tests of pictures."""

from datetime import timedelta

import numpy as np
from border import Border, after

from flowctl.storage.partitions import ensure_fix_partitions
from flowctl.traffic.spacetime import get_way


def drive(
    border: Border, trip: int, way: str, *, begins: float, minutes: float, mps: float
) -> None:
    """Let a trip's truck drive the last stretch of a way, a fix every 30 s, until it ends there.

    It sets out so far back that it arrives ``minutes`` after minute ``begins``.
    """
    stretches = get_way(border.site, way)
    seconds = np.arange(0.0, minutes * 60.0 + 1.0, 30.0)
    lon, lat, _ = stretches.path.at(stretches.length_m - mps * seconds[::-1])
    day = after(begins).date()
    ensure_fix_partitions(border.conn, day, day + timedelta(days=1))
    with border.conn.cursor() as cursor:
        cursor.executemany(
            "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat, speed_mps)"
            " values (%s, 1, %s, %s, %s, %s, %s)",
            [
                (border.device_of(trip), moment, moment, x, y, mps)
                for s, x, y in zip(seconds.tolist(), lon.tolist(), lat.tolist(), strict=True)
                for moment in [after(begins) + timedelta(seconds=s)]
            ],
        )
