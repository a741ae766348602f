"""``flowctl bench schedule``: a day proved optimal, beside what it is compared with."""

import json

import numpy as np
from typer.testing import CliRunner

from flowctl.bench.schedule_day import DayOptions, made_day
from flowctl.bench.schedule_lists import by_list
from flowctl.cli import app
from flowctl.dispatch.solver import solve


def test_a_day_is_scheduled_at_the_cost_highs_finds_and_far_below_the_lists():
    command = ["bench", "schedule", "--trucks", "400", "--slots", "48", "--json"]
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 0, answer.output
    figures = json.loads(answer.stdout.splitlines()[-1])
    assert (figures["trucks"], figures["gates"], figures["slots"]) == (400, 3, 48)
    assert (figures["gap"], figures["highs_gap"], figures["handout_cost"]) == (0, 0, 0)
    assert figures["solve_s"] > 0
    assert figures["highs_s"] > 0
    assert figures["seniority_cost"] > 0
    assert figures["inversions"] > 0
    assert 0 < figures["greedy_over"] < figures["fcfs_over"]
    # A reefer's slot is 20 units, and 700,000 VND a day.
    assert figures["cost_vnd"] == round(figures["cost"] * 700_000 / 96 / 20)


def test_the_made_day_has_two_peaks_promises_of_one_slot_and_a_gate_that_is_halved():
    day = made_day(DayOptions(trucks=4_000, seed=3))
    eta = day.origin_s // day.slot_s
    by_hour = np.bincount(eta // 4, minlength=24)
    assert by_hour[8] > 2 * by_hour[12] > 0
    assert by_hour[16] > 1.5 * by_hour[12]
    told = day.told_gate >= 0
    assert 0.85 < told.mean() < 0.93
    assert (day.keep_first[told] == day.keep_last[told]).all()
    only_one = (day.earliest < day.slots).sum(axis=1) == 1
    assert 0.2 < only_one.mean() < 0.3
    assert (day.capacity[0, 60:68] * 2 <= day.capacity[0, 59] + 1).all()
    assert (made_day(DayOptions(trucks=4_000, seed=3)).earliest == day.earliest).all()


def test_no_list_undercuts_the_optimum():
    day = made_day(DayOptions(trucks=300, gates=2, slots=24, seed=5))
    best = solve(day).cost
    assert best <= by_list(day, "weight") < by_list(day, "arrival")


def test_every_rule_beside_the_flow_is_planned_alone_and_all_together():
    command = ["bench", "schedule", "--sides", "--trucks", "600", "--slots", "24", "--json"]
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 0, answer.output
    figures = json.loads(answer.stdout.splitlines()[-1])
    assert list(figures) == ["convoys", "bays", "round trips", "lanes that change", "all together"]
    assert all(one["gap"] >= 0 and one["cpu_s"] > 0 for one in figures.values())
    assert figures["lanes that change"]["fixed_over"] > 0.1
    assert figures["all together"]["gap"] > figures["round trips"]["gap"]
