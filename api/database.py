"""Short questions to the database on the way of a fix, which must not wait where it is away."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from flowctl import traces
from flowctl.errors import UnavailableError

ANSWER_S = 2.0
AGAIN_S = 2.0
"""So long nobody asks again after the database did not answer."""
_AT_ONCE = 8

T = TypeVar("T")
Connection = psycopg.Connection[Any]


class Database:
    """Asks in a thread of its own, and gives up soon."""

    def __init__(self, pool: ConnectionPool[Connection]) -> None:
        self._pool = pool
        self._threads = anyio.CapacityLimiter(_AT_ONCE)
        self._away_until = 0.0

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """Return the answer.

        Raises
        ------
        UnavailableError
            The database is away, or was a moment ago.
        """
        if time.monotonic() < self._away_until:
            raise UnavailableError("The database does not answer; send the request again.")
        try:
            async with asyncio.timeout(ANSWER_S):
                return await anyio.to_thread.run_sync(
                    self._ask, question, abandon_on_cancel=True, limiter=self._threads
                )
        except (psycopg.OperationalError, PoolTimeout, TimeoutError) as error:
            self._away_until = time.monotonic() + AGAIN_S
            raise UnavailableError(
                "The database does not answer; send the request again."
            ) from error

    def _ask(self, question: Callable[[Connection], T]) -> T:
        with traces.span("question"), self._pool.connection(timeout=ANSWER_S) as conn:
            conn.autocommit = True  # a question needs no transaction, which takes two ways more
            try:
                return question(conn)
            finally:
                if not conn.closed:
                    conn.autocommit = False
