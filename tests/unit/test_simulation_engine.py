"""A day against a rule: the same trucks, other places, other demand, and what comes out."""

import json
from typing import Any

import pytest
from simulated_day import small_day, tiny_site

from flowctl.errors import FlowctlError
from flowctl.site import Site
from simulations.engine import compare, run, with_places
from simulations.metrics import measure

BUSY = {"standing": 60, "arrivals": 120, "imports": 50}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def result(site: Site) -> dict[str, Any]:
    return compare(small_day(north=BUSY), site, seed=1)


def test_metering_moves_the_wait_from_the_gate_to_the_yard_and_loses_nothing(
    result: dict[str, Any],
):
    none, metering = result["policies"]["none"], result["policies"]["metering"]
    assert metering["gate_wait_mean_s"] < 0.1 * none["gate_wait_mean_s"]
    assert metering["queue_max"] < 0.2 * none["queue_max"]
    assert metering["total_wait_mean_s"] < 1.02 * none["total_wait_mean_s"]
    exports = [policy["cleared"]["north"]["export"] for policy in (none, metering)]
    assert exports[1] >= 0.97 * exports[0]
    open_place_min = 660 * 3
    assert metering["starved_place_min"]["north"] < 0.01 * open_place_min


def test_a_result_is_plain_json_on_one_grid_of_minutes(result: dict[str, Any]):
    assert json.loads(json.dumps(result)) == result
    assert len(result["minutes"]) == 20 * 60 + 1
    assert result["minutes"][1] - result["minutes"][0] == 60
    for policy in ("none", "metering"):
        for series in ("queue", "waiting"):
            assert len(result["policies"][policy][series]["north"]) == len(result["minutes"])


def test_a_seed_repeats_its_day(site: Site, result: dict[str, Any]):
    assert compare(small_day(north=BUSY), site, seed=1) == result


def test_progress_grows_from_nothing_to_all(site: Site):
    shares: list[float] = []
    compare(small_day(), site, seed=1, progress=shares.append)
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.01
    assert shares[-1] == 1


def test_more_places_screen_more_and_more_demand_waits_more(site: Site, result: dict[str, Any]):
    day = small_day(north=BUSY)
    wide = compare(day, site, seed=1, places={"north": 6})["policies"]["metering"]
    full = compare(day, site, seed=1, demand_factor=1.5)["policies"]["metering"]
    usual = result["policies"]["metering"]
    assert wide["cleared"]["north"]["export"] > usual["cleared"]["north"]["export"] + 20
    assert full["waiting_at_end"]["north"] > usual["waiting_at_end"]["north"] + 50


def test_a_gate_that_is_open_for_nobody_lets_nobody_through(site: Site):
    sunday = small_day(day=small_day().day.replace(day=21))
    for policy in ("none", "metering"):
        measures = measure(run(sunday, site, policy=policy, seed=1))
        assert measures.cleared == {"north": {"export": 0, "import": 0}}
        assert measures.waiting_at_end == {"north": 30}


def test_places_of_an_unknown_gate_or_none_at_all_are_refused(site: Site):
    with pytest.raises(FlowctlError, match="no gate 'south'; known are north"):
        with_places(site, {"south": 3})
    with pytest.raises(FlowctlError, match="'north' needs at least one"):
        with_places(site, {"north": 0})


def test_believed_capacity_grows_with_the_places(site: Site):
    before, after = site.gates[0], with_places(site, {"north": 6}).gates[0]
    assert after.inspection_places == 6
    assert after.capacity_prior_per_h == 2 * before.capacity_prior_per_h
