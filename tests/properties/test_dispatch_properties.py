"""What holds for every plan."""

from dataclasses import replace

import numpy as np
from builders import problem, random_columns, random_problem
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.dispatch.plan import fallback, verify
from flowctl.dispatch.solver import solve

SEEDS = st.integers(0, 2**32 - 1)


@given(seed=SEEDS, trucks=st.integers(0, 60), slots=st.integers(1, 30))
@settings(max_examples=150, deadline=None)
def test_every_plan_holds_and_proves_itself(seed: int, trucks: int, slots: int):
    instance = random_problem(seed, trucks=trucks, gates=4, slots=slots)
    plan = solve(instance)
    assert verify(instance, plan) == ()
    assert plan.bound == plan.cost
    assert plan.cost <= fallback(instance).cost


@given(seed=SEEDS, window=st.integers(1, 6))
@settings(max_examples=150, deadline=None)
def test_every_plan_into_lane_classes_and_through_yards_holds_and_proves_itself(
    seed: int, window: int
):
    instance = random_columns(seed)
    plan = solve(instance, window=window)
    assert verify(instance, plan) == ()
    assert plan.bound == plan.cost
    listed = fallback(instance)
    assert verify(instance, listed) == ()
    assert plan.cost <= listed.cost


@given(seed=SEEDS, trucks=st.integers(1, 40), places=st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_of_equal_cargo_the_most_senior_are_served_when_places_are_short(
    seed: int, trucks: int, places: int
):
    rng = np.random.default_rng(seed)
    origin = -np.sort(rng.integers(1, 500, trucks))[::-1]
    plan = solve(problem([[places] * 5], [[0]] * trucks, origin=origin))
    served = np.flatnonzero(plan.slot >= 0)
    assert len(served) == min(trucks, 5 * places)
    assert (served == np.arange(len(served))).all()
    assert (np.diff(plan.slot[served]) >= 0).all()


@given(seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_nobody_is_left_out_who_could_be_served(seed: int):
    instance = random_problem(seed, trucks=40, gates=2, slots=10)
    plan = solve(instance)
    load = np.zeros_like(instance.capacity)
    served = plan.slot >= 0
    np.add.at(load, (plan.gate[served], plan.slot[served]), 1)
    for row in np.flatnonzero(~served).tolist():
        for gate in range(len(instance.gates)):
            first = int(instance.earliest[row, gate])
            assert (load[gate, first:] >= instance.capacity[gate, first:]).all()


@given(seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_a_price_is_exactly_what_the_loss_of_the_place_would_cost(seed: int):
    instance = random_problem(seed, trucks=20, gates=2, slots=8)
    plan = solve(instance)
    if plan.prices is None:
        return
    assert (plan.prices >= 0).all()
    for gate, slot in np.argwhere(instance.room > 0)[:6].tolist():
        fewer = instance.capacity.copy()
        fewer[gate, slot] -= 1
        lean = replace(instance, capacity=fewer)
        assert solve(lean).cost - plan.cost == plan.prices[gate, slot]


@given(
    count=st.integers(1, 12),
    places=st.lists(st.integers(0, 3), min_size=1, max_size=10),
    data=st.data(),
)
@settings(max_examples=80, deadline=None)
def test_equal_trucks_that_were_told_nothing_go_by_seniority(
    count: int, places: list[int], data: st.DataObject
):
    rank = data.draw(st.permutations(range(count)))
    plan = solve(problem([places], [[0]] * count, rank=rank))
    order = np.argsort(rank)
    slots = np.where(plan.slot[order] < 0, len(places), plan.slot[order])
    assert (np.diff(slots) >= 0).all()
    assert plan.inversions == 0


@given(seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_solving_again_after_telling_changes_nothing(seed: int):
    rng = np.random.default_rng(seed)
    n, slots = int(rng.integers(1, 25)), int(rng.integers(2, 15))
    capacity = rng.integers(0, 4, (2, slots))
    earliest = rng.integers(0, slots, (n, 2))
    first = solve(problem(capacity, earliest, rank=rng.permutation(n)))
    told = {
        row: (int(gate), int(slot), int(slot))
        for row, (gate, slot) in enumerate(zip(first.gate, first.slot, strict=True))
        if slot >= 0
    }
    again = solve(problem(capacity, earliest, rank=rng.permutation(n), told=told))
    assert again.slot.tolist() == first.slot.tolist()
    assert again.gate.tolist() == first.gate.tolist()
