"""The rules of the order by their commands: checked, loaded, shown."""

import json
from pathlib import Path

import pytest
from border import SITE, border
from command_line import run_command

NEXT = 'version = "2"\nvalid_from = 2999-01-01T00:00:00Z\n'


class Shell:
    """Runs commands against one database."""

    def __init__(self, database: str) -> None:
        self.database = database

    def run(self, *arguments: str, code: int = 0) -> str:
        """Return what a command said: on standard output, or on standard error where it fails."""
        env = {
            "FLOWCTL_SECRET": "s" * 32,
            "FLOWCTL_DATABASE_URL": self.database,
            "FLOWCTL_SITE": "lang_son",
        }
        done = run_command(*arguments, env=env, code=code)
        return done.stdout if code == 0 else done.stderr


@pytest.fixture
def shell(database: str) -> Shell:
    with border(database):
        return Shell(database)


def site_with(folder: Path, rules: str) -> str:
    """Copy Lạng Sơn with other rules; return where to."""
    for file in SITE.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "policy.toml").write_text(rules, encoding="utf-8")
    return str(folder)


def test_the_rules_in_force_are_shown_with_all_versions(shell: Shell, tmp_path: Path):
    loaded = shell.run("site", "load", site_with(tmp_path, NEXT))
    assert "version 2024-01 is in force" in loaded
    shown = shell.run("policy", "show")
    assert "2024-01: from 2024-01-01 00:00+07:00" in shown
    assert "in force" in shown.splitlines()[0]
    assert "in force" not in shown.splitlines()[1]
    assert 'basis = "arrival"' in shown
    told = json.loads(shell.run("policy", "show", "--json"))
    assert told["in_force"] == "2024-01"
    assert [one["version"] for one in told["versions"]] == ["2024-01", "2"]


def test_a_changed_text_under_a_loaded_version_is_refused_by_a_sentence(
    shell: Shell, tmp_path: Path
):
    changed = (SITE / "policy.toml").read_text(encoding="utf-8").replace("= 20 ", "= 5 ")
    said = shell.run("site", "load", site_with(tmp_path, changed), code=1)
    assert said.count("\n") == 1
    assert "was loaded on 2024-01-23 08:00+07:00 with another text" in said
