"""Declarations in the making, and forms that are filled in again and again: at rest, encrypted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row, scalar_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft; ``trip_id`` is what it became."""

    id: UUID
    account: str
    cipher: bytes
    revision: int
    trip_id: int | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A form by its name, for a customer."""

    id: int
    name: str
    customer: str | None
    cipher: bytes
    changed_at: datetime


def list_drafts(conn: Connection, site: str, account: str) -> list[DraftRow]:
    """Return an account's drafts that became no trip, the one changed last first."""
    with conn.cursor(row_factory=class_row(DraftRow)) as cursor:
        return cursor.execute(
            "select id, account, cipher, revision, trip_id, changed_at from drafts"
            " where site = %s and account = %s and trip_id is null and cipher <> ''::bytea"
            " order by changed_at desc, id",
            [site, account],
        ).fetchall()


def find_draft(conn: Connection, site: str, draft: UUID) -> DraftRow | None:
    """Return a draft, whoever's it is."""
    with conn.cursor(row_factory=class_row(DraftRow)) as cursor:
        return cursor.execute(
            "select id, account, cipher, revision, trip_id, changed_at from drafts"
            " where site = %s and id = %s",
            [site, draft],
        ).fetchone()


def save_draft(
    conn: Connection,
    site: str,
    draft: UUID,
    *,
    account: str,
    cipher: bytes,
    revision: int,
    now: datetime,
) -> int | None:
    """Write a draft over ``revision`` (0: over none), and return its new one.

    None: another revision stands, it is another account's, or it became a trip.
    """
    with conn.cursor(row_factory=scalar_row) as cursor:
        if revision == 0:
            return cursor.execute(
                "insert into drafts (id, site, account, cipher, revision, changed_at)"
                " values (%s, %s, %s, %s, 1, %s) on conflict do nothing returning revision",
                [draft, site, account, cipher, now],
            ).fetchone()
        return cursor.execute(
            "update drafts set cipher = %s, revision = revision + 1, changed_at = %s"
            " where id = %s and site = %s and account = %s and revision = %s"
            " and trip_id is null and cipher <> ''::bytea returning revision",
            [cipher, now, draft, site, account, revision],
        ).fetchone()


def delete_draft(conn: Connection, site: str, draft: UUID, account: str) -> bool:
    """Throw a draft away, with its documents; False where the account has none such."""
    gone = conn.execute(
        "delete from drafts where site = %s and id = %s and account = %s and trip_id is null",
        [site, draft, account],
    )
    return gone.rowcount == 1


def count_drafts(conn: Connection, site: str, account: str) -> int:
    """Return how many drafts an account has that became no trip."""
    [(n,)] = conn.execute(
        "select count(*) from drafts where site = %s and account = %s and trip_id is null",
        [site, account],
    ).fetchall()
    return int(n)


def list_templates(conn: Connection, site: str, account: str) -> list[TemplateRow]:
    """Return an account's templates by customer and name."""
    with conn.cursor(row_factory=class_row(TemplateRow)) as cursor:
        return cursor.execute(
            "select id, name, customer, cipher, changed_at from templates"
            " where site = %s and account = %s order by customer nulls first, name",
            [site, account],
        ).fetchall()


def save_template(
    conn: Connection,
    site: str,
    name: str,
    *,
    account: str,
    customer: str | None,
    cipher: bytes,
    now: datetime,
) -> TemplateRow:
    """Write a template; one of the same name gives way."""
    with conn.cursor(row_factory=class_row(TemplateRow)) as cursor:
        [row] = cursor.execute(
            "insert into templates (site, account, name, customer, cipher, changed_at)"
            " values (%s, %s, %s, %s, %s, %s) on conflict (site, account, name) do update"
            " set customer = excluded.customer, cipher = excluded.cipher,"
            " changed_at = excluded.changed_at"
            " returning id, name, customer, cipher, changed_at",
            [site, account, name, customer, cipher, now],
        ).fetchall()
    return row


def delete_template(conn: Connection, site: str, name: str, account: str) -> bool:
    """Throw a template away; False where the account has none of this name."""
    gone = conn.execute(
        "delete from templates where site = %s and name = %s and account = %s",
        [site, name, account],
    )
    return gone.rowcount == 1


def list_last_trips(
    conn: Connection, site: str, plate: str, *, registered_by: str | None
) -> list[int]:
    """Return the last trip of a plate; with ``registered_by``, of those who entered it alone."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select id from trips where plate = %(plate)s and site = %(site)s"
            " and (%(by)s::text is null or registered_by = %(by)s)"
            " order by registered_at desc, id desc limit 1",
            {"site": site, "plate": plate, "by": registered_by},
        ).fetchall()


def list_foreknown(
    conn: Connection, site: str, *, plate: str | None, reference: str | None
) -> list[tuple[str, dict[str, Any]]]:
    """Return what partners know of a journey nobody declared yet: source and facts, latest last."""
    return conn.execute(
        "select source, facts from foreknown where site = %(site)s and taken_by is null"
        " and (plate = %(plate)s or reference = %(reference)s) order by at, id",
        {"site": site, "plate": plate, "reference": reference},
    ).fetchall()


@dataclass(frozen=True, slots=True)
class FormRow:
    """A form of any account: a draft by its id, or a template by its name."""

    account: str
    draft: UUID | None
    template: str | None
    cipher: bytes
    changed_at: datetime


def list_forms(conn: Connection, site: str) -> list[FormRow]:
    """Return the drafts and templates of all accounts."""
    with conn.cursor(row_factory=class_row(FormRow)) as cursor:
        return cursor.execute(
            "select account, id as draft, null as template, cipher, changed_at from drafts"
            " where site = %(site)s and cipher <> ''::bytea"
            " union all select account, null, name, cipher, changed_at from templates"
            " where site = %(site)s order by changed_at",
            {"site": site},
        ).fetchall()


def rewrite_form(conn: Connection, site: str, row: FormRow, cipher: bytes) -> None:
    """Write another form in place of one; a window that shows it is told of a newer draft."""
    conn.execute(
        "update drafts set cipher = %s, revision = revision + 1 where site = %s and id = %s",
        [cipher, site, row.draft],
    )
    conn.execute(
        "update templates set cipher = %s where site = %s and account = %s and name = %s",
        [cipher, site, row.account, row.template],
    )
