"""Our own processes watched by the API, which goes on where the controller has stopped."""

import asyncio
from typing import Any

import psycopg
import structlog
from psycopg_pool import PoolTimeout
from starlette.concurrency import run_in_threadpool

from flowctl.storage.alarm_facts import watch_processes

LOOKS_EVERY_S = 30.0

_log = structlog.get_logger()


async def watch(state: Any) -> None:  # noqa: ANN401 - Starlette's State
    """Raise an alarm where a process of ours stands still, without an end."""
    while True:
        await asyncio.sleep(LOOKS_EVERY_S)
        try:
            await run_in_threadpool(_look, state)
        except (psycopg.Error, PoolTimeout) as error:
            _log.warning("processes could not be watched", reason=str(error))


def _look(state: Any) -> None:  # noqa: ANN401 - Starlette's State
    with state.pool.connection() as conn:
        watch_processes(conn, state.site, state.clock.now())
