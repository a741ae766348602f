"""Our own processes watched by the API, which goes on where the controller has stopped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
import structlog
from psycopg_pool import PoolTimeout
from starlette.concurrency import run_in_threadpool

from flowctl.storage.alarm_facts import watch_processes

LOOKS_EVERY_S = 30.0

_log = structlog.get_logger()


@asynccontextmanager
async def watching(state: Any) -> AsyncIterator[None]:  # noqa: ANN401 - Starlette's State
    """Raise an alarm where a process of ours stands still, while the context lasts."""
    task = asyncio.create_task(_watch(state))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _watch(state: Any) -> None:  # noqa: ANN401 - Starlette's State
    while True:
        await asyncio.sleep(LOOKS_EVERY_S)
        try:
            await run_in_threadpool(_look, state)
        except (psycopg.Error, PoolTimeout) as error:
            _log.warning("processes could not be watched", reason=str(error))


def _look(state: Any) -> None:  # noqa: ANN401 - Starlette's State
    with state.pool.connection() as conn:
        watch_processes(conn, state.site, state.clock.now())
