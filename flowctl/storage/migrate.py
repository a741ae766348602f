"""The schema, brought to its newest revision."""

from pathlib import Path

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
from flowctl.storage.schema import describe_misfit, find_revision, head_revision

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x666C6F77  # "flow"
_LOCK_WAIT = "5s"
"""So long a revision waits for who reads or writes a table; others queue up behind it."""
_ADDS_SINCE = "0033"
"""Revisions before this one are those of one release, and may have taken something away."""


def migrate(database_url: str, owner_url: str | None = None) -> str:
    """Bring the database to the newest revision and return that revision.

    Two processes that migrate at once take turns; the second finds nothing to do. So does a version
    that was taken back, where the newer one's schema is fit for both.

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
            revision = _upgrade(conn, config)
            if two_roles:
                make_role(conn, database_url)
                hand_over(conn, user_of(database_url))
        except (OperationalError, psycopg.errors.LockNotAvailable) as error:
            if not isinstance(getattr(error, "orig", error), psycopg.errors.LockNotAvailable):
                raise
            raise ConflictError(
                f"Somebody holds a table for longer than {_LOCK_WAIT}, and nothing was changed: a"
                " gate must not wait behind a migration. Run it again when long reports and backups"
                " are done; flowctl doctor names long transactions."
            ) from error
    return revision


def _upgrade(conn: psycopg.Connection[TupleRow], config: Config) -> str:
    """Make what is missing, and return the revision; a newer one that is fit for us stays."""
    revision = find_revision(conn)
    if revision is not None and revision > head_revision():
        misfit = describe_misfit(conn)
        if misfit is not None:
            raise ConflictError(f"{misfit}.")
        return revision
    command.upgrade(config, "head")
    _say_least(conn)
    return head_revision()


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
