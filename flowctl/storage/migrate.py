"""The schema, brought to its newest revision."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.rows import TupleRow
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from flowctl.errors import UnavailableError

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x666C6F77  # "flow"


def migrate(database_url: str) -> str:
    """Bring the database to the newest revision and return that revision.

    Two processes that migrate at once take turns; the second finds nothing to do.

    Parameters
    ----------
    database_url
        As libpq takes it: ``postgresql://user:password@host:port/name``.

    Raises
    ------
    UnavailableError
        The server cannot be reached.
    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: _connect(database_url),
        poolclass=NullPool,
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({_MIGRATION_LOCK})")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    head = ScriptDirectory.from_config(config).get_current_head()
    if head is None:
        raise RuntimeError(f"There is no revision in {_MIGRATIONS}.")
    return head


def _connect(database_url: str) -> psycopg.Connection[TupleRow]:
    try:
        return psycopg.connect(database_url)
    except psycopg.OperationalError as error:
        raise UnavailableError(f"The database does not answer: {error}") from error
