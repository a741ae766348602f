from typing import Any

import httpx
from api_server import RunningApi
from border import after

from flowctl.registry.accounts import Role
from flowctl.registry.sources import add_source


def claim(client: httpx.Client, **changes: object) -> dict[str, Any]:
    answer = client.post("/v1/devices", json={"uid": "VN-7781", **changes})
    assert answer.status_code == 201, answer.text
    device: dict[str, Any] = answer.json()
    return device


def detail(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    sentence: str = answer.json()["detail"]
    return sentence


def test_a_device_is_registered_claimed_and_assigned_in_one_request(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    device = claim(operator, source="trackers", plate="12C-123.45")
    assert device == {
        "uid": "VN-7781",
        "source": "trackers",
        "assignments": [
            {
                "id": 1,
                "device": "VN-7781",
                "plate": "12C12345",
                "since": "2024-01-23T01:00:00Z",
                "until": None,
                "is_primary": True,
                "assigned_by": "operator",
            }
        ],
    }
    assert claim(operator, source="trackers", plate="12C12345") == device
    assert operator.get("/v1/devices/VN-7781").json() == device


def test_a_claim_that_cannot_be_leaves_nothing_behind(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    wrong_plate = operator.post("/v1/devices", json={"uid": "VN-7781", "plate": "?"})
    assert "number plate" in detail(wrong_plate, 422)
    wrong_source = operator.post("/v1/devices", json={"uid": "VN-7781", "source": "tracker"})
    assert "'tracker'; there are: trackers" in detail(wrong_source, 404)
    assert "'VN-7781'" in detail(operator.get("/v1/devices/VN-7781"), 404)
    assert operator.get("/v1/devices").json() == {"devices": [], "next": None}


def test_a_device_that_another_source_claimed_is_a_conflict(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    add_source(api.border.conn, name="acme")
    claim(operator, source="acme")
    answer = operator.post("/v1/devices", json={"uid": "VN-7781", "source": "trackers"})
    assert "belongs to the source acme" in detail(answer, 409)


def test_an_assignment_is_made_and_ended(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    claim(operator)
    made = operator.post("/v1/devices/VN-7781/assignments", json={"plate": "12C12345"})
    assert made.status_code == 201
    api.clock.at = after(10)
    ended = operator.post(f"/v1/devices/VN-7781/assignments/{made.json()['id']}/end", json={})
    assert ended.json()["until"] == "2024-01-23T01:10:00Z"
    again = operator.post(f"/v1/devices/VN-7781/assignments/{made.json()['id']}/end", json={})
    assert "it stands" in detail(again, 409)
    assert "no assignment 99" in detail(
        operator.post("/v1/devices/VN-7781/assignments/99/end", json={}), 404
    )


def test_an_identifier_may_hold_a_slash_and_chinese_letters(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    for uid in ("nguyen/phone", "桂F12345"):
        claim(operator, uid=uid)
        answer = operator.post(f"/v1/devices/{uid}/assignments", json={"plate": "桂F·12345"})
        assert answer.json()["device"] == uid
        shown = operator.get(f"/v1/devices/{uid}").json()
        assert [one["plate"] for one in shown["assignments"]] == ["桂F12345"]


def test_devices_come_page_by_page(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    for uid in "cab":
        claim(operator, uid=uid)
    first = operator.get("/v1/devices", params={"limit": 2}).json()
    assert [one["uid"] for one in first["devices"]] == ["a", "b"]
    rest = operator.get("/v1/devices", params={"limit": 2, "after": first["next"]}).json()
    assert [one["uid"] for one in rest["devices"]] == ["c"]
    assert rest["next"] is None


def test_two_devices_on_one_plate_are_shown_to_the_operator(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    claim(operator, plate="12C12345")
    claim(operator, uid="VN-2", plate="12C12345")
    api.clock.at = after(30)
    [found] = operator.get("/v1/devices/conflicts").json()
    assert found == {
        "kind": "two_devices",
        "device": "VN-7781",
        "plate": "12C12345",
        "is_primary": True,
        "other_device": "VN-2",
        "other_plate": "12C12345",
        "other_is_primary": False,
        "trip": None,
        "since": "2024-01-23T01:00:00Z",
        "until": None,
    }
    before = {"until": "2024-01-23T00:59:00Z"}
    assert operator.get("/v1/devices/conflicts", params=before).json() == []
