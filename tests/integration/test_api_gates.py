from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from api_server import RunningApi
from border import MORNING

from flowctl.registry.accounts import Role
from flowctl.registry.sources import add_source, add_token, set_terms, withdraw_tokens
from flowctl.storage.sources import Scope

EVENTS = "/v1/gates/tan_thanh/events"


def seen(kind: str, minute: float, truck: str = "桂A-12345", **changes: object) -> dict[str, Any]:
    at = (MORNING + timedelta(minutes=minute)).isoformat()
    return {"direction": "import", "kind": kind, "truck": truck, "at": at, **changes}


def detail(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    text: str = answer.json()["detail"]
    return text


def told(api: RunningApi) -> int:
    """Return how many events of gates are stored."""
    [(events,)] = api.border.conn.execute("select count(*) from gate_events").fetchall()
    return int(events)


def test_events_count_once_however_often_they_are_sent(api: RunningApi):
    gates = api.witness()
    batch = [seen("entered", -30), seen("cleared", -15)]
    assert gates.post(EVENTS, json=batch).json() == {"recorded": 2, "repeated": 0}
    again = [*batch, seen("entered", -10, "other")]
    assert gates.post(EVENTS, json=again).json() == {"recorded": 1, "repeated": 2}
    assert gates.post(EVENTS, json=[]).json() == {"recorded": 0, "repeated": 0}


def test_an_officer_may_write_down_what_it_sees_and_signs_it(api: RunningApi):
    officer = api.person(Role.OFFICER, "Ms Lan")
    assert officer.post(EVENTS, json=[seen("entered", -1)]).status_code == 200
    rows = api.border.conn.execute("select recorded_by, truck from gate_events").fetchall()
    assert rows == [("Ms Lan", "桂A12345")]


def test_a_tracker_says_nothing_about_gates_and_is_told_what_is_missing(api: RunningApi):
    token = add_source(api.border.conn, name="acme.trackers", enrols=True)
    trip = api.border.trip(plate="12C12345", device=None, at=MORNING - timedelta(hours=1))
    event = seen("cleared", -5, "12C-123.45", direction="export")
    answer = api.client(Authorization=f"Bearer {token}").post(EVENTS, json=[event])
    assert detail(answer, 403) == (
        "This key of the source acme.trackers may positions, and this needs witness; an"
        " administrator gives rights with: flowctl source set acme.trackers --may …"
    )
    assert told(api) == 0
    shown = api.person(Role.OPERATOR).get(f"/v1/trips/{trip}").json()
    assert shown["state"] != "cleared"


def test_a_right_to_witness_holds_and_ends_with_the_next_request(api: RunningApi):
    machine = api.machine()
    assert machine.post("/v1/fixes", json=[]).status_code == 200  # its token is remembered now
    detail(machine.post(EVENTS, json=[seen("entered", -3)]), 403)
    set_terms(api.border.conn, "trackers", scopes={Scope.WITNESS})
    assert machine.post(EVENTS, json=[seen("entered", -2)]).json() == {"recorded": 1, "repeated": 0}
    set_terms(api.border.conn, "trackers", scopes={Scope.POSITIONS})
    assert "this needs witness" in detail(machine.post(EVENTS, json=[seen("entered", -1)]), 403)
    assert told(api) == 1


def test_a_withdrawn_token_says_nothing_more_about_gates(api: RunningApi):
    gates = api.witness()
    assert gates.post(EVENTS, json=[seen("entered", -2)]).status_code == 200
    withdraw_tokens(api.border.conn, "gates", wall_now=datetime.now(UTC))
    detail(gates.post(EVENTS, json=[seen("entered", -1)]), 401)
    assert told(api) == 1


def test_a_right_that_cannot_be_asked_for_does_not_hold(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.database.ANSWER_S", 0.5)
    gates = api.witness()
    assert gates.post(EVENTS, json=[seen("entered", -2)]).status_code == 200
    with psycopg.connect(api.app.state.settings.database_url) as other:
        other.execute("lock table source_tokens in access exclusive mode")
        assert "send the request again" in detail(
            gates.post(EVENTS, json=[seen("entered", -1)]), 503
        )
    assert told(api) == 1


def test_the_token_of_one_device_says_nothing_about_gates_whatever_its_source_may(api: RunningApi):
    api.witness()
    token = add_token(api.border.conn, "gates", wall_now=datetime.now(UTC), device="A")
    answer = api.client(Authorization=f"Bearer {token}").post(EVENTS, json=[seen("entered", -1)])
    assert "one device" in detail(answer, 403)
    assert told(api) == 0


def test_the_clearance_of_a_registered_truck_ends_its_trip(api: RunningApi):
    trip = api.border.trip(plate="12C12345", device=None, at=MORNING - timedelta(hours=1))
    event = seen("cleared", -5, "12C-123.45", direction="export")
    assert api.witness().post(EVENTS, json=[event]).status_code == 200
    shown = api.person(Role.OPERATOR).get(f"/v1/trips/{trip}").json()
    assert (shown["state"], shown["stage"]) == ("cleared", "cleared")
    rows = api.border.conn.execute("select kind, params from outbox order by id").fetchall()
    assert rows == [("registered", {}), ("passed", {"gate": "tan_thanh"})]


def test_an_unknown_gate_is_a_404_that_names_the_known_ones(api: RunningApi):
    answer = api.witness().post("/v1/gates/lao_cai/events", json=[seen("entered", -1)])
    assert "huu_nghi and tan_thanh" in detail(answer, 404)


def test_what_cannot_have_been_seen_is_refused_with_its_index(api: RunningApi):
    def refused(*events: dict[str, Any]) -> str:
        return detail(api.witness().post(EVENTS, json=list(events)), 422)

    good = seen("entered", -1)
    assert "Event 1 lies in the future" in refused(good, seen("entered", 10))
    assert "Event 1 is more than 36 hours old" in refused(good, seen("entered", -37 * 60))
    assert "Event 1 has no mark" in refused(good, seen("entered", -1, "--"))
    assert "1.kind" in refused(good, seen("arrived", -1))
    assert "1.direction" in refused(good, seen("entered", -1, direction="up"))
    assert "1.at" in refused(good, seen("entered", -1, at="2024-01-23T08:00:00"))
    assert "cannot be stored" in refused(good, seen("entered", -1, "12\x0034"))
    assert told(api) == 0
