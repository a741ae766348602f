"""How drivers answer a call-up, and how long their ways from yard to gate take."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache, partial
from math import expm1, sqrt
from statistics import median
from typing import NamedTuple

import numpy as np
import shapely

from flowctl.site import Site
from flowctl.storage.calibration import Way
from flowctl.storage.recorded_day import RecordedTrip
from simulations.calibrate.findings import CalibrateParams, Calibration, Finding
from simulations.fleet import distance_m
from simulations.streams import Column
from simulations.ways import Ways

_NORMAL_IQR = 1.349
"""Interquartile range of a normal law of standard deviation 1."""


def fit_ways(
    found: Calibration,
    trips: Mapping[int, RecordedTrip],
    ways: Mapping[int, Way],
    site: Site,
    params: CalibrateParams,
) -> None:
    """Fit the drivers' reaction and speeds, and how much longer ways take than the site says."""
    roads = Ways(site)
    usual_by_way = cache(partial(usual_way, roads, site))
    answers: list[tuple[str, float, float]] = []
    ratios: dict[str, list[float]] = defaultdict(list)
    for trip, way in ways.items():
        gate, queued_at = trips[trip].queued_gate, trips[trip].queued_at
        if gate is None or queued_at is None or site.find_freight_road(way.yard, gate) is None:
            continue
        usual = usual_by_way(way.yard, gate)
        if usual.road_s > 0.0:
            taken_s = (queued_at - way.left_at).total_seconds()
            ratios[way.yard].append(taken_s / usual.road_s)
        if way.released_at is not None:
            taken_s = (way.left_at - way.released_at).total_seconds()
            answers.append((way.yard, taken_s, usual.yard_s))
    factors = _fit_speeds(found, ratios, params)
    reactions = [taken_s - factors.get(yard, 1.0) * in_s for yard, taken_s, in_s in answers]
    _fit_reaction(found, np.array(reactions), site, params)


class UsualWay(NamedTuple):
    """How long the site lets a truck drive in its yard, in the mean, and from there to a queue."""

    yard_s: float
    road_s: float


def usual_way(roads: Ways, site: Site, yard: str, gate: str) -> UsualWay:
    """Return the way of trucks from their places to a gate's queue, parted where the yard ends."""
    ground, way = roads.get_ground(yard), roads.get_freight(yard, gate)
    places = zip(ground.lon.tolist(), ground.lat.tolist(), strict=True)
    to_road_m = float(np.mean([distance_m(*place, *way.start) for place in places]))
    inside = shapely.intersection(way.path.line, site.zone_by_id[yard].polygon)
    along_m = way.path.locate(*shapely.get_coordinates(inside).T)[0]
    exit_m = min(float(along_m.max(initial=0.0)), way.queue.enters_m)
    return UsualWay(
        (to_road_m + exit_m) / way.speed_mps, (way.queue.enters_m - exit_m) / way.speed_mps
    )


def _fit_reaction(
    found: Calibration, reactions: Column, site: Site, params: CalibrateParams
) -> None:
    """Fit who left in time; who took longer than a no-show is judged by counts as late."""
    late_s = site.policy.standby.judged_s
    prompt = np.maximum(reactions[reactions <= late_s], 1.0)
    if len(prompt) < params.least:
        why = f"a law needs {params.least} trucks that were called up"
        found.default("drivers.reaction", "schema default", len(prompt), why)
        return
    logs = np.log(prompt)
    middle, spread = float(np.median(logs)), _spread(logs)
    drivers = found.table.setdefault("drivers", {})
    drivers["reaction_s"] = round(float(np.exp(middle + spread * spread / 2)), 1)
    drivers["reaction_cv"] = _cv(spread)
    late = reactions[reactions > late_s]
    drivers["compliance_share"] = round(1.0 - len(late) / len(reactions), 4)
    if len(late):
        drivers["late_reaction_s"] = round(float(np.median(late)), 1)
    said = f"mean {drivers['reaction_s']:.0f} s, cv {drivers['reaction_cv']:.2f}"
    said += f", {100 * (1 - drivers['compliance_share']):.1f} % late"
    how = "call-up to leaving the yard, less the mean way in it; lognormal by its quartiles"
    found.findings.append(Finding("drivers.reaction", said, len(reactions), how))


def _fit_speeds(
    found: Calibration, ratios: Mapping[str, list[float]], params: CalibrateParams
) -> dict[str, float]:
    """Return each yard's factor on the site's ways; fit how much drivers differ."""
    around: list[float] = []
    factors: dict[str, float] = {}
    for yard, of_yard in sorted(ratios.items()):
        key = f"yards.{yard}.travel_factor"
        if len(of_yard) < params.least:
            why = f"a factor needs {params.least} trucks"
            found.default(key, "1, the site's ways", len(of_yard), why)
            continue
        factors[yard] = min(max(round(median(of_yard), 3), 0.1), 10.0)
        how = "median of yard exit to queue entry, over the site's length and speed"
        found.findings.append(Finding(key, f"{factors[yard]:.2f}", len(of_yard), how))
        around += [ratio / factors[yard] for ratio in of_yard if ratio > 0.0]
    if not around:
        found.default("drivers.speed_cv", "schema default", 0, "no way was seen often enough")
        return factors
    found.table["yards"] = {yard: {"travel_factor": factor} for yard, factor in factors.items()}
    cv = _cv(_spread(np.log(around)))
    found.table.setdefault("drivers", {})["speed_cv"] = cv
    how = "around each yard's median; lognormal by its quartiles"
    found.findings.append(Finding("drivers.speed_cv", f"{cv:.2f}", len(around), how))
    return factors


def _spread(logs: Column) -> float:
    """Return the standard deviation of normal numbers, not minding those far out."""
    low, high = np.quantile(logs, [0.25, 0.75])
    return max(float(high - low) / _NORMAL_IQR, 1e-3)


def _cv(spread: float) -> float:
    return max(round(sqrt(expm1(spread * spread)), 4), 0.001)
