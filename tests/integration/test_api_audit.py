import csv
import io
from datetime import timedelta
from uuid import uuid4

from api_server import RunningApi
from border import KEYS

from flowctl.registry.accounts import Role
from flowctl.registry.keys import link_code
from flowctl.storage.audit import By, add_record

AUDIT = "/v1/audit"
ANH = By("anh", "operator", None)
TRIP = {
    "plate": "12C-123.45",
    "phone": "+84903012345",
    "language": "vi",
    "direction": "export",
    "cargo": "normal",
    "gates": ["tan_thanh"],
    "ready_at": "2024-01-23T02:00:00Z",
}


def test_who_registers_changes_and_cancels_a_trip_is_written_down_without_the_phone(
    api: RunningApi,
):
    operator, boss = api.person(Role.OPERATOR), api.person(Role.ADMINISTRATOR)
    trip = operator.post("/v1/trips", json=TRIP).json()["id"]
    patch = {"cargo": "reefer", "phone": "+84903099999"}
    assert operator.patch(f"/v1/trips/{trip}", json=patch).status_code == 200
    assert operator.post(f"/v1/trips/{trip}/cancel").status_code == 200
    asked = boss.get(AUDIT, params={"subject": f"trip:{trip}"})
    cancelled, changed, registered = asked.json()["records"]
    assert [one["act"] for one in (registered, changed, cancelled)] == [
        "trip.register",
        "trip.change",
        "trip.cancel",
    ]
    who = {key: changed[key] for key in ("account", "role", "address", "at")}
    assert who == {
        "account": "operator",
        "role": "operator",
        "address": "127.0.0.1",
        "at": "2024-01-23T01:00:00Z",
    }
    assert changed["before"] == {"cargo": "normal"}
    assert changed["after"] == {"cargo": "reefer", "named": ["phone"]}
    assert cancelled["before"]["state"] == "active"
    assert cancelled["after"]["state"] == "cancelled"
    for hidden in ("84903012345", "84903099999"):
        assert hidden not in asked.text


def test_what_is_refused_is_not_written_down_as_done(api: RunningApi):
    operator, boss = api.person(Role.OPERATOR), api.person(Role.ADMINISTRATOR)
    assert operator.post("/v1/trips", json={**TRIP, "plate": "nonsense!"}).status_code == 422
    assert boss.get(AUDIT, params={"act": "trip"}).json()["records"] == []


def test_closing_a_gate_and_opening_it_again_is_written_down_with_both_states(api: RunningApi):
    officer, boss = api.person(Role.OFFICER), api.person(Role.ADMINISTRATOR)
    wish = {"ends_at": "2024-01-23T04:00:00Z", "reason": "snow"}
    closed = officer.post("/v1/gates/tan_thanh/closures", json=wish)
    api.clock.at += timedelta(minutes=20)
    assert officer.post(f"/v1/closures/{closed.json()['id']}/end").status_code == 200
    end, begin = boss.get(AUDIT, params={"act": "closure"}).json()["records"]
    assert (begin["before"], begin["after"]["ends_at"]) == (None, "2024-01-23T04:00:00+00:00")
    assert end["before"]["ends_at"] == begin["after"]["ends_at"] != end["after"]["ends_at"]


def test_the_log_is_read_page_by_page_and_by_account_act_subject_and_time(api: RunningApi):
    boss = api.person(Role.ADMINISTRATOR)
    write(api, *(f"hold.{n}" for n in range(5)))
    first = boss.get(AUDIT, params={"act": "hold", "limit": 3}).json()
    rest = boss.get(AUDIT, params={"act": "hold", "limit": 3, "before": first["before"]}).json()
    acts = [one["act"] for one in first["records"] + rest["records"]]
    assert acts == [f"hold.{n}" for n in (4, 3, 2, 1, 0)]
    assert rest["before"] is None
    for asked, n in (
        ({"account": "anh"}, 5),
        ({"account": "nobody"}, 0),
        ({"act": "hold.3"}, 1),
        ({"act": "hol"}, 0),
        ({"subject": "trip:1"}, 5),
        ({"act": "hold", "since": "2024-01-23T01:00:00Z"}, 5),
        ({"act": "hold", "until": "2024-01-23T01:00:00Z"}, 0),
    ):
        assert len(boss.get(AUDIT, params=asked).json()["records"]) == n, asked


