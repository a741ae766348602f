"""The deployment by containers, as far as it can be checked without an engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from flowctl.cli import app
from flowctl.settings import Settings

ROOT = Path(__file__).parents[2]
STORES = {"database", "valkey"}
PROCESSES = {"migrate", "site", "api", "ingest", "controller", "notify", "simulator"}
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, Any] = yaml.safe_load(TEXT)["services"]


def find_command(words: list[str]) -> object | None:
    """Follow words through the command line's groups to the command they name, if there is one."""
    command: Any = get_command(app)
    for word in words:
        if not hasattr(command, "commands"):
            return command  # what follows are the command's arguments
        command = command.commands.get(word)
    return command


def test_every_process_of_a_deployment_is_there():
    assert set(SERVICES) == STORES | PROCESSES


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_a_service_runs_a_command_that_exists(name: str):
    command = find_command(SERVICES[name]["command"])
    assert command is not None
    assert not hasattr(command, "commands"), "a group of commands alone does nothing"


def test_a_command_that_does_not_exist_would_be_noticed():
    assert find_command(["no-such-command"]) is None


def test_only_the_api_is_published_and_only_on_loopback():
    published = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert published == {"api": ["127.0.0.1:8000:8000"]}


def test_secrets_have_no_default():
    for secret in ("FLOWCTL_SECRET", "FLOWCTL_DATABASE_PASSWORD"):
        uses = re.findall(r"\$\{" + secret + r"([^}]*)\}", TEXT)
        assert uses
        assert all(use.startswith(":?") for use in uses)


@pytest.mark.parametrize("name", sorted(PROCESSES))
def test_every_setting_given_is_one_flowctl_reads(name: str):
    known = {f"FLOWCTL_{field.upper()}" for field in Settings.model_fields}
    given = {key for key in SERVICES[name]["environment"] if key.startswith("FLOWCTL_")}
    assert given <= known


def test_a_position_is_on_disk_before_it_is_acknowledged():
    options = SERVICES["valkey"]["command"]
    assert options[options.index("--appendonly") + 1] == "yes"
    assert options[options.index("--appendfsync") + 1] == "always"


def test_nothing_starts_before_the_schema_and_the_site_are_there():
    for name in PROCESSES - {"migrate", "site"}:
        conditions = SERVICES[name]["depends_on"]
        assert conditions["site"]["condition"] == "service_completed_successfully"
    assert "migrate" in SERVICES["site"]["depends_on"]
    assert SERVICES["migrate"]["depends_on"]["database"]["condition"] == "service_healthy"


def test_images_are_pinned_to_a_version():
    for name in STORES:
        assert re.fullmatch(r"[\w/]+:\d+\.\d+\.\d+-\w+", SERVICES[name]["image"])


def test_the_image_runs_without_root_and_from_locked_packages():
    dockerfile = (ROOT / "Dockerfile").read_text()
    last_stage = dockerfile.rpartition("\nFROM ")[2]
    assert re.search(r"^USER (?!root)\w+$", last_stage, re.MULTILINE)
    assert "--require-hashes requirements.txt" in dockerfile
    assert "npm ci" in dockerfile


def test_what_the_image_copies_is_let_through_to_its_build():
    let_through = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert let_through >= {"api", "data", "flowctl", "geo", "simulations", "pyproject.toml"}
    assert all((ROOT / name).exists() for name in let_through)
