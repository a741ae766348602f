"""A trip's one declaration as it stands: all of it, and what a change of each field would cost."""

from dataclasses import dataclass
from datetime import date, datetime

from fastapi import APIRouter, Request

from api.record import record
from api.transaction import transaction
from api.trip_bodies import TripId
from api.trips import Who, get_visible, sees_own_only
from flowctl.registry import declarations as registry
from flowctl.registry.accounts import Role
from flowctl.registry.documents import Document, list_of
from flowctl.registry.edits import Place, keeps_place
from flowctl.storage.conflicts import Conflict, list_conflicts
from flowctl.storage.declarations import Twin, find_twin
from flowctl.storage.documents import Owner
from flowctl.storage.trips import is_released
from flowctl.storage.workflows import get_workflow

router = APIRouter(tags=["trips"])

_SEES_DRIVER = frozenset({Role.HAULIER, Role.OFFICER, Role.OPERATOR, Role.ADMINISTRATOR})
_SEES_PHONE = _SEES_DRIVER - {Role.OFFICER}
_MOST_CONFLICTS = 200
_OF_TRIP = (
    *("state", "plate", "language", "device", "haulier", "direction", "cargo", "gates"),
    *("ready_at", "weight_t", "convoy", "needs", "returns_within_h", "declaration"),
)
_OF_PAPERS = (
    *("trailer", "goods", "goods_class", "goods_code", "weight_class", "value_vnd", "keeps_h"),
    *("temperature_c", "load", "nationality", "handover", "pair_plate", "customer"),
)


@dataclass(frozen=True, slots=True)
class WholeDeclaration:
    """All that a trip declares; who may not see the driver is shown null there.

    ``marks`` are what to look at twice, ``origins`` by field from whom it came where nobody typed
    it, ``settled`` by field the stage that said it since. ``keeps_place`` says by field what a
    change of it costs now. ``twin`` is the other trip of a transshipment; who sees their own trips
    only is shown it once it names this one, too. ``version`` and ``variant`` of the workflow are
    null where the trip began without one.
    """

    trip: int
    revision: int
    state: str
    plate: str
    trailer: str | None
    phone: str | None
    language: str
    driver_name: str | None
    licence: str | None
    licence_until: date | None
    consent: bool
    device: str | None
    haulier: str | None
    direction: str
    cargo: str
    gates: list[str]
    ready_at: datetime
    weight_t: float | None
    convoy: str | None
    needs: str | None
    returns_within_h: float | None
    declaration: str | None
    goods: str | None
    goods_class: str | None
    goods_code: str | None
    weight_class: str | None
    value_vnd: int | None
    keeps_h: float | None
    temperature_c: float | None
    load: str
    nationality: str
    handover: str | None
    pair_plate: str | None
    customer: str | None
    customs_number: str | None
    version: str | None
    variant: str | None
    marks: list[str]
    origins: dict[str, str]
    settled: dict[str, str]
    keeps_place: dict[str, Place]
    twin: Twin | None
    documents: list[Document]
    conflicts: list[Conflict]


@router.get("/v1/trips/{trip_id}/declaration")
def show_declaration(
    request: Request, trip_id: TripId, who: Who, *, driver: bool = True
) -> WholeDeclaration:
    """Return all that a trip declares; that somebody was shown its driver is written down.

    Without ``driver`` what is the driver's own is left out: a page that is looked at again and
    again asks for it once, when somebody presses.
    """
    state = request.app.state
    sees_driver = driver and who.role in _SEES_DRIVER
    with transaction(request) as conn:
        row = get_visible(conn, state.site, trip_id, who)
        today = state.clock.now().astimezone(state.site.timezone).date()
        whole = registry.find_whole(conn, trip_id, row.plate, today=today)
        person = registry.Person()
        if sees_driver:
            person = registry.open_person(
                conn, state.keys, trip_id, whole.papers, phone=who.role in _SEES_PHONE
            )
        if person.is_known:
            record(request, conn, "person.seen", f"trip:{trip_id}", after={"what": "declaration"})
        version = (
            None if whole.workflow_id is None else get_workflow(conn, whole.workflow_id).version
        )
        return WholeDeclaration(
            **{name: getattr(row, name) for name in _OF_TRIP},
            **{name: getattr(whole.papers, name) for name in _OF_PAPERS},
            trip=trip_id,
            revision=whole.revision,
            phone=person.phone,
            driver_name=person.name,
            licence=person.licence,
            licence_until=whole.papers.licence_until if sees_driver else None,
            consent=whole.papers.consent_at is not None,
            customs_number=whole.customs_number,
            version=version,
            variant=whole.variant,
            marks=whole.marks,
            origins=dict(whole.origins),
            settled=dict(whole.settled),
            keeps_place=keeps_place(
                state.site.policy.edits,
                settled=whole.settled,
                is_called=is_released(conn, trip_id),
                has_device=row.device is not None,
            ),
            twin=find_twin(conn, state.site.id, trip_id, mutual=sees_own_only(who)),
            documents=list_of(
                conn,
                state.keys,
                Owner(trip_id=trip_id),
                scanned=state.settings.scanner is not None,
            ),
            conflicts=list_conflicts(
                conn, state.site.id, trip=trip_id, state="open", limit=_MOST_CONFLICTS
            ),
        )
