"""When a truck is called for its slot, and who moves from an outside yard to an in-gate yard."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from math import log, sqrt

import numpy as np
import pytest
from builders import at, history, on_the_road, small_gate, small_site, snapshot, staged
from hypothesis import given
from hypothesis import strategies as st

from flowctl.controller import Decision, tick
from flowctl.dispatch.framing import plannable
from flowctl.dispatch.legs import call_up_at, travel_quantile
from flowctl.dispatch.reasons import Reason
from flowctl.site import Access, DispatchParams, Site, Yard
from flowctl.state import Advice, AdviceKind, LiveTrip, Slot, Stage

NOW = at("09:00")
PARAMS = DispatchParams()


def two_legs(places: int = 6, *, gates: Sequence[str] = ("north",)) -> Site:
    """Gates of 20 an hour, 10 min from an in-gate yard of few places, which is 30 min from outside.

    While a truck comes in, a gate takes 10; with a buffer of 2.2 roots 17 are wanted there.
    """
    inner = tuple(Access(gate, 600.0, 0.25) for gate in gates)
    outer = tuple(Access(gate, 2400.0, 0.25, "yard", 1800.0) for gate in gates)
    yards = (Yard("yard", {}, places, inner), Yard("outside", {}, 500, outer))
    return small_site([small_gate(gate) for gate in gates], yards=yards)


def outside(count: int, *, told: str | None = "10:00", first: int = 0) -> list[LiveTrip]:
    slot = None if told is None else Slot("north", at(told))
    return [
        staged(first + i, arrived=at("05:00") + timedelta(minutes=i), yard="outside", told=slot)
        for i in range(count)
    ]


def coming(number: int, *, minutes_ago: float = 5) -> LiveTrip:
    """A truck that was called into the in-gate yard."""
    gone = NOW - timedelta(minutes=minutes_ago)
    return staged(number, arrived=at("05:00"), told=Slot("north", at("10:00")))._replace(
        yard=None,
        moving_to="yard",
        released_at=gone,
        released_gate="north",
        release_expires_at=gone + timedelta(hours=1),
    )


def decided(trips: Sequence[LiveTrip], site: Site | None = None, now: str = "09:00") -> Decision:
    return tick(snapshot(trips, at(now), site=site or two_legs()), plan_due=False)


def moved(decision: Decision) -> list[int]:
    return [one.trip_id for one in decision.moves]


def test_a_driver_is_called_so_that_nine_of_ten_are_there_when_the_slot_begins():
    way = Access("north", 600.0, 0.25)
    early_s = (at("10:00") - call_up_at(Slot("north", at("10:00")), way, PARAMS)).total_seconds()
    rng = np.random.default_rng(3)
    sd = sqrt(log(1 + 0.25**2))
    drives = rng.lognormal(log(600.0) - sd * sd / 2, sd, 100_000)
    assert drives.mean() == pytest.approx(600.0, rel=0.01)
    assert (drives <= early_s).mean() == pytest.approx(0.9, abs=0.005)


def test_a_way_that_always_takes_the_same_time_is_called_by_that_time():
    assert travel_quantile(600.0, 0.0, 0.9) == pytest.approx(600.0)
    assert travel_quantile(0.0, 0.5, 0.9) == 0.0


@given(
    mean=st.floats(1.0, 10_000.0),
    cv=st.floats(0.0, 2.0),
    low=st.floats(0.01, 0.98),
    step=st.floats(0.001, 0.5),
)
def test_a_surer_call_is_an_earlier_call(mean: float, cv: float, low: float, step: float):
    high = min(low + step, 0.99)
    assert 0.0 < travel_quantile(mean, cv, low) <= travel_quantile(mean, cv, high)


def test_from_outside_nobody_goes_straight_to_the_gate():
    decision = decided(outside(3))
    assert decision.releases == ()
    assert [(one.yard, one.to_yard, one.gate) for one in decision.moves] == [
        ("outside", "yard", "north")
    ] * 3
    assert decision.moves[0].expires_at == at("10:00")


def test_the_in_gate_yard_takes_what_it_has_places_for():
    here = [staged(50 + i, arrived=at("04:00"), ready=at("12:00")) for i in range(2)]
    on_the_way = [coming(60)]
    assert moved(decided([*outside(9), *here, *on_the_way])) == [0, 1, 2]
    assert moved(decided([*outside(9), *here, *on_the_way], two_legs(places=3))) == []


def test_two_gates_share_the_places_of_an_in_gate_yard():
    site = two_legs(gates=("north", "south"))
    south = [
        trip._replace(gates=("south",), told=Slot("south", at("10:00")))
        for trip in outside(4, first=20)
    ]
    assert len(moved(decided([*outside(4), *south], site))) == 6


def test_the_gate_releases_those_who_came_into_the_in_gate_yard():
    trip = coming(1, minutes_ago=30)._replace(yard="yard")
    assert trip.stage is Stage.STAGED
    decision = decided([trip, *outside(2, first=5)])
    assert [one.trip_id for one in decision.releases] == [1]
    assert {one.reason for one in decision.overtakes} <= set(Reason)
    assert decision.unexplained == ()


def test_a_truck_on_its_way_in_loads_the_yard_and_not_the_gate_and_keeps_its_place_in_the_plan():
    assert plannable(coming(1), NOW)
    assert decided([coming(1)]).gates[0].in_transit == 0


def test_turns_go_by_slot_then_seniority():
    late, early = outside(4, told="10:30"), outside(4, told="10:00", first=20)
    assert moved(decided([*late, *early])) == [20, 21, 22, 23, 0, 1]


def test_far_slots_wait_outside_while_the_gate_has_enough():
    site = two_legs(places=100)
    # 20 stand ready by the gate: more than the 17 it takes, with a buffer, in half an hour.
    here = [staged(50 + i, arrived=at("04:00")) for i in range(20)]
    assert moved(decided([*outside(9, told="15:00"), *here], site)) == []
    assert moved(decided([*outside(9, told="15:00"), *here[:12]], site)) == [0, 1, 2, 3, 4]


def test_a_near_slot_is_called_in_however_many_stand_there():
    site = two_legs(places=100)
    here = [staged(50 + i, arrived=at("04:00")) for i in range(20)]
    # 40 min of way, 53 at nine of ten, and half an hour in the in-gate yard.
    assert moved(decided([*outside(1, told="10:20"), *here], site)) == [0]
    assert moved(decided([*outside(1, told="10:30"), *here], site)) == []


def test_a_truck_comes_in_before_the_gate_opens_for_its_slot_and_not_in_the_night():
    assert moved(decided(outside(3, told="07:00"), now="05:30")) == []
    assert moved(decided(outside(3, told="07:00"), now="06:15")) == [0, 1, 2]
    assert moved(decided(outside(3, told=None), now="20:00")) == []


def test_without_slots_the_gate_is_still_fed():
    assert moved(decided(outside(3, told=None), two_legs(places=100))) == [0, 1, 2]


def test_who_was_not_ready_or_is_not_there_does_not_move():
    busy = outside(1)[0]._replace(ready_at=at("12:00"))
    away = on_the_road(7, registered=at("05:00"), eta=at("10:00"), ready=at("05:00"))
    assert moved(decided([busy, away])) == []


def test_a_gate_that_is_full_does_not_stop_what_is_due_from_coming_in():
    crowd = history("north", [(at("08:30"), None)] * 40)
    state = snapshot(outside(3, told="09:30"), NOW, site=two_legs(), gates=[crowd])
    assert moved(tick(state, plan_due=False)) == [0, 1, 2]


def test_a_driver_who_was_asked_to_stay_is_not_called_in_for_his_slot():
    crowd = history("north", [(at("08:30"), None)] * 40)
    state = snapshot(outside(3, told="09:30"), NOW, site=two_legs(places=100), gates=[crowd])
    stock = tuple(staged(50 + i, arrived=at("04:00")) for i in range(20))
    held = {0: Advice(AdviceKind.HOLD, "north", NOW)}
    state = replace(state, trips=(*state.trips, *stock), advice=held)
    assert len(moved(tick(state, plan_due=False))) == 2
