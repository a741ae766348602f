"""Trips and drivers at rest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row, scalar_row

from flowctl.state import Slot

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class TripRecord:
    """A trip as declared, its driver by reference."""

    id: int
    site: str
    plate: str
    driver_id: int
    language: str
    device: str | None
    direction: str
    cargo: str
    gates: list[str]
    ready_at: datetime
    registered_at: datetime
    registered_by: str
    state: str
    ended_at: datetime | None
    haulier: str | None
    weight_t: float | None
    convoy: str | None
    standby: bool
    extended_until: datetime | None
    needs: str | None
    returns_within_h: float | None
    link_epoch: int
    declaration: str | None


@dataclass(frozen=True, slots=True)
class TripValues:
    """What a declaration says, references resolved."""

    plate: str
    driver_id: int
    device_id: int | None
    direction: str
    cargo: str
    gates: tuple[str, ...]
    ready_at: datetime
    haulier: str | None
    weight_t: float | None
    convoy: str | None
    needs: str | None = None
    returns_within_h: float | None = None
    declaration: str | None = None

    def with_device(self, device_id: int | None) -> "TripValues":
        """Return the same with a device, or with none."""
        return replace(self, device_id=device_id)


def upsert_driver(
    conn: Connection, *, phone_cipher: bytes, phone_hash: bytes, language: str
) -> int:
    """Enter a driver, or find the one of this phone; returns the id.

    The language is the number's own: while a trip of it is active, another one changes nothing.
    """
    [(driver,)] = conn.execute(
        "insert into drivers (phone_cipher, phone_hash, language) values (%s, %s, %s)"
        " on conflict (phone_hash) do update set language = case when exists"
        "  (select from trips t where t.driver_id = drivers.id and t.state = 'active')"
        "  then drivers.language else excluded.language end returning id",
        [phone_cipher, phone_hash, language],
    ).fetchall()
    return int(driver)


def insert_numberless_driver(conn: Connection, *, language: str) -> int:
    """Enter a driver who gave no number, and is told nothing by SMS; returns the id."""
    [(driver,)] = conn.execute(
        "insert into drivers (phone_cipher, phone_hash, language) values (null, null, %s)"
        " returning id",
        [language],
    ).fetchall()
    return int(driver)


def set_language(conn: Connection, driver_id: int, language: str) -> None:
    """Say in which language a driver is spoken to."""
    conn.execute("update drivers set language = %s where id = %s", [language, driver_id])


def insert_trip(
    conn: Connection,
    *,
    site: str,
    values: TripValues,
    registered_by: str,
    now: datetime,
    locked: Sequence[str] = (),
    due_at: datetime | None = None,
) -> int | None:
    """Enter an active trip and return its id; None where plate, device or declaration have one.

    ``locked`` is what its stages lock, ``due_at`` when they are to be looked at again. Who enters
    the same at the same moment waits here for the other's end.
    """
    row = conn.execute(
        "insert into trips (site, plate, driver_id, device_id, direction, cargo, gates,"
        " ready_at, registered_at, registered_by, haulier, weight_t, convoy, needs,"
        " returns_within_h, declaration, locked, stages_due_at) values"
        " (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " on conflict do nothing returning id",
        [
            site,
            values.plate,
            values.driver_id,
            values.device_id,
            values.direction,
            values.cargo,
            list(values.gates),
            values.ready_at,
            now,
            registered_by,
            values.haulier,
            values.weight_t,
            values.convoy,
            values.needs,
            values.returns_within_h,
            values.declaration,
            list(locked),
            due_at,
        ],
    ).fetchone()
    return None if row is None else int(row[0])


def update_trip(conn: Connection, trip_id: int, values: TripValues, *, now: datetime) -> None:
    """Change what an active trip declares; what another device saw before ``now`` counts not.

    Raises
    ------
    psycopg.errors.UniqueViolation
        Plate, device or declaration have another active trip; the savepoint is rolled back.
    """
    with conn.transaction():
        conn.execute(
            "update trips set plate = %(plate)s, driver_id = %(driver)s,"
            " device_id = %(device)s, device_since ="
            "  case when device_id is distinct from %(device)s then %(now)s else device_since end,"
            " cargo = %(cargo)s, gates = %(gates)s, ready_at = %(ready_at)s,"
            " weight_t = %(weight_t)s, convoy = %(convoy)s, needs = %(needs)s,"
            " returns_within_h = %(returns)s, declaration = %(declaration)s"
            " where id = %(trip)s and state = 'active'",
            {
                "trip": trip_id,
                "plate": values.plate,
                "driver": values.driver_id,
                "device": values.device_id,
                "cargo": values.cargo,
                "gates": list(values.gates),
                "ready_at": values.ready_at,
                "weight_t": values.weight_t,
                "convoy": values.convoy,
                "needs": values.needs,
                "returns": values.returns_within_h,
                "declaration": values.declaration,
                "now": now,
            },
        )


def leave_place(
    conn: Connection,
    trip_id: int,
    *,
    arrived_at: datetime | None,
    counted_at: datetime | None,
) -> None:
    """Note the arrival that a trip's device proved before another took its place."""
    conn.execute(
        "update trips set left_arrived_at = least(left_arrived_at, %s),"
        " left_counted_at = least(left_counted_at, %s), device_accepted_at = null where id = %s",
        [arrived_at, counted_at, trip_id],
    )


