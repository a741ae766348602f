"""The deployment by containers, as far as it can be checked without an engine."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.main import get_command

from api.permissions import PERMISSIONS
from flowctl.cli import app
from flowctl.settings import Settings
from flowctl.storage.roles import user_of

ROOT = Path(__file__).parents[2]
STORES = {"database", "valkey"}
PROCESSES = {"migrate", "site", "api", "ingest", "controller", "notify", "simulator"}
LISTENERS = {"listen-mqtt": "mosquitto", "listen-amqp": "rabbitmq"}
GATEWAYS = {"mosquitto": "mqtt", "rabbitmq": "amqp", "traccar": "traccar"}
BESIDE = {name: [name] for name in ("kannel", "clamav")}
"""Services of their own profile that no listener belongs to."""
OURS = PROCESSES | set(LISTENERS)
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, Any] = yaml.safe_load(TEXT)["services"]


def find_command(words: list[str]) -> object | None:
    """Follow words through the command line's groups to the command they name, if there is one."""
    command: Any = get_command(app)
    for word in words:
        if not hasattr(command, "commands"):
            return command  # what follows are the command's arguments
        command = command.get_command(typer.Context(command), word)
    return command


def test_every_process_of_a_deployment_is_there():
    assert set(SERVICES) == STORES | OURS | set(GATEWAYS) | set(BESIDE)


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_service_runs_a_command_that_exists(name: str):
    command = find_command(SERVICES[name]["command"])
    assert command is not None
    assert not hasattr(command, "commands"), "a group of commands alone does nothing"


def test_a_command_that_does_not_exist_would_be_noticed():
    assert find_command(["no-such-command"]) is None


def test_only_trackers_ports_are_reached_from_outside_all_else_is_published_on_loopback():
    published = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert set(published) == {"api", *GATEWAYS}
    assert published["api"] == ["127.0.0.1:8000:8000"]
    outside = {
        name for name, ports in published.items() for port in ports if "127.0.0.1" not in port
    }
    assert outside == {"traccar"}


def test_a_gateway_and_its_listener_run_only_when_asked_for():
    profiles = {name: one["profiles"] for name, one in SERVICES.items() if "profiles" in one}
    of_listeners = {name: [GATEWAYS[broker]] for name, broker in LISTENERS.items()}
    of_gateways = {name: [profile] for name, profile in GATEWAYS.items()}
    assert profiles == of_gateways | of_listeners | BESIDE


def test_without_a_profile_no_secret_of_a_gateway_is_asked_for():
    secrets = re.findall(r"\$\{(FLOWCTL_\w+_(?:PASSWORD|TOKEN)):-", TEXT)
    assert len(set(secrets)) == 6, "of brokers, Traccar and Kannel"
    for secret in secrets:
        uses = re.findall(r"\$\{" + secret + r"([^}]*)\}", TEXT)
        assert uses
        assert set(uses) == {":-"}


