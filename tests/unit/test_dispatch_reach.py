"""When a truck can be in which lanes, and what it passes through on the way."""

from dataclasses import replace
from datetime import datetime

import numpy as np
from builders import at, ints, on_the_road, small_gate, small_site, snapshot, staged

from flowctl.dispatch.framing import problem_of
from flowctl.dispatch.metering import approaches
from flowctl.dispatch.plan import verify
from flowctl.dispatch.planning import make_plan
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.solver import solve
from flowctl.dispatch.through import stay_slots, yard_room
from flowctl.lanes import Bay, LaneClass
from flowctl.site import Access, Site, Yard
from flowctl.state import Cargo, LiveTrip, Slot
from flowctl.traffic.capacity import CapacityEstimate, Rate

SOME = Rate(10.0, 8.0, 12.0)
COLD = LaneClass("cold", 1, ("reefer", "perishable"))
REST = LaneClass("rest", 3)


def framed(site: Site, trips: list[LiveTrip], now: datetime) -> DispatchProblem:
    state = snapshot(trips, now, site=site)
    learned = CapacityEstimate(20.0, 20.0, 20.0, 20.0, 0.0, 3600.0, SOME, SOME)
    believed = {gate.id: learned for gate in site.gates}
    return problem_of(state, believed, approaches(state, believed, {}))


def with_lanes(*, other: bool = False) -> Site:
    gates = [replace(small_gate(), lane_classes=(COLD, REST))]
    return small_site([*gates, small_gate("south")] if other else gates)


def two_legs(places: int) -> Site:
    """Return a site whose outside yard leads through an in-gate yard of so many places."""
    inner = Yard("inner", {}, places, (Access("north", 300.0, 0.25),))
    outer = Yard("outer", {}, 500, (Access("north", 900.0, 0.25, "inner", 600.0),))
    return small_site(yards=(inner, outer))


def test_each_lane_class_is_a_column_and_shares_the_gate_s_places():
    instance = framed(with_lanes(other=True), [], at("07:00"))
    assert instance.gates == ("north", "north", "south")
    assert instance.gate_of.tolist() == [0, 0, 2]
    together = instance.capacity[:2, :44].sum(axis=0)
    assert together.tolist() == [5] * 44
    assert instance.capacity[0, :44].sum() == 55
    assert (instance.capacity >= 0).all()


def test_a_truck_goes_only_into_lanes_that_take_it():
    trips = [
        staged(1, arrived=at("05:00")),
        staged(2, arrived=at("05:00"), cargo=Cargo.REEFER),
    ]
    instance = framed(with_lanes(), trips, at("09:00"))
    reached = instance.earliest < instance.slots
    assert reached.tolist() == [[False, True], [True, True]]
    plan = solve(instance)
    assert verify(instance, plan) == ()
    assert plan.gate[0] == 1


def test_a_promise_is_of_a_gate_and_holds_in_any_of_its_lanes():
    now, slot = at("09:00"), Slot("north", at("10:30"))
    trip = staged(1, arrived=at("05:00"), cargo=Cargo.REEFER, told=slot)
    instance = framed(with_lanes(), [trip], now)
    assert instance.told_gate.tolist() == [0]
    for column in (0, 1):
        place = instance.keep_first
        told = instance.cost(ints([column]), place)
        untold = replace(instance, told_gate=ints([-1])).cost(ints([column]), place)
        assert told.tolist() == untold.tolist()


def test_a_frozen_truck_stands_in_the_lanes_that_have_a_place():
    slot = Slot("north", at("09:15"))
    trips = [
        staged(number, arrived=at("05:00"), cargo=Cargo.REEFER, told=slot) for number in range(5)
    ]
    instance = framed(with_lanes(), trips, at("09:00"))
    assert (instance.frozen_slot == 1).all()
    assert np.bincount(instance.frozen_gate).tolist() == instance.capacity[:, 1].tolist()
    assert (instance.room >= 0).all()


def test_an_uncertain_arrival_is_planned_so_that_nine_of_ten_are_on_time():
    sure = on_the_road(1, registered=at("05:00"), eta=at("10:00"), ready=at("09:00"))
    near = sure._replace(id=2, eta_yard_late_at=at("10:20"))
    wide = sure._replace(id=3, eta_yard_late_at=at("12:00"))
    instance = framed(small_site(), [sure, near, wide], at("09:00"))
    first = instance.starts[instance.earliest[:, 0]].tolist()
    # 45 min of window lie behind a slot's begin: only what is later than that moves the slot.
    assert first[0] == first[1] == at("10:15").timestamp()
    assert first[2] == at("11:30").timestamp()


