"""Accounts and sessions at rest; moments are wall time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account."""

    name: str
    role: str
    password_hash: str


def upsert_account(conn: Connection, *, name: str, role: str, password_hash: str) -> None:
    """Enter an account or replace its role and password."""
    conn.execute(
        "insert into accounts (name, role, password_hash) values (%s, %s, %s)"
        " on conflict (name) do update"
        " set role = excluded.role, password_hash = excluded.password_hash",
        [name, role, password_hash],
    )


def find_account(conn: Connection, name: str) -> Account | None:
    """Return the account of that name."""
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(
            "select name, role, password_hash from accounts where name = %s", [name]
        ).fetchone()


def insert_session(
    conn: Connection,
    *,
    token_hash: bytes,
    account: str,
    created_wall_at: datetime,
    expires_wall_at: datetime,
) -> None:
    """Enter a session."""
    conn.execute(
        "insert into sessions (token_hash, account, created_wall_at, expires_wall_at)"
        " values (%s, %s, %s, %s)",
        [token_hash, account, created_wall_at, expires_wall_at],
    )


def find_session(conn: Connection, token_hash: bytes, *, wall_now: datetime) -> Account | None:
    """Return the account whose session is open under this token."""
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(
            "select name, role, password_hash from sessions"
            " join accounts on accounts.name = sessions.account"
            " where token_hash = %s and expires_wall_at > %s",
            [token_hash, wall_now],
        ).fetchone()


def delete_session(conn: Connection, token_hash: bytes) -> None:
    """End a session."""
    conn.execute("delete from sessions where token_hash = %s", [token_hash])


def delete_sessions_of(conn: Connection, account: str) -> None:
    """End all sessions of an account."""
    conn.execute("delete from sessions where account = %s", [account])


def delete_expired_sessions(conn: Connection, wall_now: datetime) -> None:
    """Forget sessions that are over."""
    conn.execute("delete from sessions where expires_wall_at <= %s", [wall_now])
