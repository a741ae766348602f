"""Which people may come in: accounts with passwords, each of one person at one post.

Whoever signs in acts in that person's name, so that an account is shared by nobody: its person is
shown who was in last, and where else it is open (`flowctl.registry.sessions`).
"""

import hashlib
import re
import secrets
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

import psycopg
from pwdlib import PasswordHash

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.storage import accounts as stored
from flowctl.storage.accounts import Account, Connection
from flowctl.storage.sessions import end_sessions_of

_LEAST_PASSWORD = 10
_LONGEST_PASSWORD = 200  # hashing is dear: nobody may send a book
_LONGEST_NAME = 40
_NAME = re.compile(rf"[\w.@-]([\w.@ -]{{0,{_LONGEST_NAME - 2}}}[\w.@-])?")
"""Without a colon, by which the log of acts tells sources from accounts."""
_LONGEST_TEXT = 80
_LONGEST_EMAIL = 254
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class Role(StrEnum):
    """What somebody is; ``MACHINE`` is a source of positions and events with its token."""

    OPERATOR = "operator"
    OFFICER = "officer"
    PLANNER = "planner"
    HAULIER = "haulier"
    ADMINISTRATOR = "administrator"
    MACHINE = "machine"


class Agency(StrEnum):
    """Whose officer somebody is."""

    CUSTOMS = "customs"
    BORDER_GUARD = "border_guard"
    PLANT_QUARANTINE = "plant_quarantine"
    HEALTH_QUARANTINE = "health_quarantine"
    TAX = "tax"


@dataclass(frozen=True, slots=True)
class Person:
    """Whose an account is: full name, post, an officer's agency, the e-mail of a sign-in elsewhere.

    None leaves what an account says already.
    """

    person: str | None = None
    post: str | None = None
    agency: Agency | None = None
    email: str | None = None


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


def hash_password(password: str) -> str:
    """Return what is stored of a password. Takes a tenth of a second: hold no connection.

    Raises
    ------
    FlowctlError
        It is too short or too long.
    """
    if not _LEAST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise FlowctlError(
            f"A password must have {_LEAST_PASSWORD} to {_LONGEST_PASSWORD} characters.",
            kind="password_length",
            values={"least": _LEAST_PASSWORD, "most": _LONGEST_PASSWORD},
        )
    return _hasher().hash(password)


def is_password(password: str, account: Account | None) -> bool:
    """Tell whether a password is an account's, as slowly where there is no account.

    Takes a tenth of a second: hold no connection.
    """
    password_hash = _nobody() if account is None else account.password_hash
    right = _hasher().verify(password[:_LONGEST_PASSWORD], password_hash)
    return right and account is not None


def get_account(conn: Connection, name: str, *, locked: bool = False) -> Account:
    """Return the account of a name.

    Raises
    ------
    NotFoundError
        There is none.
    """
    found = stored.find_account(conn, name, locked=locked)
    if found is None:
        raise NotFoundError(
            f"There is no account {name[:_LONGEST_NAME]!r}.",
            kind="no_account",
            values={"account": name[:_LONGEST_NAME]},
        )
    return found


def make_account(
    conn: Connection,
    *,
    name: str,
    role: Role,
    password_hash: str,
    whose: Person,
    wall_now: datetime,
) -> Account:
    """Make an account and return it.

    Raises
    ------
    FlowctlError
        A name that cannot be, a machine's role, or a person of whom something lacks.
    ConflictError
        There is an account of that name, or with that e-mail.
    """
    if role is Role.MACHINE or not _NAME.fullmatch(name):
        raise FlowctlError(
            f"An account needs a person's role and a name of 1 to {_LONGEST_NAME} letters, digits,"
            " dots, hyphens, underscores and @.",
            kind="account_name",
            values={"most": _LONGEST_NAME},
        )
    if not (whose.person or "").strip() or not (whose.post or "").strip():
        raise FlowctlError(
            f"The account {name} belongs to one person at one post: name both, as in"
            " --person 'Nguyễn Văn An' --post 'Yard Bảo Nguyên, shift lead'.",
            kind="account_person",
        )
    made = stored.insert_account(
        conn,
        name=name,
        role=role,
        password_hash=password_hash,
        person=_text("name of the person", whose.person) or "",
        post=_text("post", whose.post) or "",
    )
    if not made:
        raise ConflictError(
            f"There is an account {name} already; choose another name.",
            kind="account_taken",
            values={"account": name},
        )
    return change_account(conn, name, role=role, whose=whose, wall_now=wall_now)


