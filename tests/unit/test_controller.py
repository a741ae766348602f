"""One tick: what drivers hear, who leaves, and what is said of the gates."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from builders import at, history, on_the_road, opening, small_gate, small_site, snapshot, staged

from flowctl.controller import Decision, tick
from flowctl.dispatch import planning
from flowctl.dispatch.plan import Plan
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.solver import SolverError
from flowctl.site import Site
from flowctl.state import Cargo, GateHistory, LiveTrip, Slot


def queue_of(count: int, *, arrived: str = "05:00") -> list[LiveTrip]:
    return [staged(i, arrived=at(arrived) + timedelta(minutes=i)) for i in range(count)]


def told(trips: list[LiveTrip], decision: Decision, now: datetime) -> list[LiveTrip]:
    """Return the trips as they stand after their drivers heard the decision."""
    heard = {telling.trip_id: telling.slot for telling in decision.tellings}
    return [
        trip._replace(told=heard[trip.id], told_at=now) if trip.id in heard else trip
        for trip in trips
    ]


def slow(start: str, end: str, every_min: int) -> list[tuple[datetime, datetime | None]]:
    """A full gate that lets one truck go every ``every_min``."""
    seen: list[tuple[datetime, datetime | None]] = []
    leave = at(start)
    while leave < at(end):
        leave += timedelta(minutes=every_min)
        came = leave - timedelta(minutes=every_min * 6)
        seen.append((came, leave))
    return seen


def test_a_first_slot_is_told_to_trucks_in_a_yard_in_the_order_of_arrival():
    decision = tick(snapshot(queue_of(12), at("06:00")), plan_due=True)
    assert [telling.reason for telling in decision.tellings] == ["first"] * 12
    when = [telling.slot.starts_at for telling in decision.tellings]
    assert when == sorted(when)
    assert when[0] == at("07:00")
    assert decision.faults == ()
    assert decision.unserved == ()


def test_metering_alone_makes_no_plan_and_tells_nobody():
    decision = tick(snapshot(queue_of(12), at("09:00")), plan_due=False)
    assert decision.plan is None
    assert decision.tellings == ()
    assert len(decision.releases) == 11


def test_the_second_plan_repeats_nothing():
    trips = queue_of(40)
    state = snapshot(trips, at("06:00"))
    again = tick(
        snapshot(told(trips, tick(state, plan_due=True), at("06:00")), at("06:05")), plan_due=True
    )
    assert again.tellings == ()


def test_a_truck_far_away_is_told_once_it_comes_near():
    trip = on_the_road(1, registered=at("05:00"), eta=at("11:00"), ready=at("12:00"))
    assert tick(snapshot([trip], at("09:00")), plan_due=True).tellings == ()
    near = tick(snapshot([trip], at("10:00")), plan_due=True).tellings
    assert [(one.reason, one.slot.starts_at) for one in near] == [("first", at("12:15"))]


def test_a_truck_nobody_sees_is_told_before_it_is_ready_and_then_left_alone():
    trip = on_the_road(1, registered=at("05:00"), eta=None, ready=at("11:00"))
    assert tick(snapshot([trip], at("09:30")), plan_due=True).tellings == ()
    first = tick(snapshot([trip], at("10:00")), plan_due=True)
    assert [one.reason for one in first.tellings] == ["first"]
    unseen = told([trip], first, at("10:00"))
    assert tick(snapshot(unseen, at("16:00")), plan_due=True).tellings == ()


def test_who_does_not_fit_today_has_a_slot_tomorrow():
    decision = tick(snapshot(queue_of(260), at("06:00")), plan_due=True)
    days = [telling.slot.starts_at for telling in decision.tellings]
    assert len(days) == 260
    assert sum(start < at("18:00") for start in days) == 220
    assert max(days) < at("10:00", 24)


def test_a_truck_that_will_be_late_is_told_later_and_why():
    trip = on_the_road(
        1,
        registered=at("05:00"),
        eta=at("12:00"),
        ready=at("10:00"),
        told=Slot("north", at("10:30")),
    )
    (telling,) = tick(snapshot([trip], at("09:30")), plan_due=True).tellings
    assert telling.reason == "eta"
    assert telling.previous == Slot("north", at("10:30"))
    assert telling.slot.starts_at == at("12:15")


@pytest.mark.parametrize("now", ["09:00", "10:15"])  # well before the slot, and within its freeze
def test_who_asked_for_more_time_is_told_a_slot_no_earlier_once(now: str):
    trip = staged(1, arrived=at("08:00"), ready=at("11:30"), told=Slot("north", at("10:30")))
    asked = trip._replace(extended_until=at("11:30"))
    (telling,) = tick(snapshot([asked], at(now)), plan_due=True).tellings
    assert (telling.reason, telling.previous) == ("extension", Slot("north", at("10:30")))
    assert at("11:30") <= telling.slot.starts_at <= at("11:45")
    heard = asked._replace(told=telling.slot, told_at=at(now))
    assert tick(snapshot([heard], at(now)), plan_due=True).tellings == ()


def test_a_little_lateness_is_not_worth_a_message():
    trip = on_the_road(
        1,
        registered=at("05:00"),
        eta=at("11:00"),
        ready=at("10:00"),
        told=Slot("north", at("10:30")),
    )
    assert tick(snapshot([trip], at("09:30")), plan_due=True).tellings == ()


def test_a_slot_on_a_day_that_was_closed_is_moved_for_that_reason():
    hours = opening(exceptions={at("12:00", 24).date(): ()})
    site = small_site([small_gate(hours=hours)])
    trip = staged(1, arrived=at("12:00"), told=Slot("north", at("09:00", 24)))._replace(
        told_at=at("12:59")
    )
    (telling,) = tick(snapshot([trip], at("19:00"), site=site), plan_due=True).tellings
    assert telling.reason == "closure"
    assert telling.slot.starts_at == at("07:00", 25)


def collapsed_gate() -> GateHistory:
    seen = slow("07:00", "10:00", 3)
    left = [one for one in seen if one[1] is not None and one[1] <= at("09:00")]
    stuck = [(at("08:50"), None)] * 6
    return history("north", [*left, *stuck])


def test_a_collapse_is_told_at_once_even_for_far_slots_but_not_twice():
    trips = [
        trip._replace(told=Slot("north", at("13:00") + timedelta(minutes=3 * trip.id)))
        for trip in queue_of(60)
    ]
    heard = [trip._replace(told_at=at("06:00")) for trip in trips]
    crowd = [trip._replace(id=trip.id + 100) for trip in queue_of(60, arrived="04:00")]
    state = snapshot([*crowd, *heard], at("10:30"), gates=[collapsed_gate()])
    decision = tick(state, plan_due=True)
    changed = [one for one in decision.tellings if one.previous is not None]
    assert changed
    assert {one.reason for one in changed} == {"capacity"}
    after = told([*crowd, *heard], decision, at("10:30"))
    soon = tick(snapshot(after, at("10:35"), gates=[collapsed_gate()]), plan_due=True)
    again = {one.trip_id for one in soon.tellings} & {one.trip_id for one in changed}
    assert again == set()


def test_an_earlier_slot_is_offered_when_it_is_near():
    trip = staged(1, arrived=at("05:00"), told=Slot("north", at("13:00")))._replace(
        told_at=at("05:00")
    )
    (telling,) = tick(snapshot([trip], at("09:00")), plan_due=True).tellings
    assert (telling.reason, telling.slot.starts_at) == ("earlier", at("09:15"))


def test_no_driver_hears_of_estimates_twice_within_the_quiet_time():
    trip = staged(1, arrived=at("05:00"), told=Slot("north", at("13:00")))._replace(
        told_at=at("08:30")
    )
    assert tick(snapshot([trip], at("09:00")), plan_due=True).tellings == ()


def test_a_perishable_load_goes_first_and_frozen_slots_stay():
    trips = queue_of(30)
    now = at("08:00")
    heard = told(trips, tick(snapshot(trips, now), plan_due=True), now)
    fruit = staged(99, arrived=at("08:04"), cargo=Cargo.PERISHABLE)
    decision = tick(snapshot([*heard, fruit], at("08:05")), plan_due=True)
    first = {one.trip_id: one for one in decision.tellings}
    assert first[99].slot.starts_at < at("09:00")
    near = {trip.id for trip in heard if trip.told and trip.told.starts_at <= at("08:35")}
    assert near.isdisjoint(first)


def test_releases_follow_the_slots_told_in_the_same_tick():
    fruit = staged(99, arrived=at("08:59"), cargo=Cargo.PERISHABLE)
    decision = tick(snapshot([*queue_of(30, arrived="08:00"), fruit], at("09:00")), plan_due=True)
    assert 99 in {release.trip_id for release in decision.releases}
    slots = {one.trip_id: one.slot.starts_at for one in decision.tellings}
    gone = [slots[release.trip_id] for release in decision.releases]
    assert gone == sorted(gone)


def test_a_gate_without_any_opening_leaves_everyone_named():
    site: Site = small_site([small_gate(hours=opening(()))])
    decision = tick(snapshot(queue_of(3), at("09:00"), site=site), plan_due=True)
    assert decision.unserved == (0, 1, 2)
    assert decision.tellings == ()
    assert decision.releases == ()


def test_the_figures_of_a_gate_count_both_directions():
    seen = history(
        "north", [(at("08:40"), None)] * 6, imports=[True, True, False, False, False, False]
    )
    on_the_way = staged(50, arrived=at("05:00"))._replace(
        yard=None,
        released_at=at("08:55"),
        released_gate="north",
        release_expires_at=at("09:55"),
    )
    state = snapshot([*queue_of(5), on_the_way], at("09:00"), gates=[seen])
    (figures,) = tick(state, plan_due=False).gates
    assert (figures.in_lane, figures.queued, figures.in_transit, figures.waiting) == (4, 2, 1, 5)
    assert figures.capacity_low < figures.capacity_per_h < figures.capacity_high


def test_an_empty_site_decides_nothing():
    decision = tick(snapshot([], at("09:00")), plan_due=True)
    assert decision.plan is not None
    assert (decision.tellings, decision.releases, decision.unserved) == ((), (), ())


def test_without_a_solver_a_plan_by_fixed_headways_is_issued_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
):
    def refuse(_: DispatchProblem) -> None:
        raise SolverError("The minimum-cost flow ended with INFEASIBLE, not with an optimum.")

    monkeypatch.setattr(planning, "solve", refuse)
    decision = tick(snapshot(queue_of(8), at("06:00")), plan_due=True)
    assert decision.plan is not None
    assert decision.plan.status == "fallback"
    assert "INFEASIBLE" in decision.faults[0]
    assert len(decision.tellings) == 8


def test_a_plan_that_does_not_hold_is_never_issued(monkeypatch: pytest.MonkeyPatch):
    solve: Callable[[DispatchProblem], Plan] = planning.solve

    def everyone_at_once(problem: DispatchProblem) -> Plan:
        plan = solve(problem)
        return replace(plan, slot=plan.slot * 0)

    monkeypatch.setattr(planning, "solve", everyone_at_once)
    decision = tick(snapshot(queue_of(30), at("06:00")), plan_due=True)
    assert decision.plan is not None
    assert decision.plan.status == "fallback"
    assert any("takes" in fault for fault in decision.faults)
