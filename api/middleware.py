"""What surrounds every request: the limit of its body, and the headers that protect browsers."""

import base64
import hashlib
import re
from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem, problem_response
from flowctl.registry.documents import LARGEST_BYTES
from flowctl.registry.table_file import MOST_BYTES

POSITIONS_LIMIT_BYTES = 32_000_000
BODY_LIMIT_BYTES = 1_000_000
_DRAINED_BYTES = 100_000_000
"""So much of a body that is too large is read and dropped, so that its sender reads the answer."""

_LARGER: tuple[tuple[re.Pattern[str], int, str], ...] = (
    (re.compile("/v1/fixes"), POSITIONS_LIMIT_BYTES, "smaller batches"),
    (re.compile("/v1/(drafts|trips)/[^/]+/documents"), LARGEST_BYTES, "a smaller document"),
    (re.compile("/v1/imports"), MOST_BYTES, "the table in parts"),
)
"""Paths that take more than others: how much, and what is to be sent in place of too much."""
_LAST: Message = {"type": "http.response.body", "body": b"", "more_body": False}


def page_policy(*styles: str) -> str:
    """Return what a page may load: its own files, and the ``styles`` written into it.

    Each is a source expression of CSP: the hash of a style, or ``'unsafe-inline'``.
    """
    # MapLibre runs its workers from the bundle or a blob.
    return (
        "default-src 'none'; script-src 'self'; worker-src 'self' blob:;"
        f" {' '.join([_OWN_STYLES, *styles])}; img-src 'self' data: blob:; font-src 'self';"
        " connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    )


def style_hash(style: bytes) -> str:
    """Return the source expression that allows a style element with just this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(style).digest()).decode()}'"


def with_style(policy: str, style: bytes) -> str:
    """Return a page's policy that allows one style more, written into the page on its way."""
    if "'unsafe-inline'" in policy:  # which a hash beside it would end
        return policy
    return policy.replace(_OWN_STYLES, f"{_OWN_STYLES} {style_hash(style)}", 1)


_OWN_STYLES = "style-src 'self'"
_POLICY = b"content-security-policy"
_PROTECTION = (
    (_POLICY, page_policy().encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_OF_DOCUMENTS = (
    (
        _POLICY,
        b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
    ),
    *_PROTECTION[1:],
)
"""Documents the API writes stand by themselves: with their style, with no script, asking nobody."""
_ALWAYS_BY_TLS = (b"strict-transport-security", b"max-age=31536000")
"""Whoever came by https once is not led astray to plain HTTP for a year."""
_CACHING = b"cache-control"
_NEVER_KEPT = (_CACHING, b"no-store")


def json_answer(body: bytes) -> tuple[Message, Message]:
    """Return the messages of an answer of the API that needs nothing of what is around it."""
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *_PROTECTION,
        _NEVER_KEPT,
    ]
    return (
        {"type": "http.response.start", "status": 200, "headers": headers},
        {"type": "http.response.body", "body": body},
    )


def protected(
    headers: Sequence[tuple[bytes, bytes]], ours: Sequence[tuple[bytes, bytes]] = _PROTECTION
) -> list[tuple[bytes, bytes]]:
    """Return headers with those that protect browsers; a page may say its own ones itself."""
    said = {name for name, _ in headers}
    return [*headers, *(one for one in ours if one[0] not in said)]


def is_html(start: Message) -> bool:
    """Tell whether an answer that starts so is an HTML document."""
    types = (value for name, value in start.get("headers", ()) if name.lower() == b"content-type")
    return next(types, b"").startswith(b"text/html")


class ProtectiveHeaders:
    """Puts the protective headers on every answer; answers of the API are never cached."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                written = scope["path"].startswith("/v1/") and is_html(message)
                ours = _OF_DOCUMENTS if written else _PROTECTION
                headers = protected([*message.get("headers", ())], ours)
                if scope["scheme"] == "https":
                    headers.append(_ALWAYS_BY_TLS)
                if scope["path"].startswith("/v1/") and all(h[0] != _CACHING for h in headers):
                    headers.append(_NEVER_KEPT)
                message["headers"] = headers
            await send(message)

        await self.app(scope, receive, send_protected)


class BodyLimit:
    """Answers 413 where a body is larger than its path may take, whatever its sender claims.

    The answer goes out at once; what still comes is dropped for a while, as a sender whose line is
    cut reads no answer, and then the line is closed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit, less = _limit_of(scope["path"])
        detail = f"A request here may hold {limit // 1_000_000} MB; send {less}."
        read, too_large = 0, _claimed(scope) > limit

        async def receive_limited() -> Message:
            nonlocal read, too_large
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                too_large = message.get("more_body", False)
                raise HTTPException(413, detail)  # the one error FastAPI lets through from here
            return message

        async def send_first(message: Message) -> None:
            if not too_large:
                await send(message)
            elif message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
                await send(message)
            elif message.get("more_body", False):
                await send(message)
            else:
                await send({**message, "more_body": True})
                await _drain(receive)
                await send(_LAST)

        if too_large:
            answer = problem_response(Problem(413, "Body too large", detail))
            await answer(scope, receive, send_first)
        else:
            await self.app(scope, receive_limited, send_first)


def _limit_of(path: str) -> tuple[int, str]:
    for form, limit, less in _LARGER:
        if form.fullmatch(path):
            return limit, less
    return BODY_LIMIT_BYTES, "less"


def _claimed(scope: Scope) -> int:
    claimed = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(claimed) if claimed.isdigit() else 0


async def _drain(receive: Receive) -> None:
    drained = 0
    while drained < _DRAINED_BYTES:
        message = await receive()
        drained += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            break
