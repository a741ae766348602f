"""What is kept of drivers, for administrators: found, handed out, erased; who has looked at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.asked import NO_BODY
from api.moments import Moment
from api.record import record
from api.transaction import transaction
from flowctl.registry import own_data
from flowctl.registry.own_data import ACCESSES, Erased
from flowctl.storage.acts import list_plates
from flowctl.storage.audit import Wanted, list_records
from flowctl.storage.persons import Person

router = APIRouter(prefix="/v1/persons", tags=["persons"])

PersonId = Annotated[int, Path(ge=1, lt=2**63)]


class Search(BaseModel):
    """Whose drivers are looked for: of a phone number, or of a truck."""

    model_config = ConfigDict(extra="forbid")

    phone: Annotated[str | None, Field(max_length=40)] = None
    plate: Annotated[str | None, Field(max_length=20)] = None


@dataclass(frozen=True, slots=True)
class Access:
    """Somebody looked at what is personal; ``plate`` is that of the trip, while it is kept."""

    id: int
    at: datetime
    account: str
    role: str
    act: str
    subject: str
    trip: int | None
    plate: str | None


@dataclass(frozen=True, slots=True)
class Accesses:
    """Accesses at ``at``, the newest first; ``before`` asks for the next page, None at the end."""

    at: datetime
    rows: Sequence[Access]
    before: int | None


@router.post("/find")
def find_persons(request: Request, body: Search) -> list[Person]:
    """Find drivers by a number or a plate, which are not written down; that one looked is."""
    state = request.app.state
    with transaction(request) as conn:
        found = own_data.find_persons(
            conn, state.keys, state.site.id, phone=body.phone, plate=body.plate
        )
        after = {"by": "phone" if body.phone else "plate", "found": [one.id for one in found]}
        record(request, conn, "person.find", f"site:{state.site.id}", after=after)
    return found


@router.get("/accesses")
def list_accesses(
    request: Request,
    account: Annotated[str | None, Query(max_length=80)] = None,
    trip: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    person: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    since: Moment | None = None,
    until: Moment | None = None,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Accesses:
    """List who looked at names, licences, documents, tracks and exports, and who erased any."""
    state = request.app.state
    with transaction(request) as conn:
        wanted = Wanted(
            account=account,
            subjects=own_data.subjects_of(conn, state.site.id, trip=trip, person=person),
            since=since,
            until=until,
            acts=ACCESSES,
        )
        found = list_records(conn, state.site.id, wanted, limit=limit, before_id=before)
        trips = {one.id: own_data.trip_of(one) for one in found}
        plates = list_plates(conn, sorted({one for one in trips.values() if one is not None}))
    rows = [
        Access(
            id=one.id,
            at=one.at,
            account=one.account,
            role=one.role,
            act=one.act,
            subject=one.subject,
            trip=trips[one.id],
            plate=plates.get(trips[one.id] or 0),
        )
        for one in found
    ]
    return Accesses(state.clock.now(), rows, found[-1].id if len(found) == limit else None)


@router.get("/{person}/export")
def export_person(request: Request, person: PersonId) -> Response:
    """Return all that is kept of a driver, opened, as JSON to hand out to him."""
    state = request.app.state
    with transaction(request) as conn:
        exported = own_data.export_person(
            conn, state.keys, state.site.id, person, now=state.clock.now()
        )
        record(request, conn, "person.export", f"person:{person}")
    return Response(
        msgspec.json.encode(exported),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="person-{person}.json"'},
    )


@router.post("/{person}/erase", dependencies=[NO_BODY])
def erase_person(request: Request, person: PersonId) -> Erased:
    """Erase what is a driver's own; refused while a trip of his runs."""
    state = request.app.state
    with transaction(request) as conn:
        erased = own_data.erase_person(conn, state.keys, state.site.id, person)
        after = {"trips": erased.trips, "documents": erased.documents, "forms": erased.forms}
        record(request, conn, "person.erase", f"person:{person}", after=after)
    return erased
