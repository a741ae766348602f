"""Passwords are hashed one at a time, behind everything else."""

import asyncio
import os
import sys
import threading
import time
from itertools import pairwise

import pytest

from api.hashing import in_turn


def test_one_is_hashed_at_a_time_and_the_loop_goes_on():
    busy, most, beats = [0], [0], 0

    def work() -> None:
        busy[0] += 1
        most[0] = max(most[0], busy[0])
        time.sleep(0.02)
        busy[0] -= 1

    async def run() -> int:
        nonlocal beats
        going = asyncio.gather(*(in_turn(work) for _ in range(9)))
        while not going.done():
            beats += 1
            await asyncio.sleep(0.001)
        return beats

    assert asyncio.run(run()) > 5
    assert most == [1]


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads are Linux's")
def test_it_gives_way_to_the_threads_that_positions_use():
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert asyncio.run(in_turn(priority)) == priority() + 10


@pytest.mark.skipif(sys.platform != "linux", reason="so thread policies are Linux's")
def test_a_crowd_is_hashed_only_where_nothing_else_would_work():
    async def run(at_once: int) -> list[int]:
        return await asyncio.gather(*(in_turn(os.sched_getscheduler, 0) for _ in range(at_once)))

    assert asyncio.run(run(4)) == [os.SCHED_OTHER] * 4
    assert asyncio.run(run(6)) == [os.SCHED_OTHER] * 4 + [os.SCHED_IDLE] * 2


def test_a_crowd_waits_after_each_as_long_as_it_took():
    began: list[float] = []

    def work() -> None:
        if threading.current_thread().name.startswith("passwords of many"):
            began.append(time.monotonic())
        time.sleep(0.05)

    async def run() -> None:
        await asyncio.gather(*(in_turn(work) for _ in range(7)))

    asyncio.run(run())
    assert len(began) == 3
    assert all(after - before >= 0.1 for before, after in pairwise(began))
