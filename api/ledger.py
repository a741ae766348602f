"""The ledger to the world: heads anybody may keep, overtakes anybody may count, rows for auditors.

What was exported is verified without us: ``flowctl ledger verify --file FILE --against HEAD``, or
by any JSON library, as `flowctl.ledger.chain` says.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import StreamingResponse

from api.moments import Moment
from api.strangers import place_of
from api.transaction import transaction
from flowctl.errors import NotFoundError
from flowctl.ledger.chain import line_of
from flowctl.ledger.signing import ShownHead, shown
from flowctl.site import Site
from flowctl.storage.ledger import list_rows
from flowctl.storage.ledger_counts import Connection, count_overtakes
from flowctl.storage.ledger_heads import find_signed_head, list_signed_heads

router = APIRouter(tags=["ledger"])

_MOST_HEADS = 1000
_MOST_ROWS = 100_000
_ASKED_PER_S = 20.0
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)
"""Beyond these a day has no bounds that can be written."""


@dataclass(frozen=True, slots=True)
class Overtakes:
    """Pairs of trucks that passed each other on one local day, by gate and reason code."""

    day: date
    gates: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class PublicLedger:
    """What the board shows of the ledger."""

    head: ShownHead | None
    overtakes: Overtakes


def _bounded(request: Request) -> None:
    """Answer anybody, but nobody so often that others wait: each asks the database."""
    request.app.state.strangers.count_request("ledger", place_of(request.scope), _ASKED_PER_S)


@router.get("/v1/ledger/head", dependencies=[Depends(_bounded)])
def get_head(request: Request) -> ShownHead:
    """Return the head that was signed last: who keeps it holds us to all before it."""
    site: Site = request.app.state.site
    with transaction(request) as conn:
        head = find_signed_head(conn, site.id)
    if head is None:
        raise NotFoundError(f"No head of the ledger of {site.id} was signed so far.")
    return shown(head)


@router.get("/v1/ledger/heads", dependencies=[Depends(_bounded)])
def get_heads(
    request: Request,
    since: Moment | None = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_HEADS)] = _MOST_HEADS,
) -> list[ShownHead]:
    """Return the heads signed at ``since`` or later, in order; ask again from the last one's on."""
    site: Site = request.app.state.site
    with transaction(request) as conn:
        return [shown(h) for h in list_signed_heads(conn, site.id, since=since, limit=limit)]


@router.get("/v1/ledger/overtakes", dependencies=[Depends(_bounded)])
def get_overtakes(
    request: Request,
    day: Annotated[date | None, Query(ge=_FIRST_DAY, le=_LAST_DAY)] = None,
) -> Overtakes:
    """Count the overtakes of a local day, today's where none is named."""
    state = request.app.state
    site: Site = state.site
    with transaction(request) as conn:
        return _overtakes(conn, site, day or state.clock.now().astimezone(site.timezone).date())


@router.get("/v1/ledger")
def export(
    request: Request,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST_ROWS)] = _MOST_ROWS,
) -> StreamingResponse:
    """Return rows behind ``after`` as NDJSON: of each its hash and the very bytes hashed."""
    return StreamingResponse(
        _lines(request, request.app.state.site.id, after, limit), media_type="application/x-ndjson"
    )


def _lines(request: Request, site: str, after: int, limit: int) -> Iterator[bytes]:
    with transaction(request) as conn:
        for kept in islice(list_rows(conn, site, after=after), limit):
            yield line_of(kept) + b"\n"


def public_ledger(conn: Connection, site: Site, now: datetime) -> PublicLedger:
    """Return what the board shows."""
    head = find_signed_head(conn, site.id)
    return PublicLedger(
        None if head is None else shown(head),
        _overtakes(conn, site, now.astimezone(site.timezone).date()),
    )


def _overtakes(conn: Connection, site: Site, day: date) -> Overtakes:
    since = datetime(day.year, day.month, day.day, tzinfo=site.timezone)
    following = day + timedelta(days=1)
    until = datetime(following.year, following.month, following.day, tzinfo=site.timezone)
    return Overtakes(day, count_overtakes(conn, site.id, since=since, until=until))
