"""Lists of the fields of fixes, as our own formats carry them, turned into rows of dtype `FIX`.

A list becomes an array by way of MessagePack, which writes a number as nine bytes and a flag as
one: numpy reads those in a block, several times as quickly as it looks at Python's objects.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Generic, TypeGuard, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from flowctl.telemetry.fixes import index_devices, microseconds, rows_of
from flowctl.telemetry.formats.decoded import (
    LONGEST_UID,
    MOST_METRES,
    MOST_SPEED_MPS,
    Decoded,
    MalformedError,
)

MOST_ITEMS = 200_000
"""Fixes in one body: more than 10 MB of text hold, and a bound on what a body can cost."""

EARLIEST_MS = -62_135_596_800_000  # 0001-01-01T00:00:00Z, as far back as a datetime reaches
LATEST_MS = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z

EpochMs = Annotated[int, msgspec.Meta(ge=EARLIEST_MS, le=LATEST_MS)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_UID)]  # `Uid`, less its pattern
Speed = Annotated[float, msgspec.Meta(ge=0, le=MOST_SPEED_MPS)] | None
Heading = Annotated[float, msgspec.Meta(ge=0, le=360)] | None
Altitude = Annotated[float, msgspec.Meta(ge=-MOST_METRES, le=MOST_METRES)] | None
Accuracy = Annotated[float, msgspec.Meta(ge=0, le=MOST_METRES)] | None
Ignition = bool | None

Moment = TypeVar("Moment", bound=str | int | datetime)


class Columns(msgspec.Struct, Generic[Moment], frozen=True, forbid_unknown_fields=True):
    """The fields of fixes as lists of one length; an optional one may be left out."""

    device: list[Name]
    fixed_at: list[Moment]
    lon: list[float]
    lat: list[float]
    speed_mps: list[Speed] | None = None
    heading_deg: list[Heading] | None = None
    altitude_m: list[Altitude] | None = None
    accuracy_m: list[Accuracy] | None = None
    ignition: list[Ignition] | None = None


def rows_from(columns: Columns[Moment]) -> Decoded:
    """Return lists of one length as rows; each row's item is its place in them.

    Raises
    ------
    msgspec.ValidationError
        An identifier holds a control character, or a text is no moment; it is not told which.
    MalformedError
        There are more than `MOST_ITEMS`.
    """
    count = check_count(len(columns.device))
    devices, index = index_devices(columns.device)
    joined = "".join(devices)
    if len(joined.translate(_CONTROLS_TO_NOTHING)) != len(joined):
        raise msgspec.ValidationError("A device holds a control character.")
    rows = rows_of(count)
    rows["device"] = index
    rows["fixed_at"] = instants(columns.fixed_at)
    rows["lon"], rows["lat"] = _numbers(columns.lon), _numbers(columns.lat)
    for name in ("speed_mps", "heading_deg", "altitude_m", "accuracy_m"):
        values = getattr(columns, name)
        if values is not None:
            rows[name] = _numbers(values)
    if columns.ignition is not None:
        rows["ignition"] = _flags(columns.ignition)
    return Decoded(devices, rows, np.arange(count))


_CONTROLS_TO_NOTHING = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])  # as `UID_PATTERN` has it


def check_count(count: int) -> int:
    """Return how many items a body holds, or may hold, if that many can be taken.

    Raises
    ------
    MalformedError
        It is more than `MOST_ITEMS`.
    """
    if count > MOST_ITEMS:
        raise MalformedError(
            f"The body holds more than {MOST_ITEMS:,} fixes, or as many commas as that many would"
            " need; send smaller batches."
        )
    return count


_PACK = msgspec.msgpack.Encoder().encode
# How MessagePack tags what it writes (specification: uint 64, false, true).
_UNSIGNED, _FALSE, _TRUE = 0xCF, 0xC2, 0xC3
_FLAG = np.full(256, -1, np.int8)
_FLAG[_FALSE], _FLAG[_TRUE] = 0, 1


_NUMBER = np.dtype([("tag", "u1"), ("float", ">f8")])
_WHOLE = np.dtype([("tag", "u1"), ("unsigned", ">u8")])


def _numbers(values: Sequence[float | None]) -> NDArray[np.float64]:
    """Return floats as an array, NaN for None, which alone does not take nine bytes."""
    cells = _find_cells(values, _NUMBER)
    return np.array(values, np.float64) if cells is None else cells["float"]


def _find_cells(values: Sequence[object], cell: np.dtype[np.void]) -> NDArray[np.void] | None:
    """Return values as MessagePack writes them, if that makes nine bytes of each."""
    packed, head = _PACK(values), _head_bytes(len(values))
    if len(packed) != head + cell.itemsize * len(values):
        return None
    return np.frombuffer(packed, cell, offset=head)


def _flags(values: Sequence[bool | None]) -> NDArray[np.int8]:
    """Return 1, 0 and -1 for True, False and None."""
    return _FLAG[np.frombuffer(_PACK(values), np.uint8, offset=_head_bytes(len(values)))]


def _head_bytes(count: int) -> int:
    """Return the length of a MessagePack array's head (specification: fixarray, array 16, 32)."""
    if count < 16:  # noqa: PLR2004 - four bits
        return 1
    return 3 if count < 65_536 else 5  # noqa: PLR2004 - sixteen bits


