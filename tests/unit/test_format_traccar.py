import json
from typing import Any

import numpy as np
import pytest

from flowctl.telemetry.formats import traccar
from flowctl.telemetry.formats.decoded import MalformedError

POSITION: dict[str, Any] = {
    "id": 0,
    "attributes": {"ignition": True, "motion": True, "batteryLevel": 80, "driverUniqueId": "7901"},
    "deviceId": 3,
    "protocol": "gt06",
    "serverTime": "2024-01-23T01:02:05.000+00:00",
    "deviceTime": "2024-01-23T01:02:03.500+00:00",
    "fixTime": "2024-01-23T01:02:03.500+00:00",
    "outdated": False,
    "valid": True,
    "latitude": 21.94,
    "longitude": 106.7,
    "altitude": 260.0,
    "speed": 21.6,
    "course": 12.0,
    "address": None,
    "accuracy": 8.0,
    "network": None,
    "geofenceIds": None,
}
DEVICE: dict[str, Any] = {
    "id": 3,
    "attributes": {},
    "groupId": 0,
    "name": "Nguyen's truck",
    "uniqueId": "868120245381234",
    "status": "online",
    "lastUpdate": None,
    "phone": "0901234567",
    "contact": "Nguyen",
    "category": "truck",
}
EVENT = {"id": 12, "type": "deviceMoving", "eventTime": "2024-01-23T01:02:05.000+00:00"}


def body(**parts: object) -> bytes:
    return json.dumps(parts).encode()


def with_position(**change: object) -> bytes:
    return body(position={**POSITION, **change}, device=DEVICE)


def test_a_forwarded_position_is_read_column_by_column():
    decoded = traccar.decode(with_position())
    [row] = decoded.rows
    assert decoded.devices == ("868120245381234",)
    assert decoded.item.tolist() == [0]
    assert row["fixed_at"] == 1_705_971_723_500_000
    assert (row["lat"], row["lon"], row["ignition"], row["notes"]) == (21.94, 106.7, 1, 0)
    assert (row["heading_deg"], row["altitude_m"], row["accuracy_m"]) == (12, 260, 8)


def test_speed_is_in_knots():
    [row] = traccar.decode(with_position()).rows
    assert row["speed_mps"] == pytest.approx(21.6 * 1852 / 3600)


def test_an_event_carries_its_position():
    position, event = (
        traccar.decode(each)
        for each in (with_position(), body(event=EVENT, position=POSITION, device=DEVICE))
    )
    assert event.rows.tobytes() == position.rows.tobytes()
    assert event.devices == position.devices


@pytest.mark.parametrize("parts", [{"event": EVENT}, {"event": EVENT, "position": None}])
def test_an_event_without_a_position_is_no_item(parts: dict[str, object]):
    decoded = traccar.decode(body(**parts, device=DEVICE))
    assert (len(decoded.rows), decoded.misfits) == (0, ())


def test_nulls_are_absent():
    names = ("speed", "course", "altitude", "accuracy", "attributes", "valid")
    [row] = traccar.decode(with_position(**dict.fromkeys(names))).rows
    columns = ("speed_mps", "heading_deg", "altitude_m", "accuracy_m")
    assert np.isnan([row[name] for name in columns]).all()
    assert row["ignition"] == -1


def test_an_accuracy_of_zero_is_unknown_and_a_speed_of_zero_is_not():
    [row] = traccar.decode(with_position(accuracy=0.0, speed=0.0)).rows
    assert np.isnan(row["accuracy_m"])
    assert row["speed_mps"] == 0


@pytest.mark.parametrize(("said", "kept"), [(False, 0), (True, 1), ("on", -1), (None, -1)])
def test_ignition_is_taken_where_it_is_a_truth(said: object, kept: int):
    [row] = traccar.decode(with_position(attributes={"ignition": said})).rows
    assert row["ignition"] == kept


def test_the_zone_may_lack_its_colon_as_older_servers_write_it():
    [row] = traccar.decode(with_position(fixTime="2024-01-23T08:02:03.500+0700")).rows
    assert row["fixed_at"] == 1_705_971_723_500_000


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"valid": False}, "invalid"),
        ({"latitude": None}, "latitude"),
        ({"longitude": "east"}, "longitude"),
        ({"fixTime": None}, "fixTime"),
        ({"fixTime": "soon"}, "soon"),
    ],
)
def test_a_position_that_cannot_be_used_is_kept_aside(change: dict[str, object], named: str):
    decoded = traccar.decode(with_position(**change))
    [misfit] = decoded.misfits
    assert len(decoded.rows) == 0
    assert (misfit.index, misfit.device) == (0, "868120245381234")
    assert named in misfit.detail
    kept = json.loads(misfit.raw)["position"]
    assert {name: kept[name] for name in change} == change


@pytest.mark.parametrize(
    "device", [None, {}, {"uniqueId": None}, {"uniqueId": ""}, {"uniqueId": "a\n"}, 17]
)
def test_a_position_of_nobody_is_kept_aside(device: object):
    [misfit] = traccar.decode(body(position=POSITION, device=device)).misfits
    assert misfit.device is None
    assert json.loads(misfit.raw)["position"]["latitude"] == 21.94


def test_the_people_traccar_knows_of_are_not_kept_aside():
    [misfit] = traccar.decode(with_position(valid=False)).misfits
    for personal in (b"0901234567", b"Nguyen", b"7901"):
        assert personal not in misfit.raw


@pytest.mark.parametrize(
    "bad", [b"", b"17", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"device":{}}']
)
def test_a_body_that_is_nothing_of_traccars_is_refused(bad: bytes):
    with pytest.raises(MalformedError):
        traccar.decode(bad)
