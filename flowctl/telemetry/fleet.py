"""The devices an ingest worker has met: their ids, whose they are, how far each is stored.

It is memory of what the database holds. Whoever loses a transaction or a partition forgets it and
begins again; nothing here is true by itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from flowctl.storage import fleet as stored
from flowctl.telemetry.fixes import PARTITIONS, FixBatch, partition_of

Connection = psycopg.Connection[Any]

UNKNOWN = -1
"""In place of an id: nobody has registered the device."""
ANYBODY = -1
"""In place of a source: any may speak for the device."""
NEVER = np.iinfo(np.int64).min
_FIRST_ROOM = 4096


@dataclass(slots=True)
class Fleet:
    """Devices by identifier, and columns by id.

    ``stored_until`` is a bound, in microseconds since 1970: no fix of the device later than that
    is stored. A device not met since a partition was taken over has the partition's bound.
    """

    horizon: NDArray[np.int64] = field(
        default_factory=lambda: np.full(PARTITIONS, NEVER, dtype=np.int64)
    )
    ids: dict[str, int] = field(default_factory=dict)
    stored_until: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    speaker: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    partition: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))

    def resolve(
        self, conn: Connection, batch: FixBatch, *, enrolling: frozenset[int]
    ) -> NDArray[np.int32]:
        """Return the id of each of the batch's devices, `UNKNOWN` where it has none.

        Devices that an enrolling source speaks of for the first time are registered with it.
        """
        ids = self._look_up(batch)
        if (ids == UNKNOWN).any():
            self.learn(stored.find_devices(conn, [batch.devices[i] for i in _where(ids)]))
            self._enrol(conn, batch, self._look_up(batch) == UNKNOWN, enrolling)
            ids = self._look_up(batch)
        return ids

    def _look_up(self, batch: FixBatch) -> NDArray[np.int32]:
        known = self.ids.get
        return np.array([known(uid, UNKNOWN) for uid in batch.devices], dtype=np.int32)

    def _enrol(
        self,
        conn: Connection,
        batch: FixBatch,
        strange: NDArray[np.bool_],
        enrolling: frozenset[int],
    ) -> None:
        vouched = strange[batch.rows["device"]] & np.isin(batch.rows["source_id"], list(enrolling))
        rows = batch.rows[vouched]
        devices, first = np.unique(rows["device"], return_index=True)
        if len(devices):
            new = [
                (batch.devices[device], source)
                for device, source in zip(
                    devices.tolist(), rows["source_id"][first].tolist(), strict=True
                )
            ]
            # Registered by somebody else meanwhile: then it is not returned, but found.
            entered = stored.enrol_devices(conn, sorted(new))
            self.learn(entered)
            self.stored_until[[number for _, number, _ in entered]] = NEVER
            self.learn(stored.find_devices(conn, [uid for uid, _ in new if uid not in self.ids]))

    def learn(self, devices: Iterable[tuple[str, int, int | None]]) -> None:
        """Remember devices (uid, id, source that alone speaks for it)."""
        rows = list(devices)
        if not rows:
            return
        self._make_room(max(number for _, number, _ in rows))
        for uid, number, source in rows:
            self.speaker[number] = ANYBODY if source is None else source
            if uid not in self.ids:
                self.ids[uid] = number
                home = partition_of(uid)
                self.partition[number] = home
                self.stored_until[number] = self.horizon[home]

    def relearn(self, devices: Iterable[tuple[str, int, int | None]]) -> None:
        """Take in that devices have changed hands, those of them that were met."""
        self.learn([device for device in devices if device[0] in self.ids])

    def take_over(self, horizons: Mapping[int, int]) -> None:
        """Begin with partitions (and the newest moment stored of any device in each)."""
        for partition, until_us in horizons.items():
            self.horizon[partition] = until_us
            self.stored_until[self.partition == partition] = until_us

    def advance(self, rows: NDArray[np.void]) -> None:
        """Take in that rows of dtype `STORED`, sorted by device, are stored."""
        if not len(rows):
            return
        first = np.flatnonzero(np.diff(rows["device_id"], prepend=UNKNOWN))
        devices = rows["device_id"][first]
        latest = np.maximum.reduceat(rows["fixed_at"], first)
        self.stored_until[devices] = np.maximum(self.stored_until[devices], latest)

    def _make_room(self, highest: int) -> None:
        if highest < len(self.speaker):
            return
        size = max(_FIRST_ROOM, 2 * (highest + 1))
        for name, empty in (("stored_until", NEVER), ("speaker", ANYBODY), ("partition", -1)):
            column = getattr(self, name)
            grown = np.full(size, empty, dtype=column.dtype)
            grown[: len(column)] = column
            setattr(self, name, grown)


def _where(ids: NDArray[np.int32]) -> list[int]:
    unknown: list[int] = np.flatnonzero(ids == UNKNOWN).tolist()
    return unknown
