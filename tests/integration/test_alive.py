"""A container's health check tells a process that works from one that hangs."""

from datetime import UTC, datetime, timedelta

import psycopg

from flowctl.alive import has_beaten
from flowctl.storage.heartbeats import beat

LONG_AGO = datetime(2024, 1, 23, tzinfo=UTC)


def test_a_process_that_never_beat_is_not_alive(database: str):
    assert not has_beaten(database, "controller")


def test_a_process_that_beat_just_now_is_alive_whatever_day_it_plays(database: str):
    with psycopg.connect(database) as conn:
        beat(conn, "controller", LONG_AGO)
    assert has_beaten(database, "controller")
    assert not has_beaten(database, "ingest")


def test_a_process_silent_for_too_long_hangs(database: str):
    with psycopg.connect(database) as conn:
        beat(conn, "controller", LONG_AGO)
        conn.execute("update heartbeats set wall_at = wall_at - interval '61 seconds'")
    assert not has_beaten(database, "controller")
    assert has_beaten(database, "controller", within=timedelta(minutes=2))
