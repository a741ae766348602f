"""What drivers wrote by SMS, encrypted, and what became of it; how a number wants to be written to.

Moments are domain time. What was written is forgotten with the number (`flowctl.storage.ended`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import args_row, class_row, scalar_row

Connection = psycopg.Connection[Any]

ASKED_HOW_LATE = "asked_how_late"
"""The outcome of a text whose writer was asked how many minutes late he will be."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A text as it came in; ``ref`` is the gateway's name for it, if it has one."""

    site: str
    gateway: str
    ref: str | None
    phone_hash: bytes
    cipher: bytes


@dataclass(frozen=True, slots=True)
class Addressee:
    """A registered number; ``helped_at`` is when it was last sent a line of help."""

    driver_id: int
    helped_at: datetime | None


class Outcome(NamedTuple):
    """What became of a text, what it asked for, and of which trip."""

    outcome: str
    wish: str | None = None
    trip_id: int | None = None


def insert_answer(conn: Connection, heard: Heard, now: datetime) -> int | None:
    """Enter a text; returns its id, None where the gateway brought it before."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "insert into sms_answers (site, gateway, ref, phone_hash, cipher, outcome, at)"
            " values (%s, %s, %s, %s, %s, 'taken', %s)"
            " on conflict (site, gateway, ref) do nothing returning id",
            [heard.site, heard.gateway, heard.ref, heard.phone_hash, heard.cipher, now],
        ).fetchone()


def settle_answer(conn: Connection, answer_id: int, outcome: Outcome) -> None:
    """Note what became of a text."""
    conn.execute(
        "update sms_answers set outcome = %s, wish = %s, trip_id = %s where id = %s",
        [*outcome, answer_id],
    )


def list_earlier(
    conn: Connection, answer_id: int, phone_hash: bytes, *, since: datetime
) -> list[tuple[bytes, datetime]]:
    """Return cipher and moment of what a number wrote since a moment, before this text."""
    return conn.execute(
        "select cipher, at from sms_answers where phone_hash = %s and at > %s and id < %s"
        " order by id desc",
        [phone_hash, since, answer_id],
    ).fetchall()


def find_asked_trip(
    conn: Connection, answer_id: int, heard: Heard, *, since: datetime
) -> int | None:
    """Return the trip that a number was asked about last: how late it will be.

    None where that was before ``since``, or where another text was understood since then.
    """
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select case when outcome = %s then trip_id end from sms_answers"
            " where site = %s and phone_hash = %s and at > %s and id < %s and wish is not null"
            " order by id desc limit 1",
            [ASKED_HOW_LATE, heard.site, heard.phone_hash, since, answer_id],
        ).fetchone()


def find_addressee(conn: Connection, phone_hashes: Sequence[bytes]) -> Addressee | None:
    """Return whose number this is, locked: what one number writes is acted on one by one."""
    with conn.cursor(row_factory=class_row(Addressee)) as cursor:
        return cursor.execute(
            "select id as driver_id, helped_at from drivers where phone_hash = any(%s)"
            " for no key update",
            [list(phone_hashes)],
        ).fetchone()


class FormerTrip(NamedTuple):
    """An active trip that goes by another number now."""

    id: int
    plate: str


def find_former_trip(conn: Connection, driver_id: int, *, site: str) -> FormerTrip | None:
    """Return the active trip that a driver had last and has no more."""
    with conn.cursor(row_factory=args_row(FormerTrip)) as cursor:
        return cursor.execute(
            "select t.id, t.plate from former_drivers f join trips t on t.id = f.trip_id"
            " where f.driver_id = %s and t.site = %s and t.state = 'active'"
            " order by f.until desc limit 1",
            [driver_id, site],
        ).fetchone()


def set_silent(conn: Connection, driver_id: int, since: datetime | None) -> None:
    """Say since when a number is not to be written to; None lifts that."""
    conn.execute(
        "update drivers set silent_since = %s where id = %s"
        " and (silent_since is null) <> (%s::timestamptz is null)",
        [since, driver_id, since],
    )


def set_helped(conn: Connection, driver_id: int, at: datetime) -> None:
    """Note that a number was sent a line of help."""
    conn.execute("update drivers set helped_at = %s where id = %s", [at, driver_id])
