"""Signing in at an OpenID Connect provider, where the deployment names one."""

import hashlib
import hmac
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote_plus, urlencode

import httpx
import msgspec
import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.auth import is_secure
from api.errors import Problem
from api.faults import SECRET
from api.sessions import enter, give_cookie
from api.strangers import place_of
from api.transaction import transaction
from flowctl.notify.outside import within
from flowctl.registry.openid import (
    Attempt,
    Identity,
    NotProvedError,
    address_to_ask,
    find_known,
    identify,
    names_unknown_key,
    new_attempt,
)
from flowctl.registry.sessions import Session
from flowctl.settings import Settings

router = APIRouter(tags=["sessions"])

_COOKIE = "flowctl_oidc"
_ATTEMPT_S = 600
_KEPT_S = 3600.0
_KEYS_AGAIN_S = 30.0
"""So often at most keys are asked for anew because a token names one we do not know."""
_TIMEOUT_S = 10.0
_STARTS_PER_S = 2.0
_PAGES = frozenset({"/", "/planner", "/gate", "/people", "/declare", "/agency"})
_CALLBACK = "/oidc/callback"

_log = structlog.get_logger()


class Elsewhere(BaseModel):
    """Where else people may sign in; None: nowhere."""

    name: str | None


class Provider:
    """What the provider says of itself, remembered for an hour."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = (settings.oidc_issuer or "").rstrip("/")
        self._client_id = settings.oidc_client_id
        self._secret_file = settings.oidc_secret_file
        self._redirect_uri = settings.public_url.rstrip("/") + _CALLBACK
        self._document: dict[str, Any] = {}
        self._keys = KeySet([])
        self._asked_at = self._keys_at = -_KEPT_S

    async def address(self, attempt: Attempt) -> str:
        """Return where a browser signs in."""
        document = await self._discover()
        return address_to_ask(
            document["authorization_endpoint"],
            attempt,
            client_id=self._client_id,
            redirect_uri=self._redirect_uri,
        )

    async def redeem(self, code: str, attempt: Attempt) -> Identity:
        """Return whose a code of the provider is.

        Raises
        ------
        NotProvedError
            The provider refuses the code, or its token does not hold.
        httpx.HTTPError
            The provider does not answer.
        """
        document = await self._discover()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": attempt.verifier,
        }
        auth = httpx.Auth()
        if self._secret_file is None:
            form["client_id"] = self._client_id
        else:
            # Both in the form RFC 6749 (2.3.1) wants them in, so that any character may be there.
            pair = (self._client_id, self._secret_file.read_text().strip())
            auth = httpx.BasicAuth(*map(quote_plus, pair))
        async with within(_TIMEOUT_S), httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
            answer = await client.post(document["token_endpoint"], data=form, auth=auth)
        token = _object(answer).get("id_token") if answer.is_success else None
        if not isinstance(token, str):
            raise NotProvedError(f"The provider gave no token: {answer.text[:200]}")
        return identify(
            token,
            await self._keys_for(token),
            issuer=document["issuer"],
            client_id=self._client_id,
            nonce=attempt.nonce,
            wall_now=datetime.now(UTC),
        )

    async def _discover(self) -> dict[str, Any]:
        if time.monotonic() - self._asked_at < _KEPT_S:
            return self._document
        async with within(_TIMEOUT_S), httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
            answer = await client.get(f"{self._issuer}/.well-known/openid-configuration")
        document = _object(answer.raise_for_status())
        if str(document.get("issuer", "")).rstrip("/") != self._issuer:
            raise NotProvedError(
                f"{self._issuer} says that it is {document.get('issuer')}; name it so."
            )
        self._document, self._asked_at = document, time.monotonic()
        return document

    async def _keys_for(self, token: str) -> KeySet:
        age = time.monotonic() - self._keys_at
        changed = names_unknown_key(token, self._keys) and age > _KEYS_AGAIN_S
        if age < _KEPT_S and not changed:
            return self._keys
        async with within(_TIMEOUT_S), httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
            answer = await client.get((await self._discover())["jwks_uri"])
        try:
            self._keys = KeySet.import_key_set(_object(answer.raise_for_status()))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError) as error:
            raise NotProvedError(f"The provider's keys cannot be read: {error}") from error
        self._keys_at = time.monotonic()
        return self._keys


@router.get("/v1/sessions/elsewhere")
def get_elsewhere(request: Request) -> Elsewhere:
    """Say whether there is a provider to sign in at, and what it is called."""
    settings: Settings = request.app.state.settings
    return Elsewhere(name=None if settings.oidc_issuer is None else settings.oidc_name)


@router.get("/oidc/start", include_in_schema=False)
async def start(
    request: Request, page: Annotated[str, Query(max_length=40)] = "/"
) -> RedirectResponse:
    """Send the browser to the provider, to come back to a page of ours."""
    provider = _provider(request)
    request.app.state.strangers.count_request("oidc", place_of(request.scope), _STARTS_PER_S)
    attempt = new_attempt(page if page in _PAGES else "/")
    try:
        address = await provider.address(attempt)
    except (httpx.HTTPError, NotProvedError, KeyError) as error:
        return _refuse(attempt.page, "failed", error)
    kept = msgspec.json.encode(asdict(attempt))
    await request.app.state.store.set(_key(attempt.state), kept, ex=_ATTEMPT_S)
    answer = RedirectResponse(address, status_code=303)
    # Lax: it must come along when the provider sends the browser back.
    answer.set_cookie(
        _COOKIE,
        attempt.browser,
        max_age=_ATTEMPT_S,
        path=_CALLBACK,
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )
    return answer


@router.get("/oidc/callback", include_in_schema=False)
async def come_back(
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, SECRET, Query(max_length=4000)] = "",
    error: Annotated[str | None, Query(max_length=200)] = None,
) -> RedirectResponse:
    """Take up who comes back from the provider: open a session, or say on the page why not."""
    provider = _provider(request)
    kept = await request.app.state.store.getdel(_key(state))
    if kept is None:
        return _refuse("/", "expired", f"nobody was sent with this state, or too long ago: {error}")
    attempt = msgspec.json.decode(kept, type=Attempt)
    if not hmac.compare_digest(request.cookies.get(_COOKIE, "").encode(), attempt.browser.encode()):
        return _refuse(attempt.page, "expired", "another browser comes back than was sent")
    if error is not None:
        return _refuse(attempt.page, "cancelled", error)
    try:
        who = await provider.redeem(code, attempt)
    except (httpx.HTTPError, NotProvedError, KeyError) as problem:
        return _refuse(attempt.page, "failed", problem)
    found = await run_in_threadpool(_open, request, who)
    if isinstance(found, str):
        return _refuse(attempt.page, found, who.subject)
    answer = RedirectResponse(attempt.page, status_code=303)
    give_cookie(request, answer, found)
    answer.delete_cookie(_COOKIE, path=_CALLBACK, httponly=True, samesite="lax")
    return answer


def _open(request: Request, who: Identity) -> Session | str:
    """Return a session, or the word for why there is none."""
    with transaction(request) as conn:
        account = find_known(conn, who)
        if account is None:
            return "unknown"
        if account.disabled_wall_at is not None:
            return "disabled"
        return enter(request, conn, account, by_other=True) or "failed"


def _provider(request: Request) -> Provider:
    state = request.app.state
    if state.settings.oidc_issuer is None:
        raise Problem(
            404,
            "Not found",
            "People sign in here by account and password only.",
            kind="no_provider",
        )
    if getattr(state, "provider", None) is None:
        state.provider = Provider(state.settings)
    found: Provider = state.provider
    return found


def _refuse(page: str, why: str, reason: object) -> RedirectResponse:
    """Send the browser back to a page that says why nobody is signed in."""
    _log.warning("sign-in elsewhere came to nothing", why=why, reason=str(reason))
    return RedirectResponse(f"{page}?{urlencode({'signin': why})}", status_code=303)


def _key(state: str) -> str:
    return f"oidc:{hashlib.sha256(state.encode()).hexdigest()}"


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        read = answer.json()
    except ValueError as error:
        raise NotProvedError("The provider's answer is no JSON.") from error
    if not isinstance(read, dict):
        raise NotProvedError("The provider's answer is no JSON object.")
    return read
