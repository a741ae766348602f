"""Trucks as the map shows them. Pure."""

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from flowctl.dispatch.turns import gate_of, shown_stage
from flowctl.site import Site
from flowctl.state import LiveTrip, Stage
from flowctl.storage.live import LiveRow

_MOVING_MPS = 1.0
_SILENT_MOVING = timedelta(minutes=3)
_SILENT_PARKED = timedelta(minutes=20)
"""Trackers send every 30 s on the move and every 15 min parked (Circular 09/2015/TT-BGTVT)."""

_GOLDEN_ANGLE = math.pi * (3.0 - math.sqrt(5.0))
_SPREAD = 0.7  # of the way from a yard's middle to its edge


@dataclass(frozen=True, slots=True)
class Truck:
    """One truck on the map; instants are epoch seconds, ``speed`` is in m/s.

    ``held``: no gate is called for it, by somebody's word. ``alarmed``: an alert about it waits.
    ``by_hand``: it stands where a person said, for no tracker tells.
    """

    plate: str
    lon: float
    lat: float
    heading: float | None
    speed: float | None
    state: str
    fixed_at: int
    gate: str | None
    slot: int | None
    held: bool
    alarmed: bool
    by_hand: bool


def list_trucks(
    site: Site,
    now: datetime,
    pairs: Sequence[tuple[LiveRow, LiveTrip]],
    *,
    held: AbstractSet[int],
    alarmed: AbstractSet[int],
) -> dict[int, Truck]:
    """Return the trucks of active trips whose place is known, by trip."""
    places = _Yards(site)
    shown: dict[int, Truck] = {}
    for row, trip in pairs:
        truck = _truck(row, trip, now, places, held=row.id in held, alarmed=row.id in alarmed)
        if truck is not None:
            shown[row.id] = truck
    return shown


class _Yards:
    """Points for trucks that stand in a yard by a person's word."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._middles: dict[str, tuple[float, float, float]] = {}

    def point(self, yard: str, trip: int) -> tuple[float, float]:
        """Return a trip's point (lon, lat) in a yard: always the same, and hardly ever another's.

        Points turn round the middle by the golden angle, so that a hundred lie apart.
        """
        if yard not in self._middles:
            polygon = self._site.zone_by_id[yard].polygon
            middle = polygon.representative_point()
            self._middles[yard] = (middle.x, middle.y, polygon.boundary.distance(middle))
        lon, lat, reach = self._middles[yard]
        away = reach * _SPREAD * math.sqrt((trip * 0.618) % 1.0)
        angle = trip * _GOLDEN_ANGLE
        return lon + away * math.cos(angle), lat + away * math.sin(angle)


def _truck(
    row: LiveRow, trip: LiveTrip, now: datetime, yards: _Yards, *, held: bool, alarmed: bool
) -> Truck | None:
    if trip.cleared_at is not None:
        return None
    stage = shown_stage(trip, now)
    by_hand = row.by_hand and row.yard is not None and row.yarded_at is not None
    if by_hand:
        lon, lat = yards.point(row.yard or "", row.id)
        fixed_at, heading, speed = row.yarded_at, None, None
    elif row.fixed_at is None or row.lon is None or row.lat is None:
        return None
    else:
        lon, lat = row.lon, row.lat
        fixed_at, heading, speed = row.fixed_at, row.heading_deg, row.speed_mps
    if fixed_at is None:
        return None
    return Truck(
        plate=row.plate,
        lon=round(lon, 6),
        lat=round(lat, 6),
        heading=None if heading is None else round(heading, 1),
        speed=None if speed is None else round(speed, 1),
        state=_state(row, stage, fixed_at, now),
        fixed_at=int(fixed_at.timestamp()),
        gate=gate_of(trip),
        slot=None if trip.told is None else int(trip.told.starts_at.timestamp()),
        held=held,
        alarmed=alarmed,
        by_hand=by_hand,
    )


def _state(row: LiveRow, stage: Stage, fixed_at: datetime, now: datetime) -> str:
    """Return the stage of a truck in a yard or beyond it; on the road what its tracker shows."""
    if stage is not Stage.REGISTERED:
        return stage
    moving = row.speed_mps is not None and row.speed_mps > _MOVING_MPS
    if now - fixed_at > (_SILENT_MOVING if moving else _SILENT_PARKED):
        return "silent"
    return "moving" if moving else "parked"


def same_where_equal(trucks: dict[int, Truck], before: Mapping[int, Truck]) -> dict[int, Truck]:
    """Return the trucks, with those of ``before`` in place of their equals: frames share them."""
    for key, truck in trucks.items():
        former = before.get(key)
        if former == truck and former is not None:
            trucks[key] = former
    return trucks
