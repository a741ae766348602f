"""How good expected arrivals were, published day by day."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.transaction import transaction
from flowctl.site import Site
from flowctl.storage.eta_scores import DayScore, list_scores

router = APIRouter(tags=["traffic"])


@router.get("/v1/eta/scores")
def list_eta_scores(
    request: Request,
    days: Annotated[int, Query(ge=1, le=366, description="local days up to today")] = 30,
) -> list[DayScore]:
    """Return, by local day and target, how often arrivals fell between P10 and P90 and P50's error.

    An arrival that late fixes move re-scores its day.
    """
    site: Site = request.app.state.site
    today = request.app.state.clock.now().astimezone(site.timezone).date()
    with transaction(request) as conn:
        return list_scores(conn, site, since=today - timedelta(days=days - 1), until=today)
