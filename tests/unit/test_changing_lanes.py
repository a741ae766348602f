"""Lanes that change class: places are lent where that saves more than it costs, and rechecked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from builders import at, ints, problem, small_gate, small_site, staged
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.controller import tick
from flowctl.dispatch.apportion import apportioned
from flowctl.dispatch.lending import capacity_of, changed, lanes_of, shared_freely, with_lanes
from flowctl.dispatch.plan import verify
from flowctl.dispatch.planning import make_plan
from flowctl.dispatch.problem import DispatchProblem, Ints, Shared
from flowctl.dispatch.solver import solve
from flowctl.dispatch.supply import columns_of
from flowctl.lanes import LaneClass, LaneUse
from flowctl.site import Site
from flowctl.state import Cargo, LiveTrip, Snapshot

SLOTS = 20
COLD = LaneClass("cold", 2, ("reefer", "perishable"), switchable=True)
DRY = LaneClass("dry", 2, ("normal",), switchable=True)


def two_classes(
    earliest: Ints,
    *,
    whole: int = 4,
    weight: int = 10,
    frozen: dict[int, tuple[int, int]] | None = None,
) -> DispatchProblem:
    """Return a problem of one gate whose two classes have two places each of its four."""
    shared = (Shared((0, 1), (2, 2), (2, 2), np.full(SLOTS, whole)),)
    lanes = np.full((2, SLOTS), 2)
    capacity = capacity_of(shared, np.zeros((2, SLOTS), dtype=np.int64), lanes)
    weights = np.full(len(earliest), weight)
    made = problem(capacity, earliest, gates=["a", "a"], weight=weights, frozen=frozen)
    return replace(made, shared=shared, lanes=lanes)


def all_of_one_class(trucks: int) -> Ints:
    return np.tile(ints([0, SLOTS]), (trucks, 1))


def test_a_class_that_is_short_of_places_gets_those_of_the_other():
    instance = two_classes(all_of_one_class(30))
    plan, faults = make_plan(instance)
    assert faults == ()
    assert plan is not None
    assert plan.lanes is not None
    assert plan.lanes[:, 0].tolist() == [2, 2]
    assert plan.lanes[:, 1].tolist() == [3, 1]
    assert plan.bound <= plan.cost < solve(instance).cost
    assert plan.cost == plan.bound + plan.lanes_cost + plan.handout_cost + plan.repair_cost
    assert verify(instance, plan) == ()


def test_the_place_that_changes_takes_nobody_in_its_slot():
    instance = two_classes(all_of_one_class(30))
    plan, _ = make_plan(instance)
    assert plan is not None
    assert plan.capacity is not None
    assert plan.capacity[:, :3].tolist() == [[2, 2, 3], [2, 1, 1]]


def test_lanes_stay_where_changing_them_costs_more_than_it_saves():
    plan, _ = make_plan(two_classes(all_of_one_class(3), weight=1))
    assert plan is not None
    assert plan.lanes is not None
    assert (plan.lanes == 2).all()


def test_lanes_do_not_change_before_the_last_frozen_truck_has_gone():
    instance = two_classes(all_of_one_class(30), frozen={0: (0, 4)})
    plan, faults = make_plan(instance)
    assert faults == ()
    assert plan is not None
    assert plan.lanes is not None
    assert (plan.lanes[:, :5] == 2).all()
    assert changed(instance, plan.lanes) > 0


@pytest.mark.parametrize(
    ("row", "slot", "places", "sentence"),
    [
        (0, 3, 4, "The lanes of a have [4, 1] places in slot 3; 4 are to be shared"),
        (1, 5, 0, "The lanes of a have [3, 0] places in slot 5; 4 are to be shared"),
    ],
)
def test_places_that_were_made_or_lost_are_named(row: int, slot: int, places: int, sentence: str):
    instance = two_classes(all_of_one_class(30))
    plan, _ = make_plan(instance)
    assert plan is not None
    assert plan.lanes is not None
    wrong = plan.lanes.copy()
    wrong[row, slot] = places
    assert verify(instance, replace(plan, lanes=wrong)) == (sentence,)


def test_a_plan_that_does_not_lose_the_slot_of_the_change_is_refused():
    instance = two_classes(all_of_one_class(30))
    plan, _ = make_plan(instance)
    assert plan is not None
    assert plan.capacity is not None
    wrong = plan.capacity.copy()
    wrong[0, 1] = 3
    wrong[1, 1] = 1
    assert "takes 5 trucks up to slot 1, more" in verify(instance, replace(plan, capacity=wrong))[0]
    wrong[0, 1] = 4
    assert "take 5 trucks in slot 1, not 4" in verify(instance, replace(plan, capacity=wrong))[0]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_no_plan_costs_more_than_with_the_lanes_that_stand_or_less_than_the_bound(seed: int):
    random = np.random.default_rng(seed)
    trucks = int(random.integers(1, 60))
    earliest = np.full((trucks, 2), SLOTS)
    first = random.integers(0, SLOTS, trucks)
    kind = (random.random(trucks) < np.where(first < SLOTS // 2, 0.9, 0.1)).astype(int)
    earliest[np.arange(trucks), kind] = first
    instance = two_classes(earliest, whole=int(random.integers(1, 5)))
    plan, faults = make_plan(instance)
    assert faults == ()
    assert plan is not None
    standing, _ = make_plan(replace(instance, shared=(), lanes=None))
    assert standing is not None
    assert plan.bound <= plan.cost <= standing.cost
    assert verify(instance, plan) == ()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_places_shared_freely_cost_no_more_than_any_lanes(seed: int):
    random = np.random.default_rng(seed)
    earliest = random.integers(0, SLOTS + 1, (int(random.integers(1, 50)), 2))
    instance = two_classes(earliest, whole=3)
    first = np.repeat(random.integers(1, 4, 5), 4)
    lent = with_lanes(instance, np.stack([first, 4 - first]))
    assert solve(shared_freely(instance)).bound <= solve(lent).bound
    plan = replace(solve(lent), lanes=lent.lanes, capacity=lent.capacity)
    assert verify(instance, plan) == ()


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=60),
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
)
def test_whole_trucks_are_shared_out_without_loss_and_never_ahead(whole: list[int], own: list[int]):
    usable = np.repeat(ints(own)[:, None], len(whole), axis=1)
    given_out = apportioned(ints(whole), usable, sum(own))
    assert (given_out >= 0).all()
    assert given_out.sum(axis=0).tolist() == whole
    parts = np.cumsum(ints(whole)) * ints(own)[:, None] / sum(own)
    assert (np.cumsum(given_out, axis=1) < parts + 1).all()


def with_lanes_that_change() -> Site:
    gate = replace(small_gate(per_h=16.0), lane_classes=(COLD, DRY))
    return small_site([gate])


def waiting(number: int) -> tuple[LiveTrip, ...]:
    return tuple(
        staged(at_ + 1, arrived=at("06:00") + timedelta(seconds=at_), cargo=Cargo.REEFER)
        for at_ in range(number)
    )


def test_the_next_plan_begins_with_the_lanes_of_the_one_before():
    site = with_lanes_that_change()
    first = tick(Snapshot(site, at("07:00"), waiting(60), ()), plan_due=True)
    assert first.faults == ()
    cold = [use.places for use in first.lanes if use.lane_class == "cold"]
    assert cold[:2] == [2, 3]
    assert {use.gate for use in first.lanes} == {"north"}
    changes_at = first.lanes[1].starts_at
    later = changes_at + timedelta(minutes=16)
    again = tick(Snapshot(site, later, waiting(60), (), lanes=first.lanes), plan_due=True)
    assert again.faults == ()
    assert again.lanes[0].places == 3
    # Without that word the lanes would change once more.
    assert tick(Snapshot(site, later, waiting(60), ()), plan_due=True).lanes[0].places == 2


def test_what_a_plan_said_of_places_that_are_no_more_is_forgotten():
    columns = columns_of(with_lanes_that_change())
    starts = np.arange(4) * 900
    uses = [
        LaneUse("north", name, datetime.fromtimestamp(0, UTC), places)
        for name, places in (("cold", 5), ("dry", 1))
    ]
    found = lanes_of(columns, starts, np.full((2, 4), 2), uses)
    assert found is not None
    assert (found.lanes == 2).all()


def test_sites_without_such_lanes_have_none():
    fixed = [replace(one, switchable=False) for one in (COLD, DRY)]
    site = small_site([replace(small_gate(), lane_classes=tuple(fixed))])
    decided = tick(Snapshot(site, at("07:00"), waiting(60), ()), plan_due=True)
    assert decided.plan is not None
    assert (decided.plan.lanes, decided.lanes) == (None, ())


def test_lanes_follow_a_day_whose_trucks_change_and_twice_the_same_way():
    earliest = np.full((56, 2), SLOTS)
    earliest[:28, 1], earliest[28:, 0] = np.arange(28) // 3, 9 + np.arange(28) // 3
    instance = two_classes(earliest)
    standing, _ = make_plan(replace(instance, shared=(), lanes=None))
    plan, again = (make_plan(instance)[0] for _ in range(2))
    assert standing is not None
    assert plan is not None
    assert again is not None
    assert plan.lanes is not None
    assert plan.lanes[0, 3] < plan.lanes[0, 15]
    assert plan.cost < 0.7 * standing.cost
    assert (again.lanes == plan.lanes).all()
    assert (again.slot == plan.slot).all()
