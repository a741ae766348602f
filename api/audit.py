"""Who did what, for administrators: nobody can change it, here least of all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from api.moments import Moment
from api.transaction import transaction
from flowctl.audit_csv import audit_csv
from flowctl.registry.plates import parse_part
from flowctl.storage import search
from flowctl.storage.acts import list_plates
from flowctl.storage.audit import AuditRecord, Wanted, count_records, list_records

router = APIRouter(prefix="/v1", tags=["audit"])

MOST_COUNTED = 1000
"""Acts of machines that were left out are counted so far."""
_MOST_TRIPS = 200
_TRIPS = ("trip", "trip_id", "other_trip_id")
"""What of an act's before and after is a trip's number."""

_Text = Annotated[str | None, Query(max_length=80)]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Acts at ``at``, the newest first; ``before`` asks for the next page, None at the end.

    ``plates`` are those of the trips they name, while these are kept. ``left_out`` says how many
    acts of machines were not asked for, up to `MOST_COUNTED`; None where they were.
    """

    at: datetime
    records: list[AuditRecord]
    before: int | None
    plates: dict[int, str]
    left_out: int | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What to read; the trips of a plate are looked up with the rest."""

    wanted: Wanted
    plate: str | None


def _asked(
    account: _Text = None,
    act: _Text = None,
    subject: _Text = None,
    plate: _Text = None,
    since: Moment | None = None,
    until: Moment | None = None,
    machines: bool = True,
) -> _Asked:
    subjects = None if subject is None else (subject,)
    others = None if machines else False
    return _Asked(Wanted(account, act, subjects, since, until, others), plate)


Asked = Annotated[_Asked, Depends(_asked)]


@router.get("/audit")
def get_audit(
    request: Request,
    asked: Asked,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    """List who did what, of an account, an act (``hold``: all that begin so), to a subject.

    ``plate`` may be a part of one: what was done to trips of such trucks, beside a
    ``subject``. ``machines=false`` leaves out what machines did.
    """
    site = request.app.state.site.id
    with transaction(request) as conn:
        wanted = _found(conn, site, asked)
        rows = list_records(conn, site, wanted, limit=limit, before_id=before)
        left_out = None
        if wanted.machines is False:
            machines = replace(wanted, machines=True)
            left_out = count_records(conn, site, machines, most=MOST_COUNTED)
        plates = list_plates(conn, _trips(rows))
    now = request.app.state.clock.now()
    return AuditPage(now, rows, rows[-1].id if len(rows) == limit else None, plates, left_out)


@router.get("/audit.csv")
def get_audit_csv(request: Request, asked: Asked) -> StreamingResponse:
    """Send all of it as CSV."""
    site = request.app.state.site.id
    with transaction(request) as conn:
        wanted = _found(conn, site, asked)
    return StreamingResponse(
        audit_csv(lambda: transaction(request), site, wanted),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )


def _found(conn: psycopg.Connection[Any], site: str, asked: _Asked) -> Wanted:
    """Return what to read, the trips of a plate among the subjects."""
    if asked.plate is None:
        return asked.wanted
    plate = search.Wanted(plate=parse_part(asked.plate))
    trips = search.search_trips(conn, site, plate, limit=_MOST_TRIPS)
    return replace(
        asked.wanted, subjects=(*(asked.wanted.subjects or ()), *(f"trip:{t.id}" for t in trips))
    )


def _trips(rows: Sequence[AuditRecord]) -> Iterator[int]:
    """Yield the trips that acts name."""
    for row in rows:
        kind, _, number = row.subject.partition(":")
        if kind == "trip" and number.isdecimal():
            yield int(number)
        for values in (row.before, row.after):
            for name in _TRIPS:
                found = (values or {}).get(name)
                if isinstance(found, int):
                    yield found
