"""Messages pushed to browsers, against a push service that opens them."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece
import pytest
from api_server import RunningApi
from border import KEYS, MORNING, SECRET, Border, after, border
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sending import KeptGateway, StillClock
from slow_receiver import slow_receiver
from structlog.testing import capture_logs

from flowctl.errors import FlowctlError
from flowctl.notify.database import Database
from flowctl.notify.push import Pusher, PushParams, service_of
from flowctl.notify.sender import Sender
from flowctl.registry.keys import link_code
from flowctl.registry.push import Subscription, check_endpoint, push_public_key, subscribe
from flowctl.settings import Settings
from flowctl.storage.outbox import queue_message

PARAMS = PushParams()


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """A browser's keys, and what its push service was handed for it."""

    def __init__(self, address: str, name: str) -> None:
        self.endpoint = f"{address}/{name}"
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = name.encode().ljust(16, b".")
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.subscription = Subscription(self.endpoint, encoded(point), encoded(self.auth))

    def read(self, body: bytes) -> dict[str, str]:
        plain = http_ece.decrypt(
            body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"
        )
        read: dict[str, str] = json.loads(plain)
        return read


class PushService:
    """Takes what is pushed on a port of this machine, and answers as it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, str], bytes]] = []
        self.status: dict[str, int] = {}
        service = self

        class Endpoint(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.taken.append((self.path, dict(self.headers), body))
                self.send_response(service.status.get(self.path, 201))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def service() -> Iterator[PushService]:
    made = PushService()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as found:
        yield found


def settings_of(database: str, *, demo: bool = True) -> Settings:
    return Settings(
        database_url=database, public_url="https://gate.example", secret=SECRET, demo=demo
    )


def listen(place: Border, trip: int, browser: Browser) -> None:
    subscribe(place.conn, KEYS, trip, browser.subscription, demo=True, wall_now=MORNING)


def queue(place: Border, trip: int, kind: str = "slot", **params: str) -> int:
    slot = {"gate": "tan_thanh", "starts_at": after(30).isoformat()}
    slot["ends_at"] = after(45).isoformat()
    return queue_message(
        place.conn,
        site="lang_son",
        trip_id=trip,
        kind=kind,
        params=params or slot,
        now=MORNING,
        expires_at=None,
    )


@asynccontextmanager
async def pushing(settings: Settings, params: PushParams) -> AsyncIterator[Pusher]:
    pusher = Pusher(settings, params=params)
    running = asyncio.create_task(pusher.run())
    yield pusher
    running.cancel()
    await asyncio.wait([running])


async def until(met: Callable[[], object], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not met():  # noqa: ASYNC110 - what happens in other threads wakes nobody here
            await asyncio.sleep(0.02)


def push(settings: Settings, place: Border, *messages: int, params: PushParams = PARAMS) -> None:
    async def tried() -> None:
        async with pushing(settings, params) as pusher:
            pusher.push_sent(place.site, messages)
            await asyncio.wait_for(pusher.drained(), 20)

    asyncio.run(tried())


def test_a_message_reaches_the_browser_that_alone_can_read_it_signed_by_us(
    place: Border, database: str, service: PushService
):
    trip = place.trip(language="vi")
    browser = Browser(service.address, "phone")
    listen(place, trip, browser)
    message = queue(place, trip)
    push(settings_of(database), place, message)
    [(path, headers, body)] = service.taken
    assert (path, headers["Content-Encoding"]) == ("/phone", "aes128gcm")
    shown = browser.read(body)
    assert shown["tag"] == str(message), "a browser shows one tag once"
    assert shown["title"].startswith("12C00001 · ")
    assert "08:30" in shown["text"]
    assert shown["link"] == f"https://gate.example/d/{link_code(KEYS, trip, 0)}"
    scheme, said = headers["Authorization"].split(" ", 1)
    token, key = (part.split("=", 1)[1] for part in said.split(","))
    assert (scheme, key) == ("vapid", push_public_key(KEYS))
    signed, _, signature = token.rpartition(".")
    claims = json.loads(decoded(signed.split(".")[1]))
    assert claims["aud"] == service.address
    assert claims["exp"] > time.time()
    r, s = (int.from_bytes(decoded(signature)[half : half + 32]) for half in (0, 32))
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key)).verify(
        encode_dss_signature(r, s), signed.encode(), ec.ECDSA(SHA256())
    )


def test_what_went_out_by_sms_is_pushed_beside_it(
    place: Border, database: str, service: PushService
):
    trip = place.trip()
    browser = Browser(service.address, "phone")
    listen(place, trip, browser)
    gateway = KeptGateway()

    async def notify() -> None:
        pusher = Pusher(settings_of(database))
        with closing(Database(database, threading.Event())) as outbox:
            sender = Sender(
                outbox,
                [gateway],
                keys=KEYS,
                public_url="https://gate.example",
                site=place.site,
                clock=StillClock(),
                on_sent=pusher.push_sent,
                pause_s=0.01,
            )
            running = asyncio.create_task(pusher.run())
            await sender.run(lambda: sender.quiet)
            await asyncio.wait_for(pusher.drained(), 20)
            running.cancel()

    asyncio.run(notify())
    [sms] = gateway.took
    [(_, _, body)] = service.taken
    assert browser.read(body)["tag"] == str(sms.id)


def test_a_browser_that_is_gone_is_forgotten_and_one_that_fails_is_not(
    place: Border, database: str, service: PushService
):
    trip = place.trip()
    gone, busy, there = (Browser(service.address, name) for name in ("gone", "busy", "there"))
    for browser in (gone, busy, there):
        listen(place, trip, browser)
    service.status = {"/gone": 410, "/busy": 503}
    push(settings_of(database), place, queue(place, trip))
    assert sorted(path for path, _, _ in service.taken) == ["/busy", "/gone", "/there"]
    service.taken.clear()
    push(settings_of(database), place, queue(place, trip))
    assert sorted(path for path, _, _ in service.taken) == ["/busy", "/there"]


def test_codes_go_to_the_number_alone_and_a_former_drivers_browser_hears_nothing(
    place: Border, database: str, service: PushService
):
    trip, passed_on = place.trip(), place.trip()
    for number, each in enumerate((trip, passed_on)):
        listen(place, each, Browser(service.address, f"phone-{number}"))
    place.conn.execute("update trips set link_epoch = 1 where id = %s", [passed_on])
    login = queue(place, trip, "login_code", login="4d1c1a9e-0000-4000-8000-000000000000")
    push(settings_of(database), place, login, queue(place, passed_on))
    assert service.taken == []


def test_outside_a_demo_nothing_is_pushed_to_machines_of_the_inner_network(
    place: Border, database: str, service: PushService
):
    trip = place.trip()
    listen(place, trip, Browser(service.address, "phone"))
    push(settings_of(database, demo=False), place, queue(place, trip))
    assert service.taken == []


def test_a_service_that_drips_its_answer_is_slow_for_its_own_browsers_alone(
    place: Border, database: str, service: PushService
):
    slow_trips, trip = [place.trip(), place.trip()], place.trip()
    listen(place, trip, Browser(service.address, "phone"))

    async def tell(pusher: Pusher) -> None:
        pusher.push_sent(place.site, [queue(place, one) for one in slow_trips])
        await until(lambda: slow.held == 3)
        for _ in range(2):
            pusher.push_sent(place.site, [queue(place, trip)])
        await until(lambda: len(service.taken) == 2)
        assert (slow.held, slow.taken) == (3, 3), "no more at once, and the first go on"

    async def pushes() -> None:
        params = PushParams(at_once=4, at_once_per_service=3)
        async with pushing(settings_of(database), params) as pusher:
            await tell(pusher)

    with slow_receiver("drips") as slow:
        for one in slow_trips:
            for number in range(4):
                listen(place, one, Browser(f"http://localhost:{slow.port}", f"{number}"))
        asyncio.run(pushes())


def test_a_push_has_one_deadline_and_an_endless_answer_is_not_read(place: Border, database: str):
    with slow_receiver("drips") as drips, slow_receiver("endless") as endless:
        trip = place.trip()
        for one in (drips, endless):
            listen(place, trip, Browser(one.address, "phone"))
        with capture_logs() as logged:
            push(settings_of(database), place, queue(place, trip), params=PushParams(timeout_s=1.0))
        assert (drips.taken, endless.taken) == (1, 1)
        assert endless.poured < 20_000_000
    assert [one["reason"] for one in logged] == ["no answer within 1 s"], "the endless one took it"


def test_what_waits_too_long_for_a_slow_service_is_not_pushed_to_it(
    place: Border, database: str, service: PushService
):
    params = PushParams(at_once_per_service=1, patience_s=0.3, timeout_s=1.5)
    trip, other = place.trip(), place.trip()
    with slow_receiver("silent") as slow, capture_logs() as logged:
        for number in range(3):
            listen(place, trip, Browser(f"http://localhost:{slow.port}", f"{number}"))
        listen(place, other, Browser(service.address, "phone"))
        push(settings_of(database), place, queue(place, trip), queue(place, other), params=params)
        assert slow.taken == 1
    assert len(service.taken) == 1
    waited = "Its push service is slow: too much waits for it."
    assert [one["reason"] for one in logged] == [waited, waited, "no answer within 1.5 s"]


def test_an_error_without_words_is_told_by_its_kind(place: Border, database: str):
    trip = place.trip()
    with slow_receiver("resets") as resets, capture_logs() as logged:
        listen(place, trip, Browser(resets.address, "phone"))
        push(settings_of(database), place, queue(place, trip))
    assert [one["reason"] for one in logged] == ["ReadError"]


@pytest.mark.parametrize(
    ("endpoint", "service"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", "googleapis.com"),
        ("https://A.b.Example.org.:8443/x", "example.org"),
        ("https://93.184.216.34/x", ""),
        ("https://8.8.2056/x", ""),
        ("https://0x7f.1/x", ""),
        ("https://[2001:4860::1]/x", ""),
    ],
)
def test_many_names_below_one_and_all_bare_addresses_count_as_one_service(
    endpoint: str, service: str
):
    assert service_of(endpoint) == service


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.org/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://10.0.0.7/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:192.168.0.1]/x",
        "https://224.0.0.1/x",
        "https://[64:ff9b::7f00:1]/x",
        "https://[2002:7f00:1::]/x",
        "https://localhost/x",
        "https://printer.local/x",
        "https://intranet/x",
        "https://user@push.example.org/x",
        "https://push.example.org:99999/x",
        "ftp://push.example.org/x",
        "nonsense",
    ],
)
def test_an_address_that_no_push_service_has_is_refused(endpoint: str):
    with pytest.raises(FlowctlError, match="push address"):
        check_endpoint(endpoint, demo=False)


def test_only_who_may_act_has_messages_pushed_at_most_to_five_browsers(api: RunningApi):
    trip = api.border.trip()
    path = f"/v1/driver/{link_code(KEYS, trip, 0)}"
    stranger, driver = api.client(), api.client()

    def wish(name: str, **changes: str) -> dict[str, Any]:
        made = Browser("https://push.example.org", name).subscription
        keys = {"p256dh": made.p256dh, "auth": made.auth, **changes}
        return {"endpoint": made.endpoint, "keys": keys}

    assert stranger.put(f"{path}/push", json=wish("a")).status_code == 403
    driver.post(f"{path}/claim", json={})
    assert [driver.put(f"{path}/push", json=wish(n)).status_code for n in "abcdef"] == [204] * 6
    rows = api.border.conn.execute("select cipher from push_subscriptions").fetchall()
    assert len(rows) == 5
    assert all(b"example" not in cipher for (cipher,) in rows), "kept encrypted"
    bad = driver.put(f"{path}/push", json=wish("g", p256dh=encoded(b"\4" + bytes(64))))
    assert (bad.status_code, bad.json()["detail"]) == (
        422,
        "The browser's push key is no point of P-256.",
    )
    assert stranger.delete(f"{path}/push").status_code == 403
    assert driver.delete(f"{path}/push").status_code == 204
    left = api.border.conn.execute("select count(*) from push_subscriptions").fetchone()
    assert left == (0,)
