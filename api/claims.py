"""Whether a browser may act for a trip: the cookie it was given when it claimed the trip's link."""

from collections.abc import Sequence
from typing import Any

import psycopg
from fastapi import Request, Response

from api.auth import cookie_name, is_secure
from api.errors import Problem
from flowctl.registry.claims import find_claim
from flowctl.storage.claims import LinkState

UNCLAIMED = "claim"
"""The type of the problem that says: claim the link first, by a code if need be."""
_KEPT_S = 60 * 24 * 3600
_MOST_COOKIES = 20
"""A driver has few trips at once; cookies of former ones must not fill a request's headers."""


def find_link_state(request: Request, conn: psycopg.Connection[Any], trip_id: int) -> LinkState:
    """Return whether the trip's link was claimed, and whether by the browser that asks."""
    return find_claim(conn, trip_id, request.cookies.get(_cookie(request, trip_id)))


def require_claim(request: Request, conn: psycopg.Connection[Any], trip_id: int) -> None:
    """Raise the Problem 403 of type `UNCLAIMED` where the browser may not act for the trip."""
    state = find_link_state(request, conn, trip_id)
    if state.mine:
        return
    if state.claimed:
        raise claimed_elsewhere()
    raise Problem(
        403, "Forbidden", "Claim this link before you act: open its page once.", kind=UNCLAIMED
    )


def claimed_elsewhere() -> Problem:
    """Return the Problem that says whose browser may act for a trip, and how another one may."""
    return Problem(
        403,
        "Forbidden",
        "This link was opened first on another phone. To act here, ask for a code by SMS to the"
        " registered number, and enter it.",
        kind=UNCLAIMED,
    )


def give_cookies(request: Request, response: Response, tokens: Sequence[tuple[int, str]]) -> None:
    """Let the browser keep what proves that it may act, one cookie a trip."""
    for trip_id, token in tokens[:_MOST_COOKIES]:
        response.set_cookie(
            _cookie(request, trip_id),
            token,
            max_age=_KEPT_S,
            path="/",  # the page itself comes with what its browser may do
            httponly=True,
            samesite="strict",
            secure=is_secure(request),
        )


def _cookie(request: Request, trip_id: int) -> str:
    return cookie_name(request, f"flowctl_driver_{trip_id}")
