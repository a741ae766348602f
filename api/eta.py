"""How good expected arrivals were, published day by day."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.transaction import transaction
from flowctl.errors import FlowctlError
from flowctl.site import Site
from flowctl.storage.eta_scores import DayScore, list_scores

router = APIRouter(tags=["traffic"])


@router.get("/v1/eta/scores")
def list_eta_scores(
    request: Request,
    days: Annotated[int, Query(ge=1, le=366, description="local days up to today")] = 30,
) -> list[DayScore]:
    """Return, by local day and target, how often arrivals fell between P10 and P90 and P50's error.

    An arrival that late fixes move re-scores its day. Seconds have one decimal, shares three.
    """
    site: Site = request.app.state.site
    if days > site.fixes_kept_days:
        raise FlowctlError(
            f"{site.id} keeps expected arrivals for {site.fixes_kept_days} days; ask for days up to"
            " that."
        )
    today = request.app.state.clock.now().astimezone(site.timezone).date()
    with transaction(request) as conn:
        scores = list_scores(conn, site, since=today - timedelta(days=days - 1), until=today)
    return [
        replace(
            one,
            hit_rate=None if one.hit_rate is None else round(one.hit_rate, 3),
            mae_s=None if one.mae_s is None else round(one.mae_s, 1),
        )
        for one in scores
    ]
