"""What the database server can do for time series, and the daily partitions where it can do little.

Apart from the migrations, so that processes that only store need not load those.
"""

from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

_PARTITION_LOCK = 0x66697865  # "fixe"


class Capability(IntEnum):
    """What the database server can do for time series; each level includes the one before."""

    POSTGRESQL = 0
    """Fixes in one partition a day, made ahead by :func:`ensure_fix_partitions`."""
    TIMESCALEDB_APACHE = 1
    """A hypertable, old chunks dropped by ``drop_chunks``."""
    TIMESCALEDB_COMMUNITY = 2
    """Columnstore compression, continuous aggregates, retention policies."""


def capability(conn: psycopg.Connection[TupleRow]) -> Capability:
    """Return what the server of this database can do, asked of the server itself."""
    row = conn.execute(
        "select current_setting('timescaledb.license', true)"
        " from pg_extension where extname = 'timescaledb'"
    ).fetchone()
    if row is None:
        return Capability.POSTGRESQL
    return (
        Capability.TIMESCALEDB_COMMUNITY if row[0] == "timescale" else Capability.TIMESCALEDB_APACHE
    )


def ensure_fix_partitions(
    conn: psycopg.Connection[TupleRow], start: date, end: date
) -> tuple[date, ...]:
    """Make the partitions of ``fixes`` that are missing; on a hypertable there is nothing to make.

    Runs in the caller's transaction. Several processes may ask at once: they take turns, and
    readers and writers of the table go on meanwhile.

    Parameters
    ----------
    start, end
        First and last UTC day, both included.

    Returns
    -------
    tuple[date, ...]
        The days that were made now.
    """
    missing = _list_missing_days(conn, start, end)
    if not missing:
        return ()
    conn.execute("select pg_advisory_xact_lock(%s)", (_PARTITION_LOCK,))
    missing = _list_missing_days(conn, start, end)
    for day in missing:
        _make_partition(conn, day)
    return missing


def _partition_name(day: date) -> str:
    return f"fixes_{day:%Y_%m_%d}"


def _list_missing_days(
    conn: psycopg.Connection[TupleRow], start: date, end: date
) -> tuple[date, ...]:
    kind = conn.execute("select relkind from pg_class where oid = 'fixes'::regclass").fetchone()
    if kind is None or kind[0] != "p":
        return ()
    there = conn.execute(
        "select relname from pg_inherits join pg_class on pg_class.oid = inhrelid"
        " where inhparent = 'fixes'::regclass"
    ).fetchall()
    names = {name for (name,) in there}
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    return tuple(day for day in days if _partition_name(day) not in names)


def _make_partition(conn: psycopg.Connection[TupleRow], day: date) -> None:
    opens = datetime.combine(day, time(), UTC)
    name = sql.Identifier(_partition_name(day))
    # CREATE … PARTITION OF would lock the whole table against readers; ATTACH does not.
    conn.execute(sql.SQL("create table {} (like fixes including all)").format(name))
    conn.execute(
        sql.SQL("alter table fixes attach partition {} for values from ({}) to ({})").format(
            name, sql.Literal(opens), sql.Literal(opens + timedelta(days=1))
        )
    )
