"""Trips found by a part of a plate, a number, a paper, a device or a driver's code."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from api.auth import Caller, caller
from api.transaction import transaction
from flowctl.registry.accounts import Role
from flowctl.registry.search import wanted_of
from flowctl.storage.search import FoundTrip, search_trips

router = APIRouter(tags=["trips"])

_KNOWS_NUMBERS = frozenset({Role.OPERATOR, Role.ADMINISTRATOR})
"""Who talks to drivers may find them by the number they call from; it is never shown."""


@router.get("/v1/search")
def search(
    request: Request,
    who: Annotated[Caller, Depends(caller)],
    q: Annotated[str, Query(min_length=1, max_length=200)],
    limit: Annotated[int, Query(ge=1, le=50)] = 12,
) -> list[FoundTrip]:
    """Find trips, those under way first, then the newest."""
    state = request.app.state
    wanted = wanted_of(q, state.keys, phones=who.role in _KNOWS_NUMBERS)
    with transaction(request) as conn:
        return search_trips(conn, state.site.id, wanted, limit=limit)
