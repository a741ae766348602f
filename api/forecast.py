"""What is to come: arrivals of the next hours, by gate and by yard."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import nan
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request

from api.transaction import transaction
from flowctl.site import Site
from flowctl.state import LiveTrip
from flowctl.storage.closures import open_site
from flowctl.storage.snapshot import list_live_trips
from flowctl.storage.yard_arrivals import YardArrival, list_yard_arrivals
from flowctl.traffic.forecast import DEFAULTS, Arrived, Forecast, Pending, forecast

router = APIRouter(tags=["live"])

_PAST = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Expected:
    """Arrivals at one gate or yard, a value for each bin: their mean and quantiles."""

    id: str
    mean: list[float]
    p10: list[int]
    p50: list[int]
    p90: list[int]


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Exports expected to come to their first yard, by the gate they prefer and by the yard.

    The bin at ``starts_at[i]`` lasts ``bin_s``; the first counts what is left of it.
    """

    at: datetime
    bin_s: int
    starts_at: list[datetime]
    gates: list[Expected]
    yards: list[Expected]


@router.get("/v1/forecast")
def get_forecast(
    request: Request, hours: Annotated[int, Query(ge=1, le=24, description="how far ahead")] = 4
) -> Forecasts:
    """Return the arrivals to expect in the next hours."""
    now: datetime = request.app.state.clock.now()
    with transaction(request) as conn:
        site = open_site(conn, request.app.state.site, now)
        trips = list_live_trips(conn, site, now)
        past = list_yard_arrivals(conn, site.id, since=now - _PAST, until=now)
    return make_forecasts(site, now, trips, past, hours=hours)


def make_forecasts(
    site: Site,
    now: datetime,
    trips: Sequence[LiveTrip],
    past: Sequence[YardArrival],
    *,
    hours: int,
) -> Forecasts:
    """Return what is to come, from the active trips and those that came before."""
    params = replace(DEFAULTS, bins=hours * 3600 // DEFAULTS.bin_s)
    at = now.timestamp()
    since = min((one.arrived_at for one in past), default=now).timestamp()
    coming = [trip for trip in trips if trip.arrived_at is None and trip.cleared_at is None]

    def ahead(rows: Sequence[YardArrival], shares: Sequence[float]) -> Forecast:
        return forecast(_pending(coming, shares), _arrived(rows, since), at, params=params)

    shares = {
        (gate, yard.id): _share(site, past, gate, yard.id)
        for gate in {trip.gates[0] for trip in coming}
        for yard in site.yards
    }
    gates = {
        gate.id: ahead(
            [one for one in past if one.gate == gate.id],
            [float(trip.gates[0] == gate.id) for trip in coming],
        )
        for gate in site.gates
    }
    yards = {
        yard.id: ahead(
            [one for one in past if one.yard == yard.id],
            [shares[trip.gates[0], yard.id] for trip in coming],
        )
        for yard in site.yards
    }
    starts = ahead([], [0.0] * len(coming)).starts_at
    return Forecasts(
        at=now,
        bin_s=params.bin_s,
        starts_at=[datetime.fromtimestamp(start, UTC) for start in starts.tolist()],
        gates=[_expected(name, one) for name, one in gates.items()],
        yards=[_expected(name, one) for name, one in yards.items()],
    )


def _share(site: Site, past: Sequence[YardArrival], gate: str, yard: str) -> float:
    """Return the share of a gate's trucks that come to a yard first; each yard begins with one."""
    feeding = [one.id for one in site.yards if one.access_to(gate) is not None]
    if yard not in feeding:
        return 0.0
    of_gate = [one.yard for one in past if one.gate == gate and one.yard in feeding]
    return (of_gate.count(yard) + 1.0) / (len(of_gate) + len(feeding))


def _pending(trips: Sequence[LiveTrip], shares: Sequence[float]) -> Pending:
    eta = [nan if trip.eta_yard_at is None else trip.eta_yard_at.timestamp() for trip in trips]
    ready = [trip.ready_at.timestamp() for trip in trips]
    return Pending(np.array(eta), np.array(ready), np.array(shares, dtype=np.float64))


def _arrived(rows: Sequence[YardArrival], since: float) -> Arrived:
    return Arrived(
        np.array([one.arrived_at.timestamp() for one in rows]),
        np.array([one.ready_at.timestamp() for one in rows]),
        np.array([one.registered_at.timestamp() for one in rows]),
        since,
    )


def _expected(name: str, told: Forecast) -> Expected:
    mean = [round(value, 2) for value in told.mean.tolist()]
    return Expected(name, mean, told.p10.tolist(), told.p50.tolist(), told.p90.tolist())
