"""The practice as a trainee has it: one command, real programs, pages, an end without traces."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from border import MORNING, Border, border
from desk import CHROMIUM, PATIENCE_MS, SWITCHES
from playwright.sync_api import expect, sync_playwright
from processes import left_running
from recorded_morning import CAME, DAY, NIGHT, STOOD, store_morning

from flowctl.local import in_database
from flowctl.practice_copy import DATABASE
from flowctl.registry.accounts import Person, Role, set_account
from flowctl.server_process import free_port

PASSWORD = "a trainee's own password"
SECRET = "of the real deployment, forty letters and more"
PATIENCE_S = 120.0
BEGINS = MORNING - timedelta(hours=7, minutes=40)  # 00:20 at the gates
_FAR = "http://192.0.2.1:9"  # a documentation address: whatever is sent there is lost


@dataclass
class Practising:
    process: "subprocess.Popen[str]"
    url: str
    run_dir: Path

    def until(self, what: str, met) -> None:  # noqa: ANN001 - any predicate
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.process.stderr.read()[-3000:]
            if met():
                return
            time.sleep(0.1)
        pytest.fail(f"Waited {PATIENCE_S:.0f} s in vain until {what}.")

    def get(self, path: str) -> httpx.Response | None:
        try:
            return self.client.get(path)
        except httpx.TransportError:
            return None

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=10, headers={"X-Flowctl": "1"})

    def sign_in(self) -> bool:
        try:
            body = {"account": "lan", "password": PASSWORD}
            return self.client.post("/v1/sessions", json=body).status_code == 200
        except httpx.TransportError:
            return False

    def closures(self) -> list[str]:
        return [one["reason"] for one in self.client.get("/v1/closures").json()]

    def now(self) -> datetime | None:
        answer = self.get("/v1/live")
        if answer is None or answer.status_code != 200:
            return None
        return datetime.fromisoformat(answer.json()["at"])


@contextmanager
def practising(
    database: str, postgres_url: str, state: Path, gateways: Path, *, begins: str = "00:20"
) -> Iterator[Practising]:
    port = free_port()
    command = [sys.executable, "-m", "flowctl.cli", "practice", "--day", str(DAY), "--json"]
    command += ["--from", begins, "--speed", "60", "--port", str(port), "--state", str(state)]
    process = subprocess.Popen(
        [*command, "--beside"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env={
            "PATH": "/usr/bin:/bin",
            "FLOWCTL_DATABASE_URL": database,
            "FLOWCTL_OWNER_URL": in_database(postgres_url, "postgres"),
            "FLOWCTL_SECRET": SECRET,
            # As on a real machine: the practice must take none of it.
            "FLOWCTL_GATEWAYS_FILE": str(gateways),
            "FLOWCTL_VALKEY_URL": "redis://192.0.2.1:6379/0",
            "FLOWCTL_PUBLIC_URL": "https://border.example",
        },
    )
    try:
        made = Practising(process, f"http://127.0.0.1:{port}", state / "run")
        with made.client:
            yield made
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)


def prepare(here: Border) -> None:
    store_morning(here)
    set_account(
        here.conn,
        name="lan",
        role=Role.OPERATOR,
        password=PASSWORD,
        whose=Person("Nguyễn Thị Lan", "gate desk"),
        wall_now=datetime.now(UTC),
    )


def test_a_shift_is_practised_and_leaves_nothing_behind(
    database: str, postgres_url: str, tmp_path: Path
):
    gateways = tmp_path / "gateways.toml"
    gateways.write_text(f'[[gateways]]\nname = "real"\nkind = "http"\nurl = "{_FAR}"\n')
    with border(database) as here:
        prepare(here)
        rows = here.conn.execute("select count(*) from trips").fetchall()
    with practising(database, postgres_url, tmp_path / "state", gateways) as it:
        it.until("an account of the deployment can sign in", it.sign_in)
        it.until("the shift has begun", lambda: (it.now() or NIGHT) > BEGINS)

        trips = it.client.get("/v1/trips").json()
        assert len(trips) == STOOD  # the others are registered in the morning
        real = {f"29C{n:05d}" for n in range(STOOD)} | {f"12C{n:05d}" for n in range(CAME)}
        assert not {trip["plate"] for trip in trips} & real

        for page in ("/", "/board", "/d", "/gate", "/planner"):
            html = it.client.get(page).text
            assert f'data-practice="{DAY}"' in html
            assert "/practice.svg" in html
            assert re.search("<title>Thực hành .*Practice", html)
        assert it.client.get("/practice.svg").status_code == 200

        # Nobody but a file hears of it, with the addresses of the practice in it.
        heard = it.run_dir / "sms.jsonl"
        it.until("drivers have heard something", lambda: heard.exists() and heard.read_text())
        said = [json.loads(line) for line in heard.read_text().splitlines()]
        assert all(it.url in one["text"] for one in said if "/d/" in one["text"])
        environment = (it.run_dir / "environment").read_text()
        assert "export FLOWCTL_GATEWAYS_FILE=''" in environment
        assert "192.0.2.1" not in environment

        _look_at_pages(it)

        # What was closed that night is closed here, from when it was known.
        it.until("a closure of that day is entered", lambda: "night works" in it.closures())

        # What a trainee does is done, and told at the end.
        closed = it.client.post(
            "/v1/gates/tan_thanh/closures", json={"reason": "tried out", "places_left": 0}
        )
        assert closed.status_code == 201, closed.text
        it.process.send_signal(signal.SIGINT)
        out, err = it.process.communicate(timeout=PATIENCE_S)
        assert it.process.returncode == 0, err[-3000:]
        shift = json.loads(out.splitlines()[-1])
        assert shift["real"].keys() == shift["practised"].keys()
        assert shift["day"] == str(DAY)
        assert "lan" in {act["account"] for act in shift["acts"]}
        assert "nothing here is real" in err
        assert "People begin at 00:20 and the day ends at 24:00" in " ".join(err.split())
        assert all(one["raised"] >= one["answered"] for one in shift["alarms"])

    assert not it.run_dir.parent.exists()  # the servers' data are gone with the rest
    with psycopg.connect(in_database(postgres_url, "postgres")) as conn:
        assert DATABASE not in {name for (name,) in conn.execute("select datname from pg_database")}
    with psycopg.connect(database) as conn:
        assert conn.execute("select count(*) from trips").fetchall() == rows
    assert not left_running(tmp_path)


def test_who_ends_it_before_people_begin_is_told_what_was_done_so_far(
    database: str, postgres_url: str, tmp_path: Path
):
    with border(database) as here:
        prepare(here)
    with practising(database, postgres_url, tmp_path, tmp_path / "none", begins="23:30") as it:
        it.until("an account of the deployment can sign in", it.sign_in)
        closed = it.client.post("/v1/gates/tan_thanh/closures", json={"reason": "early"})
        assert closed.status_code == 201, closed.text
        it.process.send_signal(signal.SIGINT)
        out, err = it.process.communicate(timeout=PATIENCE_S)
    assert "Ended before 23:30, when people begin" in err
    shift = json.loads(out.splitlines()[-1])
    assert [act["account"] for act in shift["acts"]] == ["lan"]
    assert datetime.fromisoformat(shift["from"]) == MORNING - timedelta(hours=8)


def _look_at_pages(it: Practising) -> None:
    """Open pages in a browser: the band is on them, and in the way of nothing."""
    if not CHROMIUM.exists():
        return
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        page = browser.new_page(viewport={"width": 1024, "height": 768})
        for path in ("/", "/board", "/d"):
            for language, title in (("vi", "Thực hành"), ("zh", "演练"), ("en", "Practice")):
                page.goto(f"{it.url}{path}?lang={language}")
                page.locator("#page > main").wait_for()
                band = page.locator(".practice")
                expect(band.locator("b:visible")).to_have_text(title)
                expect(band).to_be_in_viewport(ratio=1)
        page.goto(f"{it.url}/?lang=en")
        page.locator("input[name=account]").fill("lan")
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")
        page.locator(".console").wait_for()
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        page.locator(".practice summary").press("Enter")
        hours, copied = page.locator(".practice details p:visible").all()[:2]
        expect(hours).to_contain_text("People begin at 00:20")
        expect(copied).to_contain_text(str(DAY))
        browser.close()
