"""Long runs of one gate, and a day with two peaks, agree with what queueing theory says."""

import doctest
from collections.abc import Callable

import numpy as np
import pytest
from validation.table import assert_told
from validation.theory_rows import (
    CONSTANT,
    ERLANG,
    GENERAL,
    allen_cunneen_held,
    allen_cunneen_row,
    constant_held,
    constant_row,
    day_row,
    double_peak_day,
    erlang_held,
    erlang_row,
    erlang_together,
    general_run,
    kimura_held,
    kimura_row,
    together_row,
)

from simulations import theory
from simulations.theory import (
    erlang_c,
    numbers_mtmc,
    wait_ggc_allen_cunneen,
    wait_mdc,
    wait_mgc_kimura,
    wait_mmc,
)

_NOT_BY_CHANCE = 2.6


def test_random_arrivals_and_services_wait_as_erlang_says_at_any_number_of_places():
    found = {cell: erlang_held(*cell) for cell in ERLANG}
    for cell, held in found.items():
        assert abs(held.z) < _NOT_BY_CHANCE, cell
        assert abs(held.share) < 0.02, cell
        assert_told(erlang_row(held, *cell))
    # A bias that all of them share shows in their mean long before it does in one.
    together = erlang_together(list(found.values()))
    assert together.error < 0.002
    assert abs(together.mean) < 0.006
    assert_told(together_row(together))


@pytest.mark.parametrize(("places", "load"), CONSTANT)
def test_services_that_all_take_alike_wait_as_crommelin_says(places: int, load: float):
    held = constant_held(places, load)
    assert abs(held.z) < _NOT_BY_CHANCE
    assert abs(held.share) < 0.015
    assert_told(constant_row(held, places, load))


@pytest.mark.parametrize(("places", "load", "cv"), GENERAL)
def test_services_of_any_law_wait_about_as_kimura_says_and_roughly_as_allen_and_cunneen(
    places: int, load: float, cv: float
):
    run = general_run(places, load, cv)
    kimura, rough = (held(run, places, load, cv) for held in (kimura_held, allen_cunneen_held))
    assert abs(kimura.share) < 0.02
    assert 0.0 < rough.share < 0.1  # known to be too low
    assert_told(kimura_row(kimura, places, load, cv))
    assert_told(allen_cunneen_row(rough, places, cv))


def test_over_a_day_with_two_peaks_the_mean_queue_follows_kolmogorovs_equations():
    day = double_peak_day()
    assert day.worst < 0.02
    assert abs(day.of_day) < 0.02
    assert_told(day_row(day))


def test_the_formulas_meet_where_theory_says_they_do():
    examples = doctest.testmod(theory)
    assert examples.attempted >= 3
    assert not examples.failed
    assert erlang_c(1.0, 1.0, 2) == pytest.approx(1 / 3)  # tables of Erlang C
    assert wait_mmc(0.9, 1.0, 1) == pytest.approx(9.0)
    assert wait_mdc(0.9, 1.0, 1) == pytest.approx(4.5)  # Pollaczek and Khinchine
    assert wait_mgc_kimura(4.5, 1.0, 5, 1.0) == pytest.approx(wait_mmc(4.5, 1.0, 5))
    assert wait_mgc_kimura(4.5, 1.0, 5, 0.0) == pytest.approx(wait_mdc(4.5, 1.0, 5))
    assert wait_mgc_kimura(0.9, 1.0, 1, 0.5) == pytest.approx(9.0 * 1.25 / 2)
    assert wait_ggc_allen_cunneen(0.9, 1.0, 1, 0.5) == pytest.approx(9.0 * 1.25 / 2)


def test_with_a_steady_rate_the_equations_of_a_day_settle_at_erlangs_queue():
    queued = numbers_mtmc(lambda _: 4.0, 1.0, 5, np.array([0.0, 300.0]), most=200)
    assert queued[0] == 0.0
    assert queued[1] == pytest.approx(4.0 * wait_mmc(4.0, 1.0, 5), rel=1e-5)


@pytest.mark.parametrize("wait", [wait_mmc, wait_mdc])
def test_places_that_cannot_carry_their_load_have_no_long_run(
    wait: Callable[[float, float, int], float],
):
    with pytest.raises(ValueError, match="cannot carry a load of 5"):
        wait(5.0, 1.0, 5)


def test_numbers_cut_too_early_are_refused():
    with pytest.raises(ValueError, match="cut further out"):
        numbers_mtmc(lambda _: 10.0, 1.0, 5, np.array([0.0, 100.0]), most=40)
