"""Where other systems say another thing than was declared: shown, and decided by a person."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, StrictBool

from api.auth import Caller, caller
from api.record import record
from api.transaction import transaction
from flowctl.registry import facts
from flowctl.storage.conflicts import Conflict, list_conflicts

router = APIRouter(prefix="/v1/conflicts", tags=["conflicts"])

_MOST = 500
ConflictId = Annotated[int, Path(ge=1, lt=2**63)]


class Decision(BaseModel):
    """Whether the partner's word takes the place of the declaration's, which stands otherwise."""

    model_config = ConfigDict(extra="forbid")

    take: StrictBool


@router.get("")
def get_conflicts(
    request: Request,
    trip: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    state: Literal["open", "kept", "taken"] | None = None,
) -> list[Conflict]:
    """List conflicts, of one trip or in one state, the oldest first."""
    with transaction(request) as conn:
        return list_conflicts(conn, request.app.state.site.id, trip=trip, state=state, limit=_MOST)


@router.post("/{conflict_id}/decide")
def decide(
    request: Request,
    conflict_id: ConflictId,
    body: Decision,
    who: Annotated[Caller, Depends(caller)],
) -> Conflict:
    """Keep what is declared, or take the other system's word in its place.

    What is kept is remembered, so that the same word opens it no second time.
    """
    state = request.app.state
    with transaction(request) as conn:
        decided = facts.decide(
            conn,
            state.site,
            state.keys,
            conflict_id,
            take=body.take,
            by=who.signature,
            now=state.clock.now(),
        )
        after = {"field": decided.field, "state": decided.state, "source": decided.source}
        record(request, conn, "conflict.decided", f"trip:{decided.trip}", after=after)
    return decided
