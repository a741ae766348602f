"""What the store knows of a gate: how late, in what state, and what is to come."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from api_server import RunningApi
from border import Border, after, border

from flowctl.controller import tick
from flowctl.registry.accounts import Role
from flowctl.registry.trips import observe
from flowctl.state import Snapshot
from flowctl.storage.gate_events import GateEvent
from flowctl.storage.live import list_gate_states
from flowctl.storage.plans import commit_decision
from flowctl.storage.retention import retain
from flowctl.storage.snapshot import gate_histories
from flowctl.storage.yard_arrivals import list_yard_arrivals


@pytest.fixture
def lang_son(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def lag_s(place: Border, now: float = 60) -> float:
    [found] = [h for h in gate_histories(place.conn, place.site, after(now)) if h.gate[:3] == "tan"]
    return found.lag_s


def word(place: Border, minute: float, *, late_min: float, kind: str = "cleared") -> None:
    event = GateEvent("import", kind, f"粤B{minute * 10:05.0f}", after(minute))
    observe(place.conn, place.site, "tan_thanh", [event], by="test", now=after(minute + late_min))


def test_a_gate_nobody_told_of_has_no_lag(lang_son: Border):
    assert lag_s(lang_son) == 0.0


def test_officers_who_write_later_make_the_gate_known_later(lang_son: Border):
    for minute in range(20):
        word(lang_son, minute, late_min=4.0)
    assert lag_s(lang_son) == pytest.approx(240.0)


def test_one_late_word_among_many_makes_no_lag(lang_son: Border):
    for minute in range(20):
        word(lang_son, minute, late_min=30.0 if minute == 7 else 0.5)
    assert lag_s(lang_son) == pytest.approx(30.0)


def test_when_all_trackers_at_a_gate_fall_silent_nothing_is_known_since(lang_son: Border):
    for number in range(1, 4):
        lang_son.trip()
        lang_son.visit(number, "queue_tan_thanh", 5)
        lang_son.position(number, 106.68, 22.0, 20 + number)
    assert lag_s(lang_son) == pytest.approx((60 - 23) * 60.0)


def test_two_parked_trackers_may_be_silent(lang_son: Border):
    for number in range(1, 3):
        lang_son.trip()
        lang_son.visit(number, "queue_tan_thanh", 5)
        lang_son.position(number, 106.68, 22.0, 20)
    assert lag_s(lang_son) == 0.0


def test_what_was_found_at_a_gate_is_stored_and_read_back(lang_son: Border):
    now = after(60)
    site = lang_son.site
    decision = tick(
        Snapshot(site, now, (), gate_histories(lang_son.conn, site, now)), plan_due=False
    )
    commit_decision(lang_son.conn, site, decision, now=now, solve_s=0.0)
    [stored] = list_gate_states(lang_son.conn, site.id, ["tan_thanh"])
    [found] = [one for one in decision.gates if one.gate == "tan_thanh"]
    assert stored.state == "unknown"
    assert stored.state_since is None
    assert stored.export_per_h == pytest.approx(found.exports.per_h, rel=1e-6)
    assert stored.import_high == pytest.approx(found.imports.high, rel=1e-6)
    kept = timedelta(days=site.fixes_kept_days)
    retain(lang_son.conn, site, now + kept, wall_clock=False)
    assert list_gate_states(lang_son.conn, site.id, ["tan_thanh"]) == [stored]
    retain(lang_son.conn, site, now + kept + timedelta(days=1), wall_clock=False)
    assert list_gate_states(lang_son.conn, site.id, ["tan_thanh"]) == []


def test_trucks_that_came_to_a_yard_are_arrivals_and_those_that_stood_there_are_none(
    lang_son: Border,
):
    came, stood = lang_son.trip(at=after(-120)), lang_son.trip(at=after(-30))
    lang_son.visit(came, "yard_bao_nguyen", -60, -40)
    lang_son.visit(came, "yard_bao_nguyen", -20)
    lang_son.visit(stood, "yard_bao_nguyen", -600)
    [found] = list_yard_arrivals(
        lang_son.conn, lang_son.site.id, since=after(-1440), until=after(0)
    )
    assert (found.gate, found.yard, found.arrived_at) == (
        "tan_thanh",
        "yard_bao_nguyen",
        after(-60),
    )
    assert found.registered_at == after(-120)


def test_the_forecast_tells_of_declared_trucks_where_they_will_come(api: RunningApi):
    for _ in range(12):
        api.border.trip(at=after(-300), ready_at=after(0) + timedelta(hours=4))
    told = api.person(Role.OFFICER).get("/v1/forecast", params={"hours": 6}).json()
    assert told["bin_s"] == 900
    assert len(told["starts_at"]) == 24
    gates = {gate["id"]: gate for gate in told["gates"]}
    assert sum(gates["tan_thanh"]["mean"]) > 9
    assert sum(gates["huu_nghi"]["mean"]) < 1
    feeding = [sum(yard["mean"]) for yard in told["yards"] if sum(yard["mean"]) > 1]
    assert feeding
    assert sum(feeding) == pytest.approx(sum(gates["tan_thanh"]["mean"]), rel=0.1)
    for gate in told["gates"]:
        assert all(
            low <= middle <= high
            for low, middle, high in zip(gate["p10"], gate["p50"], gate["p90"], strict=True)
        )
