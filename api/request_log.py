"""What is written down and counted of each request: never who asked, nor what for.

A request has an id, its caller's or one of ours, which the answer names and every record of its way
through this process carries. Trackers and readers of the board are counted only.
"""

import logging
import re
import secrets
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import EXPECTED
from flowctl import traces
from flowctl.registry.accounts import Role

if TYPE_CHECKING:
    from opentelemetry.trace import Span

HEADER = b"x-request-id"
_PLAIN = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NOWHERE = "none"
"""Stands for the route of a request that none takes."""
_ASSETS = "/assets"
_ASKED_BY_MACHINES = frozenset({"/metrics", "/v1/health", "/v1/ready", _ASSETS})
"""Asked every few seconds, or many at once: written down only where the answer is no good one."""
_BAD = 400
_DEFECT = 500
_AWAY = 503
_GONE = 499
"""Nobody was there any more to be answered."""
_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

# A series more for each, of when it began to be counted, is nothing anybody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]
OF_THIS_PROCESS = CollectorRegistry()
REQUESTS = Counter(
    "flowctl_api_requests",
    "Requests this API has answered, by route, method and status.",
    ("route", "method", "status"),
    registry=OF_THIS_PROCESS,
)
SECONDS = Histogram(
    "flowctl_api_request_seconds",
    "How long this API took to answer; streams, trackers and the board's texts are not timed.",
    ("route",),
    buckets=_SECONDS,
    registry=OF_THIS_PROCESS,
)
STREAMS = Gauge(
    "flowctl_api_event_streams",
    "Consoles that this API streams the live picture to at present.",
    registry=OF_THIS_PROCESS,
    multiprocess_mode="livesum",
)

_log = structlog.get_logger()


class BrokenOffError(Exception):
    """An answer had begun and could not be ended, which is written down: the server hangs up."""


def is_untold(record: logging.LogRecord) -> bool:
    """Tell whether what the server would write down of a request is not written down yet."""
    return record.exc_info is None or not isinstance(record.exc_info[1], BrokenOffError)


async def serve(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one request by ``app``: give it an id, count it, time it, and write it down."""
    if scope["type"] != "http":
        await app(scope, receive, send)
        return
    request_id = _id_of(scope)
    started, status, streamed = time.perf_counter(), _GONE, False

    async def send_named(message: Message) -> None:
        nonlocal status, streamed
        if message["type"] == "http.response.start":
            status, headers = message["status"], message.get("headers", ())
            streamed = any(
                name == b"content-type" and value.startswith(b"text/event-stream")
                for name, value in headers
            )
            named = (HEADER, request_id.encode())
            message = {**message, "headers": [*headers, named]}
        await send(message)

    with (
        structlog.contextvars.bound_contextvars(request_id=request_id),
        traces.span("request", **{"flowctl.request_id": request_id}) as span,
    ):
        try:
            await app(scope, receive, send_named)
        except Exception as error:
            # What was to be answered otherwise came up while an answer was being sent already.
            if not isinstance(error.__cause__, EXPECTED):
                status = _DEFECT
                raise
            status = _AWAY
            _log.warning("an answer was broken off", reason=str(error.__cause__).strip())
            raise BrokenOffError from error
        finally:
            seconds = time.perf_counter() - started
            _note(scope, status, None if streamed else seconds, seconds)
            if span is not None:
                _describe(span, scope, status)


async def count(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one request by ``app`` and count it: all that a tracker's fix has time for."""
    status = _GONE

    async def send_seen(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        await send(message)

    try:
        await app(scope, receive, send_seen)
    finally:
        _counter(_route_of(scope), _method_of(scope), status).inc()


def _note(scope: Scope, status: int, timed: float | None, seconds: float) -> None:
    route, method = _route_of(scope), _method_of(scope)
    _counter(route, method, status).inc()
    if timed is not None:
        SECONDS.labels(route).observe(timed)
    if route in _ASKED_BY_MACHINES and status < _BAD:
        return
    told: Mapping[str, object] = {
        "method": method,
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    role = _role_of(scope)
    _log.info("request", **told, **({} if role is None else {"role": str(role)}))


def _describe(span: "Span", scope: Scope, status: int) -> None:
    """Name a request's span by its route, and say how it was answered."""
    method, route = _method_of(scope), _route_of(scope)
    span.update_name(f"{method} {route}")
    span.set_attributes(
        {"http.request.method": method, "http.route": route, "http.response.status_code": status}
    )


@lru_cache(maxsize=2048)
def _counter(route: str, method: str, status: int) -> Counter:
    return REQUESTS.labels(route, method, str(status))


def _id_of(scope: Scope) -> str:
    """Return what the caller calls the request, if that is a plain token, else a name of ours."""
    for name, value in scope["headers"]:
        if name == HEADER and _PLAIN.fullmatch(value):
            return str(value.decode())
    return secrets.token_hex(8)


def _route_of(scope: Scope) -> str:
    """Return the template of a request's path: the path itself may hold a code."""
    route: BaseRoute | None = scope.get("route")
    path = getattr(route, "path", None)
    if isinstance(path, str):
        return path
    return _ASSETS if scope["path"].startswith(f"{_ASSETS}/") else _NOWHERE


def _method_of(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "OTHER"


def _role_of(scope: Scope) -> Role | None:
    return getattr(scope.get("state", {}).get("caller"), "role", None)
