"""Signed heads at rest: what the world outside may keep and hold the ledger to."""

from datetime import datetime
from typing import Any, LiteralString

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flowctl.errors import ConflictError
from flowctl.ledger.signing import SignedHead, shown, sign
from flowctl.ledger.verify import Reached, find_fault
from flowctl.storage.ledger import find_head, list_sealed
from flowctl.storage.webhooks import HEAD, queue_event

Connection = psycopg.Connection[Any]

_SIGNED: LiteralString = "select site, seq, hash, at, key, signature from ledger_signatures"


def sign_head(
    conn: Connection, site: str, key: Ed25519PrivateKey, *, now: datetime
) -> SignedHead | None:
    """Sign the head of a site's ledger in the caller's transaction, keep it, and let it go out.

    What was recorded since this key's last signature is walked first: a key never signs what does
    not go on from what it signed before. Returns None where nothing was ever recorded; the former
    signature where nothing was since.

    Raises
    ------
    ConflictError
        The ledger does not go on from the last signed head; nothing is signed.
    """
    head = find_head(conn, site)
    if head is None or head.seq == 0:
        return None
    former = _find_newest(conn, site, key.public_key().public_bytes_raw())
    if former is not None and (former.seq, former.hash) == (head.seq, head.hash):
        return former
    after = None if former is None else Reached(former.seq, former.hash)
    rows = list_sealed(conn, site, after=0 if after is None else after.seq)
    # What another transaction adds meanwhile is not of this head.
    fault = find_fault(
        site, (kept for kept in rows if kept.row.seq <= head.seq), head=head, after=after
    )
    if fault is not None:
        raise ConflictError(f"The ledger of {site} is not signed. {fault.sentence}")
    signed = sign(head, key, now=now)
    conn.execute(
        "insert into ledger_signatures (site, seq, hash, at, key, signature)"
        " values (%s, %s, %s, %s, %s, %s)",
        [site, signed.seq, signed.hash, signed.at, signed.key, signed.signature],
    )
    queue_event(conn, site, HEAD, shown(signed), now=now)
    return signed


def _find_newest(conn: Connection, site: str, key: bytes) -> SignedHead | None:
    row = conn.execute(
        _SIGNED + " where site = %s and key = %s order by seq desc limit 1", [site, key]
    ).fetchone()
    return None if row is None else SignedHead(*row)


def find_signed_head(conn: Connection, site: str) -> SignedHead | None:
    """Return the head of a site that was signed last, or None where none ever was."""
    row = conn.execute(
        _SIGNED + " where site = %s order by at desc, seq desc limit 1", [site]
    ).fetchone()
    return None if row is None else SignedHead(*row)


def list_signed_heads(
    conn: Connection, site: str, *, since: datetime | None = None, limit: int | None = None
) -> list[SignedHead]:
    """Return the heads signed at ``since`` or later, the first ``limit`` of them in order."""
    rows = conn.execute(
        _SIGNED + " where site = %s and at >= coalesce(%s, '-infinity'::timestamptz)"
        " order by at, seq limit %s",
        [site, since, limit],
    ).fetchall()
    return [SignedHead(*row) for row in rows]
