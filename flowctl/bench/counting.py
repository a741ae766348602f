"""Counts what was acknowledged against what is stored: nothing lost, nothing twice."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from flowctl.bench.disorder import Blocks
from flowctl.bench.ledger import ACKNOWLEDGED, Entry

Connection = psycopg.Connection[Any]
Keys = NDArray[np.int64]

_BLOCKS_AT_ONCE = 4_000
_TRUCK_BITS = 42
"""Milliseconds since 1970 take fewer bits until the year 2109."""
_EPOCH_2000_US = 946_684_800_000_000
_ROW = np.dtype(
    [("fields", ">i2"), ("l1", ">i4"), ("truck", ">i4"), ("l2", ">i4"), ("fixed_at", ">i8")]
)
_HEADER, _TRAILER = 19, 2  # bytes around the rows of a binary COPY


@dataclass(frozen=True, slots=True)
class Tally:
    """How acknowledged and stored fixes compare, by identity (device and moment).

    ``acknowledged`` are distinct identities in posts that got a yes, ``abandoned`` those only in
    posts that never did. ``lost`` are acknowledged and not stored, ``twice`` stored more than once,
    ``unknown`` stored and never sent.
    """

    acknowledged: int
    abandoned: int
    stored: int
    lost: int
    twice: int
    unknown: int


def tally(conn: Connection, blocks: Blocks, entries: Sequence[Entry]) -> Tally:
    """Compare all posts of a load with all fixes stored, in windows of the fixes' moments."""
    total = np.zeros(6, dtype=np.int64)
    for start_ms, end_ms, sent, yes in _windows(blocks, entries):
        stored = stored_keys(conn, start_ms, end_ms)
        once = np.unique(stored)
        total += [
            len(yes),
            len(np.setdiff1d(sent, yes, assume_unique=True)),
            len(once),
            len(np.setdiff1d(yes, once, assume_unique=True)),
            len(stored) - len(once),
            len(np.setdiff1d(once, sent, assume_unique=True)),
        ]
    return Tally(*total.tolist())


def _windows(blocks: Blocks, entries: Sequence[Entry]) -> Iterator[tuple[int, int, Keys, Keys]]:
    """Yield windows of moments with the keys sent in them, and those of them acknowledged."""
    by_block: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_block[entry.block].append(entry)
    if not by_block:
        return
    first, last = min(by_block), max(by_block)
    # A block holds doubles of the one before it, and ends within the millisecond in which the next
    # begins: a window needs both neighbours.
    for low in range(first - 1, last + 1, _BLOCKS_AT_ONCE):
        high = min(low + _BLOCKS_AT_ONCE, last + 1)
        inside = [number for number in range(low - 1, high + 1) if number in by_block]
        start_ms = blocks.begins_ms(low)
        end_ms = blocks.begins_ms(high) + (1 if high > last else 0)
        sent, yes = _keys_of(blocks, by_block, inside)
        yield start_ms, end_ms, _within(sent, start_ms, end_ms), _within(yes, start_ms, end_ms)


def _keys_of(
    blocks: Blocks, by_block: dict[int, list[Entry]], numbers: Sequence[int]
) -> tuple[Keys, Keys]:
    """Return the distinct keys of all posts of some blocks, and of the acknowledged ones."""
    sent: list[Keys] = [np.empty(0, np.int64)]
    yes: list[Keys] = [np.empty(0, np.int64)]
    for number in numbers:
        keys = keys_of(blocks.block(number))
        for entry in by_block[number]:
            part = keys[entry.first : entry.first + entry.count]
            sent.append(part)
            if entry.outcome == ACKNOWLEDGED:
                yes.append(part)
    return np.unique(np.concatenate(sent)), np.unique(np.concatenate(yes))


def keys_of(rows: NDArray[np.void]) -> Keys:
    """Return truck and moment of rows (dtype `disorder.BLOCK_FIX`) as one number each."""
    keys: Keys = (rows["truck"] << _TRUCK_BITS) | rows["fixed_at_ms"]
    return keys


def _within(keys: Keys, start_ms: int, end_ms: int) -> Keys:
    at_ms = keys & ((1 << _TRUCK_BITS) - 1)
    return keys[(at_ms >= start_ms) & (at_ms < end_ms)]


def stored_keys(conn: Connection, start_ms: int, end_ms: int) -> Keys:
    """Return the keys of the fixes stored with moments in [start, end), as often as stored."""
    with (
        conn.cursor() as cursor,
        cursor.copy(
            "copy (select substr(d.uid, 7)::int, f.fixed_at from fixes f"
            " join devices d on d.id = f.device_id"
            " where f.fixed_at >= to_timestamp(%s::bigint / 1000.0)"
            " and f.fixed_at < to_timestamp(%s::bigint / 1000.0)) to stdout (format binary)",
            [start_ms, end_ms],
        ) as copy,
    ):
        data = b"".join(bytes(part) for part in copy)
    rows = np.frombuffer(data[_HEADER:-_TRAILER], dtype=_ROW)
    at_us = rows["fixed_at"].astype(np.int64) + _EPOCH_2000_US
    return (rows["truck"].astype(np.int64) << _TRUCK_BITS) | (at_us // 1000)


def rows_a_transaction(conn: Connection) -> int:
    """Return how many fixes were stored in one transaction on average, at least 1."""
    row = conn.execute(
        "select count(*), sum(n)::bigint"
        " from (select count(*) as n from fixes group by xmin::text) as per_transaction"
    ).fetchone()
    return 1 if row is None or not row[0] else max(1, round(int(row[1]) / int(row[0])))
