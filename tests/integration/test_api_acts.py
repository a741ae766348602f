"""Acts of operators over HTTP: looked at, entered once, approved by another, refused, ended."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
from api_server import RunningApi
from border import after

from flowctl.registry.accounts import Role
from flowctl.worker import decide


def hold(trip: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"kind": "hold_truck", "trip_id": trip, "reason": "papers", **changes}


def enter(client: httpx.Client, act: Mapping[str, Any], key: str | None = None) -> httpx.Response:
    return client.post("/v1/acts", json=dict(act), headers={"Idempotency-Key": key or str(uuid4())})


def staged(api: RunningApi, **changes: Any) -> int:  # noqa: ANN401
    trip = api.border.trip(**changes)
    api.border.visit(trip, "yard_bao_nguyen", 1)
    return trip


def test_a_hold_is_entered_once_however_often_its_request_comes(api: RunningApi):
    trip, lan = staged(api), api.person(Role.OPERATOR, "lan")
    api.clock.at = after(5)
    key = str(uuid4())
    first, again = (enter(lan, hold(trip), key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert first.json() == again.json()
    shown = first.json()
    assert (shown["kind"], shown["state"], shown["by"]) == ("hold_truck", "standing", "lan")
    assert (shown["trip_id"], shown["plate"], shown["reason"]) == (trip, "12C00001", "papers")
    [listed] = lan.get("/v1/acts", params={"state": "standing"}).json()
    assert listed == shown
    other = enter(lan, hold(trip, reason="customs"), key)
    assert other.status_code == 422


def test_who_comes_second_is_told_who_was_first_and_when(api: RunningApi):
    trip = staged(api)
    lan, minh = api.person(Role.OPERATOR, "lan"), api.person(Role.OPERATOR, "minh")
    api.clock.at = after(5)
    act = enter(lan, hold(trip)).json()["id"]
    second = enter(minh, hold(trip, reason="customs"))
    assert second.status_code == 409
    assert f"lan held trip {trip} at 2024-01-23 08:05 already" in second.json()["detail"]
    api.clock.at = after(9)
    assert lan.post(f"/v1/acts/{act}/end", json={"note": "papers are there"}).status_code == 200
    late = minh.post(f"/v1/acts/{act}/end")
    assert late.status_code == 409
    assert "was ended by lan at 2024-01-23 08:09 already" in late.json()["detail"]


def effect_of(client: httpx.Client, act: Mapping[str, Any]) -> dict[str, Any]:
    answer = client.post("/v1/acts/preview", json=dict(act))
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def written(api: RunningApi) -> dict[str, int]:
    tables = ("acts", "audit", "ledger", "outbox", "plans", "slots", "releases", "advice")
    return {
        table: api.border.conn.execute(f"select count(*) from {table}").fetchall()[0][0]  # noqa: S608
        for table in tables
    }


def test_an_effect_is_shown_and_nothing_is_written(api: RunningApi):
    trips = [staged(api) for _ in range(3)]
    lan = api.person(Role.OPERATOR, "lan")
    api.border.tell(trips[0], after(60))
    api.clock.at = after(5)
    before = written(api)
    shown = effect_of(lan, hold(trips[0]))
    assert written(api) == before
    assert (shown["refused"], shown["warning"], shown["moved"], shown["held"]) == (None, None, 1, 1)
    [moved] = shown["trips"]
    assert moved == {
        "trip_id": trips[0],
        "plate": "12C00001",
        "from": {"word": "slot", "gate": "tan_thanh", "starts_at": after(60).isoformat()},
        "otherwise": {"word": "called", "gate": "tan_thanh", "starts_at": after(60).isoformat()},
        "to": {"word": "held", "gate": None, "starts_at": None},
        "shift_s": None,
        "held_until": None,
    }
    kept = enter(lan, hold(trips[0])).json()["effect"]
    assert kept == shown


def test_what_cannot_be_is_said_in_the_effect_and_refused_when_entered(api: RunningApi):
    trip, lan = api.border.trip(), api.person(Role.OPERATOR, "lan")
    api.border.visit(trip, "queue_tan_thanh", 3)
    api.clock.at = after(5)
    refused = effect_of(lan, hold(trip))["refused"]["sentence"]
    assert "is at tan_thanh since 08:03" in refused
    entered = enter(lan, hold(trip))
    assert (entered.status_code, entered.json()["detail"]) == (409, refused)
    assert lan.get("/v1/acts").json() == []


def test_a_closure_can_be_looked_at_and_is_entered_where_closures_are(api: RunningApi):
    told, untold = staged(api), staged(api)
    api.border.tell(told, after(60))
    lan = api.person(Role.OPERATOR, "lan")
    api.clock.at = after(5)
    close = {"kind": "close_gate", "gate": "tan_thanh", "ends_at": after(180).isoformat()}
    effect = effect_of(lan, close)
    assert [one["trip_id"] for one in effect["trips"]] == [told]
    assert (effect["moved"], effect["later"], effect["others"]) == (1, 1, 1)
    assert untold not in {one["trip_id"] for one in effect["trips"]}
    assert enter(lan, close).status_code == 422


def test_a_truck_goes_forward_by_two_accounts(api: RunningApi):
    trip = staged(api)
    lan, minh = api.person(Role.OPERATOR, "lan"), api.person(Role.OPERATOR, "minh")
    api.clock.at = after(5)
    asked = enter(lan, {"kind": "forward", "trip_id": trip, "reason": "medical"}).json()
    assert asked["state"] == "waiting"
    assert [one["id"] for one in lan.get("/v1/acts?state=waiting").json()] == [asked["id"]]
    own = lan.post(f"/v1/acts/{asked['id']}/approve")
    assert (own.status_code, "another account" in own.json()["detail"]) == (409, True)
    approved = minh.post(f"/v1/acts/{asked['id']}/approve").json()
    assert (approved["state"], approved["approved_by"]) == ("standing", "minh")
    late = minh.post(f"/v1/acts/{asked['id']}/refuse", json={"note": "no"})
    assert (late.status_code, "approved by minh" in late.json()["detail"]) == (409, True)
    decide(api.border.conn, api.border.site, after(6), plan_due=True)
    [done] = lan.get("/v1/acts?state=done").json()
    assert (done["state"], done["outcome"]) == ("done", "used")


def test_an_act_at_no_gate_or_that_ends_before_it_begins_is_refused_in_its_effect(api: RunningApi):
    lan = api.person(Role.OPERATOR, "lan")
    hours = {"kind": "open_gate", "reason": "other", "ends_at": after(60).isoformat()}
    nowhere = effect_of(lan, {**hours, "gate": "0"})["refused"]
    assert nowhere["kind"] == "no_gate"
    over = effect_of(lan, {**hours, "gate": "tan_thanh", "ends_at": after(-60).isoformat()})
    assert over["refused"]["kind"] == "act_over_before"


def test_a_moment_is_text_with_a_zone_and_no_number(api: RunningApi):
    lan = api.person(Role.OPERATOR, "lan")
    hours = {"kind": "open_gate", "reason": "other", "gate": "tan_thanh", "ends_at": 1_706_000_000}
    answer = lan.post("/v1/acts/preview", json=hours)
    assert answer.status_code == 422
    assert "ends_at" in answer.json()["detail"]
    assert "2024-01-23T08:00:00+07:00" in answer.json()["detail"]
    asked = lan.get("/v1/alerts", params={"since": "0.5"})
    assert asked.status_code == 422, asked.text


def test_a_refused_act_says_by_whom_and_why(api: RunningApi):
    trip = staged(api)
    lan, minh = api.person(Role.OPERATOR, "lan"), api.person(Role.OPERATOR, "minh")
    act = enter(lan, {"kind": "forward", "trip_id": trip, "reason": "rescue"}).json()["id"]
    refused = minh.post(f"/v1/acts/{act}/refuse", json={"note": "no such call"}).json()
    assert (refused["state"], refused["ended_by"], refused["outcome"]) == (
        "refused",
        "minh",
        "no such call",
    )


def test_the_reasons_are_those_of_the_sites_rules(api: RunningApi):
    reasons = api.person(Role.OFFICER, "tuan").get("/v1/acts/reasons").json()
    assert "medical" in reasons["forward"]
    assert "other" not in reasons["forward"]
    assert reasons["hold_truck"] == reasons["hold_class"]
    assert set(reasons) == {
        "hold_truck",
        "hold_class",
        "capacity",
        "open_gate",
        "close_gate",
        "pin",
        "swap",
        "forward",
    }


def test_officers_look_and_operators_act(api: RunningApi):
    trip = staged(api)
    officer = api.person(Role.OFFICER, "tuan")
    assert officer.get("/v1/acts").status_code == 200
    assert enter(officer, hold(trip)).status_code == 403
    assert officer.post("/v1/acts/preview", json=hold(trip)).status_code == 403


def test_a_body_that_says_too_much_or_no_known_kind_is_refused_in_a_sentence(api: RunningApi):
    lan = api.person(Role.OPERATOR, "lan")
    for body in (hold(1, gate="tan_thanh"), {"kind": "spell"}, hold(0), hold(1, note="x" * 201)):
        answer = enter(lan, body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["detail"].endswith(".")
    assert lan.post("/v1/acts", json=hold(1)).status_code == 422  # without a key
    assert enter(lan, hold(99)).status_code == 404


def test_a_third_effect_at_once_is_asked_to_come_again(api: RunningApi):
    trip, lan = staged(api), api.person(Role.OPERATOR, "lan")
    turns = api.app.state.previews._turns  # noqa: SLF001 - nothing else holds both
    assert turns.acquire(timeout=5) and turns.acquire(timeout=5)  # noqa: PT018
    try:
        busy = lan.post("/v1/acts/preview", json=hold(trip))
        assert (busy.status_code, busy.headers["Retry-After"]) == (503, "3")
    finally:
        turns.release()
        turns.release()
    assert effect_of(lan, hold(trip))["refused"] is None
