"""The OsmAnd protocol, as the Traccar Client app and many trackers speak it over HTTP.

Two forms. Query or form fields: ``speed`` is in knots, one fix a request; without a
``timestamp`` the fix is of the moment it was received. JSON (Traccar Client 9 and later): ``speed``
is in metres per second, negative where it is unknown. A fix is known by its device
(``id`` or ``deviceid``; ``device_id`` in JSON) and its timestamp.

A request without a device is refused. Anything else that does not fit is kept aside, for a phone
that is told no sends the same fix for ever: so are positions the receiver marks as invalid
(``valid`` neither ``true`` nor ``1``), which are mostly a place the truck has left.

Source: Traccar's OsmAndProtocolDecoder and its tests; the JSON is the location template of the app.
"""

import re
from collections.abc import Mapping
from math import nan
from urllib.parse import urlencode

import msgspec

from flowctl.telemetry.formats.decoded import (
    KNOT_MPS,
    LONGEST_UID,
    UID_PATTERN,
    Decoded,
    MalformedError,
    Misfit,
)
from flowctl.telemetry.formats.readings import (
    INVALID,
    Reading,
    epoch_us,
    gather,
    iso_us,
    parse_json,
    raw_of,
    reading,
)

_UID = re.compile(UID_PATTERN)
_SPACED_ZONE = re.compile(r"(?<=\d) (\d\d:?\d\d)$")
_SECONDS_BELOW = 2_147_483_647  # a larger integer is milliseconds
_YES, _NO = frozenset({"true", "1"}), frozenset({"false", "0"})
_PERSONAL = "driverUniqueId"


class _Coords(msgspec.Struct):
    latitude: float
    longitude: float
    accuracy: float | None = None
    speed: float | None = None
    heading: float | None = None
    altitude: float | None = None


class _Location(msgspec.Struct):
    timestamp: str
    coords: _Coords


class _FieldError(Exception):
    """A field that does not fit; its text is the sentence for the sender."""


def decode(fields: Mapping[str, str], *, received_at_us: int) -> Decoded:
    """Read one fix from query or form fields.

    Raises
    ------
    MalformedError
        The device is missing.
    """
    return gather([read(fields, received_at_us=received_at_us)])


def read(fields: Mapping[str, str], *, received_at_us: int, index: int = 0) -> Reading | Misfit:
    """Read one fix from query or form fields as plain values, for callers that gather many.

    Raises
    ------
    MalformedError
        The device is missing.
    """
    uid = _device(fields.get("id") or fields.get("deviceid"), "id (or deviceid)")
    try:
        return _read(uid, fields, received_at_us)
    except _FieldError as error:
        # Who drives is personal: it is not kept, not even aside.
        kept = {name: text for name, text in fields.items() if name != _PERSONAL}
        raw = urlencode(kept, errors="replace").encode()
        return Misfit(index, uid, raw, str(error))


def decode_json(body: bytes) -> Decoded:
    """Read what Traccar Client 9 and later posts.

    One object is ``{"device_id": …, "location": {…}}``; the app's library posts several locations
    of one device as an array there, and an array of such objects is read as well. Locations are
    counted through the body.

    Raises
    ------
    MalformedError
        The body is not JSON of this shape, or a device is missing.
    """
    posted = parse_json(body)
    located = [pair for report in _listed(posted) for pair in _locations(report)]
    return gather(_read_location(i, uid, item) for i, (uid, item) in enumerate(located))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _locations(report: object) -> list[tuple[str, object]]:
    if not isinstance(report, dict) or "location" not in report:
        raise MalformedError('The body is not {"device_id": "…", "location": {…}}.')
    uid = _device(report.get("device_id"), "device_id")
    return [(uid, location) for location in _listed(report["location"])]


def _read_location(index: int, uid: str, item: object) -> Reading | Misfit:
    try:
        location = msgspec.convert(item, _Location)
        at_us = iso_us(location.timestamp)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        detail = f"The location is not one of the app's: {error}"
        return Misfit(index, uid, raw_of(item), detail)
    at = location.coords
    return reading(
        uid,
        at_us,
        at.longitude,
        at.latitude,
        speed_mps=at.speed,
        heading_deg=at.heading,
        altitude_m=at.altitude,
        accuracy_m=at.accuracy,
    )


def _device(uid: object, field: str) -> str:
    if not isinstance(uid, str) or len(uid) > LONGEST_UID or not _UID.match(uid):
        raise MalformedError(
            f"The field {field} is missing, longer than {LONGEST_UID} characters, or holds a"
            " control character."
        )
    return uid


def _read(uid: str, fields: Mapping[str, str], received_at_us: int) -> Reading:
    valid = fields.get("valid")
    if valid and valid.lower() not in _YES:
        raise _FieldError(INVALID)
    lat, lon = _position(fields)
    return reading(
        uid,
        _moment(fields.get("timestamp"), received_at_us),
        lon,
        lat,
        speed_mps=_number(fields, "speed") * KNOT_MPS,
        heading_deg=_number(fields, "bearing" if "bearing" in fields else "heading"),
        altitude_m=_number(fields, "altitude"),
        accuracy_m=_number(fields, "accuracy"),
        ignition=_find_flag(fields.get("ignition")),
    )


def _position(fields: Mapping[str, str]) -> tuple[float, float]:
    if "location" in fields:
        parts = fields["location"].split(",")
        if len(parts) != 2:  # noqa: PLR2004 - a pair
            raise _FieldError("The field location must be two numbers: lat,lon.")
        fields = {"lat": parts[0], "lon": parts[1]}
    if not fields.get("lat") or not fields.get("lon"):
        raise _FieldError("The fields lat and lon (or location) are missing.")
    return _number(fields, "lat"), _number(fields, "lon")


def _number(fields: Mapping[str, str], name: str) -> float:
    """Return a field as a number, NaN where it is absent."""
    text = fields.get(name)
    if not text:
        return nan
    try:
        if "_" not in text:  # float() would read 6_0 as 60
            return float(text)
    except ValueError:
        pass
    raise _FieldError(f"The field {name} is not a number: {text[:40]!r}.")


def _find_flag(text: str | None) -> bool | None:
    if text in _YES:
        return True
    return False if text in _NO else None


def _moment(text: str | None, received_at_us: int) -> int:
    if not text:
        return received_at_us
    try:
        if text.isdigit() or text[1:].isdigit():
            number = int(text)
            return epoch_us(number, 1 if number < _SECONDS_BELOW else 1_000)
        return _instant(text)
    except (ValueError, OverflowError):
        raise _FieldError(
            f"The field timestamp is no moment: {text[:40]!r}; send Unix seconds or ISO 8601."
        ) from None


def _instant(text: str) -> int:
    try:
        return iso_us(text)
    except ValueError:
        # An unescaped + of the time zone arrives as a space.
        return iso_us(_SPACED_ZONE.sub(r"+\1", text))
