"""People with accounts, for the tests."""

from datetime import UTC, datetime
from typing import Any

import psycopg

from flowctl.registry import accounts
from flowctl.registry.accounts import Agency, Person, Role
from flowctl.storage.accounts import Account


def set_account(conn: psycopg.Connection[Any], *, name: str, role: Role, password: str) -> Account:
    """Make an account of a person at a post, or give it another password."""
    agency = Agency.CUSTOMS if role is Role.OFFICER else None
    return accounts.set_account(
        conn,
        name=name,
        role=role,
        password=password,
        wall_now=datetime.now(UTC),
        whose=Person("Nguyễn Văn An", "Post of the tests", agency),
    )
