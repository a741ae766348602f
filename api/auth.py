"""Who is calling: a session's cookie or a machine's token, and whether they may.

`authorize` runs before every route of the app. Routes ask `caller` who it was.
"""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from api.errors import Problem
from api.permissions import PERMISSIONS, SCOPES
from api.tokens import Tokens
from flowctl.errors import Refusal
from flowctl.registry.accounts import Role
from flowctl.registry.sessions import End, Present, find_present
from flowctl.storage.audit import By
from flowctl.storage.sources import Scope, Source

COOKIE = "flowctl_session"
_BY_TLS_ALONE = "__Host-"
"""What browsers keep for this very host, and send by https alone (RFC 6265bis, 4.1.3.2)."""
CSRF_HEADER = "x-flowctl"
ENDED = "session-ended"
"""The kind of problem that says: somebody ended this session."""
EXPIRED = "session-expired"
"""The kind of problem that says: this session lasted its time, or was not used for long."""
ENROL = "authenticator-first"
"""The kind of problem that says: set up an authenticator before anything else."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BEFORE_ENROLMENT = frozenset(
    {
        "/v1/sessions/current",
        "/v1/accounts/current/totp",
        "/v1/accounts/current/totp/confirm",
    }
)
_ENDS = {
    End.ELSEWHERE: Refusal("This session was ended from another place. Sign in again.", kind=ENDED),
    End.PASSWORD: Refusal(
        "The account has a new password, which ended this session. Sign in.", kind=ENDED
    ),
    End.DISABLED: Refusal("This account is disabled; an administrator can say why.", kind=ENDED),
    End.TIME: Refusal(
        "This session lasted its time, or was not used for long. Sign in again.", kind=EXPIRED
    ),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may be here: a machine by its ``source``, or a person ``present``."""

    name: str
    role: Role
    source: Source | None = None
    present: Present | None = None

    @property
    def signature(self) -> str:
        """What stands beside what they enter."""
        return self.name if self.source is None else f"source:{self.name}"


async def authorize(request: Request) -> None:
    """Let the request through, or raise the Problem that says why not (401, 403)."""
    route = request.scope.get("route")
    path = route.path if isinstance(route, Route) else request.url.path
    asked = f"{request.method} {request.url.path}"
    if (request.method, path) not in PERMISSIONS:
        raise Problem(403, "Forbidden", f"Nobody may {asked}.")
    roles = PERMISSIONS[request.method, path]
    if roles is None:
        return
    # A withdrawn right, like a withdrawn token, ends with the next request, not with a memory; of
    # who may send positions we keep one, for trackers post many times a second.
    scope = SCOPES.get((request.method, path))
    caller = await find_caller(request, anew=scope is not Scope.POSITIONS)
    if caller is None:
        raise _unknown()
    if caller.role not in roles:
        may = ", ".join(sorted(roles))
        raise Problem(
            403, "Forbidden", f"The role {caller.role} may not {asked}; these roles may: {may}."
        )
    if caller.source is not None:
        _refuse_beyond_scope(caller.source, scope)
    if caller.present is not None and path not in _BEFORE_ENROLMENT:
        _refuse_before_enrolment(request, caller.present)
    by_cookie = caller.source is None
    if by_cookie and request.method not in _SAFE and request.headers.get(CSRF_HEADER) != "1":
        raise Problem(403, "Forbidden", "A change by session cookie needs the header X-Flowctl: 1.")
    request.state.caller = caller


async def find_caller(request: Request, *, anew: bool = False) -> Caller | None:
    """Return who holds the request's token or cookie; None where that is nobody.

    ``anew`` asks the database whose a token is, whatever is remembered of it.

    Raises
    ------
    Problem
        401, the cookie is of a session that has ended, with a type that says how.
    """
    token = _token_of(request.headers.get("authorization", ""))
    if token is not None:
        tokens: Tokens = request.app.state.tokens
        ask = tokens.confirm if anew else tokens.find
        source = await ask(token, request.scope)
        return None if source is None else Caller(source.name, Role.MACHINE, source)
    cookie = request.cookies.get(cookie_name(request, COOKIE))
    if cookie is None:
        return None
    return await run_in_threadpool(_caller_of_session, request.app.state, cookie)


