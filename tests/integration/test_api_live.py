import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
from api_server import RunningApi
from border import MORNING, after

from flowctl.registry.accounts import Role
from flowctl.telemetry.fixes import microseconds


def gate(live: dict[str, Any], name: str = "tan_thanh") -> dict[str, Any]:
    [found] = [g for g in live["gates"] if g["id"] == name]
    return dict(found)


def trucks(live: dict[str, Any]) -> dict[int, dict[str, Any]]:
    columns = live["trucks"]
    assert len({len(column) for column in columns.values()}) == 1
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return {row["id"]: row for row in rows}


def test_the_live_picture_shows_trucks_gates_and_yards(api: RunningApi):
    place = api.border
    moving, staged, nowhere = (place.trip(at=after(-300)) for _ in range(3))
    place.position(moving, 106.6, 21.8, -1, speed=14.0)
    place.position(staged, 106.68, 22.0, -10, speed=0.0)
    place.visit(staged, "yard_bao_nguyen", -60)
    place.tell(staged, after(30))
    live = api.person(Role.OPERATOR).get("/v1/live").json()
    assert live["at"] == "2024-01-23T01:00:00Z"
    shown = trucks(live)
    assert set(shown) == {moving, staged}, "a truck that never sent a position is not on the map"
    assert shown[moving]["state"] == "moving"
    assert shown[moving]["slot"] is None
    assert shown[staged] == {
        "id": staged,
        "plate": "12C00002",
        "lon": 106.68,
        "lat": 22.0,
        "heading": 10.0,
        "speed": 0.0,
        "state": "staged",
        "fixed_at": int(after(-10).timestamp()),
        "gate": "tan_thanh",
        "slot": int(after(30).timestamp()),
        "held": False,
        "alarmed": False,
        "by_hand": False,
    }
    assert {yard["id"]: yard["occupancy"] for yard in live["yards"]}["yard_bao_nguyen"] == 1
    tan_thanh = gate(live)
    assert tan_thanh["open"] is True
    assert tan_thanh["waiting"] == 1
    assert tan_thanh["capacity_per_h"] is None, "what the controller has not said is not zero"
    assert len(tan_thanh["slots"]) == 8
    planned = {slot["starts_at"]: slot["planned"] for slot in tan_thanh["slots"]}
    assert planned["2024-01-23T01:30:00Z"] == 1
    assert sum(planned.values()) == 1
    assert nowhere not in shown


def test_what_the_controller_found_at_a_gate_is_shown(api: RunningApi):
    api.border.conn.execute(
        "insert into gate_states values"
        " ('lang_son', 'tan_thanh', %s, 1, 1, 1, 1, 1, 1, 1, 1),"
        " ('lang_son', 'tan_thanh', %s, 40, 35, 45, 22.5, 4, 10, 9, 300)",
        [after(-2), after(-1)],
    )
    shown = gate(api.person(Role.PLANNER).get("/v1/live").json())
    assert (shown["capacity_per_h"], shown["capacity_low"], shown["capacity_high"]) == (40, 35, 45)
    assert (shown["n_target"], shown["in_transit"]) == (22.5, 4)
    assert (shown["queued"], shown["in_lane"]) == (10, 9)
    assert shown["waiting"] == sum(shown["waiting_of"].values()) == 0, "nobody stands there now"
    assert shown["wait_s"] == 900


def test_what_passed_today_is_counted_once_from_local_midnight(api: RunningApi):
    place = api.border
    today = place.trip(at=after(-300))
    place.visit(today, "queue_tan_thanh", -60, -50)
    place.visit(today, "lane_tan_thanh", -50, -38)
    place.visit(today, "beyond_tan_thanh", -37)
    yesterday = place.trip(at=after(-1200))
    place.visit(yesterday, "lane_tan_thanh", -900, -890)  # 17:10 the day before
    events = [
        {"direction": direction, "kind": "cleared", "truck": mark, "at": after(at).isoformat()}
        for direction, mark, at in [
            ("import", "A1", -20),
            ("import", "A2", -10),
            ("export", "B1", -10),
            ("import", "A3", -900),
        ]
    ]
    assert api.witness().post("/v1/gates/tan_thanh/events", json=events).status_code == 200
    operator = api.person(Role.OPERATOR)
    assert gate(operator.get("/v1/live").json())["cleared"] == {"export": 2, "import": 2}
    assert gate(operator.get("/v1/live").json(), "huu_nghi")["cleared"] == {
        "export": 0,
        "import": 0,
    }


@contextmanager
def listening(client: httpx.Client) -> Iterator[Iterator[dict[str, Any]]]:
    with client.stream("GET", "/v1/events") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer.iter_lines())


def events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name:
            event[name] = value
        elif "data" in event:
            yield {**event, "data": json.loads(event["data"])}
            event = {}


def number(event: dict[str, Any]) -> int:
    _boot, _, sequence = event["id"].partition("-")
    return int(sequence)


