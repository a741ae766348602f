"""The door: by which name and how a request must come, before anything else looks at it.

People are served by https alone, under the names that are ours; plain HTTP is for this machine
itself. Machines inside, such as trackers, gateways and whoever reads the metrics, prove themselves
by their tokens, under whatever name they know us by.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import Problem, problem_response
from api.middleware import protected
from api.strangers import Strangers, place_of, wrong_too_often
from flowctl.settings import Settings

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OF_MACHINES = frozenset({"/v1/fixes", "/metrics", "/v1/health", "/v1/ready"})
_BELOW_OF_MACHINES = ("/v1/osmand/", "/v1/traccar", "/v1/owntracks", "/v1/ufms", "/v1/sms/")
_LOOPBACK_NAMES = frozenset({"localhost", "ip6-localhost"})
SIGN_IN = "sign-in"
"""What an address is shut out of that failed to sign in too often."""
_SIGN_INS = Route("/v1/sessions", lambda _: Response(), methods=["POST"])
_SIGN_INS_AT_ONCE = 16
"""So many are looked at at once: each needs a connection, and waits for its turn to be hashed."""
_OF_ONE_PLACE_AT_ONCE = 4
"""So many of one address, or one address would take the turns of all."""


class Rules:
    """Which names are ours, and who may come without TLS."""

    def __init__(self, settings: Settings) -> None:
        self._open = settings.demo
        self._public = settings.public_url.rstrip("/")
        self._origin = urlsplit(self._public).netloc.lower()
        named = (one.strip().lower() for one in settings.hosts.split(","))
        self._hosts = {name_of(self._origin), *named} - {""}

    def check(self, scope: Scope) -> None:
        """Raise the Problem that says why a request may not come like this (403, 421)."""
        if is_of_machines(scope["path"]):
            return
        said = _headers(scope)
        host = said.get(b"host", "").lower()
        name = name_of(host)
        if not (name in self._hosts or is_loopback(name)):
            raise Problem(
                421,
                "Misdirected request",
                f"Nobody here is called {name[:80]!r}; open {self._public}, or name it in"
                " FLOWCTL_HOSTS.",
            )
        if scope["scheme"] != "https" and not self._open and not _is_inside(scope, name):
            raise Problem(
                403,
                "Forbidden",
                f"People are served by https alone: open {self._public}. A proxy in front must be"
                " named in FLOWCTL_PROXIES and send X-Forwarded-Proto.",
            )
        if scope["method"] not in _SAFE:
            self._refuse_foreign_page(said, host)

    def _refuse_foreign_page(self, said: Mapping[bytes, str], host: str) -> None:
        """Refuse what a page of another origin sends, whatever cookies came along."""
        origin = said.get(b"origin")
        ours = origin is None or origin.partition("://")[2].lower() in {host, self._origin}
        if not ours or said.get(b"sec-fetch-site") == "cross-site":
            raise Problem(403, "Forbidden", "A page of another origin may change nothing here.")


def find_turned_away(scope: Scope, strangers: Strangers) -> ASGIApp | None:
    """Return what answers a sign-in that is not looked at; None for all others.

    Before its body is read and before all that surrounds requests: of a thousand a second each must
    cost next to nothing.
    """
    if scope["type"] != "http" or scope["path"] != _SIGN_INS.path or scope["method"] != "POST":
        return None
    place, open_now = place_of(scope), strangers.signing_in
    wait_s = strangers.shut_for_s(SIGN_IN, place)
    if wait_s > 0:
        answer = _shut_out(math.ceil(wait_s))
    elif open_now[place] >= _OF_ONE_PLACE_AT_ONCE or open_now.total() >= _SIGN_INS_AT_ONCE:
        answer = _come_again()
    else:
        return None
    scope["route"] = _SIGN_INS
    return answer


@lru_cache(maxsize=128)
def _shut_out(wait_s: int) -> ASGIApp:
    return _ready(wrong_too_often(wait_s))


@lru_cache(maxsize=1)
def _come_again() -> ASGIApp:
    busy = "Many people sign in at this very moment; try again in a few seconds."
    return _ready(Problem(503, "Not available", busy, {"Retry-After": "3"}))


def _ready(problem: Problem) -> ASGIApp:
    """Return what gives an answer that was made once."""
    made = problem_response(problem)
    headers = [*protected(made.raw_headers), (b"cache-control", b"no-store")]
    start = {"type": "http.response.start", "status": problem.status, "headers": headers}
    body = {"type": "http.response.body", "body": made.body}

    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(start)
        await send(body)

    return answer


class Door:
    """Lets in what keeps to the rules."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            try:
                self._rules.check(scope)
            except Problem as problem:
                await problem_response(problem)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def is_of_machines(path: str) -> bool:
    """Tell whether a path is let in under any name, and without TLS."""
    return path in _OF_MACHINES or path.startswith(_BELOW_OF_MACHINES)


def name_of(host: str) -> str:
    """Return the name in a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


@lru_cache(maxsize=1024)
def is_loopback(name: str) -> bool:
    """Tell whether a name or an address is this machine's own."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name in _LOOPBACK_NAMES


def _is_inside(scope: Scope, name: str) -> bool:
    """Tell whether somebody on this machine asks it by its own name: no proxy is in between."""
    client = scope.get("client")
    return client is not None and is_loopback(client[0]) and is_loopback(name)


def _headers(scope: Scope) -> dict[bytes, str]:
    wanted = (b"host", b"origin", b"sec-fetch-site")
    return {name: value.decode("latin-1") for name, value in scope["headers"] if name in wanted}
