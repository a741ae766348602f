"""The deployment by containers, as far as it can be checked without an engine."""

import json
import re
import stat
import subprocess
import sys
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
BIN = Path(sys.executable).parent
STORES = {"database", "valkey"}
PROCESSES = {"migrate", "site", "api", "ingest", "controller", "notify", "simulator"}
LISTENERS = {"listen-mqtt": "mosquitto", "listen-amqp": "rabbitmq"}
GATEWAYS = {"mosquitto": "mqtt", "rabbitmq": "amqp", "traccar": "traccar"}
WATCHERS = {"prometheus", "node-exporter", "grafana"}
BESIDE = {name: [name] for name in ("kannel", "clamav")} | {name: ["watch"] for name in WATCHERS}
"""Services of a profile that no listener belongs to."""
OURS = PROCESSES | set(LISTENERS)
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
SECRETS: dict[str, dict[str, str]] = COMPOSE["secrets"]


def make_secrets(folder: Path) -> str:
    """Fill a folder with secrets, and return what was said."""
    line = ["/bin/sh", str(ROOT / "scripts/make_secrets"), str(folder)]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout


def find_command(words: list[str]) -> object | None:
    """Follow words through the command line's groups to the command they name, if there is one."""
    command: Any = get_command(app)
    for word in words:
        if not hasattr(command, "commands"):
            return command  # what follows are the command's arguments
        command = command.get_command(typer.Context(command), word)
    return command


def test_every_process_of_a_deployment_is_there():
    assert set(SERVICES) == STORES | OURS | {"caddy"} | set(GATEWAYS) | set(BESIDE)


def test_the_file_keeps_to_the_schema_of_compose_files():
    done = subprocess.run(
        [f"{BIN}/check-jsonschema", "--builtin-schema", "vendor.compose-spec", "/dev/stdin"],
        input=json.dumps(COMPOSE),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_service_runs_a_command_that_exists(name: str):
    command = find_command(SERVICES[name]["command"])
    assert command is not None
    assert not hasattr(command, "commands"), "a group of commands alone does nothing"


def test_a_command_that_does_not_exist_would_be_noticed():
    assert find_command(["no-such-command"]) is None


def test_caddy_and_trackers_ports_are_reached_from_outside_all_else_is_published_on_loopback():
    published = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    outside = {
        name for name, ports in published.items() for port in ports if "127.0.0.1" not in port
    }
    assert outside == {"caddy", "traccar"}
    assert "api" not in published
    assert COMPOSE["networks"]["stores"]["internal"]
    assert all(SERVICES[name]["networks"] == ["stores"] for name in STORES)


def test_each_process_that_a_gate_waits_for_runs_twice():
    for name in ("api", "ingest", "controller"):
        assert SERVICES[name]["deploy"]["replicas"] == 2


def test_the_api_believes_caddy_alone_about_who_asks():
    [front] = COMPOSE["networks"]["front"]["ipam"]["config"]
    assert SERVICES["api"]["environment"]["FLOWCTL_PROXIES"] == front["subnet"]
    assert SERVICES["caddy"]["networks"] == ["front"]
    at_front = {name for name, one in SERVICES.items() if "front" in one["networks"]}
    assert at_front == {"api", "caddy", "prometheus"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_service_takes_all_memory_or_fills_the_disk_with_its_log(name: str):
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"]["memory"]
    assert service["logging"]["options"]["max-size"]
    assert service["restart"] == ("no" if name in {"migrate", "site"} else "unless-stopped")


@pytest.mark.parametrize("name", sorted(OURS | {"caddy", "valkey", "prometheus"}))
def test_what_an_attacker_gets_into_can_write_little_and_has_no_rights_of_root(name: str):
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "caddy" else [])
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_a_gateway_and_its_listener_run_only_when_asked_for():
    profiles = {name: one["profiles"] for name, one in SERVICES.items() if "profiles" in one}
    of_listeners = {name: [GATEWAYS[broker]] for name, broker in LISTENERS.items()}
    of_gateways = {name: [profile] for name, profile in GATEWAYS.items()}
    assert profiles == of_gateways | of_listeners | BESIDE


def test_no_secret_stands_in_an_environment():
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            asked = re.search("SECRET|PASS|TOKEN|_KEY$", key)
            assert not asked or str(value).startswith("/run/secrets"), (name, key)
    assert not re.search(r"(?<!\$)\$\{\w*(SECRET|PASS|TOKEN)", TEXT)


def test_every_file_of_a_secret_is_made_and_given_to_whom_it_is_for(tmp_path: Path):
    folder = tmp_path / "secrets"
    said = make_secrets(folder)
    assert {file.name for file in folder.iterdir()} == set(SECRETS)
    assert {one["file"] for one in SECRETS.values()} == {f"./secrets/{name}" for name in SECRETS}
    given = {name: set(service.get("secrets", ())) for name, service in SERVICES.items()}
    assert set().union(*given.values()) == set(SECRETS)
    assert {name for name in given if "flowctl_owner_password" in given[name]} == {
        "database",
        "migrate",
    }
    for name in OURS:
        of_processes = {"flowctl_secret", "flowctl_database_password", "flowctl_valkey_password"}
        assert of_processes <= given[name]
    drawn = [file for file in folder.iterdir() if file.read_text()]
    assert len({file.read_text() for file in drawn}) == len(drawn) == 8
    assert all(re.fullmatch("[0-9a-f]{48}", file.read_text()) for file in drawn)
    empty = {file.name for file in folder.iterdir()} - {file.name for file in drawn}
    assert all(f"empty   {name}: " in said for name in empty)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o644}


