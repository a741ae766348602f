"""Positions as trackers and other servers send them, each in its own format.

A fix that does not pass the screening is kept aside and answered with 2xx: a tracker that is told
4xx sends the same fix for ever.

A country's trackers post one fix a request, and what a framework does around each would cost more
than the fix. So these routes are plain ASGI, and the app calls them before all that surrounds the
others; they stand among its routes for the table of permissions and for its answers to methods
they do not take.
"""

from collections.abc import Callable
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from api.auth import authorize, machine, source_of_token
from api.edge import Edge, told, told_of_one
from api.errors import EXPECTED, Problem, answer_defect, answer_to
from api.middleware import BodyLimit, ProtectiveHeaders, json_answer
from flowctl.storage.sources import Source
from flowctl.telemetry.formats import osmand, owntracks, traccar, ufms
from flowctl.telemetry.formats.decoded import Decoded, MalformedError

_MOST_FIELDS = 100
_ALL_WELL = told_of_one(None)

Decode = Callable[[Request, bytes, int], Decoded]


class Tracker:
    """An ASGI endpoint that takes what one format holds, and answers errors by itself."""

    def __init__(self, decode: Decode, *, tells: bool = True) -> None:
        self._decode = decode
        self._tells = tells
        self._bounded = BodyLimit(self._serve)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        serve = self._bounded if scope["method"] == "POST" else self._serve
        await serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await self._answer(request)
        except EXPECTED as error:
            await ProtectiveHeaders(answer_to(request, error))(scope, receive, send)
        except Exception as error:
            await ProtectiveHeaders(answer_defect(request, error))(scope, receive, send)
            raise  # to the log
        else:
            for message in json_answer(body):
                await send(message)

    async def _answer(self, request: Request) -> bytes:
        source = await _source(request)
        edge: Edge = request.app.state.edge
        body = await request.body() if request.method == "POST" else b""
        try:
            decoded = self._decode(request, body, edge.now_us())
        except MalformedError as error:
            raise Problem(400, "Malformed fix", str(error)) from error
        answer = await _take(edge, decoded, source)
        return answer if self._tells else b"[]"


async def _take(edge: Edge, decoded: Decoded, source: Source) -> bytes:
    """Take what a body held, and return what its sender is told."""
    if len(decoded.rows) != 1 or decoded.misfits:
        return told(await edge.take(decoded, source, edge.now_us()))
    rejection = await edge.take_one(decoded, source)
    return _ALL_WELL if rejection is None else told_of_one(rejection)


async def _source(request: Request) -> Source:
    token = request.path_params.get("token")
    if token is not None:
        return await source_of_token(request, token)
    await authorize(request)
    return machine(request)


def _osmand(request: Request, body: bytes, received_at_us: int) -> Decoded:
    if request.headers.get("content-type", "").startswith("application/json"):
        return osmand.decode_json(body)
    query: bytes = request.scope["query_string"]
    fields = _fields(query + b"&" + body if body else query)
    return osmand.decode(fields, received_at_us=received_at_us)


def _fields(form: bytes) -> dict[str, str]:
    text = form.decode(errors="replace")
    if text.count("&") >= _MOST_FIELDS:
        raise MalformedError(f"A fix has at most {_MOST_FIELDS} fields.")
    if "%" in text or "+" in text:
        return dict(parse_qsl(text, keep_blank_values=True))
    # The same where nothing is escaped, in a fifth of the time.
    pairs = (field.partition("=") for field in text.split("&"))
    return {name: value for name, _, value in pairs}


def _traccar(_request: Request, body: bytes, _received_at_us: int) -> Decoded:
    return traccar.decode(body)


def _ufms(_request: Request, body: bytes, _received_at_us: int) -> Decoded:
    return ufms.decode(body)


def _owntracks(request: Request, body: bytes, _received_at_us: int) -> Decoded:
    """Read a payload; the device is named by the app's headers or in the query."""
    user = request.headers.get("x-limit-u") or request.query_params.get("u")
    device = request.headers.get("x-limit-d") or request.query_params.get("d")
    return owntracks.decode(body, f"{user}/{device}" if user and device else None)


def _route(path: str, tracker: Tracker, *methods: str) -> Route:
    route = Route(path, tracker, methods=methods)
    route.methods = set(methods)  # Starlette adds HEAD to GET, which would store a fix
    return route


def _routes() -> tuple[Route, ...]:
    by_osmand = Tracker(_osmand)
    others = {
        "/v1/traccar": Tracker(_traccar),
        "/v1/owntracks": Tracker(_owntracks, tells=False),
        "/v1/ufms": Tracker(_ufms),
    }
    return (
        _route("/v1/osmand/{token}", by_osmand, "GET", "POST"),
        _route("/v1/osmand/{token}/", by_osmand, "GET", "POST"),
        *(_route(path, tracker, "POST") for path, tracker in others.items()),
        *(_route(f"{path}/{{token}}", tracker, "POST") for path, tracker in others.items()),
    )


ROUTES = _routes()
_PREFIXES = tuple({route.path.partition("{")[0] for route in ROUTES})


def find_route(scope: Scope) -> Route | None:
    """Return the route of a tracker's request, which the scope then tells of; None of others."""
    if scope["type"] != "http" or not scope["path"].startswith(_PREFIXES):
        return None
    for route in ROUTES:
        match, found = route.matches(scope)
        if match is Match.FULL:
            scope.update(found, route=route)
            return route
    return None
