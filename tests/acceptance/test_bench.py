"""The bench runs by one command and says what it must; how fast it was is not asserted."""

import json
import subprocess
import sys
from typing import Any

import pytest

SECONDS = "3"


def bench(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "flowctl.cli", "bench", "ingest", "--json"),
            *("--seconds", SECONDS, "--trucks", "5000", *arguments),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_nothing_is_missing(figures: dict[str, Any]) -> None:
    assert figures["lost"] == figures["duplicated"] == figures["miscounted"] == 0
    assert figures["refused"] == figures["broken"] == 0
    assert figures["ratio"] == pytest.approx(
        figures["fixes_per_s"] / figures["raw_copy_per_s"], abs=1e-4
    )
    assert 0 < figures["p50_s"] <= figures["p95_s"] <= figures["p99_s"]
    assert figures["visits"] > 0
    assert {"postgresql", "valkey", "api-1", "ingest-1", "ingest-2", "load generator"} == set(
        figures["processes"]
    )


def test_what_is_posted_in_batches_is_stored_judged_and_counted():
    figures = bench("--rate", "4000", "--batch", "200")
    assert_nothing_is_missing(figures)
    # A hundredth is missing and a fiftieth comes twice, so fewer are stored than are posted.
    assert 0.9 * 12_000 < figures["fixes"] < 12_000
    assert figures["posts"] < figures["fixes"] / 100


def test_fixes_posted_one_by_one_as_an_app_does_are_stored_judged_and_counted():
    figures = bench("--protocol", "osmand")
    assert_nothing_is_missing(figures)
    assert figures["posts"] > figures["fixes"]
