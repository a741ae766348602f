import json
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from flowctl.telemetry.formats import osmand
from flowctl.telemetry.formats.decoded import Decoded, MalformedError
from flowctl.telemetry.formats.readings import gather

NOW_US = 1_705_971_723_000_000  # 2024-01-23T01:02:03Z
AT_US = 1_377_177_267_000_000  # 2013-08-22T13:14:27Z
PLACE = {"id": "1", "lat": "60", "lon": "30"}
ABSENT = float("nan")


def decode(query: str) -> Decoded:
    return osmand.decode(dict(parse_qsl(urlsplit(query).query)), received_at_us=NOW_US)


# The vectors of the protocol's public description and of Traccar's own tests.
@pytest.mark.parametrize(
    ("query", "uid", "at_us", "lat", "lon"),
    [
        (
            "/?id=123456&timestamp=1377177267&lat=60.0&lon=30.0&speed=0.0&altitude=0&hdop=0.0",
            "123456",
            AT_US,
            60.0,
            30.0,
        ),
        (
            "/?id=902064&lat=42.06288&lon=-88.23412&timestamp=2016-01-27T18%3A55%3A47Z&hdop=6.0",
            "902064",
            1_453_920_947_000_000,
            42.06288,
            -88.23412,
        ),
        (
            "/?id=902064&lat=42.06288&lon=-88.23412&timestamp=1442068686579",
            "902064",
            1_442_068_686_579_000,
            42.06288,
            -88.23412,
        ),
        (
            "/?lat=49.60688&lon=6.15788&timestamp=2014-06-04+09%3A10%3A11&id=353861053849681",
            "353861053849681",
            1_401_873_011_000_000,
            49.60688,
            6.15788,
        ),
        ("/?id=123456&timestamp=1377177267&location=60.0,30.0", "123456", AT_US, 60.0, 30.0),
        ("/?lat=60.0&lon=30.0&vacc=0&hacc=0&deviceid=123456", "123456", NOW_US, 60.0, 30.0),
    ],
)
def test_the_published_queries_are_read(query: str, uid: str, at_us: int, lat: float, lon: float):
    decoded = decode(query)
    [row] = decoded.rows
    assert decoded.devices == (uid,)
    assert (row["fixed_at"], row["lat"], row["lon"]) == (at_us, lat, lon)
    assert decoded.misfits == ()


def test_every_field_of_a_query_has_its_column():
    decoded = decode(
        "/?id=86&timestamp=1504763810&lat=21.94&lon=106.7&bearing=7.5&speed=40&altitude=260"
        "&accuracy=8&ignition=true&rpm=933&fuel=24"
    )
    [row] = decoded.rows
    assert row["speed_mps"] == pytest.approx(40 * 1852 / 3600)
    assert (row["heading_deg"], row["altitude_m"], row["accuracy_m"]) == (7.5, 260, 8)
    assert (row["ignition"], row["notes"]) == (1, 0)


def test_speed_is_in_knots():
    [row] = osmand.decode({**PLACE, "speed": "10"}, received_at_us=NOW_US).rows
    assert row["speed_mps"] == pytest.approx(5.1444, abs=1e-3)


def test_heading_is_another_word_for_bearing():
    [row] = osmand.decode({**PLACE, "heading": "12"}, received_at_us=NOW_US).rows
    assert row["heading_deg"] == 12


@pytest.mark.parametrize(
    ("text", "at_us"),
    [
        ("2147483646", 2_147_483_646_000_000),
        ("2147483647", 2_147_483_647_000),
        ("1377177267123", 1_377_177_267_123_000),
        ("-1", -1_000_000),
        ("2013-08-22 13:14:27", AT_US),
        ("2013-08-22T13:14:27", AT_US),
        ("2013-08-22T13:14:27.250Z", AT_US + 250_000),
        ("2013-08-22T20:14:27+07:00", AT_US),
        ("2013-08-22T20:14:27 07:00", AT_US),
        ("2013-08-22T20:14:27 0700", AT_US),
        ("", NOW_US),
    ],
)
def test_a_timestamp_has_many_forms(text: str, at_us: int):
    [row] = osmand.decode({**PLACE, "timestamp": text}, received_at_us=NOW_US).rows
    assert row["fixed_at"] == at_us


@pytest.mark.parametrize("field", ["speed", "bearing", "accuracy", "altitude"])
@pytest.mark.parametrize("text", ["-1e300", "1e300", "nan", "inf", ""])
def test_what_a_phone_misses_is_absent(field: str, text: str):
    [row] = osmand.decode({**PLACE, field: text}, received_at_us=NOW_US).rows
    column = {"speed": "speed_mps", "bearing": "heading_deg"}.get(field, f"{field}_m")
    assert np.isnan(row[column])
    assert row["ignition"] == -1


@pytest.mark.parametrize(("field", "text"), [("speed", "-1"), ("bearing", "-1"), ("accuracy", "0")])
def test_a_phone_says_unknown_by_a_number_too(field: str, text: str):
    [row] = osmand.decode({**PLACE, field: text}, received_at_us=NOW_US).rows
    assert np.isnan([row["speed_mps"], row["heading_deg"], row["accuracy_m"]]).all()


