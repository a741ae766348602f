"""Fees by their commands: checked, entered, listed; a day settled as a file."""

import json
from pathlib import Path

import pytest
from border import MORNING, SITE, Border, border
from command_line import run_command

from flowctl.registry.fees import pay
from flowctl.workflow.stages import Origin

FEES = """
version = "1"
valid_from = 2024-01-01T00:00:00+07:00

[[service]]
id = "all"
name = { vi = "Phí chung", zh = "通用费", en = "Everybody" }
[[service.rate]]
amount_vnd = 7_000
"""


class Shell:
    """Runs commands against one database."""

    def __init__(self, database: str, place: Border) -> None:
        self.database = database
        self.place = place

    def run(self, *arguments: str, code: int = 0) -> str:
        """Return what a command said: on standard output, and on standard error where it fails."""
        env = {
            "FLOWCTL_SECRET": "s" * 32,
            "FLOWCTL_DATABASE_URL": self.database,
            "FLOWCTL_SITE": "lang_son",
        }
        done = run_command(*arguments, env=env, code=code)
        return done.stdout if code == 0 else done.stdout + done.stderr


@pytest.fixture
def shell(database: str) -> Shell:
    with border(database) as place:
        pass
    return Shell(database, place)


def written(folder: Path, text: str) -> str:
    path = folder / "fees.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_fees_of_lang_son_are_fit_for_the_site_and_the_workflow_beside_them():
    done = run_command("fees", "check", str(SITE / "fees.toml"), env={})
    assert "checked against its site." in done.stdout


def test_a_wrong_file_is_told_problem_by_problem(tmp_path: Path):
    wrong = FEES.replace("7_000", "-7_000").replace('id = "all"', 'id = "All!"')
    done = run_command("fees", "check", written(tmp_path, wrong), env={}, code=1)
    assert len(done.stdout.splitlines()) == 2
    done = run_command("fees", "check", str(tmp_path / "none.toml"), env={}, code=1)
    assert "There is no file" in done.stderr


def test_a_version_is_entered_listed_and_never_changed(shell: Shell, tmp_path: Path):
    assert "nothing is due there" in shell.run("fees", "list")
    assert "Version 1 of the fees of lang_son" in shell.run("fees", "add", written(tmp_path, FEES))
    assert "1: from 2024-01-01 00:00+07:00, in force" in shell.run("fees", "list")
    told = json.loads(shell.run("fees", "list", "--json"))
    assert told["in_force"] == "1"
    assert [sorted(one) for one in told["versions"]] == [
        ["loaded_at", "loaded_by", "valid_from", "version"]
    ]
    dearer = written(tmp_path, FEES.replace("7_000", "9_000"))
    assert "with another text" in shell.run("fees", "add", dearer, code=1)
    unknown = FEES.replace('id = "all"', 'id = "all"\nafter = "customs"')
    assert "has no workflow" in shell.run("fees", "add", written(tmp_path, unknown), code=1)


def test_a_day_is_settled_as_a_file(shell: Shell, tmp_path: Path, database: str):
    shell.run("fees", "add", written(tmp_path, FEES))
    with border(database) as place:
        trip = place.trip(plate="12C12345")
        pay(
            place.conn,
            place.site,
            trip,
            method="cash",
            reference=None,
            amount_vnd=5_000,
            paid_at=MORNING,
            by="thu",
            origin=Origin.HAND,
            now=MORNING,
        )
    said = shell.run("settlement", "2024-01-23")
    assert "tan_thanh cash thu: 5,000 VND" in said
    assert "1 payment of 2024-01-23, 5,000 VND." in said
    for form in ("csv", "xlsx", "pdf", "html"):
        out = tmp_path / f"day.{form}"
        assert str(out) in shell.run("settlement", "2024-01-23", "--out", str(out))
        assert out.stat().st_size > 100
    assert "12C12345" in (tmp_path / "day.csv").read_text(encoding="utf-8")
    wrong = shell.run("settlement", "2024-01-23", "--out", str(tmp_path / "day.doc"), code=1)
    assert "must end in" in wrong
    chinese = (tmp_path / "zh.pdf", "--language", "zh")
    no = shell.run("settlement", "2024-01-23", "--out", *map(str, chinese), code=1)
    assert "There is no PDF in Chinese" in no
