"""Devices at rest: who speaks for them, and which truck carried which, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row, scalar_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Device:
    """A registered device; ``source_id`` is who alone speaks for it, None is anybody."""

    id: int
    uid: str
    source_id: int | None


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device as listed: its source, the truck that carries it, and its newest fix.

    ``faulty`` is why it is not believed, since ``faulty_since``; None where it is.
    """

    uid: str
    source: str | None
    plate: str | None
    fixed_at: datetime | None
    faulty: str | None = None
    faulty_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """A truck carries a device from ``since`` until ``until`` (None while it lasts)."""

    id: int
    device: str
    plate: str
    since: datetime
    until: datetime | None
    is_primary: bool
    assigned_by: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two statements that cannot both be the whole truth, for as long as both held.

    ``kind`` is ``two_devices`` (of one plate, each perhaps rightly: one is primary),
    ``two_plates`` (of one device), or ``trip`` (an active trip of the device names ``other_plate``,
    the registry ``plate``). ``until`` is None while both last.
    """

    kind: str
    device: str
    plate: str
    is_primary: bool
    other_device: str
    other_plate: str
    other_is_primary: bool | None
    trip: int | None
    since: datetime
    until: datetime | None


def find_known(conn: Connection, uids: Sequence[str]) -> set[str]:
    """Return those of these devices that are registered."""
    rows = conn.execute("select uid from devices where uid = any(%s)", [list(uids)]).fetchall()
    return {uid for (uid,) in rows}


def find_device(conn: Connection, uid: str) -> Device | None:
    """Return the registered device of this identifier."""
    with conn.cursor(row_factory=class_row(Device)) as cursor:
        return cursor.execute(
            "select id, uid, source_id from devices where uid = %s", [uid]
        ).fetchone()


def register(conn: Connection, uid: str, *, source_id: int | None = None) -> Device:
    """Enter a device that was never heard of; returns it, or the one there is, unchanged."""
    with conn.cursor(row_factory=class_row(Device)) as cursor:
        while True:
            device = cursor.execute(
                "with known as (select id, uid, source_id from devices where uid = %(uid)s),"
                " made as (insert into devices (uid, source_id) select %(uid)s, %(source)s"
                "  where not exists (select from known) on conflict do nothing"
                "  returning id, uid, source_id)"
                " select * from known union all select * from made",
                {"uid": uid, "source": source_id},
            ).fetchone()
            # None: somebody entered it since this statement began, so that the next one sees it.
            if device is not None:
                return device


def bind(conn: Connection, device_id: int, source_id: int) -> bool:
    """Let one source alone speak for a device; tells whether nobody else did."""
    bound = conn.execute(
        "update devices set source_id = %s, rebound_wall_at = clock_timestamp()"
        " where id = %s and source_id is null",
        [source_id, device_id],
    )
    return bound.rowcount == 1


def mark_phone(conn: Connection, device_id: int) -> None:
    """Note that a device is a driver's phone and not built into a truck."""
    conn.execute("update devices set is_phone = true where id = %s", [device_id])


def insert_assignment(
    conn: Connection,
    *,
    device_id: int,
    plate: str,
    since: datetime,
    is_primary: bool | None,
    by: str,
) -> int:
    """Say that a truck carries a device from a moment on; returns the assignment's id.

    Where ``is_primary`` is None the device is primary if the truck has no other that is.
    """
    [(assignment,)] = conn.execute(
        "insert into device_trucks (device_id, plate, since, is_primary, assigned_by)"
        " values (%(device)s, %(plate)s, %(since)s, coalesce(%(primary)s, not exists ("
        "   select from device_trucks where plate = %(plate)s and is_primary"
        "   and coalesce(until, 'infinity') > %(since)s)), %(by)s) returning id",
        {
            "device": device_id,
            "plate": plate,
            "since": since,
            "primary": is_primary,
            "by": by,
        },
    ).fetchall()
    return int(assignment)


def end_assignment(conn: Connection, assignment_id: int, *, until: datetime) -> None:
    """Say that a truck no longer carries a device from ``until`` on."""
    conn.execute(
        "update device_trucks set until = %s where id = %s and until is null",
        [until, assignment_id],
    )


def find_assignment(conn: Connection, assignment_id: int) -> Assignment | None:
    """Return an assignment."""
    with conn.cursor(row_factory=class_row(Assignment)) as cursor:
        return cursor.execute(
            "select a.id, d.uid as device, a.plate, a.since, a.until, a.is_primary, a.assigned_by"
            " from device_trucks a join devices d on d.id = a.device_id where a.id = %s",
            [assignment_id],
        ).fetchone()


