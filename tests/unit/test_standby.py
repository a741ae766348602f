"""Call-ups that were not followed, and who gets the places."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from builders import at, on_the_road, small_site, snapshot, staged

from flowctl.controller import tick
from flowctl.dispatch.called import callable_at, in_transit, standing
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.standby import Swap, expiries, fills, swaps, with_expired, with_swaps
from flowctl.policy import Penalty, StandbyRules
from flowctl.site import Site
from flowctl.state import Advice, AdviceKind, LiveTrip, Slot
from flowctl.traffic.capacity import CapacityEstimate, Rate

NOW = at("09:00")
SITE = small_site()
NINE, TEN, NOON = (Slot("north", at(clock)) for clock in ("09:00", "10:00", "12:00"))


def believed(per_h: float = 20.0, site: Site = SITE) -> dict[str, CapacityEstimate]:
    rate = Rate(per_h, per_h, per_h)
    learned = CapacityEstimate(per_h, per_h, per_h, per_h, 0.0, 3600.0, rate, Rate(0.0, 0.0, 0.0))
    return {gate.id: learned for gate in site.gates}


def called(
    number: int = 1, *, minutes_ago: float, seen_ago: float | None = 0.0, yard: str | None = "yard"
) -> LiveTrip:
    """A truck that was called up some minutes ago, by its tracker's last word in ``yard``."""
    gone = NOW - timedelta(minutes=minutes_ago)
    return staged(number, arrived=at("05:00"), told=NINE)._replace(
        yard=yard,
        released_at=gone,
        released_gate="north",
        release_expires_at=gone + timedelta(hours=1),
        seen_at=None if seen_ago is None else NOW - timedelta(minutes=seen_ago),
    )


def waits(number: int, slot: Slot | None, **changes: object) -> LiveTrip:
    """A truck that stands in the yard since 05:00 and was told a slot at 06:00."""
    trip = staged(number, arrived=at("05:00") + timedelta(minutes=number), told=slot)
    heard = None if slot is None else at("06:00")
    return trip._replace(told_at=heard)._replace(**changes)


def late(number: int, slot: Slot, *, by: str = "11:30") -> LiveTrip:
    """A truck on the road that nine of ten times would be in the yard by a moment."""
    trip = on_the_road(number, registered=at("04:00"), eta=at("10:45"), ready=at("04:00"))
    return trip._replace(told=slot, told_at=at("06:00"), eta_yard_late_at=at(by))


def over(*trips: LiveTrip, site: Site = SITE) -> list[tuple[int, Reason]]:
    return [(one.trip_id, one.reason) for one in expiries(snapshot(trips, NOW, site=site))]


def exchanged(trips: Sequence[LiveTrip], now: datetime = NOW, per_h: float = 20.0) -> list[Swap]:
    return list(swaps(snapshot(trips, now), believed(per_h)))


def test_a_truck_that_still_stands_in_its_yard_has_not_shown_up():
    assert over(called(minutes_ago=23)) == [(1, Reason.NO_SHOW)]


def test_a_truck_that_may_still_follow_has_time():
    assert over(called(minutes_ago=19)) == []
    assert over(called(minutes_ago=40, yard=None)) == []


def test_a_truck_that_leaves_at_the_last_moment_is_seen_to_have_left_before_it_is_blamed():
    # In 20 min it had to leave; two fixes outside and their way here take 3 min more.
    assert over(called(minutes_ago=22.9)) == []
    assert over(called(minutes_ago=23)) == [(1, Reason.NO_SHOW)]


def test_a_truck_that_was_sent_back_from_the_gate_is_no_no_show():
    gone = called(minutes_ago=30)
    assert over(gone._replace(yarded_at=NOW - timedelta(minutes=5))) == []
    assert over(gone._replace(yarded_at=at("05:00"))) == [(1, Reason.NO_SHOW)]


def test_a_silent_tracker_proves_no_no_show():
    assert over(called(minutes_ago=23, seen_ago=14), called(2, minutes_ago=23, seen_ago=None)) == []
    assert over(called(minutes_ago=23, seen_ago=13)) == [(1, Reason.NO_SHOW)]
    # But the call-up runs out like any other, without blame.
    assert over(called(minutes_ago=60, seen_ago=51)) == [(1, Reason.RELEASE_EXPIRED)]


def test_a_truck_that_left_and_does_not_come_costs_nothing():
    assert over(called(minutes_ago=60, yard=None)) == [(1, Reason.RELEASE_EXPIRED)]


def test_nobody_is_told_twice_that_a_call_up_is_over():
    told = called(minutes_ago=90)._replace(release_ended="no_show")
    assert over(told) == []


