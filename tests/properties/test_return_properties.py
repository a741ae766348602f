"""Whatever the trucks, all that must come back find a place in time beside every other rule."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from test_side_properties import assert_planned, with_sides

from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.returns import NEVER_S, Returns


def with_returns(seed: int) -> DispatchProblem:
    """Return trucks under every rule, half of them to come back by few places."""
    rng = np.random.default_rng([seed, 5])
    instance = with_sides(seed)
    n, (gates, slots) = instance.trucks, instance.capacity.shape
    within = np.where(rng.random(n) < 0.5, rng.choice([2, 6], n) * instance.slot_s, -1)
    never = rng.random(gates) < 0.5
    end = int(instance.starts[-1]) + instance.slot_s
    returns = Returns(
        within_s=within,
        after_s=instance.slot_s,
        room=rng.integers(0, 3, (gates, slots)),
        beyond_s=np.where(never, NEVER_S, end + 2 * instance.slot_s),
    )
    assert instance.sides is not None
    convoy = np.where(rng.random(n) < 0.2, rng.integers(0, 3, n), -1)
    sides = replace(instance.sides, convoy=convoy, returns=returns)
    return replace(instance, sides=sides)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_every_plan_lets_all_come_back_in_time(seed: int):
    assert_planned(with_returns(seed))