@pytest.mark.parametrize(
    "fields",
    [
        {"timestamp": "1377177267", "lat": "60.0", "lon": "30.0"},
        {**PLACE, "id": "1\x00"},
        {**PLACE, "id": "1\n"},
        {**PLACE, "id": "\ud800"},
        {**PLACE, "id": "x" * 65},
        {},
    ],
)
def test_a_request_without_a_device_is_refused(fields: dict[str, str]):
    with pytest.raises(MalformedError, match="id"):
        osmand.decode(fields, received_at_us=NOW_US)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"id": "1"}, "lat and lon"),
        ({"id": "1", "lat": "60"}, "lat and lon"),
        ({**PLACE, "lat": "sixty"}, "lat"),
        ({**PLACE, "lat": "6_0"}, "lat"),
        ({**PLACE, "speed": "fast"}, "speed"),
        ({"id": "1", "location": "60"}, "location"),
        ({"id": "1", "location": "60,30,5"}, "location"),
        ({**PLACE, "timestamp": "soon"}, "timestamp"),
        ({**PLACE, "timestamp": "2013-08-22"}, "timestamp"),
        ({**PLACE, "timestamp": "9" * 30}, "timestamp"),
        ({**PLACE, "timestamp": "²"}, "timestamp"),
        ({**PLACE, "valid": "false"}, "invalid"),
        ({**PLACE, "valid": "0"}, "invalid"),
    ],
)
def test_what_does_not_fit_is_kept_with_the_field_named(fields: dict[str, str], named: str):
    decoded = osmand.decode(fields, received_at_us=NOW_US)
    [misfit] = decoded.misfits
    assert len(decoded.rows) == 0
    assert (misfit.index, misfit.device) == (0, "1")
    assert named in misfit.detail
    assert dict(parse_qsl(misfit.raw.decode())) == fields


@pytest.mark.parametrize("text", ["true", "TRUE", "1", ""])
def test_a_position_that_is_valid_is_taken(text: str):
    assert len(osmand.decode({**PLACE, "valid": text}, received_at_us=NOW_US).rows) == 1


def test_who_drives_is_not_kept_aside():
    fields = {**PLACE, "lat": "x", "driverUniqueId": "790123456789"}
    [misfit] = osmand.decode(fields, received_at_us=NOW_US).misfits
    assert b"790123456789" not in misfit.raw


def test_many_requests_make_one_batch():
    requests = [PLACE, {**PLACE, "valid": "0"}, {**PLACE, "id": "桂F12345"}, PLACE]
    decoded = gather(
        osmand.read(fields, received_at_us=NOW_US + index, index=index)
        for index, fields in enumerate(requests)
    )
    assert decoded.devices == ("1", "桂F12345")
    assert decoded.rows["device"].tolist() == [0, 1, 0]
    assert decoded.rows["fixed_at"].tolist() == [NOW_US, NOW_US + 2, NOW_US + 3]
    assert decoded.item.tolist() == [0, 2, 3]
    assert [misfit.index for misfit in decoded.misfits] == [1]


def app_location(**coords: object) -> dict[str, object]:
    return {
        "timestamp": "2025-06-15T13:45:12.862Z",
        "coords": {"latitude": 37.4219983, "longitude": -122.084, **coords},
        "is_moving": False,
        "odometer": 0,
        "event": "motionchange",
        "battery": {"level": 0.79, "is_charging": False},
        "activity": {"type": "still"},
        "extras": {},
    }


def app_body(location: object) -> bytes:
    return json.dumps({"device_id": "48241179", "location": location}).encode()


def test_the_app_says_metres_per_second_in_json():
    location = app_location(accuracy=3.8, speed=18.67, heading=63, altitude=35.7)
    decoded = osmand.decode_json(app_body(location))
    [row] = decoded.rows
    assert decoded.devices == ("48241179",)
    assert row["fixed_at"] == 1_749_995_112_862_000
    assert (row["lat"], row["lon"]) == (37.4219983, -122.084)
    assert row["speed_mps"] == pytest.approx(18.67)
    assert row["altitude_m"] == pytest.approx(35.7)
    assert row["accuracy_m"] == pytest.approx(3.8)
    assert row["heading_deg"] == 63


def test_the_app_says_unknown_by_minus_one():
    [row] = osmand.decode_json(app_body(app_location(accuracy=5, speed=-1, heading=-1))).rows
    assert np.isnan([row["speed_mps"], row["heading_deg"], row["altitude_m"]]).all()


def test_several_locations_of_the_app_are_read_one_by_one():
    later = {**app_location(), "timestamp": "2025-06-15T13:45:13Z"}
    bad = {"timestamp": "2025-06-15T13:45:13Z", "coords": {"latitude": "north", "longitude": 1}}
    for body in (
        app_body([app_location(), bad, later]),
        b"[" + app_body(app_location()) + b"," + app_body([bad, later]) + b"]",
    ):
        decoded = osmand.decode_json(body)
        assert decoded.devices == ("48241179",)
        assert decoded.item.tolist() == [0, 2]
        [misfit] = decoded.misfits
        assert (misfit.index, misfit.device) == (1, "48241179")
        assert "latitude" in misfit.detail
        assert json.loads(misfit.raw) == bad


@pytest.mark.parametrize("stamp", ["soon", None, 17, "2025-06-15", "0001-01-01T00:00:00+14:00"])
def test_a_location_without_a_moment_is_kept_aside(stamp: object):
    [misfit] = osmand.decode_json(app_body({**app_location(), "timestamp": stamp})).misfits
    assert misfit.device == "48241179"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"17",
        b"{}",
        b"[17]",
        b"\xff",
        b"[" * 100_000,
        b'{"device_id": "1"}',
        b'{"location": {}}',
        b'{"device_id": 7, "location": {}}',
    ],
)
def test_a_json_body_of_another_shape_is_refused(body: bytes):
    with pytest.raises(MalformedError):
        osmand.decode_json(body)
