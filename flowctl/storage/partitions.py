"""What the database server can do for time series, and the daily partitions where it can do little.

Apart from the migrations, so that processes that only store need not load those.
"""

from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

Connection = psycopg.Connection[TupleRow]

_PARTITION_LOCK = 0x66697865  # "fixe"
_NAME = "fixes_%Y_%m_%d"
_DAY = timedelta(days=1)
DROP_WAIT = "1s"
"""How long dropping waits for those who read or write; they would queue up behind it."""


class Capability(IntEnum):
    """What the database server can do for time series; each level includes the one before."""

    POSTGRESQL = 0
    """Fixes in one partition a day, made ahead by :func:`ensure_fix_partitions`."""
    TIMESCALEDB_APACHE = 1
    """A hypertable, old chunks dropped by ``drop_chunks``."""
    TIMESCALEDB_COMMUNITY = 2
    """Columnstore compression, continuous aggregates, retention policies."""


_SENTENCES = {
    Capability.POSTGRESQL: "PostgreSQL alone: fixes lie in a partition a day.",
    Capability.TIMESCALEDB_APACHE: "TimescaleDB, Apache edition: fixes lie in a hypertable.",
    Capability.TIMESCALEDB_COMMUNITY: (
        "TimescaleDB, Community edition: fixes lie in a hypertable, old ones compressed,"
        " and the flow of zones is summed ahead."
    ),
}


def capability(conn: Connection) -> Capability:
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


def tables_level(conn: Connection) -> Capability:
    """Return the level the tables were made for, which a server that changes later does not change.

    The database must be migrated.
    """
    if _is_partitioned(conn):
        return Capability.POSTGRESQL
    row = conn.execute(
        "select compression_enabled from timescaledb_information.hypertables"
        " where hypertable_name = 'fixes'"
    ).fetchone()
    compressed = row is not None and row[0]
    return Capability.TIMESCALEDB_COMMUNITY if compressed else Capability.TIMESCALEDB_APACHE


def describe_level(conn: Connection) -> str:
    """Return a sentence about where telemetry is stored, for whoever starts a process."""
    made_for, offered = tables_level(conn), capability(conn)
    sentence = _SENTENCES[made_for]
    if offered <= made_for:
        return sentence
    return f"{sentence} The server could do more; a new database with this one's rows would use it."


def ensure_fix_partitions(conn: Connection, start: date, end: date) -> tuple[date, ...]:
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


def drop_fixes_before(conn: Connection, cutoff: datetime) -> int:
    """Drop the UTC days of fixes that end at ``cutoff`` or earlier; a day that reaches past stays.

    Alike on every level. Each day goes in a transaction of its own unless the caller has one.

    Returns
    -------
    int
        How many days were dropped.

    Raises
    ------
    psycopg.errors.LockNotAvailable
        Somebody held a day for longer than `DROP_WAIT`; what was dropped before stays dropped.
    """
    if not _is_partitioned(conn):
        return _drop_chunks(conn, cutoff)
    old = [day for day in _list_days(conn) if _opens(day + _DAY) <= cutoff]
    for day in old:
        with conn.transaction():
            _wait_briefly(conn)
            conn.execute(sql.SQL("drop table if exists {}").format(_partition(day)))
    return len(old)


def _drop_chunks(conn: Connection, cutoff: datetime) -> int:
    with conn.transaction():
        _wait_briefly(conn)
        gone = conn.execute("select drop_chunks('fixes', older_than => %s)", [cutoff]).fetchall()
    return len(gone)


def _wait_briefly(conn: Connection) -> None:
    conn.execute("select set_config('lock_timeout', %s, true)", [DROP_WAIT])


def _is_partitioned(conn: Connection) -> bool:
    kind = conn.execute("select relkind from pg_class where oid = 'fixes'::regclass").fetchone()
    return kind is not None and kind[0] == "p"


def _list_days(conn: Connection) -> list[date]:
    """Return the days that have a partition, in order."""
    there = conn.execute(
        "select relname from pg_inherits join pg_class on pg_class.oid = inhrelid"
        " where inhparent = 'fixes'::regclass order by relname"
    ).fetchall()
    return [datetime.strptime(name, _NAME).replace(tzinfo=UTC).date() for (name,) in there]


def _list_missing_days(conn: Connection, start: date, end: date) -> tuple[date, ...]:
    if not _is_partitioned(conn):
        return ()
    there = set(_list_days(conn))
    days = [start + n * _DAY for n in range((end - start).days + 1)]
    return tuple(day for day in days if day not in there)


def _partition(day: date) -> sql.Identifier:
    return sql.Identifier(day.strftime(_NAME))


def _opens(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _make_partition(conn: Connection, day: date) -> None:
    name = _partition(day)
    # CREATE … PARTITION OF would lock the whole table against readers; ATTACH does not.
    conn.execute(sql.SQL("create table {} (like fixes including all)").format(name))
    conn.execute(
        sql.SQL("alter table fixes attach partition {} for values from ({}) to ({})").format(
            name, sql.Literal(_opens(day)), sql.Literal(_opens(day + _DAY))
        )
    )
