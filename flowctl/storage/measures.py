"""What the processes are doing, for those who watch them: leases, beats; ages on the wall clock."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class PartitionMeasure:
    """A partition's committed position, and for how long whom it is leased (negative: run out)."""

    partition: int
    last_id: str
    owner: str | None
    lease_left_s: float | None


def list_partitions(conn: Connection) -> list[PartitionMeasure]:
    """Return every partition that was ever worked on."""
    with conn.cursor(row_factory=class_row(PartitionMeasure)) as cursor:
        return cursor.execute(
            "select partition, last_id, owner,"
            " extract(epoch from lease_until_wall_at - clock_timestamp())::float8 as lease_left_s"
            " from stream_positions order by partition"
        ).fetchall()


def list_beat_ages(conn: Connection) -> dict[str, float]:
    """Return how many seconds ago each process last wrote its heartbeat."""
    rows = conn.execute(
        "select process, extract(epoch from clock_timestamp() - wall_at)::float8"
        " from heartbeats order by process"
    ).fetchall()
    return dict(rows)


def list_steps(conn: Connection) -> dict[str, float]:
    """Return how many seconds the last step of each process took that measures it."""
    rows = conn.execute(
        "select process, took_s::float8 from heartbeats where took_s is not null order by process"
    ).fetchall()
    return dict(rows)


@dataclass(frozen=True, slots=True)
class DatabaseMeasure:
    """The database itself: its clock (s since 1970), its size, and how old its archive is.

    ``archived_age_s`` is None where it keeps no archive of its log, or has never put anything in.
    """

    clock_s: float
    size_bytes: int
    archived_age_s: float | None


def measure_database(conn: Connection) -> DatabaseMeasure:
    """Return what the database says of itself."""
    with conn.cursor(row_factory=class_row(DatabaseMeasure)) as cursor:
        [found] = cursor.execute(
            "select extract(epoch from clock_timestamp())::float8 as clock_s,"
            " pg_database_size(current_database()) as size_bytes,"
            " case when current_setting('archive_mode') <> 'off' then"
            "  extract(epoch from clock_timestamp() - last_archived_time)::float8"
            " end as archived_age_s from pg_stat_archiver"
        ).fetchall()
    return found


def list_worker_ages(conn: Connection) -> dict[str, float]:
    """Return how many seconds ago each ingest worker last said that it lives."""
    rows = conn.execute(
        "select name, extract(epoch from clock_timestamp() - beat_wall_at)::float8"
        " from ingest_workers order by name"
    ).fetchall()
    return dict(rows)


def count_open_messages(conn: Connection) -> dict[str, int]:
    """Return how many messages to drivers wait, and how many were given up."""
    rows = conn.execute(
        "select 'waiting', count(*) from outbox where state = 'waiting'"
        " union all select 'dead', count(*) from outbox where state = 'dead'"
    ).fetchall()
    return {state: int(n) for state, n in rows}


def list_gateways(conn: Connection) -> list[tuple[str, str, str]]:
    """Return every site's gateways for messages and their state: site, gateway, state."""
    return conn.execute(
        "select site, gateway, state from gateway_states order by site, gateway"
    ).fetchall()