def test_a_truck_that_came_to_the_gate_or_the_in_gate_yard_followed():
    arrived = called(minutes_ago=90)._replace(queued_at=at("08:00"))
    moved = called(2, minutes_ago=90)._replace(moving_to="yard")
    assert over(arrived, moved) == []


def test_a_truck_that_did_not_move_to_the_in_gate_yard_has_not_shown_up():
    assert over(called(minutes_ago=25)._replace(moving_to="inside")) == [(1, Reason.NO_SHOW)]


def test_the_policy_says_how_long_a_truck_has():
    policy = replace(SITE.policy, standby=StandbyRules(no_show_s=600, seen_s=60))
    assert over(called(minutes_ago=11), site=replace(SITE, policy=policy)) == [(1, Reason.NO_SHOW)]


def test_a_no_show_frees_its_place_stands_again_and_rests():
    state = snapshot([called(minutes_ago=23)], NOW)
    assert in_transit(state.trips[0], NOW)
    [after] = with_expired(state, expiries(state)).trips
    assert not in_transit(after, NOW)
    assert standing(after, NOW)
    assert callable_at(after, SITE.policy) == NOW + timedelta(hours=1)
    mild = replace(SITE.policy, no_show=Penalty(loses_s=0))
    assert callable_at(after, mild) == NOW


def full(first: int) -> list[LiveTrip]:
    """Ten trucks on the way: one place below the target of 11."""
    return [
        called(first + i, minutes_ago=5, yard=None)._replace(release_ended=None) for i in range(10)
    ]


def test_the_place_of_a_no_show_goes_at_once_to_one_that_stands_by():
    trips = [called(minutes_ago=23), *full(100), waits(3, TEN), waits(4, NOON, standby=True)]
    decision = tick(snapshot(trips, NOW), plan_due=False)
    assert [(one.trip_id, one.reason) for one in decision.expired] == [(1, Reason.NO_SHOW)]
    assert [(one.trip_id, one.reason) for one in decision.releases] == [(4, Reason.STANDBY_FILL)]
    assert decision.unexplained == ()
    assert {one.reason for one in decision.overtakes} >= {Reason.STANDBY_FILL}


def test_without_anyone_standing_by_the_place_goes_to_the_next_in_turn():
    trips = [called(minutes_ago=23), *full(100), waits(4, NOON), waits(3, TEN)]
    decision = tick(snapshot(trips, NOW), plan_due=False)
    assert [(one.trip_id, one.reason) for one in decision.releases] == [(3, None)]


def test_those_who_stand_by_get_nobody_elses_turn():
    trips = [*full(100), waits(3, TEN), waits(4, NOON, standby=True)]
    decision = tick(snapshot(trips, NOW), plan_due=False)
    assert [one.trip_id for one in decision.releases] == [3]


def test_a_no_show_goes_after_those_with_a_slot_until_it_is_told_a_new_one():
    no_show = waits(1, NINE)._replace(
        released_at=at("06:30"),
        released_gate="north",
        release_expires_at=at("07:00"),
        release_ended="no_show",
    )
    trips = [*full(100), no_show, waits(2, NOON)]
    assert [one.trip_id for one in tick(snapshot(trips, NOW), plan_due=False).releases] == [2]
    again = [*full(100), no_show._replace(told_at=at("08:00")), waits(2, NOON)]
    assert [one.trip_id for one in tick(snapshot(again, NOW), plan_due=False).releases] == [1]


def test_standby_covers_at_most_its_share_of_an_hour():
    used = [
        called(50, minutes_ago=30, yard=None)._replace(standby=True),
        called(51, minutes_ago=70, yard=None)._replace(standby=True),
    ]
    missed = [called(i, minutes_ago=23) for i in range(5)]
    state = snapshot([*used, *missed], NOW)
    gone = [one for one in expiries(state) if one.reason is Reason.NO_SHOW]
    assert len(gone) == 5
    assert fills(state, gone, believed(20.0)) == {"north": 1}
    assert fills(state, gone, believed(100.0)) == {"north": 5}
    none = replace(SITE, policy=replace(SITE.policy, standby=StandbyRules(share=0.0)))
    assert fills(replace(state, site=none), gone, believed(100.0)) == {"north": 0}


def test_a_truck_that_will_miss_its_slot_exchanges_it_with_one_that_can_make_it():
    trips = [late(1, Slot("north", at("09:30"))), waits(2, NOON)]
    assert exchanged(trips) == [Swap(1, 2, Slot("north", at("09:30")), NOON)]
    after = {trip.id: trip for trip in with_swaps(snapshot(trips, NOW), exchanged(trips)).trips}
    assert (after[1].told, after[2].told) == (NOON, Slot("north", at("09:30")))
    assert {trip.told_at for trip in after.values()} == {NOW}
    assert [after[i].registered_at for i in (1, 2)] == [trip.registered_at for trip in trips]


