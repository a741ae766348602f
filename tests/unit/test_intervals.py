"""Intervals against values worked by hand, scipy, and what they promise."""

import numpy as np
import pytest
from scipy import stats

from flowctl.errors import FlowctlError
from flowctl.intervals import Interval, mean_interval, paired, welch


def test_three_values_have_the_interval_of_the_tables():
    # Student's t with two degrees of freedom at 97.5 % is 4.3027; the error is 1 / sqrt(3).
    found = mean_interval([1.0, 2.0, 3.0])
    assert found.mean == 2.0
    assert found.half_width == pytest.approx(4.302653 / 3**0.5, rel=1e-6)
    assert found.is_apart is False


def test_a_replication_that_measured_nothing_is_left_out():
    assert mean_interval([1.0, None, 2.0, 3.0]) == mean_interval([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("values", "mean"), [([], None), ([None], None), ([4.0], 4.0), ([None, 4.0], 4.0)]
)
def test_less_than_two_values_have_no_interval(values: list[float | None], mean: float | None):
    assert mean_interval(values) == Interval(mean, None, None)


def test_the_level_widens_the_interval():
    values = [1.0, 2.0, 4.0, 3.0]
    low, high = stats.t.interval(0.99, 3, np.mean(values), stats.sem(values))
    found = mean_interval(values, 0.99)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    with pytest.raises(FlowctlError, match="between 0 and 1"):
        mean_interval(values, 95)


def test_pairs_of_one_seed_cancel_what_both_have_of_it():
    before, after = [10.0, 20.0, 30.0, None], [9.0, 18.5, 29.0, 7.0]
    found = paired(before, after)
    expected = stats.ttest_rel(after[:3], before[:3]).confidence_interval()
    assert found.mean == pytest.approx(-3.5 / 3)
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert found.is_apart
    assert not welch(before, after).is_apart


def test_runs_of_different_length_are_not_paired():
    with pytest.raises(FlowctlError, match="2 and 1 replications cannot be paired"):
        paired([1.0, 2.0], [1.0])


def test_runs_of_other_seeds_are_compared_by_welch():
    before, after = [1.0, 2.0, 3.0, 4.5], [5.0, 9.0, 7.5]
    found = welch(before, after)
    expected = stats.ttest_ind(after, before, equal_var=False).confidence_interval()
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert welch([], after) == Interval(None)
    assert welch([1.0], after) == Interval(pytest.approx(6.1666666))
    assert welch([1.0, 1.0], [3.0, 3.0]) == Interval(2.0, 2.0, 2.0)
