"""The schema, brought to its newest revision."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.rows import TupleRow
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from flowctl.errors import UnavailableError
from flowctl.storage.roles import hand_over, make_role, refuse_without_owner, user_of

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x666C6F77  # "flow"


def migrate(database_url: str, owner_url: str | None = None) -> str:
    """Bring the database to the newest revision and return that revision.

    Two processes that migrate at once take turns; the second finds nothing to do.

    Parameters
    ----------
    database_url
        Where the processes connect, as libpq takes it: ``postgresql://user:password@host:port/name``.
    owner_url
        The same database for the role that migrates and keeps the ledger; the processes' role is
        made where there is none, and given everything else. None: there is one role for all.

    Raises
    ------
    UnavailableError
        The server cannot be reached.
    ConflictError
        The role that migrates may not do so.
    """
    two_roles = owner_url is not None and user_of(owner_url) != user_of(database_url)
    address = owner_url if owner_url is not None else database_url
    config = _config()
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: _connect(address),
        poolclass=NullPool,
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({_MIGRATION_LOCK})")
        conn: psycopg.Connection[TupleRow] = connection.connection.driver_connection  # type: ignore[assignment]
        refuse_without_owner(conn)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if two_roles:
            make_role(conn, database_url)
            hand_over(conn, user_of(database_url))
    return head_revision()


@lru_cache(maxsize=1)
def head_revision() -> str:
    """Return the newest revision that this version of the code knows: the one it is written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError(f"There is no revision in {_MIGRATIONS}.")
    return head


def find_revision(conn: psycopg.Connection[Any]) -> str | None:
    """Return the revision a database is at; None: nobody has migrated it."""
    if conn.execute("select to_regclass('alembic_version')").fetchone() == (None,):
        return None
    row = conn.execute("select version_num from alembic_version").fetchone()
    return None if row is None else str(row[0])


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _connect(database_url: str) -> psycopg.Connection[TupleRow]:
    try:
        return psycopg.connect(database_url)
    except psycopg.OperationalError as error:
        raise UnavailableError(f"The database does not answer: {error}") from error
