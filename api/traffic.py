"""The state of traffic: speeds of roads, queues before gates, times of their lanes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import floor
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query, Request

from api.moments import Moment, refuse_unkept
from api.transaction import transaction
from flowctl.site import Site
from flowctl.storage import traffic as store
from flowctl.storage.traffic import QueueState
from flowctl.traffic.lanes import LaneTimes, Spread
from flowctl.traffic.roads import Roads, Stretches, roads_of
from flowctl.traffic.speeds import LiveSpeeds, SpeedField, Sums, field_of, live_speeds
from geo.crs import Column

router = APIRouter(tags=["traffic"])

_KMH = 3.6
_LIVE = timedelta(hours=1)
"""How far back live speeds look: six half-lives."""
_LANES_SAID = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class WayTraffic:
    """A way by stretches; ``kind`` is "freight" of a road from a yard through a gate.

    ``stop_m`` is where trucks stop for the gate, metres along the way.
    """

    id: str
    kind: Literal["corridor", "freight"]
    yard: str
    gate: str | None
    starts_m: list[float | None]
    lon: list[float | None]
    lat: list[float | None]
    stop_m: int | None
    nominal_kmh: list[float | None]
    speed_kmh: list[float | None]
    live_kmh: list[float | None]
    density_per_km: list[float | None]
    flow_per_h: list[float | None]


@dataclass(frozen=True, slots=True)
class LaneSpread:
    """Quantiles in seconds, of ``n`` trucks."""

    p10: int
    p50: int
    p90: int
    n: int


@dataclass(frozen=True, slots=True)
class LaneTraffic:
    """The times of a gate's lanes in a direction; null where too few trucks were seen."""

    direction: str
    headway_s: LaneSpread | None
    service_s: LaneSpread | None


@dataclass(frozen=True, slots=True)
class GateTraffic:
    """The queue before a gate as it was seen at ``queue_at``, and the times of its lanes."""

    id: str
    queue_at: datetime | None
    tail_m: int | None
    trucks: int | None
    moving_share: float | None
    lanes: list[LaneTraffic]


@dataclass(frozen=True, slots=True)
class Traffic:
    """The state of traffic at a moment."""

    at: datetime
    measured_since: datetime | None
    window_starts_at: datetime
    window_s: int
    ways: list[WayTraffic]
    gates: list[GateTraffic]


@router.get("/v1/traffic")
def get_traffic(
    request: Request,
    at: Annotated[Moment | None, Query(description="a past moment; now where absent")] = None,
) -> Traffic:
    """Return how traffic stands, or stood at a moment: by stretch of every way, and by gate.

    Columns of a way have one value a stretch, from ``starts_m[i]`` to ``starts_m[i + 1]``, which
    lie at (``lon``, ``lat``); null is not known, never zero. Density and flow are those of trucks
    with a tracker. Of moments before ``measured_since`` nothing is known; null there where nothing
    was measured yet.
    """
    site: Site = request.app.state.site
    now = request.app.state.clock.now()
    if at is not None:
        refuse_unkept(site, "at", at, now)
    moment = now if at is None else min(at, now)
    roads = roads_of(site)
    window_s = site.traffic.window_s
    whole = floor(moment.timestamp() / window_s) * window_s - window_s
    with transaction(request) as conn:
        sums = store.find_sums(conn, site.id, roads, since=moment - _LIVE, until=moment)
        queues = store.list_queues(conn, site.id, at=moment)
        lanes = store.list_lanes(conn, site.id, at=moment, within=_LANES_SAID)
        measured_since = store.find_first_look(conn, site.id)
    live = live_speeds(roads, sums, moment.timestamp())
    return Traffic(
        at=moment,
        measured_since=measured_since,
        window_starts_at=datetime.fromtimestamp(whole, UTC),
        window_s=window_s,
        ways=[
            _way(way, _field(way, roads, sums, whole), speeds)
            for way, speeds in zip(roads.ways, live, strict=True)
        ],
        gates=[
            _gate(
                gate.id,
                next((queue for queue in queues if queue.gate == gate.id), None),
                [one for one in lanes if one.gate == gate.id],
            )
            for gate in site.gates
        ],
    )


def _field(way: Stretches, roads: Roads, sums: Sums | None, start: float) -> SpeedField:
    """Return the field of the window that began at ``start``; nobody drove where none is stored."""
    distance_m, vehicle_s = np.zeros(len(roads.link_m)), np.zeros(len(roads.link_m))
    if sums is not None and start in sums.starts:
        window = int(np.flatnonzero(sums.starts == start)[0])
        distance_m, vehicle_s = sums.distance_m[window], sums.vehicle_s[window]
    return field_of(
        way,
        roads,
        datetime.fromtimestamp(start, UTC),
        window_s=roads.params.window_s,
        distance_m=distance_m,
        vehicle_s=vehicle_s,
    )


def _way(way: Stretches, field: SpeedField, live: LiveSpeeds) -> WayTraffic:
    lon, lat, _heading = way.path.at(way.starts_m)
    return WayTraffic(
        id=way.way,
        kind="corridor" if way.gate is None else "freight",
        yard=way.yard,
        gate=way.gate,
        starts_m=_column(way.starts_m),
        lon=_column(lon, 5),
        lat=_column(lat, 5),
        stop_m=None if np.isnan(way.stop_m) else round(way.stop_m),
        nominal_kmh=_column(way.nominal_mps * _KMH),
        speed_kmh=_column(field.speed_mps * _KMH),
        live_kmh=_column(live.speed_mps * _KMH),
        density_per_km=_column(field.density_per_km, 2),
        flow_per_h=_column(field.flow_per_h),
    )


def _gate(gate: str, queue: QueueState | None, lanes: list[LaneTimes]) -> GateTraffic:
    return GateTraffic(
        id=gate,
        queue_at=None if queue is None else queue.at,
        tail_m=None if queue is None or queue.tail_m is None else round(queue.tail_m),
        trucks=None if queue is None else queue.trucks,
        moving_share=(
            None if queue is None or queue.moving_share is None else round(queue.moving_share, 2)
        ),
        lanes=[
            LaneTraffic(one.direction, _spread(one.headway_s), _spread(one.service_s))
            for one in lanes
        ],
    )


def _spread(spread: Spread | None) -> LaneSpread | None:
    if spread is None:
        return None
    return LaneSpread(round(spread.p10), round(spread.p50), round(spread.p90), spread.n)


def _column(values: Column, digits: int = 1) -> list[float | None]:
    """Return a column for JSON: rounded, null where it is NaN."""
    rounded = np.round(values, digits)
    return [None if np.isnan(value) else value for value in rounded.tolist()]
