"""What others entered leads outside, or nowhere; names are resolved as they truly are."""

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Thread

import httpx
import pytest

from flowctl.notify.outside import InnerAddressError, client_outside, find_outside
from flowctl.registry.push import is_open

LOOPBACK = (ip_network("127.0.0.0/8"),)


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
    with client_outside((), timeout_s=2) as client, pytest.raises(InnerAddressError) as refused:
        client.get(f"http://{host}:{inside}/")
    assert "FLOWCTL_WEBHOOK_NETWORKS" in str(refused.value)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_the_open_network_is_open(address: str):
    assert is_open(address)


def test_a_network_that_is_allowed_is_reached_by_its_name_and_no_redirect_is_followed(inside: int):
    with client_outside(LOOPBACK, timeout_s=5) as client:
        answer = client.get(f"http://127.0.0.1:{inside}/")
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
    with client_outside(LOOPBACK, timeout_s=5) as client:
        answer = client.get(f"http://rebinds.example:{inside}/")
    assert answer.headers["x-host"] == f"rebinds.example:{inside}"


def test_a_name_that_also_points_inside_is_nobodys_outside(monkeypatch: pytest.MonkeyPatch):
    both = [(0, 0, 0, "", (one, 443)) for one in ("93.184.216.34", "10.0.0.5")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(InnerAddressError, match=r"leads to 10\.0\.0\.5"):
        find_outside("both.example", 443, ())


def test_a_proxy_of_the_environment_is_not_asked(inside: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{inside}")
    with client_outside((), timeout_s=2) as client, pytest.raises(InnerAddressError):
        client.get("http://10.0.0.5/")


def test_a_name_that_does_not_exist_is_said_to_be_none():
    with pytest.raises(httpx.ConnectError, match=r"nobody\.invalid is not found"):
        find_outside("nobody.invalid", 443, ())