def test_trucks_of_an_outside_yard_are_limited_by_the_in_gate_yard_and_others_are_not():
    outside = [staged(number, arrived=at("05:00"), yard="outer") for number in range(6)]
    inside = [staged(10 + number, arrived=at("05:30"), yard="inner") for number in range(3)]
    instance = framed(two_legs(4), [*outside, *inside], at("09:00"))
    through = instance.through
    assert through is not None
    assert (through.yards, through.column.tolist()) == (("inner",), [0])
    assert through.of[:, 0].tolist() == [0] * 6 + [-1] * 3
    # One place is free, and two slots' trucks stand there together; later all four are.
    assert through.room[0, :5].tolist() == [0, 0, 0, 2, 2]
    plan = solve(instance)
    assert verify(instance, plan) == ()
    assert (plan.slot[:6] >= 3).all()
    assert plan.cost == plan.bound


def test_a_plan_that_overfills_an_in_gate_yard_is_refused():
    outside = [staged(number, arrived=at("05:00"), yard="outer") for number in range(3)]
    instance = framed(two_legs(4), outside, at("09:00"))
    plan = solve(instance)
    crowded = replace(plan, slot=np.full_like(plan.slot, int(plan.slot.max())))
    assert "inner can pass on 2 trucks for slot 2, not 3." in verify(instance, crowded)


def test_a_truck_on_its_call_to_the_in_gate_yard_fills_it_and_goes_on_from_there():
    called = staged(1, arrived=at("05:00"))._replace(
        yard=None,
        released_at=at("08:58"),
        released_gate="north",
        release_expires_at=at("09:58"),
        moving_to="inner",
    )
    waits = staged(2, arrived=at("05:00"), yard="outer")
    instance = framed(two_legs(4), [called, waits], at("09:00"))
    through = instance.through
    assert through is not None
    assert through.of[:, 0].tolist() == [-1, 0]
    # Ten minutes to the yard since 08:58, five on to the gate.
    assert instance.starts[instance.earliest[0, 0]] == at("09:15").timestamp()
    assert through.room[0, 0] == 1


def test_a_yard_passes_on_what_is_free_shared_among_the_slots_that_meet_there():
    assert yard_room(10, 0, [5, 5, 5], 2) == [5, 5, 5]
    assert yard_room(10, 30, [5, 5, 5, 5, 5, 5, 5], 1) == [0, 0, 0, 0, 0, 0, 5]
    assert stay_slots(1800.0, 900) == 2
    assert stay_slots(60.0, 900) == 1


def with_scanner(places: int, slots: int) -> Site:
    """Return a site whose northern gate has scanners, which trucks block for so many slots."""
    north = replace(small_gate(), bays=(Bay("scanner", places, slots),))
    return small_site([north, small_gate("south")])


def scanned(number: int, **changes: object) -> LiveTrip:
    trip = staged(number, arrived=at("05:00"), gates=("south", "north"))
    return trip._replace(needs="scanner", **changes)


def test_a_truck_that_needs_a_bay_goes_only_where_there_is_one():
    trips = [scanned(1), staged(2, arrived=at("05:00"), gates=("south", "north"))]
    instance = framed(with_scanner(1, 2), trips, at("09:00"))
    assert (instance.earliest < instance.slots).tolist() == [[True, False], [True, True]]


def test_a_bay_holds_one_truck_for_all_the_slots_it_is_blocked():
    instance = framed(with_scanner(1, 3), [scanned(n) for n in range(1, 6)], at("09:00"))
    assert verify(instance, solve(instance))[0].startswith("north has 1 bays of kind 0")
    plan, faults = make_plan(instance)
    assert faults == ()
    assert plan is not None
    assert plan.unserved == 0
    assert (np.diff(np.sort(plan.slot)) >= 3).all()


def test_trucks_without_need_use_the_gate_while_its_bay_is_blocked():
    others = [staged(n, arrived=at("05:00"), gates=("north",)) for n in range(10, 20)]
    instance = framed(with_scanner(1, 4), [*(scanned(n) for n in (1, 2)), *others], at("09:00"))
    plan, _ = make_plan(instance)
    assert plan is not None
    between = (plan.slot[2:] > plan.slot[:2].min()) & (plan.slot[2:] < plan.slot[:2].max())
    assert between.any()
    assert plan.repair_cost <= plan.bound / 10
