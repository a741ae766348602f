"""What others entered leads outside, or nowhere; names are resolved as they truly are."""

import asyncio
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network
from threading import Event, Thread

import httpx
import pytest
from slow_receiver import Way, slow_receiver

from api.oidc import Provider
from flowctl.notify.outside import (
    EVERYWHERE,
    InnerAddressError,
    client_outside,
    find_outside,
    post_outside,
)
from flowctl.registry.openid import new_attempt
from flowctl.registry.push import is_open
from flowctl.settings import Settings

LOOPBACK = (IPv4Network("127.0.0.0/8"),)


def get(url: str, *allowed: IPv4Network) -> httpx.Response:
    async def getting() -> httpx.Response:
        async with client_outside(allowed) as client:
            return await client.get(url)

    return asyncio.run(getting())


def post(url: str, *, deadline_s: float) -> int:
    async def posting() -> int:
        async with client_outside(EVERYWHERE) as client:
            return await post_outside(client, url, content=b"{}", headers={}, deadline_s=deadline_s)

    return asyncio.run(posting())


@pytest.fixture
def inside() -> Iterator[int]:
    """Run somebody on this machine who redirects to himself; yields the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("location", f"http://localhost:{self.server.server_port}/again")
            self.send_header("x-host", self.headers["host"])
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "10.0.0.5",
        "192.168.1.1",
        "100.64.0.1",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "224.0.0.1",
        "[ff02::1]",
    ],
)
def test_no_way_of_writing_an_inner_address_leads_inside(host: str, inside: int):
    with pytest.raises(InnerAddressError) as refused:
        get(f"http://{host}:{inside}/")
    assert "FLOWCTL_WEBHOOK_NETWORKS" in str(refused.value)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2001:4860:4860::8888", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_the_open_network_is_open(address: str):
    assert is_open(address)


@pytest.mark.parametrize(
    "address",
    [
        "192.0.0.192",
        "192.0.0.9",
        "192.88.99.1",
        "198.19.0.1",
        "203.0.113.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:192.88.99.1",
        "64:ff9b::c058:6301",
        "64:ff9b:1::1",
        "64:ff9b:1::808:808",
        "100::1",
        "2001::1",
        "2001:2::1",
        "2001:db8::1",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fec0::1",
        "ff0e::1",
    ],
)
def test_what_iana_keeps_for_special_purposes_is_not_open(address: str):
    assert not is_open(address)


@pytest.mark.parametrize("way", ["drips", "silent"])
def test_one_deadline_holds_for_all_of_a_call(way: Way):
    with slow_receiver(way) as slow:
        began = time.monotonic()
        with pytest.raises(httpx.TimeoutException, match=r"^no answer within 0\.5 s$"):
            post(slow.address, deadline_s=0.5)
        assert 0.4 < time.monotonic() - began < 4


def test_a_name_that_is_slow_to_be_found_is_within_the_deadline(monkeypatch: pytest.MonkeyPatch):
    told = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: told.wait(20) and [])
    try:
        with pytest.raises(httpx.TimeoutException):
            post("https://slow.example/", deadline_s=0.2)
    finally:
        told.set()


def test_an_answers_body_is_not_read():
    with slow_receiver("endless") as slow:
        assert post(slow.address, deadline_s=20) == 201
        assert slow.poured < 20_000_000, "what the machine's own buffers take"


def test_a_provider_that_drips_its_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.oidc._TIMEOUT_S", 0.5)
    with slow_receiver("drips") as slow:
        provider = Provider(Settings(demo=True, oidc_issuer=slow.address, oidc_client_id="flowctl"))
        with pytest.raises(httpx.TimeoutException):
            asyncio.run(provider.address(new_attempt("/")))


def test_a_network_that_is_allowed_is_reached_by_its_name_and_no_redirect_is_followed(inside: int):
    answer = get(f"http://127.0.0.1:{inside}/", *LOOPBACK)
    assert answer.status_code == 302
    assert answer.headers["x-host"] == f"127.0.0.1:{inside}"


def test_the_connection_goes_to_the_address_that_was_looked_at(
    inside: int, monkeypatch: pytest.MonkeyPatch
):
    answers = iter(["127.0.0.1"])
    resolve = socket.getaddrinfo

    def rebinding(host: str, *args: object, **options: object) -> object:
        # Whoever asks for the name a second time would be told another address.
        named = next(answers) if host == "rebinds.example" else host
        return resolve(named, *args, **options)  # type: ignore[arg-type, call-overload]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    answer = get(f"http://rebinds.example:{inside}/", *LOOPBACK)
    assert answer.headers["x-host"] == f"rebinds.example:{inside}"


def test_a_name_that_also_points_inside_is_nobodys_outside(monkeypatch: pytest.MonkeyPatch):
    both = [(0, 0, 0, "", (one, 443)) for one in ("93.184.216.34", "10.0.0.5")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(InnerAddressError, match=r"leads to 10\.0\.0\.5"):
        find_outside("both.example", 443, ())


def test_a_proxy_of_the_environment_is_not_asked(inside: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{inside}")
    with pytest.raises(InnerAddressError):
        get("http://10.0.0.5/")


def test_a_name_that_does_not_exist_is_said_to_be_none():
    with pytest.raises(httpx.ConnectError, match=r"nobody\.invalid is not found"):
        find_outside("nobody.invalid", 443, ())
