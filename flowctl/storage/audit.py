"""Who did what, when and from where: a log that is only added to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class By:
    """Who acts: an account's name (or ``source:NAME``), never a person's; as what, from where.

    ``address`` is an IP address, None for who acts on this machine.
    """

    name: str
    role: str
    address: str | None


def add_record(
    conn: Connection,
    site: str,
    by: By,
    *,
    act: str,
    subject: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    at: datetime,
) -> None:
    """Write down an act in the transaction that does it.

    Parameters
    ----------
    act
        What was done, dotted: ``hold.begin``, ``zone.version``.
    subject
        To what: ``trip:412``, ``gate:huu_nghi``.
    before, after
        What the act changed, as JSON; moments as text. No personal data: ids stand for people.
    at
        Domain time; the wall's is added by the database.
    """
    conn.execute(
        "insert into audit (site, at, account, role, address, act, subject, before, after)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            site,
            at,
            by.name,
            by.role,
            by.address,
            act,
            subject,
            None if before is None else Jsonb(before),
            None if after is None else Jsonb(after),
        ],
    )
