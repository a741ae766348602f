"""Why am I number 3: the place, who goes before by which rule, the history, in three languages."""

from typing import Any

from api_server import RunningApi
from border import KEYS, MORNING, after

from flowctl.ledger.entries import Entry, Kind
from flowctl.registry.accounts import Role
from flowctl.registry.keys import link_code
from flowctl.storage.ledger import append

YARD = "yard_bao_nguyen"


def record(api: RunningApi, *entries: Entry) -> None:
    with api.border.conn.transaction():
        append(api.border.conn, api.border.site.id, "default", entries, now=MORNING)


def why(api: RunningApi, trip: int, language: str) -> dict[str, Any]:
    answer = api.client().get(f"/v1/driver/{link_code(KEYS, trip, 0)}/why?language={language}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def third(api: RunningApi) -> int:
    """Let three wait at Tân Thanh: one that is senior, one that was promised, and the third."""
    place = api.border
    senior, junior, mine = place.trip(), place.trip(), place.trip()
    for trip, minute in ((senior, -50), (mine, -40), (junior, -30)):
        place.visit(trip, YARD, minute)
    for trip, starts in ((senior, 15), (junior, 15), (mine, 30)):
        place.tell(trip, after(starts))
    record(
        api,
        Entry(
            Kind.ARRIVED,
            after(-40),
            mine,
            "tan_thanh",
            details={"yard": YARD, "proof": "fixes", "counted_at": after(-40).isoformat()},
        ),
        Entry(
            Kind.SLOT, after(-39), mine, "tan_thanh", "first", details={"starts_at": str(after(15))}
        ),
        Entry(
            Kind.SLOT_CHANGED,
            after(-20),
            mine,
            "tan_thanh",
            "capacity",
            details={"starts_at": str(after(30)), "was_starts_at": str(after(15))},
        ),
        Entry(Kind.OVERTOOK, after(-10), junior, "tan_thanh", "kept_promise", (mine,)),
    )
    return mine


def test_a_driver_reads_its_place_and_who_goes_before_by_which_rule(api: RunningApi):
    said = why(api, third(api), "en")
    assert (said["gate"], said["place"]) == ("tan_thanh", 3)
    assert said["text"] == "Your truck is number 3 at Tân Thanh."
    assert {(one["reason"], one["n"]) for one in said["ahead"]} == {
        ("senior_arrival", 1),
        ("kept_promise", 1),
    }
    assert said["passed_by"][0]["text"] == (
        "1 that came later went first: they had been promised an earlier slot."
    )


def test_the_history_is_told_from_the_ledger_with_local_times(api: RunningApi):
    events = why(api, third(api), "vi")["history"]
    texts = [one["text"] for one in events if one["kind"] in {"arrived", "slot", "slot_changed"}]
    assert texts[0].startswith("23/01 07:20 vào Bãi Bảo Nguyên: ")
    assert "vị trí GPS gửi đúng giờ chứng minh" in texts[0]
    assert texts[1].startswith("23/01 07:21 nhận giờ hẹn 08:15 tại")
    assert "đổi từ 08:15 sang 08:30: thông quan chậm." in texts[2]
    assert all(len(one["code"]) == 8 for one in events)
    assert [one["seq"] for one in events] == sorted(one["seq"] for one in events)


def test_it_is_said_in_chinese_and_in_the_drivers_own_language(api: RunningApi):
    mine = third(api)
    assert "排第3位" in why(api, mine, "zh")["text"]
    own = api.client().get(f"/v1/driver/{link_code(KEYS, mine, 0)}/why").json()
    assert own["language"] == "vi"
    assert "thứ 3" in own["text"]


def test_a_day_after_the_trip_ended_its_link_tells_nothing_any_more(api: RunningApi):
    mine = third(api)
    with api.border.conn.transaction():
        api.border.conn.execute(
            "update trips set state = 'cleared', ended_at = %s where id = %s", [after(10), mine]
        )
    address = f"/v1/driver/{link_code(KEYS, mine, 0)}/why"
    api.clock.at = after(10 + 24 * 60)
    assert api.client().get(address).status_code == 200
    api.clock.at = after(11 + 24 * 60)
    assert api.client().get(address).status_code == 410


def test_a_trip_without_a_slot_has_no_place_yet(api: RunningApi):
    said = why(api, api.border.trip(), "en")
    assert (said["place"], said["ahead"]) == (None, [])
    assert "it has no slot yet" in said["text"]


def test_a_trip_beyond_the_order_is_told_whether_it_passed_is_inspected_or_was_cancelled(
    api: RunningApi,
):
    place = api.border
    trips = place.trip(), place.trip(), place.trip()
    lane = next(z.id for z in place.site.zones if z.role == "lane" and z.gate == "tan_thanh")
    place.visit(trips[0], lane, -5)
    for trip, state in zip(trips[1:], ("cleared", "cancelled"), strict=True):
        place.conn.execute(
            "update trips set state = %s, ended_at = %s where id = %s", [state, after(-1), trip]
        )
    assert [why(api, trip, "en")["text"] for trip in trips] == [
        "Your truck is being inspected at Tân Thanh.",
        "Your truck has passed Tân Thanh.",
        "The trip was cancelled; it has no place in the order any more.",
    ]


def test_the_control_room_asks_by_the_trip_and_a_haulier_of_its_own_only(api: RunningApi):
    mine = third(api)
    answer = api.person(Role.OPERATOR).get(f"/v1/trips/{mine}/why?language=zh")
    assert answer.json()["place"] == 3
    assert api.person(Role.HAULIER).get(f"/v1/trips/{mine}/why").status_code == 404
    assert api.client().get("/v1/driver/aaaaaaaaaaaa/why").status_code == 404
