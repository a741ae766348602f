"""The count of the bench sees what it is there to see: a fix lost, one twice, one never sent."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import psycopg
import pytest

from flowctl.bench.counting import Tally, tally
from flowctl.bench.disorder import Blocks, LoadPlan
from flowctl.bench.driving import Driving
from flowctl.bench.ledger import ABANDONED, ACKNOWLEDGED, Entry
from flowctl.bench.machine import register_devices
from flowctl.storage.partitions import ensure_fix_partitions

START = datetime(2024, 1, 23, 6, 0, tzinfo=UTC)
TRUCKS = 50
BLOCKS = Blocks(
    LoadPlan(TRUCKS, period_s=0.02, block=40, seed=1, start_ms=int(START.timestamp() * 1e3)),
    Driving(TRUCKS, (), seed=1),
)


@pytest.fixture
def conn(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("insert into sources (name) values ('bench')")
        register_devices(conn, TRUCKS)
        ensure_fix_partitions(conn, START.date(), START.date())
        yield conn


def store(conn: psycopg.Connection, number: int) -> None:
    """Store the fixes of a block, each once."""
    for fix in BLOCKS.block(number):
        conn.execute(
            "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat)"
            " values (%s, 1, to_timestamp(%s / 1000.0), now(), %s, %s) on conflict do nothing",
            [int(fix["truck"]) + 1, int(fix["fixed_at_ms"]), float(fix["lon"]), float(fix["lat"])],
        )


def distinct(*numbers: int) -> int:
    rows = np.concatenate([BLOCKS.block(number) for number in numbers])
    return len(np.unique(rows[["truck", "fixed_at_ms"]]))


def posted(number: int, outcome: str = ACKNOWLEDGED) -> Entry:
    return Entry(number, 0, len(BLOCKS.block(number)), outcome, 1)


def test_what_was_acknowledged_and_is_stored_counts_once_though_posted_twice(
    conn: psycopg.Connection,
):
    store(conn, 0)
    store(conn, 1)
    found = tally(conn, BLOCKS, [posted(0), posted(1), posted(1)])
    n = distinct(0, 1)
    assert found == Tally(acknowledged=n, abandoned=0, stored=n, lost=0, twice=0, unknown=0)


def test_an_acknowledged_fix_that_is_not_stored_is_lost(conn: psycopg.Connection):
    store(conn, 0)
    conn.execute("delete from fixes where ctid = (select ctid from fixes limit 1)")
    found = tally(conn, BLOCKS, [posted(0)])
    assert (found.lost, found.stored) == (1, distinct(0) - 1)


def test_a_fix_that_is_stored_twice_is_seen(conn: psycopg.Connection):
    store(conn, 0)
    conn.execute("drop index fixes_identity")
    conn.execute("insert into fixes select * from fixes limit 3")
    found = tally(conn, BLOCKS, [posted(0)])
    assert (found.twice, found.lost, found.stored) == (3, 0, distinct(0))


def test_what_was_given_up_may_be_stored_or_not(conn: psycopg.Connection):
    store(conn, 0)
    found = tally(conn, BLOCKS, [posted(0, ABANDONED), posted(4, ABANDONED)])
    assert (found.lost, found.twice, found.unknown) == (0, 0, 0)
    assert (found.acknowledged, found.abandoned) == (0, distinct(0, 4))


def test_a_fix_that_nobody_sent_is_seen(conn: psycopg.Connection):
    store(conn, 0)
    conn.execute("update fixes set fixed_at = fixed_at - interval '1 microsecond' * 3000")
    found = tally(conn, BLOCKS, [posted(0), posted(2)])
    assert found.unknown > 0
    assert found.lost > 0
