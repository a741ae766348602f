"""What other systems of the border know of journeys, before and after they are declared."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from api.auth import machine
from api.partner_bodies import FactsOfTrip, FactsOfTrips, FactsResult, FactsResults, Foreknown
from api.record import record
from api.refusals import shown
from api.transaction import transaction
from flowctl.errors import FlowctlError
from flowctl.registry import facts
from flowctl.registry.facts import Met
from flowctl.registry.partners import get_named
from flowctl.storage.sources import Source
from flowctl.storage.stages import Connection

router = APIRouter(prefix="/v1/partner", tags=["partner"])

From = Annotated[Source, Depends(machine)]
Reference = Annotated[str, Path(min_length=1, max_length=80)]


@router.post("/facts")
def push_facts(request: Request, body: FactsOfTrips, source: From) -> FactsResults:
    """Say what the partner knows of trips: it fills in what is open, and overwrites nothing.

    Where it differs from what was declared, a person decides; the item says which fields.
    """
    with transaction(request) as conn:
        trips = [_find(request, conn, item) for item in body.items]
        # In one order: two requests about the same trips wait for each other, and never in turn.
        order = sorted(range(len(trips)), key=lambda place: trips[place] or 0)
        done = {
            place: _take(request, conn, source, body.items[place], trips[place]) for place in order
        }
    return FactsResults(results=[done[place] for place in sorted(done)])


@router.put("/foreknown/{reference}")
def put_foreknown(
    request: Request, reference: Reference, body: Foreknown, source: From
) -> FactsResult:
    """Keep what the partner knows of a journey under the partner's number, in place of before.

    Whoever declares that truck, or names that number, finds it filled in and marked. What was
    declared already is met as by ``POST /v1/partner/facts``.
    """
    state, now = request.app.state, request.app.state.clock.now()
    with transaction(request) as conn:
        met = facts.know_ahead(
            conn,
            state.site,
            state.keys,
            reference,
            body.facts.model_dump(exclude_none=True),
            plate=body.plate,
            source=f"source:{source.name}",
            now=now,
        )
        said = sorted(body.facts.model_dump(exclude_none=True))
        after = {"fields": said}
        record(request, conn, "partner.foreknown", f"source:{source.name}", after=after)
    return FactsResult(status="done") if met is None else _done(None, met)


def _find(request: Request, conn: Connection, item: FactsOfTrip) -> int | None:
    try:
        return _named(request, conn, item)
    except FlowctlError:
        return None  # whose turn says why


def _named(request: Request, conn: Connection, item: FactsOfTrip) -> int:
    site = request.app.state.site
    return get_named(conn, site, trip=item.trip, plate=item.plate, declaration=item.declaration)


def _take(
    request: Request, conn: Connection, source: Source, item: FactsOfTrip, found: int | None
) -> FactsResult:
    state, now = request.app.state, request.app.state.clock.now()
    said = item.facts.model_dump(exclude_none=True)
    try:
        with conn.transaction():
            trip = _named(request, conn, item) if found is None else found
            met = facts.take_facts(
                conn, state.site, state.keys, trip, said, source=f"source:{source.name}", now=now
            )
            after = {"filled": met.filled, "conflicts": met.conflicts}
            record(request, conn, "partner.facts", f"trip:{trip}", after=after)
    except FlowctlError as error:
        why = shown(conn, error.refusal)
        return FactsResult(
            status="refused", detail=why.sentence, kind=why.kind, values=dict(why.values)
        )
    return _done(trip, met)


def _done(trip: int | None, met: Met) -> FactsResult:
    return FactsResult(
        status="done", trip=trip, filled=met.filled, conflicts=met.conflicts, same=met.same
    )
