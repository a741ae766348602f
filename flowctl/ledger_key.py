"""The private key of the ledger, in a file of its own: it signs heads, and opens nothing else."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flowctl.errors import ConflictError, FlowctlError
from flowctl.storage.ledger_heads import sign_head

SIGNED_EVERY = timedelta(hours=1)
_SEED_BYTES = 32
_PUBLIC = re.compile(r"[0-9a-fA-F]{64}")
_log = structlog.get_logger()


def make_key(path: Path) -> Ed25519PrivateKey:
    """Make a key and keep it in a file of its own, which only its owner may read.

    Raises
    ------
    ConflictError
        There is such a file: a key is never overwritten.
    """
    key = Ed25519PrivateKey.generate()
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise ConflictError(
            f"{path} is there already, and a key is not overwritten; name another file."
        ) from None
    path.write_text(key.private_bytes_raw().hex() + "\n")
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """Return the key of a file.

    Raises
    ------
    FlowctlError
        The file is not there, or holds no key.
    """
    try:
        seed = bytes.fromhex(path.read_text().strip())
    except OSError as error:
        raise FlowctlError(
            f"The key of the ledger cannot be read from {path}: {error.strerror}; make one with:"
            f" flowctl ledger key {path}"
        ) from error
    except ValueError:
        seed = b""
    if len(seed) != _SEED_BYTES:
        raise FlowctlError(
            f"{path} holds no key: 64 hexadecimal digits are expected; make one with:"
            f" flowctl ledger key {path}"
        )
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_key(given: str | None, file: Path | None) -> bytes | None:
    """Return the key that was ``given`` in hexadecimals, else that of the site's own ``file``.

    Raises
    ------
    FlowctlError
        What was given is no key, or the file holds none.
    """
    if given is not None:
        if not _PUBLIC.fullmatch(given.strip()):
            raise FlowctlError(
                f"--key {given!r} is no public key: 64 hexadecimal digits are expected, as"
                " flowctl ledger key printed them when the key was made."
            )
        return bytes.fromhex(given)
    return None if file is None else read_key(file).public_key().public_bytes_raw()


@dataclass(slots=True)
class Signing:
    """Signs the ledger's head every hour, where there is a key."""

    key: Ed25519PrivateKey | None
    due_at: datetime | None = None

    def step(self, conn: psycopg.Connection[Any], site: str, now: datetime) -> None:
        """Sign if it is time; a ledger that does not go on from what was signed is named."""
        # A clock set back signs at once.
        waits = self.due_at is not None and self.due_at - SIGNED_EVERY <= now < self.due_at
        if self.key is None or waits:
            return
        self.due_at = now + SIGNED_EVERY
        try:
            with conn.transaction():
                sign_head(conn, site, self.key, now=now)
        except ConflictError as error:
            _log.error("ledger not signed", reason=str(error))
