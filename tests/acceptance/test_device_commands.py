"""Sources, devices and what was set aside, by the commands an administrator types."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from command_line import run_command

from flowctl.data_files import data_dir
from flowctl.registry.accounts import hash_token
from flowctl.storage.outcomes import count_outcomes, set_aside
from flowctl.storage.sources import ScreeningOverrides, Source, find_source
from flowctl.telemetry.fixes import SetAside, microseconds


class Shell:
    """Runs commands against one database."""

    def __init__(self, database: str) -> None:
        self.database = database

    def run(self, *arguments: str, refused: bool = False) -> str:
        """Return what a command said, on standard error where it is to refuse."""
        env = {"FLOWCTL_SECRET": "s" * 32, "FLOWCTL_DATABASE_URL": self.database}
        done = run_command(*arguments, env=env, code=int(refused))
        return done.stderr if refused else done.stdout

    def listed(self) -> list[dict[str, Any]]:
        """Return the sources as they are listed for programs."""
        sources: list[dict[str, Any]] = json.loads(self.run("source", "list", "--json"))["sources"]
        return sources

    def whose(self, token: str) -> Source | None:
        """Return whom a printed token belongs to now."""
        with psycopg.connect(self.database) as conn:
            return find_source(conn, hash_token(token.strip()), wall_now=datetime.now(UTC))


@pytest.fixture
def shell(database: str) -> Shell:
    made = Shell(database)
    made.run("site", "load", str(data_dir() / "sites/lang_son"))
    return made


def test_a_source_is_added_seen_changed_rotated_and_withdrawn(shell: Shell):
    first = shell.run("source", "add", "acme", "--enrols", "--rate", "500", "--future-limit", "60")
    with psycopg.connect(shell.database) as conn:
        today, long_ago = datetime.now(UTC).date(), datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
        count_outcomes(conn, {(today, 1, "stored"): 1234})
        assert "never" in shell.run("source", "list")
        count_outcomes(conn, {(long_ago.date(), 1, "stored"): 1}, {1: long_ago})
    assert shell.listed()[0]["heard_at"] == long_ago.isoformat()
    listed = shell.run("source", "list")
    assert "never" not in listed
    assert "2026-02-03 04:05 UTC" in listed
    for said in ("acme", "enrols", "500 fixes/s", "future_limit_s 60", "stored 1,234", "withdrawn"):
        assert said in listed
    shell.run("source", "set", "acme", "--no-enrols", "--rate", "0", "--accuracy-limit", "50")
    assert shell.whose(first) == Source(1, "acme", False, ScreeningOverrides(None, 60, 50.0))
    shell.run("source", "set", "acme", "--as-site")
    assert shell.whose(first) == Source(1, "acme")
    second = shell.run("source", "rotate", "acme", "--grace", "0s")
    assert shell.whose(first) is None
    of_device = shell.run("source", "token", "acme", "--device", "VN-1", "--lasts", "90d")
    known = shell.whose(of_device)
    assert known is not None
    assert known.device_uid == "VN-1"
    assert "2 tokens" in shell.run("source", "withdraw", "acme")
    assert [shell.whose(token) for token in (second, of_device)] == [None, None]


def test_the_right_to_witness_is_given_listed_and_withdrawn(shell: Shell):
    def rights() -> dict[str, bool]:
        return {one["name"]: "witness" in one["may"] for one in shell.listed()}

    shell.run("source", "add", "trackers")
    shell.run("source", "add", "gates", "--witness")
    assert rights() == {"gates": True, "trackers": False}
    assert shell.run("source", "list").count("may positions witness") == 1
    assert "may positions witness" in shell.run("source", "set", "trackers", "--witness")
    shell.run("source", "set", "gates", "--no-witness")
    assert rights() == {"gates": False, "trackers": True}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("source", "add", "acme", "--lateness-limit", "700000"), "60 and 604800 s"),
        (("source", "rotate", "nobody"), "no source 'nobody'"),
        (("source", "token", "nobody", "--lasts", "soon"), "'soon' is no span of time"),
        (("device", "add", "VN-1", "--plate", "?"), "number plate"),
        (("device", "add", "VN-1", "--source", "nobody"), "no source 'nobody'"),
        (("device", "import", "nowhere.csv"), "nowhere.csv"),
        (("aside", "--reason", "late"), "too_late"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    shell: Shell, arguments: tuple[str, ...], says: str
):
    assert says in shell.run(*arguments, refused=True)


def test_devices_are_added_imported_listed_and_their_conflicts_named(shell: Shell, tmp_path: Path):
    shell.run("source", "add", "acme")
    said = shell.run("device", "add", "VN-1", "--plate", "12C-123.45", "--source", "acme")
    assert "VN-1" in said
    assert "12C12345 as its primary device" in said
    assert "Nothing contradicts itself" in shell.run("device", "conflicts")
    file = tmp_path / "fleet.csv"
    file.write_text("uid,plate,source\nVN-2,12C12345,acme\nVN-3,,\n", encoding="utf-8-sig")
    assert "2 devices: 2 new" in shell.run("device", "import", str(file))
    assert "12C12345 has two devices" in shell.run("device", "conflicts")
    page = shell.run("device", "list", "--limit", "2")
    assert "VN-2" in page
    assert "VN-3" not in page
    assert "VN-3" in shell.run("device", "list", "--after", "VN-2")
    file.write_bytes(b"uid\n\xff\n")
    assert "UTF-8" in shell.run("device", "import", str(file), refused=True)


def test_fixes_that_were_set_aside_are_listed_and_cannot_steer_the_terminal(shell: Shell):
    shell.run("source", "add", "acme")
    now = datetime.now(UTC)
    with psycopg.connect(shell.database) as conn:
        for reason, ago, raw in (
            ("malformed", timedelta(hours=1), b"[red]\x1b[2J\xff"),
            ("too_late", timedelta(hours=30), b"{}"),
        ):
            at = microseconds(now - ago)
            set_aside(conn, [SetAside(1, at, reason, "VN-1", at, raw)])
    listed = shell.run("aside")
    assert "malformed" in listed
    assert "too_late" not in listed
    assert "[red]·[2J\\xff" in listed
    assert "too_late" in shell.run("aside", "--since", "2d", "--reason", "too_late")
    counted = shell.run("aside", "--counts", "--source", "acme")
    assert "malformed" in counted
