"""The bench of bad sign-ins runs by one command; how fast it was is not asserted."""

import json
import subprocess
import sys


def test_positions_are_timed_with_and_without_bad_sign_ins_beside_them():
    words = ("bench", "logins", "--json", "--seconds", "1", "--rate", "40", "--logins", "80")
    done = subprocess.run(
        [sys.executable, "-m", "flowctl.cli", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    phases = figures["phases"]
    assert [one["logins_from"] for one in phases] == [
        *("none", "one address", "none again", "many addresses")
    ]
    assert all(one["fixes"] > 0 and one["p95_ms"] > 0 for one in phases)
    assert phases[0]["answers"] == {}
    assert set(phases[1]["answers"]) <= {"401", "429", "503"}, "none was let in, none broke"
    assert sum(phases[1]["answers"].values()) > 0
