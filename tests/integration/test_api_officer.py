"""The gate officer's list, and decisions that count once."""

from base64 import urlsafe_b64decode
from typing import Any
from uuid import uuid4

import httpx
import pytest
from api_server import RunningApi
from border import KEYS, after

from flowctl.registry.accounts import Role
from flowctl.registry.decisions import withdraw
from flowctl.registry.keys import link_code
from flowctl.registry.passes import pass_public_key
from flowctl.registry.requests import RefusedError
from flowctl.state import Stage
from flowctl.storage.snapshot import gate_histories, list_live_trips

PATH = "/v1/gates/tan_thanh"


def officer(api: RunningApi) -> httpx.Client:
    return api.person(Role.OFFICER, name="Lan")


def decision(kind: str = "admitted", **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"id": str(uuid4()), "kind": kind, "at": after(0).isoformat(), **changes}


def send(client: httpx.Client, *decisions: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(f"{PATH}/decisions", json=list(decisions))
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def entries(api: RunningApi) -> list[tuple[str, str | None, str]]:
    return api.border.conn.execute(
        "select kind, reason, actor from ledger"
        " where kind in ('admitted', 'refused', 'came_early', 'came_late') order by seq"
    ).fetchall()


def entered(api: RunningApi) -> int:
    """Return how many trucks the controller believes to have come to the gate."""
    histories = gate_histories(api.border.conn, api.border.site, after(30))
    [gate] = [one for one in histories if one.gate == "tan_thanh"]
    return len(gate.entered_at)


def test_the_list_holds_who_is_due_called_or_over_today_at_this_gate_with_the_key(
    api: RunningApi,
):
    place = api.border
    due, called, tomorrow, elsewhere, cancelled, untold = (
        place.trip(at=after(-300), gates=("tan_thanh", "huu_nghi")) for _ in range(6)
    )
    for trip, starts in [(due, 60), (called, 30), (tomorrow, 60 * 30), (cancelled, 15)]:
        place.visit(trip, "yard_bao_nguyen", -100)
        place.tell(trip, after(starts))
    place.tell(elsewhere, after(30), "huu_nghi")
    place.release(called, -5, until=55)
    place.conn.execute(
        "update trips set state = 'cancelled', ended_at = %s where id = %s", [after(-10), cancelled]
    )
    got = officer(api).get(f"{PATH}/list").json()
    assert (got["site"], got["gate"], got["at"]) == (
        "lang_son",
        "tan_thanh",
        "2024-01-23T01:00:00Z",
    )
    assert urlsafe_b64decode(got["public_key"] + "=") == pass_public_key(KEYS)
    rows = {row["trip"]: row for row in got["trips"]}
    assert list(rows) == [cancelled, called, due]
    assert [rows[t]["stage"] for t in rows] == ["cancelled", "released", "staged"]
    assert [rows[t]["order"] for t in rows] == [None, 1, 2]
    assert rows[called]["released_at"] == "2024-01-23T00:55:00Z"
    assert rows[due]["slot"] == {
        "starts_at": "2024-01-23T02:00:00Z",
        "ends_at": "2024-01-23T02:15:00Z",
    }
    assert rows[due]["plate"] == "12C00001"
    assert untold not in rows
    [sent_on] = got["elsewhere"]
    assert sent_on == {
        "trip": elsewhere,
        "plate": "12C00004",
        "direction": "export",
        "gate": "huu_nghi",
        "slot": {"starts_at": "2024-01-23T01:30:00Z", "ends_at": "2024-01-23T01:45:00Z"},
        "stage": "registered",
        "released_at": None,
    }


def test_a_truck_called_to_another_gate_than_its_slot_was_at_is_due_there_alone(api: RunningApi):
    place = api.border
    trip, tomorrow = (place.trip(at=after(-300), gates=("tan_thanh", "huu_nghi")) for _ in "ab")
    place.visit(trip, "yard_bao_nguyen", -100)
    place.tell(trip, after(30))
    place.release(trip, -5, until=55)
    place.tell(tomorrow, after(60 * 30), "huu_nghi")
    place.conn.execute("update releases set gate = 'huu_nghi'")
    lan = officer(api)
    got = lan.get(f"{PATH}/list").json()
    assert got["trips"] == []
    [row] = got["elsewhere"]
    assert (row["trip"], row["gate"], row["slot"]) == (trip, "huu_nghi", None)
    assert (row["stage"], row["released_at"]) == ("released", "2024-01-23T00:55:00Z")
    assert lan.get("/v1/gates/huu_nghi/list").json()["elsewhere"] == []
    admitted = decision(trip=trip)
    assert lan.post("/v1/gates/huu_nghi/decisions", json=[admitted]).json()["recorded"] == 1
    got = lan.get(f"{PATH}/list").json()
    assert got["elsewhere"] == []
    assert [one["admission"]["gate"] for one in got["trips"]] == ["huu_nghi"]


def test_a_decision_counts_once_however_often_it_is_sent_and_names_the_officer(api: RunningApi):
    trip = api.border.trip(device=None)
    api.border.tell(trip, after(0))
    lan = officer(api)
    admitted = decision(trip=trip)
    assert send(lan, admitted) == {"recorded": 1, "repeated": 0, "refused": []}
    assert send(lan, admitted)["repeated"] == 1
    assert entries(api) == [("admitted", None, "Lan")]
    [row] = lan.get(f"{PATH}/list").json()["trips"]
    assert row["decision"] == {
        "kind": "admitted",
        "reason": None,
        "at": "2024-01-23T01:00:00Z",
        "by": "Lan",
    }


def test_an_admission_stays_known_whatever_is_marked_until_the_same_gate_refuses(api: RunningApi):
    trip = api.border.trip(device=None, gates=("tan_thanh", "huu_nghi"))
    api.border.tell(trip, after(0))
    lan = officer(api)
    told = {"gate": "tan_thanh", "at": "2024-01-23T00:50:00Z", "by": "Lan"}

    def listed(gate: str) -> dict[str, Any]:
        [row] = lan.get(f"/v1/gates/{gate}/list").json()["trips"]
        return dict(row)

    send(lan, decision(trip=trip, at=after(-10).isoformat()))
    send(lan, decision("late", trip=trip, at=after(-5).isoformat()))
    assert (listed("tan_thanh")["decision"]["kind"], listed("tan_thanh")["admission"]) == (
        "late",
        told,
    )
    assert (listed("huu_nghi")["admission"], listed("huu_nghi")["slot"]) == (told, None)
    wrong = decision("refused", trip=trip, reason="wrong_gate", at=after(-3).isoformat())
    assert lan.post("/v1/gates/huu_nghi/decisions", json=[wrong]).json()["recorded"] == 1
    assert listed("tan_thanh")["admission"] == told, "another gate takes nothing back"
    send(lan, decision("refused", trip=trip, reason="papers"))
    assert listed("tan_thanh")["admission"] is None


def test_an_admitted_truck_that_no_tracker_shows_is_at_the_gate_and_no_driver_cancels_it(
    api: RunningApi,
):
    place = api.border
    trip = place.trip(at=after(-300))
    place.visit(trip, "yard_bao_nguyen", -100)
    place.tell(trip, after(-30))
    place.release(trip, -90, until=-30)
    send(officer(api), decision(trip=trip, at=after(-40).isoformat()))
    [live] = list_live_trips(place.conn, place.site, after(0))
    assert (live.stage, live.queued_gate, live.yard) == (Stage.QUEUED, "tan_thanh", None)
    assert live.queued_at == after(-40)
    assert entered(api) == 1
    with pytest.raises(RefusedError, match="was admitted at tan_thanh at 2024-01-23 07:20"):
        withdraw(place.conn, place.site, trip, by="driver", now=after(0))
    path = f"/v1/driver/{link_code(KEYS, trip, 0)}"
    driver = api.client()
    assert driver.post(f"{path}/claim").status_code == 200
    refused = driver.post(f"{path}/cancel")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:flowctl:called")
    place.visit(trip, "queue_tan_thanh", -38)
    [live] = list_live_trips(place.conn, place.site, after(0))
    assert live.queued_at == after(-38), "what its tracker shows later is the same coming"
    assert entered(api) == 1
    place.visit(trip, "yard_viettel", -5)
    [live] = list_live_trips(place.conn, place.site, after(0))
    assert (live.queued_at, live.yard) == (None, "yard_viettel"), "it was sent back"


def test_a_truck_without_a_tracker_that_is_admitted_has_entered_once_whoever_admits_it(
    api: RunningApi,
):
    api.border.trip(device=None)
    lan, minh = officer(api), api.person(Role.OFFICER, name="Minh")
    send(lan, decision(plate="12C-000.01"))
    send(minh, decision(plate="12C00001", at=after(3).isoformat()))
    assert entered(api) == 1
    assert [actor for _, _, actor in entries(api)] == ["Lan", "Minh"], "both said so"


def test_a_truck_that_its_tracker_saw_enter_counts_once_when_it_is_admitted(api: RunningApi):
    trip = api.border.trip()
    api.border.visit(trip, "queue_tan_thanh", 1)
    send(officer(api), decision(trip=trip, at=after(3).isoformat()))
    assert entered(api) == 1


def test_a_refusal_has_a_reason_and_early_and_late_are_marked(api: RunningApi):
    trip = api.border.trip()
    said = send(
        officer(api),
        decision("refused", trip=trip, reason="papers"),
        decision("early", trip=trip),
        decision("late", trip=trip),
        decision("refused", plate="30H99999", reason="not_due"),
    )
    assert said["recorded"] == 4
    assert entries(api) == [
        ("refused", "papers", "Lan"),
        ("came_early", None, "Lan"),
        ("came_late", None, "Lan"),
        ("refused", "not_due", "Lan"),
    ]
    assert entered(api) == 0
    why = api.person(Role.OPERATOR).get(f"/v1/trips/{trip}/why?language=en").json()
    assert [event["kind"] for event in why["history"]][-3:] == [
        "refused",
        "came_early",
        "came_late",
    ]
    assert "the papers" in why["history"][-3]["text"]


def test_one_bad_decision_holds_up_no_other(api: RunningApi):
    trip = api.border.trip()
    bad = [
        decision("refused", trip=trip),
        decision(trip=trip, reason="papers"),
        decision(trip=987_654),
        decision(),
        decision(plate="?"),
        decision(trip=trip, plate="99C99999"),
        decision(trip=trip, at=after(60).isoformat()),
        decision(trip=trip, at=after(-60 * 40).isoformat()),
    ]
    said = send(officer(api), *bad, decision(trip=trip))
    assert said["recorded"] == 1
    assert [one["id"] for one in said["refused"]] == [one["id"] for one in bad]
    assert all(one["detail"].endswith(".") for one in said["refused"])


def test_an_unknown_gate_is_named(api: RunningApi):
    for answer in (
        officer(api).get("/v1/gates/nowhere/list"),
        officer(api).post("/v1/gates/nowhere/decisions", json=[]),
    ):
        assert answer.status_code == 404
        assert "'nowhere'" in answer.json()["detail"]
