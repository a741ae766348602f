"""One database transaction per request, ended before the answer is sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from fastapi import Request
from psycopg_pool import ConnectionPool

from flowctl import traces

_CHANGE_NOTHING = frozenset({"GET", "HEAD", "OPTIONS"})


@contextmanager
def transaction(request: Request) -> Iterator[psycopg.Connection[Any]]:
    """Yield a connection whose work is committed at the end, or undone where an error leaves.

    What a request other than GET committed is looked at by every console at once.
    """
    pool: ConnectionPool[psycopg.Connection[Any]] = request.app.state.pool
    with traces.span("transaction"), pool.connection() as conn:
        yield conn
    if request.method not in _CHANGE_NOTHING:
        request.app.state.waker.wake()
