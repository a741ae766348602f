"""The workflow by its commands: checked with lines, entered, listed, shown, drawn."""

import json
from pathlib import Path

import pytest
from border import SITE, border
from command_line import run_command
from small_workflow import WORKFLOW


class Shell:
    """Runs commands against one database."""

    def __init__(self, database: str) -> None:
        self.database = database

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
    with border(database):
        return Shell(database)


def written(folder: Path, text: str, name: str = "workflow.toml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_file_of_lang_son_is_fit_for_the_site_beside_it():
    done = run_command("workflow", "check", str(SITE / "workflow.toml"), env={})
    assert "8 variants" in done.stdout
    assert "checked against its site's gates" in done.stdout


def test_a_wrong_file_is_told_line_by_line(tmp_path: Path):
    wrong = WORKFLOW.replace('desk = "tax"', 'desk = "taxes"')
    done = run_command("workflow", "check", written(tmp_path, wrong), env={}, code=1)
    number = 1 + wrong.splitlines().index('desk = "taxes"')
    assert done.stdout.startswith(f"line {number}: ")
    assert 'did you mean "tax"?' in done.stdout
    done = run_command("workflow", "check", str(tmp_path / "none.toml"), env={}, code=1)
    assert "There is no file" in done.stderr


def test_a_version_is_entered_listed_and_shown_and_never_changed(shell: Shell, tmp_path: Path):
    assert "nothing keeps trucks back" in shell.run("workflow", "list")
    assert "Version small-1 of the workflow" in shell.run(
        "workflow", "add", written(tmp_path, WORKFLOW)
    )
    assert shell.run("workflow", "show", "small-1") == WORKFLOW.rstrip() + "\n"
    assert "small-1: from 2024-01-01 00:00+07:00, 0 trips under way, in force" in shell.run(
        "workflow", "list"
    )
    told = json.loads(shell.run("workflow", "list", "--json"))
    assert (told["in_force"], len(told["versions"])) == ("small-1", 1)
    same = shell.run("workflow", "add", written(tmp_path, WORKFLOW))
    assert same == "Version small-1 was loaded before with this text.\n"
    again = written(tmp_path, WORKFLOW + "\n# otherwise")
    assert "with another text" in shell.run("workflow", "add", again, code=1)
    assert "There is no version" in shell.run("workflow", "show", "small-9", code=1)


def test_a_site_is_checked_with_its_workflow(tmp_path: Path):
    for file in SITE.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    text = (tmp_path / "workflow.toml").read_text(encoding="utf-8")
    written(tmp_path, text.replace('needs = ["gate_area"]', 'needs = ["gate_aera"]', 1))
    done = run_command("site", "check", str(tmp_path), env={}, code=1)
    assert 'did you mean "gate_area"?' in done.stdout


@pytest.mark.parametrize(("name", "begins"), [("a.svg", b"<?xml"), ("a.png", b"\x89PNG")])
def test_the_stages_of_a_variant_are_drawn(tmp_path: Path, name: str, begins: bytes):
    file, out = str(SITE / "workflow.toml"), tmp_path / name
    done = run_command(
        "workflow", "picture", file, "--out", str(out), "--variant", "import_contactless", env={}
    )
    assert "Nhập, không tiếp xúc, 18 stages" in done.stdout
    assert out.read_bytes().startswith(begins)
    done = run_command(
        "workflow", "picture", file, "--out", str(out), "--variant", "swap", env={}, code=1
    )
    assert "it has: export_driver_swap" in done.stderr
