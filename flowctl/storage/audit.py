"""Who did what, when and from where: a log that is only added to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row
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


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An act as it was written down: domain time ``at``, the wall's beside it."""

    id: int
    at: datetime
    wall_at: datetime
    account: str
    role: str
    address: str | None
    act: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which acts to read; None: whichever. ``act`` may be the beginning up to a dot: ``hold``.

    ``acts``: any of these, by their whole names.

    ``subjects``: to any of these. ``since`` and ``until`` are domain time, the latter not included.
    ``machines``: those of machines alone, or of everybody else.
    """

    account: str | None = None
    act: str | None = None
    subjects: Sequence[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    machines: bool | None = None
    acts: Sequence[str] | None = None


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


_WANTED: LiteralString = """
from audit
where site = %(site)s
    and (%(account)s::text is null or account = %(account)s)
    and (%(act)s::text is null or act = %(act)s or starts_with(act, %(act)s || '.'))
    and (%(acts)s::text[] is null or act = any(%(acts)s))
    and (%(subjects)s::text[] is null or subject = any(%(subjects)s))
    and (%(since)s::timestamptz is null or at >= %(since)s)
    and (%(until)s::timestamptz is null or at < %(until)s)
    and (%(machines)s::boolean is null or (role = 'machine') = %(machines)s)
"""
_RECORDS: LiteralString = (
    "select id, at, wall_at, account, role, host(address) as address, act, subject, before, after"
    + _WANTED
    + " and (%(before_id)s::bigint is null or id < %(before_id)s) order by id desc limit %(limit)s"
)
_NUMBERS: LiteralString = "select id" + _WANTED + " limit %(limit)s"


def list_records(
    conn: Connection, site: str, wanted: Wanted, *, limit: int, before_id: int | None = None
) -> list[AuditRecord]:
    """Return the newest acts, of those entered before the one of ``before_id`` if it is given."""
    with conn.cursor(row_factory=class_row(AuditRecord)) as cursor:
        return cursor.execute(
            _RECORDS,
            _parameters(site, wanted) | {"before_id": before_id, "limit": limit},
        ).fetchall()


def count_records(conn: Connection, site: str, wanted: Wanted, *, most: int) -> int:
    """Return how many acts there are; beyond ``most`` nobody goes on counting."""
    return conn.execute(_NUMBERS, _parameters(site, wanted) | {"limit": most}).rowcount


def _parameters(site: str, wanted: Wanted) -> dict[str, Any]:
    return {
        "site": site,
        "account": wanted.account,
        "act": wanted.act,
        "subjects": None if wanted.subjects is None else list(wanted.subjects),
        "since": wanted.since,
        "until": wanted.until,
        "machines": wanted.machines,
        "acts": None if wanted.acts is None else list(wanted.acts),
    }
