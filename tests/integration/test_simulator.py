"""Runs from the planner's request to what comes of it, by simulators as they work."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import psycopg
import pytest
from api_server import RunningApi

from flowctl.local import environment
from flowctl.registry.accounts import Role
from flowctl.simulator import Line, work_once
from flowctl.storage.jobs import insert_job
from simulations.studies.executors import processes, threads

# A tenth of the day's trucks, so that a day is short for the planner, too.
DAY = """
id = "small"
name = "Một ngày nhỏ"
site = "lang_son"
day = 2024-01-23
until_h = 12.0

[gates.huu_nghi]
arrivals = 20
yard = "yard_viettel"
imports = 30

[gates.tan_thanh]
standing = 40
standing_yards = ["yard_bao_nguyen"]
arrivals = 40
yard = "yard_bao_nguyen"
imports = 10
"""


@pytest.fixture
def planner(api: RunningApi) -> httpx.Client:
    return api.person(Role.PLANNER)


@pytest.fixture
def simulating(api: RunningApi) -> Iterator[None]:
    """Work both lines off, each in a thread of its own, while a test lasts."""
    url, stop = api.app.state.settings.database_url, Event()

    def work(line: Line) -> None:
        try:
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute("listen flowctl_jobs")
                while not stop.is_set():
                    work_once(conn, line, stop)
        finally:
            line.close()

    lines = [
        Line(False, lambda: threads(2), "lang_son", api.clock),
        Line(True, lambda: processes(1), "lang_son", api.clock),
    ]
    with ThreadPoolExecutor(2) as beside:
        working = [beside.submit(work, line) for line in lines]
        yield
        stop.set()
        for one in working:
            one.result()


def ask(planner: httpx.Client, **changes: object) -> str:
    body = {"text": DAY, "steering": "n_control", "seed": 5, "replications": 4} | changes
    answer = planner.post("/v1/simulations", json=body)
    assert answer.status_code == 202, answer.text
    return f"/v1/simulations/{answer.json()['id']}"


def when(
    planner: httpx.Client, path: str, reached: Callable[[dict[str, Any]], bool], within_s: float
) -> dict[str, Any]:
    begun = time.monotonic()
    while True:
        run: dict[str, Any] = planner.get(path).json()
        if reached(run):
            return run
        assert time.monotonic() - begun < within_s, {**run, "result": None}
        time.sleep(0.05)


def is_over(run: dict[str, Any]) -> bool:
    return run["state"] not in {"waiting", "running"}


@pytest.mark.usefixtures("simulating")
def test_a_run_is_kept_with_what_makes_it_again_bit_for_bit(planner: httpx.Client):
    first = when(planner, ask(planner), is_over, 120)
    assert (first["state"], first["done"], first["error"]) == ("done", 4, None)
    result = first["result"]
    assert result["replications"] == 4
    assert result["measures"]["cleared_export"]["mean"] > 0
    assert "trucks" not in result
    assert first["summary"].keys() == {"total_wait_mean_s", "gate_wait_p95_s", "cleared_export"}
    assert (first["digest"], first["version"]) == (result["digest"], result["version"])
    assert first["site_version"] is not None
    again = when(planner, ask(planner), is_over, 120)
    assert again["digest"] == first["digest"]
    assert again["result"]["each"] == result["each"]
    other = when(planner, ask(planner, seed=6), is_over, 120)
    assert other["digest"] != first["digest"]
    trucks = planner.get(f"/v1/simulations/{first['id']}/trucks").json()
    assert len(trucks["gate"]) == 140
    assert trucks["gates"] == ["huu_nghi", "tan_thanh"]


@pytest.mark.usefixtures("simulating")
def test_runs_on_the_same_trucks_are_compared_in_pairs(planner: httpx.Client):
    rules = [("n_control", 5), ("none", 5), ("none", 6)]
    paths = [ask(planner, steering=rule, seed=seed) for rule, seed in rules]
    for path in paths:
        when(planner, path, is_over, 120)
    runs = [path.rpartition("/")[2] for path in paths]
    answer = planner.get("/v1/simulations/compare", params={"run": runs})
    assert answer.status_code == 200, answer.text
    compared = answer.json()
    assert [str(run["id"]) for run in compared["runs"]] == runs
    [wait] = [one for one in compared["measures"] if one["key"] == "gate_wait_mean_s"]
    first, second, third = wait["values"]
    none, paired, apart = wait["differences"]
    assert none is None
    assert paired["paired"]
    assert not apart["paired"]
    assert paired["mean"] == pytest.approx(second["mean"] - first["mean"])
    assert apart["mean"] == pytest.approx(third["mean"] - first["mean"])
    assert paired["low"] <= paired["mean"] <= paired["high"]


@pytest.mark.usefixtures("simulating")
@pytest.mark.parametrize(
    ("form", "kind", "begins"),
    [
        ("csv", "text/csv; charset=utf-8", b"gate,direction"),
        ("parquet", "application/vnd.apache.parquet", b"PAR1"),
        ("png", "image/png", b"\x89PNG"),
        ("svg", "image/svg+xml", b"<?xml"),
        ("html", "text/html; charset=utf-8", b"<!doctype html>"),
        ("pdf", "application/pdf", b"%PDF"),
    ],
)
def test_a_run_is_taken_along_as_a_file(planner: httpx.Client, form: str, kind: str, begins: bytes):
    path = ask(planner, replications=2)
    when(planner, path, is_over, 120)
    file = planner.get(f"{path}/export.{form}", params={"language": "vi"})
    assert file.status_code == 200, file.text
    assert file.headers["content-type"] == kind
    assert file.content.startswith(begins)
    assert f".{form}" in file.headers["content-disposition"]


@pytest.mark.usefixtures("simulating")
def test_a_plan_that_runs_is_cancelled_soon_and_keeps_no_rule_waiting(planner: httpx.Client):
    slots = ask(planner, steering="slots", replications=200)
    when(planner, slots, lambda run: run["progress"] > 0, 120)
    rule = when(planner, ask(planner), is_over, 120)
    assert rule["state"] == "done"
    assert planner.get(slots).json()["state"] == "running"
    planner.post(f"{slots}/cancel")
    begun = time.monotonic()
    after = ask(planner, steering="slots", replications=1)
    when(planner, after, lambda run: run["state"] != "waiting", 30)
    assert time.monotonic() - begun < 15, "the line is free again"
    assert planner.get(slots).json()["state"] == "cancelled"


@pytest.mark.usefixtures("simulating")
def test_what_cannot_be_played_any_more_fails_in_words(api: RunningApi, planner: httpx.Client):
    asked = {
        "scenario": "small",
        "name": {"vi": "x", "zh": "x", "en": "x"},
        "text": DAY.replace("[gates.huu_nghi]", "[gates.cu_ky]"),
        "steering": "none",
        "seed": 1,
        "replications": 1,
        "until_width": None,
    }
    job = insert_job(api.border.conn, site="lang_son", request=asked, planned=False, created_by="x")
    failed = when(planner, f"/v1/simulations/{job}", is_over, 120)
    assert failed["state"] == "failed"
    assert "cu_ky" in failed["error"]


@contextmanager
def simulator(api: RunningApi) -> Iterator["subprocess.Popen[bytes]"]:
    settings = api.app.state.settings
    with subprocess.Popen(
        [sys.executable, "-m", "flowctl.cli", "simulator"],
        env={**os.environ, **environment(settings), "FLOWCTL_SIMULATOR_WORKERS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def children(process: "subprocess.Popen[bytes]") -> list[int]:
    tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def test_a_simulator_that_is_asked_to_end_leaves_its_run_to_another(
    api: RunningApi, planner: httpx.Client
):
    slots = ask(planner, steering="slots", replications=100)
    with simulator(api) as process:
        when(planner, slots, lambda run: run["progress"] > 0, 180)
        process.terminate()
        process.wait(30)
    assert process.returncode == 0
    assert planner.get(slots).json()["state"] == "waiting"


def test_the_workers_of_a_simulator_that_is_killed_end_with_it(
    api: RunningApi, planner: httpx.Client
):
    slots = ask(planner, steering="slots", replications=100)
    with simulator(api) as process:
        when(planner, slots, lambda run: run["progress"] > 0, 180)
        workers = children(process)
        assert workers
        process.kill()
        process.wait(30)
        until = time.monotonic() + 20
        while any(Path(f"/proc/{one}/exe").exists() for one in workers):
            assert time.monotonic() < until
            time.sleep(0.1)
    assert planner.get(slots).json()["state"] == "running", "until its beat is missed"