def test_what_machines_did_is_left_out_where_that_is_asked_for_and_its_number_said(
    api: RunningApi,
):
    boss = api.person(Role.ADMINISTRATOR)
    write(api, "hold.begin", "hold.end")
    write(api, *["gate.observe"] * 3, by=By("source:customs", "machine", "203.0.113.7"))
    asked = {"machines": "false", "subject": "trip:1"}
    page = boss.get(AUDIT, params=asked).json()
    assert [one["act"] for one in page["records"]] == ["hold.end", "hold.begin"]
    assert page["left_out"] == 3
    whole = boss.get(AUDIT, params={"subject": "trip:1"}).json()
    assert (len(whole["records"]), whole["left_out"]) == (5, None)
    file = boss.get(f"{AUDIT}.csv", params=asked).text
    assert "gate.observe" not in file
    assert "hold.begin" in file


def test_acts_on_a_truck_are_found_by_a_part_of_its_plate_and_say_the_plate(api: RunningApi):
    operator, boss = api.person(Role.OPERATOR), api.person(Role.ADMINISTRATOR)
    trip = operator.post("/v1/trips", json=TRIP).json()["id"]
    other = operator.post("/v1/trips", json={**TRIP, "plate": "99H-777.77"}).json()["id"]
    page = boss.get(AUDIT, params={"plate": "123.45"}).json()
    assert [one["subject"] for one in page["records"]] == [f"trip:{trip}"]
    assert page["plates"] == {str(trip): "12C12345"}
    for typed in ("nobody", "%", "1%C", "\\"):
        assert boss.get(AUDIT, params={"plate": typed}).json()["records"] == []
    for asked in (AUDIT, f"{AUDIT}.csv"):
        assert boss.get(asked, params={"plate": "."}).status_code == 422
    both = boss.get(AUDIT, params={"act": "trip"}).json()
    assert both["plates"] == {str(trip): "12C12345", str(other): "99H77777"}
    rows = csv.DictReader(
        io.StringIO(boss.get(f"{AUDIT}.csv", params={"plate": "777"}).text, newline="")
    )
    assert [row["subject"] for row in rows] == [f"trip:{other}"]


def test_the_log_goes_out_as_csv_in_which_nothing_is_a_formula(api: RunningApi):
    boss = api.person(Role.ADMINISTRATOR)
    write(api, "=cmd()", "+1", "-1", "@sum", "\tx")
    answer = boss.get(f"{AUDIT}.csv", params={"account": "anh"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["act"] for row in rows] == ["'\tx", "'@sum", "'-1", "'+1", "'=cmd()"]
    assert rows[0]["after"] == '{"plate": 1}'


def test_a_log_longer_than_a_page_goes_out_whole(api: RunningApi):
    boss = api.person(Role.ADMINISTRATOR)
    write(api, *["hold.begin"] * 2100)
    answer = boss.get(f"{AUDIT}.csv", params={"act": "hold"})
    ids = [int(row["id"]) for row in csv.DictReader(io.StringIO(answer.text, newline=""))]
    assert len(ids) == 2100
    assert ids == sorted(set(ids), reverse=True)


def test_what_a_driver_does_by_the_link_is_written_down_by_its_trip_and_from_nowhere(
    api: RunningApi,
):
    boss, trip = api.person(Role.ADMINISTRATOR), api.border.trip()
    path, phone = f"/v1/driver/{link_code(KEYS, trip, 0)}", api.client()
    assert phone.post(f"{path}/claim", json={}).status_code == 200
    again = {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        assert phone.post(f"{path}/cancel", headers=again).status_code == 200
    [act] = boss.get(AUDIT, params={"act": "driver"}).json()["records"]
    assert (act["act"], act["subject"], act["address"]) == ("driver.cancel", f"trip:{trip}", None)


def write(api: RunningApi, *acts: str, by: By = ANH) -> None:
    conn, now = api.border.conn, api.clock.now()
    with conn.transaction():
        for act in acts:
            add_record(
                conn,
                "lang_son",
                by,
                act=act,
                subject="trip:1",
                before=None,
                after={"plate": 1},
                at=now,
            )
