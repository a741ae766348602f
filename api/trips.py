"""Trips: registered, looked up, changed, cancelled."""

from collections.abc import Collection
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from api.asked import NO_BODY
from api.auth import Caller, caller
from api.once import MaybeKey, act_once
from api.record import record
from api.transaction import transaction
from api.trip_bodies import (
    ChangedTrip,
    EtaAnswer,
    PaperBody,
    PenaltyAnswer,
    SlotAnswer,
    StandbyWish,
    TripAnswer,
    TripDeclaration,
    TripId,
    TripPatch,
)
from flowctl.dispatch.turns import shown_stage
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.registry import requests
from flowctl.registry import trips as registry
from flowctl.registry.accounts import Role
from flowctl.registry.changes import change
from flowctl.registry.decisions import withdraw
from flowctl.registry.facts import meet_foreknown
from flowctl.registry.phone_tracker import tracker_of
from flowctl.registry.plates import parse_part
from flowctl.site import Site
from flowctl.storage import penalties
from flowctl.storage.audit import By
from flowctl.storage.eta import find_eta
from flowctl.storage.live import Connection, LiveRow, find_live, list_trips
from flowctl.storage.snapshot import live_trip
from flowctl.storage.trips import find_left_place
from flowctl.traffic.eta import Eta

router = APIRouter(tags=["trips"])

_LOGGED = (
    *("direction", "cargo", "gates", "ready_at", "state", "device", "weight_t", "convoy"),
    *("standby", "extended_until", "needs", "returns_within_h", "language", "haulier", "plate"),
)
_NAMED = frozenset({"phone", "evidence", *PaperBody.model_fields})
"""Of these the log says that they were named, and not what was said."""
Who = Annotated[Caller, Depends(caller)]


@router.post("/v1/trips", status_code=201)
def register_trip(
    request: Request,
    response: Response,
    body: TripDeclaration,
    who: Who,
    key: MaybeKey = None,
) -> TripAnswer:
    """Register a trip by its one declaration; its driver is told. A repeated key makes no other."""
    state = request.app.state
    declaration = body.declared(haulier_of(body.haulier, who))

    made: dict[int, TripAnswer] = {}

    def do(conn: Connection, by: By, now: datetime) -> int:
        trip_id = registry.register(conn, state.site, state.keys, declaration, by=by.name, now=now)
        meet_foreknown(conn, state.site, state.keys, trip_id, now=now)
        shown = trip_answer(state, get_visible(conn, state.site, trip_id, who))
        record(request, conn, "trip.register", f"trip:{trip_id}", after=_logged(shown))
        made[trip_id] = shown
        return trip_id

    def show(conn: Connection, trip_id: int) -> TripAnswer:
        return made.get(trip_id) or trip_answer(state, get_visible(conn, state.site, trip_id, who))

    return act_once(request, response, key, body, do=do, show=show)


@router.get("/v1/trips")
def list_registered(
    request: Request,
    who: Who,
    state: Literal["active", "cleared", "cancelled"] | None = None,
    plate: Annotated[str | None, Query(max_length=20)] = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 100,
) -> list[TripAnswer]:
    """List the newest trips; ``plate`` may be a part of one. Some roles see their own only."""
    application = request.app.state
    with transaction(request) as conn:
        rows = list_trips(
            conn,
            site=application.site.id,
            state=state,
            plate=None if plate is None else parse_part(plate),
            registered_by=who.signature if sees_own_only(who) else None,
            limit=limit,
        )
    return [trip_answer(application, row) for row in rows]


@router.get("/v1/trips/{trip_id}")
def get_trip(request: Request, trip_id: TripId, who: Who) -> TripAnswer:
    """Return a trip, with when its truck is expected at its yard or, once called, at its gate."""
    site: Site = request.app.state.site
    with transaction(request) as conn:
        row = get_visible(conn, site, trip_id, who)
        active = row.state == "active"
        eta = find_eta(conn, site, row, request.app.state.clock.now()) if active else None
        regains_at = find_left_place(conn, trip_id) if active and row.device else None
    shown = None if eta is None else _eta(eta)
    return replace(trip_answer(request.app.state, row), eta=shown, regains_at=regains_at)


