"""The solver against a linear programme, and what it owes to drivers."""

from dataclasses import replace

import numpy as np
import pytest
from builders import ints, problem, random_columns, random_problem
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack

from flowctl.dispatch import flow, solver
from flowctl.dispatch.network import classes_of
from flowctl.dispatch.plan import verify
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.solver import solve
from flowctl.dispatch.through import Through
from flowctl.dispatch.urgency import by_urgency


def optimum(instance: DispatchProblem) -> int:
    """Solve one variable per free truck and place by HiGHS; the matrix is totally unimodular."""
    gates, slots = instance.capacity.shape
    free = np.flatnonzero(instance.frozen_slot < 0)
    every = [
        (truck, gate, slot)
        for truck in free.tolist()
        for gate in range(gates)
        for slot in range(int(instance.earliest[truck, gate]), slots)
    ] + [(truck, -1, -1) for truck in free.tolist()]
    frozen = np.flatnonzero(instance.frozen_slot >= 0)
    fixed = instance.cost(instance.frozen_gate, instance.frozen_slot)[frozen].sum()
    if not every:
        return int(fixed)
    costs = []
    for truck, gate, slot in every:
        gate_of, slot_of = instance.frozen_gate.copy(), instance.frozen_slot.copy()
        gate_of[truck], slot_of[truck] = gate, slot
        costs.append(int(instance.cost(gate_of, slot_of)[truck]))
    column = np.arange(len(every))
    truck_of = np.array([truck for truck, _, _ in every])
    place_of = np.array([gate * slots + slot if slot >= 0 else -1 for _, gate, slot in every])
    once = coo_array((np.ones(len(every)), (truck_of, column)), (instance.trucks, len(every)))
    taken = np.flatnonzero(place_of >= 0)
    room = coo_array((np.ones(len(taken)), (place_of[taken], taken)), (gates * slots, len(every)))
    found = linprog(
        costs,
        A_eq=once.tocsr()[free],
        b_eq=np.ones(len(free)),
        A_ub=vstack([room, *_passages(instance, every)]).tocsr(),
        b_ub=np.concatenate([instance.room.ravel(), instance.passage_room.ravel()]),
        method="highs",
    )
    assert found.success, found.message
    return round(found.fun) + int(fixed)


def _passages(instance: DispatchProblem, every: list[tuple[int, int, int]]) -> list[coo_array]:
    """Return the rows that limit trucks through in-gate yards, none where there are no yards."""
    if instance.through is None or not len(instance.through.yards):
        return []
    taken = [
        (int(instance.through.of[truck, gate]) * instance.slots + slot, column)
        for column, (truck, gate, slot) in enumerate(every)
        if slot >= 0 and instance.through.of[truck, gate] >= 0
    ]
    rows, columns = zip(*taken, strict=True) if taken else ((), ())
    shape = (instance.through.room.size, len(every))
    return [coo_array((np.ones(len(taken)), (rows, columns)), shape)]


@pytest.mark.parametrize("seed", range(100))
def test_a_plan_costs_what_the_linear_programme_says(seed: int):
    instance = random_problem(seed)
    plan = solve(instance)
    assert verify(instance, plan) == ()
    assert plan.cost == optimum(instance)


@pytest.mark.parametrize("seed", range(120))
def test_lane_classes_and_in_gate_yards_cost_what_the_linear_programme_says(seed: int):
    instance = random_columns(seed)
    plan = solve(instance, window=1 + seed % 3)
    assert verify(instance, plan) == ()
    assert plan.cost == plan.bound == optimum(instance)


@pytest.mark.parametrize("seed", range(8))
def test_larger_plans_cost_what_the_linear_programme_says(seed: int):
    instance = random_problem(1000 + seed, trucks=60, gates=3, slots=30)
    assert solve(instance).cost == optimum(instance)


