"""Who takes care of an alert: two operators, each told what the other did, by whom and when."""

import pytest
from api_server import RunningApi
from border import after

from flowctl.alarms.alerts import Alert, Kind, Severity, about_place
from flowctl.registry.accounts import Role
from flowctl.storage.alerts import save_alerts


@pytest.fixture
def alarm(api: RunningApi) -> int:
    """A full yard, found at 08:15; returns the alert's number."""
    place = api.border
    yard = "yard_bao_nguyen"
    found = Alert(
        Kind.YARD_FULL,
        Severity.HIGH,
        about_place(yard),
        after(15),
        place=yard,
        evidence={"yard": yard, "inside": 400, "capacity": 400},
    )
    with place.conn.transaction():
        save_alerts(place.conn, place.site, [found], after(15))
    api.clock.at = after(20)
    [(number,)] = place.conn.execute("select id from alerts").fetchall()
    return int(number)


def test_the_second_operator_is_told_by_whom_and_when(api: RunningApi, alarm: int):
    first = api.person(Role.OPERATOR, "hoa")
    second = api.person(Role.OPERATOR, "minh")
    path, body = f"/v1/alerts/{alarm}", {"state": "acknowledged"}
    assert first.post(path, json=body).json()["acknowledged_by"] == "hoa"
    api.clock.at = after(25)
    late = second.post(path, json=body)
    assert (late.status_code, late.json()["detail"]) == (
        409,
        f"Alert {alarm} is acknowledged already: by hoa at 08:20 on 23/01.",
    )
    closed = second.post(path, json={"state": "closed", "note": "trucks sent on"})
    assert closed.json()["state"] == "closed"
    after_all = first.post(path, json=body)
    assert after_all.json()["detail"].endswith("closed already: by minh at 08:25 on 23/01.")


def test_an_alarm_nobody_looks_into_says_when_it_sounds_again(api: RunningApi, alarm: int):
    operator = api.person(Role.OPERATOR)
    [shown] = operator.get("/v1/alerts", params={"unsettled": True}).json()
    assert shown["escalates_at"] == "2024-01-23T01:25:00Z"
    operator.post(f"/v1/alerts/{alarm}", json={"state": "acknowledged"})
    assert operator.get(f"/v1/alerts/{alarm}").json()["escalates_at"] is None


def test_an_alarm_is_taken_given_and_not_taken_from_under_anybody(api: RunningApi, alarm: int):
    hoa, minh = api.person(Role.OPERATOR, "hoa"), api.person(Role.OPERATOR, "minh")
    path = f"/v1/alerts/{alarm}/care"
    assert hoa.post(path, json={"to": "hoa"}).json()["assigned_to"] == "hoa"
    taken = minh.post(path, json={"to": "minh"})
    assert (taken.status_code, taken.json()["detail"]) == (
        409,
        f"Alert {alarm} is in the care of hoa since 08:20 on 23/01.",
    )
    given = hoa.post(path, json={"to": "minh", "instead_of": "hoa"})
    assert given.json()["assigned_to"] == "minh"
    assert minh.get("/v1/alerts/carers").json() == ["hoa", "minh"]
    back = minh.post(path, json={"to": None, "instead_of": "minh"}).json()
    assert back["assigned_to"] is None
    assert [one["state"] for one in back["decisions"]] == ["assigned", "assigned", "given_back"]


def test_nobody_gets_an_alarm_who_cannot_see_it(api: RunningApi, alarm: int):
    api.person(Role.PLANNER)
    operator = api.person(Role.OPERATOR)
    for name in ("planner", "nobody"):
        refused = operator.post(f"/v1/alerts/{alarm}/care", json={"to": name})
        assert refused.status_code == 422
        assert name in refused.json()["detail"]


def test_an_alarm_put_aside_counts_no_more_until_its_time_has_come(api: RunningApi, alarm: int):
    operator = api.person(Role.OPERATOR)
    path = f"/v1/alerts/{alarm}/snooze"
    aside = operator.post(path, json={"until": after(50).isoformat(), "note": "known"})
    assert aside.json()["snoozed_until"] == "2024-01-23T01:50:00Z"
    for until in (after(10), after(24 * 60)):
        refused = operator.post(path, json={"until": until.isoformat()})
        assert (refused.status_code, refused.json()["detail"][:5]) == (422, "until")
    assert operator.post(path, json={"until": None}).json()["snoozed_until"] is None
    operator.post(f"/v1/alerts/{alarm}", json={"state": "closed"})
    settled = operator.post(path, json={"until": after(50).isoformat()})
    assert settled.status_code == 409


def test_whatever_is_done_about_an_alarm_stands_in_the_log_of_acts(api: RunningApi, alarm: int):
    operator = api.person(Role.OPERATOR)
    operator.post(f"/v1/alerts/{alarm}", json={"state": "acknowledged"})
    operator.post(f"/v1/alerts/{alarm}/care", json={"to": "operator"})
    operator.post(f"/v1/alerts/{alarm}/snooze", json={"until": after(50).isoformat()})
    rows = api.border.conn.execute(
        "select act, account, before, after from audit where subject = %s order by id",
        [f"alert:{alarm}"],
    ).fetchall()
    assert rows == [
        ("alert.acknowledge", "operator", {"state": "open"}, {"state": "acknowledged"}),
        ("alert.assign", "operator", {"assigned_to": None}, {"assigned_to": "operator"}),
        ("alert.snooze", "operator", {"until": None}, {"until": after(50).isoformat()}),
    ]