@pytest.mark.parametrize("name", sorted(GATEWAYS))
def test_a_gateway_without_its_secret_does_not_start(name: str):
    script = SERVICES[name].get("entrypoint", SERVICES[name].get("command"))[-1]
    [variable] = re.findall(r'^: "\$\$\{(\w+):\?', script, re.MULTILINE)
    done = subprocess.run(
        ["/bin/sh", "-c", script.replace("$$", "$")],
        env={"PATH": "/nowhere", variable: ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "in .env" in done.stderr


@pytest.mark.parametrize("name", sorted(LISTENERS))
def test_a_listener_waits_for_its_broker_and_its_own_heartbeat_is_looked_at(name: str):
    listener = SERVICES[name]
    assert listener["depends_on"][LISTENERS[name]]["condition"] == "service_healthy"
    _, kind, _, source = listener["command"]
    assert listener["healthcheck"]["test"][-1] == f"listen-{kind}-{source}"


def test_traccar_forwards_to_the_api_with_its_token_and_listens_to_what_is_published():
    text = (ROOT / "deploy/traccar/traccar.xml").read_text()
    entries = dict(re.findall(r"<entry key='([\w.]+)'>(.*?)</entry>", text))
    assert entries["forward.url"] == "http://api:8000/v1/traccar"
    assert ("POST", "/v1/traccar") in PERMISSIONS
    assert entries["forward.type"] == "json"
    assert entries["forward.retry.enable"] == "true"
    traccar = SERVICES["traccar"]
    assert traccar["environment"]["FORWARD_HEADER"].startswith("Authorization: Bearer ${FLOWCTL_")
    assert traccar["environment"]["CONFIG_USE_ENVIRONMENT_VARIABLES"] == "true"
    assert len(entries["protocols.enable"].split(",")) == len(
        {port.split(":")[0] for port in traccar["ports"] if "127.0.0.1" not in port}
    )
    assert set(traccar["networks"]) & set(SERVICES["api"]["networks"])


def test_how_much_of_the_machine_simulations_take_is_for_its_owner_to_say():
    said = SERVICES["simulator"]["environment"]["FLOWCTL_SIMULATOR_WORKERS"]
    [usual] = re.findall(r"^\$\{FLOWCTL_SIMULATOR_WORKERS:-(\d+)\}$", said)
    assert int(usual) == Settings.model_fields["simulator_workers"].default


def test_what_a_gateway_is_configured_with_is_there():
    mounted = [
        volume.split(":")[0]
        for name in GATEWAYS
        for volume in SERVICES[name]["volumes"]
        if volume.startswith("./")
    ]
    assert len(mounted) == len(GATEWAYS)
    assert all((ROOT / path).exists() for path in mounted)


def test_messages_go_by_the_examples_as_the_processes_see_them():
    folder = "./deploy/gateways:/etc/flowctl/gateways:ro"
    given = set(SERVICES["notify"]["environment"])
    for name in ("notify", "api"):
        assert folder in SERVICES[name]["volumes"]
    for file in (ROOT / "deploy/gateways").glob("*.toml"):
        assert {*re.findall(r'_env = "(\w+)"', file.read_text())} <= given


def test_kannel_meets_the_api_and_the_sender_and_does_not_start_without_its_secrets():
    kannel = SERVICES["kannel"]
    assert "ports" not in kannel
    assert all(
        set(kannel["networks"]) & set(SERVICES[one]["networks"]) for one in ("api", "notify")
    )
    assert [one.split(":")[0] for one in kannel["volumes"] if one.startswith("./")] == [
        "./deploy/kannel/smsc.conf"
    ]
    start = ROOT / kannel["build"] / "start"
    complete = {"KANNEL_PASSWORD": "a", "ANSWER_TOKEN": "b"}
    for wrong in ({"KANNEL_PASSWORD": ""}, {"ANSWER_TOKEN": ""}, {"SMSC_PASSWORD": "a|b"}):
        done = subprocess.run(
            ["/bin/bash", start],
            env={"PATH": "/nowhere", **complete, **wrong},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        assert ".env" in done.stderr or "letters, digits" in done.stderr


def test_secrets_have_no_default():
    for secret in ("FLOWCTL_SECRET", "FLOWCTL_DATABASE_PASSWORD", "FLOWCTL_APP_PASSWORD"):
        uses = re.findall(r"\$\{" + secret + r"([^}]*)\}", TEXT)
        assert uses
        assert all(use.startswith(":?") for use in uses)


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_setting_given_is_one_flowctl_reads(name: str):
    known = {f"FLOWCTL_{field.upper()}" for field in Settings.model_fields}
    given = {key for key in SERVICES[name]["environment"] if key.startswith("FLOWCTL_")}
    assert given <= known


NOT_HERE = {
    "FLOWCTL_PORT": "the container's own; another one is published by ports",
    "FLOWCTL_CLOCK_FILE": "a day played faster: of the demo",
    "FLOWCTL_DEMO": "known secrets: of the demo",
}
"""Settings that no deployment gives, and why; those of practices are set by the practice."""


def test_every_setting_is_given_or_named_as_none_of_a_deployment():
    given = {key for name in OURS for key in SERVICES[name]["environment"]}
    known = {f"FLOWCTL_{field.upper()}" for field in Settings.model_fields}
    of_practices = {one for one in known if one.startswith("FLOWCTL_PRACTICE")}
    assert known - given - of_practices == set(NOT_HERE)


def test_what_a_deployment_leaves_empty_is_off():
    environment = SERVICES["api"]["environment"]
    left_empty = {name: "" for name, value in environment.items() if str(value).endswith(":-}")}
    names = {"FLOWCTL_OIDC_ISSUER", "FLOWCTL_MAIL_URL", "FLOWCTL_TOTP_ROLES", "FLOWCTL_PAPER_DIR"}
    assert names <= left_empty.keys()
    secret = {"FLOWCTL_SECRET": "a-secret-for-this-test-alone-0123456789"}
    with pytest.MonkeyPatch.context() as patched:
        for name, value in (left_empty | secret).items():
            patched.setenv(name, value)
        settings = Settings()
    assert (settings.oidc_issuer, settings.mail_url, settings.paper_dir) == (None, None, None)
    assert settings.totp_roles == ""


def test_who_owns_the_ledger_migrates_and_no_process_has_his_password():
    owner = SERVICES["database"]["environment"]["POSTGRES_USER"]
    url = SERVICES["migrate"]["environment"]["FLOWCTL_OWNER_URL"]
    assert (
        url
        == f"postgresql://{owner}:${{FLOWCTL_DATABASE_PASSWORD:?set it in .env}}@"
        + (SERVICES["migrate"]["environment"]["FLOWCTL_DATABASE_URL"].partition("@")[2])
    )
    for name in OURS:
        environment = SERVICES[name]["environment"]
        assert user_of(environment["FLOWCTL_DATABASE_URL"]) != owner
        assert "FLOWCTL_DATABASE_PASSWORD" not in environment["PGPASSWORD"]
        assert name == "migrate" or "FLOWCTL_DATABASE_PASSWORD" not in str(environment)


def test_a_position_is_on_disk_before_it_is_acknowledged():
    options = SERVICES["valkey"]["command"]
    assert options[options.index("--appendonly") + 1] == "yes"
    assert options[options.index("--appendfsync") + 1] == "always"


def test_the_database_has_room_to_write_between_checkpoints():
    program, *options = SERVICES["database"]["command"]
    assert program == "postgres"
    assert options[::2] == ["-c"] * (len(options) // 2)
    assert "max_wal_size=8GB" in options


def test_nothing_starts_before_the_schema_and_the_site_are_there():
    for name in OURS - {"migrate", "site"}:
        conditions = SERVICES[name]["depends_on"]
        assert conditions["site"]["condition"] == "service_completed_successfully"
    assert "migrate" in SERVICES["site"]["depends_on"]
    assert SERVICES["migrate"]["depends_on"]["database"]["condition"] == "service_healthy"


def test_images_are_pinned_to_a_version():
    for name in STORES | set(GATEWAYS) | {"kannel"}:
        assert re.fullmatch(r"[\w/-]+:\d+\.\d+\.\d+-\w+", SERVICES[name]["image"])


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
