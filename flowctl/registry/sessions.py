"""Who is signed in: sessions with their limits, which their person and administrators can end.

Tokens are random and stored hashed only; sessions end by the wall clock.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flowctl.registry.accounts import Role, hash_token
from flowctl.storage import sessions as stored
from flowctl.storage.accounts import Account, Connection, find_account
from flowctl.storage.sessions import SessionRecord

_SEEN_EVERY = timedelta(minutes=1)
_KEPT = timedelta(days=1)
"""So long an ended session can still be told from one that never was."""
_LONGEST_BROWSER = 300


@dataclass(frozen=True, slots=True)
class SessionParams:
    """When a session ends by itself.

    Parameters
    ----------
    absolute
        So long after signing in, whatever happens: a shift, with its handover.
    idle
        So long after a page asked for anything last. An open page asks all the time: this ends the
        sessions of pages that were closed, or of machines that were switched off.
    """

    absolute: timedelta
    idle: timedelta


_SHIFT = timedelta(hours=12)
LIMITS: Mapping[Role, SessionParams] = {
    Role.OPERATOR: SessionParams(_SHIFT, timedelta(hours=2)),
    # A tablet at a gate may be without a network for hours.
    Role.OFFICER: SessionParams(_SHIFT, timedelta(hours=6)),
    Role.PLANNER: SessionParams(_SHIFT, timedelta(hours=2)),
    Role.HAULIER: SessionParams(_SHIFT, timedelta(hours=1)),
    Role.ADMINISTRATOR: SessionParams(_SHIFT, timedelta(minutes=30)),
}


class End(StrEnum):
    """Why a session is over, as far as its page must be told."""

    ELSEWHERE = "elsewhere"
    PASSWORD = "password"  # noqa: S105 - not one
    DISABLED = "disabled"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Session:
    """An opened session; ``token`` is what the browser keeps and we do not.

    ``last`` is the one before it, None for the first.
    """

    account: Account
    token: str
    last: SessionRecord | None


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody signed in."""

    account: Account
    session: SessionRecord


def open_session(
    conn: Connection,
    account: Account,
    *,
    address: str | None,
    browser: str | None,
    wall_now: datetime,
    by_other: bool = False,
) -> Session | None:
    """Return a session of an account somebody proved to be theirs.

    None where the account was disabled, or got another password, since it was read.
    """
    now = find_account(conn, account.name, locked=True)
    if now is None or now.disabled_wall_at or now.password_hash != account.password_hash:
        return None
    token = secrets.token_urlsafe(32)
    stored.delete_sessions_before(conn, wall_now - _KEPT)
    last = stored.find_last_session(conn, account.name, wall_now)
    stored.insert_session(
        conn,
        token_hash=hash_token(token),
        account=account.name,
        address=address,
        browser=None if browser is None else _shown(browser),
        by_other=by_other,
        created_wall_at=wall_now,
        expires_wall_at=wall_now + LIMITS[Role(account.role)].absolute,
    )
    return Session(now, token, last)


def find_present(conn: Connection, token: str, *, wall_now: datetime) -> Present | End | None:
    """Return who holds a session's token, why it is over, or None where it is nobody's."""
    session = stored.find_session(conn, hash_token(token))
    if session is None or session.ended_why == "left":
        return None
    if session.ended_why is not None:
        return _ENDS[session.ended_why]
    account = find_account(conn, session.account)
    if account is None:
        return None
    if account.disabled_wall_at is not None:
        return End.DISABLED
    idle = LIMITS[Role(account.role)].idle
    if wall_now >= session.expires_wall_at or wall_now - session.seen_wall_at >= idle:
        return End.TIME
    if wall_now - session.seen_wall_at >= _SEEN_EVERY:
        stored.see_session(conn, session.id, wall_now)
    return Present(account, session)


def leave(conn: Connection, token: str, *, wall_now: datetime) -> str | None:
    """End the session of a token as its own person does; returns whose it was, if open."""
    session = stored.find_session(conn, hash_token(token))
    if session is None or session.ended_wall_at is not None:
        return None
    stored.end_session(conn, session.id, why="left", wall_at=wall_now)
    return session.account


def list_open(conn: Connection, account: Account, *, wall_now: datetime) -> list[SessionRecord]:
    """Return the sessions of an account that are open, the newest first."""
    idle = LIMITS[Role(account.role)].idle
    found = stored.list_open_sessions(conn, account.name, wall_now=wall_now)
    return [one for one in found if wall_now - one.seen_wall_at < idle]


def _shown(browser: str) -> str:
    return "".join(letter for letter in browser if letter.isprintable())[:_LONGEST_BROWSER]


_ENDS = {"ended": End.ELSEWHERE, "password": End.PASSWORD, "disabled": End.DISABLED}
