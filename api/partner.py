"""Other systems of the border: what they pull of declarations, stages and crossings, and push."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.partner_bodies import CrossingPage, DeclarationPage, RecordPage
from api.transaction import transaction
from flowctl.registry import partners
from flowctl.storage import partners as stored

router = APIRouter(prefix="/v1/partner", tags=["partner"])

After = Annotated[str | None, Query(max_length=80, description="The cursor of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500)]
OfTrip = Annotated[
    int | None, Query(ge=1, lt=2**63, description="Those of one trip, without a cursor.")
]


@router.get("/declarations")
def get_declarations(
    request: Request, after: After = None, limit: Limit = 100, trip: OfTrip = None
) -> DeclarationPage:
    """Pull declarations that are new or changed, the whole of each as it stands.

    Begin without a cursor, come back with ``next``: whatever was committed since is in one of the
    pages that follow, however long it took. No personal data is among it.
    """
    site = request.app.state.site
    with transaction(request) as conn:
        if trip is not None:
            one = stored.list_declarations(conn, site.id, [trip])
            return DeclarationPage(items=list(one.values()), next=None, more=False)
        page = partners.pull_declarations(conn, site, after=after, limit=limit)
    return DeclarationPage(items=list(page.items), next=page.next, more=page.more)


@router.get("/stages")
def get_stages(
    request: Request, after: After = None, limit: Limit = 100, trip: OfTrip = None
) -> RecordPage:
    """Pull what was said of stages, by whom it came and for which desk."""
    site = request.app.state.site
    with transaction(request) as conn:
        if trip is not None:
            ids = stored.list_records_of(conn, trip)
            found = stored.list_records(conn, site.id, ids)
            return RecordPage(items=[found[i] for i in ids if i in found], next=None, more=False)
        page = partners.pull_records(conn, site, after=after, limit=limit)
    return RecordPage(items=list(page.items), next=page.next, more=page.more)


@router.get("/crossings")
def get_crossings(
    request: Request, after: After = None, limit: Limit = 100, trip: OfTrip = None
) -> CrossingPage:
    """Pull crossings; one whose truck came back since comes again."""
    site = request.app.state.site
    with transaction(request) as conn:
        if trip is not None:
            found = stored.list_crossings(conn, site.id, stored.list_crossings_of(conn, trip))
            return CrossingPage(items=list(found.values()), next=None, more=False)
        page = partners.pull_crossings(conn, site, after=after, limit=limit)
    return CrossingPage(items=list(page.items), next=page.next, more=page.more)
