"""The project's own batch: a JSON array of fixes, judged item by item.

The quick way decodes the whole array at once; only when an item does not fit is every item
decoded by itself, so that one bad item costs the others nothing but a little time.
"""

from datetime import datetime
from typing import Annotated

import msgspec
import numpy as np

from flowctl.telemetry.fixes import index_devices, microseconds, rows_of
from flowctl.telemetry.formats.decoded import (
    MOST_METRES,
    MOST_SPEED_MPS,
    Decoded,
    MalformedError,
    Misfit,
    Uid,
)

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class WireFix(msgspec.Struct, frozen=True):
    """One fix as it is posted."""

    device: Uid
    fixed_at: Instant
    lon: float
    lat: float
    speed_mps: Annotated[float, msgspec.Meta(ge=0, le=MOST_SPEED_MPS)] | None = None
    heading_deg: Annotated[float, msgspec.Meta(ge=0, le=360)] | None = None
    altitude_m: Annotated[float, msgspec.Meta(ge=-MOST_METRES, le=MOST_METRES)] | None = None
    accuracy_m: Annotated[float, msgspec.Meta(ge=0, le=MOST_METRES)] | None = None
    ignition: bool | None = None


_ALL = msgspec.json.Decoder(list[WireFix])
_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_ONE = msgspec.json.Decoder(WireFix)


def decode(body: bytes) -> Decoded:
    """Read a JSON array of fixes.

    Raises
    ------
    MalformedError
        The body is not a JSON array, so that no item can be told from another.
    """
    try:
        return _columns(_ALL.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_each(body)


def _decode_each(body: bytes) -> Decoded:
    try:
        items = _RAW.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(
            f"The body is not a JSON array of fixes: {error}. "
            'Send [{"device": "…", "fixed_at": "2024-01-23T01:02:03Z", "lon": 106.7, "lat": 21.9}].'
        ) from error
    fits: list[WireFix] = []
    where: list[int] = []
    misfits: list[Misfit] = []
    for index, raw in enumerate(items):
        try:
            fits.append(_ONE.decode(raw))
            where.append(index)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            misfits.append(Misfit(index, None, bytes(raw), str(error)))
    decoded = _columns(fits)
    return Decoded(decoded.devices, decoded.rows, np.array(where, np.int64), tuple(misfits))


def _columns(fixes: list[WireFix]) -> Decoded:
    devices, index = index_devices([fix.device for fix in fixes])
    rows = rows_of(len(fixes))
    rows["device"] = index
    rows["fixed_at"] = [microseconds(fix.fixed_at) for fix in fixes]
    rows["lon"] = [fix.lon for fix in fixes]
    rows["lat"] = [fix.lat for fix in fixes]
    for column in ("speed_mps", "heading_deg", "altitude_m", "accuracy_m"):
        values = [getattr(fix, column) for fix in fixes]
        rows[column] = [np.nan if value is None else value for value in values]
    rows["ignition"] = [-1 if fix.ignition is None else int(fix.ignition) for fix in fixes]
    return Decoded(devices, rows, np.arange(len(fixes)))
