"""The sender's one connection, worked by a thread of its own, so that no gateway waits for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from threading import Event
from typing import Any, TypeVar

import psycopg

from flowctl.patience import Patience
from flowctl.storage.connections import connect

Connection = psycopg.Connection[Any]
T = TypeVar("T")


@dataclass(slots=True)
class Database:
    """Runs functions of `flowctl.storage`, one after the other."""

    url: str
    stop: Event
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, "outbox"), init=False
    )
    _patience: Patience = field(default_factory=Patience, init=False)
    _conn: Connection | None = field(default=None, init=False)

    async def call(self, work: Callable[[Connection], T], *, alone: bool = False) -> T:
        """Return what ``work`` returns; it is done again where the connection broke meanwhile.

        What is ``alone``, a single statement, needs no transaction around it.

        Raises
        ------
        UnavailableError
            The database has been away for too long.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._call, work, alone)

    def close(self) -> None:
        """Close the connection."""
        self._thread.shutdown()
        if self._conn is not None:
            self._conn.close()

    def _call(self, work: Callable[[Connection], T], alone: bool) -> T:
        while True:
            try:
                if self._conn is None:
                    self._conn = connect(self.url, autocommit=True)
                with nullcontext() if alone else self._conn.transaction():
                    done = work(self._conn)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if self._conn is not None:
                    self._conn.close()
                    self._conn = None
                if self.stop.is_set():
                    raise
                self._patience.wait(error, self.stop)
            else:
                self._patience.reset()
                return done
