"""The compiled engine plays every day as the world of events does, bit for bit."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_day import day_table, small_day, tiny_site

from flowctl.data_files import data_dir
from flowctl.scenarios.scenario import Scenario, load_scenario, parse_scenario
from flowctl.scenarios.steering import parse_steering
from flowctl.site import Site
from flowctl.site_files import load_site
from simulations.demand import draw
from simulations.engine import Policy, prepare, run
from simulations.records import Records

STEERINGS: dict[str, tuple[Policy, float]] = {
    "none": ("none", 1.0),
    "quota:0.95": ("quota", 0.95),
    "n_control": ("metering", 1.0),
}
SHIPPED = sorted(path.stem for path in (data_dir() / "scenarios").glob("*.toml"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny_site(tmp_path_factory.mktemp("site"))


def assert_played_alike(scenario: Scenario, site: Site, steering: str, seed: int) -> Records:
    policy, share = STEERINGS[steering]
    fast = prepare(scenario, site, steering=parse_steering(steering)).play(seed)
    demand = draw(scenario, seed)
    slow = run(scenario, site, policy=policy, share=share, seed=seed, demand=demand)
    for column in fields(Records):
        found, expected = getattr(fast, column.name), getattr(slow, column.name)
        if isinstance(expected, np.ndarray):
            np.testing.assert_array_equal(found, expected, err_msg=column.name)
        else:
            assert found == expected, column.name
    return fast


@pytest.mark.parametrize("steering", ["none", "quota:0.95"])
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_day_is_played_alike(name: str, steering: str):
    scenario = load_scenario(data_dir() / "scenarios" / f"{name}.toml")
    site = load_site(data_dir() / "sites" / scenario.site)
    records = assert_played_alike(scenario, site, steering, seed=1)
    assert np.isfinite(records.start_at).sum() > 100


def test_a_shipped_day_is_metered_alike():
    scenario = load_scenario(data_dir() / "scenarios" / "2024-01-23-lane-loss.toml")
    site = load_site(data_dir() / "sites" / scenario.site)
    assert_played_alike(scenario, site, "n_control", seed=1)


def physics() -> st.SearchStrategy[dict[str, Any]]:
    """Rosters, failures, the other side, impatience, lost messages, longer ways."""
    span = st.fixed_dictionaries({"from_h": st.floats(0.0, 10.0), "until_h": st.floats(11.0, 19.0)})
    return st.fixed_dictionaries(
        {},
        optional={
            "lanes": st.lists(span.map(lambda row: row | {"places": 1}), max_size=1),
            "breakdowns": st.just([{"mean_between_h": 1.0, "mean_repair_min": 45.0}]),
            "other_side": st.lists(
                st.builds(
                    lambda row, most: row | {"most_per_h": most},
                    span,
                    st.sampled_from([0.0, 3.0, 8.0, 30.0]),
                ),
                max_size=2,
            ),
            "yards": st.just({"yard_south": {"travel_factor": 3.0}}),
            "messages": span.map(
                lambda row: {"outage_from_h": row["from_h"], "outage_until_h": row["until_h"]}
            ),
        },
    )


IMPATIENT = {"turn_back_share": 0.5, "turn_back_after_h": 2.0}


def disruptions() -> st.SearchStrategy[list[dict[str, Any]]]:
    row = st.fixed_dictionaries(
        {
            "from_h": st.floats(0.0, 19.0),
            "places_left": st.integers(0, 1),
            "end_known": st.booleans(),
        },
        optional={"announced_h": st.floats(0.0, 19.0)},
    )
    return st.lists(row, max_size=1)


@settings(max_examples=40, deadline=None)
@given(
    standing=st.integers(0, 40),
    arrivals=st.integers(0, 60),
    imports=st.integers(0, 60),
    places=st.integers(2, 6),
    seed=st.integers(0, 2**31),
    steering=st.sampled_from(sorted(STEERINGS)),
    compliance=st.sampled_from([0.0, 0.8, 1.0]),
    no_show=st.sampled_from([0.0, 0.3, 1.0]),
    untracked=st.sampled_from([0.0, 0.3, 1.0]),
    day=st.sampled_from([20, 21, 23]),
    impatient=st.booleans(),
    disrupted=disruptions(),
    more=physics(),
)
def test_any_small_day_is_played_alike(
    site: Site,
    standing: int,
    arrivals: int,
    imports: int,
    places: int,
    seed: int,
    steering: str,
    compliance: float,
    no_show: float,
    untracked: float,
    day: int,
    impatient: bool,
    disrupted: list[dict[str, Any]],
    more: dict[str, Any],
):
    site = replace(
        site,
        gates=(replace(site.gates[0], inspection_places=places),),
        dispatch=replace(site.dispatch, meter_interval_s=100),
    )
    base = small_day()
    for kind in ("lanes", "breakdowns", "other_side"):
        more[kind] = [row | {"gate": "north"} for row in more.get(kind, [])]
    table = day_table(
        day=base.day.replace(day=day),
        north={"standing": standing, "arrivals": arrivals, "imports": imports},
        drivers={"compliance_share": compliance, "no_show_share": no_show}
        | (IMPATIENT if impatient else {}),
        gps={"without_share": untracked},
        disruptions=[row | {"gate": "north", "until_h": row["from_h"] + 1.5} for row in disrupted],
    )
    scenario = parse_scenario(table | more, where="small.toml")
    assert_played_alike(scenario, site, steering, seed)