def instants(values: Sequence[str | int | datetime]) -> NDArray[np.int64]:
    """Return moments as microseconds since 1970-01-01 UTC, shape [n].

    Parameters
    ----------
    values
        ISO 8601 texts with a zone, whole milliseconds since 1970-01-01 UTC, or aware datetimes.

    Raises
    ------
    msgspec.ValidationError
        A text is no moment, or has no zone.
    """
    if _are_texts(values):
        found = _find_instants_of_one_form(values)
    else:
        found = _find_instants_after_1970(values)
    if found is not None:
        return found
    moments = msgspec.convert(values, list[Instant | EpochMs])
    return np.array([m * 1_000 if isinstance(m, int) else microseconds(m) for m in moments], "<i8")


def _find_instants_after_1970(values: Sequence[object]) -> NDArray[np.int64] | None:
    """Return the moments of milliseconds that all take eight bytes: since February 1970 they do."""
    cells = _find_cells(values, _WHOLE)
    if cells is None or (cells["tag"] != _UNSIGNED).any():
        return None
    return cells["unsigned"].astype(np.int64) * 1_000


def _are_texts(values: Sequence[object]) -> TypeGuard[Sequence[str]]:
    return len(values) > 0 and type(values[0]) is str and set(map(type, values)) == {str}


_TEXT = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?)(Z|[+-]\d\d:\d\d)", flags=re.ASCII
)
_DIGITS_TO_ZERO = bytes(ord("0") if chr(byte).isdecimal() else byte for byte in range(128)) + bytes(
    range(128, 256)
)
_MICROSECOND = timedelta(microseconds=1)


def _find_instants_of_one_form(texts: Sequence[str]) -> NDArray[np.int64] | None:
    """Return the moments of texts that differ in nothing but the digits of their local time.

    Which is how machines write them. numpy reads any number of such texts in one go, where it
    takes Python several times as long to make a datetime of each and a number of that again.
    """
    form = _TEXT.fullmatch(texts[0])
    if form is None:
        return None
    lines = ("\n".join(texts) + "\n").encode()
    first, zone = f"{texts[0]}\n".encode(), f"{form[2]}\n".encode()
    # Every line is like the first, and none holds a line's end: so each line is one text.
    if lines.translate(_DIGITS_TO_ZERO) != first.translate(_DIGITS_TO_ZERO) * len(texts):
        return None
    if zone != b"Z\n" and lines.count(zone) != len(texts):
        return None
    offset = msgspec.convert(texts[0], Instant).utcoffset() or timedelta()
    try:
        local = np.frombuffer(lines, f"S{len(first)}").astype(f"S{len(form[1])}").astype("M8[us]")
    except ValueError:  # 30 February, and the like
        return None
    if local.min() < _YEAR_ONE:
        return None
    return local.astype(np.int64) - offset // _MICROSECOND


_YEAR_ONE = np.datetime64("0001-01-01", "us")  # numpy knows a year 0, ISO 8601 as msgspec does not
