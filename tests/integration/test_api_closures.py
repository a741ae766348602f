"""Closing a gate over the API, and what the pages and the planner are shown of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from api_server import RunningApi
from border import MORNING, after

from flowctl.registry.accounts import Role
from flowctl.storage.closures import end_advice, save_advice
from flowctl.worker import decide

CLOSE = "/v1/gates/tan_thanh/closures"


@pytest.fixture
def officer(api: RunningApi) -> httpx.Client:
    return api.person(Role.OFFICER, "binh")


def moment(minutes: float) -> str:
    return after(minutes).isoformat()


def test_a_closure_that_is_asked_for_twice_with_one_key_is_entered_once(
    api: RunningApi, officer: httpx.Client
):
    key = {"Idempotency-Key": str(uuid4())}
    wish = {"reason": "rockfall"}
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: officer.post(CLOSE, json=wish, headers=key), range(2)))
    assert sorted(one.status_code for one in answers) == [200, 201]
    assert answers[0].json() == answers[1].json()
    assert officer.get("/v1/closures").json() == [answers[0].json()]
    boss = api.person(Role.ADMINISTRATOR)
    logged = boss.get("/v1/audit", params={"act": "closure.begin"}).json()["records"]
    assert len(logged) == 1
    other = officer.post(CLOSE, json={"reason": "snow"}, headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:flowctl:key_twice")
    assert officer.post(CLOSE, json=wish).status_code == 422, "without a key it is another one"


def test_a_key_whose_request_was_refused_may_come_again(officer: httpx.Client):
    key = {"Idempotency-Key": str(uuid4())}
    past = {"reason": "rockfall", "ends_at": moment(-60)}
    assert officer.post(CLOSE, json=past, headers=key).status_code >= 400
    assert officer.post(CLOSE, json={"reason": "rockfall"}, headers=key).status_code == 201


def test_an_officer_closes_a_gate_now_and_everybody_sees_it(officer: httpx.Client):
    answer = officer.post(CLOSE, json={"reason": "rockfall"})
    assert answer.status_code == 201
    closure = answer.json()
    assert datetime.fromisoformat(closure["starts_at"]) == MORNING
    assert closure["ends_at"] is None
    assert closure["places_left"] == 0
    assert "binh" in closure["entered_by"]
    assert officer.get("/v1/closures").json() == [closure]
    gates = {gate["id"]: gate for gate in officer.get("/v1/live").json()["gates"]}
    assert [gates[gate]["open"] for gate in ("huu_nghi", "tan_thanh")] == [True, False]
    site = {gate["id"]: gate for gate in officer.get("/v1/site").json()["gates"]}
    assert len(site["tan_thanh"]["windows_today"]) == 2


def test_a_closure_gets_another_end_and_is_ended(api: RunningApi, officer: httpx.Client):
    identity = officer.post(CLOSE, json={"reason": "rockfall"}).json()["id"]
    path = f"/v1/closures/{identity}"
    assert officer.patch(path, json={"ends_at": moment(60)}).json()["ends_at"]
    refused = officer.patch(path, json={"ends_at": None, "reason": "snow"}).json()["detail"]
    assert "only ends_at of a closure can be changed; leave out reason" in refused
    assert "reason is not known" in officer.post(f"{path}/end", json={"reason": "x"}).text
    assert officer.delete(path).status_code == 422
    api.clock.at = after(30)
    assert officer.post(f"{path}/end").status_code == 200
    assert officer.get("/v1/closures").json() == []
    ended = officer.get(path).json()
    assert officer.get("/v1/closures", params={"since": moment(0)}).json() == [ended]
    assert ended["ended_by"] == "binh", "colleagues read who opened it again"
    assert "over since 2024-01-23 08:30." in officer.post(f"{path}/end").json()["detail"]


def test_a_closure_ahead_is_taken_back(officer: httpx.Client):
    body = {"reason": "works", "starts_at": moment(60), "ends_at": moment(120), "places_left": 3}
    identity = officer.post(CLOSE, json=body).json()["id"]
    assert officer.post(f"/v1/closures/{identity}/end").status_code == 422
    assert officer.delete(f"/v1/closures/{identity}").status_code == 204
    assert officer.delete(f"/v1/closures/{identity}").status_code == 404


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"starts_at": moment(60), "ends_at": moment(30)}, "is not after starts_at"),
        ({"starts_at": moment(-60 * 30)}, "more than a day ago"),
        ({"places_left": 9}, "has 9 inspection places, so 9 left is no loss"),
    ],
)
def test_a_closure_that_contradicts_itself_is_refused_in_a_sentence(
    officer: httpx.Client, body: dict[str, object], sentence: str
):
    answer = officer.post(CLOSE, json={"reason": "rockfall", **body})
    assert answer.status_code == 422
    assert sentence in answer.json()["detail"]


def test_a_gate_that_is_not_there_cannot_be_closed(officer: httpx.Client):
    answer = officer.post("/v1/gates/huu_ngi/closures", json={"reason": "rockfall"})
    assert answer.status_code == 422
    assert "huu_nghi and tan_thanh" in answer.json()["detail"]


def test_two_who_close_a_gate_at_once_close_it_once(officer: httpx.Client):
    first = officer.post(CLOSE, json={"reason": "rockfall"})
    second = officer.post(CLOSE, json={"reason": "rockfall", "starts_at": moment(30)})
    assert (first.status_code, second.status_code) == (201, 422)
    assert "change or end that one" in second.json()["detail"]


def test_a_planner_sees_the_newest_plan_with_what_slots_are_worth(api: RunningApi):
    planner = api.person(Role.PLANNER)
    assert planner.get("/v1/plans/latest").status_code == 404
    for number in range(150):
        trip = api.border.trip(at=after(-120))
        api.border.visit(trip, "yard_bao_nguyen", -110 + number / 10)
    decide(api.border.conn, api.border.site, after(-75), plan_due=True)
    plan = planner.get("/v1/plans/latest").json()
    assert (plan["trips"], plan["unserved"], plan["status"]) == (150, 0, "optimal")
    assert plan["policy"] == api.border.site.policy.version
    assert plan["gap"] == 0
    assert plan["cost_vnd"] == round(plan["cost"] * plan["unit_vnd"])
    first = plan["prices"][0]
    assert first["price_vnd"] > 0
    assert datetime.fromisoformat(first["starts_at"]) >= MORNING - timedelta(hours=1)


def test_who_closes_a_gate_is_told_before_how_many_trucks_it_touches(
    api: RunningApi, officer: httpx.Client
):
    place = api.border
    for starts in (30, 90, 150):
        place.tell(place.trip(), after(starts))
    place.tell(place.trip(), after(30), "huu_nghi")
    on_its_way = place.trip(at=after(-300))
    place.visit(on_its_way, "yard_bao_nguyen", -60)
    place.release(on_its_way, -5, until=55)

    def touched(**asked: str) -> tuple[str, int, int]:
        found = officer.get(f"{CLOSE}/affected", params=asked).json()
        return found["until"], found["slots"], found["called"]

    assert touched() == ("2024-01-23T03:00:00Z", 2, 1), "an unknown end counts as two hours"
    assert touched(ends_at=moment(31))[1:] == (1, 1)
    assert touched(starts_at=moment(100), ends_at=moment(160))[1:] == (2, 0)
    refused = officer.get("/v1/gates/huu_ngi/closures/affected")
    assert refused.status_code == 404
    assert "huu_nghi and tan_thanh" in refused.json()["detail"]
    refused = officer.get(f"{CLOSE}/affected", params={"starts_at": "2999-12-31T23:30:00Z"})
    assert refused.status_code == 422
    assert "days ahead" in refused.json()["detail"]


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_a_closure_at_the_end_of_the_calendar_is_refused(officer: httpx.Client, at: str):
    closure = {"reason": "works", "starts_at": at}
    for refused in (
        officer.post(CLOSE, json=closure),
        officer.get(f"{CLOSE}/affected", params={"starts_at": at}),
    ):
        assert refused.status_code == 422
        assert "the year must lie within 1970 and 2999" in refused.text


def test_the_control_room_sees_who_is_held_longest_first(api: RunningApi, officer: httpx.Client):
    place = api.border
    stays, holds, free = (place.trip() for _ in range(3))
    save_advice(place.conn, [(holds, "hold", "tan_thanh")], after(-20))
    save_advice(place.conn, [(stays, "stay", "tan_thanh"), (free, "stay", "huu_nghi")], after(-10))
    end_advice(place.conn, [free])
    held = officer.get("/v1/held").json()
    assert [(one["trip_id"], one["plate"], one["kind"]) for one in held] == [
        (holds, "12C00002", "hold"),
        (stays, "12C00001", "stay"),
    ]
    assert held[0] | {"gate": "tan_thanh", "at": "2024-01-23T00:40:00Z"} == held[0]