def change_account(
    conn: Connection,
    name: str,
    *,
    wall_now: datetime,
    role: Role | None = None,
    whose: Person | None = None,
) -> Account:
    """Say anew whose an account is or as what, and return it; None leaves what stands.

    Another role ends its sessions: a page that was open would offer what it may no longer do.

    Raises
    ------
    NotFoundError
        There is no such account.
    FlowctlError
        An officer without an agency, an agency of somebody else, or a text that cannot be.
    ConflictError
        Nobody would be left who administrates, or the e-mail is another account's.
    """
    before = get_account(conn, name, locked=True)
    wish = whose or Person()
    new_role = Role(before.role) if role is None else role
    if new_role is Role.MACHINE:
        raise FlowctlError(
            "An account has a person's role; machines have sources and their keys.",
            kind="account_role",
        )
    if new_role is not Role.ADMINISTRATOR:
        _keep_an_administrator(conn, before)
    agency = None if new_role is not Role.OFFICER else wish.agency or before.agency
    if new_role is Role.OFFICER and agency is None:
        raise FlowctlError(
            f"An officer's account names the agency: one of {', '.join(Agency)}.",
            kind="officer_agency",
        )
    if new_role is not Role.OFFICER and wish.agency is not None:
        raise FlowctlError(
            f"Only an officer has an agency; {name} is {new_role}.", kind="agency_officer"
        )
    after = replace(
        before,
        role=new_role,
        agency=agency,
        person=_text("name of the person", wish.person) or before.person,
        post=_text("post", wish.post) or before.post,
        email=before.email if wish.email is None else _email(wish.email),
    )
    try:
        with conn.transaction():
            stored.update_account(
                conn,
                name,
                role=after.role,
                person=after.person,
                post=after.post,
                agency=after.agency,
                email=after.email,
            )
    except psycopg.errors.UniqueViolation as error:
        raise ConflictError(
            "Another account has this e-mail; each belongs to one.", kind="email_taken"
        ) from error
    if after.role != before.role:
        end_sessions_of(conn, name, why="ended", wall_at=wall_now)
    return after


def set_password(conn: Connection, name: str, password_hash: str, *, wall_now: datetime) -> None:
    """Give an account another password, which ends its sessions.

    Raises
    ------
    NotFoundError
        There is no such account.
    """
    get_account(conn, name, locked=True)
    stored.set_password_hash(conn, name, password_hash)
    end_sessions_of(conn, name, why="password", wall_at=wall_now)


def set_account(
    conn: Connection,
    *,
    name: str,
    role: Role,
    password: str,
    wall_now: datetime,
    whose: Person | None = None,
) -> Account:
    """Make an account, or give it this role and password and end its sessions; returns it.

    Raises
    ------
    FlowctlError
        As `make_account` and `change_account`; or a password that is too short.
    """
    password_hash = hash_password(password)
    if stored.find_account(conn, name) is None:
        return make_account(
            conn,
            name=name,
            role=role,
            password_hash=password_hash,
            whose=whose or Person(),
            wall_now=wall_now,
        )
    set_password(conn, name, password_hash, wall_now=wall_now)
    return change_account(conn, name, role=role, whose=whose, wall_now=wall_now)


def disable_account(conn: Connection, name: str, *, wall_now: datetime) -> None:
    """Let nobody in by an account any more, and end its sessions.

    Raises
    ------
    NotFoundError
        There is no such account.
    ConflictError
        It is the last one that administrates.
    """
    account = get_account(conn, name, locked=True)
    _keep_an_administrator(conn, account)
    stored.set_disabled(conn, name, wall_now)
    end_sessions_of(conn, name, why="disabled", wall_at=wall_now)


def enable_account(conn: Connection, name: str) -> None:
    """Let an account's person in again.

    Raises
    ------
    NotFoundError
        There is no such account.
    """
    get_account(conn, name, locked=True)
    stored.set_disabled(conn, name, None)


def describe(account: Account) -> dict[str, str | bool | None]:
    """Return an account as the log of acts keeps it: without what is personal."""
    return {
        "role": account.role,
        "post": account.post,
        "agency": account.agency,
        "disabled": account.disabled_wall_at is not None,
        "authenticator": account.asks_code,
    }


def _keep_an_administrator(conn: Connection, account: Account) -> None:
    if account.role == Role.ADMINISTRATOR and stored.lock_administrators(conn) == [account.name]:
        raise ConflictError(
            f"{account.name} is the last administrator; make another one first, or nobody could"
            " let people in any more.",
            kind="last_administrator",
            values={"account": account.name},
        )


def _text(what: str, text: str | None) -> str | None:
    """Return a text as it is kept, None for none."""
    if text is None or not text.strip():
        return None
    plain = unicodedata.normalize("NFC", " ".join(text.split()))
    if len(plain) > _LONGEST_TEXT or not plain.isprintable():
        raise FlowctlError(
            f"The {what} may have {_LONGEST_TEXT} characters, and none that is invisible.",
            kind="text_length",
            values={"most": _LONGEST_TEXT},
        )
    return plain


def _email(text: str) -> str | None:
    plain = text.strip().lower()
    if not plain:
        return None
    if len(plain) > _LONGEST_EMAIL or not _EMAIL.fullmatch(plain):
        raise FlowctlError(f"{plain[:_LONGEST_TEXT]!r} is no e-mail address.", kind="no_email")
    return plain