def find_left_place(conn: Connection, trip_id: int) -> datetime | None:
    """Return from when a trip's place would count if its present device were accepted."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select left_counted_at from trips where id = %s and device_accepted_at is null",
            [trip_id],
        ).fetchone()


def accept_device(conn: Connection, trip_id: int, *, now: datetime) -> None:
    """Let the arrival that former devices proved count for a trip's present one."""
    conn.execute("update trips set device_accepted_at = %s where id = %s", [now, trip_id])


def end_trip(conn: Connection, trip_id: int, *, state: str, now: datetime) -> None:
    """End an active trip as ``cleared`` or ``cancelled``."""
    conn.execute(
        "update trips set state = %s, ended_at = %s where id = %s and state = 'active'",
        [state, now, trip_id],
    )


def end_trips_of_plates(
    conn: Connection, *, site: str, seen: Sequence[tuple[str, str, datetime]]
) -> dict[tuple[str, str], int]:
    """End as cleared the active trips of trucks (plate, direction, moment) that officers saw leave.

    A trip registered after that moment is another journey and stays, and so does the next way out
    of a truck that comes back. Returns the trips' ids by plate and direction.
    """
    plates, directions, moments = zip(*seen, strict=True) if seen else ((), (), ())
    ended = conn.execute(
        "update trips set state = 'cleared', ended_at = seen.at"
        " from unnest(%s::text[], %s::text[], %s::timestamptz[]) as seen (plate, direction, at)"
        " where trips.site = %s and trips.plate = seen.plate and trips.state = 'active'"
        " and trips.direction = seen.direction"
        " and trips.registered_at <= seen.at returning trips.id, trips.plate, trips.direction",
        [list(plates), list(directions), list(moments), site],
    ).fetchall()
    return {(plate, direction): trip for trip, plate, direction in ended}


_TRIP: LiteralString = """
select t.id, t.site, t.plate, t.driver_id, d.language, v.uid as device, t.direction, t.cargo,
       t.gates, t.ready_at, t.registered_at, t.registered_by, t.state, t.ended_at,
       t.haulier, t.weight_t, t.convoy, t.standby, t.extended_until, t.needs,
       t.returns_within_h, t.link_epoch, t.declaration
from trips t join drivers d on d.id = t.driver_id left join devices v on v.id = t.device_id
where t.site = %s and t.id = %s
for no key update of t
"""


def find_trip_locked(conn: Connection, trip_id: int, *, site: str) -> TripRecord | None:
    """Return a trip that nobody else may change until the transaction ends."""
    with conn.cursor(row_factory=class_row(TripRecord)) as cursor:
        return cursor.execute(_TRIP, [site, trip_id]).fetchone()


def find_active_trip_of_plate(conn: Connection, plate: str) -> int | None:
    """Return the active trip of a plate."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select id from trips where plate = %s and state = 'active'", [plate]
        ).fetchone()


def find_active_trip_of_device(conn: Connection, device_id: int) -> int | None:
    """Return the active trip of a device."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select id from trips where device_id = %s and state = 'active'", [device_id]
        ).fetchone()


