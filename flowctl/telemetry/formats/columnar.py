"""The columnar batch: ``{"columns": {"device": […], "fixed_at": […], "lon": […], "lat": […]}}``.

The quickest form to write and to read. The columns are of one length, an entry a fix; those of
the optional fields may be left out, or hold ``null`` where a fix does not have the field. Units
and verdicts are those of the array (see `own`): an entry that does not fit costs its own fix only,
which is kept aside as the item it would have been there.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from flowctl.telemetry.formats.decoded import Decoded, MalformedError
from flowctl.telemetry.formats.lists import Columns, EpochMs, Instant, Moment, rows_from
from flowctl.telemetry.formats.wire import (
    JSON,
    MSGPACK,
    UNREADABLE,
    Encoding,
    check_claim,
    judge_each,
)

Body = TypeVar("Body")


class _Envelope(msgspec.Struct, Generic[Body], frozen=True, forbid_unknown_fields=True):
    columns: Body


_NOTHING = msgspec.Raw(b"")


class _RawColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The columns, each still in its bytes."""

    device: msgspec.Raw
    fixed_at: msgspec.Raw
    lon: msgspec.Raw
    lat: msgspec.Raw
    speed_mps: msgspec.Raw = _NOTHING
    heading_deg: msgspec.Raw = _NOTHING
    altitude_m: msgspec.Raw = _NOTHING
    accuracy_m: msgspec.Raw = _NOTHING
    ignition: msgspec.Raw = _NOTHING

    def given(self) -> dict[str, msgspec.Raw]:
        """Return the columns that are there; an optional one may also be null."""
        columns = {name: getattr(self, name) for name in self.__struct_fields__}
        return {
            name: raw
            for name, raw in columns.items()
            if name in _REQUIRED or bytes(memoryview(raw)[:4]) not in _ABSENT
        }


_REQUIRED = frozenset({"device", "fixed_at", "lon", "lat"})
_ABSENT = frozenset({b"", b"null", b"\xc0"})

_QUICK_JSON = msgspec.json.Decoder(_Envelope[Columns[str | EpochMs]])
_QUICK_MSGPACK: tuple[Callable[[bytes], _Envelope[Columns[Any]]], ...] = (
    msgspec.msgpack.Decoder(_Envelope[Columns[str | EpochMs]]).decode,
    msgspec.msgpack.Decoder(_Envelope[Columns[Instant | EpochMs]]).decode,
)
_RAW_JSON = msgspec.json.Decoder(_Envelope[_RawColumns])
_RAW_MSGPACK = msgspec.msgpack.Decoder(_Envelope[_RawColumns])


def decode_json(body: bytes) -> Decoded:
    """Read a JSON object of columns.

    Raises
    ------
    MalformedError
        The body is no such object, it has a column nobody knows, or the columns differ in length;
        names the column.
    """
    try:
        return _rows_of(_QUICK_JSON.decode(body).columns)
    except UNREADABLE:
        pass  # each entry is judged below
    try:
        columns = _RAW_JSON.decode(body).columns.given()
    except UNREADABLE as error:
        raise MalformedError(
            f"The body is not a JSON array of fixes, nor an object of columns: {error}. Send"
            ' {"columns": {"device": […], "fixed_at": […], "lon": […], "lat": […]}}.'
        ) from error
    return judge_each(_items(columns, JSON), JSON)


def decode_msgpack(body: bytes) -> Decoded:
    """Read a MessagePack map of columns.

    Raises
    ------
    MalformedError
        As `decode_json`.
    """
    try:
        columns = _RAW_MSGPACK.decode(body).columns.given()
    except UNREADABLE as error:
        raise MalformedError(
            f"The body is not a MessagePack array of fixes, nor a map of columns: {error}. Send"
            " a map whose field columns is a map of arrays: device, fixed_at, lon and lat."
        ) from error
    for packed in columns.values():
        check_claim(packed)
    for quick in _QUICK_MSGPACK:
        try:
            return _rows_of(quick(body).columns)
        except UNREADABLE:
            continue
    return judge_each(_items(columns, MSGPACK), MSGPACK)


def _rows_of(columns: Columns[Moment]) -> Decoded:
    given = [getattr(columns, name) for name in columns.__struct_fields__]
    if len({len(column) for column in given if column is not None}) != 1:
        raise msgspec.ValidationError("The columns differ in length.")
    return rows_from(columns)


def _items(columns: dict[str, msgspec.Raw], encoding: Encoding) -> list[bytes]:
    """Return each fix as the item of an array it would have been."""
    entries = {name: _entries(name, raw, encoding) for name, raw in columns.items()}
    count = len(entries["device"])
    for name, column in entries.items():
        if len(column) != count:
            raise MalformedError(
                f"The column {name} has {len(column):,} entries, but device has {count:,};"
                " send columns of one length, with null where a fix does not have the field."
            )
    return [
        encoding.join(dict(zip(entries, entry, strict=True)))
        for entry in zip(*entries.values(), strict=True)
    ]


def _entries(name: str, raw: msgspec.Raw, encoding: Encoding) -> list[msgspec.Raw]:
    try:
        return encoding.items(raw)
    except UNREADABLE as error:
        raise MalformedError(f"The column {name} is not an array: {error}.") from error
