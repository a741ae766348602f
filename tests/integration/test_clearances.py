"""What agencies have not confirmed, as gate officers, drivers, hauliers and operators read it."""

from typing import Any
from uuid import uuid4

import pytest
from agencies import give_workflow, officer, say
from api_server import RunningApi
from border import KEYS, after

from flowctl.registry.accounts import Agency
from flowctl.registry.keys import link_code
from flowctl.registry.seen_stages import confirm_seen

YARD, GATE = "yard_bao_nguyen", "/v1/gates/tan_thanh"


@pytest.fixture
def place(api: RunningApi) -> RunningApi:
    give_workflow(api)
    return api


def in_the_yard(api: RunningApi) -> int:
    """Let a truck stand in the yard since 07:30 with a slot at 08:30, and agencies have a look."""
    trip = api.border.trip(at=after(-60))
    api.border.visit(trip, YARD, -30)
    api.border.tell(trip, after(30))
    confirm_seen(api.border.conn, api.border.site, now=after(0))
    return trip


def confirm(api: RunningApi, trip: int, agency: Agency, stage: str, **said: Any) -> None:  # noqa: ANN401
    answer = say(officer(api, agency), trip, stage, "confirmed", **said)
    assert answer.status_code == 200, answer.text


def why(api: RunningApi, trip: int, language: str = "vi") -> dict[str, Any]:
    answer = api.client().get(f"/v1/driver/{link_code(KEYS, trip, 0)}/why?language={language}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def listed(api: RunningApi, trip: int) -> dict[str, Any]:
    answer = officer(api, Agency.BORDER_GUARD, "Lan").get(f"{GATE}/list")
    [row] = [one for one in answer.json()["trips"] if one["trip"] == trip]
    return dict(row)


def test_a_driver_reads_for_whom_he_waits_since_when_in_his_language(place: RunningApi):
    trip = in_the_yard(place)
    said = why(place, trip)
    assert said["text"].endswith("Chưa gọi vì còn chờ: Hải quan.")
    assert [(one["desk"], one["state"]) for one in said["missing"]] == [
        ("customs", "ready"),
        ("border_guard", "ready"),
    ]
    assert said["missing"][0]["text"] == "Hải quan: Hải quan, chờ từ 23/01 07:30"
    assert "Not called yet; still waiting for: Customs." in why(place, trip, "en")["text"]
    assert "尚未放行，等待：海关。" in why(place, trip, "zh")["text"]


def test_who_was_asked_back_or_refused_reads_that(place: RunningApi):
    trip = in_the_yard(place)
    customs = officer(place, Agency.CUSTOMS)
    assert say(customs, trip, "customs_check", "asked", reason="papers_wrong").status_code == 200
    [asked, _] = why(place, trip, "en")["missing"]
    assert asked["text"] == (
        "Customs: Customs, asked back at 23/01 08:00, the haulier has to answer"
    )


def test_the_drivers_page_lists_what_is_open_until_nothing_is(place: RunningApi):
    trip = in_the_yard(place)
    page = place.client()
    view = page.get(f"/v1/driver/{link_code(KEYS, trip, 0)}").json()
    assert [one["stage"] for one in view["waits"]] == ["customs_check", "border_guard"]
    confirm(place, trip, Agency.BORDER_GUARD, "border_guard")
    confirm(place, trip, Agency.CUSTOMS, "customs_check", settled={"goods_class": "steel"})
    view = page.get(f"/v1/driver/{link_code(KEYS, trip, 0)}").json()
    assert [one["stage"] for one in view["waits"]] == ["fees_paid"]
    confirm(place, trip, Agency.TAX, "fees_paid")
    assert page.get(f"/v1/driver/{link_code(KEYS, trip, 0)}").json()["waits"] == []
    assert "chờ" not in why(place, trip)["text"]


def test_a_truck_on_its_way_is_not_said_to_be_kept_from_its_call(place: RunningApi):
    trip = place.border.trip(at=after(-60))
    said = why(place, trip, "en")
    assert "Before it is called it needs: Yard." in said["text"]
    [coming] = [one["text"] for one in said["missing"] if one["desk"] == "yard"]
    assert coming == "Yard: In the yard", "nobody waits there since it was registered"
    others = [one["text"] for one in said["missing"] if one["desk"] != "yard"]
    assert others == ["Border guard: Border guard, waiting since 23/01 07:00"]


def test_trips_without_a_workflow_wait_for_nobody(api: RunningApi):
    trip = in_the_yard(api)
    assert why(api, trip)["missing"] == []
    row = listed(api, trip)
    assert (row["locked"], row["clearances"]) == ([], [])


def test_the_gates_list_says_by_agency_what_is_confirmed_and_whether_the_gate_is_locked(
    place: RunningApi,
):
    trip = in_the_yard(place)
    confirm(place, trip, Agency.BORDER_GUARD, "border_guard")
    row = listed(place, trip)
    assert row["locked"] == ["gate", "release"]
    assert [(one["stage"], one["desk"], one["state"]) for one in row["clearances"]] == [
        ("yard_in", "yard", "confirmed"),
        ("customs_check", "customs", "ready"),
        ("fees_paid", "tax", "waiting"),
        ("border_guard", "border_guard", "confirmed"),
    ]
    assert row["clearances"][1]["name"]["zh"] == "海关"


def decide(place: RunningApi, kind: str, trip: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    body = {"id": str(uuid4()), "kind": kind, "at": after(0).isoformat(), "trip": trip, **more}
    answer = officer(place, Agency.BORDER_GUARD, "Lan").post(f"{GATE}/decisions", json=[body])
    said: dict[str, Any] = answer.json()
    return said


def test_a_truck_admitted_though_not_cleared_is_written_down_as_such(place: RunningApi):
    trip = in_the_yard(place)
    assert decide(place, "admitted", trip, uncleared=True)["recorded"] == 1
    [(details,)] = place.border.conn.execute(
        "select details from ledger where kind = 'admitted'"
    ).fetchall()
    assert details == {"uncleared": 1}
    [(after_act,)] = place.border.conn.execute(
        "select after from audit where act = 'gate.admitted'"
    ).fetchall()
    assert after_act["uncleared"] is True


def test_a_refusal_of_a_truck_is_not_of_one_that_is_not_cleared(place: RunningApi):
    trip = in_the_yard(place)
    said = decide(place, "refused", trip, reason="papers", uncleared=True)
    assert said["recorded"] == 0
    assert "Only an admission" in said["refused"][0]["detail"]
