"""Passwords tried and hashed: one at a time, beside everything else and behind it.

Each takes 64 MB and a core for a tenth of a second, on purpose. They have a thread of their own,
which the system lets work when positions leave it the time: who tries passwords slows nobody down.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_NICE = 10
"""A tenth of the share of a thread that positions use, where both want the same core."""


def _give_way() -> None:
    if sys.platform == "linux":  # elsewhere a priority is the whole process's
        mine = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, mine, os.getpriority(os.PRIO_PROCESS, mine) + _NICE)


_THREAD = ThreadPoolExecutor(1, "passwords", initializer=_give_way)


async def in_turn(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do what hashes a password, when those before it are done."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREAD, lambda: work(*args, **kwargs))