@pytest.mark.parametrize("seed", range(40))
def test_a_narrow_window_finds_the_same_optimum_and_the_prices_prove_it(seed: int):
    instance = random_problem(seed, trucks=40, gates=3, slots=40)
    narrow, full = solve(instance, window=1), solve(instance, window=1000)
    assert narrow.cost == full.cost
    assert narrow.bound == narrow.cost
    assert full.bound == full.cost


def test_no_trucks_make_an_empty_plan():
    plan = solve(problem([[3, 3]], np.zeros((0, 1))))
    assert (plan.cost, plan.unserved, len(plan.slot)) == (0, 0, 0)


def test_one_slot_takes_as_many_as_it_holds_and_the_others_are_named():
    instance = problem([[2]], [[0], [0], [0]])
    plan = solve(instance)
    assert sorted(plan.slot.tolist()) == [-1, 0, 0]
    assert plan.unserved == 1
    assert verify(instance, plan) == ()


def test_a_gate_without_capacity_serves_nobody():
    plan = solve(problem([[0, 0, 0]], [[0], [1]]))
    assert plan.slot.tolist() == [-1, -1]
    assert plan.gate.tolist() == [-1, -1]


def test_trucks_that_come_after_the_last_slot_are_unserved():
    plan = solve(problem([[5, 5]], [[2], [2]]))
    assert plan.unserved == 2


def test_a_horizon_without_slots_serves_nobody():
    plan = solve(problem(np.zeros((1, 0)), [[0], [0]]))
    assert plan.unserved == 2


def test_who_waited_longest_goes_first_when_places_are_short():
    plan = solve(problem([[1, 1, 1]], [[0], [0], [0]], origin=[-1, -9, -4]))
    assert plan.slot.tolist() == [2, 0, 1]


def test_who_waited_longest_is_not_the_one_left_out():
    plan = solve(problem([[1, 0]], [[0], [0]], origin=[-1, -9]))
    assert plan.slot.tolist() == [-1, 0]


def test_perishable_goods_pass_before_others_that_came_together():
    plan = solve(problem([[1, 1, 1]], [[0], [0], [0]], weight=[1, 4, 2]))
    assert plan.slot.tolist() == [2, 0, 1]


def test_inside_a_class_the_senior_goes_first():
    plan = solve(problem([[1, 1, 1]], [[0], [0], [0]], rank=[2, 0, 1]))
    assert plan.slot.tolist() == [2, 0, 1]
    assert plan.inversions == 0


def test_a_promise_that_still_holds_is_kept_before_seniority():
    instance = problem([[1, 1]], [[0], [0]], rank=[0, 1], told={1: (0, 0, 0)})
    plan = solve(instance)
    assert plan.slot.tolist() == [1, 0]
    assert plan.inversions == 1


