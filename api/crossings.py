"""Trucks that crossed: who is on the other side, who too long, and trucks that belong together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from api.fees import TripId, Who
from api.moments import Day
from api.transaction import transaction
from api.trips import get_visible, sees_own_only
from flowctl.csv_text import csv_text
from flowctl.errors import FlowctlError
from flowctl.site import Site
from flowctl.storage import crossings as stored
from flowctl.storage.crossings import AwayCount, Chosen, Connection, CrossingRecord, HalfPair
from flowctl.storage.declarations import find_declaration, find_twin
from flowctl.storage.fees import day_bounds
from flowctl.storage.workflows import find_workflow
from flowctl.workflow.stages import Proof

router = APIRouter(tags=["crossings"])

State = Literal["away", "overdue", "all"]
Gate = Annotated[str | None, Query(max_length=40)]
Direction = Literal["export", "import"]
Load = Literal["laden", "empty"]
_MOST_IN_CSV = 100_000
_COLUMNS = (
    *("id", "trip", "plate", "nationality", "haulier", "gate", "direction", "load", "at", "due_at"),
    *("returned_at", "return_id", "state"),
)


@dataclass(frozen=True, slots=True)
class ShownCrossing:
    """A truck that crossed; ``due_at`` null: it need not come back.

    ``state`` is ``away``, ``overdue``, ``back`` or ``over`` (it need not come back, or came in).
    ``returned_at`` without ``return_id``: it was seen to be back.
    """

    id: int
    trip: int | None
    plate: str
    nationality: str | None
    haulier: str | None
    gate: str
    direction: str
    load: str | None
    at: datetime
    due_at: datetime | None
    returned_at: datetime | None
    return_id: int | None
    state: Literal["away", "overdue", "back", "over"]


@dataclass(frozen=True, slots=True)
class CrossingsAnswer:
    """A page of crossings at ``at``; ``counts`` are of all trucks on the other side."""

    at: datetime
    rows: list[ShownCrossing]
    next: str | None
    counts: list[AwayCount]


@dataclass(frozen=True, slots=True)
class OtherTruck:
    """The other truck of a transshipment; ``trip`` null: nobody declared it.

    For who sees their own trips only null also where it does not name their truck yet.
    """

    plate: str
    trip: int | None
    state: str | None


@dataclass(frozen=True, slots=True)
class TripCrossings:
    """A trip's way out, its way back, and the truck it belongs together with; null: none."""

    trip: int
    crossing: ShownCrossing | None
    way_back: ShownCrossing | None
    pair: OtherTruck | None


