"""Convoys cross together, trucks in bays block them: placed by prices, named where broken."""

from dataclasses import replace

import numpy as np
import pytest
from builders import ints, problem
from test_dispatch_repair import plan_of, sides

from flowctl.dispatch.plan import verify
from flowctl.dispatch.planning import make_plan, repair_gap
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.sides import Bays
from flowctl.dispatch.solver import solve


def convoy_of_three() -> DispatchProblem:
    """Three trucks of one convoy among single ones, two places a slot but three in slot 2."""
    instance = problem([[2, 2, 3, 2, 2]], [[0], [0], [1], [0], [0], [1]])
    return replace(instance, sides=sides(6, convoy=[0, 0, 0, -1, -1, -1]))


def test_a_convoy_goes_where_there_is_room_for_all_of_it():
    instance = convoy_of_three()
    assert len(set(solve(instance).slot[:3].tolist())) > 1
    plan, faults = make_plan(instance)
    assert faults == ()
    assert plan is not None
    assert plan.slot.tolist() == [2, 2, 2, 0, 0, 1]
    assert plan.bound <= plan.cost
    assert plan.repair_cost == plan.cost - plan.bound - plan.handout_cost
    assert repair_gap(plan) == plan.repair_cost / plan.bound


def test_a_parted_convoy_is_named():
    parted = plan_of(convoy_of_three(), [0] * 6, [2, 2, 1, 0, 0, 1])
    assert verify(convoy_of_three(), parted) == (
        "The trips 100, 101, 102 are one convoy but have 2 different places.",
    )


def test_a_convoy_that_is_together_already_costs_nothing():
    instance = problem([[3, 3]], [[0]] * 4)
    instance = replace(instance, sides=sides(4, convoy=[0, 0, 0, -1]))
    plan, _ = make_plan(instance)
    assert plan is not None
    assert plan.repair_cost == 0
    assert plan.cost == solve(instance).cost


def test_a_convoy_larger_than_every_slot_stays_out_whole_and_the_others_go():
    instance = problem([[2, 2, 2]], [[0]] * 5)
    instance = replace(instance, sides=sides(5, convoy=[0, 0, 0, -1, -1]))
    plan, faults = make_plan(instance)
    assert faults == ()
    assert plan is not None
    assert plan.slot.tolist() == [-1, -1, -1, 0, 0]


def test_the_rest_of_a_convoy_joins_the_truck_whose_slot_is_frozen():
    instance = problem([[2, 2, 3, 2]], [[0]] * 4, frozen={0: (0, 2)})
    instance = replace(instance, sides=sides(4, convoy=[5, 5, 5, -1]))
    plan, faults = make_plan(instance)
    assert faults == ()
    assert plan is not None
    assert plan.slot.tolist() == [2, 2, 2, 0]


def test_a_convoy_goes_to_the_gate_all_of_it_may_use():
    instance = problem([[2, 2], [2, 2]], [[0, 0], [2, 0]], preferred=[0, 0])
    plan, faults = make_plan(replace(instance, sides=sides(2, convoy=[0, 0])))
    assert faults == ()
    assert plan is not None
    assert plan.gate.tolist() == [1, 1]


def in_bays(trucks: int) -> DispatchProblem:
    """One bay at the second of two gates, blocked two slots by each truck that needs it."""
    instance = problem([[3] * 6, [3] * 6], [[0, 0]] * trucks, preferred=[0] * trucks)
    rules = sides(trucks, bay=[4] * (trucks - 1) + [-1], bays=(Bays(1, 4, 1, 2),))
    return replace(instance, sides=rules)


def test_a_bay_takes_one_truck_after_the_other_and_only_where_it_is():
    plan, faults = make_plan(in_bays(4))
    assert faults == ()
    assert plan is not None
    assert plan.gate.tolist() == [1, 1, 1, 0]
    assert sorted(plan.slot[:3].tolist()) == [0, 2, 4]


def test_a_blocked_bay_and_a_gate_without_one_are_named():
    instance = in_bays(3)
    assert verify(instance, plan_of(instance, [1, 1, 0], [0, 1, 0])) == (
        "b has 1 bays of kind 4, not 2, in slot 1.",
    )
    assert verify(instance, plan_of(instance, [0, 1, 0], [0, 1, 0])) == (
        "Trip 100 is sent to a, which has no bay for it.",
    )


@pytest.mark.parametrize("seed", range(25))
def test_convoys_and_bays_hold_in_any_crowd_and_never_undercut_the_bound(seed: int):
    rng = np.random.default_rng(seed)
    n, slots = 30, 12
    instance = problem(
        rng.integers(0, 5, (2, slots)),
        np.where(rng.random((n, 2)) < 0.2, slots, rng.integers(0, slots, (n, 1))),
        preferred=rng.integers(0, 2, n),
        rank=rng.permutation(n),
    )
    convoy = np.where(rng.random(n) < 0.4, rng.integers(0, 4, n), -1)
    bay = np.where((rng.random(n) < 0.2) & (convoy < 0), 0, -1)
    rules = sides(
        n,
        convoy=convoy,
        haulier=rng.integers(-1, 3, n),
        most_share=0.3,
        priority=rng.choice([0, 0, 1], n),
        most_lost=2,
        bay=ints(bay).tolist(),
        bays=(Bays(0, 0, 1, 2), Bays(1, 0, 2, 3)),
    )
    plan, faults = make_plan(replace(instance, sides=rules))
    assert faults == ()
    assert plan is not None
    assert plan.bound <= plan.cost
    assert verify(replace(instance, sides=rules), plan) == ()
