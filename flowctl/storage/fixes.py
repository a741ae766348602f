"""Fixes at rest: one for each identity (source, device, moment), whatever is delivered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from flowctl.storage.copy import Column, binary_copy, instants, real
from flowctl.telemetry.fixes import FIX, FixBatch, instant

Connection = psycopg.Connection[Any]

STORED = np.dtype(
    [("device_id", "<i4"), *[(name, FIX[name]) for name in FIX.names or () if name != "device"]]
)
"""A fix with its device resolved; instants in microseconds since 1970."""

_NAMES = tuple(name for name in FIX.names or () if name != "device")
_CONTENT = ("lon", "lat", "speed_mps", "heading_deg", "altitude_m", "accuracy_m", "ignition")


def resolved(batch: FixBatch, device_ids: NDArray[np.int32]) -> NDArray[np.void]:
    """Return a batch's rows with their devices' ids in place of indexes: dtype `STORED`."""
    out = np.empty(len(batch.rows), dtype=STORED)
    for name in _NAMES:
        out[name] = batch.rows[name]
    out["device_id"] = device_ids[batch.rows["device"]] if len(batch.rows) else 0
    return out


@dataclass(frozen=True, slots=True)
class Merge:
    """What must be written so that rows are stored once each, and what they amounted to.

    ``insert`` (in the order of the rows) and ``replace`` have dtype `STORED`; ``lost`` are fixes
    that contradict the one that is kept under their identity; ``duplicate`` is True for each row
    that was not the first of its identity.
    """

    insert: NDArray[np.void]
    replace: NDArray[np.void]
    lost: NDArray[np.void]
    duplicate: NDArray[np.bool_]


def merge_rows(rows: NDArray[np.void], stored: NDArray[np.void]) -> Merge:
    """Compare rows with each other and with what is stored under their identities.

    Of fixes that differ under one identity the one is kept that `_preference` puts first, and it
    carries the earliest reception, so that the order of delivery changes nothing.

    Parameters
    ----------
    rows
        Sorted by (device, moment, source); dtype `STORED`, shape [n].
    stored
        The stored fix of each identity in ``rows`` that has one, in any order.
    """
    repeats = _repeats(rows)
    contested = repeats.copy()
    contested[:-1] |= repeats[1:]
    known = {_identity(row) for row in stored}
    for i in np.flatnonzero(np.isin(rows["device_id"], stored["device_id"])).tolist():
        contested[i] |= _identity(rows[i]) in known
    rivals = np.concatenate([stored, rows[contested]])
    place = np.concatenate([np.full(len(stored), _STORED_PLACE), np.flatnonzero(contested)])
    # The sort is stable: what is stored comes first among its rivals.
    order = np.lexsort((rivals["source_id"], rivals["fixed_at"], rivals["device_id"]))
    rivals, place = rivals[order], place[order]
    starts = np.flatnonzero(~_repeats(rivals))
    best, lost = _best_of_each(rivals, starts)
    was_stored = place[starts] == _STORED_PLACE
    first = rivals[starts]
    better = (_content(best) != _content(first)) | (best["received_at"] != first["received_at"])
    merged = rows.copy()
    merged[place[starts][~was_stored]] = best[~was_stored]
    new = ~contested
    new[place[starts][~was_stored]] = True
    return Merge(merged[new], best[was_stored & better], lost, ~new)


_STORED_PLACE = -1


def _best_of_each(
    rivals: NDArray[np.void], starts: NDArray[np.intp]
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Return the fix kept of each group of rivals that begins at ``starts``, and what it beat."""
    best, lost = rivals[starts].copy(), []
    if len(starts):
        best["received_at"] = np.minimum.reduceat(rivals["received_at"], starts)
    ends = np.append(starts[1:], len(rivals))
    content = _content(rivals)
    same = content == np.repeat(content[starts], ends - starts)
    at_odds = ~np.logical_and.reduceat(same, starts) if len(starts) else np.empty(0, bool)
    for group in np.flatnonzero(at_odds).tolist():
        several = sorted(rivals[starts[group] : ends[group]], key=_preference)
        for name in _CONTENT:
            best[name][group] = several[0][name]
        contents = {_preference(row): row for row in several}
        lost += list(contents.values())[1:]
    return best, np.array(lost, dtype=STORED)


