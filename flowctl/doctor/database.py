"""The database: does it keep what it acknowledges, is it ours, and what would stop it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

from flowctl.doctor.findings import Finding, Looks, good, warning, wrong
from flowctl.doctor.machine import disk
from flowctl.postgres_binaries import LEAST_MAJOR
from flowctl.settings import ReadingSettings
from flowctl.storage.connections import Connection
from flowctl.storage.partitions import Capability, describe_level, tables_level
from flowctl.storage.roles import describe_guard, is_guarded
from flowctl.storage.schema import describe_misfit, find_revision, head_revision

MOST_SKEW_S = 1.0
"""Clocks further apart make trucks come before they left."""
LONG_MIN = 5
_FEW_LEFT = 10
_MINUTES_FROM_S = 120
_OLD_ROWS = 1_000_000_000
"""Transactions since a table was last frozen; at two thousand million PostgreSQL stops."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A database that answers; ``wall_s`` is this machine's clock, seconds since 1970.

    ``conn`` is in autocommit mode.
    """

    conn: Connection
    chosen: ReadingSettings
    wall_s: Callable[[], float]

    def one(self, question: LiteralString, *values: object) -> tuple[Any, ...]:
        """Return the one row of an answer."""
        [row] = self.conn.execute(question, values).fetchall()
        return tuple(row)

    def shown(self, setting: str) -> str:
        """Return a setting of the server; empty where it knows none of this name."""
        [value] = self.one("select current_setting(%s, true)", setting)
        return value or ""


def _version(asked: Asked) -> Iterator[Finding]:
    number = asked.conn.info.server_version
    said = f"PostgreSQL {number // 10000}.{number % 10000}"
    if number // 10000 < LEAST_MAJOR:
        yield wrong(
            "database version", f"{said} is too old.", f"move to PostgreSQL {LEAST_MAJOR} or newer"
        )
    else:
        yield good("database version", f"{said}.")


def _role(asked: Asked) -> Iterator[Finding]:
    [replica] = asked.one("select pg_is_in_recovery()")
    if replica:
        yield wrong(
            "database role",
            "This server is a standby, which takes no writes.",
            "name the primary, or several with ?target_session_attrs=read-write, in"
            " FLOWCTL_DATABASE_URL",
        )


_DURABLE = (
    ("fsync", ("on",), "a power cut may destroy the database"),
    ("full_page_writes", ("on",), "a power cut may destroy pages"),
    (
        "synchronous_commit",
        ("on", "remote_apply", "remote_write", "local"),
        "what was acknowledged is lost by a power cut",
    ),
)


def _durability(asked: Asked) -> Iterator[Finding]:
    for setting, fit, why in _DURABLE:
        value = asked.shown(setting)
        if value in fit:
            yield good(setting, f"{setting} is {value}.")
        else:
            mend = f"alter system set {setting} = 'on'; select pg_reload_conf();"
            yield wrong(setting, f"{setting} is {value}: {why}.", mend)


def _archive(asked: Asked) -> Iterator[Finding]:
    name = "archive of the log"
    if asked.shown("wal_level") == "minimal" or asked.shown("archive_mode") == "off":
        yield warning(
            name,
            "None is kept: after a loss there is the last backup and nothing of after it.",
            "archive_mode = on and an archive_command, see Backup in the README",
        )
        return
    failed, last, age_s = asked.one(
        "select last_failed_time > coalesce(last_archived_time, '-infinity'), last_failed_wal,"
        " extract(epoch from clock_timestamp() - last_archived_time)::float8 from pg_stat_archiver"
    )
    if failed:
        yield wrong(
            name,
            f"The server cannot put {last} into it, and keeps its log until the disk is full.",
            "look at the server's log, and mend archive_command or its target",
        )
    elif age_s is None:
        yield warning(name, "Nothing is in it yet.", "select pg_switch_wal();")
    else:
        yield good(name, f"The server last wrote to it {_ago(age_s)}.")


def _replication(asked: Asked) -> Iterator[Finding]:
    wanted = asked.shown("synchronous_standby_names")
    # Who may not see others' replication sees their rows without what they say.
    count, synchronous = asked.one(
        "select count(*), count(*) filter (where sync_state in ('sync', 'quorum'))"
        " from pg_stat_replication"
    )
    [knows] = asked.one("select pg_has_role('pg_monitor', 'usage')")
    if not wanted:
        yield good("standbys", f"{count} are connected; no commit waits for one.")
    elif synchronous or (count and not knows):
        yield good("standbys", f"{count} are connected, and commits wait for them.")
    else:
        yield wrong(
            "standbys",
            f"Commits wait for a standby ({wanted}), and none is there: nothing is decided.",
            "start it, or: alter system set synchronous_standby_names = ''; select"
            " pg_reload_conf();",
        )


def _connections(asked: Asked) -> Iterator[Finding]:
    used, most = asked.one(
        "select sum(numbackends)::int, current_setting('max_connections')::int"
        " from pg_stat_database"
    )
    said = f"{used} of {most} connections are used."
    if most - used < _FEW_LEFT:
        yield wrong("connections", said, "alter system set max_connections, and restart it")
    elif most - used < most // 5:
        yield warning("connections", said, "alter system set max_connections, and restart it")
    else:
        yield good("connections", said)


def _transactions(asked: Asked) -> Iterator[Finding]:
    rows = asked.conn.execute(
        "select pid, extract(epoch from clock_timestamp() - xact_start)::float8"
        " from pg_stat_activity where backend_type = 'client backend'"
        " and xact_start < clock_timestamp() - make_interval(mins => %s) order by xact_start",
        [LONG_MIN],
    ).fetchall()
    for pid, age_s in rows:
        yield warning(
            "long transactions",
            f"The session {pid} began a transaction {_ago(age_s)}: what it may still see cannot"
            " be cleared away.",
            f"select pg_terminate_backend({pid});",
        )
    [age] = asked.one(
        "select age(datfrozenxid) from pg_database where datname = current_database()"
    )
    if age > _OLD_ROWS:
        yield wrong(
            "frozen rows",
            f"{age:,} transactions since the oldest row was frozen; at 2,000,000,000 it stops.",
            "vacuum freeze, and look why autovacuum does not get to it",
        )
    if not rows:
        yield good("long transactions", f"None is older than {LONG_MIN} minutes.")


def _clock(asked: Asked) -> Iterator[Finding]:
    before = asked.wall_s()
    [theirs] = asked.one("select extract(epoch from clock_timestamp())::float8")
    yield skew("the database", theirs, (before + asked.wall_s()) / 2)


def skew(whose: str, theirs_s: float, ours_s: float) -> Finding:
    """Return how far a clock is from ours."""
    ahead = theirs_s - ours_s
    said = f"The clock of {whose} is {abs(ahead):.2f} s {'ahead of' if ahead > 0 else 'behind'}"
    if abs(ahead) > MOST_SKEW_S:
        mend = "let both machines follow the same time: timedatectl set-ntp true, or chrony"
        return wrong("clocks", f"{said} this machine's.", mend)
    return good("clocks", f"{said} this machine's.")


def _data_disk(asked: Asked) -> Iterator[Finding]:
    [may] = asked.one("select pg_has_role('pg_read_all_settings', 'usage')")
    folder = Path(asked.shown("data_directory")) if may else None
    here = asked.conn.info.hostaddr in {"127.0.0.1", "::1", ""}
    if folder is not None and here and folder.is_dir():
        yield disk("the database's disk", folder)
    [size] = asked.one("select pg_database_size(current_database())")
    yield good("the database's size", f"It takes {size / 1e9:,.2f} GB.")


def _schema(asked: Asked) -> Iterator[Finding]:
    misfit = describe_misfit(asked.conn)
    revision = find_revision(asked.conn)
    if misfit is not None:
        yield wrong("schema", misfit.said, misfit.mend)
    elif revision != head_revision():
        yield warning(
            "schema",
            f"It is at revision {revision}, of a newer version than this one, and fit for both.",
            "finish the upgrade: run the newer version everywhere",
        )
    else:
        yield good("schema", f"It is at revision {revision}, as this version wants it.")


def _level(asked: Asked) -> Iterator[Finding]:
    said = describe_level(asked.conn)
    if tables_level(asked.conn) is Capability.TIMESCALEDB_COMMUNITY:
        yield good("storage level", said)
    else:
        yield warning(
            "storage level",
            said,
            "for many days of positions take TimescaleDB Community, as in docker-compose.yml",
        )


def _guard(asked: Asked) -> Iterator[Finding]:
    said = describe_guard(asked.conn)
    if is_guarded(asked.conn):
        yield good("roles", said)
    else:
        yield warning(
            "roles",
            said,
            "FLOWCTL_OWNER_URL for flowctl migrate alone, and another role in FLOWCTL_DATABASE_URL",
        )


def _indexes(asked: Asked) -> Iterator[Finding]:
    rows = asked.conn.execute(
        "select indexrelid::regclass::text from pg_index where not indisvalid order by 1"
    ).fetchall()
    for (index,) in rows:
        yield warning(
            "indexes", f"{index} was not finished.", f"reindex index concurrently {index}"
        )


def _ago(age_s: float) -> str:
    return f"{age_s:,.0f} s ago" if age_s < _MINUTES_FROM_S else f"{age_s / 60:,.0f} minutes ago"


SERVER: Looks[Asked] = (
    ("database version", _version),
    ("database role", _role),
    ("durability", _durability),
    ("archive of the log", _archive),
    ("standbys", _replication),
    ("connections", _connections),
    ("long transactions", _transactions),
    ("clocks", _clock),
    ("the database's disk", _data_disk),
    ("schema", _schema),
)
TABLES: Looks[Asked] = (
    ("storage level", _level),
    ("roles", _guard),
    ("indexes", _indexes),
)
