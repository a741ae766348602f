"""A document in encrypted parts: none can be cut off, swapped, taken from elsewhere or added.

Each document has a random key of its own, wrapped under the deployment's secret; whoever destroys
the key erases the document. A part is bound to its document, to its number, and to whether it is
the last one. Pure.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flowctl.errors import FlowctlError
from flowctl.registry.keys import (
    Keys,
    decrypt_own,
    encrypt_own,
    new_own_key,
    unwrap_key,
    wrap_key,
)

PART_BYTES = 1 << 20
_FIRST_BYTES = 64
"""So many of the first bytes say of what type a document is."""


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """A document as it is kept: ``begins`` are its first bytes, ``digest`` knows it again."""

    id: UUID
    data_key: bytes
    parts: Sequence[bytes]
    size_bytes: int
    digest: bytes
    begins: bytes


class Sealing:
    """Encrypts a document while it comes in, so that no more than a part of it lies open."""

    def __init__(self, keys: Keys, document_id: UUID) -> None:
        self._keys = keys
        self._id = document_id
        self._own = new_own_key()
        self._digest = hmac.new(keys.document_digest, digestmod=hashlib.sha256)
        self._waiting = bytearray()
        self._parts: list[bytes] = []
        self._size = 0
        self._begins = b""

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._digest.update(chunk)
        self._size += len(chunk)
        if len(self._begins) < _FIRST_BYTES:
            self._begins = (self._begins + chunk)[:_FIRST_BYTES]
        self._waiting += chunk
        while len(self._waiting) > PART_BYTES:
            self._seal(bytes(self._waiting[:PART_BYTES]), last=False)
            del self._waiting[:PART_BYTES]

    def finish(self) -> SealedDocument:
        """Return the document, whose last part this seals."""
        self._seal(bytes(self._waiting), last=True)
        return SealedDocument(
            self._id,
            wrap_key(self._keys.document_wrap, self._own, _whose(self._id)),
            tuple(self._parts),
            self._size,
            self._digest.digest(),
            self._begins,
        )

    def _seal(self, plain: bytes, *, last: bool) -> None:
        place = _place(self._id, len(self._parts), last=last)
        self._parts.append(encrypt_own(self._own, plain, place))


def open_parts(keys: Keys, document_id: UUID, data_key: bytes, parts: Sequence[bytes]) -> bytes:
    """Return a document from all of its parts, in their order.

    Raises
    ------
    FlowctlError
        One lacks, was changed, is another's or stands elsewhere; or the secret is another one.
    """
    own = unwrap_key(keys.document_wraps, data_key, _whose(document_id))
    if not parts:
        raise FlowctlError(f"Of the document {document_id} nothing is there.")
    last = len(parts) - 1
    return b"".join(
        decrypt_own(own, cipher, _place(document_id, number, last=number == last))
        for number, cipher in enumerate(parts)
    )


def seal_name(keys: Keys, document_id: UUID, data_key: bytes, name: str) -> bytes:
    """Encrypt what a document is called by its own key."""
    own = unwrap_key(keys.document_wraps, data_key, _whose(document_id))
    return encrypt_own(own, name.encode(), _name_of(document_id))


def open_name(keys: Keys, document_id: UUID, data_key: bytes, cipher: bytes) -> str:
    """Return what a document is called.

    Raises
    ------
    FlowctlError
        It was encrypted under another secret or for another document, or is damaged.
    """
    own = unwrap_key(keys.document_wraps, data_key, _whose(document_id))
    return decrypt_own(own, cipher, _name_of(document_id)).decode()


def _whose(document_id: UUID) -> str:
    return f"document {document_id}"


def _name_of(document_id: UUID) -> str:
    return f"name of document {document_id}"


def _place(document_id: UUID, number: int, *, last: bool) -> str:
    return f"document {document_id} part {number}{' last' if last else ''}"
