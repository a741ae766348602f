"""What other systems of the border push: words about stages, and crossings, item by item."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Request

from api.auth import machine
from api.partner_bodies import (
    CrossingSeen,
    CrossingsSeen,
    Result,
    Results,
    StageWord,
    StageWords,
)
from api.record import record
from api.refusals import shown
from api.stages import ACTS
from api.transaction import transaction
from flowctl.errors import FlowctlError
from flowctl.registry import pushes
from flowctl.registry.pushes import Crossed
from flowctl.storage.sources import Source
from flowctl.storage.stages import Connection

router = APIRouter(prefix="/v1/partner", tags=["partner"])

From = Annotated[Source, Depends(machine)]
Item = TypeVar("Item")


@router.post("/stages")
def push_stages(request: Request, body: StageWords, source: From) -> Results:
    """Say what the partner's desk decided of stages, up to 500 at once.

    Each item counts once, by its ``key``: what comes again is answered as ``repeated``. One that is
    refused says why and holds up none of the others.
    """
    pushes.desk_of(source)
    with transaction(request) as conn:
        return Results(results=say_words(request, conn, source, body.items))


@router.post("/crossings")
def push_crossings(request: Request, body: CrossingsSeen, source: From) -> Results:
    """Say which trucks crossed; a truck's active trip in that direction ends with it."""
    site, now = request.app.state.site, request.app.state.clock.now()

    def do(conn: Connection, item: CrossingSeen) -> Result:
        crossed = Crossed(item.plate, item.gate, item.direction, item.at)
        new = pushes.push_crossing(conn, site, source, crossed, now=now)
        if new:
            after = {"direction": item.direction, "at": item.at.isoformat()}
            record(request, conn, "partner.crossing", f"gate:{item.gate}", after=after)
        return Result(status="done" if new else "repeated")

    with transaction(request) as conn:
        items = sorted(enumerate(body.items), key=lambda one: (one[1].plate, one[1].at))
        return Results(results=each(conn, items, do))


def say_words(
    request: Request, conn: Connection, source: Source, words: Sequence[StageWord]
) -> list[Result]:
    """Say each word by itself; returns what became of it, in the order given."""
    site, now = request.app.state.site, request.app.state.clock.now()
    found: dict[int, int | FlowctlError] = {}
    for place, item in enumerate(words):
        try:
            found[place] = pushes.trip_of(conn, site, item.word())
        except FlowctlError as error:
            found[place] = error

    def do(conn: Connection, placed: tuple[int, StageWord]) -> Result:
        place, item = placed
        trip = found[place]
        if isinstance(trip, FlowctlError):
            raise trip
        if not pushes.push_word(conn, site, source, trip, item.word(), now=now):
            return Result(status="repeated", trip=trip)
        after = {"stage": item.stage, "desk": str(source.agency), "reason": item.reason}
        record(request, conn, ACTS[item.act], f"trip:{trip}", after={**after, **item.settled})
        return Result(status="done", trip=trip)

    def trip_at(place: int) -> int:
        trip = found[place]
        return trip if isinstance(trip, int) else 0

    # In one order: two requests about the same trips wait for each other, and never in turn.
    order = sorted(enumerate(words), key=lambda one: trip_at(one[0]))
    return each(conn, [(place, (place, item)) for place, item in order], do)


def each(
    conn: Connection, items: Iterable[tuple[int, Item]], do: Callable[[Connection, Item], Result]
) -> list[Result]:
    """Do each item by itself, one that is refused undone; returns the results by their places."""
    results: dict[int, Result] = {}
    for place, item in items:
        try:
            with conn.transaction():
                results[place] = do(conn, item)
        except FlowctlError as error:
            why = shown(conn, error.refusal)
            results[place] = Result(
                status="refused", detail=why.sentence, kind=why.kind, values=dict(why.values)
            )
    return [results[place] for place in sorted(results)]
