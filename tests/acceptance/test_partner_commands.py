"""What administrators and partners do by commands: desks, signed messages, webhooks, files."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from border import SECRET, SITE, Border, after, border
from command_line import run_command

from flowctl.clock import ClockWriter
from flowctl.csv_text import csv_text
from flowctl.registry import sources
from flowctl.site_files import read_source
from flowctl.storage.sites import save_site
from flowctl.storage.sources import Scope
from flowctl.workflow.stages import Desk

STAGES = ["key", "plate", "stage", "act", "at", "reason", "note"]


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as place:
        save_site(place.conn, read_source(SITE), where=str(SITE), now=after(0))
        for _ in range(3):
            place.trip(goods_class="fresh_fruit", weight_t=20.0)
        yield place


class Shell:
    """Runs commands against one database, half past eight."""

    def __init__(self, database: str, folder: Path) -> None:
        self.folder = folder / "in"
        self.folder.mkdir()
        ClockWriter(folder / "clock", start=after(30), speed=1.0)
        self.environment = {
            "FLOWCTL_SECRET": SECRET.get_secret_value(),
            "FLOWCTL_DATABASE_URL": database,
            "FLOWCTL_CLOCK_FILE": str(folder / "clock"),
        }

    def run(self, *arguments: str, code: int = 0) -> str:
        done = run_command(*arguments, env=self.environment, code=code)
        return done.stdout if code == 0 else done.stderr

    def drop(self, name: str, *rows: list[Any], header: list[str] | None = None) -> None:
        (self.folder / name).write_text(csv_text(header or STAGES, rows), encoding="utf-8")

    def take(self) -> None:
        self.run("partner", "drop", str(self.folder), "--source", "yards", "--once")

    def results(self, where: str, name: str) -> list[str]:
        text = (self.folder / where / f"{name}.result.csv").read_text(encoding="utf-8-sig")
        return text.splitlines()[1:]


@pytest.fixture
def shell(database: str, tmp_path: Path, place: Border) -> Shell:
    scopes = {Scope.STAGES_WRITE, Scope.FACTS_WRITE}
    sources.add_source(place.conn, name="yards", agency=Desk.YARD, scopes=scopes)
    return Shell(database, tmp_path)


def said(place: Border) -> list[tuple[int, str, datetime]]:
    return place.conn.execute(
        "select trip_id, stage, at from stage_records where origin = 'partner' order by id"
    ).fetchall()


def test_a_dropped_file_is_taken_and_comes_again_without_effect(place: Border, shell: Shell):
    rows = [
        ["a1", "12C-000.01", "arrival", "confirmed", "2024-01-23 08:20", "", ""],
        ["", "12C00002", "arrival", "confirmed", "", "", ""],
    ]
    shell.drop("first.csv", *rows)
    (shell.folder / "half.csv.part").write_text("plate,stage")
    shell.take()
    assert [one[:2] for one in said(place)] == [(1, "arrival"), (2, "arrival")]
    assert said(place)[0][2] == after(20)
    assert shell.results("done", "first.csv") == ["2,done,1,", "3,done,2,"]
    shell.drop("first.csv", *rows)
    shell.take()
    assert shell.results("done", "first.2.csv") == ["2,repeated,1,", "3,repeated,2,"]
    assert len(said(place)) == 2
    assert (shell.folder / "half.csv.part").exists(), "it is not complete"


def test_a_bad_row_is_named_and_holds_up_none_of_the_others(place: Border, shell: Shell):
    shell.drop(
        "mixed.csv",
        ["", "12C00001", "arrival", "confirmed", "soon", "", ""],
        ["", "99Z99999", "arrival", "confirmed", "", "", ""],
        ["", "12C00002", "border_guard", "confirmed", "", "", ""],
        ["", "12C00003", "arrival", "refused", "", "vehicle", "Lốp hỏng"],
    )
    shell.take()
    soon, nobody, others, good = shell.results("faults", "mixed.csv")
    assert "is no moment" in soon
    assert "no active trip of 99Z99999" in nobody
    assert "belongs to border_guard" in others
    assert good == "5,done,3,"
    assert [one[:2] for one in said(place)] == [(3, "arrival")]
    shell.drop("other.csv", ["x"], header=["colour"])
    (shell.folder / "broken.xlsx").write_bytes(b"PK\x03\x04 not a book")
    shell.take()
    assert "colour" in shell.results("faults", "other.csv")[0]
    assert "cannot be read" in shell.results("faults", "broken.xlsx")[0]
    assert not list(shell.folder.glob("*.*"))


def test_what_a_file_knows_fills_in_and_contradicts(place: Border, shell: Shell):
    header = ["plate", "goods_code", "weight_t", "value_vnd"]
    row = ["12C00001", "0810.90", "21,5", "640000000"]
    shell.drop("facts.csv", row, ["12C00002", "", "heavy", ""], header=header)
    shell.take()
    differs, heavy = shell.results("faults", "facts.csv")
    assert differs == "2,done,1,differs: weight_t"
    assert "no number" in heavy
    found = place.conn.execute(
        "select goods_code, value_vnd, weight_t from declarations join trips on id = trip_id"
        " where id = 1"
    ).fetchone()
    assert found == ("081090", 640_000_000, 20.0)


def test_a_process_killed_over_a_file_leaves_nothing_half_said(
    database: str, place: Border, shell: Shell
):
    shell.drop(
        "killed.csv",
        ["", "12C00001", "arrival", "confirmed", "", "", ""],
        ["", "12C00002", "arrival", "confirmed", "", "", ""],
    )
    with psycopg.connect(database) as holding:
        holding.execute("select from trips where id = 2 for update")
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "flowctl.cli", "partner", "drop", str(shell.folder)),
                *("--source", "yards"),
            ],
            env={**os.environ, **shell.environment},
        )
        try:
            wait_for_lock(place)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert said(place) == []
    shell.take()
    assert [one[:2] for one in said(place)] == [(1, "arrival"), (2, "arrival")]
    assert shell.results("done", "killed.csv") == ["2,done,1,", "3,done,2,"]


def wait_for_lock(place: Border) -> None:
    """Wait until the process has said the first row and waits for the second's trip."""
    for _ in range(600):
        waiting = place.conn.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and wait_event_type = 'Lock'"
        ).fetchone()
        if waiting == (1,):
            return
        time.sleep(0.1)
    raise AssertionError("the process never came to the second row")


