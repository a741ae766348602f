"""Positions as trackers send them, over HTTP, as far as the disk of the position store."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import numpy as np
import pytest
from api_server import RunningApi
from border import MORNING
from streams import fixes_on_disk, on_disk, set_aside_on_disk

from flowctl.registry.sources import add_source, add_token
from flowctl.telemetry.fixes import Note

MOMENT_S = int(MORNING.timestamp())
WELL = {"accepted": 1, "rejected": []}
OSMAND = f"id=VN-7781&lat=21.94&lon=106.70&speed=36&timestamp={MOMENT_S}&bearing=12&batt=80"
APP = {
    "device_id": "48241179",
    "location": {
        "timestamp": "2024-01-23T01:00:00.250Z",
        "coords": {"latitude": 21.94, "longitude": 106.7, "accuracy": 5, "speed": 10},
    },
}
TRACCAR = {
    "position": {
        "id": 0,
        "protocol": "jt808",
        "fixTime": "2024-01-23T01:00:00.000+00:00",
        "valid": True,
        "latitude": 21.94,
        "longitude": 106.7,
        "speed": 21.6,
        "course": 12.0,
        "attributes": {"ignition": True},
        "network": None,
    },
    "device": {"id": 3, "uniqueId": "868120245381234", "name": "truck"},
}
EVENT = {"event": {"id": 1, "type": "deviceOnline"}, "position": None, "device": TRACCAR["device"]}
OWNTRACKS = {
    "_type": "location",
    "lat": 21.94,
    "lon": 106.7,
    "tst": MOMENT_S,
    "vel": 36,
    "tid": "ab",
}
# 29H-123.45 at 36 km/h, 2024-01-23T01:02:03Z, with x and y in each other's place; 桂F-12345.
UFMS_SWAPPED = bytes.fromhex(
    "0864" "a20629" "0a0a3239482d3132332e3435" "1d00001042" "208ba0bcad06"
    "29713d0ad7a3f03540" "31cdccccccccac5a40"
)  # fmt: skip
UFMS_CHINESE = bytes.fromhex(
    "0864" "a20624" "0a0ae6a182462d3132333435" "208ba0bcad06" "29cdccccccccac5a40"
    "31713d0ad7a3f03540"
)  # fmt: skip
PROTOBUF = {"Content-Type": "application/x-protobuf"}


def refused(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    detail: str = answer.json()["detail"]
    return detail


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_osmand_fix_comes_by_query_form_or_json(api: RunningApi, slash: str):
    client, path = api.client(), f"/v1/osmand/{api.token}{slash}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = [
        client.get(f"{path}?{OSMAND}"),
        client.post(f"{path}?{OSMAND.replace('VN-7781', 'query')}"),
        client.post(path, content=OSMAND.replace("VN-7781", "%E6%A1%82F12345"), headers=form),
        client.post(f"{path}?id=both", content=OSMAND.partition("&")[2], headers=form),
        client.post(path, json=APP),
    ]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, WELL)] * 5
    stored = {device for device, _ in fixes_on_disk(api.store)}
    assert stored == {"VN-7781", "query", "桂F12345", "both", "48241179"}
    assert answers[0].headers["cache-control"] == "no-store"
    assert answers[0].headers["x-content-type-options"] == "nosniff"


def test_osmand_speaks_knots_and_its_app_metres_a_second(api: RunningApi):
    client = api.client()
    client.get(f"/v1/osmand/{api.token}?{OSMAND}")
    client.post(f"/v1/osmand/{api.token}", json=APP)
    batch = on_disk(api.store)
    speeds = {batch.devices[row["device"]]: float(row["speed_mps"]) for row in batch.rows}
    assert speeds == {"VN-7781": pytest.approx(18.52), "48241179": 10.0}


def test_a_fix_without_a_moment_is_of_its_reception(api: RunningApi):
    api.client().get(f"/v1/osmand/{api.token}?id=T&lat=21.94&lon=106.7")
    [row] = on_disk(api.store).rows
    assert row["fixed_at"] == row["received_at"] == MOMENT_S * 1_000_000


def test_what_is_set_aside_is_a_yes_with_its_reason_for_a_no_would_come_again(api: RunningApi):
    client, path = api.client(), f"/v1/osmand/{api.token}"
    nowhere = client.get(f"{path}?{OSMAND.replace('21.94', '95')}")
    assert nowhere.status_code == 200
    assert nowhere.json()["accepted"] == 0
    assert [(one["index"], one["reason"]) for one in nowhere.json()["rejected"]] == [
        (0, "latitude_out_of_range")
    ]
    broken = client.get(f"{path}?{OSMAND.replace('21.94', 'north')}")
    assert [one["reason"] for one in broken.json()["rejected"]] == ["malformed"]
    assert set_aside_on_disk(api.store) == [
        ("latitude_out_of_range", "VN-7781"),
        ("malformed", "VN-7781"),
    ]


def test_many_trackers_at_once_are_each_told_of_their_own_fix(api: RunningApi):
    client, path = api.client(), f"/v1/osmand/{api.token}"

    def send(i: int) -> tuple[int, list[str]]:
        lat = 95 if i % 7 == 0 else 21.94
        answer = client.get(f"{path}?id=T{i}&lat={lat}&lon=106.7&timestamp={MOMENT_S}")
        return answer.json()["accepted"], [one["reason"] for one in answer.json()["rejected"]]

    with ThreadPoolExecutor(24) as pool:
        told = list(pool.map(send, range(200)))
    good = (1, list[str]())
    assert told == [(0, ["latitude_out_of_range"]) if i % 7 == 0 else good for i in range(200)]
    stored = fixes_on_disk(api.store)
    assert sorted(stored) == sorted((f"T{i}", MOMENT_S * 1_000_000) for i in range(200) if i % 7)


@pytest.mark.parametrize("by", ["path", "header"])
def test_a_traccar_server_forwards_positions_and_events(api: RunningApi, by: str):
    client = api.client() if by == "path" else api.machine()
    path = f"/v1/traccar/{api.token}" if by == "path" else "/v1/traccar"
    assert client.post(path, json=TRACCAR).json() == WELL
    event = client.post(path, json=EVENT)
    assert (event.status_code, event.json()) == (200, {"accepted": 0, "rejected": []})
    invalid = {**TRACCAR, "position": {**TRACCAR["position"], "valid": False}}
    assert client.post(path, json=invalid).json()["rejected"][0]["reason"] == "malformed"
    [row] = on_disk(api.store).rows
    assert row["speed_mps"] == pytest.approx(21.6 * 1852 / 3600)
    assert row["ignition"] == 1


def test_owntracks_signs_in_with_user_and_password_and_names_its_device_in_headers(api: RunningApi):
    client = api.client()
    limit = {"X-Limit-U": "an", "X-Limit-D": "phone"}
    answers = [
        client.post("/v1/owntracks", json=OWNTRACKS, headers=basic("an", api.token) | limit),
        client.post("/v1/owntracks?u=an&d=tablet", json=OWNTRACKS, headers=basic("an", api.token)),
        client.post(f"/v1/owntracks/{api.token}", json={**OWNTRACKS, "topic": "owntracks/an/van"}),
        client.post(f"/v1/owntracks/{api.token}", json={"_type": "card", "name": "An"}),
        client.post(f"/v1/owntracks/{api.token}", content=b""),
        client.post(f"/v1/owntracks/{api.token}", json={"_type": "encrypted", "data": "x"}),
    ]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, [])] * 6
    stored = {device for device, _ in fixes_on_disk(api.store)}
    assert stored == {"an/phone", "an/tablet", "an/van"}
    assert set(on_disk(api.store).rows["speed_mps"]) == {np.float32(10)}


@pytest.mark.parametrize("by", ["path", "header"])
def test_ufms_way_points_are_set_right_and_known_by_their_plates(api: RunningApi, by: str):
    client = api.client() if by == "path" else api.machine()
    path = f"/v1/ufms/{api.token}" if by == "path" else "/v1/ufms"
    for body in (UFMS_SWAPPED, UFMS_CHINESE):
        assert client.post(path, content=body, headers=PROTOBUF).json() == WELL
    batch = on_disk(api.store)
    seen = {batch.devices[row["device"]]: (row["lon"], row["notes"]) for row in batch.rows}
    assert seen == {"29H12345": (106.7, Note.SWAPPED), "桂F12345": (106.7, 0)}
    other = client.post(path, content=bytes.fromhex("089003"), headers=PROTOBUF)
    assert (other.status_code, other.json()["accepted"]) == (200, 0)


UNREADABLE = {
    "an OsmAnd fix without a device": ("osmand", OSMAND.partition("&")[2].encode()),
    "more fields than a fix has": ("osmand", b"&".join([b"a=1"] * 5000)),
    "no Traccar body": ("traccar", b"[]"),
    "broken JSON": ("traccar", b'{"position":'),
    "1 MB of [": ("owntracks", b"[" * 999_999),
    "no OwnTracks body": ("owntracks", b"17"),
    "no protobuf": ("ufms", b"\xff\xff\xff"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_body_that_cannot_be_read_is_refused_in_a_sentence(api: RunningApi, kind: str):
    name, body = UNREADABLE[kind]
    assert len(refused(api.client().post(f"/v1/{name}/{api.token}", content=body), 400)) > 20
    assert on_disk(api.store).devices == ()


def test_a_body_of_a_tracker_may_hold_1_mb(api: RunningApi):
    answer = api.client().post(f"/v1/traccar/{api.token}", content=b" " * 1_000_001)
    assert "1 MB" in refused(answer, 413)


@pytest.mark.parametrize("name", ["osmand", "traccar", "owntracks", "ufms"])
def test_a_token_in_the_path_that_is_nobodys_is_refused(api: RunningApi, name: str):
    for token in ("wrong", "%00", "%FF", "x" * 5000):
        assert "token" in refused(api.client().post(f"/v1/{name}/{token}", content=b"{}"), 401)
    assert on_disk(api.store).devices == ()


def test_only_the_methods_of_the_table_are_taken(api: RunningApi):
    client = api.client()
    assert refused(client.get(f"/v1/traccar/{api.token}"), 405)
    assert client.head(f"/v1/osmand/{api.token}?{OSMAND}").status_code == 405
    assert on_disk(api.store).devices == ()


def test_a_phone_with_a_token_of_its_own_speaks_for_itself_alone(api: RunningApi):
    token = add_token(api.border.conn, "trackers", wall_now=datetime.now(UTC), device="VN-7781")
    client = api.client()
    assert client.get(f"/v1/osmand/{token}?{OSMAND}").json() == WELL
    other = client.get(f"/v1/osmand/{token}?{OSMAND.replace('VN-7781', 'other')}").json()
    assert (other["accepted"], other["rejected"][0]["reason"]) == (0, "foreign_device")


def test_a_tracker_over_its_sources_rate_is_told_when_to_come_again(api: RunningApi):
    token = add_source(api.border.conn, name="slow", rate_per_s=0.5)
    client = api.client()
    answers = [client.get(f"/v1/osmand/{token}?{OSMAND}") for _ in range(7)]
    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    assert refused(answers[-1], 429)
    assert int(answers[-1].headers["retry-after"]) in {1, 2}


def test_a_defect_of_ours_is_a_500_that_tells_no_more(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.edge.join", None)
    assert "NoneType" not in refused(api.client().get(f"/v1/osmand/{api.token}?{OSMAND}"), 500)
    monkeypatch.undo()
    answer = api.client().get(f"/v1/osmand/{api.token}?{OSMAND}")
    assert json.loads(answer.text) == WELL
