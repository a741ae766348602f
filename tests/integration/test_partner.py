"""A partner as a process of its own: it hears, pulls, decides, is killed, and nothing doubles."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_server import RunningApi
from border import KEYS, SITE, after
from sending import deliver_due

from flowctl.notify.webhooks import new_secret
from flowctl.registry import sources
from flowctl.registry.accounts import Role
from flowctl.registry.keys import encrypt_secret
from flowctl.server_process import free_port
from flowctl.site_files import read_source
from flowctl.storage.sites import save_site
from flowctl.storage.sources import Scope
from flowctl.storage.webhooks import add_webhook, list_webhooks
from flowctl.workflow.stages import Desk

OFFICE = Path(__file__).parents[1] / "partner" / "customs.py"
PATIENCE_S = 60.0
MAY = {
    Scope.DECLARATIONS_READ,
    Scope.STAGES_READ,
    Scope.STAGES_WRITE,
    Scope.FACTS_WRITE,
}


class Customs:
    """The office: its process, which may be killed, and the border's deliveries to it."""

    def __init__(self, api: RunningApi, folder: Path) -> None:
        self.api, self.store, self.port = api, folder / "office.sqlite", free_port()
        place = api.border
        self.key = sources.add_source(place.conn, name="vnaccs", scopes=MAY, agency=Desk.CUSTOMS)
        self.secret = new_secret()
        add_webhook(
            place.conn,
            place.site.id,
            url=f"http://127.0.0.1:{self.port}/in",
            secret_cipher=encrypt_secret(KEYS, self.secret),
            by="the test",
            now=after(0),
            events=["declaration.made", "declaration.changed", "stage.changed"],
            source_id=sources.get_source(place.conn, "vnaccs").id,
        )
        self.process: subprocess.Popen[bytes] | None = None
        self._retries = timedelta()

    def start(self, *more: str) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, str(OFFICE), "--api", self.api.url),
                # A key may begin with a hyphen.
                *(
                    f"--key={self.key}",
                    f"--secret={self.secret}",
                    "--port",
                    str(self.port),
                    "--store",
                    str(self.store),
                ),
                *more,
            ]
        )

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def until(self, met: Callable[[], bool]) -> None:
        """Deliver what is due, as the notifier would, until something is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not met():
            assert time.monotonic() < deadline, self.said()
            place = self.api.border
            deliver_due(place.conn, place.site.id, datetime.now(UTC) + self._retries)
            time.sleep(0.02)

    def retry_now(self) -> None:
        """Let what failed be tried again without waiting for its time."""
        self._retries += timedelta(seconds=15)

    def said(self) -> list[tuple[str, str]]:
        """Return what the office noted of its words: by stage what the border answered."""
        with sqlite3.connect(self.store) as store:
            return store.execute("select stage, said from words order by rowid").fetchall()


@pytest.fixture
def customs(api: RunningApi, tmp_path: Path) -> Iterator[Customs]:
    save_site(api.border.conn, read_source(SITE), where=str(SITE), now=after(0))
    api.clock.at = after(5)
    office = Customs(api, tmp_path)
    yield office
    office.kill()


def declare(api: RunningApi, goods_class: str) -> int:
    body = {
        "plate": "12C12345",
        "phone": "0903123456",
        "language": "vi",
        "direction": "export",
        "cargo": "normal",
        "gates": ["tan_thanh"],
        "ready_at": after(120).isoformat(),
        "goods": "tôm",
        "goods_class": goods_class,
        "weight_t": 20.0,
    }
    answer = api.person(Role.HAULIER).post("/v1/trips", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def standing(api: RunningApi, trip: int, stage: str) -> str:
    [state] = [
        row[0]
        for row in api.border.conn.execute(
            "select state from trip_stages where trip_id = %s and stage = %s", [trip, stage]
        )
    ]
    return str(state)


def confirm(client: httpx.Client, trip: int, stage: str) -> None:
    answer = client.post(f"/v1/trips/{trip}/stages/{stage}", json={"act": "confirmed"})
    assert answer.status_code == 200, answer.text


def words_of(api: RunningApi, trip: int) -> list[tuple[Any, ...]]:
    return api.border.conn.execute(
        "select stage, act, desk from stage_records where trip_id = %s"
        " and said_by = 'source:vnaccs' order by id",
        [trip],
    ).fetchall()


def test_a_declared_trip_moves_on_by_another_systems_word(api: RunningApi, customs: Customs):
    customs.start()
    trip = declare(api, "seafood")
    yard = api.person(Role.OPERATOR)
    customs.until(lambda: customs.store.exists() and len(customs.said()) == 3)
    assert words_of(api, trip) == [], "the truck has not come yet"
    confirm(yard, trip, "arrival")
    customs.until(lambda: standing(api, trip, "customs_arrival") == "confirmed")
    guard = sources.add_source(
        api.border.conn, name="guard", scopes={Scope.STAGES_WRITE}, agency=Desk.BORDER_GUARD
    )
    item = {"key": "1", "trip": trip, "stage": "border_guard", "act": "confirmed"}
    pushed = api.client(Authorization=f"Bearer {guard}").post(
        "/v1/partner/stages", json={"items": [item]}
    )
    assert pushed.json()["results"][0]["status"] == "done"
    assert standing(api, trip, "gate_area") == "confirmed"
    confirm(yard, trip, "yard")
    customs.until(lambda: standing(api, trip, "customs_in_yard") == "confirmed")
    assert standing(api, trip, "fees") == "ready", "customs has set the class: fees may be paid"
    [webhook] = list_webhooks(api.border.conn, api.border.site.id)
    customs.until(lambda: list_webhooks(api.border.conn, api.border.site.id)[0].waiting == 0)
    assert webhook.dead == 0
    assert words_of(api, trip) == [
        ("customs_arrival", "confirmed", "customs"),
        ("customs_in_yard", "confirmed", "customs"),
    ]


def test_a_partner_killed_midway_loses_nothing_and_says_nothing_twice(
    api: RunningApi, customs: Customs
):
    trip = declare(api, "seafood")
    yard = api.person(Role.OPERATOR)
    confirm(yard, trip, "arrival")
    customs.start("--dies-after", "customs_arrival")
    assert customs.process is not None
    assert customs.process.wait(PATIENCE_S) == 9, "the border has its word, its own store has not"
    assert words_of(api, trip) == [("customs_arrival", "confirmed", "customs")]
    assert ("customs_arrival", None) in customs.said()
    # While it is away the border goes on, and what it is to hear waits.
    guard = sources.add_source(
        api.border.conn, name="guard", scopes={Scope.STAGES_WRITE}, agency=Desk.BORDER_GUARD
    )
    item = {"key": "1", "trip": trip, "stage": "border_guard", "act": "confirmed"}
    body = {"items": [item]}
    api.client(Authorization=f"Bearer {guard}").post("/v1/partner/stages", json=body)
    confirm(yard, trip, "yard")
    customs.until(lambda: deliveries(api)[0] == 0)
    assert deliveries(api)[1] > 0, "nobody answers there"
    customs.start()
    customs.retry_now()
    customs.until(lambda: standing(api, trip, "customs_in_yard") == "confirmed")
    customs.until(lambda: sum(deliveries(api)) == 0)
    assert ("customs_arrival", "repeated") in customs.said()
    assert [one[0] for one in words_of(api, trip)] == ["customs_arrival", "customs_in_yard"]
    pages = api.border.conn.execute(
        "select message, count(*) from webhook_deliveries where state = 'sent' group by message"
    ).fetchall()
    with sqlite3.connect(customs.store) as store:
        heard = {row[0] for row in store.execute("select message from heard")}
    assert heard == {message for message, _ in pages}, "each event was heard, and heard of once"


def deliveries(api: RunningApi) -> tuple[int, int]:
    """Return how many messages were never tried, and how many wait for another try."""
    row = api.border.conn.execute(
        "select count(*) filter (where attempts = 0), count(*) filter (where attempts > 0)"
        " from webhook_deliveries where state = 'waiting'"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def test_what_the_partner_knows_otherwise_is_shown_and_a_person_decides(
    api: RunningApi, customs: Customs
):
    customs.start()
    trip = declare(api, "fresh_fruit")
    officer = api.person(Role.OFFICER)

    def shown() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = officer.get("/v1/conflicts", params={"trip": trip}).json()
        return found

    customs.until(lambda: bool(shown()))
    [conflict] = shown()
    assert (conflict["field"], conflict["ours"], conflict["theirs"], conflict["source"]) == (
        "goods_class",
        "fresh_fruit",
        "seafood",
        "source:vnaccs",
    )
    path = f"/v1/conflicts/{conflict['id']}/decide"
    assert officer.post(path, json={"take": True}).json()["state"] == "taken"
    [declared] = api.machine().get("/v1/partner/declarations").json()["items"]
    assert (declared["goods_class"], declared["origins"]) == (
        "seafood",
        {"goods_class": "source:vnaccs"},
    )
    # It hears of that change too, pulls it, and has nothing more to say against it.
    customs.until(lambda: sum(deliveries(api)) == 0)
    assert [one["state"] for one in shown()] == ["taken"]
