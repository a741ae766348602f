"""Verification refuses what breaks a rule; the fallback breaks none."""

from dataclasses import replace

import numpy as np
import pytest
from builders import ints, problem, random_problem

from flowctl.dispatch.plan import Plan, fallback, planned, verify
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.solver import solve


def plan_of(instance: DispatchProblem, gate: list[int], slot: list[int]) -> Plan:
    cost, unserved = planned(instance, ints(gate), ints(slot))
    return Plan(ints(gate), ints(slot), cost, 0, "fallback", 0, unserved)


def test_a_good_plan_passes():
    instance = problem([[1, 1]], [[0], [1]])
    assert verify(instance, plan_of(instance, [0, 0], [0, 1])) == ()


def test_more_trucks_than_places_are_refused():
    instance = problem([[1, 1]], [[0], [0]])
    found = verify(instance, plan_of(instance, [0, 0], [0, 0]))
    assert found == ("a takes 1 trucks in slot 0, not 2.",)


def test_a_truck_in_a_closed_slot_is_refused():
    instance = problem([[0, 1]], [[0]])
    assert verify(instance, plan_of(instance, [0], [0])) == ("a takes 0 trucks in slot 0, not 1.",)


def test_a_slot_before_the_truck_can_be_there_is_refused():
    instance = problem([[1, 1]], [[1]])
    found = verify(instance, plan_of(instance, [0], [0]))
    assert found == ("Trip 100 is sent to a in slot 0 but cannot be there by then.",)


def test_a_gate_the_truck_may_not_use_is_refused():
    instance = problem([[1, 1], [1, 1]], [[0, 2]])
    found = verify(instance, plan_of(instance, [1], [0]))
    assert found == ("Trip 100 is sent to b in slot 0 but may not go there.",)


def test_a_frozen_truck_that_was_moved_is_refused():
    instance = problem([[1, 1]], [[0]], frozen={0: (0, 0)})
    found = verify(instance, plan_of(instance, [0], [1]))
    assert found == ("Trip 100 was moved although its slot is frozen.",)


@pytest.mark.parametrize(("gate", "slot"), [(0, -1), (-1, 0), (7, 0), (0, 9)])
def test_a_place_that_does_not_exist_is_refused(gate: int, slot: int):
    instance = problem([[1, 1]], [[0]])
    bad = Plan(ints([gate]), ints([slot]), 0, 0, "fallback", 0, 0)
    assert any("do not exist" in sentence for sentence in verify(instance, bad))


def test_a_plan_for_other_trucks_is_refused():
    instance = problem([[1]], [[0], [0]])
    assert verify(instance, plan_of(problem([[1]], [[0]]), [0], [0])) == (
        "The plan has (1,) rows for 2 trucks.",
    )


def test_wrong_figures_are_refused():
    instance = problem([[1, 1]], [[0], [0]])
    good = solve(instance)
    assert verify(instance, good) == ()
    assert "costs" in verify(instance, replace(good, cost=good.cost - 1))[0]
    assert "unserved" in verify(instance, replace(good, unserved=1))[0]
    assert "bound" in verify(instance, replace(good, bound=good.cost + 1))[0]


@pytest.mark.parametrize("seed", range(40))
def test_arrays_and_plain_python_agree_on_every_cost(seed: int):
    instance = random_problem(seed, trucks=30)
    rng = np.random.default_rng(seed)
    gate = rng.integers(0, len(instance.gates), instance.trucks)
    slot = rng.integers(-1, instance.slots, instance.trucks)
    gate = np.where(slot < 0, -1, gate)
    found = verify(instance, plan_of(instance, gate.tolist(), slot.tolist()))
    assert not any("costs" in sentence for sentence in found)


def test_very_long_delays_cost_the_same_in_arrays_and_in_plain_python():
    for origin in (-1999, -2000, -2001, -4999, -5000, -5001, -90_000):
        instance = problem([[1]], [[0]], origin=[origin], weight=[1000])
        assert verify(instance, solve(instance)) == ()


@pytest.mark.parametrize("seed", range(40))
def test_the_fallback_breaks_no_rule_and_undercuts_no_optimum(seed: int):
    instance = random_problem(seed, trucks=30, gates=3, slots=8)
    plan = fallback(instance)
    assert verify(instance, plan) == ()
    assert plan.cost >= solve(instance).cost


def test_the_fallback_keeps_promises_first_and_seniority_then():
    instance = problem([[1, 1, 1]], [[0]] * 3, rank=[1, 0, 2], told={2: (0, 0, 0)})
    assert fallback(instance).slot.tolist() == [2, 1, 0]


def test_the_fallback_takes_the_gate_that_has_room_soonest():
    instance = problem([[1, 0, 1], [1, 1, 1]], [[0, 1], [0, 1]])
    plan = fallback(instance)
    assert list(zip(plan.gate.tolist(), plan.slot.tolist(), strict=True)) == [(0, 0), (1, 1)]


def test_the_fallback_leaves_out_whom_no_slot_can_take():
    plan = fallback(problem([[1]], [[0], [0], [1]]))
    assert plan.slot.tolist() == [0, -1, -1]
    assert plan.unserved == 2
