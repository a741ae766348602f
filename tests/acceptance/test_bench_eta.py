"""Expected arrivals are better than two simple rules, and as sure as they say: by one command."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flowctl.bench.buses import recorded
from flowctl.bench.eta_trial import play
from flowctl.errors import FlowctlError

BUSES = Path(__file__).parents[2] / "../shared/data/gps/liverpool_bus_route14_2026.csv"


def bench(buses: Path) -> tuple[dict[str, Any], str]:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "flowctl.cli", "bench", "eta", "--json"),
            *("--seed", "2", "--buses", str(buses)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def assert_better_and_calibrated(figures: dict[str, Any]) -> None:
    assert figures["mae_s"] < figures["nominal_mae_s"]
    assert figures["mae_s"] < figures["last_speed_mae_s"]
    assert 0.75 <= figures["p80_hit_rate"] <= 0.85
    assert figures["n"] > 100


def test_arrivals_at_yards_and_gates_are_told_better_than_by_nominal_or_last_speed(tmp_path: Path):
    figures, said = bench(tmp_path / "none.csv")
    assert_better_and_calibrated(figures)
    gate = {key.removeprefix("gate_"): value for key, value in figures.items() if "gate_" in key}
    assert_better_and_calibrated(gate)
    assert figures["bus"] is None
    assert "recorded buses are left out" in said
    assert "playing a congested day\nasking on the way: " in said


def test_arrivals_of_recorded_buses_are_told_better_too():
    if not BUSES.is_file():
        pytest.skip(f"recorded buses are not there: {BUSES}")
    figures = play(recorded(BUSES)).figures()
    assert figures.mae_s < min(figures.nominal_mae_s, figures.last_speed_mae_s)
    assert 0.75 <= figures.p80_hit_rate <= 0.85


def test_a_file_that_holds_no_buses_is_refused_in_a_sentence(tmp_path: Path):
    (tmp_path / "no.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FlowctlError, match="no positions of buses could be read"):
        recorded(tmp_path / "no.csv")
