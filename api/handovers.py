"""How gates hand trucks over, switched by hand: from when until when, and why."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.asked import NO_BODY
from api.auth import acting
from api.moments import Moment
from api.once import MaybeKey, act_once
from api.record import record
from api.transaction import transaction
from flowctl.registry import handovers as registry
from flowctl.storage import workflows as stored
from flowctl.storage.audit import By
from flowctl.storage.workflows import Connection, Switch

router = APIRouter(tags=["stages"])

GateId = Annotated[str, Path(min_length=1, max_length=80)]
Words = Annotated[str, Field(min_length=1, max_length=200)]


class NewSwitch(BaseModel):
    """From ``begins_at`` on, now where it is absent, a gate hands over by one variant alone."""

    model_config = ConfigDict(extra="forbid")

    direction: Literal["export", "import"]
    variant: Annotated[str, Field(min_length=1, max_length=40)]
    begins_at: Moment | None = None
    ends_at: Moment | None = None
    reason: Words


@dataclass(frozen=True, slots=True)
class ShownSwitch:
    """A switch by hand; ``ends_at`` null: until somebody ends it."""

    id: int
    gate: str
    direction: str
    variant: str
    begins_at: datetime
    ends_at: datetime | None
    reason: str
    set_by: str
    set_at: datetime
    ended_by: str | None
    ended_at: datetime | None


@router.get("/v1/handovers")
def list_handovers(request: Request) -> list[ShownSwitch]:
    """List the switches that hold or are to begin; the next to begin comes first."""
    state = request.app.state
    with transaction(request) as conn:
        found = stored.list_switches(conn, state.site.id, since=state.clock.now())
        return [_shown(one) for one in found]


@router.post("/v1/gates/{gate}/handovers", status_code=201)
def switch(
    request: Request, response: Response, gate: GateId, body: NewSwitch, key: MaybeKey = None
) -> ShownSwitch:
    """Let a gate hand over by one variant; trips under way finish as they began."""
    site = request.app.state.site

    def do(conn: Connection, by: By, now: datetime) -> int:
        switch_id = registry.switch(
            conn,
            site,
            gate=gate,
            direction=body.direction,
            variant=body.variant,
            begins_at=body.begins_at or now,
            ends_at=body.ends_at,
            reason=body.reason,
            by=by.name,
            now=now,
        )
        after = body.model_dump(mode="json") | {"gate": gate}
        record(request, conn, "handover.begin", f"gate:{gate}", after=after)
        return switch_id

    def show(conn: Connection, switch_id: int) -> ShownSwitch:
        return _shown(stored.get_switch(conn, site.id, switch_id))

    return act_once(request, response, key, body, do=do, show=show)


@router.post("/v1/handovers/{switch_id}/end", dependencies=[NO_BODY])
def end(request: Request, switch_id: Annotated[int, Path(ge=1, lt=2**63)]) -> ShownSwitch:
    """End a switch: the gate hands over by its file's hours again, for trips that begin then."""
    state, by = request.app.state, acting(request)
    with transaction(request) as conn:
        known = stored.end_switch(conn, state.site.id, switch_id, by=by.name, now=state.clock.now())
        after = {"variant": known.variant, "direction": known.direction}
        record(request, conn, "handover.end", f"gate:{known.gate}", after=after)
        return _shown(stored.get_switch(conn, state.site.id, switch_id))


def _shown(found: Switch) -> ShownSwitch:
    return ShownSwitch(**asdict(found))
