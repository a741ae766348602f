"""What a declaration says for the order, and what a truck's side may ask for and has to pay."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from api_server import RunningApi
from border import MORNING, after
from test_api_trips import declaration, refusal, register

from flowctl.registry.accounts import Role
from flowctl.storage.ledger import list_rows


def ledger(api: RunningApi) -> list[tuple[str, str | None]]:
    """Return kind and reason of what was recorded since the site was loaded."""
    with api.border.conn.transaction():
        rows = [kept.row for kept in list_rows(api.border.conn, api.border.site.id)]
    return [(row.kind, row.reason) for row in rows if row.kind != "policy"]


def told(api: RunningApi, client: httpx.Client, minutes: float = 180) -> int:
    """Register a truck whose driver heard of a slot so many minutes after 08:00."""
    trip: int = register(client)["id"]
    api.border.tell(trip, after(minutes))
    return trip


def test_haulier_weight_and_convoy_come_back_as_declared(api: RunningApi):
    trip = register(api.machine(), haulier=" Công ty A ", weight_t=31.5, convoy="a-1")
    assert (trip["haulier"], trip["weight_t"], trip["convoy"]) == ("Công ty A", 31.5, "A-1")


def test_a_hauliers_account_registers_for_itself_alone(api: RunningApi):
    haulier = api.person(Role.HAULIER)
    name = register(haulier)["haulier"]
    again = declaration(plate="12C77777", device=None, haulier=name)
    assert haulier.post("/v1/trips", json=again).status_code == 201
    other = declaration(plate="12C88888", device=None, haulier="Somebody Else")
    assert "its own trucks only" in refusal(haulier.post("/v1/trips", json=other), 422)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"haulier": "  "}, "haulier is empty"),
        ({"haulier": "a\nb"}, "haulier is empty"),
        ({"haulier": "x" * 81}, "haulier"),
        ({"weight_t": 0}, "weight_t 0 must lie above 0"),
        ({"weight_t": -3}, "weight_t -3"),
        ({"weight_t": 151}, "within 150 tonnes"),
        ({"weight_t": "heavy"}, "weight_t"),
        ({"convoy": "A-1"}, "has no haulier"),
        ({"convoy": "two words", "haulier": "A"}, "no code of a convoy"),
        ({"convoy": "", "haulier": "A"}, "no code of a convoy"),
    ],
)
def test_what_no_truck_can_be_is_refused_in_a_sentence(
    api: RunningApi, changes: dict[str, Any], named: str
):
    detail = refusal(api.machine().post("/v1/trips", json=declaration(**changes)), 422)
    assert named in detail
    assert detail.endswith(".")


def test_a_convoy_is_of_one_haulier(api: RunningApi):
    machine = api.machine()
    register(machine, haulier="A", convoy="C1")
    register(machine, haulier="A", convoy="c1", plate="12C22222", device=None)
    stranger = declaration(haulier="B", convoy="C1", plate="12C33333", device=None)
    assert "another haulier's" in refusal(machine.post("/v1/trips", json=stranger), 409)
    register(machine, haulier="B", plate="12C33333", device=None)
    joins = machine.patch("/v1/trips/3", json={"convoy": "C1"})
    assert "another haulier's" in refusal(joins, 409)
    assert machine.patch("/v1/trips/2", json={"convoy": None}).json()["convoy"] is None
    assert machine.patch("/v1/trips/1", json={"weight_t": 20}).json()["convoy"] == "C1"


def test_an_extension_moves_the_slot_an_hour_and_there_is_one_a_day(api: RunningApi):
    machine = api.machine()
    trip = told(api, machine)
    answer = machine.post(f"/v1/trips/{trip}/extension").json()
    assert answer["extended_until"] == "2024-01-23T05:00:00Z"
    assert ledger(api)[-1] == ("changed", "extension")
    again = machine.post(f"/v1/trips/{trip}/extension")
    assert "used up its 1 extensions of 2024-01-23" in refusal(again, 409)
    api.clock.at = MORNING + timedelta(hours=16, minutes=1)  # the next day at the gates
    api.border.conn.execute("update slots set starts_at = %s", [after(24 * 60)])
    assert machine.post(f"/v1/trips/{trip}/extension").status_code == 200


def test_an_extension_needs_a_slot_that_is_not_past_and_a_truck_that_was_not_called(
    api: RunningApi,
):
    machine = api.machine()
    trip = register(machine)["id"]
    assert "no slot yet" in refusal(machine.post(f"/v1/trips/{trip}/extension"), 409)
    api.border.tell(trip, after(60))
    api.clock.at = after(60 + 15 + 31)
    assert "too late to move it" in refusal(machine.post(f"/v1/trips/{trip}/extension"), 409)
    api.clock.at = after(50)
    api.border.release(trip, 45, until=105)
    assert "called to the gate" in refusal(machine.post(f"/v1/trips/{trip}/extension"), 409)
    assert "no trip 99" in refusal(machine.post("/v1/trips/99/extension"), 404)


def test_a_driver_stands_by_and_no_more(api: RunningApi):
    machine = api.machine()
    trip = register(machine)["id"]
    for on in (True, True, False):
        answer = machine.post(f"/v1/trips/{trip}/standby", json={"on": on})
        assert answer.json()["standby"] is on
    assert ledger(api) == [("registered", None), ("changed", None), ("changed", None)]
    assert "on" in refusal(machine.post(f"/v1/trips/{trip}/standby", json={"on": "maybe"}), 422)
    machine.post(f"/v1/trips/{trip}/cancel")
    gone = machine.post(f"/v1/trips/{trip}/standby", json={"on": True})
    assert "cancelled" in refusal(gone, 409)


def test_a_cancellation_well_before_its_slot_costs_nothing(api: RunningApi):
    machine = api.machine()
    trip = told(api, machine, minutes=121)
    machine.post(f"/v1/trips/{trip}/cancel")
    assert machine.get(f"/v1/trips/{trip}/penalties").json() == []
    assert ledger(api) == [("registered", None), ("cancelled", None)]


def test_the_third_late_cancellation_bars_the_plate_until_an_operator_lifts_one(api: RunningApi):
    machine, operator = api.machine(), api.person(Role.OPERATOR)
    for _ in range(3):
        trip = told(api, machine, minutes=119)
        machine.post(f"/v1/trips/{trip}/cancel")
    [penalty] = machine.get(f"/v1/trips/{trip}/penalties").json()
    assert (penalty["kind"], penalty["banned_until"]) == ("cancellation", "2024-01-30T01:00:00Z")
    refused = refusal(machine.post("/v1/trips", json=declaration()), 409)
    assert "12C12345 is barred until 2024-01-30 08:00+07:00" in refused
    assert "cancellation" in refused
    lift = f"/v1/trips/{trip}/penalties/{penalty['id']}/lift"
    assert machine.post(lift).status_code == 403
    lifted = operator.post(lift).json()
    assert lifted["lifted_by"] is not None
    assert "lifted already" in refusal(operator.post(lift), 409)
    assert "no penalty 99" in refusal(operator.post(f"/v1/trips/{trip}/penalties/99/lift"), 404)
    assert ledger(api)[-1] == ("penalty", "lifted")
    register(machine)


def test_cancelling_and_registering_anew_loses_the_place_and_keeps_the_penalty(api: RunningApi):
    machine = api.machine()
    trip = register(machine)["id"]
    api.border.visit(trip, "yard_bao_nguyen", 5)
    api.border.conn.execute(
        "insert into penalties (site, trip_id, plate, kind, loses_s, reason, actor, at)"
        " values ('lang_son', %s, '12C12345', 'no_show', 600, 'stood', 'flowctl', %s)",
        [trip, after(10)],
    )
    machine.post(f"/v1/trips/{trip}/cancel")
    api.clock.at = after(30)
    anew = register(machine)["id"]
    shown = machine.get(f"/v1/trips/{anew}").json()
    assert shown["arrived_at"] == "2024-01-23T01:30:00Z"
    assert shown["penalty_s"] == 600
    machine.post(f"/v1/trips/{anew}/cancel")
    third = register(machine)["id"]
    assert machine.get(f"/v1/trips/{third}").json()["penalty_s"] == 600


def test_another_device_neither_brings_an_arrival_along_nor_keeps_the_one_there_was(
    api: RunningApi,
):
    machine = api.machine()
    waiting, other = (
        register(machine)["id"],
        register(machine, plate="12C99999", device="early bird")["id"],
    )
    api.border.visit(other, "yard_bao_nguyen", 1)
    api.border.visit(waiting, "yard_bao_nguyen", 20)
    machine.post(f"/v1/trips/{other}/cancel")
    api.clock.at = after(40)
    # The tracker of a truck that came early, on a truck that came later, counts from now on.
    changed = machine.patch(f"/v1/trips/{waiting}", json={"device": "early bird"}).json()
    assert changed["arrived_at"] == "2024-01-23T01:40:00Z"
    api.clock.at = after(50)
    # Nor does its own one, taken away and given back, bring the former place back.
    assert machine.patch(f"/v1/trips/{waiting}", json={"device": None}).json()["arrived_at"] is None
    api.clock.at = after(60)
    back = machine.patch(f"/v1/trips/{waiting}", json={"device": "VN-7781"}).json()
    assert back["arrived_at"] == "2024-01-23T02:00:00Z"
    # What was not changed is not lost.
    same = machine.patch(f"/v1/trips/{waiting}", json={"device": "VN-7781", "cargo": "reefer"})
    assert same.json()["arrived_at"] == "2024-01-23T02:00:00Z"


def test_the_ledger_says_what_changed_and_names_neither_device_nor_haulier(api: RunningApi):
    machine = api.machine()
    trip = register(machine, haulier="Công ty A", convoy="C1")["id"]
    machine.patch(f"/v1/trips/{trip}", json={"language": "en"})
    machine.patch(f"/v1/trips/{trip}", json={"device": "second", "cargo": "reefer", "weight_t": 9})
    with api.border.conn.transaction():
        rows = [kept.row for kept in list_rows(api.border.conn, "lang_son")]
    said = [bytes(row.details).decode() for row in rows if row.kind in ("registered", "changed")]
    assert len(said) == 2
    assert '"device":"changed"' in said[1].replace(" ", "")
    assert '"weight_kg":9000' in said[1].replace(" ", "")
    for secret in ("second", "VN-7781", "Công ty", "C1", "12C12345"):
        assert secret not in "".join(said)