@router.get("/v1/crossings")
def list_crossings(
    request: Request,
    state: State = "all",
    gate: Gate = None,
    direction: Direction | None = None,
    load: Load | None = None,
    after: Annotated[int | None, Query(ge=1)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> CrossingsAnswer:
    """List crossings, the newest first; ``away`` and ``overdue`` the longest away first.

    ``after`` is the ``next`` of the page before.
    """
    application = request.app.state
    now: datetime = application.clock.now()
    chosen = Chosen(gate, direction, load)
    with transaction(request) as conn:
        rows = _rows(conn, application.site, chosen, state, now, after, limit)
        counts = stored.count_away(conn, application.site.id, now)
    following = str(rows[-1].id) if len(rows) == limit else None
    return CrossingsAnswer(now, [_shown(one, now) for one in rows], following, counts)


@router.get("/v1/crossings.csv")
def get_crossings_csv(
    request: Request,
    state: State = "all",
    gate: Gate = None,
    since: Day | None = None,
    until: Day | None = None,
) -> Response:
    """Return crossings as CSV: of local days, both included, or of all of them.

    At most 100,000 at once.
    """
    application = request.app.state
    site: Site = application.site
    now: datetime = application.clock.now()
    if since is not None and until is not None and until < since:
        raise FlowctlError(
            "The range ends before it begins; exchange the days.", kind="range_turned"
        )
    begins = None if since is None else day_bounds(site, since)[0]
    ends = None if until is None else day_bounds(site, until)[1]
    with transaction(request) as conn:
        chosen = Chosen(gate, since=begins, until=ends)
        rows = _rows(conn, site, chosen, state, now, None, _MOST_IN_CSV)
    shown = [_shown(one, now) for one in rows]
    text = csv_text(_COLUMNS, ([getattr(one, name) for name in _COLUMNS] for one in shown))
    name = f"{site.id}_crossings_{now.astimezone(site.timezone).date()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text.encode(), headers=headers, media_type="text/csv; charset=utf-8")


@router.get("/v1/trips/{trip_id}/crossings")
def get_trip_crossings(request: Request, trip_id: TripId, who: Who) -> TripCrossings:
    """Return by which gate a trip's truck went, when it came back, and its other truck."""
    state = request.app.state
    now: datetime = state.clock.now()
    with transaction(request) as conn:
        get_visible(conn, state.site, trip_id, who)
        went = stored.find_crossing_of_trip(conn, trip_id)
        back_id = None if went is None else went.return_id
        back = None if back_id is None else stored.find_crossing(conn, back_id)
        pair = _pair(conn, state.site, trip_id, mutual=sees_own_only(who))
    return TripCrossings(
        trip_id,
        None if went is None else _shown(went, now),
        None if back is None else _shown(back, now),
        pair,
    )


@router.get("/v1/pairs")
def list_pairs(
    request: Request, waits_min: Annotated[int, Query(ge=0, le=100_000)] = 60
) -> list[HalfPair]:
    """List trucks that wait in a yard for the other truck of their transshipment, longest first.

    Those that have waited for ``waits_min`` minutes.
    """
    state = request.app.state
    now: datetime = state.clock.now()
    with transaction(request) as conn:
        before = now - timedelta(minutes=waits_min)
        return stored.list_half_pairs(
            conn, state.site.id, arrivals=_arrivals(conn, state.site, now), before=before
        )


def _arrivals(conn: Connection, site: Site, now: datetime) -> list[str]:
    """Return the stages that say that a truck came into a yard."""
    found = find_workflow(conn, site.id, now)
    stages = () if found is None else found[1].stages
    return [stage.id for stage in stages if Proof.YARD_IN in stage.proofs]


def _rows(
    conn: Connection,
    site: Site,
    chosen: Chosen,
    state: State,
    now: datetime,
    after: int | None,
    limit: int,
) -> Sequence[CrossingRecord]:
    if state == "all":
        return stored.list_crossings(conn, site.id, chosen, before_id=after, limit=limit)
    due_before = now if state == "overdue" else None
    return stored.list_away(
        conn, site.id, chosen, due_before=due_before, after_id=after, limit=limit
    )


def _shown(one: CrossingRecord, now: datetime) -> ShownCrossing:
    state: Literal["away", "overdue", "back", "over"] = "over"
    if one.returned_at is not None:
        state = "back"
    elif one.due_at is not None:
        state = "overdue" if one.due_at < now else "away"
    return ShownCrossing(
        id=one.id,
        trip=one.trip_id,
        plate=one.plate,
        nationality=one.nationality,
        haulier=one.haulier,
        gate=one.gate,
        direction=one.direction,
        load=one.load,
        at=one.at,
        due_at=one.due_at,
        returned_at=one.returned_at,
        return_id=one.return_id,
        state=state,
    )


def _pair(conn: Connection, site: Site, trip_id: int, *, mutual: bool) -> OtherTruck | None:
    twin = find_twin(conn, site.id, trip_id, mutual=mutual)
    if twin is not None:
        return OtherTruck(twin.plate, twin.trip_id, twin.state)
    declared = find_declaration(conn, trip_id)
    plate = None if declared is None else declared.pair_plate
    return None if plate is None else OtherTruck(plate, None, None)
