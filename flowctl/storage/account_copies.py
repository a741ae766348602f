"""Accounts as another deployment takes them over: with their passwords' hashes, without persons."""

from typing import Any, NamedTuple

import psycopg
from psycopg.rows import args_row

Connection = psycopg.Connection[Any]


class AccountCopy(NamedTuple):
    """What lets somebody sign in elsewhere as who they are here."""

    name: str
    role: str
    password_hash: str
    post: str | None
    agency: str | None


def list_account_copies(conn: Connection) -> list[AccountCopy]:
    """Return the accounts that may sign in, by name; never whose they are."""
    with conn.cursor(row_factory=args_row(AccountCopy)) as cursor:
        return cursor.execute(
            "select name, role, password_hash, post, agency from accounts"
            " where disabled_wall_at is null and password_hash is not null order by name"
        ).fetchall()


def insert_account_copies(conn: Connection, copies: list[AccountCopy]) -> None:
    """Enter accounts into a database that has none; a second factor stays behind."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into accounts (name, role, password_hash, post, agency)"
            " values (%s, %s, %s, %s, %s)",
            copies,
        )
