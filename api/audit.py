"""Who did what, for administrators: nobody can change it, here least of all."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from api.moments import Moment
from api.transaction import transaction
from flowctl.audit_csv import audit_csv
from flowctl.storage.audit import AuditRecord, Wanted, list_records

router = APIRouter(prefix="/v1", tags=["audit"])

_Text = Annotated[str | None, Query(max_length=80)]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Acts, the newest first; ``before`` asks for the next page, None at the end."""

    records: list[AuditRecord]
    before: int | None


def _wanted(
    account: _Text = None,
    act: _Text = None,
    subject: _Text = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> Wanted:
    return Wanted(account, act, subject, since, until)


@router.get("/audit")
def get_audit(
    request: Request,
    wanted: Annotated[Wanted, Depends(_wanted)],
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    """List who did what, of an account, an act (``hold``: all that begin so) or to a subject."""
    site = request.app.state.site.id
    with transaction(request) as conn:
        rows = list_records(conn, site, wanted, limit=limit, before_id=before)
    return AuditPage(rows, rows[-1].id if len(rows) == limit else None)


@router.get("/audit.csv")
def get_audit_csv(
    request: Request, wanted: Annotated[Wanted, Depends(_wanted)]
) -> StreamingResponse:
    """Send all of it as CSV."""
    return StreamingResponse(
        audit_csv(lambda: transaction(request), request.app.state.site.id, wanted),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )
