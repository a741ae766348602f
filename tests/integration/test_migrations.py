"""The schema on each storage level: plain PostgreSQL and TimescaleDB of both editions."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import psycopg
import pytest

from flowctl.errors import UnavailableError
from flowctl.server_process import free_port
from flowctl.storage.migrate import migrate
from flowctl.storage.partitions import (
    Capability,
    capability,
    describe_level,
    ensure_fix_partitions,
    tables_level,
)

DAY = date(2024, 1, 23)
NOON = datetime(2024, 1, 23, 12, tzinfo=UTC)
T = TypeVar("T")
every_server = pytest.mark.parametrize(
    "empty_database",
    [
        "postgres_url",
        pytest.param("timescale_url", marks=pytest.mark.timescale),
        pytest.param("community_url", marks=pytest.mark.timescale),
    ],
    indirect=True,
)
LEVELS = {
    "database": Capability.POSTGRESQL,
    "timescale_database": Capability.TIMESCALEDB_APACHE,
    "community_database": Capability.TIMESCALEDB_COMMUNITY,
}


def insert_fix(conn: psycopg.Connection, at: datetime) -> None:
    conn.execute(
        "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat)"
        " values (1, 1, %s, %s, 106.7, 21.9)",
        [at, at],
    )


def at_once(*calls: Callable[[], T]) -> list[T]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [running.result() for running in [pool.submit(call) for call in calls]]


@every_server
def test_an_empty_database_reaches_the_newest_revision_and_stays_there(empty_database: str):
    newest = migrate(empty_database)
    with psycopg.connect(empty_database) as conn:
        assert conn.execute("select version_num from alembic_version").fetchall() == [(newest,)]
    assert migrate(empty_database) == newest


@every_server
def test_two_processes_that_migrate_at_once_take_turns(empty_database: str):
    revisions = at_once(*[lambda: migrate(empty_database)] * 4)
    assert len(set(revisions)) == 1
    with psycopg.connect(empty_database) as conn:
        assert conn.execute("select count(*) from trips").fetchone() == (0,)


def test_a_database_that_does_not_answer_is_named_as_such():
    with pytest.raises(UnavailableError, match="The database does not answer"):
        migrate(f"postgresql://nobody@127.0.0.1:{free_port()}/none")


def test_the_server_is_known_for_what_it_can_do(any_database: str, request: pytest.FixtureRequest):
    expected = LEVELS[request.node.callspec.params["any_database"]]
    with psycopg.connect(any_database) as conn:
        assert capability(conn) is tables_level(conn) is expected


def test_the_level_is_told_in_a_sentence(any_database: str, request: pytest.FixtureRequest):
    words = {
        Capability.POSTGRESQL: "PostgreSQL alone",
        Capability.TIMESCALEDB_APACHE: "TimescaleDB, Apache edition",
        Capability.TIMESCALEDB_COMMUNITY: "TimescaleDB, Community edition",
    }
    with psycopg.connect(any_database) as conn:
        said = describe_level(conn)
    assert said.startswith(words[LEVELS[request.node.callspec.params["any_database"]]])
    assert "could do more" not in said


def test_migrate_tells_the_level(empty_database: str):
    environment = {"FLOWCTL_SECRET": "s" * 32, "FLOWCTL_DATABASE_URL": empty_database}
    said = subprocess.run(
        [sys.executable, "-m", "flowctl.cli", "migrate"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "PostgreSQL alone: fixes lie in a partition a day.\n" in said.stdout


@pytest.mark.timescale
def test_tables_made_for_less_than_the_server_can_do_are_told(timescale_database: str):
    with psycopg.connect(timescale_database) as conn:
        conn.execute("alter table fixes rename to hyper")
        conn.execute("create table fixes (fixed_at timestamptz) partition by range (fixed_at)")
        assert "PostgreSQL alone" in describe_level(conn)
        assert "The server could do more" in describe_level(conn)


def test_a_fix_is_stored_once_however_often_it_comes(any_database: str):
    with psycopg.connect(any_database, autocommit=True) as conn:
        ensure_fix_partitions(conn, DAY, DAY)
        insert_fix(conn, NOON)
        with pytest.raises(psycopg.errors.UniqueViolation):
            insert_fix(conn, NOON)


def test_fixes_lie_apart_by_day(any_database: str):
    with psycopg.connect(any_database) as conn:
        ensure_fix_partitions(conn, DAY, DAY + timedelta(days=1))
        for days in range(2):
            insert_fix(conn, NOON + timedelta(days=days))
        parts = conn.execute("select count(distinct tableoid) from fixes").fetchone()
        assert parts == (2,)


def test_on_plain_postgresql_days_are_made_ahead_both_ends_included(database: str):
    week = [DAY + timedelta(days=n) for n in range(7)]
    with psycopg.connect(database) as conn:
        assert ensure_fix_partitions(conn, DAY, week[2]) == tuple(week[:3])
        assert ensure_fix_partitions(conn, week[1], week[4]) == tuple(week[3:5])
        assert ensure_fix_partitions(conn, DAY, week[4]) == ()
        last_moment = datetime(2024, 1, 28, tzinfo=UTC) - timedelta(microseconds=1)
        insert_fix(conn, last_moment)
        with pytest.raises(psycopg.errors.CheckViolation, match="no partition"):
            insert_fix(conn, last_moment + timedelta(microseconds=1))


@pytest.mark.timescale
def test_a_hypertable_needs_no_days_made_ahead(timescale_database: str):
    with psycopg.connect(timescale_database) as conn:
        assert ensure_fix_partitions(conn, DAY, DAY) == ()
        insert_fix(conn, NOON)


def test_two_processes_that_make_the_same_days_do_not_collide(database: str):
    def make() -> tuple[date, ...]:
        with psycopg.connect(database) as conn:
            return ensure_fix_partitions(conn, DAY, DAY + timedelta(days=9))

    made = at_once(*[make] * 4)
    assert sorted(day for days in made for day in days) == [
        DAY + timedelta(days=n) for n in range(10)
    ]


def test_making_a_day_does_not_wait_for_those_who_read_and_write(database: str):
    with psycopg.connect(database) as busy, psycopg.connect(database) as conn:
        ensure_fix_partitions(busy, DAY, DAY)
        busy.commit()
        insert_fix(busy, NOON)  # and its transaction stays open
        assert busy.execute("select count(*) from fixes").fetchone() == (1,)
        conn.execute("set lock_timeout = '2s'")
        tomorrow = DAY + timedelta(days=1)
        assert ensure_fix_partitions(conn, tomorrow, tomorrow) == (tomorrow,)
