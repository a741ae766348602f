"""What officers see at a gate: trucks that entered, trucks that were cleared."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Caller, caller
from api.moments import Moment
from api.record import record
from api.transaction import transaction
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.registry import trips as registry
from flowctl.registry.plates import strip_mark
from flowctl.site import Site
from flowctl.state import Direction
from flowctl.storage.gate_events import GateEvent
from flowctl.storage.snapshot import HISTORY

router = APIRouter(tags=["gates"])


Weight = Annotated[float, Field(gt=0, le=150, allow_inf_nan=False, strict=True)]
"""Tonnes a truck may weigh with its cargo; heavy haulage goes by escort and not by queue."""


class SeenTruck(BaseModel):
    """One truck at one moment; ``truck`` is the officer's mark of it, best its plate.

    ``weight_t`` is what it weighed, tonnes, where somebody weighed it.
    """

    model_config = ConfigDict(extra="forbid")

    direction: Direction
    kind: Literal["entered", "cleared"]
    truck: Annotated[str, Field(min_length=1, max_length=40)]
    at: Moment
    weight_t: Weight | None = None


class Recorded(BaseModel):
    """How many events were new, and how many had been sent before."""

    recorded: int
    repeated: int


@router.post("/v1/gates/{gate}/events")
def record_events(
    request: Request,
    gate: str,
    body: Annotated[list[SeenTruck], Field(max_length=5000)],
    who: Annotated[Caller, Depends(caller)],
) -> Recorded:
    """Record what was seen; sending the same again does no harm."""
    state = request.app.state
    site: Site = state.site
    if gate not in site.gate_by_id:
        known_gates = " and ".join(site.gate_by_id)
        raise NotFoundError(
            f"There is no gate {gate[:40]!r}; {site.id} has {known_gates}.",
            kind="no_gate",
            values={"gate": gate[:40]},
        )
    now = state.clock.now()
    for index, seen in enumerate(body):
        if not strip_mark(seen.truck):
            raise FlowctlError(f"Event {index} has no mark of its truck.")
        refuse_moment(index, seen.at, now, ahead_s=site.future_limit_s, back=HISTORY)
    events = [
        GateEvent(seen.direction, seen.kind, seen.truck, seen.at, seen.weight_t) for seen in body
    ]
    with transaction(request) as conn:
        new = registry.observe(conn, site, gate, events, by=who.signature, now=now)
        if new:
            record(request, conn, "gate.observe", f"gate:{gate}", after={"events": new})
    return Recorded(recorded=new, repeated=len(events) - new)


def refuse_moment(
    index: int, at: datetime, now: datetime, *, ahead_s: float, back: timedelta
) -> None:
    """Refuse an event that lies too far ahead of ``now``, or further back than it can count."""
    if (at - now).total_seconds() > ahead_s:
        raise FlowctlError(f"Event {index} lies in the future: {at.isoformat()}.")
    if now - at > back:
        hours = back.total_seconds() / 3600
        raise FlowctlError(f"Event {index} is more than {hours:.0f} hours old: {at.isoformat()}.")
