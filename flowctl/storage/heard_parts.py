"""Parts of longer texts from phones, kept until they are whole."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row, scalar_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class PartOf:
    """Which text of which phone a part belongs to."""

    site: str
    gateway: str
    phone_hash: bytes
    ref_group: int
    total: int


@dataclass(frozen=True, slots=True)
class OverdueText:
    """The parts, in order, of a text whose others never came."""

    gateway: str
    ciphers: list[bytes]


def keep_part(conn: Connection, of: PartOf, number: int, cipher: bytes, at: datetime) -> None:
    """Keep a part, in the caller's transaction; one that came before changes nothing.

    Until the transaction ends another part of the phone's waits: else two that come at once by
    different connections would each find the text unfinished.
    """
    conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [of.phone_hash.hex()])
    conn.execute(
        "insert into sms_heard_parts"
        " (site, gateway, phone_hash, ref_group, total, number, cipher, at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        [of.site, of.gateway, of.phone_hash, of.ref_group, of.total, number, cipher, at],
    )


def take_whole(conn: Connection, of: PartOf) -> list[bytes]:
    """Return the parts of a text that has just become whole, in order, once; else nothing."""
    mine = [of.site, of.gateway, of.phone_hash, of.ref_group, of.total]
    with conn.cursor(row_factory=scalar_row) as cursor:
        ciphers = cursor.execute(
            "select cipher from sms_heard_parts where site = %s and gateway = %s"
            " and phone_hash = %s and ref_group = %s and total = %s and not acted"
            " order by number for update",
            mine,
        ).fetchall()
        if len(ciphers) < of.total:
            return []
        cursor.execute(
            "update sms_heard_parts set acted = true where site = %s and gateway = %s"
            " and phone_hash = %s and ref_group = %s and total = %s",
            mine,
        )
    return ciphers


def take_overdue(conn: Connection, site: str, before: datetime) -> list[OverdueText]:
    """Forget what was acted on, and return texts begun before a moment, as far as they came.

    In the caller's transaction; each text once, as what is returned is forgotten as well.
    """
    with conn.cursor(row_factory=class_row(OverdueText)) as cursor:
        return cursor.execute(
            "with gone as (delete from sms_heard_parts where site = %(site)s"
            "  and (phone_hash, gateway, ref_group, total) in ("
            "   select phone_hash, gateway, ref_group, total from sms_heard_parts"
            "   where site = %(site)s group by 1, 2, 3, 4 having min(at) < %(before)s)"
            "  returning *)"
            " select gateway, array_agg(cipher order by number) as ciphers from gone"
            " where not acted group by gateway, phone_hash, ref_group, total order by min(at)",
            {"site": site, "before": before},
        ).fetchall()
