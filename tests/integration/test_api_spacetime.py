"""Space and time of a road, as the operator's page asks for it."""

import httpx
import pytest
from api_server import RunningApi
from border import after
from road import drive

from flowctl.registry.accounts import Role
from flowctl.traffic.spacetime import get_way

WAY = "ha_noi_bao_nguyen"
PATH = f"/v1/corridors/{WAY}/spacetime"


@pytest.fixture
def page(api: RunningApi) -> httpx.Client:
    trip = api.border.trip(at=after(-300))
    drive(api.border, trip, WAY, begins=-100, minutes=60, mps=12.0)
    api.border.conn.commit()
    return api.person(Role.OPERATOR)


def test_a_steady_truck_is_a_line_down_to_the_yard(page: httpx.Client):
    told = page.get(PATH).json()
    assert (told["since"], told["until"]) == ("2024-01-22T22:00:00Z", "2024-01-23T01:00:00Z")
    [truck] = told["trucks"]
    assert truck["plate"] == "12C00001"
    assert truck["s"][0] == 80 * 60  # three hours back from 08:00 is 05:00, and it set out at 06:20
    assert truck["m"][0] == pytest.approx(12.0 * 3600, abs=60)
    # Within a hair of the yard a truck is in it and no traffic.
    assert 0 <= truck["m"][-1] < 1_500
    assert len(truck["s"]) == len(truck["m"]) <= 10, "a straight drive needs few points"
    assert told["closed"] == [[0, 7200]]


def test_trucks_bound_elsewhere_are_told_apart_and_one_without_a_trip_is_not(
    api: RunningApi, page: httpx.Client
):
    border = api.border
    elsewhere = border.trip(at=after(-300), gates=("huu_nghi",))
    gone_by = border.trip(at=after(-3_000), gates=("huu_nghi",))
    border.conn.execute(
        "update trips set state = 'cleared', ended_at = %s where id = %s", [after(-2_000), gone_by]
    )
    border.position(gone_by, 106.7, 21.9, 0)
    unsure = border.trip(at=after(-300), gates=("huu_nghi", "tan_thanh"))
    for trip in (elsewhere, gone_by, unsure):
        drive(border, trip, WAY, begins=-100, minutes=60, mps=12.0)
    border.conn.commit()
    told = page.get(PATH).json()
    assert (told["seen"], told["elsewhere"]) == (4, 1)
    assert {truck["plate"]: truck["elsewhere"] for truck in told["trucks"]} == {
        "12C00001": False,
        "12C00002": True,
        "12C00003": False,  # its trip had ended: nobody knows where it goes today
        "12C00004": False,
    }


def test_a_stretch_of_time_without_trucks_has_none(page: httpx.Client):
    told = page.get(PATH, params={"since": "2024-01-20T00:00Z", "until": "2024-01-20T03:00Z"})
    assert (told.json()["trucks"], told.json()["seen"]) == ([], 0)


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"])
def test_the_ends_of_the_calendar_are_no_time_to_ask_about(page: httpx.Client, since: str):
    until = f"{since[:10]}T01:00:00Z"
    answer = page.get(PATH, params={"since": since, "until": until})
    assert answer.status_code == 422, answer.text


def test_the_ways_are_listed_with_where_they_lead(api: RunningApi, page: httpx.Client):
    told = {way["id"]: way for way in page.get("/v1/corridors").json()}
    way = get_way(api.border.site, WAY)
    assert told[WAY]["yard"] == "yard_bao_nguyen"
    assert told[WAY]["gate"] is None
    assert told[WAY]["length_m"] == round(way.length_m)
    assert any(one["gate"] == "tan_thanh" for one in told.values())


def test_an_unknown_way_and_an_empty_stretch_of_time_are_refused_in_sentences(page: httpx.Client):
    answer = page.get("/v1/corridors/nowhere/spacetime")
    assert answer.status_code == 404
    assert "There is no way 'nowhere'" in answer.json()["detail"]
    for since in ("2024-01-23T02:00Z", "2024-01-19T00:00Z"):
        answer = page.get(PATH, params={"since": since})
        assert 400 <= answer.status_code < 500
        assert "48 hours" in answer.json()["detail"]


def test_lines_of_days_yet_to_come_or_kept_no_more_are_refused(page: httpx.Client):
    for since, until, said in (
        ("2022-01-01T00:00Z", "2022-01-02T00:00Z", "since: 2022-01-01"),
        ("2024-01-23T00:00Z", "2024-01-24T00:00Z", "until: 2024-01-24"),
    ):
        answer = page.get(PATH, params={"since": since, "until": until})
        assert answer.status_code == 422
        assert said in answer.json()["detail"]


def test_a_haulier_may_not_see_other_peoples_trucks(api: RunningApi, page: httpx.Client):
    assert page.get(PATH).status_code == 200
    assert api.person(Role.HAULIER).get(PATH).status_code == 403
