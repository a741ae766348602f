"""The OsmAnd query form, as the Traccar Client app sends it (field list: contract of the app).

``speed`` is in knots. Without a ``timestamp`` the fix is of the moment it was received.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from flowctl.telemetry.fixes import microseconds, rows_of
from flowctl.telemetry.formats.decoded import (
    KNOT_MPS,
    LONGEST_UID,
    MOST_METRES,
    MOST_SPEED_MPS,
    UID_PATTERN,
    Decoded,
    MalformedError,
    within,
)

_SPACED_ZONE = re.compile(r"(?<=\d) (\d\d:\d\d)$")
_SECONDS_BELOW = 2_147_483_647  # a larger integer is milliseconds


def decode(fields: Mapping[str, str], *, received_at_us: int) -> Decoded:
    """Read one fix from query or form fields.

    Raises
    ------
    MalformedError
        The identifier or the position is missing, or a number is none; names the field.
    """
    uid = fields.get("id") or fields.get("deviceid") or ""
    if not 1 <= len(uid) <= LONGEST_UID or not re.match(UID_PATTERN, uid):
        raise MalformedError(
            "The field id (or deviceid) is missing, longer than 64 characters, or holds a control"
            " character."
        )
    lat, lon = _position(fields)
    rows = rows_of(1)
    rows["fixed_at"] = _moment(fields, received_at_us)
    rows["lat"], rows["lon"] = lat, lon
    heading = "bearing" if "bearing" in fields else "heading"
    rows["speed_mps"] = within(_number(fields, "speed") * KNOT_MPS, 0.0, MOST_SPEED_MPS)
    rows["heading_deg"] = within(_number(fields, heading), 0.0, 360.0)
    rows["altitude_m"] = within(_number(fields, "altitude"), -MOST_METRES, MOST_METRES)
    rows["accuracy_m"] = within(_number(fields, "accuracy"), 0.0, MOST_METRES)
    return Decoded((uid,), rows, np.zeros(1, np.int64))


def _position(fields: Mapping[str, str]) -> tuple[float, float]:
    if "location" in fields:
        parts = fields["location"].split(",")
        if len(parts) != 2:  # noqa: PLR2004 - a pair
            raise MalformedError("The field location must be two numbers: lat,lon.")
        fields = {"lat": parts[0], "lon": parts[1]}
    lat, lon = _number(fields, "lat"), _number(fields, "lon")
    if np.isnan(lat) or np.isnan(lon):
        raise MalformedError("The fields lat and lon (or location) are missing or not numbers.")
    return lat, lon


def _number(fields: Mapping[str, str], name: str) -> float:
    """Return a field as a number, NaN where it is absent."""
    text = fields.get(name, "")
    if not text:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        raise MalformedError(f"The field {name} is not a number: {text[:40]!r}.") from None


def _moment(fields: Mapping[str, str], received_at_us: int) -> int:
    text = fields.get("timestamp", "")
    if not text:
        return received_at_us
    try:
        if text.lstrip("-").isdigit():
            number = int(text)
            moment_us = number * (1_000_000 if number < _SECONDS_BELOW else 1_000)
            np.int64(moment_us)  # raises where no column could hold it
            return moment_us
        # An unescaped + of the time zone arrives as a space.
        moment = datetime.fromisoformat(_SPACED_ZONE.sub(r"+\1", text))
        result = microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise MalformedError(
            f"The field timestamp is no moment: {text[:40]!r}; send Unix seconds or ISO 8601."
        ) from None
    return result
