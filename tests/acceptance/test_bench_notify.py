"""The bench of messages runs by one command, and what it says of truth holds at any speed."""

import json
import subprocess
import sys


def test_no_message_is_lost_doubled_or_stale_where_the_smsc_errs():
    done = subprocess.run(
        [
            *(sys.executable, "-m", "flowctl.cli", "bench", "notify", "--json"),
            *("--messages", "200", "--seconds", "1"),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["messages"] == 220
    assert (figures["lost"], figures["doubled"], figures["stale"]) == (0, 0, 0)
    # A receipt may go down with its connection.
    assert 210 <= figures["superseded"] + figures["expired"] + figures["delivered"] <= 220
    assert figures["p95_s"] < 2
    assert figures["per_s"] > 0
    assert figures["ratio"] > 0
