"""The project's own batch: a JSON array of fixes, lines of JSON, or a MessagePack array.

Speed is in m/s, heading in degrees from north, altitude and accuracy in metres. A fix is known by
its source, its device and ``fixed_at``. Each item is judged by itself; an object or a map in place
of the array holds ``columns`` (see `columnar`).
"""

import re
from dataclasses import replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from flowctl.telemetry.formats import columnar
from flowctl.telemetry.formats.decoded import Decoded, MalformedError
from flowctl.telemetry.formats.lists import EpochMs, Instant, Name, check_count, rows_from
from flowctl.telemetry.formats.mending import as_it_came, mend
from flowctl.telemetry.formats.wire import (
    JSON,
    MSGPACK,
    UNREADABLE,
    Wire,
    check_claim,
    check_commas,
    columns_of,
    judge_each,
)

_QUICK_JSON = msgspec.json.Decoder(list[Wire[Name, str | EpochMs]])
_QUICK_LINE = msgspec.json.Decoder(Wire[Name, str | EpochMs])
# MessagePack's own timestamps arrive as datetimes, which are slower: texts and numbers go first.
_QUICK_MSGPACK = (
    msgspec.msgpack.Decoder(list[Wire[Name, str | EpochMs]]).decode,
    msgspec.msgpack.Decoder(list[Wire[Name, Instant | EpochMs]]).decode,
)

_OBJECT = re.compile(rb"[ \t\r\n]*\{")
_SPACE = b" \t\r\n"


def decode_json(body: bytes) -> Decoded:
    """Read a JSON array of fixes, or an object of columns.

    Raises
    ------
    MalformedError
        The body is neither, so that no item can be told from another; or something in it is
        nested deeper than can be read, or it holds more than `lists.MOST_ITEMS`.
    """
    try:
        return _decode_json(body)
    except MalformedError:
        mended = mend(body)
        if mended == body:
            raise
    decoded = _decode_json(mended)
    return replace(decoded, misfits=tuple(map(as_it_came, decoded.misfits)))


def _decode_json(body: bytes) -> Decoded:
    check_commas(body)
    if _OBJECT.match(body):
        return columnar.decode_json(body)
    try:
        return rows_from(columns_of(_QUICK_JSON.decode(body)))
    except UNREADABLE:
        return _decode_each(body)


def _decode_each(body: bytes) -> Decoded:
    try:
        items = JSON.items(body)
    except UNREADABLE as error:
        raise MalformedError(
            f"The body is not a JSON array of fixes: {error}. Send"
            ' [{"device": "…", "fixed_at": "2024-01-23T01:02:03Z", "lon": 106.7, "lat": 21.9}].'
        ) from error
    return judge_each(items, JSON)


def decode_ndjson(body: bytes) -> Decoded:
    r"""Read lines of JSON, one fix each.

    Lines end with ``\n`` or ``\r\n``, the last one perhaps with the body. Blank lines are skipped
    and not counted: an item's index is its place among the other lines, from 0.

    Raises
    ------
    MalformedError
        There are more lines than `lists.MOST_ITEMS`.
    """
    body = body.strip(_SPACE)
    letters = np.frombuffer(body, np.uint8)
    ends = np.flatnonzero(letters == _LINE_END)
    check_count(len(ends))
    if _has_an_object_a_line(letters, ends):
        try:
            fixes = _QUICK_LINE.decode_lines(body)
            if len(fixes) == len(ends) + 1:
                return rows_from(columns_of(fixes))
        except UNREADABLE:
            pass  # each line is judged below
    lines = [line.strip(_SPACE) for line in body.split(b"\n")]
    return judge_each([line for line in lines if line], JSON)


_LINE_END, _RETURN, _OPENING, _CLOSING = b"\n\r{}"


def _has_an_object_a_line(letters: NDArray[np.uint8], ends: NDArray[np.int64]) -> bool:
    """Tell whether every line begins as an object does and ends as one does.

    `decode_lines` asks for neither: to it a line's end is like any other space between objects.
    """
    if not len(letters) or letters[0] != _OPENING or letters[-1] != _CLOSING:
        return False
    last = letters[ends - 1]
    last = np.where(last == _RETURN, letters[ends - 2], last)
    return bool((last == _CLOSING).all() and (letters[ends + 1] == _OPENING).all())


def decode_msgpack(body: bytes) -> Decoded:
    """Read a MessagePack array of maps, or a map of columns. A misfit's bytes are MessagePack.

    Raises
    ------
    MalformedError
        As `decode_json`.
    """
    if body[:1] in _MAPS:
        return columnar.decode_msgpack(body)
    check_claim(body)
    for quick in _QUICK_MSGPACK:
        try:
            return rows_from(columns_of(quick(body)))
        except UNREADABLE:
            continue
    return _decode_each_packed(body)


def _decode_each_packed(body: bytes) -> Decoded:
    try:
        items = MSGPACK.items(body)
    except UNREADABLE as error:
        raise MalformedError(
            f"The body is not a MessagePack array of fixes: {error}. Send an array of maps with"
            " the fields device, fixed_at, lon and lat."
        ) from error
    return judge_each(items, MSGPACK)


# First bytes of a map (MessagePack specification: fixmap, map 16, map 32).
_MAPS = frozenset(bytes([head]) for head in (*range(0x80, 0x90), 0xDE, 0xDF))
