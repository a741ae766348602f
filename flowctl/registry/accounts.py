"""Which people may come in: accounts with passwords, and their sessions.

Tokens are random and stored hashed only; sessions end by the wall clock.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from pwdlib import PasswordHash

from flowctl.errors import FlowctlError
from flowctl.storage import accounts as stored
from flowctl.storage.accounts import Connection

SESSION_LASTS = timedelta(hours=12)  # a shift, with its handover
_LEAST_PASSWORD = 10
_LONGEST_PASSWORD = 200  # hashing is dear: nobody may send a book


class Role(StrEnum):
    """What somebody is; ``MACHINE`` is a source of positions and events with its token."""

    OPERATOR = "operator"
    OFFICER = "officer"
    PLANNER = "planner"
    HAULIER = "haulier"
    ADMINISTRATOR = "administrator"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Session:
    """An opened session; ``token`` is what the browser keeps and we do not."""

    account: str
    role: Role
    token: str


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@lru_cache(maxsize=1)
def _nobody() -> str:
    """Return a hash to check against where there is no account, so that both take as long."""
    return _hasher().hash(secrets.token_hex())


def hash_token(token: str) -> bytes:
    """Return what is stored of a token; it is random, so that a plain SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


def set_account(conn: Connection, *, name: str, role: Role, password: str) -> None:
    """Make an account, or give it this role and password and end its sessions.

    Raises
    ------
    FlowctlError
        A name that is empty, a machine's role, or a password that is too short.
    """
    if not name.strip() or role is Role.MACHINE:
        raise FlowctlError("An account needs a name and a person's role.")
    if not _LEAST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise FlowctlError(
            f"The password of {name} must have {_LEAST_PASSWORD} to {_LONGEST_PASSWORD} characters."
        )
    stored.upsert_account(conn, name=name, role=role, password_hash=_hasher().hash(password))
    stored.delete_sessions_of(conn, name)


def open_session(
    conn: Connection, *, name: str, password: str, wall_now: datetime
) -> Session | None:
    """Return a session where name and password are right, else None."""
    account = stored.find_account(conn, name)
    password_hash = _nobody() if account is None else account.password_hash
    right, renewed = _hasher().verify_and_update(password[:_LONGEST_PASSWORD], password_hash)
    if account is None or not right:
        return None
    if renewed is not None:
        stored.upsert_account(conn, name=name, role=account.role, password_hash=renewed)
    token = secrets.token_urlsafe(32)
    stored.delete_expired_sessions(conn, wall_now)
    stored.insert_session(
        conn,
        token_hash=hash_token(token),
        account=name,
        created_wall_at=wall_now,
        expires_wall_at=wall_now + SESSION_LASTS,
    )
    return Session(name, Role(account.role), token)
