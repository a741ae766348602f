"""Shares, bounded priority and seniority across classes: kept by the repair, named by verify."""

from dataclasses import replace

import numpy as np
import pytest
from builders import ints, problem, random_problem

from flowctl.dispatch.bounded import places_lost
from flowctl.dispatch.draft import Draft
from flowctl.dispatch.plan import Plan, planned, verify
from flowctl.dispatch.planning import make_plan
from flowctl.dispatch.problem import DispatchProblem, Ints
from flowctl.dispatch.repair import in_order, repaired
from flowctl.dispatch.sides import Bays, Sides
from flowctl.dispatch.solver import solve


def sides(
    n: int,
    *,
    priority: list[int] | Ints | None = None,
    lost: list[int] | None = None,
    haulier: list[int] | Ints | None = None,
    convoy: list[int] | Ints | None = None,
    most_lost: int = 20,
    most_share: float = 0.1,
    least_places: int = 2,
    bay: list[int] | None = None,
    bays: tuple[Bays, ...] = (),
) -> Sides:
    """Return rules for n trucks; what is not given is nobody's."""
    zero, none = np.zeros(n, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    return Sides(
        priority=zero if priority is None else ints(priority),
        lost=zero if lost is None else ints(lost),
        haulier=none if haulier is None else ints(haulier),
        convoy=none if convoy is None else ints(convoy),
        most_lost=most_lost,
        most_share=most_share,
        least_places=least_places,
        bay=none if bay is None else ints(bay),
        bays=bays,
    )


def plan_of(instance: DispatchProblem, gate: list[int], slot: list[int]) -> Plan:
    cost, unserved = planned(instance, ints(gate), ints(slot))
    return Plan(ints(gate), ints(slot), cost, 0, "fallback", 0, unserved)


def test_no_haulier_gets_more_than_its_share_of_an_hour():
    # Four slots an hour, eight places: one haulier may have a quarter, two places.
    instance = problem([[2] * 8], [[0]] * 8)
    instance = replace(instance, sides=sides(8, haulier=[7, 7, 7, 7, 1, 2, 3, 4], most_share=0.25))
    greedy = plan_of(instance, [0] * 8, [0, 0, 1, 1, 2, 2, 3, 3])
    assert verify(instance, greedy) == (
        "Haulier 7 has 4 places at a in the hour of 0; 2 are allowed.",
    )
    plan, faults = make_plan(instance)
    assert faults == ()
    assert plan is not None
    assert plan.slot[:2].tolist() == [0, 0]
    assert (plan.slot[2:4] >= 4).all()
    assert plan.unserved == 0
    assert plan.cost == plan.bound + plan.handout_cost + plan.repair_cost


def test_a_haulier_has_its_least_places_however_small_the_gate():
    instance = problem([[1, 1, 1, 1]], [[0]] * 3)
    instance = replace(instance, sides=sides(3, haulier=[0, 0, 0], least_places=2))
    plan, _ = make_plan(instance)
    assert plan is not None
    assert plan.unserved == 1
    assert plan.slot.tolist() == [0, 1, -1]


def test_frozen_trucks_beyond_a_share_stand_and_nobody_joins_them():
    instance = problem([[4] * 8], [[0]] * 4, frozen={0: (0, 0), 1: (0, 0), 2: (0, 0)})
    instance = replace(instance, sides=sides(4, haulier=[5] * 4, most_share=0.01))
    plan, faults = make_plan(instance)
    assert faults == ()
    assert plan is not None
    assert plan.slot.tolist() == [0, 0, 0, 4]


def late(n: int, *, most_lost: int, lost: list[int] | None = None) -> DispatchProblem:
    """One senior and n - 1 juniors of higher priority, one place a slot."""
    instance = problem([[1] * n], [[0]] * n, weight=[1] + [9] * (n - 1))
    rules = sides(n, priority=[0] + [1] * (n - 1), most_lost=most_lost, lost=lost)
    return replace(instance, sides=rules)


@pytest.mark.parametrize("most_lost", [0, 1, 3])
def test_a_truck_loses_no_more_places_to_priority_than_the_bound(most_lost: int):
    instance = late(6, most_lost=most_lost)
    assert solve(instance).slot[0] == 5
    found = verify(instance, solve(instance))
    assert found == (f"Trip 100 loses 5 places to higher priorities; {most_lost} are allowed.",)
    plan, faults = make_plan(instance)
    assert faults == ()
    assert plan is not None
    assert plan.slot[0] == most_lost
    assert plan.repair_cost > 0


def test_places_lost_before_this_plan_count():
    plan, _ = make_plan(late(6, most_lost=3, lost=[2, 0, 0, 0, 0, 0]))
    assert plan is not None
    assert plan.slot[0] == 1


def test_a_place_the_truck_could_not_have_had_is_not_lost():
    instance = late(4, most_lost=0)
    instance = replace(instance, earliest=ints([[2], [0], [0], [0]]))
    draft = Draft(instance, sides(4, priority=[0, 1, 1, 1]), ints([0] * 4), ints([3, 0, 1, 2]))
    assert places_lost(draft).tolist() == [1, 0, 0, 0]
    plan, faults = make_plan(instance)
    assert faults == ()
    assert plan is not None
    assert plan.slot[0] == 2


def test_across_classes_the_senior_goes_first_where_it_costs_nothing():
    # Equal costs, two classes by the gate preferred: the flow may deal them either way.
    instance = problem(
        [[1, 1, 1, 1], [0, 0, 0, 0]], [[0, 0], [0, 4], [0, 0], [0, 4]], rank=[3, 1, 2, 0]
    )
    column, slot = in_order(instance, ints([0] * 4), ints([0, 1, 2, 3]))
    assert slot.tolist() == [3, 1, 2, 0]
    assert column.tolist() == [0] * 4


def test_a_kept_promise_and_a_frozen_truck_are_not_dealt_anew():
    instance = problem(
        [[1] * 4], [[0]] * 4, rank=[3, 2, 1, 0], told={0: (0, 0, 0)}, frozen={1: (0, 1)}
    )
    _, slot = in_order(instance, ints([0] * 4), ints([0, 1, 2, 3]))
    assert slot.tolist() == [0, 1, 3, 2]


@pytest.mark.parametrize("seed", range(60))
def test_a_draft_knows_every_cost_and_limit_as_the_problem_does(seed: int):
    instance = random_problem(seed, trucks=20, gates=3, slots=8)
    n = instance.trucks
    rng = np.random.default_rng(seed)
    rules = sides(n, haulier=rng.integers(-1, 3, n))
    plan = solve(instance)
    draft = Draft(instance, rules, plan.gate, plan.slot)
    for _ in range(10):
        row = int(rng.integers(n)) if n else 0
        found = draft.exchange(row, np.arange(n)) if n else None
        if found is not None and not draft.fixed[row]:
            before = int(instance.cost(draft.column, draft.slot).sum())
            draft.swap(row, found[1])
            assert int(instance.cost(draft.column, draft.slot).sum()) - before == found[0]
        place = draft.free_place(row) if n and not draft.fixed[row] else None
        if place is not None:
            before = int(instance.cost(draft.column, draft.slot).sum())
            draft.put(row, *place[1:])
            assert int(instance.cost(draft.column, draft.slot).sum()) - before == place[0]
    again = Draft(instance, rules, draft.column, draft.slot)
    assert (again.load == draft.load).all()
    assert (again.held == draft.held).all()
    cost, unserved = planned(instance, draft.column, draft.slot)
    moved = replace(
        plan,
        gate=draft.column,
        slot=draft.slot,
        cost=cost,
        unserved=unserved,
        handout_cost=0,
        repair_cost=cost - plan.bound,
    )
    assert verify(instance, moved) == ()


def test_a_plan_that_breaks_nothing_is_left_as_it_is():
    instance = problem([[1, 1, 1]], [[0]] * 3)
    plan = solve(instance)
    assert repaired(replace(instance, sides=sides(3, haulier=[0, 1, 2])), plan) is plan
