"""The agencies of a played day: officers with sessions of their own, at the lists of the pages."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from agencies import give_workflow, officer, say
from api_server import PASSWORD, RunningApi
from border import MORNING, SITE, after

from flowctl.registry.accounts import Agency
from flowctl.registry.seen_stages import confirm_seen
from flowctl.site_files import read_source
from flowctl.storage.fees import add_schedule
from simulations.agencies import MINUTES, Agencies, Officer

BODY = {
    "plate": "12C-34567",
    "phone": "0903123456",
    "language": "vi",
    "direction": "export",
    "cargo": "perishable",
    "gates": ["tan_thanh"],
    "ready_at": MORNING.isoformat(),
    "device": "tracker-9",
}


@pytest.fixture
def agencies(api: RunningApi) -> Iterator[Agencies]:
    for one in Agency:
        officer(api, one)
    posts = [Officer(str(one), str(one), PASSWORD) for one in Agency]
    with closing(Agencies(api.url, posts, seed=1)) as made:
        yield made


def arrive(api: RunningApi, agencies: Agencies) -> int:
    answer = api.machine().post("/v1/trips", json=agencies.declare(BODY))
    assert answer.status_code == 201, answer.text
    trip: int = answer.json()["id"]
    api.border.visit(trip, "yard_bao_nguyen", 0)
    confirm_seen(api.border.conn, api.border.site, now=after(0.5))
    return trip


def play(api: RunningApi, agencies: Agencies, minutes: int) -> None:
    for _ in range(minutes):
        api.clock.at += timedelta(minutes=1)
        agencies.act(api.clock.at)


def locked(api: RunningApi) -> list[str]:
    [(found,)] = api.border.conn.execute("select locked from trips").fetchall()
    return list(found)


def test_each_agency_confirms_under_its_own_account_within_minutes_and_not_at_once(
    api: RunningApi, agencies: Agencies
):
    give_workflow(api, read_source(SITE).workflow)
    trip = arrive(api, agencies)
    play(api, agencies, 2)
    assert locked(api) == ["gate", "release"]
    play(api, agencies, round(max(most for _, most in MINUTES.values())))
    assert locked(api) == []
    said = api.border.conn.execute(
        "select stage, said_by, desk, origin from stage_records where trip_id = %s and desk is not"
        " null order by stage",
        [trip],
    ).fetchall()
    assert [(stage, by) for stage, by, *_ in said] == [
        ("border_guard", "border_guard"),
        ("border_guard_out", "border_guard"),
        ("customs_arrival", "customs"),
        ("customs_in_yard", "customs"),
        ("customs_out", "customs"),
        ("fees", "tax"),
        ("health_quarantine", "health_quarantine"),
        ("plant_quarantine", "plant_quarantine"),
    ]
    assert {(by == desk, origin) for _, by, desk, origin in said} == {(True, "hand")}
    assert agencies.confirmed == len(said)


def payments(api: RunningApi, trip: int) -> list[tuple[Any, ...]]:
    return api.border.conn.execute(
        "select p.method, p.amount_vnd = d.total_vnd, p.recorded_by, p.origin, p.paid_at"
        " from payments p join dues d using (trip_id) where p.trip_id = %s",
        [trip],
    ).fetchall()


def fees_said(api: RunningApi, trip: int) -> list[tuple[Any, ...]]:
    return api.border.conn.execute(
        "select act, said_by, origin, at from stage_records where trip_id = %s and stage = 'fees'",
        [trip],
    ).fetchall()


def test_what_is_due_is_paid_in_cash_and_the_payment_confirms_the_fees(
    api: RunningApi, agencies: Agencies
):
    source = read_source(SITE)
    give_workflow(api, source.workflow)
    add_schedule(api.border.conn, api.border.site, source.fees, by="the test", now=MORNING)
    trip = arrive(api, agencies)
    play(api, agencies, round(max(most for _, most in MINUTES.values())) + 2)
    [(method, is_all, by, origin, paid_at)] = payments(api, trip)
    assert (method, is_all, by, origin) == ("cash", True, "tax", "hand")
    assert fees_said(api, trip) == [("confirmed", "flowctl", "payment", paid_at)]
    assert locked(api) == [], "what needs the fees was confirmed behind them"
    assert agencies.paid == 1


def test_who_has_paid_already_pays_nothing_more(api: RunningApi, agencies: Agencies):
    source = read_source(SITE)
    give_workflow(api, source.workflow)
    add_schedule(api.border.conn, api.border.site, source.fees, by="the test", now=MORNING)
    trip = arrive(api, agencies)
    cashier = officer(api, Agency.TAX, "huy")
    due = cashier.get(f"/v1/trips/{trip}/dues").json()["due_vnd"]
    body = {"method": "card", "reference": "K-1", "amount_vnd": due}
    assert cashier.post(f"/v1/trips/{trip}/payments", json=body).status_code == 201
    play(api, agencies, round(max(most for _, most in MINUTES.values())) + 2)
    assert [(method, by) for method, _, by, *_ in payments(api, trip)] == [("card", "huy")]
    assert (agencies.paid, locked(api)) == (0, [])


def test_a_desk_that_is_left_to_people_waits_for_them(api: RunningApi, agencies: Agencies):
    give_workflow(api, read_source(SITE).workflow)
    agencies.by_hand = frozenset({"customs"})
    trip = arrive(api, agencies)
    play(api, agencies, 20)
    asked = officer(api, Agency.CUSTOMS, "lan")
    listed = asked.get("/v1/work", params={"state": "ready"}).json()["rows"]
    assert [(one["trip"], one["stage"]) for one in listed] == [(trip, "customs_arrival")]
    assert say(asked, trip, "customs_arrival", "confirmed").status_code == 200
    play(api, agencies, 20)
    assert say(asked, trip, "customs_in_yard", "confirmed").status_code == 200
    play(api, agencies, 20)
    assert say(asked, trip, "customs_out", "confirmed").status_code == 200
    assert locked(api) == []


def test_what_somebody_refused_is_left_to_people(api: RunningApi, agencies: Agencies):
    give_workflow(api, read_source(SITE).workflow)
    trip = arrive(api, agencies)
    guard = officer(api, Agency.BORDER_GUARD, "minh")
    api.clock.at = after(1)
    assert say(guard, trip, "border_guard", "refused", reason="driver").status_code == 200
    play(api, agencies, 20)
    assert locked(api) == ["gate", "release"]


def test_at_a_site_without_a_workflow_nobody_has_anything_to_do(
    api: RunningApi, agencies: Agencies
):
    assert agencies.declare(BODY) == BODY
    arrive(api, agencies)
    play(api, agencies, 10)
    assert (agencies.confirmed, locked(api)) == (0, [])
