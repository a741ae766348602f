"""Fixes at rest: stored once each by identity, set aside with their reason, counted by outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from flowctl.storage.copy import Column, binary_copy, instants, real
from flowctl.telemetry.fixes import FIX, FixBatch, SetAside, partition_of

Connection = psycopg.Connection[Any]

STORED = np.dtype(
    [("device_id", "<i4"), *[(name, FIX[name]) for name in FIX.names or () if name != "device"]]
)
"""A fix with its device resolved; instants in microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class StoreCount:
    """What became of the fixes of some batches."""

    stored: int
    duplicate: int
    set_aside: int


def resolve_devices(conn: Connection, uids: Sequence[str]) -> dict[str, int]:
    """Return the ids of devices, entering those never heard of."""
    distinct = sorted(set(uids))
    conn.execute(
        "insert into devices (uid) select unnest(%s::text[]) on conflict do nothing", [distinct]
    )
    rows = conn.execute("select uid, id from devices where uid = any(%s)", [distinct]).fetchall()
    return dict(rows)


def resolved(batch: FixBatch, device_ids: Mapping[str, int]) -> NDArray[np.void]:
    """Return a batch's rows with their devices' ids in place of indexes: dtype `STORED`."""
    out = np.empty(len(batch.rows), dtype=STORED)
    for name in STORED.names or ():
        if name != "device_id":
            out[name] = batch.rows[name]
    ids = np.array([device_ids[uid] for uid in batch.devices], dtype=np.int32)
    out["device_id"] = ids[batch.rows["device"]] if len(ids) else 0
    return out


def store_fixes(conn: Connection, rows: NDArray[np.void]) -> NDArray[np.bool_]:
    """Store rows of dtype `STORED` once each; returns for each whether it was new (shape [n]).

    The identity of a fix is (device, moment, source). The rows go by binary COPY into a staging
    table and from there past the unique index, which is what makes a redelivery harmless.
    """
    if not len(rows):
        return np.zeros(0, dtype=bool)
    conn.execute(
        "create temp table if not exists staged_fixes"
        " (device_id integer, source_id smallint, fixed_at timestamptz, received_at timestamptz,"
        "  lon double precision, lat double precision, speed_mps real, heading_deg real,"
        "  altitude_m real, accuracy_m real, ignition boolean) on commit delete rows"
    )
    conn.execute("truncate staged_fixes")
    with conn.cursor().copy("copy staged_fixes from stdin (format binary)") as copy:
        copy.write(_copy_stream(rows))
    new = conn.execute(
        "insert into fixes select * from staged_fixes on conflict do nothing"
        " returning device_id, source_id, (extract(epoch from fixed_at) * 1000000)::bigint"
    ).fetchall()
    stored = set(new)
    fresh = np.zeros(len(rows), dtype=bool)
    identities = zip(
        rows["device_id"].tolist(),
        rows["source_id"].tolist(),
        rows["fixed_at"].tolist(),
        strict=True,
    )
    for i, identity in enumerate(identities):
        if identity in stored:
            stored.remove(identity)  # the second of two in one batch is a double
            fresh[i] = True
    return fresh


def _copy_stream(rows: NDArray[np.void]) -> bytes:
    absent = rows["ignition"] < 0
    return binary_copy(
        [
            Column(rows["device_id"], ">i4"),
            Column(rows["source_id"], ">i2"),
            instants(rows["fixed_at"]),
            instants(rows["received_at"]),
            Column(rows["lon"], ">f8"),
            Column(rows["lat"], ">f8"),
            real(rows["speed_mps"]),
            real(rows["heading_deg"]),
            real(rows["altitude_m"]),
            real(rows["accuracy_m"]),
            Column(rows["ignition"] > 0, "?", absent),
        ]
    )


def set_aside(conn: Connection, items: Sequence[SetAside]) -> None:
    """Keep items that are not used."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into fixes_aside"
            " (source_id, received_at, reason, device_uid, fixed_at, raw, partition)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    item.source_id,
                    _moment(item.received_at_us),
                    item.reason,
                    item.device,
                    _storable(item.fixed_at_us),
                    item.raw,
                    partition_of(item.device or ""),
                )
                for item in items
            ],
        )


def count_outcomes(conn: Connection, counts: Mapping[tuple[date, int, str], int]) -> None:
    """Add to the counters of (day of reception, source, outcome)."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into ingest_counts (day, source_id, outcome, n) values (%s, %s, %s, %s)"
            " on conflict (day, source_id, outcome) do update set n = ingest_counts.n + excluded.n",
            [(*key, n) for key, n in sorted(counts.items())],
        )


def total_outcomes(conn: Connection) -> StoreCount:
    """Return what became of everything that was ever received."""
    rows = conn.execute(
        "select case outcome when 'stored' then 1 when 'duplicate' then 2 else 3 end as kind,"
        " sum(n)::bigint from ingest_counts group by 1"
    ).fetchall()
    sums = dict(rows)
    return StoreCount(sums.get(1, 0), sums.get(2, 0), sums.get(3, 0))


def list_positions(conn: Connection, partitions: Sequence[int]) -> dict[int, tuple[str, int]]:
    """Return (last entry read, epoch) of each stream partition, entering those not seen yet."""
    conn.execute(
        "insert into stream_positions (partition) select unnest(%s::smallint[])"
        " on conflict do nothing",
        [list(partitions)],
    )
    rows = conn.execute(
        "select partition, last_id, epoch from stream_positions where partition = any(%s)",
        [list(partitions)],
    ).fetchall()
    return {partition: (last_id, epoch) for partition, last_id, epoch in rows}


def advance_position(conn: Connection, partition: int, *, old: str, new: str, epoch: int) -> bool:
    """Move a partition's position if it still is where this owner left it; tells whether it was."""
    moved = conn.execute(
        "update stream_positions set last_id = %s"
        " where partition = %s and last_id = %s and epoch = %s",
        [new, partition, old, epoch],
    )
    return moved.rowcount == 1


def list_track(conn: Connection, device_id: int, *, since: datetime) -> NDArray[np.void]:
    """Return a device's stored fixes later than ``since`` by moment, dtype `STORED`, shape [n]."""
    rows = conn.execute(
        "select device_id, source_id, (extract(epoch from received_at) * 1000000)::bigint,"
        " (extract(epoch from fixed_at) * 1000000)::bigint, lon, lat,"
        " coalesce(speed_mps, 'NaN'), coalesce(heading_deg, 'NaN'), coalesce(altitude_m, 'NaN'),"
        " coalesce(accuracy_m, 'NaN'), coalesce(ignition::int, -1), 0"
        " from fixes where device_id = %s and fixed_at > %s order by fixed_at, source_id",
        [device_id, since],
    ).fetchall()
    return np.array(rows, dtype=STORED)


def has_track_before(conn: Connection, device_id: int, moment: datetime) -> bool:
    """Tell whether a device has a stored fix at or before ``moment``."""
    row = conn.execute(
        "select exists (select 1 from fixes where device_id = %s and fixed_at <= %s)",
        [device_id, moment],
    ).fetchone()
    return row is not None and bool(row[0])


def _moment(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def _storable(microseconds: int | None) -> datetime | None:
    """Return the instant, or None where it lies beyond what a calendar holds."""
    if microseconds is None:
        return None
    try:
        return _moment(microseconds)
    except OverflowError:
        return None
