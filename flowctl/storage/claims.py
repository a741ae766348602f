"""Which browsers may act for a trip, and the codes sent to numbers; moments are wall time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import args_row, scalar_row

Connection = psycopg.Connection[Any]


class LinkState(NamedTuple):
    """Whether a trip's link was claimed, and whether by this browser."""

    claimed: bool
    mine: bool


class LinkedTrip(NamedTuple):
    """A trip of a driver, with what its link is made of."""

    id: int
    epoch: int
    plate: str
    state: str


def insert_first_claim(
    conn: Connection, trip_id: int, *, token_hash: bytes, wall_now: datetime
) -> bool:
    """Enter the first claim of a trip's present link; tells whether it was the first."""
    inserted = conn.execute(
        "insert into claims (token_hash, trip_id, epoch, by_code, made_wall_at)"
        " select %s, t.id, t.link_epoch, false, %s from trips t where t.id = %s"
        "  and not exists (select from claims c"
        "   where c.trip_id = t.id and c.epoch = t.link_epoch)"
        " on conflict do nothing",
        [token_hash, wall_now, trip_id],
    )
    return inserted.rowcount == 1


def insert_proved_claim(
    conn: Connection, trip_id: int, *, token_hash: bytes, wall_now: datetime
) -> None:
    """Enter the claim of a browser whose driver proved the trip's number."""
    conn.execute(
        "insert into claims (token_hash, trip_id, epoch, by_code, made_wall_at)"
        " select %s, id, link_epoch, true, %s from trips where id = %s",
        [token_hash, wall_now, trip_id],
    )


def find_link_state(conn: Connection, trip_id: int, token_hash: bytes | None) -> LinkState:
    """Return how the present link of a trip stands to a browser with this cookie."""
    [(claimed, mine)] = conn.execute(
        "select count(*) > 0, coalesce(bool_or(c.token_hash = %s), false)"
        " from claims c join trips t on t.id = c.trip_id and t.link_epoch = c.epoch"
        " where t.id = %s",
        [token_hash, trip_id],
    ).fetchall()
    return LinkState(bool(claimed), bool(mine))


def find_driver_of_trip(conn: Connection, trip_id: int, *, site: str) -> int | None:
    """Return the driver of a trip whose number is still kept."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select d.id from trips t join drivers d on d.id = t.driver_id"
            " where t.site = %s and t.id = %s and d.phone_hash is not null",
            [site, trip_id],
        ).fetchone()


def find_driver_of_phone(conn: Connection, phone_hashes: Sequence[bytes]) -> int | None:
    """Return the driver of a number, by its keyed hash."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select id from drivers where phone_hash = any(%s)", [list(phone_hashes)]
        ).fetchone()


def find_phone_hash(conn: Connection, driver_id: int) -> bytes | None:
    """Return the keyed hash of a driver's number; None once it is forgotten."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select phone_hash from drivers where id = %s", [driver_id]
        ).fetchone()


def list_trips_of_driver(
    conn: Connection, driver_id: int, *, site: str, ended_since: datetime
) -> list[LinkedTrip]:
    """Return a driver's trips that are active, or ended at ``ended_since`` or later; newest first.

    ``ended_since`` is domain time.
    """
    with conn.cursor(row_factory=args_row(LinkedTrip)) as cursor:
        return cursor.execute(
            "select id, link_epoch, plate, state from trips where driver_id = %s and site = %s"
            " and (state = 'active' or ended_at >= %s) order by state <> 'active', id desc",
            [driver_id, site, ended_since],
        ).fetchall()


def insert_login(conn: Connection, login_id: str, driver_id: int, wall_now: datetime) -> None:
    """Enter a code that is being sent, and forget the driver's former ones that are over a day."""
    conn.execute(
        "delete from logins where driver_id = %s and made_wall_at < %s::timestamptz"
        " - interval '1 day'",
        [driver_id, wall_now],
    )
    conn.execute(
        "insert into logins (id, driver_id, made_wall_at) values (%s, %s, %s)",
        [login_id, driver_id, wall_now],
    )


def list_open_logins(conn: Connection, driver_id: int, *, since: datetime) -> list[str]:
    """Return a driver's codes made since a wall moment and not used, locked until the end."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select id::text from logins where driver_id = %s and made_wall_at > %s"
            " and used_wall_at is null order by made_wall_at desc for update",
            [driver_id, since],
        ).fetchall()


def use_logins(conn: Connection, login_ids: list[str], wall_now: datetime) -> None:
    """Mark codes as used: none opens anything a second time."""
    conn.execute(
        "update logins set used_wall_at = %s where id = any(%s::uuid[])", [wall_now, login_ids]
    )
