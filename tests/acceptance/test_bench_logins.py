"""The bench of bad sign-ins runs by one command; how fast it was is not asserted."""

import json
import subprocess
import sys

import pytest


def test_positions_are_timed_with_and_without_bad_sign_ins_beside_them():
    words = ("bench", "logins", "--json", "--seconds", "1", "--rounds", "1")
    words += ("--rate", "40", "--logins", "80")
    done = subprocess.run(
        [sys.executable, "-m", "flowctl.cli", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    phases = figures["phases"]
    kinds = ["none", "one address", "many addresses", "to a bare socket"]
    assert [one["logins"] for one in phases] == kinds
    assert all(one["fixes"] > 0 and one["p95_ms"] > 0 for one in phases)
    assert phases[0]["answers"] == {}
    assert set(phases[1]["answers"]) <= {"401", "429", "503"}, "none was let in, none broke"
    assert sum(phases[1]["answers"].values()) > 0
    assert set(phases[3]["answers"]) == {"401"}
    quiet, many = phases[0]["p95_ms"], phases[2]["p95_ms"]
    assert figures["slower_by_many"]["median"] == pytest.approx(many / quiet - 1, abs=0.001)
