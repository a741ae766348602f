"""What watches the system: alerts, their runbook, dashboards; read by Prometheus' own tools."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import metric_table
import pytest
import yaml
from api_server import RunningApi
from border import SECRET
from command_line import run_command
from measured import fill

from flowctl.server_process import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus/alerts.yml"
TESTS = DEPLOY / "prometheus/alerts.test.yml"
GATEWAYS = DEPLOY / "gateways/kannel.toml"
BOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))

needs_prometheus = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="needs Debian's package prometheus"
)


def list_rules() -> list[dict[str, object]]:
    return [
        rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
    ]


def list_expressions() -> list[str]:
    """Return every expression of the dashboards, for the site of the tests."""
    return [
        target["expr"].replace("$site", "lang_son")
        for board in BOARDS
        for panel in json.loads(board.read_text())["panels"]
        for target in panel["targets"]
    ]


@needs_prometheus
def test_rules_are_raised_by_what_they_are_about_and_by_nothing_less():
    done = subprocess.run(
        ["promtool", "test", "rules", str(TESTS)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tried_by_a_case():
    tried = set(re.findall(r"[A-Z]\w+(?=\"}|\n)", TESTS.read_text()))
    assert {rule["alert"] for rule in list_rules()} <= tried


def test_every_alert_has_a_runbook_and_every_runbook_an_alert():
    text = (DEPLOY / "prometheus/runbook.md").read_text()
    headings = re.findall(r"^## (\w+)$", text, flags=re.MULTILINE)
    alerts = [str(rule["alert"]) for rule in list_rules()]
    assert headings == alerts
    for rule in list_rules():
        where = f"deploy/prometheus/runbook.md#{str(rule['alert']).lower()}"
        assert rule["annotations"]["runbook"] == where
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_the_commands_of_the_runbook_can_be_given(api: RunningApi, tmp_path: Path):
    fill(api)
    environment = {
        "FLOWCTL_DATABASE_URL": api.app.state.settings.database_url,
        "FLOWCTL_SECRET": SECRET.get_secret_value(),
        "FLOWCTL_SMS_FILE": str(tmp_path / "sms.jsonl"),
        "FLOWCTL_GATEWAYS_FILE": str(GATEWAYS),
        "KANNEL_PASSWORD": "of a test",
    }
    (tmp_path / "FILE").write_text("uid,plate,source\nmbf-1,12C-678.90,trackers\n")
    text = (DEPLOY / "prometheus/runbook.md").read_text()
    commands = set(re.findall(r"`flowctl ([^`]+)`", text)) - {"doctor"}
    assert len(commands) >= 6
    for command in sorted(commands):
        run_command(*command.split(), env=environment, cwd=tmp_path)


def test_what_is_asked_for_is_what_the_api_shows():
    asked = " ".join([*list_expressions(), RULES.read_text()])
    names = set(re.findall(r"\bflowctl_\w+", asked))
    known = metric_table.read().keys()
    assert {name.removesuffix("_bucket") for name in names} <= known


@contextmanager
def prometheus(home: Path, target: str, token: str) -> Iterator[httpx.Client]:
    """Run a Prometheus that asks one API every second."""
    port = free_port()
    (home / "token").write_text(token)
    (home / "prometheus.yml").write_text(
        yaml.safe_dump(
            {
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [str(RULES)],
                "scrape_configs": [
                    {
                        "job_name": "flowctl",
                        "authorization": {"credentials_file": str(home / "token")},
                        "static_configs": [{"targets": [target]}],
                    }
                ],
            }
        )
    )
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={home}/prometheus.yml",
                f"--storage.tsdb.path={home}/data",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            deadline = time.monotonic() + 60
            while count(client, "count_over_time(up[1m]) >= 3") == 0:
                assert process.poll() is None, (home / "log").read_text()
                assert time.monotonic() < deadline, (home / "log").read_text()
                time.sleep(0.2)
            yield client
    finally:
        process.terminate()
        process.wait(20)


def count(client: httpx.Client, expression: str) -> int:
    """Return how many series an expression has; an expression that cannot be read has an error."""
    try:
        answer = client.get("/api/v1/query", params={"query": expression})
    except httpx.ConnectError:
        return 0
    if answer.status_code == 503:  # it is starting
        return 0
    assert answer.status_code == 200, f"{expression}: {answer.text}"
    return len(answer.json()["data"]["result"])


@needs_prometheus
def test_every_panel_of_the_dashboards_shows_something(api: RunningApi, tmp_path: Path):
    fill(api)
    api.machine().get("/v1/site")
    with prometheus(tmp_path, api.url.removeprefix("http://"), api.token) as client:
        assert count(client, 'up{job="flowctl"} == 1') == 1
        dark = [one for one in list_expressions() if count(client, one) == 0]
        assert not dark
        rules = client.get("/api/v1/rules").json()["data"]["groups"][0]["rules"]
        assert {rule["health"] for rule in rules} == {"ok"}


@pytest.mark.parametrize("board", BOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_one_that_grafana_can_load(board: Path):
    read = json.loads(board.read_text())
    assert read["uid"].startswith("flowctl-")
    assert read["schemaVersion"] >= 39
    panels = read["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not cells & taken
        taken |= cells
        assert panel["datasource"]["uid"] == "prometheus"  # that of the provisioning
        assert panel["title"]
        assert all(target["legendFormat"] for target in panel["targets"])