async def is_present(request: Request) -> bool:
    """Tell whether whoever sent the request may still be here: a stream outlives its beginning."""
    try:
        return await find_caller(request) is not None
    except Problem:
        return False


def caller(request: Request) -> Caller:
    """Return who was let through; a dependency of routes that are not public."""
    found: Caller = request.state.caller
    return found


def signed_in(request: Request) -> Present:
    """Return the person who was let through; a dependency of routes for people."""
    found = caller(request).present
    if found is None:
        raise Problem(403, "Forbidden", "Only a person who signed in may do this.")
    return found


def acting(request: Request) -> By:
    """Return who was let through, as the log of acts names them."""
    who = caller(request)
    return By(who.signature, str(who.role), address_of(request))


def address_of(request: Request) -> str | None:
    """Return the IP address a request came from; None where the server does not know it."""
    return None if request.client is None else request.client.host


def is_secure(request: Request) -> bool:
    """Tell whether a request came by https; plain HTTP is let in on this machine alone."""
    return request.url.scheme == "https"


def cookie_name(request: Request, name: str) -> str:
    """Return what a cookie of ours is called where this request came from."""
    return _BY_TLS_ALONE + name if is_secure(request) else name


def machine(request: Request) -> Source:
    """Return the source that is calling; a dependency of routes for machines."""
    found = caller(request)
    if found.source is None:
        raise Problem(403, "Forbidden", "Only a machine with its token may do this.")
    return found.source


async def source_of_token(request: Request, token: str) -> Source:
    """Return the source a token belongs to, where it stands in the path.

    Raises
    ------
    Problem
        401, the token belongs to nobody.
    """
    source: Source | None = await request.app.state.tokens.find(token, request.scope)
    if source is None:
        raise _unknown()
    _refuse_beyond_scope(source, Scope.POSITIONS)
    return source


def needs_authenticator(request: Request, present: Present) -> bool:
    """Tell whether a person must set up an authenticator before anything else.

    Who signed in elsewhere was asked there for whatever proves it.
    """
    roles = request.app.state.settings.totp_roles.split(",")
    account = present.account
    return not present.session.by_other and not account.asks_code and account.role in roles


def _refuse_before_enrolment(request: Request, present: Present) -> None:
    if needs_authenticator(request, present):
        raise Problem(
            403,
            "Forbidden",
            f"Who is {present.account.role} here proves it by an authenticator's code, too: set one"
            " up first.",
            kind=ENROL,
        )


def _refuse_beyond_scope(source: Source, scope: Scope | None) -> None:
    """Raise the Problem that says what this source, or its token, may not do."""
    if scope in source.scopes:
        return
    if source.device_uid is not None:
        raise Problem(403, "Forbidden", "The token of one device may send its positions only.")
    raise Problem(
        403,
        "Forbidden",
        f"This key of the source {source.name} may {', '.join(sorted(source.scopes)) or 'nothing'},"
        f" and this needs {scope or 'a person'}; an administrator gives rights with: flowctl source"
        f" set {source.name} --may …",
    )


def _token_of(authorization: str) -> str | None:
    """Return a bearer's token, or the password of a phone app that knows only user and password."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[2]
        except ValueError:
            return ""
    return None


def _unknown() -> Problem:
    return Problem(
        401,
        "Unauthorized",
        "Sign in, or send the token of a known source.",
        {"WWW-Authenticate": "Bearer"},
        kind="signed_out",
    )


def _caller_of_session(state: Any, token: str) -> Caller | None:  # noqa: ANN401 - Starlette's State
    with state.pool.connection() as conn:
        found = find_present(conn, token, wall_now=datetime.now(UTC))
    if isinstance(found, End):
        over = _ENDS[found]
        raise Problem(401, "Unauthorized", over.sentence, kind=over.kind)
    if found is None:
        return None
    return Caller(found.account.name, Role(found.account.role), present=found)
