"""Trucks moved by hand over the API: walk-ins, words, slips, second persons, and what counts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from api_server import RunningApi
from border import MORNING, after

from flowctl.registry.accounts import Role
from flowctl.storage.hand_watch import judge_words
from flowctl.storage.live import count_inside, find_live
from flowctl.storage.partitions import ensure_fix_partitions
from flowctl.storage.snapshot import list_live_trips
from flowctl.worker import decide

YARD = "yard_viettel"
WALK_IN = {"plate": "29H-987.65", "yard": YARD, "gates": ["huu_nghi"], "cargo": "reefer"}


@pytest.fixture
def anna(api: RunningApi) -> httpx.Client:
    return api.person(Role.OPERATOR, "anna")


@pytest.fixture
def binh(api: RunningApi) -> httpx.Client:
    return api.person(Role.OPERATOR, "binh")


def post(client: httpx.Client, path: str, body: Mapping[str, Any], key: str = "") -> httpx.Response:
    return client.post(path, json=body, headers={"Idempotency-Key": key or str(uuid4())})


def entered(at: datetime | None = None, **more: str) -> dict[str, str]:
    said = {"what": "entered", "yard": YARD, "reason": "tracker_silent", **more}
    return said if at is None else said | {"at": at.isoformat()}


def place(api: RunningApi, trip: int) -> tuple[str | None, datetime | None]:
    row = find_live(api.border.conn, trip, site=api.border.site.id)
    assert row is not None
    return row.yard, row.counted_at


def fixes(api: RunningApi, trip: int, *seen: tuple[float, float, float]) -> None:
    """Store positions of a trip's device, (minute, longitude, latitude) each."""
    device = api.border.device_of(trip)
    ensure_fix_partitions(api.border.conn, MORNING.date(), MORNING.date())
    for minute, lon, lat in seen:
        api.border.conn.execute(
            "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat)"
            " values (%s, 1, %s, %s, %s, %s)",
            [device, after(minute), after(minute), lon, lat],
        )
    minute, lon, lat = seen[-1]
    api.border.conn.execute(
        "insert into tracks (device_id, fixed_at, received_at, lon, lat) values"
        " (%s, %s, %s, %s, %s) on conflict (device_id) do update set fixed_at ="
        " excluded.fixed_at, lon = excluded.lon, lat = excluded.lat",
        [device, after(minute), after(minute), lon, lat],
    )


def inside(api: RunningApi) -> tuple[float, float]:
    """Return a place in the yard."""
    point = api.border.site.zone_by_id[YARD].polygon.representative_point()
    return point.x, point.y


def kinds(api: RunningApi) -> list[str]:
    rows = api.border.conn.execute("select kind from ledger order by seq").fetchall()
    return [kind for (kind,) in rows]


def test_a_walk_in_without_phone_or_gps_stands_in_its_yard_by_one_act(
    api: RunningApi, anna: httpx.Client
):
    answer = post(anna, "/v1/walk-ins", WALK_IN)
    assert answer.status_code == 201, answer.text
    trip = answer.json()
    assert (trip["plate"], trip["yard"], trip["stage"]) == ("29H98765", YARD, "staged")
    assert (trip["by_hand"], trip["has_number"], trip["device"]) == (True, False, None)
    assert place(api, trip["id"]) == (YARD, MORNING)
    assert count_inside(api.border.conn, [YARD]) == {YARD: 1}
    assert api.border.conn.execute("select count(*) from outbox").fetchone() == (0,)
    acts = api.border.conn.execute("select account, act, subject from audit").fetchall()
    assert ("anna", "trip.walk_in", f"trip:{trip['id']}") in acts


