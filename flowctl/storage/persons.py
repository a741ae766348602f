"""What is a person's own at rest: the key of a driver, what it opens, all that is kept of him."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import class_row, dict_row, scalar_row

Connection = psycopg.Connection[Any]


def find_data_key(conn: Connection, driver_id: int) -> bytes | None:
    """Return a driver's encrypted key; None where there is none, or none any more."""
    row = conn.execute("select data_key from drivers where id = %s", [driver_id]).fetchone()
    return None if row is None or row[0] is None else bytes(row[0])


def keep_data_key(conn: Connection, driver_id: int, data_key: bytes) -> bytes:
    """Give a driver a key, and return the one that stands: who came first decides which it is."""
    [(standing,)] = conn.execute(
        "update drivers set data_key = coalesce(data_key, %s) where id = %s returning data_key",
        [data_key, driver_id],
    ).fetchall()
    return bytes(standing)


@dataclass(frozen=True, slots=True)
class Person:
    """A driver as the tables know him; ``plates`` are those of his trips, the newest first.

    ``named``: name or licence of one of his trips are kept.
    """

    id: int
    language: str
    has_number: bool
    named: bool
    trips: int
    active: bool
    first_at: datetime | None
    last_at: datetime | None
    plates: list[str]


_PERSONS: LiteralString = """
select d.id, d.language, d.phone_hash is not null as has_number,
    coalesce(bool_or(c.driver_cipher is not null), false) as named, count(t.id) as trips,
    coalesce(bool_or(t.state = 'active'), false) as active,
    min(t.registered_at) as first_at, max(coalesce(t.ended_at, t.registered_at)) as last_at,
    array_remove(array_agg(distinct t.plate), null) as plates
from drivers d
left join trips t on t.driver_id = d.id and t.site = %(site)s
left join declarations c on c.trip_id = t.id
where d.id in (
    select id from drivers where phone_hash = any(%(phones)s)
    union select %(driver)s::bigint
    union select driver_id from trips where site = %(site)s and plate = %(plate)s)
group by d.id order by last_at desc nulls last, d.id limit %(most)s
"""
_MOST = 50


def list_persons(
    conn: Connection,
    site: str,
    *,
    driver_id: int | None = None,
    phone_hashes: Sequence[bytes] = (),
    plate: str | None = None,
) -> list[Person]:
    """Return drivers by id, by the keyed hashes of a number, or by a truck; the latest first."""
    values = {
        "site": site,
        "driver": driver_id,
        "phones": list(phone_hashes),
        "plate": plate,
        "most": _MOST,
    }
    with conn.cursor(row_factory=class_row(Person)) as cursor:
        return cursor.execute(_PERSONS, values).fetchall()


def find_phone(conn: Connection, driver_id: int) -> bytes | None:
    """Return a driver's encrypted number; None where it was not given or is forgotten."""
    row = conn.execute("select phone_cipher from drivers where id = %s", [driver_id]).fetchone()
    return None if row is None or row[0] is None else bytes(row[0])


def lock_person(conn: Connection, driver_id: int) -> bool:
    """Hold a driver until the transaction ends, so that none of his trips begins; False: none."""
    found = conn.execute("select from drivers where id = %s for update", [driver_id])
    return found.rowcount == 1


def find_active_trip(conn: Connection, driver_id: int) -> int | None:
    """Return a trip of a driver that runs."""
    row = conn.execute(
        "select id from trips where driver_id = %s and state = 'active' limit 1", [driver_id]
    ).fetchone()
    return None if row is None else int(row[0])


def list_trip_ids(conn: Connection, site: str, driver_id: int) -> list[int]:
    """Return the trips that a driver has or had, the oldest first."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select t.id from trips t where t.site = %(site)s and (t.driver_id = %(driver)s"
            " or t.id in (select trip_id from former_drivers where driver_id = %(driver)s))"
            " order by t.id",
            {"site": site, "driver": driver_id},
        ).fetchall()


def list_document_ids(conn: Connection, trips: Sequence[int]) -> list[UUID]:
    """Return the documents of trips, also what is erased."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select id from documents where trip_id = any(%s)", [list(trips)]
        ).fetchall()


