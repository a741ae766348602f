"""Rules of release compared on the same days, with a gate that nobody described to the rule."""

import json
from pathlib import Path

import pytest

from flowctl.bench.control import Figures, run_control, table
from flowctl.bench.control_model import (
    RULES,
    SCENARIOS,
    ModelParams,
    draw_trucks,
    places_of,
    play_rule,
)
from flowctl.bench.control_plot import save_queues

SMALL = ModelParams(trucks=1400, places=4, travel_s=600.0, look_ticks=20)


@pytest.fixture(scope="module")
def figures() -> Figures:
    return run_control(1, 3, lambda _: None, model=SMALL, processes=1)


def test_every_rule_plays_the_same_trucks(figures: Figures):
    for scenario in figures.scenarios.values():
        assert list(scenario.rules) == list(RULES)
        assert len({rule.road_min for rule in scenario.rules.values()}) == 1
        assert scenario.rules["none"].yard_min == 0.0


def test_learned_release_empties_the_gate_queue_and_costs_little(figures: Figures):
    for name, scenario in figures.scenarios.items():
        assert scenario.gate_wait_cut > 0.85, name
        assert scenario.queue_cut > 0.75, name
        assert scenario.total_delay_change < 0.04, name


def test_a_surge_adds_trucks_and_leaves_those_of_the_plain_day_alone():
    plain, surge = (draw_trucks(SMALL, SCENARIOS[name], 1) for name in ("nominal", "surge"))
    assert len(surge.ready_s) > len(plain.ready_s)
    assert set(plain.ready_s.tolist()) <= set(surge.ready_s.tolist())
    assert surge.prior_per_h == plain.prior_per_h


def test_lost_places_are_lost_in_their_hours_only():
    places = places_of(ModelParams(), SCENARIOS["lane_loss"])
    ticks_an_hour = 120
    assert places[10 * ticks_an_hour - 1] == 14
    assert places[10 * ticks_an_hour] == places[12 * ticks_an_hour - 1] == 9
    assert places[12 * ticks_an_hour] == 14


def test_what_is_learned_comes_from_the_trucks_seen_and_not_from_the_truth():
    trucks = draw_trucks(SMALL, SCENARIOS["nominal"], 3)  # a belief that is 19 % off
    day, looks = play_rule("n_control", SMALL, SCENARIOS["nominal"], trucks)
    assert day.over
    assert looks[0].per_h == pytest.approx(trucks.prior_per_h)
    assert not looks[0].from_screenings
    late = next(look for look in looks if look.at_s >= 12 * 3600.0)
    true = SMALL.per_s * 3600.0
    assert abs(late.per_h / true - 1.0) < 0.5 * abs(trucks.prior_per_h / true - 1.0)


def test_figures_print_as_one_object_and_as_a_table(figures: Figures):
    told = json.loads(json.dumps(figures.as_json()))
    assert set(told["scenarios"]) == {"nominal", "surge", "lane_loss", "closure"}
    assert {"gate_wait_cut", "queue_cut", "total_delay_change"} <= set(told["scenarios"]["surge"])
    assert table(figures).row_count == len(SCENARIOS) * (len(RULES) + 1)


def test_queues_are_drawn(figures: Figures, tmp_path: Path):
    save_queues(figures, tmp_path / "queues.png")
    assert (tmp_path / "queues.png").read_bytes().startswith(b"\x89PNG")
