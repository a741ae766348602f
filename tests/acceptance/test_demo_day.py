"""The main job: the published day, played over HTTP through every process, by one command."""

import json
import subprocess
import sys
from typing import Any

import pytest
from processes import left_running

from flowctl.server_process import free_port

# The province's report of 2024-01-23; see data/scenarios/2024-01-23.toml.
PUBLISHED = {
    "huu_nghi": {"export": 146, "import": 511},
    "tan_thanh": {"export": 314, "import": 168},
}
PUBLISHED_WAITING = 591


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    state = tmp_path_factory.mktemp("demo")
    for folder in (state, *state.parents[:2]):
        folder.chmod(0o711)  # the database server runs as another user and must get through
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "flowctl.cli",
            "demo",
            "--headless",
            "--day",
            "2024-01-23",
            "--json",
            "--port",
            str(free_port()),
            "--state",
            str(state),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert not left_running(state)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result | {"said": done.stderr}


def test_two_operators_are_offered_so_that_one_can_approve_what_the_other_enters(
    day: dict[str, Any],
):
    lines = [line.split("password") for line in day["said"].splitlines() if "  account " in line]
    operators = {whose.split(maxsplit=1)[1] for name, whose in lines if "operator" in name}
    assert len(operators) == 2
    roles = {"operator", "operator2", "officer", "planner", "haulier", "administrator"}
    agencies = {"border_guard", "plant_quarantine", "health_quarantine", "tax"}
    assert {name.split()[1] for name, _ in lines} == roles | agencies


def test_no_position_of_the_day_is_lost_or_counted_twice(day: dict[str, Any]):
    assert day["fixes_lost"] == 0
    assert day["fixes_posted"] == day["fixes_stored"] + day["fixes_set_aside"]
    assert day["fixes_posted"] > 100_000
    assert day["fixes_set_aside"] > 1_000  # the doubles that trackers send


def test_every_truck_has_its_slot_and_hears_of_it(day: dict[str, Any]):
    assert day["trips"] == 1048
    assert day["trips_with_slot"] >= 0.99 * day["trips"]
    assert day["messages"] >= 2 * day["trips"]


def test_the_gates_clear_what_they_cleared_that_day(day: dict[str, Any]):
    for gate, directions in PUBLISHED.items():
        for direction, published in directions.items():
            assert day["cleared"][gate][direction] == pytest.approx(published, rel=0.05)


def test_what_the_system_counts_is_what_was_true(day: dict[str, Any]):
    assert day["cleared"] == day["truth"]["cleared"]


def test_as_many_trucks_wait_at_eight_in_the_evening_as_were_reported(day: dict[str, Any]):
    assert day["waiting_at_20"] == pytest.approx(PUBLISHED_WAITING, rel=0.05)


def test_control_takes_nine_tenths_of_the_wait_at_the_gate_away(day: dict[str, Any]):
    without = day["without_control"]
    assert day["gate_wait_mean_s"] <= 0.1 * without["gate_wait_mean_s"]
    assert day["truth"]["gate_wait_mean_s"] <= 0.1 * without["gate_wait_mean_s"]
    assert day["queue_max"] <= 0.1 * without["queue_max"]


def test_a_driver_is_seldom_told_another_slot(day: dict[str, Any]):
    assert day["slot_changes_per_trip"] <= 0.5
