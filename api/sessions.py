"""Signing in and out, and the sessions that are open."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.attempts import count_attempt, take_back
from api.auth import (
    COOKIE,
    address_of,
    cookie_name,
    is_secure,
    needs_authenticator,
    signed_in,
)
from api.door import SIGN_IN
from api.errors import Problem
from api.faults import SECRET
from api.hashing import in_turn
from api.permissions import RIGHTS
from api.record import Connection, record
from api.strangers import place_of
from api.transaction import transaction
from flowctl.errors import NotFoundError
from flowctl.registry.accounts import Role, get_account, is_password
from flowctl.registry.sessions import LIMITS, Present, Session, leave, list_open, open_session
from flowctl.registry.totp import is_second_proof
from flowctl.storage import sessions as stored
from flowctl.storage.accounts import Account, find_account
from flowctl.storage.audit import By
from flowctl.storage.sessions import SessionRecord

router = APIRouter(tags=["sessions"])

CODE_NEEDED = "code-needed"
"""The type of the problem that says: name and password are right, now the code."""
_LOCKED_S = 900
_MOST_FROM_ONE_PLACE = 5
_MOST_FOR_ONE_ACCOUNT = 50
"""Failures within `_LOCKED_S`: a guesser is shut out by place, an attack from many by account."""
_MOST_OF_ONE_PLACE = 40
"""Failures for whichever accounts: offices share an address, a list of names gets not far."""
_SHUT_AT_ONCE_S = 60
"""So long an address that reached its most is turned away at the door, no store being asked."""
_MOST_CODES = 10
"""Wrong codes for one account, with the right password, within `_LOCKED_S`."""


class Credentials(BaseModel):
    """What somebody signs in with; ``code`` is an authenticator's or a recovery code."""

    model_config = ConfigDict(extra="forbid", strict=True)

    account: str = Field(min_length=1, max_length=80)
    password: Annotated[str, SECRET] = Field(min_length=1, max_length=200)
    code: Annotated[str | None, SECRET] = Field(default=None, min_length=6, max_length=40)


class Last(BaseModel):
    """When and where from somebody was in before."""

    at: datetime
    address: str | None
    browser: str | None


class Who(BaseModel):
    """Who is signed in, and what pages offer them.

    ``timezone`` is the site's, in which pages say moments. ``must_enrol`` tells that an
    authenticator must be set up first; ``last`` stands in the answer to signing in.
    """

    account: str
    role: str
    agency: str | None
    post: str
    person: str
    permissions: list[str]
    timezone: str
    authenticator: bool
    must_enrol: bool
    last: Last | None = None


class OpenSession(BaseModel):
    """A session somebody has open."""

    id: UUID
    current: bool
    made_at: datetime
    seen_at: datetime
    ends_at: datetime
    address: str | None
    browser: str | None
    by_other: bool


class Ended(BaseModel):
    """How many sessions were ended."""

    ended: int


@router.post("/v1/sessions")
async def sign_in(request: Request, credentials: Credentials, response: Response) -> Who:
    """Open a session and set its cookie."""
    open_now, place = request.app.state.strangers.signing_in, place_of(request.scope)
    open_now[place] += 1
    try:
        return await _sign_in(request, credentials, response)
    finally:
        open_now[place] -= 1
        if not open_now[place]:
            del open_now[place]


async def _sign_in(request: Request, credentials: Credentials, response: Response) -> Who:
    store = request.app.state.store
    place = place_of(request.scope)
    await _count_place(request, place)
    limits = {
        f"signin:{credentials.account}:{place}": _MOST_FROM_ONE_PLACE,
        f"signin:{credentials.account}": _MOST_FOR_ONE_ACCOUNT,
    }
    for key, most in limits.items():
        await _count(request, key, most)
    account = await run_in_threadpool(_read, request, credentials.account)
    # Without a connection: it takes a tenth of a second by design.
    right = await in_turn(is_password, credentials.password, account)
    if account is None or not right:
        raise _wrong()
    if account.disabled_wall_at is not None:
        raise Problem(
            403,
            "Forbidden",
            "This account is disabled; an administrator can say why.",
            kind="account_disabled",
        )
    code_key = f"signin-code:{credentials.account}"
    if account.asks_code:
        if credentials.code is None:
            raise Problem(
                401, "Unauthorized", "Give a code of the authenticator, too.", kind=CODE_NEEDED
            )
        await _count(request, code_key, _MOST_CODES)
    session = await run_in_threadpool(_open, request, account, credentials.code)
    if session is None:
        raise _wrong()
    for key in (*limits, code_key):  # one by one: a cluster keeps them on several hosts
        await store.delete(key)
    await take_back(store, _place_key(place))
    give_cookie(request, response, session)
    opened = await run_in_threadpool(_present, request, session)
    return _who(request, opened, session.last)


@router.get("/v1/sessions/current")
def current_session(request: Request, present: Annotated[Present, Depends(signed_in)]) -> Who:
    """Say who is signed in."""
    return _who(request, present)


@router.delete("/v1/sessions/current", status_code=204)
def sign_out(request: Request, response: Response) -> None:
    """End the session."""
    with transaction(request) as conn:
        token = request.cookies[cookie_name(request, COOKIE)]
        name = leave(conn, token, wall_now=datetime.now(UTC))
        if name is not None:
            record(request, conn, "session.end", f"account:{name}")
    response.delete_cookie(
        cookie_name(request, COOKIE),
        httponly=True,
        samesite="strict",
        secure=is_secure(request),
    )


