from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from api_server import RunningApi
from border import MORNING

from flowctl.registry.accounts import Role


def declaration(**changes: object) -> dict[str, Any]:
    return {
        "plate": "12C-123.45",
        "phone": "0903 123 456",
        "language": "vi",
        "direction": "export",
        "cargo": "normal",
        "gates": ["tan_thanh"],
        "ready_at": (MORNING + timedelta(hours=2)).isoformat(),
        "device": "VN-7781",
        **changes,
    }


def register(client: httpx.Client, **changes: object) -> dict[str, Any]:
    answer = client.post("/v1/trips", json=declaration(**changes))
    assert answer.status_code == 201, answer.text
    trip: dict[str, Any] = answer.json()
    return trip


def refusal(answer: httpx.Response, status: int) -> str:
    """Return the sentence of a problem, having checked that it is one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert set(problem) - {"values"} == {"type", "title", "status", "detail"}
    assert "Traceback" not in answer.text
    detail: str = problem["detail"]
    return detail


def waiting(api: RunningApi, trip: int) -> list[str]:
    rows = api.border.conn.execute(
        "select kind from outbox where trip_id = %s and state = 'waiting' order by id", [trip]
    )
    return [kind for (kind,) in rows.fetchall()]


def test_a_declared_trip_comes_back_in_one_spelling_and_without_its_phone(api: RunningApi):
    machine = api.machine()
    trip = register(machine)
    assert trip == {
        "id": 1,
        "plate": "12C12345",
        "language": "vi",
        "direction": "export",
        "cargo": "normal",
        "gates": ["tan_thanh"],
        "ready_at": "2024-01-23T03:00:00Z",
        "registered_at": "2024-01-23T01:00:00Z",
        "state": "active",
        "stage": "registered",
        "device": "VN-7781",
        "tracker": "device",
        "slot": None,
        "released_at": None,
        "arrived_at": None,
        "yard": None,
        "haulier": None,
        "weight_t": None,
        "convoy": None,
        "standby": False,
        "extended_until": None,
        "penalty_s": 0.0,
        "needs": None,
        "returns_within_h": None,
        "eta": None,
        "regains_at": None,
        "declaration": None,
        "has_number": True,
        "by_hand": False,
        "device_faulty": False,
    }
    assert machine.get("/v1/trips/1").json() == trip
    assert machine.get("/v1/trips").json() == [trip]
    assert waiting(api, 1) == ["registered"]


def test_the_phone_is_stored_so_that_the_database_alone_does_not_tell_it(api: RunningApi):
    register(api.machine())
    rows = api.border.conn.execute("select phone_cipher, phone_hash from drivers").fetchall()
    [(cipher, digest)] = rows
    assert b"903123456" not in cipher
    assert b"903123456" not in digest


def test_a_trip_shows_what_its_visits_and_the_controller_made_of_it(api: RunningApi):
    machine = api.machine()
    trip = register(machine)["id"]
    api.border.visit(trip, "yard_bao_nguyen", 5)
    api.border.tell(trip, MORNING + timedelta(hours=3))
    api.border.release(trip, 20, until=80)
    shown = machine.get(f"/v1/trips/{trip}").json()
    assert shown["stage"] == "released"
    assert shown["arrived_at"] == "2024-01-23T01:05:00Z"
    assert shown["released_at"] == "2024-01-23T01:20:00Z"
    assert shown["yard"] == "yard_bao_nguyen"
    assert shown["slot"] == {
        "gate": "tan_thanh",
        "starts_at": "2024-01-23T04:00:00Z",
        "ends_at": "2024-01-23T04:15:00Z",
        "accepted_at": None,
        "late_until": None,
    }


def test_a_second_active_trip_of_a_plate_is_refused_and_the_first_is_named(api: RunningApi):
    machine = api.machine()
    register(machine)
    answer = machine.post("/v1/trips", json=declaration(plate="12c 12345", device="other"))
    assert "12C12345" in refusal(answer, 409)
    assert "active trip 1" in refusal(answer, 409)
    assert len(machine.get("/v1/trips").json()) == 1


def test_of_many_who_register_a_plate_at_once_one_succeeds(api: RunningApi):
    machine = api.machine()

    def attempt(number: int) -> int:
        body = declaration(device=f"tracker {number}", phone=f"090312345{number}")
        return machine.post("/v1/trips", json=body).status_code

    with ThreadPoolExecutor(8) as crowd:
        answers = sorted(crowd.map(attempt, range(8)))
    assert answers == [201] + [409] * 7
    assert len(machine.get("/v1/trips").json()) == 1


def test_a_second_active_trip_of_a_device_is_refused_and_the_first_is_named(api: RunningApi):
    machine = api.machine()
    register(machine)
    answer = machine.post("/v1/trips", json=declaration(plate="12C99999"))
    assert "VN-7781" in refusal(answer, 409)
    assert "active trip 1" in refusal(answer, 409)


def test_trucks_without_a_device_do_not_stand_in_each_others_way(api: RunningApi):
    machine = api.machine()
    register(machine, device=None)
    assert register(machine, plate="12C99999", device=None)["device"] is None


def test_a_cancelled_trip_frees_its_plate_and_its_driver_is_told(api: RunningApi):
    machine = api.machine()
    register(machine)
    cancelled = machine.post("/v1/trips/1/cancel")
    assert cancelled.status_code == 200
    assert (cancelled.json()["state"], cancelled.json()["stage"]) == ("cancelled", "cancelled")
    assert waiting(api, 1) == ["registered", "cancelled"]
    assert register(machine)["id"] > 1
    assert "cancelled" in refusal(machine.post("/v1/trips/1/cancel"), 409)
    assert "cancelled" in refusal(machine.patch("/v1/trips/1", json={"cargo": "reefer"}), 409)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"gates": ["tan_thanh", "lao_cai"]}, "'lao_cai'; lang_son has huu_nghi and tan_thanh"),
        ({"gates": []}, "no gate"),
        ({"gates": ["tan_thanh", "tan_thanh"]}, "twice"),
        ({"plate": "!"}, "no number plate"),
        ({"phone": "12"}, "phone"),
        ({"phone": "024 3826 1234"}, "landline"),
        ({"phone": "+1 202 555 0123"}, "Vietnam and China"),
        ({"language": "fr"}, "'fr'"),
        ({"direction": "sideways"}, "direction"),
        ({"cargo": "gold"}, "cargo"),
        ({"ready_at": "2024-02-10T09:00:00+07:00"}, "more than 7 days ahead"),
        ({"ready_at": "1970-01-01T00:00:00Z"}, "30 days ago"),
        ({"ready_at": "2024-01-23T09:00:00"}, "time zone"),
        ({"ready_at": "tomorrow"}, "ready_at"),
        ({"ready_at": "9999-12-31T23:59:59Z"}, "the year must lie within 1970 and 2999"),
        ({"device": "  "}, "device"),
        ({"colour": "red"}, "colour"),
        ({"plate": None}, "plate"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_that_names_it(
    api: RunningApi, changes: dict[str, Any], named: str
):
    detail = refusal(api.machine().post("/v1/trips", json=declaration(**changes)), 422)
    assert named in detail
    assert detail.endswith(".")


def test_a_closed_calendar_day_is_refused_and_the_next_open_one_named(api: RunningApi):
    api.clock.at = MORNING + timedelta(days=16)  # 8 February, the day before Tết
    closed = declaration(ready_at="2024-02-10T09:00:00+07:00")
    detail = refusal(api.machine().post("/v1/trips", json=closed), 422)
    assert "2024-02-10 is a closed day at tan_thanh" in detail
    assert "2024-02-14" in detail
    register(api.machine(), ready_at="2024-02-14T09:00:00+07:00")


def test_a_body_that_is_no_json_is_a_400(api: RunningApi):
    headers = {"Content-Type": "application/json"}
    answer = api.machine().post("/v1/trips", content=b'{"plate": ', headers=headers)
    assert "no JSON" in refusal(answer, 400)


def test_what_was_declared_can_be_changed(api: RunningApi):
    machine = api.machine()
    register(machine)
    changed = machine.patch(
        "/v1/trips/1",
        json={
            "ready_at": "2024-01-23T12:00:00+07:00",
            "gates": ["huu_nghi", "tan_thanh"],
            "cargo": "perishable",
            "language": "zh",
            "phone": "+86 138 0013 8000",
            "device": "VN-1",
        },
    ).json()
    assert changed["ready_at"] == "2024-01-23T05:00:00Z"
    assert changed["gates"] == ["huu_nghi", "tan_thanh"]
    assert (changed["cargo"], changed["language"]) == ("perishable", "zh")
    assert changed["device"] == "VN-1"
    assert changed["plate"] == "12C12345"
    assert machine.patch("/v1/trips/1", json={"device": None}).json()["device"] is None
    assert machine.patch("/v1/trips/1", json={}).json()["gates"] == ["huu_nghi", "tan_thanh"]


def test_a_number_keeps_its_language_while_a_trip_of_it_is_active(api: RunningApi):
    machine = api.machine()

    def spoken() -> list[str]:
        return [machine.get(f"/v1/trips/{trip}").json()["language"] for trip in (1, 2)]

    register(machine)
    assert register(machine, plate="29H-1", device=None, language="zh")["language"] == "vi"
    machine.patch("/v1/trips/2", json={"language": "en"})
    assert spoken() == ["en", "en"], "who changes a trip may change the language of its number"
    other = {"plate": "29H-2", "phone": "0903 999 999", "device": None}
    third = register(machine, **other)["id"]
    moved = machine.patch(f"/v1/trips/{third}", json={"phone": declaration()["phone"]})
    assert (moved.json()["language"], spoken()) == ("en", ["en", "en"])
    for trip in (1, 2, third):
        machine.post(f"/v1/trips/{trip}/cancel")
    assert register(machine, language="zh")["language"] == "zh"


def test_a_change_keeps_to_the_same_rules(api: RunningApi):
    machine = api.machine()
    register(machine)
    register(machine, plate="12C99999", device="other")
    refused = machine.patch("/v1/trips/1", json={"gates": ["lao_cai"]})
    assert "lao_cai" in refusal(refused, 422)
    assert "cargo" in refusal(machine.patch("/v1/trips/1", json={"cargo": None}), 422)
    assert "phone" in refusal(machine.patch("/v1/trips/1", json={"phone": "12"}), 422)
    taken = refusal(machine.patch("/v1/trips/1", json={"device": "other"}), 409)
    assert "device other has the active trip 2" in taken
    assert machine.get("/v1/trips/1").json()["device"] == "VN-7781"


def test_a_truck_that_was_called_up_goes_where_it_was_called(api: RunningApi):
    machine = api.machine()
    register(machine)
    api.border.release(1, 20, until=80)
    detail = refusal(machine.patch("/v1/trips/1", json={"gates": ["huu_nghi"]}), 409)
    assert "called to the gate" in detail
    assert machine.patch("/v1/trips/1", json={"language": "en"}).json()["language"] == "en"


def test_trips_are_found_by_state_and_by_a_part_of_the_plate(api: RunningApi):
    machine = api.machine()
    register(machine)
    register(machine, plate="29H-777.77", device=None)
    machine.post("/v1/trips/1/cancel")

    def ids(**query: str) -> list[int]:
        return [trip["id"] for trip in machine.get("/v1/trips", params=query).json()]

    assert ids() == [2, 1]
    assert ids(state="active") == [2]
    assert ids(plate="h-777") == [2]
    assert [ids(plate=typed) for typed in ("%", "29%7", "\\")] == [[], [], []]
    for typed in (".", "- _", ""):
        nothing = machine.get("/v1/trips", params={"plate": typed})
        assert "no letter or digit to look for" in refusal(nothing, 422)
    assert ids(limit="1") == [2]
    assert "limit" in refusal(machine.get("/v1/trips", params={"limit": "0"}), 422)


def test_a_haulier_sees_and_changes_its_own_trips_only(api: RunningApi):
    one, other = api.person(Role.HAULIER, "one"), api.person(Role.HAULIER, "other")
    operator = api.person(Role.OPERATOR)
    trip = register(one)["id"]
    assert [t["id"] for t in one.get("/v1/trips").json()] == [trip]
    assert other.get("/v1/trips").json() == []
    for answer in (
        other.get(f"/v1/trips/{trip}"),
        other.patch(f"/v1/trips/{trip}", json={"cargo": "reefer"}),
        other.post(f"/v1/trips/{trip}/cancel"),
    ):
        assert "no trip" in refusal(answer, 404)
    assert operator.post(f"/v1/trips/{trip}/cancel").status_code == 200


def test_a_trip_that_is_not_there_is_a_404_however_large_its_number(api: RunningApi):
    machine = api.machine()
    assert "no trip 77" in refusal(machine.get("/v1/trips/77"), 404)
    assert "trip_id" in refusal(machine.get(f"/v1/trips/{2**70}"), 422)
    assert "trip_id" in refusal(machine.get("/v1/trips/first"), 422)


def test_one_driver_of_two_trips_is_stored_once(api: RunningApi):
    machine = api.machine()
    register(machine)
    register(machine, plate="12C99999", device=None, phone="+84 903 123 456")
    [(drivers,)] = api.border.conn.execute("select count(*) from drivers").fetchall()
    assert drivers == 1


def test_a_truck_may_have_to_come_back_and_its_limit_can_be_changed_and_taken_away(
    api: RunningApi,
):
    machine = api.machine()
    path = f"/v1/trips/{register(machine, returns_within_h=36)['id']}"
    assert machine.get(path).json()["returns_within_h"] == 36.0
    assert machine.patch(path, json={"returns_within_h": 24}).json()["returns_within_h"] == 24.0
    answer = machine.patch(path, json={"returns_within_h": 0})
    assert "returns_within_h 0 must lie above 2 hours" in refusal(answer, 422)
    assert machine.patch(path, json={"returns_within_h": None}).json()["returns_within_h"] is None
    assert machine.post("/v1/trips", json=declaration(returns_within_h="NaN")).status_code == 422


def test_a_truck_that_needs_a_bay_no_gate_of_its_has_is_refused(api: RunningApi):
    answer = api.machine().post("/v1/trips", json=declaration(needs="scanner"))
    assert "None of the trip's gates has a bay 'scanner'; lang_son has none." in refusal(
        answer, 422
    )
