"""Documents of a declaration: sent, listed, opened, taken away."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.auth import Caller
from api.record import record
from api.transaction import transaction
from api.trip_bodies import TripId
from api.trips import Who, get_visible
from api.uploads import take_file
from flowctl.errors import NotFoundError
from flowctl.registry import documents as registry
from flowctl.registry.accounts import Role
from flowctl.registry.documents import Document, Paper
from flowctl.registry.sealed import SealedDocument
from flowctl.storage.documents import Connection, DocumentRow, Owner, is_draft_of

router = APIRouter(prefix="/v1", tags=["documents"])

Name = Annotated[str, Query(max_length=255)]
_SANDBOX = "sandbox; default-src 'none'"
"""Whatever a browser makes of a document, no script of it runs, nor as one of ours."""


@router.post("/drafts/{draft_id}/documents", status_code=201)
async def add_to_draft(
    request: Request, response: Response, draft_id: UUID, kind: Paper, name: Name, who: Who
) -> Document:
    """Add a document to a draft; one that was sent before counts once (200)."""
    sealed = await take_file(request, request.app.state.keys, who.signature)
    owner = Owner(draft_id=draft_id)
    return await run_in_threadpool(_keep, request, response, owner, sealed, kind, name, who)


@router.post("/trips/{trip_id}/documents", status_code=201)
async def add_to_trip(
    request: Request, response: Response, trip_id: TripId, kind: Paper, name: Name, who: Who
) -> Document:
    """Add a document to a trip; one that was sent before counts once (200)."""
    sealed = await take_file(request, request.app.state.keys, who.signature)
    owner = Owner(trip_id=trip_id)
    return await run_in_threadpool(_keep, request, response, owner, sealed, kind, name, who)


@router.get("/drafts/{draft_id}/documents")
def list_of_draft(request: Request, draft_id: UUID, who: Who) -> list[Document]:
    """List the documents of a draft, the oldest first."""
    with transaction(request) as conn:
        if not is_draft_of(conn, request.app.state.site.id, draft_id, who.signature):
            raise NotFoundError("There is no such draft.", kind="no_draft")
        return _list(request, conn, Owner(draft_id=draft_id))


@router.get("/trips/{trip_id}/documents")
def list_of_trip(request: Request, trip_id: TripId, who: Who) -> list[Document]:
    """List the documents of a trip, the oldest first."""
    with transaction(request) as conn:
        get_visible(conn, request.app.state.site, trip_id, who)
        return _list(request, conn, Owner(trip_id=trip_id))


@router.get("/documents/{document_id}")
def open_document(request: Request, document_id: UUID, who: Who) -> Response:
    """Return a document as an attachment; who opened it when is written down."""
    state = request.app.state
    with transaction(request) as conn:
        row = _visible(request, conn, document_id, who)
        content = registry.open_document(
            conn,
            state.keys,
            row,
            by=who.signature,
            scanned=_is_scanned(state),
            now=state.clock.now(),
        )
        shown = registry.shown(state.keys, row, scanned=_is_scanned(state))
        record(request, conn, "document.opened", f"document:{row.id}", after={"trip": row.trip_id})
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(shown.name or '', safe='')}",
        "Content-Security-Policy": _SANDBOX,
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return Response(content, media_type=row.media_type, headers=headers)


@router.delete("/documents/{document_id}", status_code=204)
def take_away(request: Request, document_id: UUID, who: Who) -> None:
    """Take a document away, which who added it may until somebody else opened it."""
    with transaction(request) as conn:
        row = _visible(request, conn, document_id, who)
        anyway = who.role is Role.ADMINISTRATOR
        registry.take_away(conn, row, by=who.signature, anyway=anyway)
        before = {"kind": row.kind, "trip": row.trip_id}
        record(request, conn, "document.delete", f"document:{row.id}", before=before)


def _keep(
    request: Request,
    response: Response,
    owner: Owner,
    sealed: SealedDocument,
    kind: Paper,
    name: str,
    who: Caller,
) -> Document:
    state = request.app.state
    with transaction(request) as conn:
        if owner.trip_id is not None:
            get_visible(conn, state.site, owner.trip_id, who)
        document_id, is_new = registry.keep_document(
            conn,
            state.keys,
            state.site.id,
            owner,
            sealed,
            kind=kind,
            name=name,
            said_type=request.headers.get("content-type", ""),
            by=who.signature,
            now=state.clock.now(),
        )
        if is_new:
            after = {"kind": str(kind), "trip": owner.trip_id, "bytes": sealed.size_bytes}
            record(request, conn, "document.add", f"document:{document_id}", after=after)
        else:
            response.status_code = 200
        row = registry.get_document(conn, state.site.id, document_id)
        return registry.shown(state.keys, row, scanned=_is_scanned(state))


def _list(request: Request, conn: Connection, owner: Owner) -> list[Document]:
    state = request.app.state
    return registry.list_of(conn, state.keys, owner, scanned=_is_scanned(state))


def _visible(request: Request, conn: Connection, document_id: UUID, who: Caller) -> DocumentRow:
    """Return a document of a trip that the caller sees, or of a draft of the caller's own."""
    site = request.app.state.site
    row = registry.get_document(conn, site.id, document_id)
    if row.trip_id is None:
        if row.draft_id is None or not is_draft_of(conn, site.id, row.draft_id, who.signature):
            raise registry.no_document()
        return row
    try:
        get_visible(conn, site, row.trip_id, who)
    except NotFoundError as error:
        raise registry.no_document() from error
    return row


def _is_scanned(state: Any) -> bool:  # noqa: ANN401 - Starlette's State
    return state.settings.scanner is not None
