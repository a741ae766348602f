"""How long things take: laws by name, for some trucks only, and closer looks on top."""

import numpy as np
import pytest
from simulated_day import day_table, small_day

from flowctl.scenarios.laws import CARGOES, Law
from flowctl.scenarios.scenario import parse_scenario
from simulations.demand import draw
from simulations.durations import duration_s

CHANCE = (np.arange(100_000) + 0.5) / 100_000
LAWS = {
    "uniform": Law(least_min=10.0, most_min=15.0),
    "lognormal": Law(law="lognormal", mean_min=12.5, cv=0.4),
    "erlang": Law(law="erlang", mean_min=12.5, phases=4),
    "empirical": Law(law="empirical", values_min=(15.0, 10.0, 12.5, 12.5)),
}
MANY = {"arrivals": 4000, "imports": 4000}


@pytest.mark.parametrize("law", LAWS)
def test_a_law_has_the_mean_it_says(law: str):
    drawn = duration_s(LAWS[law], CHANCE)
    assert LAWS[law].middle_min == 12.5
    assert drawn.mean() == pytest.approx(750.0, rel=2e-4)


@pytest.mark.parametrize(
    ("law", "cv"), [("uniform", 5 / 12.5 / 12**0.5), ("lognormal", 0.4), ("erlang", 0.5)]
)
def test_a_law_varies_as_much_as_it_says(law: str, cv: float):
    drawn = duration_s(LAWS[law], CHANCE)
    assert drawn.std() / drawn.mean() == pytest.approx(cv, rel=2e-3)


@pytest.mark.parametrize("law", LAWS)
def test_a_truck_that_is_slow_under_one_law_is_slow_under_every_law(law: str):
    assert np.all(np.diff(duration_s(LAWS[law], CHANCE)) >= 0)


def test_an_empirical_law_gives_its_values_as_often_as_they_stand_there():
    drawn = duration_s(LAWS["empirical"], CHANCE) / 60.0
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [10.0, 12.5, 15.0]
    assert counts.tolist() == [25_000, 50_000, 25_000]


def test_the_last_row_that_fits_a_truck_holds_and_the_others_keep_their_times():
    plain = draw(small_day(north=MANY), 1)
    rows = [
        {"cargo": "reefer", "least_min": 30.0, "most_min": 40.0},
        {"gate": "north", "direction": "import", "law": "lognormal", "mean_min": 5.0, "cv": 0.2},
        {"direction": "import", "cargo": "reefer", "least_min": 60.0, "most_min": 61.0},
    ]
    special = draw(small_day(north=MANY, screenings=rows), 1)
    reefer, imported = plain.cargo == CARGOES.index("reefer"), plain.is_import
    minutes = special.service_s / 60.0
    assert np.array_equal(
        special.service_s[~reefer & ~imported], plain.service_s[~reefer & ~imported]
    )
    assert np.all((minutes >= 30)[reefer & ~imported] & (minutes <= 40)[reefer & ~imported])
    assert minutes[~reefer & imported].mean() == pytest.approx(5.0, rel=0.02)
    assert np.all((minutes >= 60)[reefer & imported])


def test_a_closer_look_comes_on_top_for_its_share_of_its_direction():
    plain = draw(small_day(north=MANY), 1)
    look = {"direction": "import", "share": 0.1, "law": "erlang", "mean_min": 60.0, "phases": 2}
    looked = draw(small_day(north=MANY, inspections=[look]), 1)
    more = looked.service_s - plain.service_s
    assert not more[~plain.is_import].any()
    assert (more[plain.is_import] > 0).mean() == pytest.approx(0.1, abs=0.02)
    assert more[more > 0].mean() / 60.0 == pytest.approx(60.0, rel=0.1)


def test_checks_may_have_another_law_than_the_usual_one():
    table = day_table(north=MANY)
    usual = draw(parse_scenario(table, where="small.toml"), 1)
    table["checks"] = {"law": "empirical", "values_min": [60.0]}
    fixed = draw(parse_scenario(table, where="small.toml"), 1)
    exports = ~fixed.is_import & ~fixed.standing
    assert np.allclose((fixed.ready_s - fixed.at_s)[exports], 3600.0)
    assert np.array_equal(fixed.at_s, usual.at_s)
