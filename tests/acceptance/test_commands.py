"""Commands refuse what cannot be done in one sentence and a non-zero exit.

Most run within the tests' process; a start of Python each is for those that go on running.
"""

import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command_line import Done, run_command

from flowctl.clock import ClockWriter
from flowctl.data_files import data_dir
from flowctl.server_process import free_port


def flowctl(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flowctl.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


def refused(*arguments: str, **environment: str) -> str:
    """Return the sentence a command refuses with."""
    return sentence_of(run_command(*arguments, env=environment, code=1))


def sentence_of(done: Done | subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = str(listening.getsockname()[1])
        said = refused("demo", "--port", port, "--state", str(tmp_path / "state"))
    assert f"Port {port}" in said
    assert not (tmp_path / "state").exists()


def test_a_day_without_a_scenario_is_named_with_those_there_are(tmp_path: Path):
    sentence = refused("demo", "--day", "1999-01-01", "--state", str(tmp_path / "state"))
    assert "1999-01-01" in sentence
    assert "2024-01-23" in sentence


def test_the_demo_does_not_empty_a_store_it_was_not_given_for_that(tmp_path: Path):
    state = str(tmp_path / "state")
    port = str(free_port())
    url = "redis://127.0.0.1:1/0"
    said = refused("demo", "--port", port, "--state", state, FLOWCTL_VALKEY_URL=url)
    assert "FLOWCTL_VALKEY_URL" in said


def test_the_demo_writes_to_no_real_telephone(tmp_path: Path):
    state, port = str(tmp_path / "state"), str(free_port())
    file = "deploy/gateways/smpp.toml"
    said = refused("demo", "--port", port, "--state", state, FLOWCTL_GATEWAYS_FILE=file)
    assert "FLOWCTL_GATEWAYS_FILE" in said


def test_a_site_loaded_beside_a_played_day_holds_from_that_day_on(database: str, tmp_path: Path):
    day = datetime(2024, 1, 23, 2, tzinfo=UTC)
    ClockWriter(tmp_path / "clock", start=day, speed=1.0).set(at=day, until=day)
    done = run_command(
        "site",
        "load",
        str(data_dir() / "sites/lang_son"),
        env={
            "FLOWCTL_DATABASE_URL": database,
            "FLOWCTL_CLOCK_FILE": str(tmp_path / "clock"),
            "FLOWCTL_SECRET": "s" * 40,
        },
    )
    assert "hold from 2024-01-23 09:00:00+07:00 on" in done.stdout, done.stderr


def test_the_site_of_the_repository_is_fit_for_use():
    done = flowctl("site", "check", str(data_dir() / "sites/lang_son"))
    assert done.returncode == 0, done.stdout
    assert "2 gates" in done.stdout


def test_a_site_that_is_not_fit_lists_its_problems(tmp_path: Path):
    for name in ("site.toml", "zones.geojson", "roads.geojson"):
        text = (data_dir() / "sites/lang_son" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("Asia/Ho_Chi_Minh", "Asia/Lang_Son"), "utf-8")
    done = run_command("site", "check", str(tmp_path), env={}, code=1)
    assert "Asia/Lang_Son" in done.stdout


@pytest.mark.parametrize("command", ["api", "ingest", "controller", "notify", "simulator"])
def test_a_process_refuses_a_secret_that_is_none(command: str):
    assert "FLOWCTL_SECRET" in refused(command)


NO_DATABASE = {
    "FLOWCTL_SECRET": "s" * 32,
    "FLOWCTL_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
}


def test_a_simulator_that_finds_no_database_says_so():
    assert "database" in refused("simulator", **NO_DATABASE)


def test_the_api_s_process_that_finds_no_database_says_so():
    assert "database" in sentence_of(flowctl("api", **NO_DATABASE))


@pytest.mark.parametrize("command", ["ingest", "controller"])
def test_a_worker_that_finds_no_database_says_so_and_tries_again_until_it_is_stopped(command: str):
    with subprocess.Popen(
        [sys.executable, "-m", "flowctl.cli", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": "/usr/bin:/bin", **NO_DATABASE},
    ) as worker:
        said = [worker.stdout.readline() for _ in range(2)] if worker.stdout else []
        worker.terminate()
        rest = worker.communicate(timeout=20)[0]
    assert all("a store is away" in line and "Connection refused" in line for line in said)
    assert worker.returncode == 0
    assert "Traceback" not in rest


def test_a_process_whose_site_is_not_loaded_says_how_to_load_it(
    database: str, valkey: str, tmp_path: Path
):
    beside = {
        "FLOWCTL_SECRET": "s" * 32,
        "FLOWCTL_DATABASE_URL": database,
        "FLOWCTL_VALKEY_URL": valkey,
        "FLOWCTL_SMS_FILE": str(tmp_path / "sms.jsonl"),
    }
    for command in ("ingest", "controller", "notify", "simulator"):
        assert "flowctl site load" in refused(command, **beside), command
    assert "flowctl site load" in sentence_of(flowctl("api", **beside))


@pytest.mark.parametrize(
    "command", [["migrate"], ["source", "add", "acme"], ["site", "load", "nowhere"]]
)
def test_a_command_that_finds_no_database_says_so(command: list[str]):
    assert "database" in refused(*command, **NO_DATABASE)


def test_simulate_names_a_scenario_that_is_not_there():
    assert "nowhere.toml" in refused("simulate", "nowhere.toml")
