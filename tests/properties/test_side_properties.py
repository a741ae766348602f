"""Whatever the trucks, a plan keeps shares and the bound of priority, and leaves nobody's slot."""

from dataclasses import replace

import numpy as np
from builders import random_problem
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.dispatch.plan import verify
from flowctl.dispatch.planning import make_plan
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.sides import Sides


def with_sides(seed: int) -> DispatchProblem:
    rng = np.random.default_rng(seed)
    instance = random_problem(seed, trucks=40, gates=3, slots=16)
    n = instance.trucks
    priority = rng.choice([0, 0, 0, 1, 2], n)
    rules = Sides(
        priority=priority,
        lost=rng.integers(0, 3, n),
        haulier=rng.integers(-1, 4, n),
        convoy=np.full(n, -1, dtype=np.int64),
        most_lost=int(rng.integers(0, 5)),
        most_share=float(rng.choice([0.1, 0.3, 1.0])),
        least_places=int(rng.integers(0, 3)),
        bay=np.full(n, -1, dtype=np.int64),
    )
    return replace(instance, weight=instance.weight * (1 + priority), sides=rules)


def assert_planned(instance: DispatchProblem) -> None:
    """See that a plan is made, keeps every rule, costs at least its bound, and is made again."""
    plan, faults = make_plan(instance)
    assert faults == ()
    assert plan is not None
    assert verify(instance, plan) == ()
    assert plan.cost >= plan.bound
    again, _ = make_plan(instance)
    assert again is not None
    assert (again.slot == plan.slot).all()


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_every_plan_keeps_shares_and_the_bound(seed: int):
    assert_planned(with_sides(seed))
