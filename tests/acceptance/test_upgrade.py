"""Two versions on one database: the next one migrates, both work, and the old one is taken back."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from api_server import SetClock, served
from border import SECRET, SITE
from command_line import run_command

from api.app import create_app
from flowctl.errors import ConflictError
from flowctl.registry.sources import add_source
from flowctl.server_process import free_port
from flowctl.settings import Settings
from flowctl.site_files import read_source
from flowctl.storage.schema import describe_misfit, head_revision, refuse_misfit
from flowctl.storage.sites import get_site, save_site
from flowctl.storage.sources import Scope
from flowctl.worker import decide

ROOT = Path(__file__).parents[2]
NEXT, LATER = "9001", "9002"
ADDS = """
revision = "9001"
down_revision = "{before}"


def upgrade() -> None:
    op.execute("alter table trips add column made_by text not null default 'the version before'")
    op.execute("create table novelties (trip_id bigint primary key references trips)")
"""
TAKES_AWAY = """
revision = "9002"
down_revision = "9001"
contracts = True


def upgrade() -> None:
    op.execute("alter table trips drop column made_by")
"""


def start(code: Path, env: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start a command of the code in a folder."""
    surroundings = {name: one for name, one in os.environ.items() if "FLOWCTL" not in name}
    return subprocess.Popen(
        [sys.executable, "-m", "flowctl.cli", *arguments],
        cwd=code,
        env={**surroundings, **env, "PYTHONPATH": str(code)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


class NextVersion:
    """A copy of the code with a revision more, and a deployment it is run for."""

    def __init__(self, home: Path, env: dict[str, str]) -> None:
        self.home = home
        self.env = env
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "flowctl", home / "flowctl", ignore=ignored)
        for name in ("api", "geo", "simulations", "data"):
            (home / name).symlink_to(ROOT / name)
        self.write(NEXT, ADDS.format(before=head_revision()))

    def write(self, revision: str, text: str) -> None:
        file = self.home / f"flowctl/storage/migrations/versions/{revision}_next.py"
        file.write_text(f'"""Of the test."""\n\nfrom alembic import op\n{text}')

    def migrate(self) -> tuple[int, str]:
        """Return the exit code of its migration and what it said."""
        process = start(self.home, self.env, "migrate")
        said, _ = process.communicate(timeout=200)
        return process.returncode, said

    @contextmanager
    def running(self, *arguments: str, **more: str) -> Iterator[subprocess.Popen[str]]:
        """Run a process of it for a while."""
        process = start(self.home, {**self.env, **more}, *arguments)
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=60)


def wait(what: str, until: Any, process: subprocess.Popen[str]) -> None:  # noqa: ANN401
    ends = time.monotonic() + 150
    while not until():
        if process.poll() is not None:
            pytest.fail(f"{what}: the process ended: {process.communicate()[0]}")
        assert time.monotonic() < ends, what
        time.sleep(0.1)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v1/ready", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def register(client: httpx.Client, number: int) -> int:
    answer = client.post(
        "/v1/trips",
        json={
            "plate": f"12C{number:05d}",
            "phone": f"+849030{number:05d}",
            "language": "vi",
            "direction": "export",
            "cargo": "normal",
            "gates": ["tan_thanh"],
            "ready_at": (datetime.now(UTC) + timedelta(hours=2)).isoformat(),
            "device": f"tracker-{number}",
        },
    )
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_two_versions_work_on_one_schema_and_the_code_can_be_taken_back(
    database: str, owner_url: str, valkey: str, tmp_path: Path
):
    env = {
        "FLOWCTL_SECRET": SECRET.get_secret_value(),
        "FLOWCTL_DATABASE_URL": database,
        "FLOWCTL_OWNER_URL": owner_url,
        "FLOWCTL_VALKEY_URL": valkey,
    }
    new = NextVersion(tmp_path / "next", env)
    conn = psycopg.connect(database, autocommit=True)
    site = save_site(conn, read_source(SITE), where="test", now=datetime.now(UTC))
    token = add_source(conn, name="trackers", enrols=True, scopes=set(Scope) - {Scope.WITNESS})
    headers = {"Authorization": f"Bearer {token}"}
    settings = Settings(database_url=database, valkey_url=valkey, secret=SECRET)
    with (
        conn,
        served(create_app(settings, SetClock(datetime.now(UTC)))) as url,
        httpx.Client(base_url=url, headers=headers, timeout=60) as old_api,
    ):
        first = register(old_api, 1)

        with psycopg.connect(database) as reader:
            reader.execute("select count(*) from trips")  # and goes on reading for long
            code, said = new.migrate()
        assert code == 1
        assert "Somebody holds a table for longer than 5s" in said
        code, said = new.migrate()
        assert (code, f"revision {NEXT}" in said) == (0, True), said
        assert old_api.get("/v1/ready").json()["schema"] == NEXT, "the old version goes on"

        port = str(free_port())
        new_url = f"http://127.0.0.1:{port}"
        with (
            new.running("api", FLOWCTL_PORT=port) as process,
            httpx.Client(base_url=new_url, headers=headers, timeout=60) as new_api,
        ):
            wait("the next API", lambda: answers(new_url), process)
            trips = [first, register(old_api, 2), register(new_api, 3)]
            for client in (old_api, new_api):
                for trip in trips:
                    assert client.get(f"/v1/trips/{trip}").json()["id"] == trip

        decide(conn, get_site(conn, site.id), datetime.now(UTC), plan_due=True)
        with new.running("controller") as process:
            plans = "select count(*) > 1 from plans"
            wait("the next controller", lambda: conn.execute(plans).fetchone() == (True,), process)
        decide(conn, get_site(conn, site.id), datetime.now(UTC), plan_due=True)
        assert "is whole" in run_command("ledger", "verify", env=env).stdout

        # Taken back, the old version leaves the schema as it is.
        assert f"revision {NEXT}" in run_command("migrate", env=env).stdout
        assert describe_misfit(conn) is None
        register(old_api, 4)

        new.write(LATER, TAKES_AWAY)
        code, said = new.migrate()
        assert code == 0, said
        expected = f"for versions that know {LATER}; this one knows {head_revision()}"
        assert expected in old_api.get("/v1/ready").json()["detail"]
        assert expected in run_command("migrate", env=env, code=1).stderr
        with pytest.raises(ConflictError, match=expected):
            refuse_misfit(database)


def test_a_process_does_not_start_on_a_schema_that_lacks_what_it_needs(
    database: str, owner_url: str
):
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("update alembic_version set version_num = '0032'")
    env = {"FLOWCTL_SECRET": "s" * 32, "FLOWCTL_DATABASE_URL": database}
    listen = ("listen", "mqtt", "--source", "phones")
    started = [start(ROOT, env, *command) for command in (("api",), ("controller",), listen)]
    for process in started:
        said, _ = process.communicate(timeout=200)
        assert f"this version needs {head_revision()}; run: flowctl migrate" in said
        assert process.returncode == 1


def test_of_a_database_that_is_away_nothing_is_known_and_its_process_waits_for_it():
    refuse_misfit(f"postgresql://nobody@127.0.0.1:{free_port()}/none")
