"""Gates that close, lose lanes or stand still: what a tick decides of it, and of the way back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from builders import at, history, on_the_road, small_gate, small_site, staged

from flowctl.closures import Closure, with_closures
from flowctl.controller import Decision, tick
from flowctl.site import Site
from flowctl.state import Advice, AdviceKind, GateHistory, LiveTrip, Slot, Snapshot

SITE = small_site()


def closure(
    starts: str, ends: str | None, *, places_left: int = 0, entered: str | None = None
) -> Closure:
    until = None if ends is None else at(ends)
    known = at(entered or starts)
    return Closure(1, "north", at(starts), until, places_left, "power cut", "operator:an", known)


def state(
    trips: Sequence[LiveTrip],
    clock: str,
    closures: Sequence[Closure] = (),
    *,
    advice: Mapping[int, Advice] | None = None,
    gates: Sequence[GateHistory] = (),
    site: Site = SITE,
) -> Snapshot:
    now = at(clock)
    left = with_closures(site, closures, now)
    return Snapshot(left, now, tuple(trips), tuple(gates), tuple(closures), advice or {})


def plan(snapshot: Snapshot) -> Decision:
    return tick(snapshot, plan_due=True)


def queue_told(count: int, clock: str = "08:00") -> list[LiveTrip]:
    """Let trucks stand in the yard and have heard of their slots at a moment."""
    trips = [staged(i, arrived=at("05:00") + timedelta(minutes=i)) for i in range(count)]
    return heard(trips, plan(state(trips, clock)), at(clock))


def heard(trips: Sequence[LiveTrip], decision: Decision, now: datetime) -> list[LiveTrip]:
    told = {one.trip_id: one.slot for one in decision.tellings}
    return [
        trip._replace(told=told[trip.id], told_at=now) if trip.id in told else trip
        for trip in trips
    ]


def standing_advice(decision: Decision, clock: str) -> dict[int, Advice]:
    return {
        one.trip_id: Advice(AdviceKind(one.kind), one.gate, at(clock)) for one in decision.notices
    }


def kinds(decision: Decision) -> list[str]:
    return [str(one.kind) for one in decision.notices]


def told_at_of(trips: Sequence[LiveTrip]) -> dict[int, datetime]:
    return {trip.id: trip.told.starts_at for trip in trips if trip.told is not None}


def test_a_closure_in_ten_minutes_moves_its_slots_and_those_behind_at_once():
    trips = queue_told(120)
    shut = closure("08:20", "11:20", entered="08:10")
    decision = plan(state(trips, "08:10", [shut]))
    before = told_at_of(trips)
    turned_away = {key for key, start in before.items() if at("08:20") <= start < at("11:20")}
    changed = {one.trip_id: one for one in decision.tellings}
    assert turned_away <= changed.keys()
    assert len(changed) > len(turned_away)
    assert {one.reason for one in changed.values()} == {"closure"}
    assert not [one for one in changed.values() if at("08:20") <= one.slot.starts_at < at("11:15")]
    after = told_at_of(heard(trips, decision, at("08:10")))
    assert sorted(after, key=lambda key: (after[key], key)) == sorted(
        after, key=lambda key: (before[key], key)
    )
    # Heard once: the next plan repeats nothing.
    told = heard(trips, decision, at("08:10"))
    assert plan(state(told, "08:15", [shut])).tellings == ()


def test_nobody_leaves_for_a_closed_gate():
    trips = queue_told(30)
    for ends in ("11:00", None):
        decision = plan(state(trips, "09:00", [closure("08:30", ends)]))
        assert decision.releases == ()
        assert decision.gates[0].n_target == 0.0


def test_an_unknown_end_holds_those_it_may_turn_away_and_promises_nothing_while_it_lasts():
    trips = queue_told(80)
    shut = closure("09:00", None)
    first = plan(state(trips, "09:00", [shut]))
    held = {one.trip_id for one in first.notices}
    in_doubt = {key for key, start in told_at_of(trips).items() if start < at("11:00")}
    assert held == in_doubt
    assert set(kinds(first)) == {"hold"}
    assert not held & {one.trip_id for one in first.tellings}
    advice = standing_advice(first, "09:00")
    later = plan(state(trips, "09:30", [shut], advice=advice))
    # The end moved on by half an hour, and with it who is in doubt.
    more = {one.trip_id for one in later.notices}
    assert not more & held
    assert {told_at_of(trips)[key] >= at("11:00") for key in more} <= {True}


def test_reopened_early_all_who_were_held_hear_in_order_and_nobody_of_an_earlier_slot():
    trips = queue_told(80)
    first = plan(state(trips, "09:00", [closure("09:00", None)]))
    trips = heard(trips, first, at("09:00"))
    advice = standing_advice(first, "09:00")
    ended = closure("09:00", "09:40", entered="09:40")
    decision = plan(state(trips, "09:40", [ended], advice=advice))
    told = {one.trip_id: one for one in decision.tellings}
    assert advice.keys() <= told.keys()
    assert {told[key].reason for key in advice} == {"reopened"}
    starts = [told[key].slot.starts_at for key in sorted(advice)]
    assert starts == sorted(starts)
    assert "earlier" not in {one.reason for one in decision.tellings}
    # No stampede: only as many leave as the gate and the road can take.
    assert 0 < len(decision.releases) <= decision.gates[0].n_target


def test_lost_lanes_leave_less_in_every_slot_until_they_are_back():
    trips = queue_told(100)
    loss = closure("09:00", "12:00", places_left=1)
    decision = plan(state(trips, "09:00", [loss]))
    after = told_at_of(heard(trips, decision, at("09:00")))
    moved = heard(trips, decision, at("09:00"))
    during = [start for start in after.values() if at("10:00") <= start < at("11:45")]
    # A quarter of 20 trucks an hour, and what did not move by enough to be told.
    assert len(during) < 35
    assert {one.reason for one in decision.tellings} == {"closure"}
    assert decision.gates[0].capacity_per_h < 8.0
    assert moved != trips


def test_a_gate_that_stands_still_gets_no_more_trucks_than_it_has_free_places():
    passed = [
        (at("06:45") + timedelta(minutes=3 * n), at("07:03") + timedelta(minutes=3 * n))
        for n in range(40)
    ]
    stuck: list[tuple[datetime, datetime | None]] = [(at("08:50"), None)] * 6
    gates = [history("north", [*passed, *stuck])]
    trips = queue_told(30)
    decision = plan(state(trips, "10:30", gates=gates))
    assert decision.gates[0].state == "stopped"
    assert decision.releases == ()


def test_who_is_far_away_stays_until_the_gate_is_open_again_and_hears_each_once():
    far = on_the_road(1, registered=at("05:00"), eta=at("12:00"), ready=at("05:00"))
    near = on_the_road(2, registered=at("05:00"), eta=at("09:20"), ready=at("05:00"))
    shut = closure("09:00", None)
    first = plan(state([far, near], "09:00", [shut]))
    assert [(one.trip_id, str(one.kind)) for one in first.notices] == [(1, "stay")]
    advice = standing_advice(first, "09:00")
    assert plan(state([far, near], "10:00", [shut], advice=advice)).notices == ()
    again = plan(state([far, near], "10:30", advice=advice))
    assert [(one.trip_id, str(one.kind)) for one in again.notices] == [(1, "depart")]


def test_who_comes_after_a_known_end_need_not_stay():
    far = on_the_road(1, registered=at("05:00"), eta=at("12:00"), ready=at("05:00"))
    assert plan(state([far], "09:00", [closure("09:00", "11:00")])).notices == ()


def test_a_truck_the_days_ahead_have_no_place_for_hears_so_once():
    dispatch = replace(SITE.dispatch, horizon_days=1)
    site = small_site([small_gate(per_h=2.0, places=1)], dispatch=dispatch)
    trips = [staged(i, arrived=at("05:00") + timedelta(minutes=i)) for i in range(30)]
    first = plan(state(trips, "08:00", site=site))
    assert set(kinds(first)) == {"no_slot"}
    assert {one.trip_id for one in first.notices} == set(first.unserved)
    assert all(one.before == at("18:00") for one in first.notices)
    advice = standing_advice(first, "08:00")
    told = heard(trips, first, at("08:00"))
    again = plan(state(told, "08:05", advice=advice, site=site))
    assert not {one.trip_id for one in again.notices} & advice.keys()


def test_a_surge_moves_nobody_later_without_a_reason():
    trips = queue_told(60)
    surge = [staged(1000 + i, arrived=at("08:00") + timedelta(seconds=5 * i)) for i in range(400)]
    decision = plan(state([*trips, *surge], "08:35"))
    changed = [one for one in decision.tellings if one.previous is not None]
    assert [one for one in changed if not one.reason] == []
    assert len(changed) < 6


def test_a_slot_told_at_another_gate_that_closes_is_moved_to_the_one_that_is_open():
    site = small_site([small_gate("north"), small_gate("south")])
    trip = staged(1, arrived=at("06:00"), gates=("north", "south"), told=Slot("north", at("09:30")))
    decision = plan(state([trip], "08:00", [closure("08:00", None)], site=site))
    (telling,) = decision.tellings
    assert (telling.slot.gate, telling.reason) == ("south", "closure")
    assert decision.notices == ()


def test_a_closure_that_is_long_over_frees_no_promise_any_more():
    # Sixty seniors without a slot would all go before it, were it not promised what is near now.
    junior = staged(99, arrived=at("06:00"), told=Slot("north", at("12:15")))._replace(
        told_at=at("08:00")
    )
    seniors = [
        staged(i, arrived=at("05:00") + timedelta(minutes=i), ready=at("11:50")) for i in range(60)
    ]
    shut = closure("09:00", "09:30")
    decision = plan(state([*seniors, junior], "12:00", [shut]))
    assert 99 not in {one.trip_id for one in decision.tellings}
    while_news = plan(state([*seniors, junior], "12:00", [shut._replace(changed_at=at("11:59"))]))
    assert 99 in {one.trip_id for one in while_news.tellings}


def test_a_closure_of_a_gate_that_the_site_has_no_more_stops_no_tick():
    gone = staged(1, arrived=at("06:00"), told=Slot("north", at("09:00")))
    other = small_site([small_gate("south")])
    decision = plan(state([gone], "08:30", [closure("08:00", None)], site=other))
    assert (decision.unserved, decision.tellings) == ((1,), ())
