"""What becomes of a batch: stored once, judged, set aside, counted, in the caller's transaction.

This is the memory of one worker as well. After a transaction that did not commit it must be
thrown away: see `Recorder.recall`.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from flowctl.site import Site
from flowctl.storage import fixes as fix_store
from flowctl.storage import fleet as fleet_store
from flowctl.storage import outcomes
from flowctl.storage import sites as site_store
from flowctl.storage.fixes import Merge
from flowctl.storage.partitions import ensure_fix_partitions
from flowctl.storage.tracks import StoredTracks
from flowctl.telemetry.edge import set_aside
from flowctl.telemetry.fixes import (
    FixBatch,
    Note,
    SetAside,
    instant,
    microseconds,
    partition_of,
)
from flowctl.telemetry.fleet import ANYBODY, UNKNOWN, Fleet
from flowctl.telemetry.judging import Judge
from flowctl.telemetry.rezoning import find_change
from flowctl.telemetry.screening import Reason

Connection = psycopg.Connection[Any]
Counts = Counter[tuple[date, int, str]]
"""Fixes by (day of reception, source, outcome)."""

_DAY_US = 86_400_000_000
_SOURCES = 2**15  # as many as a smallint counts
_REBOUND_OVERLAP = timedelta(seconds=10)
"""How long a change of a device may take to commit and still be noticed."""


@dataclass(slots=True)
class Recorder:
    """Stores and judges the fixes of the partitions a worker holds."""

    conn: Connection
    judge: Judge
    loaded_at: datetime | None = None
    fleet: Fleet = field(default_factory=Fleet)
    _enrolling: frozenset[int] = frozenset()
    _rebound_at: datetime | None = None
    _days: set[date] = field(default_factory=set)

    @classmethod
    def of(cls, conn: Connection, site: Site) -> "Recorder":
        """Return a recorder that remembers nothing yet."""
        judge = Judge.of(site, site_store.list_zone_versions(conn, site))
        return cls(conn, judge, site_store.find_loaded_at(conn, site.id))

    def recall(self, horizons: Mapping[int, int]) -> None:
        """Begin with partitions: each device in them may be stored up to its partition's horizon.

        Horizons are microseconds since 1970. What was remembered of other partitions stands.
        """
        self.judge.recall(StoredTracks(self.conn))
        self.fleet.take_over(horizons)

    def forget(self) -> None:
        """Drop what a transaction that did not commit may have left behind."""
        self.fleet = Fleet()
        self._days.clear()

    def refresh(self) -> None:
        """Learn what has changed about sources and devices since the last time."""
        before = self._rebound_at
        self._rebound_at = fleet_store.wall_now(self.conn) - _REBOUND_OVERLAP
        self.fleet.relearn(fleet_store.list_rebound(self.conn, since=before))
        self._enrolling = fleet_store.list_enrolling(self.conn)
        self.judge.lag_limits_s = fleet_store.list_lag_limits(self.conn)

    def reload(self, partitions: Collection[int]) -> Site | None:
        """Learn whether the site was loaded anew; what zones then say otherwise is judged again.

        Parameters
        ----------
        partitions
            Whose devices are this worker's to judge.

        Returns
        -------
        The site as it is now, or None where nothing was loaded.
        """
        newer = site_store.find_newer_site(self.conn, self.judge.site.id, self.loaded_at)
        if newer is None:
            return None
        loaded_at, site = newer
        former = self.judge
        self.judge = Judge.of(site, site_store.list_zone_versions(self.conn, site))
        self.judge.states = former.states
        self.judge.lag_limits_s = former.lag_limits_s
        self.loaded_at = loaded_at
        change = find_change(former.ground, self.judge.ground)
        if change is not None:
            seen = fleet_store.list_seen_within(self.conn, change.boxes, since_us=change.since_us)
            devices = [number for number, uid in seen if partition_of(uid) in partitions]
            self.judge.judge_again(
                StoredTracks(self.conn),
                devices,
                since_us=change.since_us,
                known_at=microseconds(loaded_at),
            )
        return site

    def record(
        self, batch: FixBatch, *, counts: Counts | None = None, careful: bool = False
    ) -> dict[int, int]:
        """Store, judge and count a batch in the running transaction.

        Parameters
        ----------
        batch
            Fixes of devices in this worker's partitions.
        counts
            Outcomes to count beside those of the batch.
        careful
            Ask the database about every fix, not only about those that memory cannot vouch for.

        Returns
        -------
        dict[int, int]
            The newest moment (microseconds since 1970) of a fix, by partition.

        Raises
        ------
        psycopg.DataError, psycopg.IntegrityError
            The database does not take what the batch holds.
        """
        ids = self.fleet.resolve(self.conn, batch, enrolling=self._enrolling)
        rows = fix_store.resolved(batch, ids)
        accepted = _accepted(rows, self.fleet)
        refused = _refused(batch, rows, accepted)
        rows = _by_device(rows[accepted])
        unsure = rows["fixed_at"] <= self.fleet.stored_until[rows["device_id"]]
        stored = fix_store.find_stored(self.conn, rows if careful else rows[unsure])
        merged = fix_store.merge_rows(rows, stored)
        self._make_room(merged.insert)
        fix_store.insert_fixes(self.conn, merged.insert)
        fix_store.replace_fixes(self.conn, merged.replace)
        lost = self._contradicted(batch, merged.lost)
        outcomes.set_aside(self.conn, [*batch.aside, *refused, *lost])
        self._judge(merged)
        self.fleet.advance(rows)
        # Last, for all workers count in the same rows: whoever has, holds the others up.
        total = _outcomes([*batch.aside, *refused], rows, merged)
        outcomes.count_outcomes(self.conn, total + (counts or Counter()), _heard(batch))
        return self._latest(rows)

    def _judge(self, merged: Merge) -> None:
        changed = merged.insert
        if len(merged.replace):
            changed = _by_device(np.concatenate([changed, merged.replace]))
        in_order = changed["fixed_at"] > self.fleet.stored_until[changed["device_id"]]
        watched = fleet_store.watched_devices(self.conn)
        tracks = StoredTracks(self.conn)
        self.judge.judge(tracks, changed, in_order=in_order, watched=watched)

    def _contradicted(self, batch: FixBatch, lost: NDArray[np.void]) -> list[SetAside]:
        """Return fixes another was preferred to, whose devices the batch names."""
        wanted = set(lost["device_id"].tolist())
        names = {self.fleet.ids.get(uid): uid for uid in batch.devices} if wanted else {}
        return [set_aside(row, names[int(row["device_id"])], Reason.CONTRADICTED) for row in lost]

    def _latest(self, rows: NDArray[np.void]) -> dict[int, int]:
        home = self.fleet.partition[rows["device_id"]]
        return {p: int(rows["fixed_at"][home == p].max()) for p in np.unique(home).tolist()}

    def _make_room(self, rows: NDArray[np.void]) -> None:
        """Have a partition for every day in the batch: screening bounds how old one can be."""
        for number in np.unique(rows["fixed_at"] // _DAY_US).tolist():
            day = _day(number)
            if day not in self._days:
                ensure_fix_partitions(self.conn, day, day)
                self._days.add(day)


def _by_device(rows: NDArray[np.void]) -> NDArray[np.void]:
    """Return rows in the order of device, moment and source."""
    if not len(rows):
        return rows
    since = rows["fixed_at"] - rows["fixed_at"].min()
    device = rows["device_id"].astype(np.int64)
    if since.max() < _KEY_US and device.max() < _KEY_DEVICES:
        # One number to sort by takes a third of the time; sources are told apart where they meet.
        key = device * _KEY_US + since
        order = np.argsort(key)
        if (np.diff(key[order]) > 0).all() or (rows["source_id"] == rows["source_id"][0]).all():
            return rows[order]
    return rows[np.lexsort((rows["source_id"], rows["fixed_at"], rows["device_id"]))]


_KEY_US = 2**40
_KEY_DEVICES = 2**23


def _accepted(rows: NDArray[np.void], fleet: Fleet) -> NDArray[np.bool_]:
    """Tell which rows (dtype `STORED`, shape [n]) are of a device their source may speak for."""
    known = rows["device_id"] != UNKNOWN
    speaker = np.full(len(rows), ANYBODY, dtype=np.int32)
    speaker[known] = fleet.speaker[rows["device_id"][known]]
    accepted: NDArray[np.bool_] = known & ((speaker == ANYBODY) | (speaker == rows["source_id"]))
    return accepted


def _refused(
    batch: FixBatch, rows: NDArray[np.void], accepted: NDArray[np.bool_]
) -> list[SetAside]:
    """Return the fixes of devices nobody knows, or that another source speaks for."""
    return [
        set_aside(
            batch.rows[i],
            batch.devices[batch.rows["device"][i]],
            Reason.UNKNOWN_DEVICE if rows["device_id"][i] == UNKNOWN else Reason.FOREIGN_DEVICE,
        )
        for i in np.flatnonzero(~accepted).tolist()
    ]


def _outcomes(aside: Sequence[SetAside], rows: NDArray[np.void], merged: Merge) -> Counts:
    """Count what became of a batch; what lost to another under its identity is a duplicate."""
    counts: Counts = Counter()
    swapped = (rows["notes"] & Note.SWAPPED) != 0
    for outcome, which in (
        (outcomes.STORED, ~merged.duplicate),
        (outcomes.DUPLICATE, merged.duplicate),
        (outcomes.SWAPPED, swapped & ~merged.duplicate),
    ):
        days = rows["received_at"][which] // _DAY_US
        # One number for both: of a pair of columns numpy finds the distinct rows very slowly.
        keys, n = np.unique(days * _SOURCES + rows["source_id"][which], return_counts=True)
        for key, many in zip(keys.tolist(), n.tolist(), strict=True):
            day, source = divmod(key, _SOURCES)
            counts[_day(day), source, outcome] = many
    return counts + outcomes_of(aside)


def outcomes_of(aside: Sequence[SetAside], outcome: str | None = None) -> Counts:
    """Count items that were set aside by their reasons, or all under one outcome."""
    return Counter(
        (_day(item.received_at_us // _DAY_US), item.source_id, outcome or str(item.reason))
        for item in aside
    )


def _heard(batch: FixBatch) -> dict[int, datetime]:
    """Return when the newest of each source's fixes came in, those that were set aside too."""
    source, at = batch.rows["source_id"], batch.rows["received_at"]
    newest = {one: int(at[source == one].max()) for one in np.unique(source).tolist()}
    for item in batch.aside:
        newest[item.source_id] = max(item.received_at_us, newest.get(item.source_id, 0))
    return {one: instant(at_us) for one, at_us in newest.items()}


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)
