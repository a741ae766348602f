"""One fix as the project's own formats write it, and how items are judged one by one.

Every form of the batch (array, lines, MessagePack, columns) is read in one of two ways. The quick
way takes the body at once and finds only whether all of it fits. Where it does not, every item is
judged by itself against `WireFix`, which is the contract: so all forms come to the same verdict.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec
import numpy as np

from flowctl.telemetry.formats.decoded import Decoded, Misfit, Uid
from flowctl.telemetry.formats.lists import (
    MOST_ITEMS,
    Accuracy,
    Altitude,
    Columns,
    EpochMs,
    Heading,
    Ignition,
    Instant,
    Moment,
    Speed,
    check_count,
    rows_from,
)

Device = TypeVar("Device", bound=str)

_ABSENT = float("nan")


class Wire(msgspec.Struct, Generic[Device, Moment], frozen=True, gc=False):
    """One fix as it is posted; ``null`` says the same as leaving a field out.

    ``fixed_at`` is ISO 8601 with a zone, or whole milliseconds since 1970-01-01 UTC; in
    MessagePack it may be of the timestamp extension too.
    """

    device: Device
    fixed_at: Moment
    lon: float
    lat: float
    speed_mps: Speed = _ABSENT
    heading_deg: Heading = _ABSENT
    altitude_m: Altitude = _ABSENT
    accuracy_m: Accuracy = _ABSENT
    ignition: Ignition = None


WireFix = Wire[Uid, Instant | EpochMs]
"""The contract of one item."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that do not fit; the last for what is nested too deep."""


class _Owner(msgspec.Struct):
    device: Uid


@dataclass(frozen=True, slots=True)
class Encoding:
    """How items are taken one by one out of JSON or MessagePack, and put together again."""

    one: Callable[[bytes | msgspec.Raw], WireFix]
    owner: Callable[[bytes | msgspec.Raw], _Owner]
    items: Callable[[bytes | msgspec.Raw], list[msgspec.Raw]]
    join: Callable[[dict[str, msgspec.Raw]], bytes]


JSON = Encoding(
    msgspec.json.Decoder(WireFix).decode,
    msgspec.json.Decoder(_Owner).decode,
    msgspec.json.Decoder(list[msgspec.Raw]).decode,
    msgspec.json.Encoder().encode,
)
MSGPACK = Encoding(
    msgspec.msgpack.Decoder(WireFix).decode,
    msgspec.msgpack.Decoder(_Owner).decode,
    msgspec.msgpack.Decoder(list[msgspec.Raw]).decode,
    msgspec.msgpack.Encoder().encode,
)


def columns_of(fixes: list[Wire[Device, Moment]]) -> Columns[Moment]:
    """Return the fixes field by field."""
    return Columns(
        [fix.device for fix in fixes],
        [fix.fixed_at for fix in fixes],
        [fix.lon for fix in fixes],
        [fix.lat for fix in fixes],
        [fix.speed_mps for fix in fixes],
        [fix.heading_deg for fix in fixes],
        [fix.altitude_m for fix in fixes],
        [fix.accuracy_m for fix in fixes],
        [fix.ignition for fix in fixes],
    )


def check_commas(body: bytes) -> None:
    """Refuse JSON with more commas than `MOST_ITEMS` fixes need, before an object is made of each.

    Raises
    ------
    MalformedError
        See `check_count`.
    """
    if len(body) > _MOST_COMMAS:
        check_count(body.count(b",") * MOST_ITEMS // _MOST_COMMAS)


_MOST_COMMAS = 12 * MOST_ITEMS  # nine fields, and a few of the sender's own


def check_claim(packed: bytes | msgspec.Raw) -> None:
    """Refuse a MessagePack array that says it has more than `MOST_ITEMS`, before it is read.

    Raises
    ------
    MalformedError
        See `check_count`.
    """
    head = bytes(memoryview(packed)[:5])
    if head[:1] == b"\xdc":
        check_count(int.from_bytes(head[1:3]))
    elif head[:1] == b"\xdd":
        check_count(int.from_bytes(head[1:5]))


def judge_each(items: Sequence[bytes | msgspec.Raw], encoding: Encoding) -> Decoded:
    """Decode every item by itself: one that does not fit costs the others only time.

    Raises
    ------
    MalformedError
        There are more than `MOST_ITEMS`.
    """
    check_count(len(items))
    fits: list[WireFix] = []
    where: list[int] = []
    misfits: list[Misfit] = []
    for index, raw in enumerate(items):
        try:
            fix = encoding.one(raw)
            _refuse_beyond_calendar(fix)
            fits.append(fix)
            where.append(index)
        except UNREADABLE as error:
            misfits.append(Misfit(index, _find_owner(raw, encoding), bytes(raw), str(error)))
    decoded = rows_from(columns_of(fits))
    return Decoded(decoded.devices, decoded.rows, np.array(where, np.int64), tuple(misfits))


def _refuse_beyond_calendar(fix: WireFix) -> None:
    if isinstance(fix.fixed_at, datetime):
        try:
            fix.fixed_at.astimezone(UTC)
        except OverflowError as error:
            raise msgspec.ValidationError(
                "The moment lies beyond the years 1 to 9999 in UTC - at `$.fixed_at`"
            ) from error


def _find_owner(raw: bytes | msgspec.Raw, encoding: Encoding) -> str | None:
    """Return the device named by an item that does not fit, if that much of it can be read."""
    try:
        return encoding.owner(raw).device
    except UNREADABLE:
        return None
