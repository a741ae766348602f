"""A truck found by what people have in hand."""

import pytest
from api_server import RunningApi
from border import KEYS, after

from flowctl.registry.accounts import Role
from flowctl.registry.changes import TripChange, change
from flowctl.registry.keys import link_code
from flowctl.registry.trips import cancel

PLATE, PHONE = "12C-123.45", "+84903000777"


@pytest.fixture
def trip(api: RunningApi) -> int:
    api.border.trip(plate="29H99999")
    return api.border.trip(
        plate=PLATE,
        phone=PHONE,
        haulier="Bảo Nguyên",
        convoy="K7",
        device="GPS-00412",
        declaration="3051 1234 5670",
    )


def found(api: RunningApi, q: str, role: Role = Role.OPERATOR) -> list[tuple[int, str]]:
    answer = api.person(role, f"searching_{role}").get("/v1/search", params={"q": q})
    assert answer.status_code == 200, answer.text
    assert PHONE not in answer.text
    return [(one["id"], one["by"]) for one in answer.json()]


@pytest.mark.parametrize(
    ("typed", "by"),
    [
        ("12c12345", "plate"),
        ("12C-123.45", "plate"),
        ("2345", "plate"),
        ("45", "plate"),
        ("0903 000 777", "phone"),
        ("+84 903 000 777", "phone"),
        ("305112345670", "declaration"),
        ("3051 12", "declaration"),
        ("k7", "convoy"),
        ("gps-004", "device"),
    ],
)
def test_a_truck_is_found_by(api: RunningApi, trip: int, typed: str, by: str):
    assert found(api, typed) == [(trip, by)]


def test_a_convoy_is_found_by_its_code(api: RunningApi, trip: int):
    second = api.border.trip(haulier="Bảo Nguyên", convoy="K77")
    change(
        api.border.conn,
        api.border.site,
        KEYS,
        second,
        TripChange(convoy="K7-X"),
        by="haulier",
        now=after(1),
    )
    assert found(api, "K7-X") == [(second, "convoy")]
    assert (trip, "convoy") not in found(api, "K7-X")


def test_a_drivers_code_and_his_whole_link_find_his_trip(api: RunningApi, trip: int):
    code = link_code(KEYS, trip, 0)
    assert found(api, code) == found(api, f"https://gate.example/d/{code}") == [(trip, "code")]


def test_only_who_talks_to_drivers_finds_them_by_their_number(api: RunningApi, trip: int):
    assert found(api, PHONE) == [(trip, "phone")]
    assert found(api, PHONE, Role.OFFICER) == found(api, PHONE, Role.PLANNER) == []
    assert found(api, PHONE[:-2]) == []


def test_trips_under_way_come_first_and_those_that_ended_after_them(api: RunningApi, trip: int):
    api.border.conn.autocommit = True
    cancel(api.border.conn, api.border.site, trip, by="operator", now=after(1))
    newer = api.border.trip(plate="12C12346")
    ended = api.border.trip(plate="12C12347")
    cancel(api.border.conn, api.border.site, ended, by="operator", now=after(2))
    assert [one for one, _ in found(api, "12c1234")] == [newer, ended, trip]
    answer = api.person(Role.OFFICER).get("/v1/search", params={"q": "12347"}).json()
    assert [(one["state"], one["ended_at"]) for one in answer] == [
        ("cancelled", "2024-01-23T01:02:00Z")
    ]


@pytest.mark.usefixtures("trip")
@pytest.mark.parametrize(
    "typed",
    ["%", "_", "1", "'; drop table trips; --", "%%%", "{}", "１２%", "305\U0010ffff", "305\ud7ff"],
)
def test_what_finds_nothing_breaks_nothing(api: RunningApi, typed: str):
    answer = api.person(Role.OPERATOR).get("/v1/search", params={"q": typed})
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        assert answer.json() == []


def test_a_declaration_is_changed_and_taken_away(api: RunningApi, trip: int):
    operator = api.person(Role.OPERATOR)
    changed = operator.patch(f"/v1/trips/{trip}", json={"declaration": "abc-7"})
    assert changed.json()["declaration"] == "ABC-7"
    assert found(api, "abc-7") == [(trip, "declaration")]
    gone = operator.patch(f"/v1/trips/{trip}", json={"declaration": None})
    assert gone.json()["declaration"] is None
    assert found(api, "abc-7") == []
    refused = operator.patch(f"/v1/trips/{trip}", json={"declaration": "?"})
    assert refused.status_code == 422