def test_told_slots_stay_when_nothing_changed():
    told = {row: (0, row // 2, row // 2) for row in range(8)}
    plan = solve(problem([[2, 2, 2, 2]], [[0]] * 8, rank=np.arange(8)[::-1], told=told))
    assert plan.slot.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_lost_place_moves_many_a_little_and_nobody_to_the_end():
    told = {row: (0, row, row + 1) for row in range(6)}
    plan = solve(problem([[0, 1, 1, 1, 1, 1, 1]], [[0]] * 6, told=told))
    assert plan.slot.tolist() == [1, 2, 3, 4, 5, 6]


def test_a_truck_goes_through_the_other_gate_when_that_saves_more_than_it_costs():
    capacity = [[1, 0, 0, 0, 1], [1, 1, 1, 1, 1]]
    plan = solve(problem(capacity, [[0, 0], [0, 0]]))
    assert sorted(plan.gate.tolist()) == [0, 1]
    assert plan.slot.tolist() == [0, 0]


def test_a_frozen_truck_keeps_its_place_and_takes_it_from_others():
    plan = solve(problem([[1, 1]], [[0], [0]], frozen={1: (0, 0)}))
    assert plan.slot.tolist() == [1, 0]


def test_the_price_of_a_full_slot_is_what_its_loss_would_cost():
    plan = solve(problem([[2, 3]], [[0], [0]]))
    lean = solve(problem([[1, 3]], [[0], [0]]))
    assert plan.prices is not None
    assert plan.prices.tolist() == [[lean.cost - plan.cost, 0]]


def test_a_flow_too_large_for_a_tick_is_refused_before_it_is_begun(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(solver, "_ARCS_MOST", 3)
    with pytest.raises(solver.SolverError, match=r"2 trucks has 4 arcs; at most 3 are solved"):
        solve(problem([[1, 1]], [[0], [0]], weight=[1, 2]))


def test_a_flow_that_takes_too_many_steps_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(flow, "_PIVOTS_MOST", 0)
    with pytest.raises(solver.SolverError, match=r"No cheapest flow of 1 trucks .* in 0 steps"):
        solve(problem([[1, 1]], [[0]], told={0: (0, 1, 1)}))  # the guess keeps no promises


def test_the_guess_sends_the_most_urgent_first_and_takes_no_place_twice():
    instance = random_problem(7, trucks=40, slots=6)
    guess = by_urgency(instance, classes_of(instance))
    taken = np.bincount(guess.place, weights=guess.trucks, minlength=instance.room.size)
    assert (taken <= np.maximum(instance.room, 0).ravel()).all()
    heavy = problem([[1, 1]], [[0], [0]], weight=[1, 5])
    first = by_urgency(heavy, classes_of(heavy))
    assert heavy.weight[classes_of(heavy).member[first.node]].tolist() == [5, 1]


def test_a_truck_through_a_full_in_gate_yard_waits_while_one_that_is_inside_goes():
    through = Through(("yard",), ints([0]), ints([[0, 1, 1]]), ints([[0], [0], [-1]]))
    plan = solve(problem([[1, 1, 1]], [[0], [0], [0]], origin=[-3, -2, -1], through=through))
    assert plan.slot.tolist() == [1, 2, 0]


def test_hours_are_counted_over_a_night_without_slots():
    # Slots 0 and 1 are a night apart: whoever waits longer already must not wait through it.
    starts = [0, 60 * 900]
    plan = solve(problem([[1, 1]], [[0], [0]], origin=[-2, -1], starts=starts))
    assert plan.slot.tolist() == [0, 1]
    assert plan.cost == (10 * 2 + 4) + (10 * 61 + 61**2)


def test_a_truck_told_an_hour_is_not_put_off_for_one_whose_hour_leaves_room():
    # The second was told slot 0, the first slot 5: both cannot have slot 0, and delay alone would
    # send the first, which waits longer.
    capacity = [[0, 1, 0, 0, 1, 1]]
    instance = problem(capacity, [[0], [0]], origin=[-2, -1], told={0: (0, 5, 5), 1: (0, 0, 0)})
    assert solve(replace(instance, change=0)).slot.tolist() == [1, 4]
    plan = solve(replace(instance, change=0, late=100))
    assert plan.slot.tolist() == [4, 1]
    assert verify(replace(instance, change=0, late=100), plan) == ()


def test_an_idle_gate_is_filled_by_a_diversion_that_delay_alone_is_not_worth():
    # One slot of waiting costs 11, the way to the other gate 20, an empty place of now 10 a slot.
    instance = problem([[1, 1], [1, 1]], [[0, 0], [0, 0]])
    assert solve(instance).gate.tolist() == [0, 0]
    filled = replace(instance, idle=40)
    plan = solve(filled)
    assert sorted(plan.gate.tolist()) == [0, 1]
    assert plan.slot.tolist() == [0, 0]
    assert verify(filled, plan) == ()


def test_a_place_further_ahead_than_the_next_hour_may_stay_empty():
    later = problem([[1] + [0] * 4 + [1, 1], [0] * 5 + [1, 1]], [[0, 7], [5, 5], [5, 5]])
    assert solve(replace(later, idle=40)).gate.tolist() == [0, 0, 0]
