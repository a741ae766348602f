"""Passwords tried and hashed: one at a time, beside everything else and behind it.

Each takes 64 MB and a core for a tenth of a second, on purpose. They have a thread of their own,
which the system lets work when positions leave it the time. Where many sign in at once, most of
them guess: those are hashed by a thread that works only where nothing else would, and that rests
as long as it worked. Who tries passwords slows nobody down but who tries them too.
"""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_NICE = 10
"""A tenth of the share of a thread that positions use, where both want the same core."""
_CROWD = 4
"""From so many that wait for their turn on, further ones are behind everything."""


def _give_way() -> None:
    if sys.platform == "linux":  # elsewhere a priority is the whole process's
        mine = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, mine, os.getpriority(os.PRIO_PROCESS, mine) + _NICE)


def _be_idle() -> None:
    # A low priority is not enough: what is woken beside such a thread waits for its slice to end.
    if sys.platform == "linux":
        os.sched_setscheduler(threading.get_native_id(), os.SCHED_IDLE, os.sched_param(0))


_ONE = threading.Lock()


class _Thread:
    """A thread that does one thing after another and rests ``rests`` times as long as each took."""

    def __init__(self, name: str, begin: Callable[[], None], *, rests: float) -> None:
        self.pool = ThreadPoolExecutor(1, name, initializer=begin)
        self._rests = rests
        self._rested_at = 0.0

    def do(self, work: Callable[[], T]) -> T:
        time.sleep(max(self._rested_at - time.monotonic(), 0.0))
        with _ONE:
            began = time.monotonic()
            try:
                return work()
            finally:
                ended = time.monotonic()
                self._rested_at = ended + self._rests * (ended - began)


_OF_FEW = _Thread("passwords", _give_way, rests=0.0)
_OF_MANY = _Thread("passwords of many", _be_idle, rests=1.0)
_waiting = 0


async def in_turn(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do what hashes a password, when those before it are done."""
    global _waiting  # noqa: PLW0603 - of this process, counted by its event loop alone
    thread = _OF_FEW if _waiting < _CROWD else _OF_MANY
    _waiting += 1
    try:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            thread.pool, lambda: thread.do(lambda: work(*args, **kwargs))
        )
    finally:
        _waiting -= 1
