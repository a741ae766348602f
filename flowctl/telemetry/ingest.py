"""The ingest worker: stream entries become stored fixes and visits, in one transaction each time.

A transaction stores everything read, judges the devices it touches and moves the stream position
of each partition by compare-and-set. A crash before its commit leaves nothing behind; a crash
after it leaves nothing to do.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import psycopg
import redis
import structlog
from numpy.typing import NDArray

from flowctl.site import Site
from flowctl.storage import fixes as fix_store
from flowctl.storage import visits as visit_store
from flowctl.storage.heartbeats import Heart
from flowctl.storage.partitions import ensure_fix_partitions
from flowctl.storage.visits import Track
from flowctl.telemetry import stream
from flowctl.telemetry.fixes import (
    PARTITIONS,
    FixBatch,
    SetAside,
    batch_from_bytes,
    merge,
    microseconds,
)
from flowctl.visits.engine import Sighting, TrackState, Visit, advance, state_at, visit_of
from flowctl.visits.revise import Published, Revision, reconcile
from geo.membership import ZoneIndex

Connection = psycopg.Connection[Any]
Entries = Mapping[int, Sequence[tuple[str, bytes]]]

_log = structlog.get_logger()

REVISION_WINDOW = timedelta(hours=6)
"""How far before a late fix its device's track is judged again."""

POISON = (psycopg.DataError, msgspec.MsgspecError, ValueError)
"""What an entry raises that no repetition will mend; it is set aside whole, with its bytes."""

UNKNOWN_SOURCE = 0
"""The source of a poison entry: what it says of itself cannot be read."""

_DAY_US = 86_400_000_000


class LostPartitionError(Exception):
    """Another worker has moved this partition's position: what was done here must not count."""