_ERASED: tuple[LiteralString, ...] = (
    "delete from former_drivers where driver_id = %(driver)s",
    """update declarations c set driver_cipher = null, licence_until = null from trips t
       where t.id = c.trip_id and t.driver_id = %(driver)s""",
    "update drivers set data_key = null where id = %(driver)s",
)
"""What is a driver's own beside his number and his documents, in the order in which it goes."""


def erase_own(conn: Connection, driver_id: int) -> list[UUID]:
    """Destroy a driver's key and what it opened; returns the documents of his trips that open."""
    for sql in _ERASED:
        conn.execute(sql, {"driver": driver_id})
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select d.id from documents d join trips t on t.id = d.trip_id"
            " where t.driver_id = %s and d.data_key is not null",
            [driver_id],
        ).fetchall()


_DRAWERS: tuple[tuple[str, LiteralString], ...] = (
    (
        "trips",
        """select t.id, t.plate, t.direction, t.cargo, t.gates, t.ready_at, t.registered_at,
                  t.registered_by, t.state, t.ended_at, t.haulier, t.weight_t, t.convoy,
                  t.declaration, f.until as his_until
           from trips t left join former_drivers f on f.trip_id = t.id and f.driver_id = %(driver)s
           where t.id = any(%(trips)s) order by t.id""",
    ),
    (
        "declarations",
        """select c.trip_id as trip, c.trailer, c.nationality, c.load, c.goods, c.goods_class,
                  c.handover, c.pair_plate, c.customer, c.licence_until, c.consent_at, c.origins,
                  c.driver_cipher
           from declarations c join trips t on t.id = c.trip_id
           where t.id = any(%(trips)s) and t.driver_id = %(driver)s order by c.trip_id""",
    ),
    (
        "messages",
        """select o.trip_id as trip, o.kind, worded(o.kind, o.params) as says, o.created_at,
                  o.state, o.sent_at
           from outbox o
           left join former_drivers f on f.trip_id = o.trip_id and f.driver_id = %(driver)s
           where o.trip_id = any(%(trips)s) and o.created_at < coalesce(f.until, 'infinity')
           order by o.id""",
    ),
    (
        "answers",
        """select a.trip_id as trip, a.at, a.wish, a.outcome, a.cipher from sms_answers a
           join drivers d on d.phone_hash = a.phone_hash
           where d.id = %(driver)s and a.site = %(site)s order by a.id""",
    ),
    (
        "places",
        """select t.id as trip, v.zone, v.entered_at, v.left_at
           from trips t join visits v on v.device_id = t.device_id
               and v.entered_at < coalesce(t.ended_at, 'infinity')
               and coalesce(v.left_at, 'infinity') > t.registered_at
           where t.id = any(%(trips)s) and t.driver_id = %(driver)s order by v.entered_at""",
    ),
    (
        "documents",
        """select d.id, d.trip_id as trip, d.kind, d.media_type, d.size_bytes, d.state, d.added_by,
                  d.added_at
           from documents d join trips t on t.id = d.trip_id
           where t.id = any(%(trips)s) and t.driver_id = %(driver)s order by d.added_at""",
    ),
    (
        "penalties",
        """select p.trip_id as trip, p.kind, p.at, p.loses_s, p.reason, p.banned_until, p.lifted_at
           from penalties p
           left join former_drivers f on f.trip_id = p.trip_id and f.driver_id = %(driver)s
           where p.trip_id = any(%(trips)s) and p.at < coalesce(f.until, 'infinity')
           order by p.id""",
    ),
    (
        "crossings",
        """select c.trip_id as trip, c.gate, c.direction, c.load, c.at, c.due_at, c.returned_at
           from crossings c join trips t on t.id = c.trip_id
           where t.id = any(%(trips)s) and t.driver_id = %(driver)s order by c.at""",
    ),
)
"""What is kept of a driver, as far as it lies in the tables; ciphers are opened by who asks."""


def list_own(
    conn: Connection, site: str, driver_id: int, trips: Sequence[int]
) -> dict[str, list[dict[str, Any]]]:
    """Return what is kept of a driver with these trips, by the kind of it."""
    values = {"site": site, "driver": driver_id, "trips": list(trips)}
    with conn.cursor(row_factory=dict_row) as cursor:
        return {name: cursor.execute(sql, values).fetchall() for name, sql in _DRAWERS}
