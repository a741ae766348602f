"""Stages and work lists as agencies meet them: each desk its own, in any order the file allows."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from agencies import give_workflow, officer, say
from api_server import RunningApi
from border import MORNING, after
from small_workflow import WORKFLOW

from flowctl.registry import stages
from flowctl.registry.accounts import Agency, Role
from flowctl.workflow.stages import Origin, Proof


@pytest.fixture
def place(api: RunningApi) -> RunningApi:
    give_workflow(api)
    return api


def declare(client: httpx.Client, number: int = 1, **declared: object) -> int:
    body = {
        "plate": f"12C-1{number:04d}",
        "phone": f"0903{number:06d}",
        "language": "vi",
        "direction": "export",
        "cargo": "normal",
        "gates": ["huu_nghi"],
        "ready_at": (MORNING + timedelta(hours=2)).isoformat(),
        **declared,
    }
    answer = client.post("/v1/trips", json=body)
    assert answer.status_code == 201, answer.text
    trip: int = answer.json()["id"]
    return trip


def arrive(api: RunningApi, trip: int, minute: float = 1) -> None:
    at = after(minute)
    with api.border.conn.transaction():
        stages.prove(
            api.border.conn,
            api.border.site,
            trip,
            Proof.YARD_IN,
            origin=Origin.VISIT,
            by="flowctl",
            at=at,
            now=at,
            key=f"visit-{trip}",
        )
    api.clock.at = max(api.clock.at, at)


def shown(client: httpx.Client, trip: int) -> dict[str, Any]:
    answer = client.get(f"/v1/trips/{trip}/stages")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def states(client: httpx.Client, trip: int) -> dict[str, str]:
    return {one["stage"]: one["state"] for one in shown(client, trip)["stages"]}


def rows(client: httpx.Client, **asked: object) -> list[tuple[int, str, str]]:
    answer = client.get("/v1/work", params=asked)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return [(one["trip"], one["stage"], one["state"]) for one in answer.json()["rows"]]


def test_a_declared_trip_begins_by_its_gates_variant_with_what_is_locked(place: RunningApi):
    machine = place.machine()
    trip = declare(machine, goods_class="fruit")
    customs = officer(place, Agency.CUSTOMS)
    found = shown(customs, trip)
    assert (found["version"], found["variant"], found["handover"]) == (
        "small-1",
        "export_swap",
        "driver_swap",
    )
    assert found["locked"] == ["gate", "release"]
    [check] = [one for one in found["stages"] if one["stage"] == "customs_check"]
    assert check["state"] == "waiting"
    assert check["waits_for"] == [
        {"stage": "yard_in", "desk": "yard", "since": "2024-01-23T01:00:00Z"}
    ]
    assert check["may"] == []
    assert check["name"]["vi"] == "Hải quan"


def test_agencies_confirm_in_either_order_and_the_last_one_opens_the_gate(place: RunningApi):
    machine = place.machine()
    people = {agency: officer(place, agency) for agency in Agency}
    orders = [
        ("border_guard", "customs_check", "plant_check"),
        ("plant_check", "customs_check", "border_guard"),
    ]
    whose = {
        "border_guard": Agency.BORDER_GUARD,
        "customs_check": Agency.CUSTOMS,
        "plant_check": Agency.PLANT_QUARANTINE,
    }
    for number, order in enumerate(orders, start=1):
        trip = declare(machine, number, goods_class="fruit")
        arrive(place, trip, number)
        for stage in order:
            assert "gate" in shown(people[Agency.TAX], trip)["locked"] or stage == order[-1]
            answer = say(people[whose[stage]], trip, stage, "confirmed")
            assert answer.status_code == 200, answer.text
        assert say(people[Agency.TAX], trip, "fees_paid", "confirmed").status_code == 200
        assert shown(people[Agency.TAX], trip)["locked"] == []


def test_a_work_list_holds_what_a_desk_can_decide_and_loses_what_was_decided(place: RunningApi):
    machine, customs = place.machine(), officer(place, Agency.CUSTOMS)
    first, second = (declare(machine, n, goods_class="steel") for n in (1, 2))
    assert rows(customs) == []
    arrive(place, second, 1)
    arrive(place, first, 2)
    assert rows(customs) == [(second, "customs_check", "ready"), (first, "customs_check", "ready")]
    assert rows(customs, q="1 0001") == [(first, "customs_check", "ready")]
    assert rows(customs, gate="tan_thanh") == []
    assert say(customs, second, "customs_check", "confirmed").status_code == 200
    assert rows(customs) == [(first, "customs_check", "ready")]
    answer = customs.get("/v1/work").json()
    assert answer["desk"] == "customs"
    assert answer["counts"] == [
        {
            "stage": "customs_check",
            "at_least": False,
            "ready": 1,
            "asked": 0,
            "refused": 0,
            "expired": 0,
        }
    ]
    [row] = answer["rows"]
    assert (row["plate"], row["goods_class"], row["locked"]) == (
        "12C10001",
        "steel",
        ["gate", "release"],
    )
    machine.post(f"/v1/trips/{first}/cancel")
    assert rows(customs) == []


def test_a_list_goes_on_where_its_page_ended(place: RunningApi):
    machine, yard = place.machine(), place.person(Role.OPERATOR)
    trips = [declare(machine, n) for n in range(1, 6)]
    seen, after_ = [], None
    for _ in range(3):
        params = {"limit": 2} | ({} if after_ is None else {"after": after_})
        page = yard.get("/v1/work", params=params).json()
        seen += [one["trip"] for one in page["rows"]]
        after_ = page["next"]
    assert (seen, after_) == (trips, None)
    assert yard.get("/v1/work?after=nowhere").status_code == 422
    assert yard.get("/v1/work?q=%25").json()["rows"] == []
    assert yard.get("/v1/work?q=.").status_code == 422


def test_what_waits_says_for_whom_and_since_when(place: RunningApi):
    machine, tax = place.machine(), officer(place, Agency.TAX)
    trip = declare(machine, goods_class="steel")
    arrive(place, trip, 5)
    [row] = tax.get("/v1/work?state=waiting").json()["rows"]
    assert row["waits_for"] == [
        {"stage": "customs_check", "desk": "customs", "since": "2024-01-23T01:05:00Z"}
    ]


def test_a_stage_out_of_its_order_is_refused_with_what_it_needs_and_whose_that_is(
    place: RunningApi,
):
    trip = declare(place.machine(), goods_class="steel")
    answer = say(officer(place, Agency.TAX), trip, "fees_paid", "confirmed")
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["type"] == "urn:flowctl:stage_out_of_order"
    assert problem["values"] == {
        "stage": "fees_paid",
        "plate": "12C10001",
        "needs": ["yard_in"],
        "desks": ["yard"],
    }


def test_nobody_speaks_for_another_desk(place: RunningApi):
    trip = declare(place.machine(), goods_class="steel")
    arrive(place, trip)
    answer = say(officer(place, Agency.TAX), trip, "customs_check", "confirmed")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:flowctl:stage_others")
    assert (
        say(place.person(Role.ADMINISTRATOR), trip, "customs_check", "confirmed").status_code == 403
    )
    assert (
        say(officer(place, Agency.TAX), trip, "out", "confirmed")
        .json()["type"]
        .endswith("stage_by_itself")
    )


def test_the_second_of_two_officers_hears_who_was_first(place: RunningApi):
    trip = declare(place.machine(), goods_class="steel")
    arrive(place, trip)
    assert (
        say(officer(place, Agency.CUSTOMS), trip, "customs_check", "confirmed").status_code == 200
    )
    answer = say(
        officer(place, Agency.CUSTOMS, "colleague"), trip, "customs_check", "refused", reason="seal"
    )
    assert answer.status_code == 409
    assert answer.json()["values"]["by"] == "customs"


def test_a_request_that_comes_again_counts_once(place: RunningApi):
    trip = declare(place.machine(), goods_class="steel")
    arrive(place, trip)
    customs, key = officer(place, Agency.CUSTOMS), {"Idempotency-Key": str(uuid4())}
    path = f"/v1/trips/{trip}/stages/customs_check"
    first = customs.post(path, json={"act": "confirmed"}, headers=key)
    again = customs.post(path, json={"act": "confirmed"}, headers=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert len([one for one in again.json()["records"] if one["stage"] == "customs_check"]) == 1


def test_a_refusal_without_reason_is_refused(place: RunningApi):
    trip = declare(place.machine(), goods_class="steel")
    arrive(place, trip)
    customs = officer(place, Agency.CUSTOMS)
    assert say(customs, trip, "customs_check", "refused").json()["type"].endswith("stage_no_reason")
    answer = say(customs, trip, "customs_check", "refused", reason="other", note="  ")
    assert answer.json()["type"].endswith("stage_no_note")
    assert say(customs, trip, "customs_check", "refused", reason="seal").status_code == 200
    assert states(customs, trip)["customs_check"] == "refused"


def test_a_haulier_answers_what_was_asked_and_sees_no_officers_name(place: RunningApi):
    haulier = place.person(Role.HAULIER, "nam_phong")
    trip = declare(haulier, goods_class="steel")
    arrive(place, trip)
    customs = officer(place, Agency.CUSTOMS)
    say(customs, trip, "customs_check", "asked", reason="papers_missing", note="The seal's number?")
    assert rows(customs) == [(trip, "customs_check", "asked")]
    [row] = customs.get("/v1/work").json()["rows"]
    assert [one["desk"] for one in row["waits_for"]] == ["haulier"]
    [stage] = [one for one in shown(haulier, trip)["stages"] if one["stage"] == "customs_check"]
    assert (stage["may"], stage["record"]["note"], stage["record"]["by"]) == (
        ["answered"],
        "The seal's number?",
        None,
    )
    assert say(haulier, trip, "customs_check", "answered", note="VN 4711").status_code == 200
    assert rows(customs) == [(trip, "customs_check", "ready")]
    answer = say(haulier, trip, "customs_check", "answered")
    assert answer.json()["type"].endswith("stage_not_asked")
    other = place.person(Role.HAULIER, "another")
    assert other.get(f"/v1/trips/{trip}/stages").status_code == 404
    assert say(other, trip, "customs_check", "answered").status_code == 404


def test_an_operator_answers_for_who_has_no_account(place: RunningApi):
    trip = declare(place.machine(), goods_class="steel")
    arrive(place, trip)
    customs, operator = officer(place, Agency.CUSTOMS), place.person(Role.OPERATOR)
    say(customs, trip, "customs_check", "asked", reason="papers_missing")
    assert say(customs, trip, "customs_check", "answered").json()["type"].endswith("stage_others")
    assert say(operator, trip, "customs_check", "answered", note="sent").status_code == 200
    assert states(customs, trip)["customs_check"] == "ready"


def test_many_are_confirmed_at_once_and_what_cannot_be_is_named(place: RunningApi):
    machine, customs = place.machine(), officer(place, Agency.CUSTOMS)
    trips = [declare(machine, n, goods_class="steel") for n in (1, 2, 3)]
    for trip in trips[:2]:
        arrive(place, trip)
    body = {"act": "confirmed", "items": [{"trip": one, "stage": "customs_check"} for one in trips]}
    key = {"Idempotency-Key": str(uuid4())}
    answer = customs.post("/v1/work/bulk", json=body, headers=key).json()
    assert [one["trip"] for one in answer["done"]] == trips[:2]
    [refused] = answer["refused"]
    assert (refused["trip"], refused["kind"]) == (trips[2], "stage_out_of_order")
    assert customs.post("/v1/work/bulk", json=body, headers=key).json() == answer
    said = place.border.conn.execute("select count(*) from stage_records where desk = 'customs'")
    assert said.fetchone() == (2,)
    answer = customs.post("/v1/work/bulk", json=body | {"desk": "tax"}, headers=key)
    assert answer.json()["type"] == "urn:flowctl:desk_not_own"


def test_customs_settles_the_class_of_the_goods_or_names_what_it_must_say(place: RunningApi):
    trip = declare(place.machine())
    arrive(place, trip)
    customs = officer(place, Agency.CUSTOMS)
    answer = say(customs, trip, "customs_check", "confirmed")
    assert answer.json()["values"] == {"stage": "customs_check", "facts": ["goods_class"]}
    wrong = say(customs, trip, "customs_check", "confirmed", settled={"goods_class": "gold"})
    assert wrong.json()["type"].endswith("stage_no_value")
    fruit = say(customs, trip, "customs_check", "confirmed", settled={"goods_class": "fruit"})
    assert fruit.status_code == 200
    # Fruit asks for plant quarantine, which steel never met.
    assert states(customs, trip)["plant_check"] == "ready"


def test_each_act_is_in_the_log_under_the_account_that_did_it(place: RunningApi):
    trip = declare(place.machine(), goods_class="steel")
    arrive(place, trip)
    say(
        officer(place, Agency.CUSTOMS),
        trip,
        "customs_check",
        "asked",
        reason="other",
        note="Ông Nam",
    )
    rows = place.border.conn.execute(
        "select account, subject, after from audit where act = 'stage.asked'"
    ).fetchall()
    assert rows == [
        (
            "customs",
            f"trip:{trip}",
            {"stage": "customs_check", "desk": "customs", "reason": "other"},
        )
    ]


def test_a_site_without_workflow_keeps_nobody_back(api: RunningApi):
    trip = declare(api.machine())
    found = shown(officer(api, Agency.CUSTOMS), trip)
    assert (found["version"], found["locked"], found["stages"]) == (None, [], [])
    assert api.machine().get("/v1/workflow").json() is None


def test_a_workflow_changed_while_trips_run_leaves_them_their_own(place: RunningApi):
    machine, administrator = place.machine(), place.person(Role.ADMINISTRATOR)
    old = declare(machine, 1, goods_class="steel")
    changed = (
        WORKFLOW.replace('version = "small-1"', 'version = "small-2"')
        .replace("2024-01-01T00:00:00+07:00", after(30).isoformat())
        .replace('needs = ["declared"]', 'needs = ["yard_in"]')
    )
    checked = administrator.post("/v1/workflows/check", json={"text": changed}).json()
    assert (checked["ok"], checked["version"]) == (True, "small-2")
    answer = administrator.post("/v1/workflows", json={"text": changed})
    assert answer.status_code == 201, answer.text
    before = declare(machine, 2, goods_class="steel")
    place.clock.at = after(31)
    new = declare(machine, 3, goods_class="steel")
    guard = officer(place, Agency.BORDER_GUARD)
    assert [shown(guard, trip)["version"] for trip in (old, before, new)] == [
        "small-1",
        "small-1",
        "small-2",
    ]
    assert say(guard, old, "border_guard", "confirmed").status_code == 200
    assert (
        say(guard, new, "border_guard", "confirmed").json()["type"].endswith("stage_out_of_order")
    )
    versions = administrator.get("/v1/workflows").json()
    assert [(one["version"], one["running"]) for one in versions] == [
        ("small-2", 1),
        ("small-1", 2),
    ]
    assert administrator.get("/v1/workflows/small-2").json()["text"] == changed


def test_a_workflow_must_lie_ahead_and_a_wrong_one_is_refused_line_by_line(place: RunningApi):
    declare(place.machine())
    administrator = place.person(Role.ADMINISTRATOR)
    late = WORKFLOW.replace("small-1", "small-2").replace("2024-01-01T", "2024-01-22T")
    answer = administrator.post("/v1/workflows", json={"text": late})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:flowctl:workflow_too_early")
    other = administrator.post("/v1/workflows", json={"text": WORKFLOW + "\n# changed"})
    assert other.json()["type"] == "urn:flowctl:workflow_version_taken"
    wrong = WORKFLOW.replace('desk = "tax"', 'desk = "taxes"')
    checked = administrator.post("/v1/workflows/check", json={"text": wrong}).json()
    [problem] = checked["problems"]
    assert wrong.splitlines()[problem["line"] - 1] == 'desk = "taxes"'
    assert 'did you mean "tax"?' in problem["text"]
    assert place.person(Role.OPERATOR).post("/v1/workflows", json={"text": late}).status_code == 403


def test_a_gate_switched_by_hand_hands_new_trips_over_so_and_leaves_the_others(place: RunningApi):
    machine, operator = place.machine(), place.person(Role.OPERATOR)
    running = declare(machine, 1)
    body = {
        "direction": "export",
        "variant": "export_transshipment",
        "ends_at": after(600).isoformat(),
        "reason": "the other side asks for it",
    }
    answer = operator.post("/v1/gates/huu_nghi/handovers", json=body)
    assert answer.status_code == 201, answer.text
    switched = declare(machine, 2)
    elsewhere = declare(machine, 3, gates=["tan_thanh"])
    later = declare(machine, 4, ready_at=after(24 * 60).isoformat())
    variants = [shown(operator, trip)["variant"] for trip in (running, switched, elsewhere, later)]
    assert variants == ["export_swap", "export_transshipment", "export_swap", "export_swap"]
    assert "transshipped" in states(operator, switched)
    in_force = {
        one["gate"]: one["variants"]
        for one in machine.get("/v1/workflow").json()["in_force"]
        if one["direction"] == "export"
    }
    assert in_force["huu_nghi"] == ["export_transshipment"]
    assert in_force["tan_thanh"] == ["export_swap", "export_transshipment"]
    other = machine.post(
        "/v1/trips",
        json={
            "plate": "12C-90001",
            "phone": "0903900001",
            "language": "vi",
            "direction": "export",
            "cargo": "normal",
            "gates": ["huu_nghi"],
            "ready_at": after(120).isoformat(),
            "handover": "driver_swap",
        },
    )
    assert other.json()["type"] == "urn:flowctl:handover_switched"
    [listed] = operator.get("/v1/handovers").json()
    assert operator.post(f"/v1/handovers/{listed['id']}/end").status_code == 200
    assert operator.get("/v1/handovers").json() == []
    assert operator.post(f"/v1/handovers/{listed['id']}/end").status_code == 409
    assert shown(operator, declare(machine, 5))["variant"] == "export_swap"
    unknown = operator.post("/v1/gates/huu_nghi/handovers", json=body | {"variant": "import_swap"})
    assert unknown.json()["type"] == "urn:flowctl:no_variant"