@dataclass(slots=True)
class Ingest:
    """Stores and judges what the streams hold; one of these works at a time."""

    conn: Connection
    store: "redis.Redis"
    site: Site
    index: ZoneIndex
    positions: dict[int, tuple[str, int]]
    heart: Heart = field(default_factory=lambda: Heart("ingest"))

    @classmethod
    def begin(cls, conn: Connection, store: "redis.Redis", site: Site) -> "Ingest":
        """Take up all partitions where they were left."""
        with conn.transaction():
            positions = fix_store.list_positions(conn, range(PARTITIONS))
        index = ZoneIndex(
            site.zones, inner_m=site.visit.inner_m, outer_m=site.visit.outer_m, epsg=site.epsg
        )
        return cls(conn, store, site, index, positions)

    def step(self, now: Callable[[], datetime], *, count: int = 64, block_ms: int = 100) -> int:
        """Take in what waits, at most ``count`` entries a partition; returns how many it took."""
        entries = stream.read(
            self.store,
            {partition: last_id for partition, (last_id, _) in self.positions.items()},
            count=count,
            block_ms=block_ms,
        )
        if not entries:
            self.heart.beat(self.conn, now())
            return 0
        try:
            self._take(entries, now)
        except LostPartitionError:
            with self.conn.transaction():
                self.positions = fix_store.list_positions(self.conn, range(PARTITIONS))
            return 0
        stream.trim(self.store, {p: last_id for p, (last_id, _) in self.positions.items()})
        return sum(len(batch) for batch in entries.values())

    def _take(self, entries: Entries, now: Callable[[], datetime]) -> None:
        """Commit all entries at once or, where one of them is poison, each by itself."""
        try:
            self._commit(entries, now)
        except POISON:
            for partition, batch in entries.items():
                for entry in batch:
                    self._take_one(partition, entry, now)

    def _take_one(
        self, partition: int, entry: tuple[str, bytes], now: Callable[[], datetime]
    ) -> None:
        try:
            self._commit({partition: [entry]}, now)
        except POISON as error:
            _log.error(
                "poison entry set aside", partition=partition, id=entry[0], reason=str(error)
            )
            with self.conn.transaction():
                # When it was received cannot be read from it; the entry's own id is wall time.
                received_at_us = microseconds(now())
                item = SetAside(UNKNOWN_SOURCE, received_at_us, "poison", None, None, entry[1])
                fix_store.set_aside(self.conn, [item])
                day = _instant(received_at_us / 1e6).date()
                fix_store.count_outcomes(self.conn, {(day, UNKNOWN_SOURCE, item.reason): 1})
                self._advance({partition: [entry]})
            self._moved({partition: [entry]})

    def _commit(self, entries: Entries, now: Callable[[], datetime]) -> None:
        with self.conn.transaction():
            self._store(entries)
            self._advance(entries)
            self.heart.beat(self.conn, now())
        self._moved(entries)

    def _moved(self, entries: Entries) -> None:
        for partition, batch in entries.items():
            self.positions[partition] = (batch[-1][0], self.positions[partition][1])

    def _advance(self, entries: Entries) -> None:
        for partition, batch in entries.items():
            old, epoch = self.positions[partition]
            if not fix_store.advance_position(
                self.conn, partition, old=old, new=batch[-1][0], epoch=epoch
            ):
                raise LostPartitionError

    def _store(self, entries: Entries) -> None:
        batch = merge([batch_from_bytes(body) for part in entries.values() for _, body in part])
        rows = fix_store.resolved(batch, fix_store.resolve_devices(self.conn, batch.devices))
        self._make_room(rows)
        fresh = fix_store.store_fixes(self.conn, rows)
        fix_store.set_aside(self.conn, batch.aside)
        fix_store.count_outcomes(self.conn, _outcomes(batch, fresh))
        self._judge(rows[fresh])

    def _make_room(self, rows: NDArray[np.void]) -> None:
        """Have a partition for every day in the batch: screening bounds how old one can be."""
        days = np.unique(rows["fixed_at"] // _DAY_US)
        for day in days.tolist():
            ensure_fix_partitions(self.conn, _day(day), _day(day))

    def _judge(self, rows: NDArray[np.void]) -> None:
        """Bring the visits of every device with new fixes up to date."""
        if not len(rows):
            return
        rows = rows[np.lexsort((rows["source_id"], rows["fixed_at"], rows["device_id"]))]
        sightings = self._sightings(rows)
        bounds = np.flatnonzero(np.diff(rows["device_id"])) + 1
        starts = [0, *bounds.tolist()]
        ends = [*bounds.tolist(), len(rows)]
        states = visit_store.find_states(self.conn, np.unique(rows["device_id"]).tolist())
        tracks: list[Track] = []
        upserts: list[tuple[int, Published]] = []
        for start, end in zip(starts, ends, strict=True):
            device = int(rows["device_id"][start])
            state = states.get(device, TrackState())
            state, revision = self._judge_device(device, state, sightings[start:end])
            tracks.append(Track(device, rows[end - 1], state))
            upserts += [(device, published) for published in revision.upserts]
            if revision.withdrawn:
                visit_store.withdraw_visits(self.conn, revision.withdrawn)
        visit_store.save_tracks(self.conn, tracks)
        visit_store.save_visits(self.conn, self.site, upserts)

    def _judge_device(
        self, device: int, state: TrackState, sightings: Sequence[Sighting]
    ) -> tuple[TrackState, Revision]:
        if state.at is not None and sightings[0].at <= state.at:
            return self._judge_again(device, sightings[0].at)
        state, changed = self._advance_track(state, sightings)
        if not changed:
            return state, Revision((), ())
        since = _instant(min(visit.entered_at for visit in changed))
        known = visit_store.list_visits(self.conn, device, since=since)
        return state, Revision(reconcile(device, known, changed).upserts, ())

    def _judge_again(self, device: int, late: float) -> tuple[TrackState, Revision]:
        """Judge a device's track anew from some time before a late fix."""
        since = _instant(late) - REVISION_WINDOW
        known = visit_store.list_visits(self.conn, device, since=since)
        before = TrackState()
        if fix_store.has_track_before(self.conn, device, since):
            before = state_at([published.visit for published in known], since.timestamp())
        rows = fix_store.list_track(self.conn, device, since=since)
        state, changed = self._advance_track(before, self._sightings(rows))
        ended = {(visit.zone, visit.entered_at) for visit in changed}
        lasting = [
            visit
            for zone, presence in state.zones.items()
            if presence.confirmed_at is not None
            for visit in [visit_of(zone, presence)]
            if (zone, visit.entered_at) not in ended
        ]
        return state, reconcile(device, known, [*changed, *lasting])

    def _advance_track(
        self, state: TrackState, sightings: Sequence[Sighting]
    ) -> tuple[TrackState, list[Visit]]:
        roles = {zone.id: zone.role for zone in self.site.zones}
        return advance(state, sightings, roles=roles, params=self.site.visit)

    def _sightings(self, rows: NDArray[np.void]) -> list[Sighting]:
        inner, outer = self.index.membership(rows["lon"], rows["lat"])
        zones = [zone.id for zone in self.site.zones]
        inside: dict[int, set[str]] = defaultdict(set)
        around: dict[int, set[str]] = defaultdict(set)
        for found, member in ((inside, inner), (around, outer)):
            for i, z in zip(*(axis.tolist() for axis in np.nonzero(member)), strict=True):
                found[i].add(zones[z])
        nowhere: frozenset[str] = frozenset()
        return [
            Sighting(
                at / 1e6,
                received / 1e6,
                frozenset(inside[i]) if i in inside else nowhere,
                frozenset(around[i]) if i in around else nowhere,
            )
            for i, (at, received) in enumerate(
                zip(rows["fixed_at"].tolist(), rows["received_at"].tolist(), strict=True)
            )
        ]


def _outcomes(batch: FixBatch, fresh: NDArray[np.bool_]) -> dict[tuple[date, int, str], int]:
    """Count what becomes of a batch by (day of reception, source, outcome)."""
    days = batch.rows["received_at"] // _DAY_US
    kinds, n = np.unique(
        np.column_stack([days, batch.rows["source_id"], fresh]), axis=0, return_counts=True
    )
    counts: Counter[tuple[date, int, str]] = Counter()
    for (day, source, new), many in zip(kinds.tolist(), n.tolist(), strict=True):
        counts[_day(day), source, "stored" if new else "duplicate"] = many
    for item in batch.aside:
        counts[_day(item.received_at_us // _DAY_US), item.source_id, item.reason] += 1
    return counts


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)


def _instant(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
