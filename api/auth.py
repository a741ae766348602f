"""Who is calling: a session's cookie or a machine's token, and whether they may.

`authorize` runs before every route of the app. Routes ask `caller` who it was.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from api.errors import Problem
from api.permissions import PERMISSIONS
from flowctl.registry.accounts import Role, hash_token
from flowctl.storage.accounts import find_session
from flowctl.storage.sources import Source, find_source

COOKIE = "flowctl_session"
CSRF_HEADER = "x-flowctl"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SOURCE_KEPT_S = 30.0
"""So long a token is good without asking the database again: a withdrawn one ends within it."""
_SOURCES_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may be here; ``source`` is a machine's id and None for people."""

    name: str
    role: Role
    source: int | None = None

    @property
    def signature(self) -> str:
        """What stands beside what they enter."""
        return self.name if self.source is None else f"source:{self.name}"


async def authorize(request: Request) -> None:
    """Let the request through, or raise the Problem that says why not (401, 403)."""
    route = request.scope.get("route")
    path = route.path if isinstance(route, APIRoute) else request.url.path
    if (request.method, path) not in PERMISSIONS:
        raise Problem(403, "Forbidden", f"Nobody may {request.method} {path}.")
    roles = PERMISSIONS[request.method, path]
    if roles is None:
        return
    caller = await find_caller(request)
    if caller is None:
        raise _unknown()
    if caller.role not in roles:
        raise Problem(403, "Forbidden", f"The role {caller.role} may not {request.method} {path}.")
    by_cookie = caller.source is None
    if by_cookie and request.method not in _SAFE and request.headers.get(CSRF_HEADER) != "1":
        raise Problem(403, "Forbidden", "A change by session cookie needs the header X-Flowctl: 1.")
    request.state.caller = caller


async def find_caller(request: Request) -> Caller | None:
    """Return who holds the request's token or cookie; None where that is nobody."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        source = await _find_source(request, token.strip())
        return None if source is None else Caller(source.name, Role.MACHINE, source.id)
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        return None
    return await run_in_threadpool(_caller_of_session, request.app.state, cookie)


def caller(request: Request) -> Caller:
    """Return who was let through; a dependency of routes that are not public."""
    found: Caller = request.state.caller
    return found


def machine(request: Request) -> int:
    """Return the id of the source that is calling; a dependency of routes for machines."""
    found = caller(request)
    if found.source is None:
        raise Problem(403, "Forbidden", "Only a machine with its token may do this.")
    return found.source


async def source_of_token(request: Request, token: str) -> int:
    """Return the id of the source a token belongs to, where it stands in the path.

    Raises
    ------
    Problem
        401, the token belongs to nobody.
    """
    source = await _find_source(request, token)
    if source is None:
        raise _unknown()
    return source.id


def _unknown() -> Problem:
    return Problem(
        401,
        "Unauthorized",
        "Sign in, or send the bearer token of a known source.",
        {"WWW-Authenticate": "Bearer"},
    )


def _caller_of_session(state: Any, token: str) -> Caller | None:  # noqa: ANN401 - Starlette's State
    with state.pool.connection() as conn:
        account = find_session(conn, hash_token(token), wall_now=datetime.now(UTC))
    return None if account is None else Caller(account.name, Role(account.role))


async def _find_source(request: Request, token: str) -> Source | None:
    """Return a token's source; remembered briefly, for trackers post many times a second."""
    known: dict[bytes, tuple[float, Source]] = request.app.state.sources
    key = hash_token(token)
    until, source = known.get(key, (0.0, None))
    if source is not None and time.monotonic() < until:
        return source
    found = await run_in_threadpool(_look_up_source, request.app.state, key)
    if found is None:
        known.pop(key, None)
        return None
    if len(known) >= _SOURCES_KEPT:
        known.clear()
    known[key] = (time.monotonic() + _SOURCE_KEPT_S, found)
    return found


def _look_up_source(state: Any, key: bytes) -> Source | None:  # noqa: ANN401 - Starlette's State
    with state.pool.connection() as conn:
        return find_source(conn, key, wall_now=datetime.now(UTC))
