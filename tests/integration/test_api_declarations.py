"""The one declaration of a trip: what it takes, who sees what of it, what a change of it costs."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from agencies import give_workflow
from api_server import RunningApi
from border import MORNING
from test_api_trips import declaration, refusal, register

from flowctl.registry.accounts import Role

WHOLE = {
    "trailer": "12R-001.23",
    "driver_name": " Nguyễn  Văn A ",
    "licence": "790 123 456 789",
    "licence_until": "2026-05-01",
    "consent": True,
    "goods": "Thanh long",
    "goods_code": "0810.90.92",
    "value_vnd": 900_000_000,
    "keeps_h": 72.0,
    "temperature_c": 5.5,
    "customer": "Hoa quả Bắc Giang",
    "declaration": "105 123 456 700",
}


def declared(api: RunningApi, trip: int, role: Role) -> dict[str, Any]:
    answer = api.person(role).get(f"/v1/trips/{trip}/declaration")
    assert answer.status_code == 200, answer.text
    whole: dict[str, Any] = answer.json()
    return whole


def seen(api: RunningApi) -> list[tuple[str, str]]:
    rows = api.border.conn.execute(
        "select account, subject from audit where act = 'person.seen' order by id"
    )
    return rows.fetchall()


def test_who_leaves_the_driver_out_is_shown_no_person_and_is_not_written_down(api: RunningApi):
    trip = register(api.machine(), **WHOLE)["id"]
    officer = api.person(Role.OFFICER)
    whole = officer.get(f"/v1/trips/{trip}/declaration", params={"driver": False}).json()
    assert whole["goods"] == WHOLE["goods"]
    assert not {whole[name] for name in ("driver_name", "licence", "licence_until", "phone")} - {
        None
    }
    assert seen(api) == []
    officer.get(f"/v1/trips/{trip}/declaration")
    assert seen(api) == [("officer", f"trip:{trip}")]


def test_one_declaration_says_it_all_and_comes_back_in_one_spelling(api: RunningApi):
    trip = register(api.machine(), **WHOLE)["id"]
    whole = declared(api, trip, Role.OPERATOR)
    assert {name: whole[name] for name in WHOLE} == WHOLE | {
        "trailer": "12R00123",
        "driver_name": "Nguyễn Văn A",
        "licence": "790123456789",
        "goods_code": "08109092",
        "declaration": "105123456700",
    }
    assert (whole["plate"], whole["nationality"], whole["marks"]) == ("12C12345", "VN", [])
    assert (whole["load"], whole["phone"]) == ("laden", "+84903123456")


def test_the_driver_is_shown_by_need_and_that_he_was_is_written_down(api: RunningApi):
    trip = register(api.machine(), **WHOLE)["id"]
    officer = declared(api, trip, Role.OFFICER)
    assert (officer["driver_name"], officer["phone"]) == ("Nguyễn Văn A", None)
    planner = declared(api, trip, Role.PLANNER)
    hidden = ("driver_name", "licence", "licence_until", "phone")
    assert [planner[name] for name in hidden] == [None] * 4
    machine = api.machine().get(f"/v1/trips/{trip}/declaration").json()
    assert [machine[name] for name in hidden] == [None] * 4
    assert seen(api) == [("officer", f"trip:{trip}")]


def test_a_driver_without_licence_in_the_tables_stands_nowhere_in_them(api: RunningApi):
    register(api.machine(), **WHOLE)
    [(cipher,)] = api.border.conn.execute("select driver_cipher from declarations").fetchall()
    assert "Nguyễn".encode() not in bytes(cipher)
    assert b"790123456789" not in bytes(cipher)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"driver_name": "A", "consent": False}, "without the driver's consent"),
        ({"licence_until": "2024-01-22", "consent": True}, "ran out on 2024-01-22"),
        ({"licence": "?", "consent": True}, "'\\?' is no number of a licence"),
        ({"trailer": "12C 123.45"}, "trailer is the truck's own plate"),
        ({"load": "empty", "goods": "Gạo"}, "The truck is empty, and goods speaks of goods"),
        ({"goods_code": "ABC"}, "'ABC' is no code of goods"),
        ({"value_vnd": -1}, "value_vnd -1 must lie between 0"),
        ({"temperature_c": 99.0}, "temperature_c 99 must lie between -60 and 60"),
        ({"nationality": "CN"}, "has the form of VN, not of CN"),
        ({"goods_class": "stars"}, "goods_class 'stars' is not known here"),
        ({"handover": "balloon"}, "handover 'balloon' is not known here"),
        ({"goods": "x" * 161}, "goods is longer than 160"),
        ({"draft": "00000000-0000-4000-8000-000000000000"}, "There is no draft"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name_and_leaves_nothing(
    api: RunningApi, change: dict[str, object], named: str
):
    machine = api.machine()
    answer = machine.post("/v1/trips", json=declaration(**change))
    status = 404 if "draft" in change else 422
    assert re.search(named, refusal(answer, status))
    assert machine.get("/v1/trips").json() == []


def test_a_plate_of_no_known_form_is_taken_with_a_mark(api: RunningApi):
    trip = register(api.machine(), plate="AB 123 XY", nationality="other")["id"]
    whole = declared(api, trip, Role.OPERATOR)
    assert (whole["marks"], whole["nationality"]) == (["plate_form"], "other")


def test_a_licence_that_ran_out_since_is_marked(api: RunningApi):
    trip = register(api.machine(), **WHOLE | {"licence_until": "2024-01-24"})["id"]
    api.clock.at = MORNING + timedelta(days=2)
    assert declared(api, trip, Role.OPERATOR)["marks"] == ["licence_expired"]


def test_a_customs_declaration_has_one_active_trip_which_is_named(api: RunningApi):
    machine = api.machine()
    first = register(machine, **WHOLE)["id"]
    other = WHOLE | {"plate": "12C-999.99", "device": None}
    answer = machine.post("/v1/trips", json=declaration(**other))
    assert f"105123456700 has the active trip {first}" in refusal(answer, 409)
    assert answer.json()["type"] == "urn:flowctl:declaration_active"


def test_a_request_that_comes_twice_with_its_key_makes_one_trip(api: RunningApi):
    machine = api.machine()
    key = {"Idempotency-Key": "5a3c1f1e-1c0b-4f4e-9a63-0d8a4b1f6c11"}
    first = machine.post("/v1/trips", json=declaration(), headers=key)
    second = machine.post("/v1/trips", json=declaration(), headers=key)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert len(machine.get("/v1/trips").json()) == 1
    other = machine.post("/v1/trips", json=declaration(plate="12C-1"), headers=key)
    assert "Another request came with this Idempotency-Key" in refusal(other, 422)


@pytest.mark.parametrize("handover", [None, "driver_swap"])
def test_another_truck_is_only_named_where_goods_change_trucks(
    api: RunningApi, handover: str | None
):
    give_workflow(api)
    machine = api.machine()
    said = declaration(pair_plate="桂F12345", handover=handover)
    answer = machine.post("/v1/trips", json=said)
    assert "handed over by driver_swap, in which goods do not change trucks" in refusal(answer, 422)
    assert answer.json()["type"] == "urn:flowctl:pair_without"
    trip = register(machine, handover=handover)["id"]
    answer = machine.patch(f"/v1/trips/{trip}", json={"pair_plate": "桂F12345"})
    assert answer.json()["type"] == "urn:flowctl:pair_without"
    other = register(
        machine,
        plate="12C-777.77",
        device=None,
        pair_plate="桂F12345",
        handover="transshipment",
    )
    assert declared(api, other["id"], Role.OPERATOR)["pair_plate"] == "桂F12345"


def test_who_names_a_strangers_plate_is_shown_nothing_of_the_stranger_nor_shown_to_it(
    api: RunningApi,
):
    ours, theirs = api.person(Role.HAULIER, "ours"), api.person(Role.HAULIER, "theirs")
    naming = register(ours, pair_plate="桂F12345", device=None)["id"]
    named = register(theirs, plate="桂F12345", device=None)["id"]

    def shown(client: httpx.Client, trip: int) -> tuple[object, object]:
        twin = client.get(f"/v1/trips/{trip}/declaration").json()["twin"]
        return twin, client.get(f"/v1/trips/{trip}/crossings").json()["pair"]

    assert shown(ours, naming) == (None, {"plate": "桂F12345", "trip": None, "state": None})
    assert shown(theirs, named) == (None, None)
    assert declared(api, naming, Role.OFFICER)["twin"]["trip_id"] == named
    assert theirs.patch(f"/v1/trips/{named}", json={"pair_plate": "12C12345"}).status_code == 200
    twin, pair = shown(ours, naming)
    assert twin == {"trip_id": named, "plate": "桂F12345", "state": "active"}
    assert pair == {"plate": "桂F12345", "trip": named, "state": "active"}
    assert shown(theirs, named)[0] == {"trip_id": naming, "plate": "12C12345", "state": "active"}


def test_both_trips_of_a_transshipment_find_each_other(api: RunningApi):
    machine = api.machine()
    ours = register(machine, pair_plate="桂F·12345")["id"]
    theirs = register(machine, plate="桂F12345", device=None, direction="import")["id"]
    assert declared(api, ours, Role.OPERATOR)["twin"]["trip_id"] == theirs
    assert declared(api, theirs, Role.OPERATOR)["twin"] == {
        "trip_id": ours,
        "plate": "12C12345",
        "state": "active",
    }
