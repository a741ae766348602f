"""What is looked at while a soak runs: memory, files, connections, tables, what waits."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql

from flowctl.bench.usage import use_of
from flowctl.bench.watching import waiting
from flowctl.server_process import ServerProcess
from flowctl.telemetry import stream
from flowctl.telemetry.fixes import PARTITIONS

Connection = psycopg.Connection[Any]
_AWAY = (psycopg.OperationalError, redis.RedisError)


@dataclass(frozen=True, slots=True)
class Reading:
    """One look.

    ``at`` is in monotonic seconds. By part: its process id, megabytes of memory, open files. By
    table: its size in bytes with its indexes. What a store says is empty while that one is away.
    """

    at: float
    pids: Mapping[str, int]
    memory_mb: Mapping[str, float]
    files: Mapping[str, int]
    tables: Mapping[str, int] = field(default_factory=dict)
    connections: Mapping[str, int] = field(default_factory=dict)
    messages: int | None = None
    partitions: int | None = None
    stream_entries: int | None = None
    store_mb: float | None = None
    store_clients: int | None = None


@dataclass
class Gauges:
    """Looks again and again, in a thread of its own."""

    database_url: str
    valkey_url: str
    servers: Callable[[], Mapping[str, ServerProcess]]
    every_s: float
    readings: list[Reading] = field(default_factory=list)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Look while the context lasts, and once at its end."""
        stop = threading.Event()

        def look() -> None:
            while not stop.is_set():
                self.look()
                stop.wait(self.every_s)

        thread = threading.Thread(target=look, name="gauges")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.look()

    def look(self) -> None:
        """Look once."""
        pids = {name: server.pid for name, server in self.servers().items()}
        used = use_of(pids)
        self.readings.append(
            Reading(
                at=time.monotonic(),
                pids=pids,
                memory_mb={name: use.memory_mb for name, use in used.items()},
                files={
                    name: n for name, pid in pids.items() if (n := _open_files(pid)) is not None
                },
                **self._of_stores(),
            )
        )

    def _of_stores(self) -> dict[str, Any]:
        try:
            with (
                psycopg.connect(self.database_url, autocommit=True, connect_timeout=5) as conn,
                redis.Redis.from_url(self.valkey_url, socket_timeout=5) as store,
            ):
                return {
                    "tables": table_sizes(conn),
                    "connections": _connections(conn),
                    "messages": _one(conn, "select count(*) from outbox where state = 'waiting'"),
                    "partitions": len(waiting(conn, store)),
                    **_of_valkey(store),
                }
        except _AWAY:
            return {}


def _of_valkey(store: "redis.Redis") -> dict[str, Any]:
    said: Any = store.info()
    lengths: list[Any] = [store.xlen(stream.key(n)) for n in range(PARTITIONS)]
    return {
        "stream_entries": sum(lengths),
        "store_mb": int(said["used_memory"]) / 1024**2,
        "store_clients": int(said["connected_clients"]),
    }


def _open_files(pid: int) -> int | None:
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it has ended meanwhile
        return None


def table_sizes(conn: Connection) -> dict[str, int]:
    """Return the bytes of each table with its indexes; partitions count for their table."""
    rows = conn.execute(
        "select coalesce(parent.relname, c.relname), sum(pg_total_relation_size(c.oid))::bigint"
        " from pg_class c left join pg_inherits i on i.inhrelid = c.oid"
        " left join pg_class parent on parent.oid = i.inhparent"
        " where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace group by 1"
    ).fetchall()
    return dict(rows)


def table_rows(conn: Connection) -> dict[str, int]:
    """Return how many rows each table has, counted."""
    return {
        name: _one(conn, sql.SQL("select count(*) from {}").format(sql.Identifier(name)))
        for name in table_sizes(conn)
    }


def _connections(conn: Connection) -> dict[str, int]:
    """Return how many sessions there are by application, without what tells processes apart."""
    rows = conn.execute(
        "select application_name from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    ).fetchall()
    return dict(Counter(" ".join(name.split()[:2]) or "others" for (name,) in rows))


def _one(conn: Connection, question: Any) -> int:  # noqa: ANN401 - text or composed
    row = conn.execute(question).fetchone()
    return int(row[0]) if row is not None else 0
