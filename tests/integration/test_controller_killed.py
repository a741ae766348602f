"""A controller that dies in the middle of a step, and one whose solver fails."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator

import psycopg
import pytest
from border import Border, after, border
from psycopg import sql

from flowctl import worker
from flowctl.storage.plans import find_latest_plan


@pytest.fixture
def lang_son(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def decide_and_hang(database: str, minute: float) -> None:
    """Run a step that has written everything and never comes to its commit."""
    with psycopg.connect(database, autocommit=True) as conn:
        site = worker.get_site(conn, "lang_son")
        wait = worker.beat

        def hang(
            conn: worker.Connection, process: str, now: worker.datetime, *, took_s: float
        ) -> None:
            wait(conn, process, now, took_s=took_s)
            conn.execute("set application_name = 'written'")
            time.sleep(600)

        worker.beat = hang
        worker.decide(conn, site, after(minute), plan_due=True)


def wait_until_written(conn: psycopg.Connection) -> None:
    for _ in range(600):
        row = conn.execute(
            "select 1 from pg_stat_activity where application_name = 'written'"
            " and state = 'idle in transaction'"
        ).fetchone()
        if row is not None:
            return
        time.sleep(0.1)
    raise AssertionError("The step never came to its end.")


def rows(place: Border) -> list[tuple[int, ...]]:
    names = ("plans", "slots", "slot_changes", "outbox", "ledger", "releases", "gate_states")
    count = sql.SQL("select count(*) from {}")
    return [
        row
        for name in names
        for row in place.conn.execute(count.format(sql.Identifier(name))).fetchall()
    ]


def test_a_controller_killed_before_its_commit_leaves_nothing_and_the_next_goes_on(
    lang_son: Border, database: str
):
    for number in range(6):
        trip = lang_son.trip(at=after(-120))
        lang_son.visit(trip, "yard_bao_nguyen", -110 + number)
    worker.decide(lang_son.conn, lang_son.site, after(-75), plan_due=True)
    last, before = find_latest_plan(lang_son.conn, "lang_son"), rows(lang_son)
    assert last is not None
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=decide_and_hang, args=(database, -10.0))
    process.start()
    try:
        wait_until_written(lang_son.conn)
        assert rows(lang_son) == before
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.join(timeout=20)
    assert rows(lang_son) == before
    assert find_latest_plan(lang_son.conn, "lang_son") == last
    worker.decide(lang_son.conn, lang_son.site, after(-9), plan_due=True)
    newest = find_latest_plan(lang_son.conn, "lang_son")
    assert newest is not None
    assert newest.planned_at == after(-9)
    sent = lang_son.conn.execute(
        "select trip_id, kind, count(*) from outbox group by 1, 2 having count(*) > 1"
    ).fetchall()
    assert sent == []