def test_a_source_gets_its_desk_its_secret_and_its_webhook(place: Border, shell: Shell):
    rights = "stages:read,stages:write,hooks"
    shell.run("source", "add", "vnaccs", "--may", rights, "--agency", "customs")
    assert "speaks for customs" in shell.run("source", "list")
    assert "no desk 'harbour'" in shell.run("source", "add", "x", "--agency", "harbour", code=1)
    first, second = (shell.run("source", "hook", "vnaccs").strip() for _ in range(2))
    assert first.startswith("whsec_")
    assert first != second
    shell.run("source", "hook", "vnaccs", "--end")
    kept = place.conn.execute("select hook_cipher from sources where name = 'vnaccs'").fetchone()
    assert kept == (None,)
    url = "https://customs.example.org/in"
    shell.run("webhook", "add", url, "--source", "vnaccs")
    assert "stage.changed payment.made" in shell.run("webhook", "list")
    closed = ("webhook", "add", "https://b.example.org", "--events", "stage.changed")
    assert "--source" in shell.run(*closed, code=1)
    unread = (*closed[:3], "--source", "vnaccs", "--events", "crossing.made")
    assert "crossings:read" in shell.run(*unread, code=1)
    assert "no event colour" in shell.run(*closed[:3], "--events", "colour", code=1)
    shell.run("source", "set", "vnaccs", "--agency", "none")
    assert "speaks for customs" not in shell.run("source", "list")
