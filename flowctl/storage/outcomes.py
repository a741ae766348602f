"""What became of fixes: set aside with a reason, and counted by outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from flowctl.telemetry.fixes import SetAside, instant, partition_of

Connection = psycopg.Connection[Any]

STORED = "stored"
DUPLICATE = "duplicate"
RELEASED = "released"
SWAPPED = "swapped"
"""Outcomes beside the reasons of `Reason`. The last two come on top of another outcome."""


@dataclass(frozen=True, slots=True)
class StoreCount:
    """What became of all fixes: each is one of these."""

    stored: int
    duplicate: int
    set_aside: int


def set_aside(conn: Connection, items: Sequence[SetAside]) -> None:
    """Keep items that are not used."""
    if not items:
        return
    with conn.cursor().copy(
        "copy fixes_aside (source_id, received_at, reason, device_uid, fixed_at, raw, partition)"
        " from stdin"
    ) as copy:
        for item in items:
            copy.write_row(
                (
                    item.source_id,
                    instant(item.received_at_us),
                    str(item.reason),
                    item.device,
                    _storable(item.fixed_at_us),
                    item.raw,
                    partition_of(item.device or ""),
                )
            )


def take_released(
    conn: Connection,
    partitions: Sequence[int],
    *,
    now: datetime,
    oldest: datetime,
    most: int,
    held: bool,
) -> list[tuple[int, SetAside]]:
    """Take back what may be taken in after all: (partition, item), at most ``most`` of them.

    These are fixes that were dated ahead of their reception and whose moment has come, and fixes
    of devices that have been registered since (where ``held`` says that they were kept for that),
    unless they are older than ``oldest`` by now.
    """
    rows = conn.execute(
        "update fixes_aside a set released_at = %(now)s where id in ("
        "  select id from fixes_aside w where released_at is null and partition = any(%(mine)s)"
        "  and (reason = 'future' and fixed_at <= %(now)s"
        "       or %(held)s and reason = 'unknown_device'"
        "          and exists (select from devices where uid = w.device_uid))"
        "  and fixed_at >= %(oldest)s order by fixed_at, id limit %(most)s)"
        " returning partition, source_id, (extract(epoch from received_at) * 1000000)::bigint,"
        " reason, device_uid, (extract(epoch from fixed_at) * 1000000)::bigint, raw",
        {"now": now, "mine": list(partitions), "oldest": oldest, "most": most, "held": held},
    ).fetchall()
    return [(row[0], SetAside(*row[1:])) for row in rows]


def count_outcomes(
    conn: Connection,
    counts: Mapping[tuple[date, int, str], int],
    heard: Mapping[int, datetime] | None = None,
) -> None:
    """Add to the counters of (day of reception, source, outcome).

    ``heard`` is when the newest of each source's fixes among them came in.
    """
    if not counts:
        return
    keys = sorted(counts)  # one order in every worker, so that two never wait for each other
    conn.execute(
        "insert into ingest_counts (day, source_id, outcome, n, heard_at)"
        " select * from unnest(%s::date[], %s::smallint[], %s::text[], %s::bigint[],"
        "  %s::timestamptz[])"
        " on conflict (day, source_id, outcome) do update set n = ingest_counts.n + excluded.n,"
        "  heard_at = greatest(ingest_counts.heard_at, excluded.heard_at)",
        [
            [day for day, _, _ in keys],
            [source for _, source, _ in keys],
            [outcome for _, _, outcome in keys],
            [counts[key] for key in keys],
            [(heard or {}).get(source) for _, source, _ in keys],
        ],
    )


def total_outcomes(conn: Connection) -> StoreCount:
    """Return what became of everything that was ever received."""
    rows = conn.execute(
        "select outcome, sum(n)::bigint from ingest_counts group by outcome"
    ).fetchall()
    sums = dict(rows)
    released = sums.pop(RELEASED, 0)
    sums.pop(SWAPPED, None)
    stored, duplicate = sums.pop(STORED, 0), sums.pop(DUPLICATE, 0)
    return StoreCount(stored, duplicate, sum(sums.values()) - released)


def _storable(microseconds: int | None) -> datetime | None:
    """Return the instant, or None where it lies beyond what a calendar holds."""
    if microseconds is None:
        return None
    try:
        return instant(microseconds)
    except OverflowError:
        return None