@router.patch("/v1/trips/{trip_id}")
def change_trip(request: Request, trip_id: TripId, body: TripPatch, who: Who) -> ChangedTrip:
    """Change an active trip; what costs its place was said with its declaration before."""
    state = request.app.state
    wish = body.wish(at_desk=who.role in {Role.OPERATOR, Role.ADMINISTRATOR})
    with transaction(request) as conn:
        before = trip_answer(state, get_visible(conn, state.site, trip_id, who))
        lost = change(
            conn, state.site, state.keys, trip_id, wish, by=who.signature, now=state.clock.now()
        )
        after = trip_answer(state, get_visible(conn, state.site, trip_id, who))
        _record_change(request, conn, "trip.change", before, after, named=body.model_fields_set)
        return ChangedTrip(
            **{one.name: getattr(after, one.name) for one in fields(after)}, lost_place_by=lost
        )


@router.post("/v1/trips/{trip_id}/cancel", dependencies=[NO_BODY])
def cancel_trip(request: Request, trip_id: TripId, who: Who) -> TripAnswer:
    """Cancel an active trip; its driver is told. A haulier cannot once its truck was let in."""
    state = request.app.state
    with transaction(request) as conn:
        before = trip_answer(state, get_visible(conn, state.site, trip_id, who))
        end = withdraw if who.role is Role.HAULIER else registry.cancel
        end(conn, state.site, trip_id, by=who.signature, now=state.clock.now())
        after = trip_answer(state, get_visible(conn, state.site, trip_id, who))
        _record_change(request, conn, "trip.cancel", before, after)
        return after


@router.post("/v1/trips/{trip_id}/extension", dependencies=[NO_BODY])
def extend_trip(request: Request, trip_id: TripId, who: Who) -> TripAnswer:
    """Give a truck more time: its slot will be no earlier than ``extended_until``."""
    state = request.app.state
    with transaction(request) as conn:
        before = trip_answer(state, get_visible(conn, state.site, trip_id, who))
        requests.extend(conn, state.site, trip_id, by=who.signature, now=state.clock.now())
        after = trip_answer(state, get_visible(conn, state.site, trip_id, who))
        _record_change(request, conn, "trip.extend", before, after)
        return after


@router.post("/v1/trips/{trip_id}/standby")
def set_standby(request: Request, trip_id: TripId, body: StandbyWish, who: Who) -> TripAnswer:
    """Say whether a truck's driver stands by to leave at once."""
    state = request.app.state
    with transaction(request) as conn:
        before = trip_answer(state, get_visible(conn, state.site, trip_id, who))
        requests.stand_by(
            conn, state.site, trip_id, on=body.on, by=who.signature, now=state.clock.now()
        )
        after = trip_answer(state, get_visible(conn, state.site, trip_id, who))
        _record_change(request, conn, "trip.standby", before, after)
        return after


@router.get("/v1/trips/{trip_id}/penalties")
def list_trip_penalties(request: Request, trip_id: TripId, who: Who) -> list[PenaltyAnswer]:
    """List what a trip's truck lost, the oldest first; what was lifted stays in the list."""
    site: Site = request.app.state.site
    with transaction(request) as conn:
        get_visible(conn, site, trip_id, who)
        return [_penalty(one) for one in penalties.list_penalties(conn, site.id, trip_id)]


@router.post("/v1/trips/{trip_id}/penalties/{penalty_id}/lift", dependencies=[NO_BODY])
def lift_penalty(request: Request, trip_id: TripId, penalty_id: TripId, who: Who) -> PenaltyAnswer:
    """Give back what a penalty cost, and end the bans that rest on it."""
    state = request.app.state
    with transaction(request) as conn:
        get_visible(conn, state.site, trip_id, who)
        lifted = penalties.lift_penalty(
            conn, state.site, trip_id, penalty_id, actor=who.signature, now=state.clock.now()
        )
        record(
            request,
            conn,
            "penalty.lift",
            f"trip:{trip_id}",
            before={"penalty": penalty_id, "kind": lifted.kind, "loses_s": lifted.loses_s},
        )
        return _penalty(lifted)


