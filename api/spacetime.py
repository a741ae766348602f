"""Space and time of a road: how far from its end every truck was, moment by moment."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request

from api.moments import Moment, refuse_unkept
from api.transaction import transaction
from flowctl.errors import FlowctlError
from flowctl.site import Site
from flowctl.storage.pictures import Journey, bound_elsewhere, list_journeys, list_lines
from flowctl.traffic.roads import Stretches, ways_of
from flowctl.traffic.spacetime import (
    LineParams,
    TruckLine,
    closed_hours,
    end_m,
    gates_of,
    get_way,
    thinned,
)

router = APIRouter(tags=["spacetime"])

_SPAN = timedelta(hours=3)
_LONGEST = timedelta(hours=48)
_STEPS = 360
"""Of each truck at most so many fixes are looked at: one every 30 s over three hours."""


@router.get("/v1/corridors")
def list_corridors(request: Request) -> list[dict[str, Any]]:
    """Return the ways of the site: corridors to yards, then roads from yards through gates."""
    return [_named(way) for way in ways_of(request.app.state.site)]


@router.get("/v1/corridors/{way}/spacetime")
def get_spacetime(
    request: Request,
    way: str,
    since: Annotated[
        Moment | None, Query(description="three hours before the end where absent")
    ] = None,
    until: Annotated[Moment | None, Query(description="now where absent")] = None,
) -> dict[str, Any]:
    """Return a line for each truck on a way: seconds after ``since``, and metres to the way's end.

    The end is where trucks stop for the gate, of a corridor the yard. All trucks on the road are
    told, ``seen`` of them; ``elsewhere`` of these have a trip to gates the way does not lead to.
    Lines are thinned to what a picture can show, so that the answer stays below some 200 kB.
    """
    site: Site = request.app.state.site
    stretches = get_way(site, way)
    now = request.app.state.clock.now()
    ends = now if until is None else until
    begins = ends - _SPAN if since is None else since
    span_s = (ends - begins).total_seconds()
    if not 0 < span_s <= _LONGEST.total_seconds():
        raise FlowctlError(
            "Ask for a stretch of time that ends after it begins, 48 hours at most.",
            kind="spacetime_span",
        )
    refuse_unkept(site, "since", begins, now)
    refuse_unkept(site, "until", ends, now)
    with transaction(request) as conn:
        lines = list_lines(conn, site, stretches, begins, ends, step_s=max(1.0, span_s / _STEPS))
        devices = {line.device for line in lines}
        journeys = list_journeys(conn, site.id, sorted(devices), begins, ends)
    elsewhere = bound_elsewhere(site, stretches, journeys)
    thin = thinned(lines, span_s=span_s, length_m=stretches.length_m, params=LineParams())
    closed = closed_hours(site, gates_of(site, stretches), begins, ends)
    start = begins.timestamp()
    return {
        **_named(stretches),
        "since": begins,
        "until": ends,
        "closed": [_pair(one, start) for one in closed],
        "seen": len(devices),
        "elsewhere": len(elsewhere),
        "trucks": [
            {
                **_line(line, journeys.get(line.device), stretches, start),
                "elsewhere": line.device in elsewhere,
            }
            for line in thin
        ],
    }


def _named(way: Stretches) -> dict[str, Any]:
    """Return what tells a way from the others; ``fastest_kmh`` is its fastest stretch's speed."""
    return {
        "id": way.way,
        "yard": way.yard,
        "gate": way.gate,
        "length_m": round(way.length_m),
        "fastest_kmh": round(float(way.nominal_mps.max()) * 3.6),
    }


def _line(line: TruckLine, journey: Journey | None, way: Stretches, start: float) -> dict[str, Any]:
    return {
        "plate": None if journey is None else journey.plate,
        "trip": None if journey is None else journey.trip_id,
        "s": np.rint(line.at - start).astype(int).tolist(),
        "m": np.rint(end_m(way) - line.along_m).astype(int).tolist(),
    }


def _pair(hours: tuple[datetime, datetime], start: float) -> list[int]:
    return [round(moment.timestamp() - start) for moment in hours]
