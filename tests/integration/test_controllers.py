"""Several controllers of one site: one decides at a time, and who lost the site writes nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from border import Border, after, border

from flowctl.storage.epochs import Epoch, find_epoch
from flowctl.tenure import KEEP_S, LEASE_S, LOOK_S, LostTenureError, Tenure
from flowctl.traffic.watch import Watch
from flowctl.worker import decide, observe

SITE = "lang_son"
FAILOVER_S = 10.0


@pytest.fixture
def lang_son(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


class Rival:
    """A controller's claim with its connection."""

    def __init__(self, database: str, name: str, stack: ExitStack) -> None:
        self.tenure = Tenure(database, SITE, name)
        self.conn = stack.enter_context(self.tenure.connect())

    def takes(self) -> bool:
        return self.tenure.take(self.conn)


@pytest.fixture
def rivals(lang_son: Border, database: str) -> Iterator[tuple[Rival, Rival]]:
    assert lang_son.site.id == SITE
    with ExitStack() as stack:
        yield Rival(database, "first", stack), Rival(database, "second", stack)


def let_the_lease_run_out(place: Border) -> None:
    place.conn.execute(
        "update controller_epochs set lease_until_wall_at = clock_timestamp() - interval '1 s'"
    )


def oust(first: Rival, second: Rival, place: Border) -> None:
    """Let the second take over from the first, which hears nothing of it."""
    assert first.takes()
    first.conn.execute("set application_name = 'out of reach'")  # nobody can end its session
    let_the_lease_run_out(place)
    assert second.takes()


def test_a_site_has_one_controller_and_the_next_takes_it_once_it_is_left(
    rivals: tuple[Rival, Rival],
):
    first, second = rivals
    assert first.takes()
    assert not second.takes()
    first.tenure.leave(first.conn)
    assert second.takes()
    assert find_epoch(second.conn, SITE) == Epoch(2, "second")


def test_a_lease_that_has_run_out_is_taken_and_no_later_than_within_ten_seconds(
    rivals: tuple[Rival, Rival], lang_son: Border
):
    first, second = rivals
    assert first.takes()
    let_the_lease_run_out(lang_son)
    assert second.takes()
    assert LEASE_S + LOOK_S <= FAILOVER_S - 4.0  # what is left is for the first decision


def test_who_lost_the_site_writes_nothing_and_says_to_whom(
    rivals: tuple[Rival, Rival], lang_son: Border
):
    first, second = rivals
    oust(first, second, lang_son)
    trip = lang_son.trip(at=after(-120))
    lang_son.visit(trip, "yard_bao_nguyen", -110)
    with pytest.raises(LostTenureError) as lost, first.tenure.deciding(first.conn):
        decide(first.conn, lang_son.site, after(-75), plan_due=True)
    assert "ours in epoch 1 and is held by second in epoch 2" in str(lost.value)
    assert lang_son.conn.execute("select count(*) from plans").fetchone() == (0,)
    with second.tenure.deciding(second.conn):
        decide(second.conn, lang_son.site, after(-75), plan_due=True)
    assert lang_son.conn.execute("select count(*) from plans").fetchone() == (1,)


def test_what_it_has_seen_since_counts_for_nothing_either(
    rivals: tuple[Rival, Rival], lang_son: Border
):
    first, second = rivals
    oust(first, second, lang_son)
    watch = Watch(lang_son.site)
    with pytest.raises(LostTenureError):
        observe(first.conn, watch, after(-75), lanes_due=True, within=first.tenure.deciding)


def test_one_paused_inside_its_transaction_holds_nobody_up_and_commits_nothing(
    rivals: tuple[Rival, Rival], lang_son: Border
):
    first, second = rivals
    assert first.takes()
    transaction = first.tenure.deciding(first.conn)
    transaction.__enter__()
    first.conn.execute("update ledger_heads set at = now()")
    let_the_lease_run_out(lang_son)
    assert second.takes()
    with pytest.raises(psycopg.OperationalError):
        transaction.__exit__(None, None, None)
    with pytest.raises(LostTenureError), first.tenure.connect() as conn:
        first.tenure.take(conn)


def test_a_decision_that_takes_long_keeps_its_lease_and_nobody_takes_the_site_under_it(
    rivals: tuple[Rival, Rival], lang_son: Border
):
    first, second = rivals
    assert first.takes()
    with first.tenure.prolonged(), first.tenure.deciding(first.conn):
        let_the_lease_run_out(lang_son)
        second.conn.execute("set application_name = 'second'")
        time.sleep(2 * KEEP_S)
        assert not second.takes()


def test_a_controller_that_hangs_in_a_round_is_replaced(rivals: tuple[Rival, Rival]):
    first, second = rivals
    assert first.takes()
    with first.tenure.prolonged(longest_round_s=0.0):
        time.sleep(LEASE_S)
        assert second.takes()


def test_a_lost_connection_is_no_lost_site(rivals: tuple[Rival, Rival], lang_son: Border):
    first, second = rivals
    assert first.takes()
    lang_son.conn.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like %s",
        ["%first"],
    )
    with first.tenure.connect() as conn:
        assert first.tenure.take(conn)
        with first.tenure.deciding(conn):
            conn.execute("select 1")
    assert not second.takes()


@contextmanager
def controlling(database: str) -> Iterator["subprocess.Popen[str]"]:
    settings = {"FLOWCTL_DATABASE_URL": database, "FLOWCTL_DEMO": "true", "FLOWCTL_SITE": SITE}
    process = subprocess.Popen(
        [Path(sys.executable).with_name("flowctl"), "controller"],
        env=os.environ | settings,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def wait_for_a_decision(place: Border, epoch: int) -> None:
    for _ in range(600):
        row = place.conn.execute(
            "select from controller_epochs e, heartbeats h where e.epoch = %s"
            " and h.process = 'controller' and h.wall_at > e.taken_wall_at",
            [epoch],
        ).fetchone()
        if row is not None:
            return
        time.sleep(0.1)
    raise AssertionError(f"Nobody has decided in epoch {epoch}.")


def wait_until_they_wait(place: Border, count: int) -> None:
    for _ in range(600):
        row = place.conn.execute(
            "select count(distinct application_name) from pg_stat_activity"
            " where application_name like 'flowctl controller %'"
        ).fetchone()
        if row == (count,):
            return
        time.sleep(0.1)
    raise AssertionError("The others have not begun to wait for their turn.")


def test_one_that_is_paused_or_killed_is_followed_by_one_that_waits(
    lang_son: Border, database: str
):
    with controlling(database) as first:
        wait_for_a_decision(lang_son, 1)
        with controlling(database) as second, controlling(database) as third:
            wait_until_they_wait(lang_son, 3)
            first.send_signal(signal.SIGSTOP)
            wait_for_a_decision(lang_son, 2)
            first.send_signal(signal.SIGCONT)
            _, said = first.communicate(timeout=60)
            assert first.returncode == 1
            assert "Another controller has taken lang_son over" in said
            now = find_epoch(lang_son.conn, SITE)
            assert now is not None
            assert now.holder is not None
            active = second if f"-{second.pid}-" in now.holder else third
            active.kill()
            wait_for_a_decision(lang_son, 3)
