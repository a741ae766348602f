"""The ingest worker: stream entries become stored fixes and visits, in one transaction each time.

A worker holds leases on some of the partitions. A transaction stores everything that was read,
judges the devices it touches and moves the position of each partition by compare-and-set under
the lease's epoch. A crash before its commit leaves nothing behind; a crash after it leaves nothing
to do; a worker that was paused and has lost its lease commits nothing.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
import structlog

from flowctl import traces
from flowctl.site import Site, UnknownDevices
from flowctl.storage import leases as lease_store
from flowctl.storage import outcomes
from flowctl.storage.heartbeats import Heart
from flowctl.storage.leases import Lease
from flowctl.telemetry import stream
from flowctl.telemetry.edge import row_set_aside
from flowctl.telemetry.fixes import (
    PARTITIONS,
    FixBatch,
    SetAside,
    batch_from_bytes,
    merge,
    microseconds,
)
from flowctl.telemetry.fleet import NEVER
from flowctl.telemetry.ownership import KEEP_S, LostPartitionError, Ownership
from flowctl.telemetry.screening import Reason
from flowctl.telemetry.store import WorkerStore
from flowctl.telemetry.storing import Recorder, outcomes_of

Connection = psycopg.Connection[Any]
Entry = tuple[str, bytes]
Entries = Mapping[int, Sequence[Entry]]

_log = structlog.get_logger()

POISON_TRIES = 3
READ_BYTES = 3_000_000
"""About as much is read at a time: some 50,000 fixes, half a second's work of a database."""
SMALL_BYTES = 300_000
MOST_ENTRIES = 64
"""Of a partition; an entry is of a megabyte at most, so that this bounds memory as well."""
MOST_BYTES = 4 * READ_BYTES
"""So much is taken in at once where entries turn out larger than those before them."""
RELEASED_AT_ONCE = 5_000

UNKNOWN_SOURCE = 0
"""The source of a poison entry: what it says of itself cannot be read."""


class PoisonError(Exception):
    """A stream entry that cannot be read."""


POISON = (PoisonError, psycopg.DataError, psycopg.IntegrityError)
"""What an entry raises that repetition will hardly mend: tried again alone, then set aside."""


