"""People with accounts, for the tests."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import psycopg
from pwdlib.hashers.argon2 import Argon2Hasher

from flowctl.registry import accounts
from flowctl.registry.accounts import Agency, Person, Role
from flowctl.storage.accounts import Account, find_account


def set_account(
    conn: psycopg.Connection[Any],
    *,
    name: str,
    role: Role,
    password: str,
    person: str = "Nguyễn Văn An",
) -> Account:
    """Make an account of a person at a post, or give it another password."""
    whose = Person(person, "Post of the tests", Agency.CUSTOMS if role is Role.OFFICER else None)
    stored, wall_now = _weak_hash(password), datetime.now(UTC)
    if find_account(conn, name) is None:
        return accounts.make_account(
            conn, name=name, role=role, password_hash=stored, whose=whose, wall_now=wall_now
        )
    accounts.set_password(conn, name, stored, wall_now=wall_now)
    return accounts.change_account(conn, name, role=role, whose=whose, wall_now=wall_now)


@lru_cache
def _weak_hash(password: str) -> str:
    """Return a hash of the kind that is stored, which costs nothing to make or to check.

    A real one is slow on purpose: a quarter of a second for each person who signs in, of whom the
    tests have a thousand.
    """
    return Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)
