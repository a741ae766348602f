"""A simulated day under the production rules of call-up, as trackers showed it and as it was."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from flowctl.bench.eta_trial import Journeys
from flowctl.scenarios.behaviour import Congestion
from flowctl.scenarios.scenario import Scenario
from flowctl.site import Site
from flowctl.traffic.eta import fence_m
from flowctl.traffic.roads import Ints, Roads, roads_of
from flowctl.traffic.speeds import Tracks
from geo.crs import Column
from simulations.demand import Demand
from simulations.engine import regulators_of
from simulations.notices import device
from simulations.records import Records
from simulations.world import World


@dataclass(frozen=True, slots=True, eq=False)
class PlayedDay:
    """What was seen of a day's trucks and what became of them.

    ``tracks`` are the fixes of all exports, their devices being the numbers of trucks in ``demand``
    and ``records``; ``received`` (shape [n]) is when each was, epoch seconds.
    """

    site: Site
    roads: Roads
    demand: Demand
    records: Records
    tracks: Tracks
    received: Column


def played(scenario: Scenario, site: Site, *, seed: int) -> PlayedDay:
    """Play a congested day on which trucks are called up from their yards as in production."""
    busy = replace(scenario, congestion=scenario.congestion or Congestion())
    world = World(busy, site, seed=seed, controlled=True)
    fixes, received = _listen(world)
    truck_of = {device(plate): truck for truck, plate in enumerate(world.demand.plate)}
    truck = np.array([truck_of[fix["device"]] for fix in fixes])
    at = np.array([datetime.fromisoformat(fix["fixed_at"]).timestamp() for fix in fixes])
    order = np.lexsort((received, at, truck))
    doubled = np.r_[False, (np.diff(truck[order]) == 0) & (np.diff(at[order]) == 0)]
    rows = order[~doubled]
    lon, lat = (np.array([fix[key] for fix in fixes])[rows] for key in ("lon", "lat"))
    engine_off = ~np.array([fix["ignition"] for fix in fixes])[rows]
    roads = roads_of(site)
    tracks = Tracks(truck[rows], at[rows], *roads.locate(lon, lat), engine_off)
    return PlayedDay(site, roads, world.demand, world.records(), tracks, received[rows])


def to_yards(played_day: PlayedDay) -> Journeys:
    """Return the exports that come to their yards in the course of the day."""
    site, day, roads = played_day.site, played_day.demand, played_day.roads
    ways = {way.way: number for number, way in enumerate(roads.ways)}
    corridors = {corridor.yard: corridor for corridor in reversed(site.corridors)}
    goals: list[tuple[tuple[float, float], ...]] = [()] * len(day)
    way: Ints = np.zeros(len(day), dtype=np.int64)
    nominal_mps = np.ones(len(day))
    for truck in np.flatnonzero(day.tracked & ~day.standing & ~day.is_import).tolist():
        corridor = corridors[day.yards[day.yard[truck]]]
        way[truck], nominal_mps[truck] = ways[corridor.id], corridor.speed_mps
        fence = fence_m(roads.ways[way[truck]], site.zone_by_id[corridor.yard].polygon)
        goals[truck] = ((fence, float(played_day.records.yard_at[truck])),)
    return Journeys(
        roads,
        played_day.tracks,
        played_day.received,
        way=way,
        vehicle=np.arange(len(day)),
        nominal_mps=nominal_mps,
        goals=tuple(goals),
    )


def _listen(world: World) -> tuple[list[dict[str, Any]], Column]:
    """Play the day out and return every fix and the moment it was received by."""
    fixes: list[dict[str, Any]] = []
    received: list[float] = []
    regulators = regulators_of(world)
    step, now = timedelta(seconds=world.site.dispatch.meter_interval_s), world.scenario.start
    while now < world.scenario.closes:
        now += step
        for post in world.advance(now).fix_posts:
            fixes += post
            received += [now.timestamp()] * len(post)
        for regulator in regulators:
            regulator.tick()
    return fixes, np.array(received)
