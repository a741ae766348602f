"""Recorded buses of one line, as journeys from stop to stop.

UK Bus Open Data Service, Open Government Licence v3: positions of route 14, Liverpool, on the
afternoon of 2026-01-26, some 25 s apart. The line is drawn from the vehicle with the most fixes,
and its stops are where several trips stood: geometry, which a timetable would give as well. No
travel time is taken from there.
"""

import csv
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import shapely

from flowctl.bench.eta_trial import Journeys
from flowctl.errors import FlowctlError
from flowctl.site import Corridor, TrafficParams, WayPiece
from flowctl.traffic.roads import Roads
from flowctl.traffic.speeds import Tracks
from geo.crs import Column, Projection
from geo.lines import Path as Line

_EPSG = 32630  # WGS 84 / UTM 30N
_LEAST_FIXES = 10  # of a trip that says anything
_APART_M = 25.0  # of the drawn line's points: closer ones are noise of a standing bus
_BIN_M, _STOP_APART_M = 100.0, 300.0
_STOOD_M, _STOOD_S, _TRIPS_STOOD = 15.0, 10.0, 3
_WARM_UP_S = 600.0
_AHEAD_S = (300.0, 900.0)
_ASK_EVERY_S = 120.0
# Buses come every ten or twenty minutes, trucks every two or three: what one leaves lasts longer.
_PARAMS = TrafficParams(corridor_stretch_m=200.0, half_life_s=2400.0, on_way_m=150.0)

Trip = tuple[str, str]


def recorded(file: Path) -> Journeys:
    """Return the trips of a file of positions; nothing of a vehicle's own serves its forecasts.

    Speeds begin with the mean of the first ten minutes, and forecasts only then. The baseline of
    nominal speed is given more than it could know: the mean of all other vehicles, later ones too.

    Raises
    ------
    FlowctlError
        The file lacks a column, or has no trip with at least ten positions.
    """
    trips = _read(file)
    line = _draw(max(trips.values(), key=len))
    path = Line(line, _EPSG)
    along = {
        trip: np.maximum.accumulate(path.locate(rows[:, 1], rows[:, 2])[0])
        for trip, rows in trips.items()
    }
    begin = min(float(rows[0, 0]) for rows in trips.values())
    first_mps = _mean_mps(trips, along, until=begin + _WARM_UP_S)
    vehicles = sorted({vehicle for vehicle, _ in trips})
    nominal = {
        vehicle: _mean_mps(
            {trip: rows for trip, rows in trips.items() if trip[0] != vehicle}, along
        )
        for vehicle in vehicles
    }
    roads = _roads(line, path.length_m, first_mps)
    stops = _stops(trips, along)
    device = np.repeat(np.arange(len(trips)), [len(rows) for rows in trips.values()])
    at = np.concatenate([rows[:, 0] for rows in trips.values()])
    metres = np.concatenate([along[trip] for trip in trips])[:, None]
    nothing = np.zeros(metres.shape)
    return Journeys(
        roads,
        Tracks(device, at, metres, nothing, np.zeros(len(at), np.bool_)),
        received=at,
        way=np.zeros(len(trips), np.int64),
        vehicle=np.array([vehicles.index(vehicle) for vehicle, _ in trips]),
        nominal_mps=np.array([nominal[vehicle] for vehicle, _ in trips]),
        goals=tuple(_passed(rows[:, 0], along[trip], stops) for trip, rows in trips.items()),
        leave_out=True,
        ask_from=begin + _WARM_UP_S,
        ask_every_s=_ASK_EVERY_S,
        between_s=_AHEAD_S,
    )


def _read(file: Path) -> dict[Trip, Column]:
    """Return (epoch s, lon, lat) of each trip in order of time, shape [n, 3]."""
    trips: dict[Trip, dict[float, tuple[float, float]]] = defaultdict(dict)
    try:
        with file.open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                at = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC).timestamp()
                place = float(row["longitude"]), float(row["latitude"])
                trips[row["vehicle_id"], row["trip_id"]][at] = place
    except (KeyError, ValueError, OSError) as error:
        raise FlowctlError(f"{file}: no positions of buses could be read: {error!r}.") from error
    kept = {
        trip: np.array([(at, *place) for at, place in sorted(fixes.items())])
        for trip, fixes in trips.items()
        if len(fixes) >= _LEAST_FIXES
    }
    if not kept:
        raise FlowctlError(f"{file}: no trip in it has {_LEAST_FIXES} positions or more.")
    return kept


def _draw(rows: Column) -> shapely.LineString:
    """Return the line through a trip's positions, less those of a standing bus."""
    plane = Projection(_EPSG)
    x, y = plane.to_metres(rows[:, 1], rows[:, 2])
    kept = [0]
    for row in range(1, len(rows)):
        if np.hypot(x[row] - x[kept[-1]], y[row] - y[kept[-1]]) >= _APART_M:
            kept.append(row)
    return shapely.LineString(rows[kept, 1:])


def _mean_mps(trips: dict[Trip, Column], along: dict[Trip, Column], until: float = np.inf) -> float:
    metres = seconds = 0.0
    for trip, rows in trips.items():
        known = rows[:, 0] <= until
        if known.any():
            metres += float(np.ptp(along[trip][known]))
            seconds += float(np.ptp(rows[known, 0]))
    return metres / max(seconds, 1.0)


def _roads(line: shapely.LineString, length_m: float, speed_mps: float) -> Roads:
    piece = WayPiece("route", turned=False, length_m=length_m, speed_mps=speed_mps)
    route = Corridor("route", "end", line, length_m, speed_mps, (piece,))
    return Roads([route], {"route": line}, [], epsg=_EPSG, margin_m=0.0, params=_PARAMS)


def _stops(trips: dict[Trip, Column], along: dict[Trip, Column]) -> list[float]:
    """Return the metres along the line at which at least three trips stood, 300 m apart."""
    stood: dict[int, set[Trip]] = defaultdict(set)
    for trip, rows in trips.items():
        still = (np.diff(along[trip]) < _STOOD_M) & (np.diff(rows[:, 0]) >= _STOOD_S)
        for place in (along[trip][:-1][still] // _BIN_M).astype(int).tolist():
            stood[place].add(trip)
    stops: list[float] = []
    for place in sorted(place for place, those in stood.items() if len(those) >= _TRIPS_STOOD):
        if not stops or place * _BIN_M - stops[-1] >= _STOP_APART_M:
            stops.append((place + 0.5) * _BIN_M)
    return stops


def _passed(at: Column, along: Column, stops: list[float]) -> tuple[tuple[float, float], ...]:
    """Return the stops a trip came to after its first position, each with the moment."""
    return tuple(
        (stop, float(np.interp(stop, along, at))) for stop in stops if along[0] < stop <= along[-1]
    )