def find_assignment_at(
    conn: Connection, device_id: int, plate: str, moment: datetime
) -> int | None:
    """Return the assignment by which this truck carries this device at a moment."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select id from device_trucks where device_id = %(device)s and plate = %(plate)s"
            " and since <= %(at)s and coalesce(until, 'infinity') > %(at)s"
            " order by since limit 1",
            {"device": device_id, "plate": plate, "at": moment},
        ).fetchone()


def list_assignments(conn: Connection, device_id: int) -> list[Assignment]:
    """Return every assignment of a device, the newest first."""
    with conn.cursor(row_factory=class_row(Assignment)) as cursor:
        return cursor.execute(
            "select a.id, d.uid as device, a.plate, a.since, a.until, a.is_primary, a.assigned_by"
            " from device_trucks a join devices d on d.id = a.device_id where a.device_id = %s"
            " order by a.since desc, a.id desc",
            [device_id],
        ).fetchall()


def truck_at(conn: Connection, device_id: int, moment: datetime) -> str | None:
    """Return the plate of the truck that carries a device at a moment.

    Of several, the one whose primary device this is, then the one assigned last.
    """
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select plate from device_trucks where device_id = %(device)s"
            " and since <= %(at)s and coalesce(until, 'infinity') > %(at)s"
            " order by is_primary desc, since desc, id desc limit 1",
            {"device": device_id, "at": moment},
        ).fetchone()


def primary_device(conn: Connection, plate: str, moment: datetime) -> Device | None:
    """Return the device that speaks for a truck at a moment; of several, the one assigned last."""
    with conn.cursor(row_factory=class_row(Device)) as cursor:
        return cursor.execute(
            "select d.id, d.uid, d.source_id from device_trucks a join devices d"
            " on d.id = a.device_id where a.plate = %(plate)s and a.is_primary"
            " and a.since <= %(at)s and coalesce(a.until, 'infinity') > %(at)s"
            " order by a.since desc, a.id desc limit 1",
            {"plate": plate, "at": moment},
        ).fetchone()


def list_devices(
    conn: Connection, *, moment: datetime, after: str = "", limit: int = 100
) -> list[DeviceRow]:
    """Return devices behind ``after`` in order of their identifiers, with their trucks then."""
    with conn.cursor(row_factory=class_row(DeviceRow)) as cursor:
        return cursor.execute(
            "select d.uid, s.name as source, a.plate, t.fixed_at, f.reason as faulty,"
            " f.since as faulty_since from devices d"
            " left join device_faults f on f.device_id = d.id and f.until is null"
            " left join sources s on s.id = d.source_id"
            " left join tracks t on t.device_id = d.id"
            " left join lateral (select plate from device_trucks where device_id = d.id"
            "   and since <= %(at)s and coalesce(until, 'infinity') > %(at)s"
            "   order by is_primary desc, since desc, id desc limit 1) a on true"
            " where d.uid > %(after)s order by d.uid limit %(limit)s",
            {"at": moment, "after": after, "limit": limit},
        ).fetchall()


def list_conflicts(conn: Connection, *, since: datetime, until: datetime) -> list[Conflict]:
    """Return what contradicts itself at some moment of ``[since, until)``, the newest first."""
    with conn.cursor(row_factory=class_row(Conflict)) as cursor:
        return cursor.execute(
            "with valid as ("
            "  select a.id, a.device_id, d.uid, a.plate, a.is_primary, a.since,"
            "   coalesce(a.until, 'infinity') as until"
            "  from device_trucks a join devices d on d.id = a.device_id"
            "  where a.since < %(until)s and coalesce(a.until, 'infinity') > %(since)s"
            "), found as ("
            "  select 'two_devices' as kind, x.uid as device, x.plate, x.is_primary,"
            "   y.uid as other_device, y.plate as other_plate, y.is_primary as other_is_primary,"
            "   null::bigint as trip, greatest(x.since, y.since) as since,"
            "   least(x.until, y.until) as until"
            "  from valid x join valid y on y.plate = x.plate and y.device_id <> x.device_id"
            "   and (y.is_primary, y.id) < (x.is_primary, x.id)"
            "  union all"
            "  select 'two_plates', x.uid, x.plate, x.is_primary, y.uid, y.plate, y.is_primary,"
            "   null, greatest(x.since, y.since), least(x.until, y.until)"
            "  from valid x join valid y on y.device_id = x.device_id and y.plate <> x.plate"
            "   and (y.is_primary, y.id) < (x.is_primary, x.id)"
            "  union all"
            "  select 'trip', x.uid, x.plate, x.is_primary, x.uid, t.plate, null, t.id,"
            "   greatest(x.since, t.registered_at), x.until"
            "  from valid x join trips t on t.device_id = x.device_id and t.state = 'active'"
            "   and t.plate <> x.plate and not exists (select from valid z"
            "     where z.device_id = t.device_id and z.plate = t.plate)"
            ") select kind, device, plate, is_primary, other_device, other_plate,"
            " other_is_primary, trip, since, nullif(until, 'infinity') as until from found"
            " where since < until and since < %(until)s and until > %(since)s"
            " order by found.since desc, device, other_device, other_plate",
            {"since": since, "until": until},
        ).fetchall()


def drop_assignments_before(conn: Connection, cutoff: datetime) -> None:
    """Forget which truck carried a device until before a moment; who carries one now stays."""
    conn.execute("delete from device_trucks where until < %s", [cutoff])
