"""Places that the newest plan left free, less those that drivers chose since."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import scalar_row

from flowctl.dispatch.room import FreePlace

Connection = psycopg.Connection[Any]


def save_free(
    conn: Connection, site: str, plan_id: int, places: Sequence[FreePlace], *, now: datetime
) -> None:
    """Put a plan's free places in the stead of those of the plan before.

    Those that drivers chose since ``now``, the moment the plan was made from, are no longer free.
    """
    conn.execute("delete from free_places where site = %s", [site])
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into free_places (site, plan_id, gate, lane_class, starts_at, free,"
            " haulier_most) values (%s, %s, %s, %s, %s, %s, %s)",
            [(site, plan_id, one.gate, one.lane_class or "", *one[2:]) for one in places],
        )
    conn.execute(
        "update free_places f set free = greatest(f.free - chosen.n, 0) from ("
        "  select e.gate, e.until, count(*) as n from extensions e join trips t on t.id = e.trip_id"
        "  where t.site = %s and e.at >= %s and e.gate is not null group by e.gate, e.until) chosen"
        " where f.site = %s and f.gate = chosen.gate and f.starts_at = chosen.until",
        [site, now, site],
    )


def list_free(conn: Connection, site: str, gates: Sequence[str]) -> list[FreePlace]:
    """Return the places left at some gates, the earliest first."""
    rows = conn.execute(
        "select gate, nullif(lane_class, ''), starts_at, free, haulier_most from free_places"
        " where site = %s and gate = any(%s) and free > 0 order by starts_at, gate, lane_class",
        [site, list(gates)],
    ).fetchall()
    return list(map(FreePlace._make, rows))


def take_free(conn: Connection, site: str, place: FreePlace) -> int | None:
    """Take one of a place's trucks; returns the plan it rests on, None where none is left."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "update free_places set free = free - 1 where site = %s and gate = %s"
            " and lane_class = %s and starts_at = %s and free > 0 returning plan_id",
            [site, place.gate, place.lane_class or "", place.starts_at],
        ).fetchone()


def list_haulier_slots(
    conn: Connection, site: str, haulier: str, *, but: int
) -> list[tuple[str | None, datetime | None]]:
    """Return gate and start of the slots of a haulier's other active trucks, None where untold."""
    return conn.execute(
        "select s.gate, s.starts_at from trips t left join slots s on s.trip_id = t.id"
        " where t.site = %s and t.haulier = %s and t.state = 'active' and t.id <> %s",
        [site, haulier, but],
    ).fetchall()
