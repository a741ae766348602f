"""Leases of stream partitions: who works on which, by the database's own clock.

A lease has an epoch that grows with every change of hands. What an owner commits names its epoch,
so that one who was paused, and does not know that it lost the partition, commits nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

APPLICATION = "flowctl ingest "
"""What a worker's sessions are called, followed by its name, so that they can be ended."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A partition held: the last entry taken in from it, and under which epoch it is held.

    ``newest_at`` is the latest moment of any fix stored for its devices, None where there is none.
    """

    partition: int
    last_id: str
    epoch: int
    newest_at: datetime | None
    read_from: str
    """The node of the store that ``last_id`` is of; empty where there is one alone."""


def enter_partitions(conn: Connection, count: int) -> None:
    """Enter the partitions that are not there yet.

    Those that are there are not even offered: a conflict with a row that a paused owner has
    changed would wait for that owner.
    """
    conn.execute(
        "insert into stream_positions (partition) select number from generate_series(0, %s - 1)"
        " as number where not exists (select from stream_positions where partition = number)"
        " on conflict do nothing",
        [count],
    )


def beat_worker(conn: Connection, name: str, *, ttl_s: float) -> int:
    """Say that a worker lives, forget those long dead, and return how many live."""
    conn.execute(
        "insert into ingest_workers (name, beat_wall_at) values (%s, clock_timestamp())"
        " on conflict (name) do update set beat_wall_at = excluded.beat_wall_at",
        [name],
    )
    conn.execute(
        "delete from ingest_workers where beat_wall_at < clock_timestamp() - interval '1 hour'"
    )
    row = conn.execute(
        "select count(*) from ingest_workers"
        " where beat_wall_at > clock_timestamp() - make_interval(secs => %s)",
        [ttl_s],
    ).fetchone()
    return 0 if row is None else int(row[0])


def renew_leases(conn: Connection, name: str, *, ttl_s: float) -> dict[int, int]:
    """Prolong a worker's leases; returns the epochs of the partitions it holds."""
    rows = conn.execute(
        "update stream_positions"
        " set lease_until_wall_at = clock_timestamp() + make_interval(secs => %s)"
        " where owner = %s returning partition, epoch",
        [ttl_s, name],
    ).fetchall()
    return dict(rows)


def end_expired_sessions(conn: Connection) -> None:
    """End the sessions of workers whose leases have run out.

    A worker that was paused inside a transaction would hold its locks for as long as it sleeps.
    """
    conn.execute(
        "select pg_terminate_backend(a.pid) from pg_stat_activity a"
        " join (select distinct owner from stream_positions"
        "       where lease_until_wall_at < clock_timestamp()) gone"
        " on a.application_name = %s || gone.owner and a.pid <> pg_backend_pid()",
        [APPLICATION],
    )


def take_leases(conn: Connection, name: str, *, most: int, ttl_s: float) -> list[Lease]:
    """Take up to ``most`` partitions that nobody holds, or whose lease has run out."""
    rows = conn.execute(
        "update stream_positions"
        " set owner = %s, epoch = epoch + 1,"
        "     lease_until_wall_at = clock_timestamp() + make_interval(secs => %s)"
        " where partition in ("
        "   select partition from stream_positions"
        "   where owner is null or lease_until_wall_at < clock_timestamp()"
        "   order by partition limit %s for update skip locked)"
        " returning partition, last_id, epoch, nullif(newest_at, '-infinity'), read_from",
        [name, ttl_s, most],
    ).fetchall()
    return [Lease(*row) for row in rows]


def give_back_leases(conn: Connection, name: str, partitions: list[int]) -> None:
    """Let go of partitions, for others to take at once."""
    conn.execute(
        "update stream_positions set owner = null, lease_until_wall_at = null"
        " where owner = %s and partition = any(%s)",
        [name, partitions],
    )


def leave(conn: Connection, name: str) -> None:
    """Let go of everything: the worker ends."""
    conn.execute(
        "update stream_positions set owner = null, lease_until_wall_at = null where owner = %s",
        [name],
    )
    conn.execute("delete from ingest_workers where name = %s", [name])


@dataclass(frozen=True, slots=True)
class Step:
    """How a partition moves: from one entry to another, and the newest moment stored with it."""

    partition: int
    epoch: int
    old: str
    new: str
    newest_at: datetime | None


def advance(conn: Connection, steps: list[Step]) -> bool:
    """Move positions by compare-and-set; tells whether each was where its owner left it.

    Runs at the end of the transaction that stores what the entries held.
    """
    moved = conn.execute(
        "update stream_positions p set last_id = s.new,"
        " newest_at = greatest(p.newest_at, coalesce(s.newest_at, '-infinity'))"
        " from unnest(%s::smallint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[])"
        "   as s(partition, epoch, old, new, newest_at)"
        " where p.partition = s.partition and p.epoch = s.epoch and p.last_id = s.old",
        [
            [step.partition for step in steps],
            [step.epoch for step in steps],
            [step.old for step in steps],
            [step.new for step in steps],
            [step.newest_at for step in steps],
        ],
    )
    return moved.rowcount == len(steps)


def list_horizons(conn: Connection, partitions: list[int]) -> dict[int, datetime | None]:
    """Return the latest moment of any fix stored, by partition."""
    rows = conn.execute(
        "select partition, nullif(newest_at, '-infinity') from stream_positions"
        " where partition = any(%s)",
        [partitions],
    ).fetchall()
    return dict(rows)


def list_positions(conn: Connection) -> dict[int, str]:
    """Return the last entry taken in from each partition."""
    rows = conn.execute("select partition, last_id from stream_positions").fetchall()
    return dict(rows)


def reset_positions(conn: Connection, leases: dict[int, int], read_from: Mapping[int, str]) -> None:
    """Read partitions (with their epochs) from the beginning, each from the node that keeps it."""
    conn.execute(
        "update stream_positions p set last_id = '0-0', read_from = s.read_from"
        " from unnest(%s::smallint[], %s::bigint[], %s::text[]) as s(partition, epoch, read_from)"
        " where p.partition = s.partition and p.epoch = s.epoch",
        [list(leases), list(leases.values()), [read_from[partition] for partition in leases]],
    )
