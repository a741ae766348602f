import json

import numpy as np
import pytest

from flowctl.telemetry.formats import owntracks
from flowctl.telemetry.formats.decoded import MalformedError

LOCATION: dict[str, object] = {
    "_type": "location",
    "lat": 21.94,
    "lon": 106.7,
    "tst": 1_705_971_723,
    "acc": 8,
    "alt": 260,
    "vel": 54,
    "cog": 270,
    "batt": 80,
    "tid": "JJ",
    "topic": "owntracks/jane/phone",
    "created_at": 1_705_971_725,
}


def body(posted: object) -> bytes:
    return json.dumps(posted).encode()


def without(*names: str) -> dict[str, object]:
    return {name: value for name, value in LOCATION.items() if name not in names}


def test_a_location_is_read_column_by_column():
    decoded = owntracks.decode(body(LOCATION))
    [row] = decoded.rows
    assert decoded.devices == ("jane/phone",)
    assert row["fixed_at"] == 1_705_971_723_000_000
    assert (row["lat"], row["lon"]) == (21.94, 106.7)
    assert (row["heading_deg"], row["altitude_m"], row["accuracy_m"]) == (270, 260, 8)
    assert (row["ignition"], row["notes"]) == (-1, 0)


def test_speed_is_in_kilometres_an_hour():
    [row] = owntracks.decode(body(LOCATION)).rows
    assert row["speed_mps"] == 15


def test_the_published_example_has_no_speed_and_no_topic():
    published = b'{"lon":2.29513,"lat":48.85833,"_type":"location","tst":1497476456, "tid":"JJ"}'
    decoded = owntracks.decode(published)
    [row] = decoded.rows
    assert decoded.devices == ("JJ",)
    assert row["fixed_at"] == 1_497_476_456_000_000
    assert np.isnan([row["speed_mps"], row["heading_deg"], row["altitude_m"]]).all()


def test_what_the_broker_or_the_headers_say_goes_before_the_payload():
    device = owntracks.device_of_topic("owntracks/an/truck")
    assert owntracks.decode(body(LOCATION), device).devices == ("an/truck",)


def test_a_tracker_behind_qtripp_says_its_ignition():
    [row] = owntracks.decode(body({**LOCATION, "ign": False})).rows
    assert row["ignition"] == 0


@pytest.mark.parametrize("kind", ["card", "lwt", "waypoint", "transition", "status", "steps"])
def test_other_types_are_no_items(kind: str):
    decoded = owntracks.decode(body({**LOCATION, "_type": kind}))
    assert (len(decoded.rows), decoded.misfits) == (0, ())


@pytest.mark.parametrize("empty", [b"", b"[]"])
def test_an_empty_body_is_no_item(empty: bytes):
    decoded = owntracks.decode(empty)
    assert (len(decoded.rows), decoded.misfits) == (0, ())


def test_an_array_is_read_item_by_item():
    card = {"_type": "card", "name": "Jane"}
    later = {**LOCATION, "tst": 1_705_971_783}
    decoded = owntracks.decode(body([LOCATION, card, 17, later]))
    assert decoded.item.tolist() == [0, 3]
    assert decoded.rows["fixed_at"].tolist() == [1_705_971_723_000_000, 1_705_971_783_000_000]
    assert [misfit.index for misfit in decoded.misfits] == [2]


@pytest.mark.parametrize(
    ("posted", "named"),
    [
        ({"_type": "encrypted", "data": "xyz"}, "[Ee]ncrypt"),
        ({"lat": 21.94, "lon": 106.7}, "_type"),
        ({**LOCATION, "_type": 7}, "_type"),
        (without("tst"), "tst"),
        (without("lat"), "lat"),
        ({**LOCATION, "lon": "east"}, "lon"),
        ({**LOCATION, "tst": 10**15}, "1000000000000000"),
        ({**LOCATION, "topic": "owntracks/a\n"}, "regex"),
        (without("topic", "tid"), "str"),
    ],
)
def test_what_does_not_fit_is_kept_aside(posted: dict[str, object], named: str):
    decoded = owntracks.decode(body(posted))
    [misfit] = decoded.misfits
    assert len(decoded.rows) == 0
    assert json.loads(misfit.raw) == posted
    assert any(word in misfit.detail for word in (named, "Encrypted"))


@pytest.mark.parametrize("bad", [b"{", b"17", b"null", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_payload_is_refused(bad: bytes):
    with pytest.raises(MalformedError):
        owntracks.decode(bad)


@pytest.mark.parametrize("depth", range(980, 1000))
def test_an_item_nested_to_the_edge_of_what_can_be_read_is_refused_or_kept(depth: int):
    nested = b"[" * depth + b"]" * depth
    try:
        kept = len(owntracks.decode(b"[" + nested + b"]").misfits)
    except MalformedError:
        kept = 0
    assert kept in {0, 1}
