"""The published day 2024-01-23, played with the stated parameters at the real site."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from flowctl.scenarios.scenario import Scenario, load_scenario
from flowctl.site import Site
from flowctl.site_files import load_site
from simulations.engine import run
from simulations.metrics import Measures, measure

ROOT = Path(__file__).parents[2]
DAY = ROOT / "data" / "scenarios" / "2024-01-23.toml"
PUBLISHED: Mapping[str, Mapping[str, int]] = {
    "huu_nghi": {"export": 146, "import": 511},
    "tan_thanh": {"export": 314, "import": 168},
}
WAITING_AT_20 = 591
SEEDS = (1, 2, 3, 4, 5)


@pytest.fixture(scope="module")
def day() -> Scenario:
    return load_scenario(DAY)


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(ROOT / "data" / "sites" / "lang_son")


@pytest.fixture(scope="module", params=SEEDS)
def played(request: pytest.FixtureRequest, day: Scenario, site: Site) -> dict[str, Measures]:
    return {
        policy: measure(run(day, site, policy=policy, seed=request.param))
        for policy in ("none", "metering")
    }


@pytest.mark.parametrize("gate", PUBLISHED)
@pytest.mark.parametrize("direction", ["export", "import"])
def test_as_many_are_cleared_as_were_published(
    played: dict[str, Measures], gate: str, direction: str
):
    published = PUBLISHED[gate][direction]
    assert played["metering"].cleared[gate][direction] == pytest.approx(published, rel=0.05)


def test_as_many_wait_at_the_end_as_were_published(played: dict[str, Measures]):
    waiting = sum(played["metering"].waiting_at_end.values())
    assert waiting == pytest.approx(WAITING_AT_20, rel=0.05)


def test_metering_takes_nine_tenths_of_the_wait_at_the_gate_and_adds_no_delay(
    played: dict[str, Measures],
):
    none, metering = played["none"], played["metering"]
    assert none.gate_wait_mean_s is not None
    assert metering.gate_wait_mean_s is not None
    assert metering.gate_wait_mean_s <= 0.1 * none.gate_wait_mean_s
    assert metering.queue_max <= 0.1 * none.queue_max
    assert none.total_wait_mean_s is not None
    assert metering.total_wait_mean_s is not None
    assert metering.total_wait_mean_s <= 1.01 * none.total_wait_mean_s


def test_the_command_prints_the_table_and_saves_the_picture(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "flowctl.cli", "simulate", str(DAY), "--out", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "120", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Tân Thanh: exports cleared" in done.stdout
    assert (tmp_path / "2024-01-23.png").stat().st_size > 20_000
