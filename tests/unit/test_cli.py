"""The command line lists every command, also those it imports only when they are called."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from flowctl.cli import _ROOMS, app


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


def test_the_demo_plays_days_of_the_list_only_and_names_them(tmp_path: Path):
    day = "../scenarios/2024-01-23"
    done = CliRunner().invoke(app, ["demo", "--day", day, "--state", str(tmp_path)])
    assert done.exit_code == 1
    assert "there are: " in done.output
    assert "2024-01-23" in done.output


def test_a_file_in_place_of_a_sites_folder_is_called_that():
    done = CliRunner().invoke(app, ["site", "check", __file__])
    assert "is a file; name the folder" in done.output
