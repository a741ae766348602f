"""A receiver of events that is slow, or never ends, is slow for itself alone."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from border import KEYS, MORNING, SECRET, Border, border
from sending import deliver_due
from slow_receiver import slow_receiver

from flowctl.notify.webhooks import PARAMS, DeliveryParams, delivering, new_secret
from flowctl.registry.keys import encrypt_secret
from flowctl.settings import Settings
from flowctl.storage.webhooks import HEAD, add_webhook, list_webhooks, queue_event

WALL = datetime(2026, 1, 5, 8, tzinfo=UTC)


class Good:
    """A receiver that answers at once, and keeps what it was told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        good = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                good.heard.append(body.decode().partition('"data":')[2].rstrip("}"))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def good() -> Iterator[Good]:
    made = Good()
    thread = Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as found:
        yield found


def hook(place: Border, *urls: str) -> None:
    for url in urls:
        cipher = encrypt_secret(KEYS, new_secret())
        add_webhook(place.conn, "lang_son", url=url, secret_cipher=cipher, by="me", now=MORNING)


def tell(place: Border, data: int) -> None:
    queue_event(place.conn, "lang_son", HEAD, data, now=MORNING)


def wait_until(met: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_who_answers_hears_all_in_order_while_others_drip_and_no_one_is_posted_to_twice_at_once(
    place: Border, good: Good, database: str
):
    settings = Settings(database_url=database, secret=SECRET, webhook_networks="127.0.0.0/8")
    with delivering(settings) as running, ExitStack() as stack:
        drips, silent = (stack.enter_context(slow_receiver(way)) for way in ("drips", "silent"))
        hook(place, drips.address, silent.address, good.address)
        for number in range(5):
            tell(place, number)
        wait_until(lambda: len(good.heard) == 5 and drips.held and silent.held)
        assert good.heard == ["0", "1", "2", "3", "4"]
        assert [drips.taken, silent.taken] == [1, 1], "their other messages wait for the first"
        tell(place, 5)
        wait_until(lambda: len(good.heard) == 6)
        assert not running.done()
    assert running.result() is None
    [drip, _, well] = list_webhooks(place.conn, "lang_son")
    assert (drip.sent, drip.waiting, well.sent) == (0, 6, 6)


def test_a_try_has_one_deadline_long_before_its_claim_runs_out(place: Border):
    assert PARAMS.timeout_s < PARAMS.lease_s / 2
    with slow_receiver("drips") as slow:
        hook(place, slow.address)
        tell(place, 0)
        place.conn.execute("update webhook_deliveries set next_wall_at = %s", [WALL])
        began = time.monotonic()
        assert deliver_due(place.conn, "lang_son", WALL, DeliveryParams(timeout_s=0.5))
        assert time.monotonic() - began < 4
    [shown] = list_webhooks(place.conn, "lang_son")
    assert (shown.waiting, shown.trouble) == (1, "TimeoutException: no answer within 0.5 s")


def test_events_go_on_after_the_database_was_away(
    place: Border, good: Good, database: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("flowctl.notify.webhooks._AWAY_S", 0.1)
    hook(place, good.address)
    settings = Settings(database_url=database, secret=SECRET, webhook_networks="127.0.0.0/8")
    with delivering(settings) as running:
        tell(place, 0)
        wait_until(lambda: good.heard == ["0"])
        place.conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        tell(place, 1)
        wait_until(lambda: good.heard[-1] == "1")
        assert not running.done()
