"""The command line lists every command, also those it imports only when they are called."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from flowctl.cli import _ROOMS, app
from flowctl.local import DemoAccount, describe_desks
from flowctl.registry.accounts import Agency, Person, Role


def test_the_first_help_lists_the_commands_of_every_module_with_what_they_do():
    done = CliRunner().invoke(app, ["--help"], terminal_width=200)
    assert done.exit_code == 0, done.output
    for name in ("demo", "site", *_ROOMS):
        assert f" {name} " in done.stdout
    assert "every change of the order" in done.stdout


def test_a_command_that_is_not_there_is_named():
    done = CliRunner().invoke(app, ["ledgre"])
    assert done.exit_code == 2
    assert "'ledgre'" in done.output


@pytest.mark.parametrize(("port", "bound"), [("-1", "equal to 1 "), ("99999", "equal to 65535 ")])
def test_the_demo_refuses_a_port_that_no_machine_has(port: str, bound: str):
    done = CliRunner().invoke(app, ["demo", "--port", port], terminal_width=200)
    assert done.exit_code == 2
    assert bound in done.output


def test_the_demo_names_the_days_there_are_where_one_is_not(tmp_path: Path):
    day = "../scenarios/2024-01-23"
    done = CliRunner().invoke(app, ["demo", "--day", day, "--state", str(tmp_path)])
    assert done.exit_code == 1
    assert "there are: " in done.output
    assert "2024-01-23" in done.output


def test_the_demo_leaves_desks_of_agencies_to_people_who_watch_the_day(tmp_path: Path):
    done = CliRunner().invoke(app, ["demo", "--by-hand", "police"], terminal_width=200)
    assert done.exit_code == 2
    assert "'customs', 'border_guard'" in done.output
    hurried = ["demo", "--headless", "--by-hand", "customs", "--state", str(tmp_path)]
    done = CliRunner().invoke(app, hurried)
    assert done.exit_code == 1
    assert "leave out --headless, or --by-hand" in done.output


def test_the_demo_names_who_sits_at_a_desk_that_is_left_to_people():
    seats = [("officer", Agency.CUSTOMS), ("tax", Agency.TAX), ("planner", None)]
    accounts = [
        DemoAccount(name, "secret", Role.OFFICER, Person("An", "Desk", agency))
        for name, agency in seats
    ]
    [line] = describe_desks(accounts, frozenset({Agency.CUSTOMS}))
    assert "--by-hand customs: sign in as officer on /agency" in line
    [line] = describe_desks(accounts, frozenset())
    assert "flowctl demo --by-hand customs" in line


def test_a_file_in_place_of_a_sites_folder_is_called_that():
    done = CliRunner().invoke(app, ["site", "check", __file__])
    assert "is a file; name the folder" in done.output
