"""One fix as plain values, as the formats of single messages give it, and many of them as rows."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import numpy as np

from flowctl.telemetry.fixes import FIX, microseconds
from flowctl.telemetry.formats.decoded import (
    MOST_METRES,
    MOST_SPEED_MPS,
    Decoded,
    MalformedError,
    Misfit,
    within,
)

INVALID = "The receiver marks this position as invalid, so it is not used."
_SHORTEST_INSTANT = len("2024-01-23T01:02")
# The years 1 to 9999, which is what a datetime holds.
_EARLIEST_US, _LATEST_US = -62_135_596_800_000_000, 253_402_300_799_999_999


class Reading(NamedTuple):
    """One fix: its device, then the columns of `FIX` from ``fixed_at`` on, in their order."""

    uid: str
    fixed_at_us: int
    lon: float
    lat: float
    speed_mps: float
    heading_deg: float
    altitude_m: float
    accuracy_m: float
    ignition: int
    notes: int


def reading(
    uid: str,
    fixed_at_us: int,
    lon: float,
    lat: float,
    *,
    speed_mps: float | None,
    heading_deg: float | None,
    altitude_m: float | None,
    accuracy_m: float | None,
    ignition: object = None,
    notes: int = 0,
) -> Reading:
    """Return a fix; what is None or cannot be is absent, and so is an accuracy of 0.

    The phones and trackers behind these formats say 0 where they know no accuracy.
    """
    return Reading(
        uid,
        fixed_at_us,
        lon,
        lat,
        within(speed_mps, 0.0, MOST_SPEED_MPS),
        within(heading_deg, 0.0, 360.0),
        within(altitude_m, -MOST_METRES, MOST_METRES),
        within(accuracy_m, 1e-9, MOST_METRES),
        int(ignition) if isinstance(ignition, bool) else -1,
        notes,
    )


def gather(items: Iterable[Reading | Misfit | None]) -> Decoded:
    """Return items as rows; each one's index is its place here, and None is no position at all."""
    home: dict[str, int] = {}
    rows, where = [], []
    misfits: list[Misfit] = []
    for index, item in enumerate(items):
        if isinstance(item, Reading):
            rows.append((home.setdefault(item.uid, len(home)), 0, 0, *item[1:]))
            where.append(index)
        elif item is not None:
            misfits.append(item)
    return Decoded(
        tuple(home), np.array(rows, dtype=FIX), np.array(where, dtype=np.int64), tuple(misfits)
    )


def iso_us(text: str) -> int:
    """Return an ISO 8601 instant as microseconds since 1970-01-01 UTC; without a zone it is UTC.

    Raises
    ------
    ValueError, OverflowError
        It is no instant, or only a date, or outside the years 1 to 9999 in UTC.
    """
    if len(text) < _SHORTEST_INSTANT:
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return epoch_us(microseconds(aware), per_second=1_000_000)


def epoch_us(count: int, per_second: int = 1) -> int:
    """Return a count of seconds (or parts of one) since 1970-01-01 UTC as microseconds.

    Raises
    ------
    OverflowError
        The moment lies outside the years 1 to 9999.
    """
    moment_us = count * (1_000_000 // per_second)
    if not _EARLIEST_US <= moment_us <= _LATEST_US:
        raise OverflowError(count)
    return moment_us


def parse_json(body: bytes) -> object:
    """Read a body as JSON.

    Raises
    ------
    MalformedError
        It is none, or nested too deep.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"The body is not JSON: {error}.") from error


def raw_of(item: object) -> bytes:
    """Return an item of a JSON body as bytes to keep aside.

    Raises
    ------
    MalformedError
        It is nested as deep as can just be read, and no deeper.
    """
    try:
        return msgspec.json.encode(item)
    except RecursionError as error:
        raise MalformedError("The body is nested too deep.") from error
