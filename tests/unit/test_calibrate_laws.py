"""Laws of durations come back from samples of them, also where the end was not always seen."""

import numpy as np
import pytest

from simulations.calibrate.laws import fit_law, kaplan_meier


def test_a_lognormal_an_erlang_and_a_uniform_sample_are_told_apart():
    rng = np.random.default_rng(1)
    lognormal = fit_law(20.0 * np.exp(0.6 * rng.standard_normal(2000) - 0.18))
    assert lognormal.law.law == "lognormal"
    assert lognormal.law.mean_min == pytest.approx(20.0, rel=0.05)
    assert lognormal.law.cv == pytest.approx(np.sqrt(np.expm1(0.36)), rel=0.06)
    erlang = fit_law(rng.gamma(4, 3.0, 2000))
    assert erlang.law.law == "erlang"
    assert erlang.law.mean_min == pytest.approx(12.0, rel=0.05)
    assert erlang.law.phases in {3, 4, 5}
    even = fit_law(rng.uniform(10.0, 15.0, 500))
    assert even.law.law == "uniform"
    assert (even.law.least_min, even.law.most_min) == pytest.approx((10.0, 15.0), abs=0.1)


def test_services_still_under_way_do_not_make_the_law_shorter():
    rng = np.random.default_rng(2)
    took, seen_for = rng.gamma(4, 5.0, 2000), rng.uniform(0.0, 60.0, 2000)
    ended, cut = took[took <= seen_for], seen_for[took > seen_for]
    assert ended.mean() < 18.0
    fit = fit_law(ended, cut)
    assert fit.law.mean_min == pytest.approx(20.0, rel=0.05)
    assert (fit.count, fit.cut) == (2000, len(cut))


def test_two_kinds_of_trucks_in_one_sample_are_kept_as_they_are():
    rng = np.random.default_rng(3)
    sample = np.r_[rng.normal(10.0, 0.5, 300), rng.normal(60.0, 2.0, 300)]
    fit = fit_law(sample)
    assert fit.law.law == "empirical"
    assert fit.distance > fit.limit
    assert fit.law.middle_min == pytest.approx(sample.mean(), rel=0.02)


def test_the_share_that_ended_counts_who_was_still_seen():
    # Of four, one ended at 1, one was lost sight of at 2, one ended at 3, one was seen to 4.
    at, share = kaplan_meier(np.array([1.0, 3.0]), np.array([2.0, 4.0]))
    assert at.tolist() == [1.0, 3.0]
    assert share.tolist() == [0.25, 0.625]
