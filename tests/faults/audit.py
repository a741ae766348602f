"""Counts, kill after kill: every acknowledged fix is stored, and none twice."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import redis

from flowctl.bench.counting import Keys, Tally, keys_of, stored_keys, tally
from flowctl.bench.disorder import Blocks
from flowctl.bench.ledger import ACKNOWLEDGED, Entry, read_ledger
from flowctl.errors import FlowctlError
from flowctl.settings import Settings
from flowctl.storage.leases import list_positions
from flowctl.storage.outcomes import total_outcomes
from flowctl.telemetry import stream
from flowctl.telemetry.fixes import PARTITIONS

Connection = psycopg.Connection[Any]

_POLL_S = 0.1
_AWAY = (psycopg.OperationalError, redis.RedisError)
_MOMENT = (1 << 42) - 1


@dataclass
class Audit:
    """Reads the poster's ledger as it grows, and looks for what it holds in the database."""

    blocks: Blocks
    ledger: Path
    settings: Settings
    entries: list[Entry] = field(default_factory=list)
    _offset: int = 0

    def count(self, *, within_s: float) -> tuple[int, int, int]:
        """Wait until what was acknowledged by now should be stored, and look whether it is.

        Returns
        -------
        acknowledged, lost, twice
            Of the posts that were acknowledged since the count before.
        """
        new, self._offset = read_ledger(self.ledger, self._offset)
        self.entries += new
        self.settle(within_s=within_s)
        keys = self._acknowledged(new)
        if not len(keys):
            return 0, 0, 0
        moments = keys & _MOMENT
        with psycopg.connect(self.settings.database_url) as conn:
            stored = stored_keys(conn, int(moments.min()), int(moments.max()) + 1)
        once = np.unique(stored)
        return len(keys), len(np.setdiff1d(keys, once)), len(stored) - len(once)

    def _acknowledged(self, entries: list[Entry]) -> Keys:
        parts = [np.empty(0, np.int64)]
        for entry in entries:
            if entry.outcome == ACKNOWLEDGED:
                keys = keys_of(self.blocks.block(entry.block))
                parts.append(keys[entry.first : entry.first + entry.count])
        return np.unique(np.concatenate(parts))

    def settle(self, *, within_s: float) -> float:
        """Wait until everything now in the streams is stored; returns how long it took.

        The load goes on meanwhile: what comes after this moment is not waited for.
        """
        began = time.monotonic()
        marks: dict[int, str] | None = None
        reason: object = "nobody answers"
        while time.monotonic() - began < within_s:
            try:
                marks, behind = self._behind(marks)
            except _AWAY as error:  # a store that is just coming back
                reason = error
            else:
                if not behind:
                    return time.monotonic() - began
                reason = f"partitions {behind} are not stored yet"
            time.sleep(_POLL_S)
        raise FlowctlError(f"The backlog was not stored within {within_s:.0f} s: {reason}.")

    def _behind(self, marks: dict[int, str] | None) -> tuple[dict[int, str], list[int]]:
        with (
            redis.Redis.from_url(self.settings.valkey_url) as store,
            psycopg.connect(self.settings.database_url, connect_timeout=5) as conn,
        ):
            marks = marks or stream.newest_ids(store, range(PARTITIONS))
            at = list_positions(conn)
        return marks, [n for n, mark in marks.items() if _number(at.get(n, "0-0")) < _number(mark)]

    def whole(self) -> tuple[Tally, int]:
        """Compare the whole ledger with the whole table.

        Returns
        -------
        tally, overcounted
            The comparison, and by how much the system's own count of stored fixes is too high.
        """
        new, self._offset = read_ledger(self.ledger, self._offset)
        self.entries += new
        with psycopg.connect(self.settings.database_url) as conn:
            found = tally(conn, self.blocks, self.entries)
            return found, total_outcomes(conn).stored - found.stored


def _number(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)
