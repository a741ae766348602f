"""How every process connects: what a network does to a connection is noticed within seconds.

An address may name several servers, of which the one that takes writes is meant:
``postgresql://user@one:5432,two:5432/flowctl?target_session_attrs=read-write``.
"""

import select
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
import structlog
from psycopg_pool import ConnectionPool

Connection = psycopg.Connection[Any]
Pool = ConnectionPool[Connection]
Within = Callable[[Connection], AbstractContextManager[object]]
"""What opens a transaction, and may refuse to: ``psycopg.Connection.transaction`` refuses none."""

CONNECT_S = 5
"""So long one server of an address may take to let us in."""
SILENT_S = 6
"""After so long without a sign of the other host, a connection is lost on our side."""
_SERVER_SILENT_S = 10
"""The same on the server's: what a host that was cut off has locked is free again then."""
_RECONNECT_S = 4.0

_log = structlog.get_logger()


def connect(url: str, *, autocommit: bool = False, name: str = "") -> Connection:
    """Return a connection, within seconds and by UTC; ``name`` is what its session is called.

    Raises
    ------
    psycopg.OperationalError
        No server of the address lets us in, or none of them takes writes where that is asked for.
    """
    return psycopg.connect(url, autocommit=autocommit, **_said(name))


def make_pool(url: str, *, most: int, wait_s: float) -> Pool:
    """Return a pool, not opened yet, of at most so many connections.

    One that was lost while nobody used it is not handed out. Where no server answers, new ones are
    tried for whoever asks, without the long pauses that would come to lie beyond a promotion.
    """
    return ConnectionPool(
        url,
        kwargs=_said(""),
        min_size=1,
        max_size=most,
        timeout=wait_s,
        reconnect_timeout=_RECONNECT_S,
        check=_refuse_lost,
        open=False,
    )


@contextmanager
def prolonging(
    what: str,
    act: Callable[[Connection], object],
    make: Callable[[], Connection],
    *,
    every_s: float,
) -> Iterator[None]:
    """Act every so often while the context lasts, from a thread with a connection of its own.

    It is the process that is watched: where it dies, is paused or cut off, ``what`` runs out.
    """
    stop = threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            try:
                with make() as conn:
                    while not stop.wait(every_s):
                        act(conn)
            except psycopg.Error as error:
                _log.warning("a lease is not prolonged", of=what, reason=str(error).strip())
                stop.wait(every_s)

    thread = threading.Thread(target=go_on, name=what, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(every_s)  # no longer: it may be waiting for a database that hangs


def _refuse_lost(conn: Connection) -> None:
    """Ask the server only where the socket says something: of a live one it is silent."""
    # select() knows no descriptor beyond 1,023, and streams of events are many.
    asked = select.poll()
    asked.register(conn.pgconn.socket, select.POLLIN)
    if asked.poll(0):
        ConnectionPool.check_connection(conn)


def _said(name: str) -> dict[str, Any]:
    server = {
        "timezone": "UTC",
        "tcp_keepalives_idle": _SERVER_SILENT_S // 2,
        "tcp_keepalives_interval": 2,
        "tcp_keepalives_count": 3,
        "tcp_user_timeout": _SERVER_SILENT_S * 1000,
    }
    return {
        "connect_timeout": CONNECT_S,
        "keepalives_idle": SILENT_S // 2,
        "keepalives_interval": 1,
        "keepalives_count": 3,
        "tcp_user_timeout": SILENT_S * 1000,
        "options": " ".join(f"-c {key}={value}" for key, value in server.items()),
        **({"application_name": name} if name else {}),
    }