def _record_change(
    request: Request,
    conn: Connection,
    act: str,
    before: TripAnswer,
    after: TripAnswer,
    *,
    named: Collection[str] = (),
) -> None:
    """Write down what an act changed of a trip; of its papers only that they were named."""
    old, new = _logged(before), _logged(after)
    differing = [name for name in old if old[name] != new[name]]
    quiet = sorted(set(named) & _NAMED)
    personal = {"named": quiet} if quiet else {}
    record(
        request,
        conn,
        act,
        f"trip:{after.id}",
        before={name: old[name] for name in differing},
        after={name: new[name] for name in differing} | personal,
    )


def _logged(trip: TripAnswer) -> dict[str, Any]:
    """Return what the log of acts keeps of a trip, as JSON."""
    values = {name: getattr(trip, name) for name in _LOGGED}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def haulier_of(declared: str | None, who: Caller) -> str | None:
    """Return who sends the truck; a haulier's account registers for itself alone."""
    if who.role is not Role.HAULIER:
        return declared
    if declared is not None and declared.strip() != who.name:
        raise FlowctlError(
            f"The account {who.name} registers its own trucks only; leave the haulier out."
        )
    return who.name


def _penalty(record: penalties.PenaltyRecord) -> PenaltyAnswer:
    return PenaltyAnswer(
        id=record.id,
        kind=record.kind,
        loses_s=record.loses_s,
        reason=record.reason,
        actor=record.actor,
        at=record.at,
        banned_until=record.banned_until,
        lifted_at=record.lifted_at,
        lifted_by=record.lifted_by,
    )


def sees_own_only(who: Caller) -> bool:
    """Tell whether somebody is shown no trips but their own."""
    return who.role in {Role.HAULIER, Role.MACHINE}


def get_visible(conn: Connection, site: Site, trip_id: int, who: Caller) -> LiveRow:
    """Return a trip; somebody else's is, for those who see their own only, not there."""
    row = find_live(conn, trip_id, site=site.id)
    if row is None or (sees_own_only(who) and row.registered_by != who.signature):
        raise NotFoundError(f"There is no trip {trip_id}.", kind="no_trip")
    return row


def _eta(eta: Eta) -> EtaAnswer:
    p10, p50, p90 = (datetime.fromtimestamp(at, UTC) for at in (eta.p10, eta.p50, eta.p90))
    return EtaAnswer(eta.expected.target.value, eta.expected.place, p10, p50, p90)


def trip_answer(state: Any, row: LiveRow) -> TripAnswer:  # noqa: ANN401 - Starlette's State
    """Return a row of the living picture as clients are told of it."""
    site: Site = state.site
    trip = live_trip(row)
    stage = shown_stage(trip, state.clock.now())
    slot = None
    if trip.told is not None:
        ends_at = trip.told.starts_at + timedelta(seconds=site.dispatch.slot_s)
        slot = SlotAnswer(
            trip.told.gate, trip.told.starts_at, ends_at, row.accepted_at, row.late_until
        )
    return TripAnswer(
        id=row.id,
        plate=row.plate,
        language=row.language,
        direction=row.direction,
        cargo=row.cargo,
        gates=row.gates,
        ready_at=row.ready_at,
        registered_at=row.registered_at,
        state=row.state,
        stage="cancelled" if row.state == "cancelled" else stage,
        device=row.device,
        tracker=tracker_of(row),
        slot=slot,
        released_at=row.released_at if stage is trip.stage else None,
        arrived_at=row.arrived_at,
        yard=row.yard,
        haulier=row.haulier,
        weight_t=row.weight_t,
        convoy=row.convoy,
        standby=row.standby,
        extended_until=row.extended_until,
        penalty_s=row.penalty_s,
        needs=row.needs,
        returns_within_h=row.returns_within_h,
        by_hand=row.by_hand,
        device_faulty=row.is_faulty,
        has_number=row.has_number,
        declaration=row.declaration,
    )
