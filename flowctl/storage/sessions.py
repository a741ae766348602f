"""Sessions at rest; moments are wall time. A session is kept a while after its end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row, scalar_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session: whose, from where, since when; ``ended_why``: left, ended, password, disabled."""

    id: UUID
    account: str
    address: str | None
    browser: str | None
    by_other: bool
    created_wall_at: datetime
    seen_wall_at: datetime
    expires_wall_at: datetime
    ended_wall_at: datetime | None
    ended_why: str | None


_COLUMNS = (
    "id, account, host(address) as address, browser, by_other, created_wall_at, seen_wall_at,"
    " expires_wall_at, ended_wall_at, ended_why"
)


def insert_session(
    conn: Connection,
    *,
    token_hash: bytes,
    account: str,
    address: str | None,
    browser: str | None,
    by_other: bool,
    created_wall_at: datetime,
    expires_wall_at: datetime,
) -> None:
    """Enter a session."""
    conn.execute(
        "insert into sessions (token_hash, account, address, browser, by_other, created_wall_at,"
        " seen_wall_at, expires_wall_at)"
        " values (%(token)s, %(account)s, %(address)s, %(browser)s, %(by_other)s, %(at)s, %(at)s,"
        " %(until)s)",
        {
            "token": token_hash,
            "account": account,
            "address": address,
            "browser": browser,
            "by_other": by_other,
            "at": created_wall_at,
            "until": expires_wall_at,
        },
    )


def find_session(conn: Connection, token_hash: bytes) -> SessionRecord | None:
    """Return the session of this token, open or not."""
    with conn.cursor(row_factory=class_row(SessionRecord)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from sessions where token_hash = %s",  # noqa: S608 - constants
            [token_hash],
        ).fetchone()


def find_last_session(conn: Connection, account: str, before: datetime) -> SessionRecord | None:
    """Return the session that an account opened last before a moment, as far as one is kept."""
    with conn.cursor(row_factory=class_row(SessionRecord)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from sessions"  # noqa: S608 - constants
            " where account = %s and created_wall_at < %s order by created_wall_at desc limit 1",
            [account, before],
        ).fetchone()


def list_open_sessions(
    conn: Connection, account: str, *, wall_now: datetime
) -> list[SessionRecord]:
    """Return an account's sessions that have neither ended nor expired, the newest first."""
    with conn.cursor(row_factory=class_row(SessionRecord)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from sessions"  # noqa: S608 - constants
            " where account = %s and ended_wall_at is null and expires_wall_at > %s"
            " order by created_wall_at desc",
            [account, wall_now],
        ).fetchall()


def see_session(conn: Connection, session_id: UUID, wall_at: datetime) -> None:
    """Note that a session was used."""
    conn.execute("update sessions set seen_wall_at = %s where id = %s", [wall_at, session_id])


def find_session_account(conn: Connection, session_id: UUID) -> str | None:
    """Return whose a session is that has not ended."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select account from sessions where id = %s and ended_wall_at is null", [session_id]
        ).fetchone()


def end_session(conn: Connection, session_id: UUID, *, why: str, wall_at: datetime) -> None:
    """End a session, unless it has ended."""
    conn.execute(
        "update sessions set ended_wall_at = %s, ended_why = %s"
        " where id = %s and ended_wall_at is null",
        [wall_at, why, session_id],
    )


def end_sessions_of(
    conn: Connection, account: str, *, why: str, wall_at: datetime, but: UUID | None = None
) -> int:
    """End the sessions of an account, but for one; returns how many."""
    return conn.execute(
        "update sessions set ended_wall_at = %(at)s, ended_why = %(why)s"
        " where account = %(account)s and ended_wall_at is null and expires_wall_at > %(at)s"
        "  and id is distinct from %(but)s",
        {"at": wall_at, "why": why, "account": account, "but": but},
    ).rowcount


def find_last_end(conn: Connection) -> datetime | None:
    """Return when a session was ended last, which tells those who watch to ask for theirs."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute("select max(ended_wall_at) from sessions").fetchone()


def delete_sessions_before(conn: Connection, wall_at: datetime) -> None:
    """Forget sessions that expired before a moment; each account's newest stays to be shown."""
    conn.execute(
        "delete from sessions s where expires_wall_at < %s and exists (select from sessions o"
        " where o.account = s.account and o.created_wall_at > s.created_wall_at)",
        [wall_at],
    )
