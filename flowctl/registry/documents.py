"""Documents of a declaration: which may come, how they are kept, who may take them away.

They lie encrypted in the database, each under a key of its own (`flowctl.registry.sealed`), and
leave it as attachments alone. What a document is, its first bytes say, never its name.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.registry.keys import Keys
from flowctl.registry.sealed import SealedDocument, open_name, open_parts, seal_name
from flowctl.storage import documents as stored
from flowctl.storage.documents import Connection, DocumentRow, NewDocument, Owner

LARGEST_BYTES = 10_000_000
MOST_DOCUMENTS = 20
_LONGEST_NAME = 100
_TYPES: tuple[tuple[str, str, re.Pattern[bytes]], ...] = (
    ("application/pdf", "pdf", re.compile(rb"%PDF-\d")),
    ("image/jpeg", "jpg", re.compile(rb"\xff\xd8\xff")),
    ("image/png", "png", re.compile(rb"\x89PNG\r\n\x1a\n")),
)
"""Types that every browser shows, each with how its files end and how they begin."""
_UNSAID = frozenset({"", "application/octet-stream", "application/x-www-form-urlencoded"})
"""What a sender says that says nothing."""
_SAME = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "application/x-pdf": _TYPES[0][0]}


class Paper(StrEnum):
    """What a document is."""

    INVOICE = "invoice"
    PACKING_LIST = "packing_list"
    CUSTOMS = "customs"
    ORIGIN = "origin"
    PLANT_HEALTH = "plant_health"
    HEALTH = "health"
    TRANSPORT = "transport"
    VEHICLE = "vehicle"
    DRIVER = "driver"
    PHOTO = "photo"
    PAYMENT = "payment"
    OTHER = "other"


class DocumentState(StrEnum):
    """Where a document stands; ``UNSCANNABLE``: a scanner would not say, however often asked."""

    UNSCANNED = "unscanned"
    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNABLE = "unscannable"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Document:
    """A document as people see it; ``name`` is None once it is erased.

    ``opens``: it can be had. ``seen``: somebody who did not add it opened it.
    """

    id: UUID
    kind: str
    name: str | None
    media_type: str
    size_bytes: int
    state: str
    added_by: str
    added_at: datetime
    opens: bool
    seen: bool


def check_type(begins: bytes, said: str) -> tuple[str, str]:
    """Return the type of a document by its first bytes, and how its name ends.

    Parameters
    ----------
    begins
        Its first bytes, at least 8 where it has so many.
    said
        What the sender calls its type.

    Raises
    ------
    FlowctlError
        It is of no type that is taken, or is called another.
    """
    found = next((one for one in _TYPES if one[2].match(begins)), None)
    if found is None:
        raise FlowctlError(
            "This is no PDF, JPEG or PNG, by its first bytes; send a PDF, or a photo as JPEG.",
            kind="document_type",
        )
    plain = said.partition(";")[0].strip().lower()
    plain = _SAME.get(plain, plain)
    if plain not in _UNSAID and plain != found[0]:
        raise FlowctlError(
            f"The document is sent as {plain[:80]}, and by its first bytes it is {found[0]}.",
            kind="document_called",
            values={"said": plain[:80], "found": found[0]},
        )
    return found[0], found[1]


def clean_name(name: str, ending: str) -> str:
    """Return what a document is called: without folders, signs that cannot be seen, or quotes."""
    plain = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    seen = "".join(
        one if unicodedata.category(one)[0] in "LMNPS" and one not in '<>:"|?*' else " "
        for one in plain
    )
    stem, dot, last = " ".join(seen.split()).rpartition(".")
    if not dot or len(last) > len("jpeg"):
        stem = f"{stem}{dot}{last}"
    stem = stem.strip(" .")[: _LONGEST_NAME - len(ending) - 1].strip(" .")
    return f"{stem or 'document'}.{ending}"


def keep_document(
    conn: Connection,
    keys: Keys,
    site: str,
    owner: Owner,
    sealed: SealedDocument,
    *,
    kind: Paper,
    name: str,
    said_type: str,
    by: str,
    now: datetime,
) -> tuple[UUID, bool]:
    """Keep a document of a trip, or of a draft of ``by``, in the caller's transaction.

    Returns its id, and whether it is new: one that was sent before counts once.

    Raises
    ------
    NotFoundError
        There is no such trip or draft.
    FlowctlError
        It is empty, of a type that is not taken, or one too many.
    """
    if not sealed.size_bytes:
        raise FlowctlError("The document is empty.", kind="document_empty")
    media_type, ending = check_type(sealed.begins, said_type)
    if not stored.lock_owner(conn, site, owner, account=by):
        raise _no_owner(owner)
    there = [one for one in stored.list_documents(conn, owner) if one.data_key is not None]
    for one in there:
        if (one.digest, one.kind) == (sealed.digest, str(kind)):
            return one.id, False
    if len(there) >= MOST_DOCUMENTS:
        raise ConflictError(
            f"There are {MOST_DOCUMENTS} documents already, and no more are taken;"
            " put several pages into one PDF, or take one away.",
            kind="documents_many",
            values={"most": MOST_DOCUMENTS},
        )
    name_cipher = seal_name(keys, sealed.id, sealed.data_key, clean_name(name, ending))
    new = NewDocument(
        id=sealed.id,
        owner=owner,
        kind=kind,
        name_cipher=name_cipher,
        media_type=media_type,
        size_bytes=sealed.size_bytes,
        digest=sealed.digest,
        data_key=sealed.data_key,
        parts=sealed.parts,
        added_by=by,
    )
    stored.insert_document(conn, site, new, now=now)
    return sealed.id, True


def list_of(conn: Connection, keys: Keys, owner: Owner, *, scanned: bool) -> list[Document]:
    """Return the documents of a trip or a draft, the oldest first.

    ``scanned``: there is a scanner, so that nothing opens which it did not find clean.
    """
    return [shown(keys, row, scanned=scanned) for row in stored.list_documents(conn, owner)]


def shown(keys: Keys, row: DocumentRow, *, scanned: bool) -> Document:
    """Return a document as people see it."""
    name = None
    if row.data_key is not None and row.name_cipher is not None:
        name = open_name(keys, row.id, row.data_key, row.name_cipher)
    return Document(
        id=row.id,
        kind=row.kind,
        name=name,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        state=row.state,
        added_by=row.added_by,
        added_at=row.added_at,
        opens=_opens(row, scanned=scanned),
        seen=row.opened_at is not None,
    )


def get_document(conn: Connection, site: str, document_id: UUID) -> DocumentRow:
    """Return what is known of a document.

    Raises
    ------
    NotFoundError
        There is none.
    """
    row = stored.find_document(conn, site, document_id)
    if row is None:
        raise no_document()
    return row


def open_document(
    conn: Connection, keys: Keys, row: DocumentRow, *, by: str, scanned: bool, now: datetime
) -> bytes:
    """Return what a document holds, whole and unchanged, and note that it was opened.

    Raises
    ------
    ConflictError
        It is erased, infected, was not scanned yet, or is not whole any more.
    """
    if not _opens(row, scanned=scanned) or row.data_key is None:
        raise _closed(row)
    try:
        content = open_parts(keys, row.id, row.data_key, stored.list_parts(conn, row.id))
    except FlowctlError as error:
        raise ConflictError(
            f"This document is not whole any more where it is kept: {error} Ask for it once more.",
            kind="document_damaged",
        ) from error
    if by != row.added_by:
        stored.note_opened(conn, row.id, now)
    return content


def take_away(conn: Connection, row: DocumentRow, *, by: str, anyway: bool = False) -> None:
    """Take a document away: who added it may, until somebody else has opened it.

    Raises
    ------
    ConflictError
        Somebody has; only an administrator takes it away then (``anyway``).
    """
    if not anyway and (row.added_by != by or row.opened_at is not None):
        raise ConflictError(
            "This document was opened by an agency or added by somebody else, so it stays; add"
            " the right one beside it, and an administrator can take this one away.",
            kind="document_stays",
        )
    stored.delete_document(conn, row.id)


def no_document() -> NotFoundError:
    """Return what says that there is no such document, or none for who asks."""
    return NotFoundError("There is no such document.", kind="no_document")


def _opens(row: DocumentRow, *, scanned: bool) -> bool:
    may = {DocumentState.CLEAN} if scanned else {DocumentState.CLEAN, DocumentState.UNSCANNED}
    return row.data_key is not None and row.state in may


def _closed(row: DocumentRow) -> ConflictError:
    if row.state == DocumentState.ERASED:
        return ConflictError("This document is erased.", kind="document_erased")
    if row.state == DocumentState.INFECTED:
        return ConflictError(
            "The scanner found a virus in this document, so nobody is given it; ask for another.",
            kind="document_infected",
        )
    if row.state == DocumentState.UNSCANNABLE:
        return ConflictError(
            "The scanner could not look into this document, so nobody is given it; ask for it as"
            " a plain PDF or a photo.",
            kind="document_unscannable",
        )
    return ConflictError(
        "This document was not scanned for viruses yet; try again in a minute.",
        kind="document_unscanned",
    )


def _no_owner(owner: Owner) -> NotFoundError:
    if owner.trip_id is not None:
        return NotFoundError(f"There is no trip {owner.trip_id}.", kind="no_trip")
    return NotFoundError("There is no such draft; save it first.", kind="no_draft")