@router.get("/v1/sessions")
def list_sessions(
    request: Request,
    present: Annotated[Present, Depends(signed_in)],
    account: Annotated[str | None, Field(max_length=80)] = None,
) -> list[OpenSession]:
    """Return one's own open sessions; an administrator may name another account."""
    name = _whose(present, account)
    with transaction(request) as conn:
        found = list_open(conn, get_account(conn, name), wall_now=datetime.now(UTC))
    return [_shown(one, present) for one in found]


@router.delete("/v1/sessions")
def end_others(
    request: Request,
    present: Annotated[Present, Depends(signed_in)],
    account: Annotated[str | None, Field(max_length=80)] = None,
) -> Ended:
    """End all sessions of one's account but this; an administrator may name another account."""
    name = _whose(present, account)
    with transaction(request) as conn:
        get_account(conn, name)
        n = stored.end_sessions_of(
            conn, name, why="ended", wall_at=datetime.now(UTC), but=present.session.id
        )
        record(request, conn, "session.end_others", f"account:{name}", after={"ended": n})
    return Ended(ended=n)


@router.delete("/v1/sessions/{session_id}", status_code=204)
def end_one(
    request: Request, session_id: UUID, present: Annotated[Present, Depends(signed_in)]
) -> None:
    """End a session of one's own; an administrator may end anybody's."""
    with transaction(request) as conn:
        owner = stored.find_session_account(conn, session_id)
        mine = owner == present.account.name
        if owner is None or not (mine or present.account.role == Role.ADMINISTRATOR):
            raise NotFoundError(
                "There is no such session open; it may have ended meanwhile.", kind="no_session"
            )
        why = "left" if session_id == present.session.id else "ended"
        stored.end_session(conn, session_id, why=why, wall_at=datetime.now(UTC))
        record(request, conn, "session.end", f"account:{owner}")


def give_cookie(request: Request, response: Response, session: Session) -> None:
    """Let a browser keep what it is known by."""
    lasts = LIMITS[Role(session.account.role)].absolute
    response.set_cookie(
        cookie_name(request, COOKIE),
        session.token,
        max_age=int(lasts.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=is_secure(request),
    )


def enter(
    request: Request, conn: Connection, account: Account, *, by_other: bool = False
) -> Session | None:
    """Open a session in place of the one the browser has, and write that down."""
    wall_now = datetime.now(UTC)
    before = request.cookies.get(cookie_name(request, COOKIE))
    if before is not None:
        leave(conn, before, wall_now=wall_now)
    session = open_session(
        conn,
        account,
        address=address_of(request),
        browser=request.headers.get("user-agent"),
        wall_now=wall_now,
        by_other=by_other,
    )
    if session is not None:
        by = By(account.name, account.role, address_of(request))
        after = {"elsewhere": by_other, "code": account.asks_code and not by_other}
        record(request, conn, "session.begin", f"account:{account.name}", after=after, by=by)
    return session


async def _count(request: Request, key: str, most: int) -> None:
    await count_attempt(
        request.app.state.store,
        key,
        most=most,
        within=timedelta(seconds=_LOCKED_S),
        what="Too many failed attempts to sign in",
    )


async def _count_place(request: Request, place: str) -> None:
    try:
        await _count(request, _place_key(place), _MOST_OF_ONE_PLACE)
    except Problem as problem:
        wait_s = min(int((problem.headers or {})["Retry-After"]), _SHUT_AT_ONCE_S)
        request.app.state.strangers.shut(SIGN_IN, place, wait_s)
        raise


def _place_key(place: str) -> str:
    return f"signin-place:{place}"


def _read(request: Request, name: str) -> Account | None:
    with transaction(request) as conn:
        return find_account(conn, name)


def _open(request: Request, account: Account, code: str | None) -> Session | None:
    with transaction(request) as conn:
        if account.asks_code and not is_second_proof(
            conn, request.app.state.keys, account, code or "", wall_now=datetime.now(UTC)
        ):
            return None
        return enter(request, conn, account)


def _present(request: Request, session: Session) -> Present:
    with transaction(request) as conn:
        [newest, *_] = stored.list_open_sessions(
            conn, session.account.name, wall_now=datetime.now(UTC)
        )
    return Present(session.account, newest)


def _who(request: Request, present: Present, last: SessionRecord | None = None) -> Who:
    account = present.account
    return Who(
        account=account.name,
        role=account.role,
        agency=account.agency,
        post=account.post or "",
        person=account.person or "",
        permissions=[name for name, roles in RIGHTS.items() if account.role in roles],
        timezone=request.app.state.site.timezone.key,
        authenticator=account.asks_code,
        must_enrol=needs_authenticator(request, present),
        last=None
        if last is None
        else Last(at=last.created_wall_at, address=last.address, browser=last.browser),
    )


def _whose(present: Present, account: str | None) -> str:
    if account is None or account == present.account.name:
        return present.account.name
    if present.account.role != Role.ADMINISTRATOR:
        raise Problem(
            403,
            "Forbidden",
            "Only an administrator sees the sessions of others.",
            kind="others_sessions",
        )
    return account


def _shown(one: SessionRecord, present: Present) -> OpenSession:
    return OpenSession(
        id=one.id,
        current=one.id == present.session.id,
        made_at=one.created_wall_at,
        seen_at=one.seen_wall_at,
        ends_at=one.expires_wall_at,
        address=one.address,
        browser=one.browser,
        by_other=one.by_other,
    )


def _wrong() -> Problem:
    return Problem(401, "Unauthorized", "Account, password or code is wrong.", kind="credentials")
