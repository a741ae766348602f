"""Arrivals against where trucks truly were, through all that stores and judges positions."""

import pytest

from flowctl.bench.arrivals import Figures, run_arrivals, table
from flowctl.bench.cast import ArrivalsOptions


@pytest.fixture(scope="module")
def told() -> list[str]:
    """Return what the bench tells of how far it is, once it has run."""
    return []


@pytest.fixture(scope="module")
def figures(told: list[str]) -> Figures:
    """Return what a small day comes to; posts of five minutes make fewer transactions."""
    options = ArrivalsOptions(trucks=80, seed=4, post_interval_s=300.0)
    return run_arrivals(options, told.append)


def test_every_arrival_at_a_yard_is_told_once_and_none_is_made_up(figures: Figures):
    yards = figures.yards
    assert yards.arrivals >= 60
    # One in a hundred would be two wrong here: the bench itself asks for 0.995 of many more.
    assert yards.precision is not None
    assert yards.recall is not None
    assert min(yards.precision, yards.recall) >= 0.98, figures.wrong


def test_arrivals_are_told_to_the_minute(figures: Figures):
    assert figures.yards.p95_error_s is not None
    assert figures.yards.p95_error_s <= 45.0, figures.wrong


def test_the_naive_rule_on_the_same_fixes_makes_arrivals_up(figures: Figures):
    ours, naive = figures.yards, figures.naive_yards
    assert ours.precision is not None
    assert naive.precision is not None
    assert naive.arrivals == ours.arrivals
    assert naive.precision < 0.9 < ours.precision


def test_a_truck_on_a_fence_line_arrives_once_at_most(figures: Figures):
    assert figures.straddling["trucks"] >= 1
    assert figures.straddling["most"] <= 1 < figures.straddling["naive_most"]


@pytest.mark.usefixtures("figures")
def test_whoever_waits_is_told_how_far_each_long_stage_is(told: list[str]):
    for stage in ("playing the day: ", "playing it again at fine steps: ", "storing and judging: "):
        assert len([text for text in told if text.startswith(stage)]) > 5, told


def test_the_figures_are_one_object_with_the_naive_rules_beside_ours(figures: Figures):
    told = figures.as_json()
    for name in ("precision", "recall", "p95_error_s", "arrivals", "claims"):
        assert told[name] is not None
        assert told[f"naive_{name}"] is not None
    assert set(told["roles"]) == {"yard", "queue", "lane", "beyond", "approach"}
    assert told["fixes"] > 5_000
    assert "naive rule" in "".join(str(cell) for cell in table(figures).columns[0].cells)
