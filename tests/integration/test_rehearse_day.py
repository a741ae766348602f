"""A stored morning played again under other rules, beside what truly happened."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from border import MORNING, SECRET, Border, border
from command_line import run_command
from pyarrow import parquet
from recorded_morning import CAME, DAY, STOOD, store_morning

from flowctl.data_files import data_dir
from flowctl.practice_copy import read_copy
from flowctl.scenarios.steering import parse_steering
from flowctl.settings import Settings
from simulations.outcomes import outcome_of
from simulations.recorded import recorded_scenario
from simulations.twin import play_planned

LAWS = data_dir() / "practice.toml"


@pytest.fixture
def here(database: str) -> Iterator[Border]:
    with border(database) as made:
        store_morning(made)
        yield made


@pytest.fixture
def env(database: str, here: Border) -> dict[str, str]:
    # Who reads stored days needs no secret of the site.
    return {"FLOWCTL_DATABASE_URL": database, "FLOWCTL_SITE": here.site.id}


def test_a_stored_day_is_told_as_it_was_beside_what_it_would_have_been(env: dict[str, str]):
    arguments = ["rehearse", str(DAY), "--policy", "none", "--policy", "slots_repair", "--json"]
    told = json.loads(run_command(*arguments, env=env).stdout)
    assert (told["exports"], told["imports"], told["left_out"]) == (STOOD + CAME, 2, 0)
    # Four were seen to queue for half an hour and to be through; the others are there still.
    was = told["as_it_was"]
    assert (was["cleared_export"], was["cleared_import"], was["waiting_at_end"]) == (4, 2, 4)
    assert was["gate_wait_mean_s"] == 30 * 60
    assert [one["policy"] for one in told["policies"]] == ["none", "slots_repair"]
    for one in told["policies"]:
        assert one["cleared_export"] + one["waiting_at_end"] == STOOD + CAME
        assert one["gate_wait_mean_s"] < was["gate_wait_mean_s"]


def test_the_table_names_the_day_and_every_policy(env: dict[str, str]):
    done = run_command("rehearse", str(DAY), "--policy", "n_control", env=env)
    for words in ("as it was", "n_control", "exports cleared", "8 exports, 2 imports of that day"):
        assert words in done.stdout
    # What it is at is told from the first moment on, in a log by lines.
    stages = ["reading the day", "making its drivers: 8 trips", "playing n_control: 0 % of the day"]
    places = [done.stderr.index(stage) for stage in stages]
    assert places == sorted(places)


def test_the_twin_says_how_well_positions_told_the_day(env: dict[str, str]):
    done = run_command("rehearse", str(DAY), "--twin", "--json", env=env)
    [policy] = json.loads(done.stdout)["policies"]
    assert policy["beliefs"]["arrivals"] == policy["beliefs"]["believed"] == STOOD + CAME
    # No road of the site leads to that yard: a truck is first seen standing, every 15 minutes.
    assert policy["beliefs"]["median_delay_s"] < 900 + 2 * 30


def test_what_became_of_each_truck_is_written_by_policy(env: dict[str, str], tmp_path: Path):
    out = tmp_path / "out"
    run_command("rehearse", str(DAY), "--policy", "quota:0.9", "--out", str(out), env=env)
    assert parquet.read_table(out / "quota-0.9.parquet").num_rows == STOOD + CAME + 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["2020-01-01"], "Nothing is stored of trucks that came to a yard of"),
        (["2199-01-01"], "lies ahead"),
        (["someday"], "DAY is yesterday, or a day as 2024-01-23"),
        ([str(DAY), "--policy", "slot"], "there is no 'slot'"),
        ([str(DAY), "--policy", "slots:none.toml"], "none.toml is missing"),
        ([str(DAY), "--twin", "--policy", "n_control"], "n_control gives none"),
        ([str(DAY), "--site", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused_in_words(
    env: dict[str, str], arguments: list[str], said: str
):
    done = run_command("rehearse", *arguments, env=env, code=1)
    assert said in done.stderr


def test_gates_are_closed_as_they_were_on_that_day(database: str, here: Border):
    copy = read_copy(
        Settings(database_url=database, site=here.site.id, secret=SECRET),
        DAY,
        now=MORNING + timedelta(days=1),
    )
    recorded = recorded_scenario(copy.day, copy.site, LAWS, seed=1, closed=True)
    [fog] = [one for one in recorded.scenario.disruptions if one.gate == "tan_thanh"]
    assert fog.until_h - fog.from_h == pytest.approx(1.0)
    assert fog.announced_h == pytest.approx(fog.from_h - 20 / 60)
    records = play_planned(
        recorded.scenario,
        copy.site,
        steering=parse_steering("slots_repair"),
        seed=1,
        demand=recorded.demand,
    )
    closed = records.starts + fog.from_h * 3600, records.starts + fog.until_h * 3600
    assert not ((records.start_at > closed[0]) & (records.start_at < closed[1])).any()
    assert outcome_of(records).cleared_import == 2
