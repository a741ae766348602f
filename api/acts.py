"""Acts of operators: what they would change, entered, approved by another, refused, ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from api.act_bodies import AskedAct, NewAct, Note
from api.asked import NO_BODY
from api.auth import acting
from api.errors import Problem
from api.once import Key, act_once
from api.previews import Previews, ShownEffect, trips_of, with_plates, without_plates
from api.transaction import transaction
from flowctl.hand import ActState, reasons_of
from flowctl.registry import acts
from flowctl.site import Site
from flowctl.storage.acts import ActRecord, Connection, list_acts, list_plates
from flowctl.storage.audit import By

router = APIRouter(tags=["acts"])

ActId = Annotated[int, Path(ge=1, lt=2**63)]
_WAIT_S = 10.0
"""How long who enters an act waits for his turn to have its effect worked out."""
_PARAMS = (
    "other_trip_id",
    "other_plate",
    "gate",
    "cargo",
    "haulier",
    "per_h",
    "starts_at",
    "ends_at",
)
_LISTED: Mapping[str, tuple[ActState, ...]] = {
    "waiting": (ActState.WAITING,),
    "standing": (ActState.STANDING,),
    "done": (ActState.DONE, ActState.ENDED, ActState.REFUSED, ActState.LAPSED),
}


@dataclass(frozen=True, slots=True)
class ShownAct:
    """An act as it was entered, and what became of it; ``effect`` as it was shown then."""

    id: int
    kind: str
    state: str
    by: str
    at: datetime
    reason: str
    note: str
    trip_id: int | None
    plate: str | None
    gate: str | None
    params: dict[str, Any]
    effect: dict[str, Any] | None
    approved_by: str | None
    approved_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None
    outcome: str | None


@router.get("/v1/acts/reasons")
def get_reasons(request: Request) -> dict[str, Sequence[str]]:
    """Return the reasons an act may have, by kind; ``other`` needs a note."""
    site: Site = request.app.state.site
    return {str(kind): codes for kind, codes in reasons_of(site.policy.hand).items()}


@router.get("/v1/acts")
def get_acts(
    request: Request,
    state: Literal["waiting", "standing", "done"] | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[ShownAct]:
    """Return the newest acts: those that wait for approval, stand, or are over."""
    states = None if state is None else _LISTED[state]
    with transaction(request) as conn:
        found = list_acts(conn, request.app.state.site.id, states=states, limit=limit)
        return _all_shown(conn, found)


@router.get("/v1/acts/{act_id}")
def get_one(request: Request, act_id: ActId) -> ShownAct:
    """Return an act, one that is over too."""
    with transaction(request) as conn:
        return _show(request.app.state.site, conn, act_id)


@router.post("/v1/acts/preview")
def show_effect(request: Request, body: AskedAct) -> ShownEffect:
    """Return what an act would change: the planner's answer on a copy; nothing is written."""
    state = request.app.state
    by, now, previews = acting(request), state.clock.now(), _previews(request)
    with transaction(request) as conn:
        conn.execute("set transaction isolation level repeatable read, read only")
        effect = previews.find(conn, state.site, body.act(by.name, now), now)
    previews.remember(f"{by.name} {body.model_dump_json()}", effect)
    return ShownEffect.model_validate(effect)


@router.post("/v1/acts", status_code=201)
def enter(request: Request, response: Response, body: NewAct, key: Key) -> ShownAct:
    """Do it: from the next tick on it counts, or once another account has approved it."""
    site: Site = request.app.state.site
    previews = _previews(request)

    def do(conn: Connection, by: By, now: datetime) -> int:
        act = body.act(by.name, now)
        # Refused first without its effect, and nobody is kept waiting while that is worked out.
        with conn.transaction(force_rollback=True):
            acts.check_free(conn, site, act, now)
        effect = previews.recall(f"{by.name} {body.model_dump_json()}")
        if effect is None:
            effect = previews.find(conn, site, act, now, wait_s=_WAIT_S)
            if effect["refused"] is not None:
                sentence, kind, values = effect["refused"].values()
                raise Problem(409, "Conflict", sentence, kind=kind, values=values)
        return acts.begin(conn, site, act, effect=without_plates(effect), by=by, now=now)

    def show(conn: Connection, act_id: int) -> ShownAct:
        return _show(site, conn, act_id)

    return act_once(request, response, key, body, do=do, show=show)


@router.post("/v1/acts/{act_id}/approve", dependencies=[NO_BODY])
def approve(request: Request, act_id: ActId) -> ShownAct:
    """Let an act of another account stand."""
    state = request.app.state
    with transaction(request) as conn:
        acts.approve(conn, state.site, act_id, by=acting(request), now=state.clock.now())
        return _show(state.site, conn, act_id)


@router.post("/v1/acts/{act_id}/refuse")
def refuse(request: Request, act_id: ActId, body: Note | None = None) -> ShownAct:
    """Refuse an act that waits to be approved."""
    state, note = request.app.state, "" if body is None else body.note
    with transaction(request) as conn:
        acts.refuse(conn, state.site, act_id, note=note, by=acting(request), now=state.clock.now())
        return _show(state.site, conn, act_id)


@router.post("/v1/acts/{act_id}/end")
def end(request: Request, act_id: ActId, body: Note | None = None) -> ShownAct:
    """End an act that waits or stands."""
    state, note = request.app.state, "" if body is None else body.note
    with transaction(request) as conn:
        acts.end(conn, state.site, act_id, note=note, by=acting(request), now=state.clock.now())
        return _show(state.site, conn, act_id)


def _previews(request: Request) -> Previews:
    found: Previews = request.app.state.previews
    return found


def _show(site: Site, conn: Connection, act_id: int) -> ShownAct:
    [shown] = _all_shown(conn, [acts.get_act(conn, site, act_id)])
    return shown


def _all_shown(conn: Connection, found: Sequence[ActRecord]) -> list[ShownAct]:
    """Return acts as they are shown; plates are looked up, for they go when their trips do."""
    plates = list_plates(conn, (trip for one in found for trip in trips_of(one.effect)))
    return [_shown(one, plates) for one in found]


def _shown(found: ActRecord, plates: Mapping[int, str]) -> ShownAct:
    params = {name: getattr(found, name) for name in _PARAMS}
    return ShownAct(
        id=found.id,
        kind=found.kind,
        state=found.state,
        by=found.entered_by,
        at=found.entered_at,
        reason=found.reason,
        note=found.note,
        trip_id=found.trip_id,
        plate=found.plate,
        gate=found.gate,
        params={name: value for name, value in params.items() if value is not None},
        effect=with_plates(found.effect, plates),
        approved_by=found.approved_by,
        approved_at=found.approved_at,
        ended_by=found.ended_by,
        ended_at=found.ended_at,
        outcome=found.outcome,
    )
