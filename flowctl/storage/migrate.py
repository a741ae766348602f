"""The schema, brought to its newest revision; and which versions of the code a schema is fit for.

A revision adds: what the version before it reads and writes stays. One that takes something away
says ``contracts = True`` and comes with a later release than the code that needs it no more. So
each release runs on its own schema and on the next one's, and two releases side by side.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql
from psycopg.rows import TupleRow
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from flowctl.errors import ConflictError, UnavailableError
from flowctl.storage.roles import hand_over, make_role, refuse_without_owner, user_of

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x666C6F77  # "flow"
_LOCK_WAIT = "5s"
"""So long a revision waits for who reads or writes a table; others queue up behind it."""
_ADDS_SINCE = "0033"
"""Revisions before this one are those of one release, and may have taken something away."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """What keeps this version from a database's schema, and the command that mends it."""

    said: str
    mend: str

    def __str__(self) -> str:
        """Return both as a sentence."""
        return f"{self.said}; run: {self.mend}"


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
        The role that migrates may not do so, or somebody holds a table for longer than it waits.
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
        conn.execute("select set_config('lock_timeout', %s, true)", [_LOCK_WAIT])
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise
            raise ConflictError(
                f"Somebody holds a table for longer than {_LOCK_WAIT}, and nothing was changed: a"
                " gate must not wait behind a migration. Run it again when long reports and backups"
                " are done; flowctl doctor names long transactions."
            ) from error
        _say_least(conn)
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


def describe_misfit(conn: psycopg.Connection[Any]) -> Misfit | None:
    """Return what keeps this version from working on a database's schema; None: nothing does."""
    revision, head = find_revision(conn), head_revision()
    if revision is None or revision < head:
        at = f"The schema is at revision {revision or 'none'}, and this version needs {head}"
        return Misfit(at, "flowctl migrate")
    row = conn.execute("select obj_description('alembic_version'::regclass)").fetchone()
    least = re.search(r"\d{4}", (row and row[0]) or "")
    if least is not None and least.group() > head:
        at = (
            f"The schema is at revision {revision}, which is for versions that know {least.group()}"
        )
        return Misfit(f"{at}; this one knows {head}", "the newer version of flowctl")
    return None


def refuse_misfit(database_url: str) -> None:
    """Raise a FlowctlError where this version must not work on a database.

    One that is away is left to whoever waits for it.
    """
    try:
        with psycopg.connect(database_url) as conn:
            misfit = describe_misfit(conn)
    except psycopg.OperationalError:
        return
    if misfit is not None:
        raise ConflictError(f"{misfit}.")


def list_contracting() -> list[str]:
    """Return the revisions that take something away which versions before them need."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return sorted(
        one.revision
        for one in scripts
        if getattr(one.module, "contracts", one.revision < _ADDS_SINCE)
    )


def _say_least(conn: psycopg.Connection[TupleRow]) -> None:
    """Write down for other versions which revision they must know, where that is news."""
    said = f"For versions of flowctl that know revision {list_contracting()[-1]}."
    row = conn.execute("select obj_description('alembic_version'::regclass)").fetchone()
    if row != (said,):
        conn.execute(sql.SQL("comment on table alembic_version is {}").format(sql.Literal(said)))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _connect(database_url: str) -> psycopg.Connection[TupleRow]:
    try:
        return psycopg.connect(database_url)
    except psycopg.OperationalError as error:
        raise UnavailableError(f"The database does not answer: {error}") from error
