"""Alerts over the API: listed, read with their points, judged by those who may."""

import json

import pytest
from api_server import RunningApi
from border import after

from flowctl.registry.accounts import Role
from flowctl.storage.alert_facts import find_alerts
from flowctl.storage.alerts import save_alerts
from flowctl.storage.partitions import ensure_fix_partitions


@pytest.fixture
def alert(api: RunningApi) -> int:
    """A truck that stands at the gate uncalled, found ten minutes later; returns the alert."""
    place = api.border
    ensure_fix_partitions(place.conn, after(0).date(), after(0).date())
    trip = place.trip()
    place.visit(trip, "queue_tan_thanh", 5)
    place.conn.execute(
        "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat)"
        " values (%s, 1, %s, %s, 106.68, 22.0)",
        [place.device_of(trip), after(5), after(5)],
    )
    now = after(15)
    with place.conn.transaction():
        save_alerts(place.conn, place.site, find_alerts(place.conn, place.site, now), now)
    api.clock.at = after(20)
    return 1


def test_an_alert_is_listed_with_its_evidence_and_nothing_personal_but_the_plate(
    api: RunningApi, alert: int
):
    [listed] = api.person(Role.OFFICER).get("/v1/alerts").json()
    assert listed == {
        "id": alert,
        "kind": "unreleased",
        "severity": "high",
        "state": "open",
        "trip_id": 1,
        "plate": "12C00001",
        "other_trip_id": None,
        "other_plate": None,
        "device": "tracker-1",
        "haulier": None,
        "place": None,
        "at": "2024-01-23T01:05:00Z",
        "found_at": "2024-01-23T01:15:00Z",
        "last_seen_at": "2024-01-23T01:15:00Z",
        "proved": True,
        "loses_seniority": False,
        "over_at": None,
        "escalates_at": "2024-01-23T01:25:00Z",
        "assigned_to": None,
        "snoozed_until": None,
        "acknowledged_by": None,
        "acknowledged_at": None,
        "evidence": {
            "fault": "not_called",
            "gate": "tan_thanh",
            "zone": "queue_tan_thanh",
            "entered_at": "2024-01-23T01:05:00+00:00",
            "seen_by": "gps",
            "stayed_s": 600,
        },
    }
    assert "849030" not in json.dumps(listed)


@pytest.mark.usefixtures("alert")
def test_alerts_are_asked_for_by_state_kind_and_time(api: RunningApi):
    officer = api.person(Role.OFFICER)

    def ids(**asked: str) -> list[int]:
        answer = officer.get("/v1/alerts", params=asked)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()]

    assert ids(state="open") == ids(kind="unreleased") == ids(since=after(15).isoformat()) == [1]
    assert ids(state="dismissed") == ids(kind="swapped") == ids(since=after(16).isoformat()) == []
    assert officer.get("/v1/alerts", params={"state": "gone"}).status_code == 422


def test_one_alert_comes_with_its_points_and_what_people_said(api: RunningApi, alert: int):
    operator = api.person(Role.OPERATOR)
    judged = operator.post(
        f"/v1/alerts/{alert}", json={"state": "dismissed", "note": "sent by hand"}
    )
    assert judged.status_code == 200, judged.text
    shown = operator.get(f"/v1/alerts/{alert}").json()
    assert shown == judged.json()
    assert shown["state"] == "dismissed"
    assert shown["decisions"] == [
        {
            "state": "dismissed",
            "note": "sent by hand",
            "by": "operator",
            "at": "2024-01-23T01:20:00Z",
        }
    ]
    [point] = shown["points"]["features"]
    assert point["geometry"] == {"type": "Point", "coordinates": [106.68, 22.0]}
    assert point["properties"]["what"] == "queue_tan_thanh"


def test_a_judgement_that_cannot_be_is_refused_in_a_sentence(api: RunningApi, alert: int):
    operator = api.person(Role.OPERATOR)
    bare = operator.post(f"/v1/alerts/{alert}", json={"state": "confirmed"})
    assert (bare.status_code, bare.json()["detail"]) == (
        422,
        "Say in note why the alert is confirmed or dismissed.",
    )
    assert operator.post(f"/v1/alerts/{alert}", json={"state": "open"}).status_code == 422
    gone = operator.post("/v1/alerts/77", json={"state": "acknowledged"})
    assert (gone.status_code, gone.json()["detail"]) == (404, "There is no alert 77.")
    assert operator.get("/v1/alerts/77").status_code == 404
    twice = {"state": "acknowledged"}
    assert operator.post(f"/v1/alerts/{alert}", json=twice).status_code == 200
    assert operator.post(f"/v1/alerts/{alert}", json=twice).status_code == 409


@pytest.mark.usefixtures("alert")
def test_the_live_picture_counts_those_nobody_has_looked_at(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    assert operator.get("/v1/live").json()["alerts"] == 1


@pytest.mark.parametrize("role", [Role.HAULIER, Role.PLANNER])
def test_hauliers_and_planners_do_not_see_alerts(api: RunningApi, alert: int, role: Role):
    person = api.person(role)
    assert person.get("/v1/alerts").status_code == 403
    assert person.get(f"/v1/alerts/{alert}").status_code == 403
    judged = person.post(f"/v1/alerts/{alert}", json={"state": "acknowledged"})
    assert judged.status_code == 403


def test_what_a_truck_weighs_is_said_with_where_it_was_seen(api: RunningApi):
    place = api.border
    place.trip()
    officer = api.person(Role.OFFICER)
    came = [{"plate": "12C-000.01", "at": after(0).isoformat(), "weight_t": 14.2}]
    assert officer.post("/v1/yards/yard_bao_nguyen/events", json=came).status_code == 200
    goes = {"direction": "export", "kind": "entered", "truck": "12C-000.01"}
    weighed = [{**goes, "at": after(0).isoformat(), "weight_t": 38.0}]
    assert officer.post("/v1/gates/tan_thanh/events", json=weighed).status_code == 200
    found = find_alerts(place.conn, place.site, after(1))
    assert [one.evidence.get("goes_t") for one in found if one.kind == "swapped"] == [38.0]
    heavy = [{**goes, "at": after(0).isoformat(), "weight_t": 0}]
    assert officer.post("/v1/gates/tan_thanh/events", json=heavy).status_code == 422
