"""Whatever a body holds, a format reads it or says that it cannot, at once and whole."""

import json
import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.telemetry.edge import intake
from flowctl.telemetry.fixes import batch_from_bytes
from flowctl.telemetry.formats import osmand, owntracks, traccar, ufms
from flowctl.telemetry.formats.decoded import Decoded, MalformedError
from flowctl.telemetry.screening import ScreeningParams

NOW_US = 1_705_971_723_000_000
AT_ONCE = settings(max_examples=300, deadline=timedelta(seconds=2))

OSMAND = {
    "id": "123456",
    "timestamp": "1377177267",
    "lat": "60.0",
    "lon": "30.0",
    "location": "60.0,30.0",
    "valid": "true",
    "speed": "10",
    "bearing": "12",
    "altitude": "260",
    "accuracy": "8",
    "ignition": "true",
}
APP = {
    "device_id": "48241179",
    "location": {
        "timestamp": "2025-06-15T13:45:12.862Z",
        "coords": {"latitude": 37.4, "longitude": -122.1, "speed": 0, "heading": -1},
    },
}
FORWARDED = {
    "event": {"type": "deviceMoving"},
    "position": {
        "fixTime": "2024-01-23T01:02:03.000+00:00",
        "valid": True,
        "latitude": 21.94,
        "longitude": 106.7,
        "speed": 10.0,
        "course": 12.0,
        "altitude": 260.0,
        "accuracy": 0.0,
        "attributes": {"ignition": True},
    },
    "device": {"uniqueId": "868120245381234"},
}
LOCATION = {
    "_type": "location",
    "lat": 21.94,
    "lon": 106.7,
    "tst": 1_705_971_723,
    "acc": 8,
    "vel": 54,
    "cog": 270,
    "tid": "JJ",
    "topic": "owntracks/jane/phone",
}
WAY_POINT = bytes.fromhex(
    "0864a206450a083239483132333435120c3739303132333435363738391d00001042208ba0bcad06"
    "29cdccccccccac5a4031713d0ad7a3f035403d000082434500004041480150005801"
)

words = st.text(max_size=70) | st.sampled_from(
    ["nan", "inf", "-1", "1e999", "9" * 25, "9" * 5000, "2024-01-23T01:02", "\x00", "\ud800", "²"]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**62, max_value=2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4)
)


def accepted(decode: Callable[[], Decoded], items: int | None = None) -> None:
    """Decode, and follow what came of it to the bytes that go to disk."""
    try:
        decoded = decode()
    except MalformedError:
        return
    if items is not None:
        assert len(decoded.rows) + len(decoded.misfits) == items
    indices = [*decoded.item.tolist(), *(misfit.index for misfit in decoded.misfits)]
    assert len(set(indices)) == len(indices)
    for column in ("speed_mps", "heading_deg", "altitude_m", "accuracy_m"):
        assert all(math.isnan(x) or math.isfinite(x) for x in decoded.rows[column].tolist())
    taken = intake(decoded, source_id=1, received_at_us=NOW_US, params=ScreeningParams())
    for part in taken.batch.partitions().values():
        assert batch_from_bytes(part.to_bytes()).rows.tobytes() == part.rows.tobytes()


@st.composite
def mutated(draw: st.DrawFn, valid: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a valid message with one value, somewhere in it, replaced or left out."""
    if not isinstance(valid, dict) or draw(st.integers(0, 9)) == 0:
        return draw(anything)
    name = draw(st.sampled_from(sorted(valid)))
    others = {key: value for key, value in valid.items() if key != name}
    return others if draw(st.booleans()) else {**others, name: draw(mutated(valid[name]))}


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


@AT_ONCE
@given(st.dictionaries(st.sampled_from(sorted(OSMAND)) | words, words, max_size=12))
def test_any_query_is_read_or_refused(fields: dict[str, str]):
    accepted(lambda: osmand.decode(fields, received_at_us=NOW_US), items=1)


@AT_ONCE
@given(st.sampled_from(sorted(OSMAND)), words)
def test_a_query_with_one_field_changed_is_read_or_refused(name: str, text: str):
    fields = {**OSMAND, name: text}
    accepted(lambda: osmand.decode(fields, received_at_us=NOW_US), items=1)


@AT_ONCE
@given(st.binary(max_size=200) | anything.map(as_json))
def test_any_bytes_are_read_or_refused_by_every_format(body: bytes):
    accepted(lambda: osmand.decode_json(body))
    accepted(lambda: traccar.decode(body))
    accepted(lambda: owntracks.decode(body))
    accepted(lambda: ufms.decode(body))


@AT_ONCE
@given(mutated(APP))
def test_an_app_body_with_one_value_changed_is_read_or_refused(posted: object):
    accepted(lambda: osmand.decode_json(as_json(posted)))


@AT_ONCE
@given(mutated(FORWARDED))
def test_a_forwarded_body_with_one_value_changed_is_read_or_refused(posted: object):
    accepted(lambda: traccar.decode(as_json(posted)))


@AT_ONCE
@given(st.lists(mutated(LOCATION), max_size=4))
def test_locations_with_one_value_changed_are_read_or_refused(posted: list[object]):
    accepted(lambda: owntracks.decode(as_json(posted)))


@AT_ONCE
@given(st.integers(0, len(WAY_POINT) - 1), st.integers(0, len(WAY_POINT)), st.binary(max_size=12))
def test_a_way_point_with_bytes_changed_is_read_or_refused(start: int, end: int, patch: bytes):
    accepted(lambda: ufms.decode(WAY_POINT[:start] + patch + WAY_POINT[end:]))


@AT_ONCE
@given(st.binary(min_size=1, max_size=80))
def test_a_way_point_of_any_bytes_is_read_or_refused(inner: bytes):
    body = b"\x08\x64\xa2\x06" + bytes([len(inner)]) + inner
    accepted(lambda: ufms.decode(body), items=1)
