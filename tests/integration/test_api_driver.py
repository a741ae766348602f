import math
from datetime import timedelta
from typing import Any

import pytest
from api_server import RunningApi
from border import KEYS, MORNING, after

from flowctl.dispatch.legs import call_up_at
from flowctl.registry.accounts import Role
from flowctl.registry.keys import link_code
from flowctl.state import Slot
from flowctl.storage.closures import end_advice, save_advice
from flowctl.storage.outbox import queue_message
from flowctl.storage.sending import Sent, record_sent


def view(api: RunningApi, trip: int) -> dict[str, Any]:
    answer = api.client().get(f"/v1/driver/{link_code(KEYS, trip, 0)}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_truck_on_the_road_sees_the_yard_it_is_to_go_to(api: RunningApi):
    trip = api.border.trip(gates=("huu_nghi",), language="zh")
    seen = view(api, trip)
    assert seen["plate"] == "12C00001"
    assert seen["language"] == "zh"
    assert seen["timezone"] == "Asia/Ho_Chi_Minh"
    assert seen["at"] == "2024-01-23T01:00:00Z"
    assert seen["state"] == "registered"
    assert seen["gate"]["id"] == "huu_nghi"
    assert seen["yard"]["id"] == "yard_viettel"
    assert set(seen["yard"]["name"]) == {"vi", "zh", "en"}
    assert (seen["slot"], seen["leave_at"], seen["ahead"]) == (None, None, None)
    assert "phone" not in seen


def test_a_staged_truck_sees_its_slot_when_to_leave_and_who_is_ahead(api: RunningApi):
    place = api.border
    first, mine, later, called, queued, elsewhere = (
        place.trip(at=after(-300), gates=("tan_thanh", "huu_nghi")) for _ in range(6)
    )
    for trip, starts in [(first, 30), (mine, 30), (later, 45), (elsewhere, 15)]:
        place.visit(trip, "yard_bao_nguyen", -60 + trip)
        place.tell(trip, after(starts), "huu_nghi" if trip == elsewhere else "tan_thanh")
    place.release(called, -5, until=55)
    place.release(queued, -30, until=30)
    place.visit(queued, "queue_tan_thanh", -10)
    seen = view(api, mine)
    assert seen["state"] == "staged"
    assert seen["yard"]["id"] == "yard_bao_nguyen"
    assert seen["slot"] == {
        "starts_at": "2024-01-23T01:30:00Z",
        "ends_at": "2024-01-23T01:45:00Z",
    }
    way = place.site.yard_by_id["yard_bao_nguyen"].access_to("tan_thanh")
    assert way is not None
    leave_at = call_up_at(Slot("tan_thanh", after(30)), way, place.site.dispatch)
    assert leave_at < after(30) - timedelta(seconds=way.travel_s)
    assert seen["leave_at"] == leave_at.isoformat().replace("+00:00", "Z")
    assert seen["ahead"] == 3, "the senior of the same slot, one on its way, one in the queue"
    assert view(api, queued)["ahead"] == 0
    assert view(api, called)["ahead"] == 1


def test_a_truck_called_up_sees_since_when_and_one_that_did_not_go_waits_again(api: RunningApi):
    place = api.border
    trip = place.trip(at=after(-300))
    place.visit(trip, "yard_bao_nguyen", -60)
    place.tell(trip, after(15))
    place.release(trip, -5, until=10)
    seen = view(api, trip)
    assert (seen["state"], seen["released_at"]) == ("released", "2024-01-23T00:55:00Z")
    assert seen["leave_at"] is None
    api.clock.at = after(11)
    assert view(api, trip)["state"] == "staged"


def test_the_messages_are_those_that_went_out_with_their_accents_newest_first(api: RunningApi):
    place = api.border
    trip = place.trip()
    slot = {
        "gate": "tan_thanh",
        "starts_at": after(30).isoformat(),
        "ends_at": after(45).isoformat(),
    }
    sent = queue_message(
        place.conn,
        site="lang_son",
        trip_id=trip,
        kind="slot",
        params=slot,
        now=MORNING,
        expires_at=None,
    )
    assert view(api, trip)["messages"] == [], "what waits was not said yet"
    [(first,)] = place.conn.execute("select min(id) from outbox").fetchall()
    for message, at in ((first, MORNING), (sent, after(1))):
        record_sent(place.conn, [Sent(message, at, "sms", (), 1, None, None)])
    newest, oldest = view(api, trip)["messages"]
    assert (newest["kind"], newest["at"]) == ("slot", "2024-01-23T01:01:00Z")
    assert "08:30" in newest["text"]
    assert "08:45" in newest["text"]
    assert "Tân Thanh" in newest["text"]
    assert oldest["kind"] == "registered"
    assert f"https://gate.example/d/{link_code(KEYS, trip, 0)}" in oldest["text"]
    asked = api.client().get(f"/v1/driver/{link_code(KEYS, trip, 0)}?language=zh").json()
    assert "先不要去口岸" in asked["messages"][1]["text"]
    assert asked["language"] == "vi", "which is the driver's own"


def test_a_code_that_proves_nothing_is_a_404(api: RunningApi):
    trip = api.border.trip()
    code = link_code(KEYS, trip, 0)
    other = "A" if code[-1] != "A" else "B"
    for wrong in (code[:-1] + other, code[:-1], "0" + code, "x", "1" * 40, "a%00b"):
        answer = api.client().get(f"/v1/driver/{wrong}")
        assert answer.status_code == 404, wrong
        assert answer.json()["detail"].endswith(".")
    assert api.client().get(f"/v1/driver/{link_code(KEYS, 999, 0)}").status_code == 404


def test_a_trip_that_is_over_is_shown_for_a_day_and_gone_after_it(api: RunningApi):
    trip = api.border.trip()
    api.border.conn.execute(
        "update trips set state = 'cancelled', ended_at = %s where id = %s", [MORNING, trip]
    )
    assert view(api, trip)["state"] == "cancelled"
    api.clock.at = MORNING + timedelta(hours=25)
    answer = api.client().get(f"/v1/driver/{link_code(KEYS, trip, 0)}")
    assert answer.status_code == 410
    assert (answer.json()["title"], answer.json()["type"]) == ("Gone", "about:blank")


@pytest.mark.parametrize(("wish", "body"), [("extension", {}), ("standby", {"on": True})])
def test_who_has_no_code_asks_for_nothing(api: RunningApi, wish: str, body: dict[str, bool]):
    answer = api.client().post(f"/v1/driver/nosuchtrip12/{wish}", json=body)
    assert answer.status_code == 404


def test_the_page_shows_truck_way_gate_and_yards(api: RunningApi):
    place = api.border
    trip = place.trip()
    before = view(api, trip)
    assert (before["position"], before["tracker"]) == (None, "device")
    assert (before["timezone"], before["other_timezone"]) == ("Asia/Ho_Chi_Minh", "Asia/Shanghai")
    assert before["push_key"]
    place.position(trip, 106.7, 21.9, -1)
    shown = view(api, trip)
    assert shown["position"] == {"lon": 106.7, "lat": 21.9, "at": "2024-01-23T00:59:00Z"}
    line = shown["way"]["line"]
    assert 2 < len(line) <= 200
    near = [math.dist(point, shown["way"]["gate"]) for point in line]
    assert near[-1] == min(near), "beyond the gate there is no more of it to drive"
    [north] = [one for one in place.site.corridors if one.yard == "yard_bao_nguyen"]
    assert line[0] == pytest.approx(north.line.coords[0], abs=1e-6)
    assert shown["gate_now"].keys() == {"queued", "in_lane", "state", "places"}
    assert shown["gate_now"]["places"] == place.site.gate_by_id["tan_thanh"].inspection_places
    [yard] = [one for one in shown["yards_now"] if one["yard"] == "yard_bao_nguyen"]
    assert (yard["capacity"], set(yard["name"])) == (1150, {"vi", "zh", "en"})
    place.visit(trip, "yard_bao_nguyen", 0)
    staged = view(api, trip)["way"]
    assert len(staged["line"]) < len(line), "the road to the yard lies behind it"
    assert (staged["yard"], staged["gate"]) == (shown["way"]["yard"], shown["way"]["gate"])


def test_a_driver_on_hold_is_told_so_until_there_is_a_slot(api: RunningApi):
    trip = api.border.trip()
    assert view(api, trip)["advice"] is None
    save_advice(api.border.conn, [(trip, "hold", "tan_thanh")], after(-5))
    assert view(api, trip)["advice"] == {"kind": "hold", "at": "2024-01-23T00:55:00Z"}
    end_advice(api.border.conn, [trip])
    assert view(api, trip)["advice"] is None


def test_a_place_the_site_has_no_more_goes_by_its_id_with_what_comes_instead(api: RunningApi):
    place = api.border
    trip, called = place.trip(gates=("tan_thanh", "huu_nghi")), place.trip()
    for each in (trip, called):
        place.visit(each, "yard_bao_nguyen", 0)
    place.tell(trip, after(15), "old_gate")
    place.release(called, -5, until=55, gate="old_gate")
    place.conn.execute("update visits set zone = 'old_yard'")
    place.conn.execute("update trips set gates = '{old_gate}' where id = %s", [called])
    seen = view(api, trip)
    assert (seen["gate"]["id"], seen["yard"]["id"]) == ("old_gate", "old_yard")
    assert seen["gate"]["name"] == dict.fromkeys(("vi", "zh", "en"), "old_gate")
    assert [(one["what"], one["next"]["id"]) for one in seen["gone"]] == [
        ("gate", "tan_thanh"),
        ("yard", "yard_bao_nguyen"),
    ]
    assert (seen["leave_at"], seen["ahead"]) == (None, None), "a gate that is gone has no order"
    why = api.client().get(f"/v1/driver/{link_code(KEYS, trip, 0)}/why?language=en").json()
    assert (why["gate"], why["place"], why["ahead"]) == ("old_gate", None, [])
    assert why["text"].startswith("The gate old_gate is no longer run here. You keep your place; a")
    assert "Please drive to " in why["text"]
    assert [one["next"] for one in view(api, called)["gone"]] == [None, None]
    operator = api.person(Role.OPERATOR)
    asked = operator.get(f"/v1/trips/{called}/why?language=en").json()
    assert "Ask whoever registered you to change the gate" in asked["text"]
    assert operator.get(f"/v1/trips/{called}").json()["eta"] is None
