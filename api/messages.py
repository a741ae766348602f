"""Messages to drivers as operators see them: what became of each, what they cost, who is away."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from api.asked import NO_BODY
from api.record import record
from api.transaction import transaction
from flowctl.notify.dead_letters import retry_message
from flowctl.notify.verdicts import OLDEST
from flowctl.site import Site
from flowctl.storage.gateway_states import SeenGateway, list_states
from flowctl.storage.messages import (
    GatewaySum,
    MessageRecord,
    State,
    count_dead,
    count_states,
    list_messages,
    sum_gateways,
)

router = APIRouter(tags=["messages"])

MessageId = Annotated[int, Path(ge=1, lt=2**63)]


@dataclass(frozen=True, slots=True)
class MessageSummary:
    """The messages of the local day that began at ``since``.

    ``states`` counts those written in it, ``sent`` sums up by gateway and currency what went out
    in it. ``dead`` were given up, on whatever day, and wait for somebody's word.
    """

    since: datetime
    states: dict[str, int]
    dead: int
    sent: list[GatewaySum]
    gateways: list[SeenGateway]


@router.get("/v1/messages")
def get_messages(
    request: Request,
    state: State | None = None,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[MessageRecord]:
    """Return the newest messages, where given only those of a state, or older than ``before``."""
    site: Site = request.app.state.site
    with transaction(request) as conn:
        return list_messages(conn, site.id, state=state, before=before, limit=limit)


@router.get("/v1/messages/summary")
def get_summary(request: Request) -> MessageSummary:
    """Return what the local day's messages came to, and how each gateway does."""
    app = request.app.state
    site: Site = app.site
    local = app.clock.now().astimezone(site.timezone)
    since = local.replace(hour=0, minute=0, second=0, microsecond=0)
    with transaction(request) as conn:
        return MessageSummary(
            since,
            count_states(conn, site.id, since),
            count_dead(conn, site.id),
            sum_gateways(conn, site.id, since, oldest=OLDEST),
            list_states(conn, site.id),
        )


@router.post("/v1/messages/{message_id}/retry", dependencies=[NO_BODY])
def retry(request: Request, message_id: MessageId) -> MessageRecord:
    """Let a message that was given up be sent after all."""
    state = request.app.state
    with transaction(request) as conn:
        retried = retry_message(conn, state.site.id, message_id, now=state.clock.now())
        record(request, conn, "message.retry", f"message:{message_id}")
        return retried
