"""Accounts and the log of acts, by the commands an administrator types."""

import csv
import io
import json

import psycopg
import pytest
from command_line import run_command

from flowctl.data_files import data_dir

MINH = ("--person", "Hoàng Văn Minh", "--post", "Tân Thanh")


class Shell:
    """Runs commands against one database."""

    def __init__(self, database: str) -> None:
        self.database = database

    def run(self, *arguments: str, refused: bool = False, typed: str | None = None) -> str:
        """Return what a command said, on standard error where it is to refuse."""
        env = {"FLOWCTL_SECRET": "s" * 32, "FLOWCTL_DATABASE_URL": self.database}
        done = run_command(*arguments, env=env, code=int(refused), typed=typed)
        return done.stderr if refused else done.stdout

    def acts(self, *which: str) -> list[dict[str, str]]:
        """Return the log of acts as it is exported."""
        return list(csv.DictReader(io.StringIO(self.run("audit", "export", *which), newline="")))


@pytest.fixture
def shell(database: str) -> Shell:
    made = Shell(database)
    made.run("site", "load", str(data_dir() / "sites/lang_son"))
    return made


def test_an_account_is_made_listed_disabled_and_enabled_and_each_act_is_written_down(shell: Shell):
    made = ("account", "set", "minh", "--role", "officer", "--agency", "customs", *MINH)
    assert "minh (officer)" in shell.run(*made, typed="a long password\n")
    [listed] = json.loads(shell.run("account", "list", "--json"))["accounts"]
    assert (listed["person"], listed["agency"], listed["sessions"]) == (
        "Hoàng Văn Minh",
        "customs",
        0,
    )
    shell.run("account", "disable", "minh")
    assert "disabled since" in shell.run("account", "list")
    shell.run("account", "enable", "minh")
    assert "0 sessions" in shell.run("account", "end-sessions", "minh")
    shell.run("account", "reset-authenticator", "minh")
    acts = shell.acts("--subject", "account:minh")
    assert [one["act"] for one in reversed(acts)] == [
        "account.set",
        "account.disable",
        "account.enable",
        "session.end_others",
        "authenticator.reset",
    ]
    assert {one["role"] for one in acts} == {"shell"}
    assert not any("Hoàng" in one["after"] for one in acts)


def test_what_stands_of_an_account_stays_where_it_is_not_named(shell: Shell):
    shell.run("account", "set", "lan", "--role", "operator", *MINH, typed="a long password\n")
    shell.run("account", "set", "lan", "--post", "Bảo Nguyên", "--no-password")
    [listed] = json.loads(shell.run("account", "list", "--json"))["accounts"]
    assert (listed["role"], listed["person"], listed["post"]) == (
        "operator",
        "Hoàng Văn Minh",
        "Bảo Nguyên",
    )


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (("set", "x", "--role", "operator"), "a long password\n", "one person at one post"),
        (("set", "x", "--role", "officer", *MINH), "a long password\n", "names the agency"),
        (("set", "x", "--role", "operator", *MINH), "short\n", "10 to 200 characters"),
        (("set", "x", *MINH), "a long password\n", "name --role"),
        (("disable", "x"), None, "There is no account 'x'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_and_nothing_is_half_done(
    shell: Shell, arguments: tuple[str, ...], typed: str | None, said: str
):
    assert said in shell.run("account", *arguments, refused=True, typed=typed)
    with psycopg.connect(shell.database) as conn:
        assert conn.execute("select count(*) from accounts").fetchone() == (0,)


def test_unknown_roles_agencies_and_rights_are_named_with_those_there_are(shell: Shell):
    asked = ("account", "set", "x", "--role", "king")
    assert "operator, officer" in shell.run(*asked, refused=True, typed="a long password\n")
    assert "trips:write" in shell.run("source", "add", "x", "--may", "everything", refused=True)


def test_a_key_may_do_less_than_its_source_and_never_more(shell: Shell):
    shell.run("source", "add", "vnaccs", "--may", "trips:read,trips:write")
    shell.run("source", "token", "vnaccs", "--may", "trips:read", "--lasts", "90d")
    told = shell.run("source", "token", "vnaccs", "--may", "metrics", refused=True)
    assert "vnaccs may not metrics" in told
    [source] = json.loads(shell.run("source", "list", "--json"))["sources"]
    assert source["may"] == ["trips:read", "trips:write"]
    assert [one["may"] for one in source["tokens"]] == [None, ["trips:read"]]
    assert [one["act"] for one in shell.acts("--act", "key")] == ["key.add"]


def test_loading_a_site_is_written_down_with_the_version_of_its_rules(shell: Shell):
    [loaded] = shell.acts("--act", "site.load", "--since", "2020-01-01", "--until", "2100-01-01")
    assert loaded["subject"] == "site:lang_son"
    assert "policy" in json.loads(loaded["after"])
    assert shell.acts("--until", "2020-01-01") == []
    assert "is no moment" in shell.run("audit", "export", "--since", "yesterday", refused=True)
