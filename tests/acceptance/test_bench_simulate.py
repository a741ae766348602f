"""``flowctl bench simulate`` plays the very day that SimPy and cimba play, and says how fast."""

import json

import pytest
from typer.testing import CliRunner

from flowctl.cli import app


def test_a_short_run_has_the_waits_of_simpy_and_of_cimba():
    done = CliRunner().invoke(
        app,
        [
            *("bench", "simulate", "--json", "--trucks", "600", "--replications", "8"),
            *("--rounds", "1", "--page", "2", "--twin", "0"),
        ],
    )
    assert done.exit_code == 0, done.output
    assert "8 days with their random numbers" in done.stderr
    told = json.loads(done.stdout)
    assert told["max_wait_difference"] < 1e-9
    assert told["cimba_wait_difference"] < 1e-9
    assert told["trucks"] == 600
    assert told["ratio"] == pytest.approx(told["simpy_ms_per_day"] / told["ms_per_day"], rel=0.01)
    assert told["cimba_ratio"] > 0.0
    assert told["thousand_reps_s"] > 0.0
    assert len(told["memory_mb"]) == 2
    assert told["page_200_s"] > 0.0
    assert told["twin_x_real_time"] is None
    assert "once a minute" in told["resolution"]


def test_a_comparator_that_is_missing_is_named_with_how_to_have_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("flowctl.bench.simulate_sides.find_spec", lambda _: None)
    done = CliRunner().invoke(app, ["bench", "simulate", "--rounds", "1"])
    assert done.exit_code == 1
    assert "'simpy' is not installed" in done.stderr
    assert "flowctl[dev]" in done.stderr
