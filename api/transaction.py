"""One database transaction per request, ended before the answer is sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from fastapi import Request
from psycopg_pool import ConnectionPool


@contextmanager
def transaction(request: Request) -> Iterator[psycopg.Connection[Any]]:
    """Yield a connection whose work is committed at the end, or undone where an error leaves."""
    pool: ConnectionPool[psycopg.Connection[Any]] = request.app.state.pool
    with pool.connection() as conn:
        yield conn
