"""Documents of trips and drafts at rest: what is known of each, and its encrypted parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import class_row, scalar_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a document is: a trip's, or a draft's."""

    trip_id: int | None = None
    draft_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document as it is entered."""

    id: UUID
    owner: Owner
    kind: str
    name_cipher: bytes
    media_type: str
    size_bytes: int
    digest: bytes
    data_key: bytes
    parts: Sequence[bytes]
    added_by: str


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """What is known of a document.

    ``name_cipher`` and ``data_key`` are None once it is erased. ``opened_at`` is when somebody who
    did not add it opened it first.
    """

    id: UUID
    trip_id: int | None
    draft_id: UUID | None
    kind: str
    name_cipher: bytes | None
    media_type: str
    size_bytes: int
    digest: bytes | None
    data_key: bytes | None
    state: str
    finding: str | None
    opened_at: datetime | None
    added_by: str
    added_at: datetime


_SELECT: LiteralString = (
    "select id, trip_id, draft_id, kind, name_cipher, media_type, size_bytes, digest, data_key,"
    " state, finding, opened_at, added_by, added_at from documents"
)
_ERASE: LiteralString = (
    "with gone as (update documents set state = %(state)s, data_key = null, name_cipher = null,"
    "  digest = null, finding = %(finding)s where id = any(%(ids)s) returning id)"
    " delete from document_parts p using gone where p.document_id = gone.id"
)


def lock_owner(conn: Connection, site: str, owner: Owner, *, account: str | None = None) -> bool:
    """Hold a trip, or a draft of an account, until the transaction ends; tells whether it is there.

    So of several documents that come at once each is counted. A draft that became a trip is none.
    """
    if owner.trip_id is not None:
        found = conn.execute(
            "select from trips where id = %s and site = %s for no key update",
            [owner.trip_id, site],
        )
    else:
        found = conn.execute(
            "select from drafts where id = %s and site = %s and account = %s and trip_id is null"
            " for no key update",
            [owner.draft_id, site, account],
        )
    return found.rowcount == 1


def list_documents(conn: Connection, owner: Owner) -> list[DocumentRow]:
    """Return the documents of a trip or a draft, the oldest first."""
    with conn.cursor(row_factory=class_row(DocumentRow)) as cursor:
        return cursor.execute(
            _SELECT + " where trip_id = %s or draft_id = %s order by added_at, id",
            [owner.trip_id, owner.draft_id],
        ).fetchall()


def find_document(conn: Connection, site: str, document_id: UUID) -> DocumentRow | None:
    """Return a document of a site."""
    with conn.cursor(row_factory=class_row(DocumentRow)) as cursor:
        return cursor.execute(
            _SELECT + " where site = %s and id = %s", [site, document_id]
        ).fetchone()


def is_draft_of(conn: Connection, site: str, draft_id: UUID, account: str) -> bool:
    """Tell whether there is a draft of an account."""
    found = conn.execute(
        "select from drafts where id = %s and site = %s and account = %s",
        [draft_id, site, account],
    )
    return found.rowcount == 1


def insert_document(conn: Connection, site: str, new: NewDocument, *, now: datetime) -> None:
    """Enter a document with all of its parts."""
    conn.execute(
        "insert into documents (id, site, trip_id, draft_id, kind, name_cipher, media_type,"
        " size_bytes, digest, data_key, added_by, added_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            new.id,
            site,
            new.owner.trip_id,
            new.owner.draft_id,
            new.kind,
            new.name_cipher,
            new.media_type,
            new.size_bytes,
            new.digest,
            new.data_key,
            new.added_by,
            now,
        ],
    )
    with conn.cursor() as cursor:
        for number, cipher in enumerate(new.parts):
            cursor.execute(
                "insert into document_parts (document_id, part, cipher) values (%s, %s, %b)",
                [new.id, number, cipher],
            )


def list_parts(conn: Connection, document_id: UUID) -> list[bytes]:
    """Return a document's parts in their order."""
    with conn.cursor(row_factory=scalar_row, binary=True) as cursor:
        return cursor.execute(
            "select cipher from document_parts where document_id = %s order by part", [document_id]
        ).fetchall()


def note_opened(conn: Connection, document_id: UUID, now: datetime) -> None:
    """Note that somebody who did not add a document opened it; the first moment stays."""
    conn.execute(
        "update documents set opened_at = %s where id = %s and opened_at is null",
        [now, document_id],
    )


def delete_document(conn: Connection, document_id: UUID) -> None:
    """Take a document away with all that is known of it."""
    conn.execute("delete from documents where id = %s", [document_id])


def erase_documents(
    conn: Connection, ids: Sequence[UUID], *, state: str = "erased", finding: str | None = None
) -> None:
    """Destroy the keys and the parts of documents; that there was one stays known."""
    conn.execute(_ERASE, {"ids": list(ids), "state": state, "finding": finding})


@dataclass(frozen=True, slots=True)
class Unscanned:
    """A document that a scanner is to look into, for the ``scans``-th time."""

    id: UUID
    trip_id: int | None
    data_key: bytes
    scans: int


def claim_unscanned(
    conn: Connection, site: str, *, wall_now: datetime, until: datetime
) -> Unscanned | None:
    """Take the document that has waited longest for its scan; nobody else does before ``until``."""
    with conn.cursor(row_factory=class_row(Unscanned)) as cursor:
        return cursor.execute(
            "update documents set scans = scans + 1, scan_wall_at = %s where id = ("
            " select id from documents where site = %s and state = 'unscanned'"
            " and scan_wall_at <= %s order by scan_wall_at, added_at limit 1"
            " for update skip locked) returning id, trip_id, data_key, scans",
            [until, site, wall_now],
        ).fetchone()


def give_back(conn: Connection, due: Unscanned, *, wall_now: datetime) -> None:
    """Let a document wait on whose scan could not begin: that was no try."""
    conn.execute(
        "update documents set scans = scans - 1, scan_wall_at = %s"
        " where id = %s and state = 'unscanned' and scans = %s",
        [wall_now, due.id, due.scans],
    )


def pass_document(conn: Connection, document_id: UUID) -> None:
    """Note that a scanner found nothing in a document."""
    conn.execute(
        "update documents set state = 'clean', finding = null"
        " where id = %s and state = 'unscanned'",
        [document_id],
    )


def postpone_scan(
    conn: Connection, document_id: UUID, trouble: str, *, until: datetime | None
) -> None:
    """Let a scan that failed be tried again at a wall moment; None: never, and it stays shut."""
    conn.execute(
        "update documents set finding = %s, scan_wall_at = coalesce(%s, scan_wall_at),"
        " state = case when %s::timestamptz is null then 'unscannable' else state end"
        " where id = %s and state = 'unscanned'",
        [trouble, until, until, document_id],
    )


def rescan(conn: Connection, site: str) -> int:
    """Let documents be scanned again that the scanner could not look into; returns how many."""
    return conn.execute(
        "update documents set state = 'unscanned', scans = 0, scan_wall_at = '-infinity'"
        " where site = %s and state = 'unscannable'",
        [site],
    ).rowcount
