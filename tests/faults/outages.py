"""Outages that last: who must say no says no, who can go on goes on, and nothing is lost."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import redis
from faults.small_disk import full

from flowctl.bench.machine import POSTGRES, VALKEY

if TYPE_CHECKING:
    from faults.drill import Drill

SETTLE_S = 300.0
_STILL_WAIT_S = 40.0
_IN_FLIGHT_S = 4.0  # posts on their way when a store goes, and the store's own timeout
_FAR = timedelta(days=365)


def worker_dead(drill: "Drill") -> None:
    """A worker that is killed and not started again: its partitions move."""
    name = drill.machine.workers[0]
    pid = drill.machine.servers()[name].pid
    with drill.supervisor.down(name):
        drill.kills += 1
        _moved(drill, pid, f"{name} was killed")
    drill.count_after("a dead worker")


def worker_paused(drill: "Drill", *, for_s: float) -> None:
    """A worker that is stopped in its tracks: its partitions move, and it commits nothing then."""
    pid = drill.machine.servers()[drill.machine.workers[-1]].pid
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        _moved(drill, pid, "a worker was paused")
        time.sleep(max(0.0, began + for_s - time.monotonic()))
    finally:
        os.kill(pid, signal.SIGCONT)
    drill.count_after("a paused worker")


def _moved(drill: "Drill", pid: int, what: str) -> None:
    """Wait until no partition belongs to a process; a worker's name holds its number."""
    limit_s = drill.move_s
    began = time.monotonic()
    with psycopg.connect(drill.machine.settings.database_url, autocommit=True) as conn:
        while time.monotonic() - began < 3 * limit_s:
            row = conn.execute(
                "select count(*) from stream_positions"
                " where owner is null or owner like '%%-' || %s || '-%%'",
                [str(pid)],
            ).fetchone()
            if row is not None and row[0] == 0:
                break
            time.sleep(0.05)
    seconds = time.monotonic() - began
    drill.tell(f"{what}: its partitions had another owner after {seconds:.1f} s")
    if seconds > limit_s:
        drill.fail(f"{what}, and its partitions moved only after {seconds:.1f} s")


def valkey_away(drill: "Drill", *, for_s: float) -> None:
    """The position store is gone: every post is told to come again, none gets a yes."""
    with drill.supervisor.down(VALKEY):
        drill.kills += 1
        _all_refused(drill, for_s, "the position store is away")
    drill.count_after("an absent position store")


def stream_full(drill: "Drill", *, for_s: float) -> None:
    """The position store takes nothing more: as if it were away."""
    with redis.Redis.from_url(drill.machine.settings.valkey_url) as store:
        store.config_set("maxmemory", "1mb")
        try:
            _all_refused(drill, for_s, "the position store is full")
        finally:
            store.config_set("maxmemory", "0")
    drill.count_after("a full position store")


def _all_refused(drill: "Drill", for_s: float, what: str) -> None:
    time.sleep(_IN_FLIGHT_S)
    before = drill.load.state
    time.sleep(for_s)
    after = drill.load.state
    drill.tell(f"{what}: {after.refused - before.refused} posts told to come again")
    if after.posts != before.posts:
        drill.fail(f"{what}, yet {after.posts - before.posts} posts got a yes")
    if after.refused == before.refused:
        drill.fail(f"{what}, yet no post was told to come again")


def disk_full(drill: "Drill", *, for_s: float) -> None:
    """The database's disk is full: positions go on being taken, and are stored once it has room."""
    if drill.disk is None:
        drill.tell("no disk-full scenario: only root may mount the small disk it needs")
        return
    with full(drill.disk):
        _all_taken(drill, for_s, "the database's disk is full")
        if not _stands_still(drill):
            drill.fail("the disk was full, yet fixes were stored: the scenario shows nothing")
    drill.count_after("a full disk")


def _stands_still(drill: "Drill") -> bool:
    """Tell whether nothing is stored any more, once what fits into pages begun is used up."""

    def stored() -> object:
        with psycopg.connect(drill.machine.settings.database_url) as conn:
            return conn.execute("select last_id from stream_positions order by 1").fetchall()

    ends = time.monotonic() + _STILL_WAIT_S
    while time.monotonic() < ends:
        before = stored()
        time.sleep(2.0)
        if stored() == before:
            return True
    return False


def postgres_away(drill: "Drill", *, for_s: float) -> None:
    """The database is gone: positions go on being taken, and are stored once it is back."""
    with drill.supervisor.down(POSTGRES):
        drill.kills += 1
        _all_taken(drill, for_s, "the database is away")
    drill.count_after("an absent database")


def _all_taken(drill: "Drill", for_s: float, what: str) -> None:
    time.sleep(1.5)  # the poster tells what it has done once a second
    before, ended = drill.load.state, time.monotonic() + for_s
    while time.monotonic() < ended:
        time.sleep(min(30.0, max(0.0, ended - time.monotonic())))
        drill.tell(f"{what}: {drill.load.state.fixes - before.fixes:,} fixes acknowledged so far")
    after = drill.load.state
    expected = drill.load_rate * for_s
    if after.fixes - before.fixes < expected / 2:
        drill.fail(
            f"{what}, and only {after.fixes - before.fixes:,} of about {expected:,.0f} fixes posted"
            " were acknowledged"
        )


def clock_set_back(drill: "Drill", *, for_s: float) -> None:
    """Domain time goes back an hour and comes right again: what was too early by then is stored."""
    before = drill.load.state
    now = datetime.now(UTC)
    drill.clock.set(at=now - timedelta(hours=1), until=now + _FAR)
    time.sleep(for_s)
    now = datetime.now(UTC)
    drill.clock.set(at=now, until=now + _FAR)
    early = drill.load.state.rejected.get("future", 0) - before.rejected.get("future", 0)
    drill.tell(f"the clock was set back an hour: {early:,} fixes kept aside as of the future")
    if not early:
        drill.fail("the clock was set back an hour, yet no fix was kept aside as of the future")
    _released(drill)
    drill.count_after("a clock set back")


def _released(drill: "Drill") -> None:
    """Wait until what was kept aside until its moment has been taken in."""
    deadline = time.monotonic() + SETTLE_S
    with psycopg.connect(drill.machine.settings.database_url, autocommit=True) as conn:
        while time.monotonic() < deadline:
            row = conn.execute(
                "select count(*) from fixes_aside where reason = 'future' and released_at is null"
            ).fetchone()
            if row is not None and row[0] == 0:
                return
            time.sleep(0.2)
    drill.fail(f"fixes kept aside as of the future were not taken in within {SETTLE_S:.0f} s")
