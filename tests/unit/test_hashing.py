"""Passwords are hashed one at a time, behind everything else."""

import asyncio
import os
import sys
import threading
import time

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
        going = asyncio.gather(*(in_turn(work) for _ in range(5)))
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
