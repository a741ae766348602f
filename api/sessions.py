"""Signing in and out."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.attempts import count_attempt
from api.auth import COOKIE, Caller, caller
from api.errors import Problem
from api.transaction import transaction
from flowctl.registry.accounts import SESSION_LASTS, Session, hash_token, open_session
from flowctl.storage.accounts import delete_session

router = APIRouter(tags=["sessions"])

_LOCKED_S = 900
_MOST_FROM_ONE_PLACE = 5
_MOST_FOR_ONE_ACCOUNT = 50
"""Failures within `_LOCKED_S`: a guesser is shut out by place, an attack from many by account."""


class Credentials(BaseModel):
    """What somebody signs in with."""

    model_config = ConfigDict(extra="forbid", strict=True)

    account: str = Field(min_length=1, max_length=80)
    password: str = Field(min_length=1, max_length=200)


class Present(BaseModel):
    """Who is signed in."""

    account: str
    role: str


@router.post("/v1/sessions")
async def sign_in(request: Request, credentials: Credentials, response: Response) -> Present:
    """Open a session and set its cookie."""
    store = request.app.state.store
    place = request.client.host if request.client is not None else "nowhere"
    limits = {
        f"signin:{credentials.account}:{place}": _MOST_FROM_ONE_PLACE,
        f"signin:{credentials.account}": _MOST_FOR_ONE_ACCOUNT,
    }
    for key, most in limits.items():
        await count_attempt(
            store,
            key,
            most=most,
            within=timedelta(seconds=_LOCKED_S),
            what="Too many failed attempts to sign in",
        )
    session = await run_in_threadpool(_open, request, credentials)
    if session is None:
        raise Problem(401, "Unauthorized", "Account or password is wrong.")
    await store.delete(*limits)
    response.set_cookie(
        COOKIE,
        session.token,
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.app.state.settings.public_url.startswith("https:"),
    )
    return Present(account=session.account, role=session.role)


def _open(request: Request, credentials: Credentials) -> Session | None:
    with transaction(request) as conn:
        return open_session(
            conn,
            name=credentials.account,
            password=credentials.password,
            wall_now=datetime.now(UTC),
        )


@router.get("/v1/sessions/current")
def current_session(who: Annotated[Caller, Depends(caller)]) -> Present:
    """Say who is signed in."""
    return Present(account=who.name, role=who.role)


@router.delete("/v1/sessions/current", status_code=204)
def sign_out(request: Request, response: Response) -> None:
    """End the session."""
    with transaction(request) as conn:
        delete_session(conn, hash_token(request.cookies[COOKIE]))
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
