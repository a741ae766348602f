"""The comparator: raw binary COPY of the same rows into the same table, with nothing around it.

The table lies in a second database of the same server, made by the same migrations: the same
partitions, indexes and durability. One connection copies batches of the size the ingest workers
used, a transaction each, while the rest of the machine is idle.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from flowctl.local import fresh_database, in_database
from flowctl.storage.migrate import migrate
from flowctl.storage.partitions import ensure_fix_partitions

Connection = psycopg.Connection[Any]

DATABASE = "flowctl_bench_copy"
MOST_ROWS = 10_000_000
"""Copying more would take long and say nothing new."""
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_KEPT_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class CopyRate:
    """Rows a second of the wall's time, and of processors' time: the latter feels no neighbours."""

    per_s: float
    per_cpu_s: float


def measure_copy(
    owner_url: str,
    *,
    batch: int,
    cpu_s: Callable[[], float],
    progress: Callable[[int], None],
    most_rows: int = MOST_ROWS,
) -> CopyRate | None:
    """Return the rate of raw COPY; None where there are no rows.

    Only the COPY and its commit are timed, not the reading of the rows.

    Parameters
    ----------
    owner_url
        The database whose fixes are copied, as who may make another one beside it.
    batch
        Rows in a transaction.
    cpu_s
        Tells the processor time the database and this process have spent so far.
    progress
        Is told how many rows were copied.
    """
    url = fresh_database(in_database(owner_url, "postgres"), DATABASE)
    migrate(url)
    with psycopg.connect(owner_url) as source, psycopg.connect(url, autocommit=True) as target:
        _make_room(source, target)
        target.execute("checkpoint")
        rows, seconds, worked_s = 0, 0.0, 0.0
        for batches in _kept(_batches(source, batch, most_rows)):
            worked, began = cpu_s(), time.perf_counter()
            for content, _ in batches:
                with target.transaction(), target.cursor().copy(_COPY) as copy:
                    copy.write(content)
            seconds += time.perf_counter() - began
            worked_s += cpu_s() - worked
            rows += sum(count for _, count in batches)
            progress(rows)
    return CopyRate(rows / seconds, rows / max(worked_s, 1e-2)) if rows else None


_COPY = "copy fixes from stdin (format binary)"


def _make_room(source: Connection, target: Connection) -> None:
    """Have the partitions that the rows need."""
    row = source.execute(
        "select min(fixed_at at time zone 'UTC')::date, max(fixed_at at time zone 'UTC')::date"
        " from fixes"
    ).fetchone()
    if row is not None and isinstance(row[0], date):
        ensure_fix_partitions(target, row[0], row[1])


def _batches(source: Connection, batch: int, most_rows: int) -> Iterator[tuple[bytes, int]]:
    """Yield the table's rows as whole COPY streams of ``batch`` rows, and how many rows each has.

    PostgreSQL sends one row a message; the first also holds the header, the last is the trailer.
    """
    with (
        source.cursor() as cursor,
        cursor.copy(
            "copy (select * from fixes limit %s) to stdout (format binary)", [most_rows]
        ) as copy,
    ):
        parts: list[bytes] = []
        for message in copy:
            row = bytes(message).removeprefix(_HEADER)
            if row and row != _TRAILER:
                parts.append(row)
            if len(parts) == batch:
                yield _HEADER + b"".join(parts) + _TRAILER, len(parts)
                parts.clear()
        if parts:
            yield _HEADER + b"".join(parts) + _TRAILER, len(parts)


def _kept(batches: Iterator[tuple[bytes, int]]) -> Iterator[list[tuple[bytes, int]]]:
    """Yield batches in lists that fit into memory, so that they are read before they are timed."""
    kept: list[tuple[bytes, int]] = []
    for item in batches:
        kept.append(item)
        if sum(count for _, count in kept) >= _KEPT_ROWS:
            yield kept
            kept = []
    if kept:
        yield kept
