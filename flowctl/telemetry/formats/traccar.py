"""What a Traccar server forwards: the way of every device protocol it speaks to us.

One position a body, ``{"position": {…}, "device": {…}}``, or an event with the position it
concerns, ``{"event": {…}, "position": {…}, "device": {…}}``. ``speed`` is in knots. A fix is known
by ``device.uniqueId`` and ``position.fixTime``; ``position.id`` is 0 on the first try, so it is no
key. An event's position was forwarded before it, and is a duplicate then; an event without a
position is no item.

Traccar's numbers cannot be null: an accuracy of 0 is an unknown one, while a speed, course or
altitude of 0 is taken as said. A position with ``valid: false`` is kept aside: the receiver had no
fix, and mostly repeats a place the truck has left.

Source: Traccar's PositionForwarderJson, EventForwarderJson and model classes.
"""

import msgspec

from flowctl.telemetry.formats.decoded import (
    KNOT_MPS,
    Decoded,
    MalformedError,
    Misfit,
    Uid,
)
from flowctl.telemetry.formats.readings import (
    INVALID,
    Reading,
    gather,
    iso_us,
    parse_json,
    raw_of,
    reading,
)


class _Attributes(msgspec.Struct):
    ignition: object = None


class _Position(msgspec.Struct, rename="camel"):
    fix_time: str
    latitude: float
    longitude: float
    valid: bool | None = None
    speed: float | None = None
    course: float | None = None
    altitude: float | None = None
    accuracy: float | None = None
    attributes: _Attributes | None = None


class _Device(msgspec.Struct, rename="camel"):
    unique_id: Uid


class _Forwarded(msgspec.Struct):
    position: _Position
    device: _Device


def decode(body: bytes) -> Decoded:
    """Read a forwarded position or event.

    Raises
    ------
    MalformedError
        The body is not a JSON object with a position or an event.
    """
    posted = parse_json(body)
    if not isinstance(posted, dict) or not posted.keys() & {"position", "event"}:
        raise MalformedError(
            'The body is not {"position": {…}, "device": {…}} as Traccar sends it.'
        )
    if posted.get("position") is None and posted.get("event") is not None:
        return gather([None])
    return gather([_read(posted)])


def _read(posted: dict[str, object]) -> Reading | Misfit:
    try:
        forwarded = msgspec.convert(posted, _Forwarded)
        at_us = iso_us(forwarded.position.fix_time)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        return _misfit(posted, f"The position is not one of Traccar's: {error}")
    if forwarded.position.valid is False:
        return _misfit(posted, INVALID)
    return _reading(forwarded, at_us)


def _reading(forwarded: _Forwarded, at_us: int) -> Reading:
    at = forwarded.position
    return reading(
        forwarded.device.unique_id,
        at_us,
        at.longitude,
        at.latitude,
        speed_mps=None if at.speed is None else at.speed * KNOT_MPS,
        heading_deg=at.course,
        altitude_m=at.altitude,
        accuracy_m=at.accuracy,
        ignition=at.attributes.ignition if at.attributes else None,
    )


def _misfit(posted: dict[str, object], detail: str) -> Misfit:
    """Keep the position and its device aside, without the people Traccar knows of (phones…)."""
    position, device = posted.get("position"), posted.get("device")
    if isinstance(position, dict):
        position = {name: position.get(name) for name in _Position.__struct_encode_fields__}
        position["attributes"] = None
    uid = device.get("uniqueId") if isinstance(device, dict) else None
    raw = raw_of({"position": position, "device": {"uniqueId": uid}})
    return Misfit(0, _find_uid(uid), raw, detail)


def _find_uid(uid: object) -> str | None:
    try:
        return msgspec.convert(uid, Uid)
    except msgspec.ValidationError:
        return None
