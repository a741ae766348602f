"""A past day judged with the zones of a draft, told while it goes on."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from api.transaction import transaction
from api.zone_drafts import checked_draft, fault_sentences, loaded_site
from api.zone_versions import Number
from flowctl.errors import FlowctlError
from flowctl.site import Site
from flowctl.storage import site_versions
from flowctl.storage.pictures import list_journeys
from flowctl.storage.visits import Stay
from flowctl.storage.zone_drafts import get_draft
from flowctl.telemetry.fixes import instant
from flowctl.telemetry.rehearsal import Rehearsal

router = APIRouter(tags=["zones"])

PAST_DAYS = 7
"""So far back a day can be looked at under a draft."""
REHEARSED_MOST_S = 25.0
"""What a look at a past day may take; what was judged by then is told."""
_REHEARSING = threading.Lock()
"""It takes a whole core from the requests of everybody: one at a time."""


@router.get("/v1/zone-drafts/{draft}/preview")
def preview(request: Request, draft: Number, day: date) -> StreamingResponse:
    """Judge a past day's fixes with the zones of a draft: lines of JSON, the last the outcome.

    Lines before it say how many of the trucks near what is drawn otherwise have been judged.
    """
    state = request.app.state
    now: datetime = state.clock.now()
    since = datetime.combine(day, datetime.min.time(), state.site.timezone).astimezone(UTC)
    if not now - timedelta(days=PAST_DAYS + 1) <= since < now:
        raise FlowctlError(
            f"{day} cannot be looked at; today and the {PAST_DAYS} days before can.",
            kind="preview_day",
            values={"days": PAST_DAYS},
        )
    with transaction(request) as conn:
        known = get_draft(conn, state.site.id, draft)
        checked = checked_draft(conn, request, known)
        former = loaded_site(site_versions.get_source(conn, known.base))
    if checked.site is None:
        raise FlowctlError(
            f"The draft cannot hold yet: {fault_sentences(checked)}",
            kind="draft_faulty",
            values={"n": len(checked.faults)},
        )
    until = min(since + timedelta(days=1), now)
    lines = _rehearsed(request, former, checked.site, since, until)
    return StreamingResponse(lines, media_type="application/x-ndjson")


def _rehearsed(
    request: Request, former: Site, drafted: Site, since: datetime, until: datetime
) -> Iterator[str]:
    if not _REHEARSING.acquire(blocking=False):
        yield _line({"error": "Somebody else is looking at a past day; try again in a minute."})
        return
    try:
        with request.app.state.pool.connection() as conn:
            conn.execute("set transaction isolation level repeatable read, read only")
            rehearsal = Rehearsal(conn, former, drafted, since, until)
            ends_at = time.monotonic() + REHEARSED_MOST_S
            while rehearsal.step() and time.monotonic() < ends_at:
                yield _line({"played": rehearsal.played, "near": rehearsal.near})
            outcome = rehearsal.outcome()
            devices = [truck.device for truck in outcome.trucks]
            journeys = list_journeys(conn, drafted.id, devices, since, until)
        plates = {device: journey.plate for device, journey in journeys.items()}
        trucks = [
            {
                "plate": plates.get(truck.device),
                "before": [_stay(one) for one in truck.before],
                "after": [_stay(one) for one in truck.after],
            }
            for truck in outcome.trucks
        ]
        yield _line({"outcome": {**asdict(outcome), "trucks": trucks}})
    except psycopg.Error as error:
        yield _line({"error": f"The day could not be read: {str(error).splitlines()[0]}"})
    finally:
        _REHEARSING.release()


def _line(said: dict[str, Any]) -> str:
    return json.dumps(said, default=str) + "\n"


def _stay(stay: Stay) -> dict[str, Any]:
    left_at = None if stay.left_at is None else instant(stay.left_at).isoformat()
    return {
        "zone": stay.zone,
        "entered_at": instant(stay.entered_at).isoformat(),
        "left_at": left_at,
        "seen_inside": stay.seen_inside,
    }
