"""Heads that are signed, so that the world outside can hold the ledger to them.

What is signed (Ed25519, RFC 8032) is the JSON object of the head by RFC 8785:
``{"at":…,"hash":…,"key":…,"seq":…,"site":…}``, hash and public key in hexadecimal.
"""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from flowctl.errors import FlowctlError
from flowctl.ledger.chain import Head
from flowctl.ledger.codes import code_of


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with the moment it was signed at, the public key (32 bytes) and signature (64)."""

    site: str
    seq: int
    hash: bytes
    at: datetime
    key: bytes
    signature: bytes

    def is_genuine(self) -> bool:
        """Tell whether the signature is the key's, of just these values."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(self.signature, _statement(self))
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class ShownHead:
    """A signed head as JSON, as the API shows it and a file may keep it; ``code`` is for people."""

    at: datetime
    hash: str
    key: str
    seq: int
    signature: str
    site: str
    code: str = ""


def shown(head: SignedHead) -> ShownHead:
    """Return a signed head as it is shown."""
    return ShownHead(
        at=head.at,
        hash=head.hash.hex(),
        key=head.key.hex(),
        seq=head.seq,
        signature=head.signature.hex(),
        site=head.site,
        code=code_of(head.hash),
    )


def read_signed(text: bytes, *, where: str) -> SignedHead:
    """Return the signed head that a JSON object holds; more in it than that does not matter.

    Raises
    ------
    FlowctlError
        It holds none, or its signature is not that of its key.
    """
    try:
        said = msgspec.json.decode(text, type=ShownHead)
        head = SignedHead(
            said.site,
            said.seq,
            bytes.fromhex(said.hash),
            said.at,
            bytes.fromhex(said.key),
            bytes.fromhex(said.signature),
        )
    except (msgspec.DecodeError, ValueError) as error:
        raise FlowctlError(
            f"{where} holds no signed head of a ledger ({error}); give what GET /v1/ledger/head"
            " answered."
        ) from error
    if not head.is_genuine():
        raise FlowctlError(
            f"The head in {where} does not bear its key's signature: it is not as it was signed."
        )
    return head


def sign(head: Head, key: Ed25519PrivateKey, *, now: datetime) -> SignedHead:
    """Return a head as signed at ``now``."""
    public = key.public_key().public_bytes_raw()
    bare = SignedHead(head.site, head.seq, head.hash, now, public, b"")
    return SignedHead(head.site, head.seq, head.hash, now, public, key.sign(_statement(bare)))


def _statement(head: SignedHead) -> bytes:
    return msgspec.json.encode(
        {
            "at": head.at,
            "hash": head.hash.hex(),
            "key": head.key.hex(),
            "seq": head.seq,
            "site": head.site,
        },
        order="sorted",
    )
