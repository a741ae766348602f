"""Many devices at once: lines of a file, staged by COPY and taken in by a few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """A line of a file: a device, its truck and its source where it names them."""

    number: int
    uid: str
    plate: str | None
    source_id: int | None


@dataclass(frozen=True, slots=True)
class Imported:
    """How many devices a file has, and what of it was news."""

    devices: int
    new: int
    claimed: int
    assigned: int


def stage_lines(conn: Connection, lines: Sequence[DeviceLine]) -> None:
    """Put lines where the other functions of this module find them, for this transaction."""
    conn.execute(
        "create temp table device_lines"
        " (number integer, uid text, plate text, source_id smallint) on commit drop"
    )
    with conn.cursor().copy("copy device_lines (number, uid, plate, source_id) from stdin") as copy:
        for line in lines:
            copy.write_row((line.number, line.uid, line.plate, line.source_id))
    conn.execute("analyze device_lines")


def find_foreign(conn: Connection) -> list[tuple[int, str, str]]:
    """Return (line, device, its source) where a staged line claims another source's device."""
    return conn.execute(
        "select l.number, l.uid, s.name from device_lines l join devices d on d.uid = l.uid"
        " join sources s on s.id = d.source_id where d.source_id <> l.source_id order by l.number"
    ).fetchall()


def take_staged(conn: Connection, *, since: datetime, by: str) -> Imported:
    """Enter the staged devices, bind them to their sources, and let their trucks carry them.

    What is so already stays as it is. A truck's first device is its primary one.
    """
    [(devices,)] = conn.execute("select count(*) from device_lines").fetchall()
    new = conn.execute(
        "insert into devices (uid, source_id) select uid, source_id from device_lines"
        " order by number on conflict do nothing"
    ).rowcount
    claimed = conn.execute(
        "update devices d set source_id = l.source_id, rebound_wall_at = clock_timestamp()"
        " from device_lines l where l.uid = d.uid and d.source_id is null"
        " and l.source_id is not null"
    ).rowcount
    assigned = conn.execute(
        "insert into device_trucks (device_id, plate, since, is_primary, assigned_by)"
        " select d.id, l.plate, %(since)s,"
        "  row_number() over (partition by l.plate order by l.number) = 1 and not exists ("
        "   select from device_trucks p where p.plate = l.plate and p.is_primary"
        "   and coalesce(p.until, 'infinity') > %(since)s), %(by)s"
        " from device_lines l join devices d on d.uid = l.uid"
        " where l.plate is not null and not exists ("
        "  select from device_trucks a where a.device_id = d.id and a.plate = l.plate"
        "  and a.since <= %(since)s and coalesce(a.until, 'infinity') > %(since)s)",
        {"since": since, "by": by},
    ).rowcount
    return Imported(devices, new, claimed, assigned)
