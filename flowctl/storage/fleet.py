"""What the ingest worker must know of devices and sources: ids, whose they are, who is watched."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

Connection = psycopg.Connection[Any]


def find_devices(conn: Connection, uids: Sequence[str]) -> list[tuple[str, int, int | None]]:
    """Return (uid, id, source that alone speaks for it) of the devices that are registered."""
    return conn.execute(
        # Binary: written as text, an array of many identifiers is mostly escaping.
        "select uid, id, source_id from devices where uid = any(%b)",
        [list(uids)],
    ).fetchall()


def enrol_devices(
    conn: Connection, devices: Sequence[tuple[str, int]]
) -> list[tuple[str, int, int | None]]:
    """Register devices (uid, source) that their own source vouches for; returns what is new."""
    return conn.execute(
        "insert into devices (uid, source_id)"
        " select * from unnest(%s::text[], %s::smallint[]) on conflict do nothing"
        " returning uid, id, source_id",
        [[uid for uid, _ in devices], [source for _, source in devices]],
    ).fetchall()


def list_rebound(conn: Connection, *, since: datetime | None) -> list[tuple[str, int, int | None]]:
    """Return devices whose source was changed after ``since`` (wall time), None for ever."""
    return conn.execute(
        "select uid, id, source_id from devices where rebound_wall_at is not null"
        " and rebound_wall_at >= coalesce(%s, '-infinity'::timestamptz)",
        [since],
    ).fetchall()


def wall_now(conn: Connection) -> datetime:
    """Return the wall clock of the database, which dates its own changes."""
    [(now,)] = conn.execute("select clock_timestamp()").fetchall()
    moment: datetime = now
    return moment


def list_enrolling(conn: Connection) -> frozenset[int]:
    """Return the sources that may register devices by speaking for them."""
    rows = conn.execute("select id from sources where enrols").fetchall()
    return frozenset(source for (source,) in rows)


def watched_devices(conn: Connection) -> NDArray[np.int32]:
    """Return the devices of trips under way, shape [n]: their positions are shown."""
    rows = conn.execute(
        "select device_id from trips where state = 'active' and device_id is not null"
    ).fetchall()
    return np.array([device for (device,) in rows], dtype=np.int32)


def list_lag_limits(conn: Connection) -> dict[int, float]:
    """Return how late fixes may come in and still prove their moments, of sources that say so."""
    return dict(
        conn.execute(
            "select id, (screening->>'lag_limit_s')::float8 from sources"
            " where screening ? 'lag_limit_s'"
        ).fetchall()
    )


def list_seen_within(
    conn: Connection,
    boxes: Sequence[tuple[float, float, float, float]],
    *,
    since_us: int,
    until_us: int | None = None,
) -> list[tuple[int, str]]:
    """Return (id, uid) of the devices seen in a rectangle from a moment on.

    Parameters
    ----------
    boxes
        West, south, east and north of each, degrees.
    since_us, until_us
        Microseconds since 1970; without the second, up to now.
    """
    west, south, east, north = zip(*boxes, strict=True) if boxes else ((), (), (), ())
    return conn.execute(
        "select distinct d.id, d.uid from unnest(%s::float8[], %s::float8[], %s::float8[],"
        " %s::float8[]) as box (west, south, east, north)"
        " join fixes f on f.lon between west and east and f.lat between south and north"
        "  and f.fixed_at >= 'epoch'::timestamptz + %s * interval '1 microsecond'"
        "  and f.fixed_at < coalesce('epoch'::timestamptz + %s::bigint * interval '1 microsecond',"
        "   'infinity')"
        " join devices d on d.id = f.device_id order by d.id",
        [list(west), list(south), list(east), list(north), since_us, until_us],
    ).fetchall()
