from datetime import timedelta
from typing import Any

import httpx
from api_server import RunningApi
from border import MORNING

from flowctl.registry.accounts import Role

EVENTS = "/v1/gates/tan_thanh/events"


def seen(kind: str, minute: float, truck: str = "桂A-12345", **changes: object) -> dict[str, Any]:
    at = (MORNING + timedelta(minutes=minute)).isoformat()
    return {"direction": "import", "kind": kind, "truck": truck, "at": at, **changes}


def detail(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    text: str = answer.json()["detail"]
    return text


def test_events_count_once_however_often_they_are_sent(api: RunningApi):
    machine = api.machine()
    batch = [seen("entered", -30), seen("cleared", -15)]
    assert machine.post(EVENTS, json=batch).json() == {"recorded": 2, "known": 0}
    again = [*batch, seen("entered", -10, "other")]
    assert machine.post(EVENTS, json=again).json() == {"recorded": 1, "known": 2}
    assert machine.post(EVENTS, json=[]).json() == {"recorded": 0, "known": 0}


def test_an_officer_may_write_down_what_it_sees_and_signs_it(api: RunningApi):
    officer = api.person(Role.OFFICER, "Ms Lan")
    assert officer.post(EVENTS, json=[seen("entered", -1)]).status_code == 200
    rows = api.border.conn.execute("select recorded_by, truck from gate_events").fetchall()
    assert rows == [("Ms Lan", "桂A12345")]


def test_the_clearance_of_a_registered_truck_ends_its_trip(api: RunningApi):
    trip = api.border.trip(plate="12C12345", device=None, at=MORNING - timedelta(hours=1))
    event = seen("cleared", -5, "12C-123.45", direction="export")
    assert api.machine().post(EVENTS, json=[event]).status_code == 200
    shown = api.person(Role.OPERATOR).get(f"/v1/trips/{trip}").json()
    assert (shown["state"], shown["stage"]) == ("cleared", "cleared")
    rows = api.border.conn.execute("select kind, params from outbox order by id").fetchall()
    assert rows == [("registered", {}), ("passed", {"gate": "tan_thanh"})]


def test_an_unknown_gate_is_a_404_that_names_the_known_ones(api: RunningApi):
    answer = api.machine().post("/v1/gates/lao_cai/events", json=[seen("entered", -1)])
    assert "huu_nghi and tan_thanh" in detail(answer, 404)


def test_what_cannot_have_been_seen_is_refused_with_its_index(api: RunningApi):
    def refused(*events: dict[str, Any]) -> str:
        return detail(api.machine().post(EVENTS, json=list(events)), 422)

    good = seen("entered", -1)
    assert "Event 1 lies in the future" in refused(good, seen("entered", 10))
    assert "Event 1 is more than 36 hours old" in refused(good, seen("entered", -37 * 60))
    assert "Event 1 has no mark" in refused(good, seen("entered", -1, "--"))
    assert "1.kind" in refused(good, seen("arrived", -1))
    assert "1.direction" in refused(good, seen("entered", -1, direction="up"))
    assert "1.at" in refused(good, seen("entered", -1, at="2024-01-23T08:00:00"))
    assert "cannot be stored" in refused(good, seen("entered", -1, "12\x0034"))
    [(events,)] = api.border.conn.execute("select count(*) from gate_events").fetchall()
    assert events == 0
