"""Space and time of a road: how far from its end every truck was, moment by moment."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated

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


@dataclass(frozen=True, slots=True)
class ShownWay:
    """A corridor to a yard, or with a gate the road from a yard through it.

    ``fastest_kmh`` is the speed of its fastest stretch.
    """

    id: str
    yard: str
    gate: str | None
    length_m: int
    fastest_kmh: int


@dataclass(frozen=True, slots=True)
class DrivenLine:
    """A truck's line: ``s`` seconds after the beginning it is ``m`` metres from the way's end."""

    plate: str | None
    trip: int | None
    elsewhere: bool
    s: list[int]
    m: list[int]


@dataclass(frozen=True, slots=True)
class Spacetime(ShownWay):
    """The lines on a way; ``closed`` are pairs of seconds after ``since``."""

    since: datetime
    until: datetime
    closed: list[tuple[int, int]]
    seen: int
    elsewhere: int
    trucks: list[DrivenLine]


@router.get("/v1/corridors")
def list_corridors(request: Request) -> list[ShownWay]:
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
) -> Spacetime:
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
    return Spacetime(
        **asdict(_named(stretches)),
        since=begins,
        until=ends,
        closed=[(_after(start, begun), _after(start, over)) for begun, over in closed],
        seen=len(devices),
        elsewhere=len(elsewhere),
        trucks=[
            _line(
                line,
                journeys.get(line.device),
                stretches,
                start,
                elsewhere=line.device in elsewhere,
            )
            for line in thin
        ],
    )


def _named(way: Stretches) -> ShownWay:
    fastest_kmh = round(float(way.nominal_mps.max()) * 3.6)
    return ShownWay(way.way, way.yard, way.gate, round(way.length_m), fastest_kmh)


def _line(
    line: TruckLine, journey: Journey | None, way: Stretches, start: float, *, elsewhere: bool
) -> DrivenLine:
    return DrivenLine(
        plate=None if journey is None else journey.plate,
        trip=None if journey is None else journey.trip_id,
        elsewhere=elsewhere,
        s=np.rint(line.at - start).astype(int).tolist(),
        m=np.rint(end_m(way) - line.along_m).astype(int).tolist(),
    )


def _after(start: float, moment: datetime) -> int:
    return round(moment.timestamp() - start)
