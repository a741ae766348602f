"""Fixes in columns: the one shape every format is normalised to."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntFlag
from itertools import chain
from typing import Any
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

PARTITIONS = 16
"""Streams the devices are spread over; fixed for the life of a deployment."""

FIX = np.dtype(
    [
        ("device", "<u4"),  # index into FixBatch.devices
        ("source_id", "<i2"),  # who sent it; filled at the edge, as the next column is
        ("received_at", "<i8"),  # microseconds since 1970-01-01 UTC
        ("fixed_at", "<i8"),
        ("lon", "<f8"),  # degrees, WGS 84
        ("lat", "<f8"),
        ("speed_mps", "<f4"),  # NaN where absent, as in the three columns below
        ("heading_deg", "<f4"),
        ("altitude_m", "<f4"),
        ("accuracy_m", "<f4"),
        ("ignition", "<i1"),  # 0 off, 1 on, -1 absent
        ("notes", "<u1"),  # what was mended on the way in: bits of Note
    ]
)
"""One fix; rows of this dtype have shape [n]."""


class Note(IntFlag):
    """What was mended in a fix before it was used; counted for each source."""

    SWAPPED = 1
    """Longitude and latitude came in each other's place."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """An item that is kept but not used: whose, why, and its bytes as they came."""

    source_id: int
    received_at_us: int
    reason: str
    device: str | None
    fixed_at_us: int | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class FixBatch:
    """Fixes on their way from the edge to the ingest worker.

    ``rows`` has dtype `FIX` and shape [n]; ``devices`` are the identifiers its ``device`` column
    points into, perhaps one several times; ``aside`` are items that failed their screening.
    """

    devices: tuple[str, ...]
    rows: NDArray[np.void]
    aside: tuple[SetAside, ...] = ()

    def partitions(self) -> dict[int, "FixBatch"]:
        """Split by a stable hash of the device, so that one device stays in one place."""
        home = np.array([partition_of(device) for device in self.devices], dtype=np.uint8)
        by_home = np.argsort(home, kind="stable")
        first = np.searchsorted(home[by_home], _EDGES).tolist()
        place = np.empty(len(home), dtype=np.uint32)
        place[by_home] = np.arange(len(home)) - np.take(first, home[by_home])
        of_row = home[self.rows["device"]]
        order = np.argsort(of_row, kind="stable")
        rows = self.rows[order]
        rows["device"] = place[rows["device"]]
        begin = np.searchsorted(of_row[order], _EDGES).tolist()
        aside: dict[int, list[SetAside]] = {}
        for item in self.aside:
            aside.setdefault(partition_of(item.device or ""), []).append(item)
        devices = [self.devices[i] for i in by_home.tolist()]
        return {
            p: FixBatch(
                devices=tuple(devices[first[p] : first[p + 1]]),
                rows=rows[begin[p] : begin[p + 1]],
                aside=tuple(aside.get(p, ())),
            )
            for p in range(PARTITIONS)
            if begin[p] < begin[p + 1] or p in aside
        }

    def to_bytes(self) -> bytes:
        """Return the batch as one stream entry."""
        aside = [
            (a.source_id, a.received_at_us, a.reason, a.device, a.fixed_at_us, a.raw)
            for a in self.aside
        ]
        return _ENCODER.encode((self.devices, self.rows.tobytes(), aside))


_EDGES = np.arange(PARTITIONS + 1)
_ENCODER = msgspec.msgpack.Encoder()
_Aside = tuple[int, int, str, str | None, int | None, bytes]
_DECODER: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(
    tuple[tuple[str, ...], bytes, list[_Aside]]
)


def batch_from_bytes(entry: bytes) -> FixBatch:
    """Read a stream entry written by `FixBatch.to_bytes`.

    Raises
    ------
    msgspec.DecodeError, ValueError
        The bytes are not such an entry.
    """
    devices, rows, aside = _DECODER.decode(entry)
    return FixBatch(devices, np.frombuffer(rows, dtype=FIX), tuple(SetAside(*a) for a in aside))


def merge(batches: Sequence[FixBatch]) -> FixBatch:
    """Return several batches as one, their rows in the order given.

    A device that several of them name is named as often: to find that out costs more than it saves.
    """
    devices = tuple(chain.from_iterable(batch.devices for batch in batches))
    joined = bytearray().join(batch.rows.tobytes() for batch in batches)
    rows = np.frombuffer(joined, dtype=FIX)  # np.concatenate compares the columns of every pair
    if len(rows):
        before = np.cumsum([0, *(len(batch.devices) for batch in batches)])[:-1]
        shift = np.repeat(before, [len(batch.rows) for batch in batches])
        rows["device"] += shift.astype(np.uint32)
    return FixBatch(devices, rows, tuple(item for batch in batches for item in batch.aside))


def partition_of(device: str) -> int:
    """Return the partition a device belongs to, the same in every process for ever."""
    return crc32(device.encode()) % PARTITIONS


def rows_of(count: int) -> NDArray[np.void]:
    """Return ``count`` rows with every optional column absent."""
    rows = np.zeros(count, dtype=FIX)
    for column in ("speed_mps", "heading_deg", "altitude_m", "accuracy_m"):
        rows[column] = np.nan
    rows["ignition"] = -1
    return rows


def index_devices(uids: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.uint32]]:
    """Return the distinct identifiers in order of appearance, and each item's index among them."""
    order: dict[str, int] = {}
    index = [order.setdefault(uid, len(order)) for uid in uids]
    return tuple(order), np.frombuffer(array("I", index), dtype=np.uint32)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Return an aware instant as microseconds since 1970-01-01 UTC, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def instant(microseconds: int) -> datetime:
    """Return the moment so many microseconds after 1970-01-01 UTC, exactly."""
    return _EPOCH + microseconds * _MICROSECOND