def test_the_controller_plans_for_a_walk_in_and_the_ledger_says_that_a_hand_proved_it(
    api: RunningApi, anna: httpx.Client
):
    trip = post(anna, "/v1/walk-ins", WALK_IN).json()["id"]
    decide(api.border.conn, api.border.site, after(1), plan_due=True)
    told = anna.get(f"/v1/trips/{trip}").json()
    assert told["slot"] is not None or told["released_at"] is not None
    rows = api.border.conn.execute("select kind, details from ledger order by seq").fetchall()
    arrived = next(details for kind, details in rows if kind == "arrived")
    assert (arrived["proof"], arrived["yard"]) == ("by_hand", YARD)
    assert "hand_entered" in kinds(api)
    history = anna.get(f"/v1/trips/{trip}/why?language=en").json()["history"]
    assert any("entered by hand" in event["text"] for event in history)


def test_the_same_key_registers_a_walk_in_once_and_another_body_with_it_is_refused(
    anna: httpx.Client,
):
    key = str(uuid4())
    first = post(anna, "/v1/walk-ins", WALK_IN, key)
    again = post(anna, "/v1/walk-ins", WALK_IN, key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    other = post(anna, "/v1/walk-ins", WALK_IN | {"plate": "29H-111.11"}, key)
    assert other.status_code == 422
    assert "key of its own" in other.json()["detail"]


def test_a_truck_keeps_the_place_between_those_that_trackers_prove(
    api: RunningApi, anna: httpx.Client
):
    first, hand, last = (api.border.trip(device=device) for device in ("a", None, "c"))
    api.border.visit(first, YARD, entered=1)
    api.border.visit(last, YARD, entered=9)
    api.clock.at = after(10)
    said = post(anna, f"/v1/trips/{hand}/hand", entered(after(5), reason="no_tracker"))
    assert said.status_code == 201, said.text
    trips = list_live_trips(api.border.conn, api.border.site, after(10))
    counted = {trip.id: trip.counted_at for trip in trips}
    assert sorted(counted, key=lambda trip: counted[trip] or MORNING) == [first, hand, last]
    assert count_inside(api.border.conn, [YARD]) == {YARD: 3}


def test_one_person_backdates_a_quarter_of_an_hour_and_a_second_one_bears_out_more(
    api: RunningApi, anna: httpx.Client, binh: httpx.Client
):
    trip = api.border.trip(device=None)
    api.clock.at = after(60)
    word = post(anna, f"/v1/trips/{trip}/hand", entered(after(10))).json()
    assert datetime.fromisoformat(word["counts_at"]) == after(45)
    assert place(api, trip) == (YARD, after(45))
    own = anna.post(f"/v1/hand-words/{word['id']}/second")
    assert own.status_code == 409
    assert "your own" in own.json()["detail"]
    assert binh.post(f"/v1/hand-words/{word['id']}/second").status_code == 200
    assert place(api, trip) == (YARD, after(10))
    assert kinds(api)[-1] == "hand_seconded"


def test_a_second_operator_is_told_who_entered_the_truck_and_when(
    api: RunningApi, anna: httpx.Client, binh: httpx.Client
):
    trip = api.border.trip(device=None)
    assert post(anna, f"/v1/trips/{trip}/hand", entered()).status_code == 201
    api.clock.at = after(2)
    second = post(binh, f"/v1/trips/{trip}/hand", entered())
    assert second.status_code == 409
    assert "anna" in second.json()["detail"]
    assert "08:00" in second.json()["detail"]


def test_a_slip_is_undone_within_minutes_and_both_stay_on_record(
    api: RunningApi, anna: httpx.Client, binh: httpx.Client
):
    trip = api.border.trip(device=None)
    word = post(anna, f"/v1/trips/{trip}/hand", entered()).json()["id"]
    assert binh.post(f"/v1/hand-words/{word}/undo").status_code == 200
    assert place(api, trip) == (None, None)
    [kept] = anna.get(f"/v1/trips/{trip}/hand").json()
    assert (kept["said_by"], kept["undone_by"]) == ("anna", "binh")
    again = anna.post(f"/v1/hand-words/{word}/undo")
    assert again.status_code == 409
    assert "binh" in again.json()["detail"]
    late = post(anna, f"/v1/trips/{trip}/hand", entered()).json()["id"]
    api.clock.at = after(11)
    assert anna.post(f"/v1/hand-words/{late}/undo").status_code == 409
    assert place(api, trip)[0] == YARD


def test_a_truck_whose_tracker_fell_silent_in_the_yard_leaves_it_by_hand(
    api: RunningApi, anna: httpx.Client
):
    trip = api.border.trip()
    api.border.visit(trip, YARD, entered=1)
    api.clock.at = after(30)
    left = post(anna, f"/v1/trips/{trip}/hand", {"what": "left", "reason": "tracker_silent"})
    assert left.status_code == 201, left.text
    assert place(api, trip) == (None, after(1)), "gone, with the place it had earned"
    assert count_inside(api.border.conn, [YARD]) == {}
    twice = post(anna, f"/v1/trips/{trip}/hand", {"what": "left", "reason": "tracker_silent"})
    assert "stands in no yard" in twice.json()["detail"]


def test_a_tracker_that_is_heard_is_not_overruled_before_it_is_marked_as_faulty(
    api: RunningApi, anna: httpx.Client
):
    trip = api.border.trip(device="faulty/1")
    api.clock.at = after(5)
    fixes(api, trip, (4, 106.60, 21.50))
    refused = post(anna, f"/v1/trips/{trip}/hand", entered())
    assert refused.status_code == 409
    assert "km from yard_viettel" in refused.json()["detail"]
    marked = anna.post("/v1/devices/faulty/1/fault", json={"reason": "wrong_place"})
    assert marked.status_code == 201, marked.text
    assert post(anna, f"/v1/trips/{trip}/hand", entered(reason="tracker_faulty")).is_success
    shown = anna.get(f"/v1/trips/{trip}").json()
    assert (shown["yard"], shown["by_hand"], shown["device_faulty"]) == (YARD, True, True)


def test_what_a_faulty_device_says_moves_no_truck_until_it_is_believed_again(
    api: RunningApi, anna: httpx.Client, binh: httpx.Client
):
    trip = api.border.trip(device="wild")
    assert anna.post("/v1/devices/wild/fault", json={"reason": "jumps"}).status_code == 201
    twice = binh.post("/v1/devices/wild/fault", json={"reason": "jumps"})
    assert twice.status_code == 409
    assert "anna" in twice.json()["detail"]
    api.border.visit(trip, YARD, entered=5)
    assert place(api, trip) == (None, None)
    assert count_inside(api.border.conn, [YARD]) == {}
    api.clock.at = after(20)
    assert anna.post("/v1/devices/wild/fault/end").status_code == 200
    assert place(api, trip) == (None, None), "what it said then counts for nothing still"
    api.border.visit(trip, "yard_xuan_cuong", entered=25)
    assert place(api, trip)[0] == "yard_xuan_cuong"
    [fault] = anna.get("/v1/devices/wild/faults").json()
    assert (fault["marked_by"], fault["ended_by"]) == ("anna", "anna")


def test_three_fixes_from_elsewhere_deny_the_hands_word_in_the_ledger(
    api: RunningApi, anna: httpx.Client
):
    trip = api.border.trip()
    api.clock.at = after(2)
    assert post(anna, f"/v1/trips/{trip}/hand", entered()).status_code == 201
    far = (106.60, 21.50)
    fixes(api, trip, (3, *far), (4, *far))
    assert judge_words(api.border.conn, api.border.site, after(5)) == 0
    assert place(api, trip)[0] == YARD
    fixes(api, trip, (5, *far))
    assert judge_words(api.border.conn, api.border.site, after(6)) == 1
    assert place(api, trip) == (None, None)
    assert kinds(api)[-1] == "hand_denied"
    [word] = anna.get(f"/v1/trips/{trip}/hand").json()
    assert word["is_false"]
    assert word["contradicted_at"] is not None
    assert judge_words(api.border.conn, api.border.site, after(7)) == 0, "once"


def test_a_tracker_that_wakes_in_the_yard_and_drives_off_ends_the_hands_stay(
    api: RunningApi, anna: httpx.Client
):
    trip = api.border.trip()
    assert post(anna, f"/v1/trips/{trip}/hand", entered()).status_code == 201
    fixes(api, trip, (30, *inside(api)), (60, 106.60, 21.50), (61, 106.60, 21.50))
    fixes(api, trip, (62, 106.60, 21.50))
    assert judge_words(api.border.conn, api.border.site, after(63)) == 0
    assert place(api, trip) == (None, MORNING), "it was there, and keeps what that earned"


def test_an_admission_at_the_gate_ends_a_stay_by_hand(api: RunningApi, anna: httpx.Client):
    trip = post(anna, "/v1/walk-ins", WALK_IN).json()["id"]
    api.clock.at = after(30)
    decision = {
        "id": str(uuid4()),
        "trip": trip,
        "kind": "admitted",
        "at": after(29).isoformat(),
    }
    assert anna.post("/v1/gates/huu_nghi/decisions", json=[decision]).json()["recorded"] == 1
    assert anna.get(f"/v1/trips/{trip}").json()["stage"] == "queued"
    assert count_inside(api.border.conn, [YARD]) == {}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"what": "entered", "reason": "no_tracker"}, 404, "No yard is named"),
        ({"what": "entered", "yard": "nowhere", "reason": "no_tracker"}, 404, "nowhere"),
        (entered(MORNING + timedelta(hours=2)), 422, "future"),
        (entered(MORNING - timedelta(hours=1)), 422, "registered"),
        ({"what": "left", "reason": "no_tracker"}, 409, "stands in no yard"),
        ({"what": "flew", "reason": "no_tracker"}, 422, "what"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_and_leaves_nothing(
    api: RunningApi, anna: httpx.Client, body: dict[str, str], status: int, words: str
):
    trip = api.border.trip(device=None)
    refused = post(anna, f"/v1/trips/{trip}/hand", body)
    assert refused.status_code == status
    assert words in refused.json()["detail"]
    assert anna.get("/v1/hand-words").json() == []
    assert api.border.conn.execute("select count(*) from hand_keys").fetchone() == (0,)


def test_a_trip_that_is_over_is_moved_by_nobody(api: RunningApi, anna: httpx.Client):
    trip = api.border.trip(device=None)
    anna.post(f"/v1/trips/{trip}/cancel")
    refused = post(anna, f"/v1/trips/{trip}/hand", entered())
    assert refused.status_code == 409
    assert "cancelled" in refused.json()["detail"]


def test_a_walk_in_is_shown_its_place_behind_its_seniors_before_anything_is_written(
    api: RunningApi, anna: httpx.Client
):
    for minutes in (-60, -30):
        waiting = api.border.trip(at=after(minutes), gates=("huu_nghi",))
        api.border.visit(waiting, YARD, minutes + 5)
    elsewhere = api.border.trip(at=after(-60))
    api.border.visit(elsewhere, YARD, -50)
    shown = anna.post("/v1/walk-ins/preview", json=WALK_IN)
    assert shown.status_code == 200, shown.text
    place = {name: shown.json()[name] for name in ("plate", "yard", "gate", "place", "ahead")}
    assert place == {
        "plate": "29H98765",
        "yard": YARD,
        "gate": "huu_nghi",
        "place": 3,
        "ahead": 2,
    }
    trips = api.border.conn.execute("select count(*) from trips where plate = '29H98765'")
    assert trips.fetchone() == (0,), "it was only looked at"
    post(anna, "/v1/walk-ins", WALK_IN)
    again = anna.post("/v1/walk-ins/preview", json=WALK_IN)
    assert again.status_code == 409, "it is refused as registering it would be"