def _repeats(rows: NDArray[np.void]) -> NDArray[np.bool_]:
    """Tell which rows, sorted by identity, have that of the row before (shape [n])."""
    repeats = np.zeros(len(rows), dtype=bool)
    repeats[1:] = rows["device_id"][1:] == rows["device_id"][:-1]
    for name in ("fixed_at", "source_id"):
        repeats[1:] &= rows[name][1:] == rows[name][:-1]
    return repeats


def _identity(row: np.void) -> tuple[int, int, int]:
    return int(row["device_id"]), int(row["fixed_at"]), int(row["source_id"])


def _content(rows: NDArray[np.void]) -> NDArray[np.void]:
    """Return what fixes say, as bytes that can be compared (shape [n])."""
    packed = np.empty(len(rows), dtype=[(name, STORED[name]) for name in _CONTENT])
    for name in _CONTENT:
        packed[name] = rows[name]
    return packed.view(f"V{packed.dtype.itemsize}")


def _preference(row: np.void) -> tuple[float, ...]:
    """Return what orders fixes of one identity: the more precise first, then by their values."""
    values = [float(row[name]) for name in ("accuracy_m", *_CONTENT)]
    return tuple(float("inf") if np.isnan(value) else value for value in values)


def find_stored(conn: Connection, rows: NDArray[np.void]) -> NDArray[np.void]:
    """Return the stored fixes that have the identity of one of ``rows`` (dtype `STORED`)."""
    if not len(rows):
        return np.empty(0, dtype=STORED)
    # By identity one at a time through the index; the bounds keep other days out of the plan.
    # Binary numbers: written as text, a list of moments is mostly escaping.
    found = conn.execute(
        sql.SQL(
            "select {} from unnest(%b::int[], %b::bigint[], %b::smallint[])"
            " as w(device_id, fixed_us, source_id) cross join lateral ("
            "  select * from fixes f where f.device_id = w.device_id"
            "  and f.fixed_at = 'epoch'::timestamptz + w.fixed_us * interval '1 microsecond'"
            "  and f.source_id = w.source_id and f.fixed_at between %s and %s limit 1) fix"
        ).format(_COLUMNS),
        [
            rows["device_id"].tolist(),
            rows["fixed_at"].tolist(),
            rows["source_id"].tolist(),
            instant(int(rows["fixed_at"].min())),
            instant(int(rows["fixed_at"].max())),
        ],
    ).fetchall()
    return np.array(found, dtype=STORED)


_COLUMNS = sql.SQL(
    "fix.device_id, fix.source_id, (extract(epoch from fix.received_at) * 1000000)::bigint,"
    " (extract(epoch from fix.fixed_at) * 1000000)::bigint, fix.lon, fix.lat,"
    " coalesce(fix.speed_mps, 'NaN'), coalesce(fix.heading_deg, 'NaN'),"
    " coalesce(fix.altitude_m, 'NaN'), coalesce(fix.accuracy_m, 'NaN'),"
    " coalesce(fix.ignition::int, -1), 0"
)


def insert_fixes(conn: Connection, rows: NDArray[np.void]) -> None:
    """Store rows of dtype `STORED` none of which is stored yet.

    Raises
    ------
    psycopg.errors.UniqueViolation
        One of them is: somebody else has stored it meanwhile.
    """
    if not len(rows):
        return
    with conn.cursor().copy(
        "copy fixes (device_id, source_id, received_at, fixed_at, lon, lat, speed_mps,"
        " heading_deg, altitude_m, accuracy_m, ignition) from stdin (format binary)"
    ) as copy:
        copy.write(_copy_stream(rows))