def test_secrets_that_are_there_stay_as_they_are(tmp_path: Path):
    make_secrets(tmp_path)
    (tmp_path / "smpp_password").write_text("of the operator")
    before = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert "smpp_password" not in make_secrets(tmp_path)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", sorted(GATEWAYS))
def test_a_gateway_without_its_secret_does_not_start(name: str):
    script = SERVICES[name].get("entrypoint", SERVICES[name].get("command"))[-1]
    done = subprocess.run(
        ["/bin/sh", "-c", script.replace("$$", "$").replace("/run/secrets", "/nowhere")],
        env={"PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    [secret] = SERVICES[name]["secrets"]
    assert f"secrets/{secret} is empty; " in done.stderr


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
    assert 'export FORWARD_HEADER="Authorization: Bearer $$TOKEN"' in traccar["entrypoint"][-1]
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
    given = {name.upper() for name in SERVICES["notify"]["secrets"]}
    for name in ("notify", "api"):
        assert folder in SERVICES[name]["volumes"]
    for file in (ROOT / "deploy/gateways").glob("*.toml"):
        assert {*re.findall(r'_env = "(\w+)"', file.read_text())} <= given


def test_kannel_meets_the_api_and_the_sender_and_does_not_start_without_its_secrets(
    tmp_path: Path,
):
    kannel = SERVICES["kannel"]
    assert "ports" not in kannel
    assert all(
        set(kannel["networks"]) & set(SERVICES[one]["networks"]) for one in ("api", "notify")
    )
    assert [one.split(":")[0] for one in kannel["volumes"] if one.startswith("./")] == [
        "./deploy/kannel/smsc.conf"
    ]
    start = ROOT / kannel["build"] / "start"
    complete = {"kannel_password": "a", "kannel_answer_token": "b", "kannel_smsc_password": ""}
    assert set(complete) == set(kannel["secrets"])
    for wrong in (
        {"kannel_password": ""},
        {"kannel_answer_token": ""},
        {"kannel_smsc_password": "a|b"},
    ):
        for name, content in (complete | wrong).items():
            (tmp_path / name).write_text(content)
        done = subprocess.run(
            ["/bin/bash", start],
            env={"PATH": "/nowhere", "SECRETS": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        assert "is empty; " in done.stderr or "letters, digits" in done.stderr


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_setting_given_is_one_flowctl_reads(name: str):
    known = {f"FLOWCTL_{field.upper()}" for field in Settings.model_fields}
    given = {key for key in SERVICES[name]["environment"] if key.startswith("FLOWCTL_")}
    in_files = {one.upper() for one in SERVICES[name]["secrets"] if one.startswith("flowctl_")}
    assert given - {"FLOWCTL_SECRETS_DIR"} | in_files <= known
    assert SERVICES[name]["environment"]["FLOWCTL_SECRETS_DIR"] == "/run/secrets"


NOT_HERE = {
    "FLOWCTL_PORT": "the container's own; another one is published by ports",
    "FLOWCTL_VALKEY_REPLICAS": "of a store on several machines, which one file cannot start",
    "FLOWCTL_CLOCK_FILE": "a day played faster: of the demo",
    "FLOWCTL_DEMO": "known secrets: of the demo",
}
"""Settings that no deployment gives, and why; those of practices are set by the practice."""


def test_every_setting_is_given_or_named_as_none_of_a_deployment():
    given = {key for name in OURS for key in SERVICES[name]["environment"]}
    given |= {secret.upper() for name in OURS for secret in SERVICES[name]["secrets"]}
    known = {f"FLOWCTL_{field.upper()}" for field in Settings.model_fields}
    of_practices = {one for one in known if one.startswith("FLOWCTL_PRACTICE")}
    assert known - given - of_practices == set(NOT_HERE)


def test_the_readme_says_what_every_setting_is():
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("**Settings** are")[2]
    said = re.findall(r"^\| (`FLOWCTL_.*?) \|", table.partition("\n\n**")[0], re.MULTILINE)
    names = {name for row in said for name in re.findall(r"`(FLOWCTL_\w+)`", row)}
    of_compose = {"FLOWCTL_DATABASE_MEMORY", "FLOWCTL_VALKEY_MEMORY"}
    known = {f"FLOWCTL_{field.upper()}" for field in Settings.model_fields}
    assert names - of_compose == {one for one in known if not one.startswith("FLOWCTL_PRACTICE")}


def test_what_a_deployment_leaves_empty_is_off():
    environment = SERVICES["api"]["environment"]
    left_empty = {name: "" for name, value in environment.items() if str(value).endswith(":-}")}
    names = {"FLOWCTL_OIDC_ISSUER", "FLOWCTL_TOTP_ROLES", "FLOWCTL_PAPER_DIR"}
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
    place = SERVICES["migrate"]["environment"]["FLOWCTL_DATABASE_URL"].partition("@")[2]
    assert url == f"postgresql://{owner}@{place}"
    for name in OURS:
        environment = SERVICES[name]["environment"]
        assert user_of(environment["FLOWCTL_DATABASE_URL"]) != owner
        assert name == "migrate" or "FLOWCTL_OWNER_URL" not in environment


def test_a_position_is_on_disk_before_it_is_acknowledged_and_never_dropped_for_room():
    options = SERVICES["valkey"]["command"][-1].split()
    assert options[options.index("--appendonly") + 1] == "yes"
    assert options[options.index("--appendfsync") + 1] == "always"
    assert options[options.index("--maxmemory-policy") + 1] == "noeviction"


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
    for name in set(SERVICES) - OURS:
        assert re.fullmatch(r"[\w/-]+:v?\d+\.\d+\.\d+(-\w+)?", SERVICES[name]["image"])


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
