"""The commands simulate and sweep, run as a planner runs them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyarrow import parquet

ROOT = Path(__file__).parents[2]
DAY = "2024-01-23"


def started(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "flowctl.cli", *words],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "120", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(*words: str) -> tuple[int, str, str]:
    process = started(*words)
    out, errors = process.communicate(timeout=400)
    return process.returncode, out, errors


def test_four_rules_are_compared_and_every_truck_is_written(tmp_path: Path):
    rules = ("none", "quota:0.95", "n_control")
    asked = [word for rule in rules for word in ("--policy", rule)]
    code, out, errors = done(
        *("simulate", DAY, *asked, "--replications", "3", "--out", str(tmp_path), "--json")
    )
    assert code == 0, errors
    results = json.loads(out)
    assert [result["steering"] for result in results] == list(rules)
    assert {result["replications"] for result in results} == {3}
    waits = [result["measures"]["gate_wait_mean_s"]["mean"] for result in results]
    assert waits[2] < 0.1 * waits[0]
    assert "trucks" not in results[0]
    assert (tmp_path / f"{DAY}.png").stat().st_size > 20_000
    kept = json.loads((tmp_path / f"{DAY}-n_control.json").read_text())
    assert kept["digest"] == results[2]["digest"]
    trucks = parquet.read_table(tmp_path / f"{DAY}-n_control.parquet")
    assert sorted(set(trucks["replication"].to_pylist())) == [0, 1, 2]
    assert trucks.num_rows == 3 * (483 + 565 + 679)
    assert len(list(tmp_path.iterdir())) == 2 * len(rules) + 1


def test_a_run_grows_until_it_is_sure(tmp_path: Path):
    code, out, errors = done(
        *("simulate", DAY, "--policy", "none", "--until", "gate_wait_mean_s=1%"),
        *("--out", str(tmp_path)),
    )
    assert code == 0, errors
    assert f"{DAY}, 10 replications from 1" in out
    assert "±" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("simulate", "nowhere.toml"), "there is no such scenario file"),
        (("simulate", DAY, "--policy", "n_controll"), 'did you mean "n_control"'),
        (("simulate", DAY, "--until", "gate_wait_mean_s=0.05"), "--until takes a measure"),
        (("simulate", DAY, *("--policy", "none") * 5), "At most 4 policies"),
        (
            ("simulate", DAY, *("--policy", "quota", "--policy", "quota:1")),
            "'quota:1' is named twice",
        ),
        (("simulate", "data/scenarios"), "data/scenarios is a folder"),
        (("simulate", DAY, "--until", "gate_wait_mean_s=0%"), "ask for more than 0%"),
        (("simulate", DAY, "--replications", "0"), "'--replications'"),
        (("sweep", DAY), "Say one of --vary"),
        (("sweep", DAY, "--vary", "gates.tan_than.arrivals=1:2"), "did you mean"),
        (("sweep", DAY, "--vary", "gates.tan_thanh.arrivals=-5:5"), "out of range"),
        (("sweep", DAY, "--library", "--measure", "waits"), "There is no measure 'waits'"),
    ],
)
def test_what_cannot_be_played_is_refused_in_a_sentence(words: tuple[str, ...], said: str):
    code, _, errors = done(*words)
    assert code != 0
    assert said in " ".join(errors.replace("│", " ").split())
    assert "Traceback" not in errors


def test_a_sweep_prints_its_curve_and_goes_on_where_it_was(tmp_path: Path):
    words = (
        *("sweep", DAY, "--vary", "gates.tan_thanh.places=8,12", "--policy", "none"),
        *("--replications", "2", "--out", str(tmp_path)),
    )
    code, out, errors = done(*words)
    assert code == 0, errors
    assert "gates.tan_thanh.places=12" in out
    assert (tmp_path / "study.png").stat().st_size > 10_000
    cells = (tmp_path / "cells.jsonl").read_text()
    assert len(cells.splitlines()) == 2
    assert done(*words)[0] == 0
    assert (tmp_path / "cells.jsonl").read_text() == cells


def test_a_sweep_of_places_sees_them_under_both_usual_policies(tmp_path: Path):
    code, out, errors = done(
        *("sweep", DAY, "--vary", "gates.tan_thanh.places=8,16", "--replications", "1"),
        *("--out", str(tmp_path)),
    )
    assert code == 0, errors
    assert "total_wait_mean_s, min" in out
    cells = [json.loads(line) for line in (tmp_path / "cells.jsonl").read_text().splitlines()]
    assert [cell["steering"] for cell in cells] == ["none", "none", "n_control", "n_control"]
    waits = [cell["each"]["total_wait_mean_s"][0] for cell in cells]
    assert waits[0] > 1.3 * waits[1]
    assert waits[2] > 1.3 * waits[3]


def test_the_disruptions_say_which_of_them_no_policy_feels():
    code, out, errors = done(
        *("sweep", DAY, "--library", "--policy", "n_control", "--replications", "1", "--json")
    )
    assert code == 0, errors
    cells = {cell["label"]: cell for cell in json.loads(out)}
    assert len(cells) == 8
    said, *_ = cells["gps_outage"]["notes"]
    assert "from 9 h to 11 h is not played" in said
    assert "not played" not in " ".join(cells["sms_outage"]["notes"])
    assert cells["gps_outage"]["digest"] == cells["as it is"]["digest"]


def test_help_shows_ranges_as_they_are_written():
    code, out, _ = done("sweep", "--help")
    assert code == 0
    assert "PATH=4:24:2" in out


def test_a_sweep_that_is_stopped_before_anything_was_played_says_so(tmp_path: Path):
    process = started(
        *("sweep", DAY, "--vary", "gates.tan_thanh.arrivals=100,200", "--policy", "none"),
        *("--replications", "100000", "--out", str(tmp_path)),
    )
    status = Path(f"/proc/{process.pid}/status")
    until = time.monotonic() + 60
    while not hears(status.read_text(), signal.SIGTERM) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Ended before a variant was finished." in errors
    assert not (tmp_path / "cells.jsonl").exists()


def hears(status: str, number: int) -> bool:
    """Tell whether a process, by what the kernel says of it, would handle a signal itself."""
    [caught] = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
    return bool(int(caught, 16) >> (number - 1) & 1)


def test_ctrl_c_ends_a_sweep_with_what_is_finished(tmp_path: Path):
    process = started(
        *("sweep", DAY, "--vary", "gates.tan_thanh.arrivals=100:900:1", "--policy", "none"),
        *("--replications", "2", "--out", str(tmp_path)),
    )
    file = tmp_path / "cells.jsonl"
    until = time.monotonic() + 300
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Ending with what is finished" in errors
    assert "the same command goes on from there" in errors
    assert all(json.loads(line)["digest"] for line in file.read_text().splitlines())