def test_events_begin_with_everything_and_go_on_with_what_changed(api: RunningApi):
    place = api.border
    still, moving, leaving = (place.trip(at=after(-300)) for _ in range(3))
    for trip in (still, moving, leaving):
        place.position(trip, 106.6, 21.8, -1)
    with listening(api.person(Role.OPERATOR)) as heard:
        first = next(heard)
        assert first["event"] == "live"
        assert first["data"]["full"] is True
        assert set(trucks(first["data"])) == {still, moving, leaving}
        place.conn.execute(
            "update tracks set lon = 106.7 where device_id = %s", [place.device_of(moving)]
        )
        place.conn.execute(
            "update trips set state = 'cancelled', ended_at = %s where id = %s",
            [MORNING, leaving],
        )
        moved: dict[int, dict[str, Any]] = {}
        for later in heard:
            assert later["data"]["full"] is False
            moved |= trucks(later["data"])
            if later["data"]["gone"]:
                break
        assert later["data"]["gone"] == [leaving]
        assert set(moved) == {moving}
        assert moved[moving]["lon"] == 106.7
        assert number(later) > number(first)


def test_a_picture_is_made_once_a_second_however_many_look(api: RunningApi):
    # Signing in changes something, and so brings a picture of its own.
    operator, officer = api.person(Role.OPERATOR), api.person(Role.OFFICER)
    with listening(operator) as one, listening(officer) as other:
        next(other)
        began, first = time.monotonic(), number(next(one))
        for _ in range(3):
            next(one)
            assert operator.get("/v1/live").status_code == 200
            assert api.client().get("/v1/board").status_code == 200
        last = number(next(one))
        took_s = time.monotonic() - began
    assert last - first <= took_s + 2


def test_nobody_listens_to_events_after_signing_out(
    api: RunningApi,
    monkeypatch: Any,  # noqa: ANN401
):
    monkeypatch.setattr("api.events._ASKED_AGAIN_S", 0.0)
    operator = api.person(Role.OPERATOR)
    with listening(operator) as heard:
        next(heard)
        api.border.conn.execute("delete from sessions")
        assert sum(1 for _ in heard) <= 1


def test_the_board_is_public_and_names_no_truck(api: RunningApi):
    place = api.border
    trip = place.trip(at=after(-300), plate="12C98765")
    place.position(trip, 106.68, 22.0, -1)
    place.visit(trip, "yard_bao_nguyen", -60)
    answer = api.client().get("/v1/board")
    board = answer.json()
    assert "98765" not in answer.text
    assert "plate" not in answer.text
    assert board["site"]["timezone"] == "Asia/Ho_Chi_Minh"
    assert set(board["site"]["name"]) == {"vi", "zh", "en"}
    [tan_thanh] = [g for g in board["gates"] if g["id"] == "tan_thanh"]
    assert tan_thanh["open"] is True
    assert tan_thanh["next_change_at"] == "2024-01-23T11:00:00Z"
    assert tan_thanh["waiting"] == 1
    assert tan_thanh["wait"] is None, "no controller has looked at it"
    assert tan_thanh["cleared_today"] == {"export": 0, "import": 0}
    assert {y["id"]: y["occupancy"] for y in board["yards"]}["yard_bao_nguyen"] == 1


def test_at_night_the_board_says_when_the_gate_opens(api: RunningApi):
    api.clock.at = MORNING - timedelta(hours=4)
    [tan_thanh] = [
        g for g in api.client().get("/v1/board").json()["gates"] if g["id"] == "tan_thanh"
    ]
    assert tan_thanh["open"] is False
    assert tan_thanh["next_change_at"] == "2024-01-23T00:00:00Z"
    assert tan_thanh["windows"][0] == {
        "opens_at": "2024-01-23T00:00:00Z",
        "closes_at": "2024-01-23T11:00:00Z",
    }


def test_the_site_is_given_as_it_is_drawn(api: RunningApi):
    site = api.person(Role.HAULIER).get("/v1/site").json()
    zones = {zone["properties"]["id"]: zone for zone in site["zones"]["features"]}
    assert zones["yard_bao_nguyen"]["properties"]["capacity"] == 1150
    assert zones["yard_bao_nguyen"]["geometry"]["type"] == "Polygon"
    assert zones["queue_tan_thanh"]["properties"]["capacity"] is None
    assert zones["queue_tan_thanh"]["properties"]["survey"] == "illustrative"
    assert site["roads"]["features"]
    gates = {g["id"]: g for g in site["gates"]}
    assert gates["tan_thanh"]["windows_today"] == [["2024-01-23T00:00:00Z", "2024-01-23T11:00:00Z"]]
    assert gates["tan_thanh"]["inspection_places"] == 9
    yards = {y["id"]: y["gates"] for y in site["yards"]}
    assert set(yards["zone_non_tariff"]) == {"huu_nghi", "tan_thanh"}
    assert 106 < site["center"][0] < 107.5
    assert 21 < site["center"][1] < 22.5


def test_a_zone_with_versions_is_drawn_as_it_is_now(api: RunningApi):
    site = api.border.site
    change = microseconds(MORNING)
    queue = site.zone_by_id["queue_tan_thanh"]
    former = replace(queue, survey="former", valid_until_us=change)
    present = replace(queue, survey="present", valid_from_us=change)
    others = [zone for zone in site.zones if zone is not queue]
    api.app.state.site = replace(site, zones=(*others, former, present))
    features = api.person(Role.HAULIER).get("/v1/site").json()["zones"]["features"]
    drawn = [f["properties"]["survey"] for f in features if f["properties"]["id"] == queue.id]
    assert drawn == ["present"]