def _copy_stream(rows: NDArray[np.void]) -> bytes:
    absent = rows["ignition"] < 0
    return binary_copy(
        [
            Column(rows["device_id"], ">i4"),
            Column(rows["source_id"], ">i2"),
            instants(rows["received_at"]),
            instants(rows["fixed_at"]),
            Column(rows["lon"], ">f8"),
            Column(rows["lat"], ">f8"),
            real(rows["speed_mps"]),
            real(rows["heading_deg"]),
            real(rows["altitude_m"]),
            real(rows["accuracy_m"]),
            Column(rows["ignition"] > 0, "?", absent),
        ]
    )


def replace_fixes(conn: Connection, rows: NDArray[np.void]) -> None:
    """Put rows of dtype `STORED` in the place of those stored under their identities."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "update fixes set received_at = %s, lon = %s, lat = %s, speed_mps = nullif(%s, 'NaN'),"
            " heading_deg = nullif(%s, 'NaN'), altitude_m = nullif(%s, 'NaN'),"
            " accuracy_m = nullif(%s, 'NaN'), ignition = %s"
            " where device_id = %s and fixed_at = %s and source_id = %s",
            [
                (
                    instant(int(row["received_at"])),
                    *(float(row[name]) for name in _CONTENT[:-1]),
                    None if row["ignition"] < 0 else bool(row["ignition"]),
                    int(row["device_id"]),
                    instant(int(row["fixed_at"])),
                    int(row["source_id"]),
                )
                for row in rows
            ],
        )


def list_tracks(
    conn: Connection, since_us: Mapping[int, int], until_us: int | None = None
) -> NDArray[np.void]:
    """Return the stored fixes of devices from a moment on that is given for each of them.

    Moments are microseconds since 1970, ``until_us`` one before which all lie. Dtype `STORED`,
    shape [n], by device, moment and source.
    """
    if not since_us:
        return np.empty(0, dtype=STORED)
    rows = conn.execute(
        sql.SQL(
            "select {} from unnest(%s::int[], %s::timestamptz[]) as w(device_id, moment)"
            " cross join lateral ("
            "  select * from fixes f where f.device_id = w.device_id and f.fixed_at >= w.moment"
            "  and f.fixed_at >= %s and f.fixed_at < coalesce(%s, 'infinity'::timestamptz)) fix"
            " order by fix.device_id, fix.fixed_at, fix.source_id"
        ).format(_COLUMNS),
        [
            list(since_us),
            [instant(at) for at in since_us.values()],
            instant(min(since_us.values())),
            None if until_us is None else instant(until_us),
        ],
    ).fetchall()
    return np.array(rows, dtype=STORED)


def list_before(
    conn: Connection, befores: Mapping[int, int], *, most: int, within: timedelta
) -> NDArray[np.void]:
    """Return the last stored fixes of devices before a moment given for each of them.

    Moments are microseconds since 1970. Nothing older than ``within`` before is returned: further
    back every day's partition would be asked.

    Returns
    -------
    At most ``most`` rows a device, by device, moment and source; dtype `STORED`, shape [n].
    """
    if not befores:
        return np.empty(0, dtype=STORED)
    rows = conn.execute(
        sql.SQL(
            "select {} from unnest(%s::int[], %s::timestamptz[]) as w(device_id, moment)"
            " cross join lateral ("
            "  select * from fixes f where f.device_id = w.device_id and f.fixed_at < w.moment"
            "  and f.fixed_at >= %s and f.fixed_at < %s"
            "  order by f.fixed_at desc, f.source_id desc limit %s) fix"
            " order by fix.device_id, fix.fixed_at, fix.source_id"
        ).format(_COLUMNS),
        [
            list(befores),
            [instant(at) for at in befores.values()],
            instant(min(befores.values())) - within,
            instant(max(befores.values())),
            most,
        ],
    ).fetchall()
    return np.array(rows, dtype=STORED)
