"""A day against a rule: the same trucks, other places, other demand, and what comes out."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from simulated_day import small_day, tiny_site

from flowctl.scenarios.rows import ScenarioError
from flowctl.scenarios.scenario import Scenario, scaled
from flowctl.scenarios.steering import parse_steering
from flowctl.site import Site
from simulations.engine import CancelledError, play, prepare
from simulations.metrics import measure
from simulations.records import Records

BUSY = {"standing": 60, "arrivals": 120, "imports": 50}
NONE, QUOTA, N_CONTROL = (parse_steering(text) for text in ("none", "quota:0.9", "n_control"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def busy() -> Scenario:
    return small_day(north=BUSY)


def same(one: Records, other: Records) -> bool:
    columns = [(getattr(one, f.name), getattr(other, f.name)) for f in fields(Records)]
    return all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") if isinstance(a, np.ndarray) else a == b
        for a, b in columns
    )


def test_metering_moves_the_wait_from_the_gate_to_the_yard_and_loses_nothing(
    site: Site, busy: Scenario
):
    none = measure(play(busy, site, steering=NONE, seed=1))
    metering = measure(play(busy, site, steering=N_CONTROL, seed=1))
    assert metering.gate_wait_mean_s < 0.1 * none.gate_wait_mean_s
    assert metering.queue_max < 0.2 * none.queue_max
    assert metering.total_wait_mean_s < 1.02 * none.total_wait_mean_s
    exports = [measures.cleared["north"]["export"] for measures in (none, metering)]
    assert exports[1] >= 0.97 * exports[0]
    open_place_min = 660 * 3
    assert metering.starved_place_min["north"] < 0.01 * open_place_min


def test_a_quota_below_what_the_gate_takes_starves_it_while_trucks_wait(site: Site, busy: Scenario):
    quota = measure(play(busy, site, steering=QUOTA, seed=1))
    metering = measure(play(busy, site, steering=N_CONTROL, seed=1))
    assert quota.starved_place_min["north"] > 3.0 * metering.starved_place_min["north"] + 30.0
    assert quota.cleared["north"]["export"] < metering.cleared["north"]["export"]


def test_a_seed_repeats_its_day_and_another_is_another(site: Site, busy: Scenario):
    prepared = prepare(busy, site, steering=N_CONTROL)
    once = prepared.play(1)
    assert same(prepared.play(1), once)
    assert same(play(busy, site, steering=N_CONTROL, seed=1), once)
    assert not same(prepared.play(2), once)


def test_the_same_trucks_come_whatever_steers_them(site: Site, busy: Scenario):
    none, metering = (play(busy, site, steering=rule, seed=1) for rule in (NONE, N_CONTROL))
    assert np.array_equal(none.yard_at, metering.yard_at, equal_nan=True)
    assert np.array_equal(none.ready_at, metering.ready_at, equal_nan=True)


def test_a_day_tells_when_it_is_over_and_is_not_played_when_nobody_wants_it(
    site: Site, busy: Scenario
):
    shares: list[float] = []
    play(busy, site, steering=N_CONTROL, seed=1, progress=shares.append)
    assert shares[-1] == 1.0
    with pytest.raises(CancelledError):
        play(busy, site, steering=N_CONTROL, seed=1, stopped=lambda: True)


def test_more_places_screen_more_and_more_demand_waits_more(site: Site, busy: Scenario):
    wide = measure(play(small_day(north=BUSY | {"places": 6}), site, steering=N_CONTROL, seed=1))
    full = measure(play(scaled(busy, 1.5), site, steering=N_CONTROL, seed=1))
    usual = measure(play(busy, site, steering=N_CONTROL, seed=1))
    assert wide.cleared["north"]["export"] > usual.cleared["north"]["export"] + 20
    assert full.waiting_at_end["north"] > usual.waiting_at_end["north"] + 50


@pytest.mark.parametrize("steering", [NONE, QUOTA, N_CONTROL])
def test_a_gate_that_is_open_for_nobody_lets_nobody_through(site: Site, steering: object):
    sunday = small_day(day=small_day().day.replace(day=21))
    measures = measure(play(sunday, site, steering=steering, seed=1))  # type: ignore[arg-type]
    assert measures.cleared == {"north": {"export": 0, "import": 0}}
    assert measures.waiting_at_end == {"north": 30}


def test_a_rule_goes_by_a_policy_file_where_one_is_named(site: Site, tmp_path: Path):
    day = small_day(north=BUSY, drivers={"no_show_share": 0.5})
    patient = tmp_path / "patient.toml"
    head = 'version = "patient"\nvalid_from = 2024-01-01T00:00:00+07:00\n'
    patient.write_text(f"{head}[no_show]\nloses_s = 36000\n")
    usual = play(day, site, steering=N_CONTROL, seed=1)
    named = play(day, site, steering=parse_steering(f"n_control:{patient}"), seed=1)
    # Who did not come is called again within the day only where that costs him little.
    assert (named.messages > 1).sum() < 0.5 * (usual.messages > 1).sum()


def test_a_day_at_a_gate_that_the_site_has_not_is_refused(site: Site):
    day = small_day()
    elsewhere = replace(day, gates={"south": day.gates["north"]})
    with pytest.raises(ScenarioError, match="south"):
        prepare(elsewhere, site, steering=NONE)
