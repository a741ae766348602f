"""Played as they were, without control, reported days come out about as they were reported."""

from pathlib import Path

import numpy as np
import pytest
from simulated_day import small_day, tiny_site
from validation.published_days import (
    NAMES,
    PERIODS,
    REPORTED,
    WAITING,
    collapse,
    collapse_row,
    day_rows,
    period_row,
    reported_day,
    week_through,
)
from validation.table import HEAD, README, assert_told, told_rows

from flowctl.scenarios.steering import parse_steering
from simulations.engine import prepare
from simulations.metrics import measure


def test_on_23_january_2024_each_gate_clears_and_keeps_as_many_as_were_reported():
    day = reported_day()
    for gate in NAMES:
        assert abs(day.cleared[gate] - REPORTED[gate, "export"]) < 6.0
        assert abs(day.waiting[gate] - WAITING[gate]) < 6.0
    assert day.imports == {"huu_nghi": 511.0, "tan_thanh": 168.0}
    for row in day_rows(day):
        assert_told(row)


def test_in_february_2022_the_stock_grows_over_two_nights_as_it_did():
    found = collapse()
    assert 70.0 < found.cleared_a_day < 90.0
    assert abs(found.stock - 1815) < 20.0
    assert_told(collapse_row(found))


@pytest.mark.parametrize("period", list(PERIODS))
@pytest.mark.parametrize("gate", list(NAMES))
def test_a_gate_takes_in_its_hours_what_was_reported_of_2022_a_day_in_either_direction(
    period: str, gate: str
):
    days, gates = PERIODS[period]
    there = [count / days for count in gates[gate]]
    here = week_through(*there, gate)
    # More by what is under way at closing and finished: half a truck a place.
    assert 0.0 < sum(here) / sum(there) - 1.0 < 0.06
    assert min(here) == pytest.approx(min(there), rel=0.05)
    assert_told(period_row(period, gate))


@pytest.mark.parametrize("steering", ["none", "quota:0.95", "n_control"])
def test_every_truck_of_a_played_day_is_in_one_place_and_littles_law_holds(
    steering: str, tmp_path: Path
):
    scenario = small_day(north={"standing": 60, "arrivals": 120, "imports": 50})
    prepared = prepare(scenario, tiny_site(tmp_path), steering=parse_steering(steering))
    for seed in range(5):
        day = prepared.play(seed)
        measure(day)  # refuses records that break a law
        export = ~day.is_import
        came = np.count_nonzero(~np.isnan(day.yard_at[export]))
        through, at_gate, gone = (
            ~np.isnan(times[export]) for times in (day.clear_at, day.gate_at, day.released_at)
        )
        in_yard = np.count_nonzero(~np.isnan(day.yard_at[export]) & ~gone)
        on_road = np.count_nonzero(gone & ~at_gate)
        at_the_gate = np.count_nonzero(at_gate & ~through)
        assert came == 180
        assert in_yard + on_road + at_the_gate + np.count_nonzero(through) == came
        assert np.count_nonzero(through) > 50


def test_readme_tells_no_row_that_is_not_worked_out():
    known = README.read_text(encoding="utf-8").count(f"{HEAD}\n")
    assert known == 1
    assert len(told_rows()) == 9 + 1 + 3 + 4 + 1 + 3 + 4 + 1 + 4
