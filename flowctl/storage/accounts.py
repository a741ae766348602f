"""Accounts at rest, and what lets their people in; moments are wall time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row, scalar_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account; ``person``, ``post`` and ``agency`` are None where nobody said.

    ``totp_wall_at`` is when the authenticator was proved, from when on its codes are asked for;
    ``totp_step`` the step of the last code taken. ``subject`` is who signs in elsewhere.
    """

    name: str
    role: str
    password_hash: str
    person: str | None
    post: str | None
    agency: str | None
    email: str | None
    subject: str | None
    made_wall_at: datetime
    disabled_wall_at: datetime | None
    totp_cipher: bytes | None
    totp_wall_at: datetime | None
    totp_step: int | None

    @property
    def asks_code(self) -> bool:
        """Whether a password alone does not open it."""
        return self.totp_wall_at is not None

    @property
    def called(self) -> str:
        """Whose it is and the post, as pages say it; the account's name where nobody said."""
        if not self.person:
            return self.name
        return f"{self.person} ({self.post})" if self.post else self.person


_COLUMNS = (
    "name, role, password_hash, person, post, agency, email, subject, made_wall_at,"
    " disabled_wall_at, totp_cipher, totp_wall_at, totp_step"
)


def insert_account(
    conn: Connection, *, name: str, role: str, password_hash: str, person: str, post: str
) -> bool:
    """Enter an account; returns whether the name was free."""
    return bool(
        conn.execute(
            "insert into accounts (name, role, password_hash, person, post)"
            " values (%s, %s, %s, %s, %s) on conflict (name) do nothing",
            [name, role, password_hash, person, post],
        ).rowcount
    )


def update_account(
    conn: Connection,
    name: str,
    *,
    role: str,
    person: str | None,
    post: str | None,
    agency: str | None,
    email: str | None,
) -> None:
    """Change whose an account is and as what; who signs in elsewhere is forgotten with the e-mail.

    Raises
    ------
    psycopg.errors.UniqueViolation
        The e-mail is another account's.
    """
    conn.execute(
        "update accounts set role = %(role)s, person = %(person)s, post = %(post)s,"
        " agency = %(agency)s, email = %(email)s,"
        " subject = case when email is not distinct from %(email)s then subject end"
        " where name = %(name)s",
        {
            "name": name,
            "role": role,
            "person": person,
            "post": post,
            "agency": agency,
            "email": email,
        },
    )


def set_password_hash(conn: Connection, name: str, password_hash: str) -> None:
    """Replace a password."""
    conn.execute("update accounts set password_hash = %s where name = %s", [password_hash, name])


def set_disabled(conn: Connection, name: str, wall_at: datetime | None) -> None:
    """Let an account open no session from a moment on; None lets it again."""
    conn.execute("update accounts set disabled_wall_at = %s where name = %s", [wall_at, name])


def find_account(conn: Connection, name: str, *, locked: bool = False) -> Account | None:
    """Return the account of that name, ``locked`` against changes until the transaction ends."""
    lock = " for update" if locked else ""
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from accounts where name = %s{lock}",  # noqa: S608 - constants
            [name],
        ).fetchone()


def find_account_elsewhere(conn: Connection, *, subject: str, email: str | None) -> Account | None:
    """Return the account of who signed in elsewhere: as known, or by an e-mail not taken so far."""
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from accounts"  # noqa: S608 - constants
            " where subject = %(subject)s or (subject is null and email = %(email)s)"
            " order by subject nulls last limit 1",
            {"subject": subject, "email": email},
        ).fetchone()


def set_subject(conn: Connection, name: str, subject: str) -> None:
    """Remember who signed in elsewhere for an account."""
    conn.execute("update accounts set subject = %s where name = %s", [subject, name])


def list_accounts(conn: Connection) -> list[Account]:
    """Return every account, by name."""
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from accounts order by name"  # noqa: S608 - constants
        ).fetchall()


def lock_administrators(conn: Connection) -> list[str]:
    """Return the administrators who may sign in, and keep that so until the transaction ends."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select name from accounts where role = 'administrator' and disabled_wall_at is null"
            " order by name for update"
        ).fetchall()


def set_totp(conn: Connection, name: str, cipher: bytes | None) -> None:
    """Keep an authenticator's secret that is still to be proved; None takes the former away."""
    conn.execute(
        "update accounts set totp_cipher = %s, totp_wall_at = null, totp_step = null"
        " where name = %s",
        [cipher, name],
    )


def take_step(conn: Connection, name: str, step: int) -> bool:
    """Remember a code's step; False where that or a later one was taken before."""
    return bool(
        conn.execute(
            "update accounts set totp_step = %(step)s"
            " where name = %(name)s and (totp_step is null or totp_step < %(step)s)",
            {"name": name, "step": step},
        ).rowcount
    )


def confirm_totp(conn: Connection, name: str, wall_at: datetime) -> None:
    """Ask for codes from now on."""
    conn.execute("update accounts set totp_wall_at = %s where name = %s", [wall_at, name])


def replace_recovery_codes(conn: Connection, name: str, hashes: Iterable[bytes]) -> None:
    """Keep these recovery codes of an account in place of the former."""
    conn.execute("delete from recovery_codes where account = %s", [name])
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into recovery_codes (account, code_hash) values (%s, %s)",
            [(name, one) for one in hashes],
        )


def spend_recovery_code(conn: Connection, name: str, code_hash: bytes) -> bool:
    """Use a recovery code up; False where the account has none such."""
    return bool(
        conn.execute(
            "delete from recovery_codes where account = %s and code_hash = %s", [name, code_hash]
        ).rowcount
    )


def count_recovery_codes(conn: Connection, name: str) -> int:
    """Return how many recovery codes an account has left."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        found: int | None = cursor.execute(
            "select count(*) from recovery_codes where account = %s", [name]
        ).fetchone()
    if found is None:
        raise RuntimeError("A count has no row.")
    return found
