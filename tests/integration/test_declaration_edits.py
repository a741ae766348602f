"""What a change of a declaration costs: nothing, evidence, or the place in the order."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from agencies import give_workflow
from api_server import RunningApi
from border import after
from test_api_trips import refusal, register

from flowctl.registry.accounts import Role
from flowctl.storage.live import find_live

GOODS = {"goods": "Thanh long", "cargo": "normal"}


@pytest.fixture
def arrived(api: RunningApi) -> int:
    """Return a trip whose truck came to the yard at 08:05; it is 09:00 now."""
    trip: int = register(api.machine(), **GOODS)["id"]
    api.border.visit(trip, "yard_bao_nguyen", 5)
    api.clock.at = after(60)
    return trip


def patch(client: httpx.Client, trip: int, **changes: object) -> dict[str, Any]:
    answer = client.patch(f"/v1/trips/{trip}", json=changes)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


def cost(api: RunningApi, trip: int) -> dict[str, str]:
    answer = api.person(Role.OPERATOR).get(f"/v1/trips/{trip}/declaration")
    keeps: dict[str, str] = answer.json()["keeps_place"]
    return keeps


def lost_min(api: RunningApi, trip: int) -> float:
    row = find_live(api.border.conn, trip, site="lang_son")
    assert row is not None
    return row.penalty_s / 60


def ledger(api: RunningApi, trip: int, kind: str) -> list[dict[str, Any]]:
    rows = api.border.conn.execute(
        "select details from ledger join trips t using (subject) where t.id = %s and kind = %s"
        " order by seq",
        [trip, kind],
    )
    return [details for (details,) in rows.fetchall()]


def with_document(api: RunningApi, trip: int) -> str:
    document = str(uuid4())
    api.border.conn.execute(
        "insert into documents (id, site, trip_id, kind, media_type, size_bytes, added_by,"
        " added_at) values (%s, 'lang_son', %s, 'other', 'image/png', 1, 'the test', now())",
        [document, trip],
    )
    return document


def test_what_a_change_costs_is_said_before(api: RunningApi, arrived: int):
    said = cost(api, arrived)
    assert {name: said[name] for name in ("goods", "phone", "trailer", "gates")} == dict.fromkeys(
        ("goods", "phone", "trailer", "gates"), "keeps"
    )
    assert (said["plate"], said["cargo"], said["load"]) == ("evidence", "loses", "loses")
    assert (said["handover"], said["direction"], said["device"]) == ("fixed", "fixed", "loses")
    api.border.release(arrived, 50, until=80)
    assert cost(api, arrived)["gates"] == "fixed"


def test_another_driver_and_other_goods_keep_the_place(api: RunningApi, arrived: int):
    answer = patch(
        api.machine(),
        arrived,
        phone="0903 999 999",
        driver_name="Trần B",
        consent=True,
        goods="Sầu riêng",
        trailer="12R-00001",
    )
    assert (answer["lost_place_by"], lost_min(api, arrived)) == ([], 0)


def test_another_cargo_counts_the_truck_as_arrived_now_and_an_operator_gives_it_back(
    api: RunningApi, arrived: int
):
    answer = patch(api.machine(), arrived, cargo="perishable")
    assert answer["lost_place_by"] == ["cargo"]
    assert lost_min(api, arrived) == pytest.approx(55)
    assert ledger(api, arrived, "changed") == [{"cargo": "perishable"}]
    [penalty] = api.machine().get(f"/v1/trips/{arrived}/penalties").json()
    assert (penalty["kind"], penalty["reason"]) == ("edited", "changed cargo")
    path = f"/v1/trips/{arrived}/penalties/{penalty['id']}/lift"
    assert api.person(Role.OPERATOR).post(path).status_code == 200
    assert lost_min(api, arrived) == 0


def test_a_truck_that_is_not_there_yet_has_no_place_to_lose(api: RunningApi):
    trip = register(api.machine(), **GOODS)["id"]
    assert patch(api.machine(), trip, cargo="perishable")["lost_place_by"] == []
    assert api.machine().get(f"/v1/trips/{trip}/penalties").json() == []


def test_another_truck_keeps_the_place_with_a_document_of_the_trip(api: RunningApi, arrived: int):
    machine = api.machine()
    for evidence in (None, "believe me", str(uuid4())):
        said = machine.patch(
            f"/v1/trips/{arrived}", json={"plate": "12C-777.77", "evidence": evidence}
        )
        assert "plate is only changed with evidence" in refusal(said, 409)
    document = with_document(api, arrived)
    answer = patch(machine, arrived, plate="12C-777.77", device="VN-9", evidence=document)
    assert (answer["plate"], answer["lost_place_by"]) == ("12C77777", [])
    row = find_live(api.border.conn, arrived, site="lang_son")
    assert row is not None
    assert row.counted_at == after(5)
    assert ledger(api, arrived, "changed") == [
        {"truck": "changed", "evidence": "document", "device": "changed"}
    ]
    register(machine, plate="12C-123.45", device=None)  # the former truck is free again


def test_an_operators_reason_is_evidence_too(api: RunningApi, arrived: int):
    operator = api.person(Role.OPERATOR)
    assert (
        patch(operator, arrived, plate="12C-777.77", evidence="broke down")["plate"] == "12C77777"
    )
    assert ledger(api, arrived, "changed")[0]["evidence"] == "reason"


def test_a_truck_that_was_called_is_not_exchanged(api: RunningApi, arrived: int):
    api.border.release(arrived, 50, until=80)
    document = with_document(api, arrived)
    wish = {"plate": "12C-777.77", "evidence": document}
    answer = api.machine().patch(f"/v1/trips/{arrived}", json=wish)
    assert "was called to the gate already" in refusal(answer, 409)


def test_a_plate_that_has_a_trip_cannot_take_over_another(api: RunningApi, arrived: int):
    register(api.machine(), plate="12C-777.77", device=None)
    wish = {"plate": "12C-777.77", "evidence": with_document(api, arrived)}
    answer = api.machine().patch(f"/v1/trips/{arrived}", json=wish)
    assert "12C77777 has the active trip" in refusal(answer, 409)


def test_what_an_agency_settled_and_what_a_trip_began_with_stand(api: RunningApi, arrived: int):
    api.border.conn.execute(
        "update declarations set handover = 'contactless',"
        ' settled = \'{"load": "customs_class"}\''
    )
    answer = api.machine().patch(f"/v1/trips/{arrived}", json={"load": "empty", "goods": None})
    assert "load was set at the stage customs_class" in refusal(answer, 409)
    answer = api.machine().patch(f"/v1/trips/{arrived}", json={"handover": "driver_swap"})
    assert "handover stands" in refusal(answer, 409)
    assert cost(api, arrived)["load"] == "fixed"


def test_a_weight_outside_the_class_that_an_agency_settled_is_refused_by_its_desk(api: RunningApi):
    give_workflow(api)
    machine = api.machine()
    trip = register(machine, weight_t=12.0)["id"]
    api.border.conn.execute(
        'update declarations set settled = \'{"weight_class": "customs_check"}\''
    )
    assert patch(machine, trip, weight_t=17.5)["weight_t"] == 17.5
    answer = machine.patch(f"/v1/trips/{trip}", json={"weight_t": 20.0})
    assert "is not of the weight class light, which customs settled" in refusal(answer, 409)
    assert answer.json()["type"] == "urn:flowctl:weight_settled"
    assert answer.json()["values"] == {"weight_t": 20.0, "desk": "customs"}
    assert machine.get(f"/v1/trips/{trip}").json()["weight_t"] == 17.5
    # Where the agency's word never fitted the weight, what else is said is not in its way.
    api.border.conn.execute("update declarations set weight_class = 'heavy'")
    patch(machine, trip, goods="Thanh long")


def test_what_was_said_of_a_driver_goes_with_the_driver(api: RunningApi, arrived: int):
    machine = api.machine()
    patch(machine, arrived, driver_name="A", licence="790123456", consent=True)
    patch(machine, arrived, phone="0903 999 999")
    whole = api.person(Role.OPERATOR).get(f"/v1/trips/{arrived}/declaration").json()
    assert (whole["driver_name"], whole["licence"], whole["consent"]) == (None, None, False)
    assert whole["phone"] == "+84903999999"


def test_the_log_names_what_of_the_papers_was_changed_and_not_what_it_is(
    api: RunningApi, arrived: int
):
    patch(api.machine(), arrived, driver_name="Trần B", consent=True)
    [(said,)] = api.border.conn.execute(
        "select after from audit where act = 'trip.change'"
    ).fetchall()
    assert said == {"named": ["consent", "driver_name"]}