@dataclass(slots=True)
class Ingest:
    """Stores and judges what the streams of its partitions hold."""

    conn: Connection
    store: WorkerStore
    site: Site
    own: Ownership
    recorder: Recorder
    heart: Heart = field(default_factory=lambda: Heart("ingest"))
    gather_s: float = 0.0
    """So long after a small step more is left to gather: a commit costs as much for ten fixes."""
    _stepped_at: float = float("-inf")
    _released_at: float = float("-inf")
    _entry_bytes: float = 3_000.0

    @classmethod
    def begin(
        cls, conn: Connection, store: WorkerStore, site: Site, *, name: str = "only"
    ) -> "Ingest":
        """Take up as many partitions as are this worker's share, where they were left."""
        with conn.transaction():
            lease_store.enter_partitions(conn, PARTITIONS)
        worker = cls(conn, store, site, Ownership(conn, name), Recorder.of(conn, site))
        worker.keep()
        return worker

    def keep(self) -> None:
        """Prolong the leases, take up what is free, and learn what has changed."""
        taken = self.own.keep()
        with self.conn.transaction():
            if taken:
                self._take_up(taken)
            self.recorder.refresh()
            site = self.recorder.reload(self.own.leases)
        if site is not None:
            self.site = site
            _log.info("site loaded anew", site=site.id, worker=self.own.name)

    def _take_up(self, taken: Sequence[Lease]) -> None:
        partitions = [lease.partition for lease in taken]
        newest = stream.newest_ids(self.store, partitions)
        keeper = stream.list_keepers(self.store, partitions)
        # A stream behind our position has been begun anew, by a store that lost its data: all of
        # it is unread. So may be what lies before our position where another node keeps the stream
        # than the one it was read from: that one may have known entries this one does not, and
        # this one may have taken others meanwhile. Identity removes the doubles.
        anew = {
            lease.partition: lease.epoch
            for lease in taken
            if stream.is_behind(newest[lease.partition], lease.last_id)
            or lease.read_from != keeper[lease.partition]
        }
        if anew:
            _log.warning("streams were begun anew; they are read whole", partitions=sorted(anew))
            lease_store.reset_positions(self.conn, anew, keeper)
        self.recorder.recall({lease.partition: _horizon(lease.newest_at) for lease in taken})
        self.own.begin(
            [replace(one, last_id="0-0") if one.partition in anew else one for one in taken]
        )
        _log.info("took up partitions", worker=self.own.name, partitions=sorted(self.own.leases))

    def step(self, now: Callable[[], datetime], *, block_ms: int = 100) -> int:
        """Take in what waits, at most some megabytes; returns how many entries it took."""
        if self.own.is_due():
            self.keep()
        entries = self._read(block_ms)
        try:
            if entries:
                self._take(entries, now)
            else:
                with self.conn.transaction():
                    self.heart.beat(self.conn, now())
            if time.monotonic() - self._released_at >= KEEP_S:
                self._released_at = time.monotonic()
                self.release(now())
        except LostPartitionError:
            _log.warning("lost a partition; nothing of this step counts", worker=self.own.name)
            self.own.drop()
            self.recorder.forget()
            self.keep()
            return 0
        if entries:
            stream.trim(self.store, {p: lease.last_id for p, lease in self.own.leases.items()})
        return sum(len(batch) for batch in entries.values())

    def _read(self, block_ms: int) -> dict[int, list[Entry]]:
        if not self.own.leases:
            time.sleep(block_ms / 1000)
            return {}
        time.sleep(max(0.0, self._stepped_at + self.gather_s - time.monotonic()))
        share = READ_BYTES / self._entry_bytes / len(self.own.leases)
        entries = stream.read(
            self.store,
            {partition: lease.last_id for partition, lease in self.own.leases.items()},
            count=max(1, min(MOST_ENTRIES, int(share))),
            block_ms=block_ms,
        )
        sizes = [len(body) for batch in entries.values() for _, body in batch]
        if sum(sizes) > MOST_BYTES:
            entries = {
                p: batch[: max(1, len(batch) * MOST_BYTES // sum(sizes))]
                for p, batch in entries.items()
            }
        if sizes:
            self._entry_bytes = sum(sizes) / len(sizes)
            self._stepped_at = time.monotonic() if sum(sizes) < SMALL_BYTES else float("-inf")
        return entries

    def _take(self, entries: Entries, now: Callable[[], datetime]) -> None:
        """Commit all entries at once or, where one of them is poison, each by itself."""
        try:
            self._commit(entries, now)
        except POISON:
            for partition, batch in entries.items():
                for entry in batch:
                    self._take_one(partition, entry, now)

    def _take_one(self, partition: int, entry: Entry, now: Callable[[], datetime]) -> None:
        alone = {partition: [entry]}
        for tried in range(1, POISON_TRIES + 1):
            self._recollect()
            try:
                self._commit(alone, now, careful=True)
            except POISON as error:
                told = {"partition": partition, "id": entry[0], "reason": str(error)}
                _log.warning("an entry cannot be taken in", tried=tried, **told)
            else:
                return
        self._recollect()
        _log.error("poison entry set aside", partition=partition, id=entry[0])
        # When it was received cannot be read from it; the entry's own id is wall time.
        item = SetAside(UNKNOWN_SOURCE, microseconds(now()), Reason.POISON, None, None, entry[1])
        with self.conn.transaction():
            outcomes.set_aside(self.conn, [item])
            outcomes.count_outcomes(self.conn, outcomes_of([item]))
            self.own.advance(_ends(alone), {})
        self.own.moved(_ends(alone))

    def _recollect(self) -> None:
        """Forget what a failed transaction may have left in memory; the leases stand."""
        self.recorder.forget()
        with self.conn.transaction():
            horizons = lease_store.list_horizons(self.conn, list(self.own.leases))
            self.recorder.recall({p: _horizon(newest_at) for p, newest_at in horizons.items()})

    def _commit(
        self, entries: Entries, now: Callable[[], datetime], *, careful: bool = False
    ) -> None:
        batch = merge([_batch(body) for part in entries.values() for _, body in part])
        with traces.span("ingest", fixes=len(batch.rows)), self.conn.transaction():
            with traces.span("store and judge"):
                newest = self.recorder.record(batch, careful=careful)
            self.own.advance(_ends(entries), newest)
            self.heart.beat(self.conn, now())
        self.own.moved(_ends(entries))

    def release(self, now: datetime) -> int:
        """Take in what was kept aside until its moment came or its device was registered.

        Raises
        ------
        LostPartitionError
            A partition is not ours any more; nothing was taken in.
        """
        with self.conn.transaction():
            items = outcomes.take_released(
                self.conn,
                sorted(self.own.leases),
                now=now,
                oldest=now - timedelta(seconds=self.site.lateness_limit_s),
                most=RELEASED_AT_ONCE,
                held=self.site.unknown_devices is UnknownDevices.HOLD,
            )
            if items:
                aside = [item for _, item in items]
                batch = merge(
                    [FixBatch((item.device or "",), row_set_aside(item)) for item in aside]
                )
                newest = self.recorder.record(batch, counts=outcomes_of(aside, outcomes.RELEASED))
                here = {partition: self.own.leases[partition].last_id for partition, _ in items}
                self.own.advance(here, newest)
        return len(items)


def _batch(body: bytes) -> FixBatch:
    try:
        return batch_from_bytes(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise PoisonError(str(error)) from error


def _ends(entries: Entries) -> dict[int, str]:
    return {partition: batch[-1][0] for partition, batch in entries.items()}


def _horizon(newest_at: datetime | None) -> int:
    return NEVER if newest_at is None else microseconds(newest_at)