def count_active_of(conn: Connection, site: str, haulier: str) -> int:
    """Return how many trips of a haulier are under way."""
    [(n,)] = conn.execute(
        "select count(*) from trips where site = %s and haulier = %s and state = 'active'",
        [site, haulier],
    ).fetchall()
    return int(n)


def lock_haulier(conn: Connection, site: str, haulier: str) -> None:
    """Let nobody else register a trip of a haulier that is counted, until the transaction ends."""
    conn.execute(
        "select pg_advisory_xact_lock(hashtextextended('haulier ' || %s || ' ' || %s, 0))",
        [site, haulier],
    )


def end_links(conn: Connection, trip_id: int, former_driver: int, *, now: datetime) -> None:
    """End the links sent to a trip's former number, and remember whose it was.

    Who had the trip once before and has it again is a former driver no more.
    """
    conn.execute("update trips set link_epoch = link_epoch + 1 where id = %s", [trip_id])
    conn.execute(
        "insert into former_drivers (trip_id, driver_id, until) values (%s, %s, %s)"
        " on conflict (trip_id, driver_id) do update set until = excluded.until",
        [trip_id, former_driver, now],
    )
    conn.execute(
        "delete from former_drivers f using trips t"
        " where t.id = %s and f.trip_id = t.id and f.driver_id = t.driver_id",
        [trip_id],
    )


def find_link_end(
    conn: Connection, trip_id: int, *, site: str
) -> tuple[int, datetime | None] | None:
    """Return what ends a trip's links: the epoch of those that hold, and when the trip ended."""
    return conn.execute(
        "select link_epoch, ended_at from trips where site = %s and id = %s", [site, trip_id]
    ).fetchone()


def list_convoy(conn: Connection, site: str, convoy: str) -> list[tuple[int, str | None]]:
    """Return the active trips of a convoy, each with its haulier."""
    return conn.execute(
        "select id, haulier from trips where site = %s and convoy = %s and state = 'active'"
        " order by id",
        [site, convoy],
    ).fetchall()


def set_standby(conn: Connection, trip_id: int, *, on: bool) -> None:
    """Say whether a truck stands by to leave at once."""
    conn.execute("update trips set standby = %s where id = %s", [on, trip_id])


def list_extensions(conn: Connection, trip_id: int) -> list[datetime]:
    """Return when a trip was given more time."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select at from extensions where trip_id = %s order by at", [trip_id]
        ).fetchall()


def find_asked_until(conn: Connection, trip_id: int) -> datetime | None:
    """Return before when a trip's driver asked for no slot; None where he chose one since."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select case when gate is null then until end from extensions where trip_id = %s"
            " order by id desc limit 1",
            [trip_id],
        ).fetchone()


def extend(
    conn: Connection, trip_id: int, *, until: datetime, now: datetime, chosen: Slot | None = None
) -> None:
    """Give a trip a slot no earlier than ``until``; ``chosen`` is the one its driver picked."""
    conn.execute(
        "insert into extensions (trip_id, at, until, gate) values (%s, %s, %s, %s)",
        [trip_id, now, *((until, None) if chosen is None else (chosen.starts_at, chosen.gate))],
    )
    conn.execute("update trips set extended_until = %s where id = %s", [until, trip_id])


def accept_slot(conn: Connection, trip_id: int, *, now: datetime) -> None:
    """Note that a trip's driver accepts the slot told last."""
    conn.execute("update slots set accepted_at = %s where trip_id = %s", [now, trip_id])


def note_late(conn: Connection, trip_id: int, *, until: datetime) -> None:
    """Note by when a trip's driver will be there for the slot told last."""
    conn.execute("update slots set late_until = %s where trip_id = %s", [until, trip_id])


def is_released(conn: Connection, trip_id: int) -> bool:
    """Tell whether the driver was ever told to leave the yard."""
    row = conn.execute("select 1 from releases where trip_id = %s limit 1", [trip_id]).fetchone()
    return row is not None
