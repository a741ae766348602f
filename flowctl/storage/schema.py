"""Which versions of the code a database's schema is fit for; apart from what migrates it.

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

from flowctl.errors import ConflictError
from flowctl.storage.connections import connect

REVISIONS = Path(__file__).parent / "migrations/versions"
_NUMBER = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Misfit:
    """What keeps this version from a database's schema, and the command that mends it."""

    said: str
    mend: str

    def __str__(self) -> str:
        """Return both as a sentence."""
        return f"{self.said}; run: {self.mend}"


@lru_cache(maxsize=1)
def head_revision() -> str:
    """Return the newest revision that this version of the code knows: the one it is written for."""
    # By the files' names, as every process asks at its start and does without Alembic.
    return max(path.name[:4] for path in REVISIONS.glob("[0-9]*.py"))


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
    least = _NUMBER.search((row and row[0]) or "")
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
        with connect(database_url) as conn:
            misfit = describe_misfit(conn)
    except psycopg.OperationalError:
        return
    if misfit is not None:
        raise ConflictError(f"{misfit}.")
