"""What somebody outside sees of a running system: visits as they appear, and what still waits."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
import redis

from flowctl.errors import FlowctlError
from flowctl.storage.leases import list_positions
from flowctl.telemetry import stream
from flowctl.telemetry.fixes import PARTITIONS

Connection = psycopg.Connection[Any]

_EVERY_S = 0.04
_DEAREST_SHARE = 0.05
"""Polling may take this share of a core of the database; a large table is polled less often."""
_DRAIN_POLL_S = 0.05


@dataclass(slots=True)
class VisitWatch:
    """The moments at which visits were first seen, beside those of the fixes they follow from."""

    database_url: str
    delays_s: list[float] = field(default_factory=list)
    gap_s: float = 0.0
    _seen: set[UUID] = field(default_factory=set)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look every 40 ms while the context lasts, and once at its end."""
        stop = threading.Event()
        with psycopg.connect(self.database_url, autocommit=True) as conn:
            thread = threading.Thread(
                target=self._look, args=(conn, stop), name="visits", daemon=True
            )
            thread.start()
            try:
                yield
            finally:
                stop.set()
                thread.join()

    def _look(self, conn: Connection, stop: threading.Event) -> None:
        """Read the rows of transactions that had not ended at the look before."""
        since, looked = 0, time.monotonic()
        while True:
            last = stop.is_set()
            began = time.monotonic()
            rows = conn.execute(
                "select id, extract(epoch from received_at)::float8,"
                " pg_snapshot_xmin(pg_current_snapshot())::text::bigint from visits"
                " where xmin::text::bigint >= %s",
                [since],
                prepare=True,
            ).fetchall()
            self._take(rows)
            since = max((row[2] for row in rows), default=since)
            self.gap_s = max(self.gap_s, time.monotonic() - looked)
            looked = time.monotonic()
            if last:
                return
            stop.wait(max(_EVERY_S, (looked - began) / _DEAREST_SHARE))

    def _take(self, rows: list[tuple[Any, ...]]) -> None:
        now = time.time()
        for visit, received_at, _ in rows:
            if visit not in self._seen:
                self._seen.add(visit)
                self.delays_s.append(now - received_at)

    def percentiles(self) -> tuple[float | None, ...]:
        """Return p50, p95 and p99 of receipt → visit, seconds; None each where none was seen."""
        if not self.delays_s:
            return None, None, None
        return tuple(round(float(s), 4) for s in np.percentile(self.delays_s, [50, 95, 99]))


def waiting(conn: Connection, store: "redis.Redis") -> list[int]:
    """Return the partitions in which something is not stored yet."""
    newest = stream.newest_ids(store, range(PARTITIONS))
    stored = list_positions(conn)
    return [n for n, last in newest.items() if last not in {"0-0", stored.get(n, "0-0")}]


def drain(database_url: str, valkey_url: str, *, within_s: float) -> float:
    """Wait until nothing that was acknowledged is still on its way; returns that moment (epoch s).

    Raises
    ------
    FlowctlError
        Something still waits after ``within_s``.
    """
    deadline = time.monotonic() + within_s
    with (
        psycopg.connect(database_url, autocommit=True) as conn,
        redis.Redis.from_url(valkey_url) as store,
    ):
        while True:
            behind = waiting(conn, store)
            if not behind:
                return time.time()
            if time.monotonic() > deadline:
                raise FlowctlError(
                    f"After {within_s:.0f} s positions of partitions {behind} still wait."
                )
            time.sleep(_DRAIN_POLL_S)