def test_a_truck_that_comes_within_the_tolerance_keeps_its_slot():
    # The slot ends at 09:45, is kept until 10:15, and the way takes 10 min.
    slot = Slot("north", at("09:30"))
    assert exchanged([late(1, slot, by="10:05"), waits(2, NOON)]) == []
    assert len(exchanged([late(1, slot, by="10:06"), waits(2, NOON)])) == 1


def test_papers_that_come_too_late_are_a_reason_to_exchange():
    slow = waits(1, Slot("north", at("09:15")), ready_at=at("10:30"))
    assert len(exchanged([slow, waits(2, NOON)])) == 1


def test_a_slot_that_is_not_near_is_left_to_the_plan():
    assert exchanged([late(1, Slot("north", at("09:45")), by="16:00"), waits(2, NOON)]) == []


def test_where_nobody_knows_where_a_truck_is_its_slot_stays():
    lost = late(1, NINE)._replace(eta_yard_late_at=None)
    assert exchanged([lost, waits(2, NOON)]) == []


def test_one_that_stands_by_comes_before_others_then_the_nearest_slot():
    giver = late(1, Slot("north", at("09:30")))
    far, near = waits(2, Slot("north", at("15:00"))), waits(3, NOON)
    assert [swap.takes for swap in exchanged([giver, far, near])] == [3]
    ready = far._replace(standby=True)
    assert [swap.takes for swap in exchanged([giver, ready, near])] == [2]


@pytest.mark.parametrize(
    "taker",
    [
        waits(2, Slot("north", at("09:15"))),
        waits(2, TEN),
        waits(2, NOON, ready_at=at("10:00")),
        waits(2, Slot("south", at("12:00"))),
        waits(2, NOON, told_at=at("08:00")),
        waits(2, NOON, yard=None),
        waits(2, None),
    ],
    ids=[
        "earlier slot",
        "the giver cannot make its slot",
        "not ready",
        "another gate",
        "just told",
        "not in a yard",
        "no slot",
    ],
)
def test_who_cannot_take_the_slot_or_give_a_fit_one_is_left_alone(taker: LiveTrip):
    assert exchanged([late(1, Slot("north", at("09:30"))), taker]) == []


def test_a_driver_who_was_asked_to_stay_does_not_exchange():
    trips = [late(1, Slot("north", at("09:30"))), waits(2, NOON)]
    held = {2: Advice(AdviceKind.HOLD, "north", NOW)}
    assert swaps(replace(snapshot(trips, NOW), advice=held), believed()) == ()


def test_at_most_a_share_of_an_hours_slots_change_hands():
    givers = [late(i, Slot("north", at("09:15"))) for i in range(5)]
    takers = [waits(10 + i, NOON) for i in range(5)]
    assert len(exchanged([*givers, *takers], per_h=20.0)) == 2
    assert len(exchanged([*givers, *takers], per_h=100.0)) == 5
    assert {swap.takes for swap in exchanged([*givers, *takers], per_h=100.0)} == set(range(10, 15))


def test_slots_that_changed_hands_before_count():
    trips = [late(1, Slot("north", at("09:15"))), waits(2, NOON)]
    before = waits(3, Slot("north", at("09:00")), told_at=NOW, swapped=True)
    assert len(exchanged([*trips, before])) == 1
    assert exchanged([*trips, before, before._replace(id=4)]) == []
    later = before._replace(told=Slot("north", at("12:30")))
    assert exchanged([*trips, later, later._replace(id=4)]) == []


def test_a_tick_says_only_once_what_it_exchanged():
    trips = [late(1, Slot("north", at("09:30"))), waits(2, NOON)]
    decision = tick(snapshot(trips, NOW), plan_due=True)
    assert [(swap.gives, swap.takes) for swap in decision.swaps] == [(1, 2)]
    assert decision.tellings == ()


def test_only_the_places_left_free_are_given_out_of_turn():
    # Three places, one of them left by a no-show: two go by turn, whoever stands by.
    trips = [
        called(minutes_ago=23),
        *full(100)[:8],
        waits(2, NINE),
        waits(3, Slot("north", at("09:15")), standby=True),
        waits(4, TEN),
        waits(5, NOON, standby=True),
    ]
    decision = tick(snapshot(trips, NOW), plan_due=False)
    assert [(one.trip_id, one.reason) for one in decision.releases] == [
        (2, None),
        (3, None),
        (5, Reason.STANDBY_FILL),
    ]
