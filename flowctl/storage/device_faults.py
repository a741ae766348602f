"""When devices spoke wrongly, at rest. Their fixes are stored all the same."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class DeviceFault:
    """A device is not believed from ``since`` until ``until`` (None while it lasts)."""

    id: int
    since: datetime
    until: datetime | None
    reason: str
    marked_by: str
    ended_by: str | None


def list_faults(conn: Connection, device_id: int) -> list[DeviceFault]:
    """Return every fault of a device, the newest first."""
    with conn.cursor(row_factory=class_row(DeviceFault)) as cursor:
        return cursor.execute(
            "select id, since, until, reason, marked_by, ended_by from device_faults"
            " where device_id = %s order by since desc, id desc",
            [device_id],
        ).fetchall()


def find_open_fault(conn: Connection, device_id: int) -> DeviceFault | None:
    """Return the fault that lasts, with its device locked until the transaction ends."""
    conn.execute("select from devices where id = %s for update", [device_id])
    with conn.cursor(row_factory=class_row(DeviceFault)) as cursor:
        return cursor.execute(
            "select id, since, until, reason, marked_by, ended_by from device_faults"
            " where device_id = %s and until is null",
            [device_id],
        ).fetchone()


def begin_fault(conn: Connection, device_id: int, *, reason: str, by: str, now: datetime) -> None:
    """Believe a device no more from now on."""
    conn.execute(
        "insert into device_faults (device_id, since, reason, marked_by) values (%s, %s, %s, %s)",
        [device_id, now, reason, by],
    )


def end_fault(conn: Connection, fault: int, *, by: str, now: datetime) -> None:
    """Believe a device again from now on."""
    conn.execute(
        "update device_faults set until = greatest(%s, since + interval '1 microsecond'),"
        " ended_by = %s where id = %s",
        [now, by, fault],
    )


def find_trip_of_device(conn: Connection, device_id: int) -> int | None:
    """Return the active trip that goes by a device."""
    row = conn.execute(
        "select id from trips where device_id = %s and state = 'active'", [device_id]
    ).fetchone()
    return None if row is None else int(row[0])
