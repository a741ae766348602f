"""OwnTracks: the phone app, and the trackers behind qtripp, by HTTP or MQTT.

A payload is a JSON object; an array of them is read too. Only ``_type`` ``location`` is a
position, and every other type (a card, a waypoint, a last will) is no item. ``vel`` is in km/h.
A fix is known by its device and ``tst``, in Unix seconds.

The device is the first of: what the caller knows (`device_of_topic` of the MQTT topic, or the
user and device an HTTP client states in its headers), the payload's ``topic``, its ``tid``. The
first two read ``<user>/<device>``. A ``tid`` is but two characters: it tells one sender's phones
apart only as long as nobody gives two of them the same.

Source: https://owntracks.org/booklet/tech/json and …/tech/http.
"""

import msgspec

from flowctl.telemetry.formats.decoded import (
    KMH_MPS,
    Decoded,
    MalformedError,
    Misfit,
    Uid,
)
from flowctl.telemetry.formats.readings import (
    Reading,
    epoch_us,
    gather,
    parse_json,
    raw_of,
    reading,
)

_ENCRYPTED = (
    "Encrypted OwnTracks payloads are not supported; clear the encryption key in the app and let"
    " TLS protect the connection."
)


class _Location(msgspec.Struct):
    lat: float
    lon: float
    tst: int
    acc: float | None = None
    alt: float | None = None
    vel: float | None = None
    cog: float | None = None
    ign: object = None
    topic: str | None = None
    tid: str | None = None


def device_of_topic(topic: str) -> str:
    """Return the device that publishes to an MQTT topic: ``owntracks/a/b`` → ``a/b``."""
    return topic.removeprefix("owntracks/")


def decode(body: bytes, device: str | None = None) -> Decoded:
    """Read a payload or an array of payloads; an empty body, which the app sends too, is none.

    Parameters
    ----------
    body
        The payload.
    device
        ``<user>/<device>`` where the caller knows it; it goes before what the payload says.

    Raises
    ------
    MalformedError
        The body is neither a JSON object nor an array.
    """
    posted = parse_json(body) if body else []
    items = posted if isinstance(posted, list) else [posted]
    if not isinstance(posted, dict | list):
        raise MalformedError('The body is not {"_type": "location", …} as OwnTracks sends it.')
    return gather(_read(index, item, device) for index, item in enumerate(items))


def _read(index: int, item: object, device: str | None) -> Reading | Misfit | None:
    kind = item.get("_type") if isinstance(item, dict) else None
    if kind == "location":
        return _read_location(index, item, device)
    if isinstance(kind, str) and kind != "encrypted":
        return None
    detail = _ENCRYPTED if kind == "encrypted" else "The item has no _type."
    return Misfit(index, device, raw_of(item), detail)


def _read_location(index: int, item: object, device: str | None) -> Reading | Misfit:
    try:
        at = msgspec.convert(item, _Location)
        uid = msgspec.convert(_name(device, at), Uid)
        at_us = epoch_us(at.tst)
    except (msgspec.ValidationError, OverflowError) as error:
        detail = f"The location is not one of OwnTracks': {error}"
        return Misfit(index, device, raw_of(item), detail)
    return reading(
        uid,
        at_us,
        at.lon,
        at.lat,
        speed_mps=None if at.vel is None else at.vel * KMH_MPS,
        heading_deg=at.cog,
        altitude_m=at.alt,
        accuracy_m=at.acc,
        ignition=at.ign,
    )


def _name(device: str | None, at: _Location) -> str | None:
    return device or (device_of_topic(at.topic) if at.topic else at.tid)
