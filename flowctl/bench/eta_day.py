"""A simulated day's trucks on their corridors, as their trackers showed them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from flowctl.bench.eta_trial import Journeys
from flowctl.site import Site
from flowctl.traffic.eta import fence_m
from flowctl.traffic.roads import roads_of
from flowctl.traffic.speeds import Tracks
from simulations.notices import device
from simulations.scenario import Congestion, Scenario
from simulations.world import World

_STEP = timedelta(seconds=60)


def simulated(scenario: Scenario, site: Site, *, seed: int) -> Journeys:
    """Return the exports that come to their yards in the course of a congested day."""
    busy = replace(scenario, congestion=scenario.congestion or Congestion())
    world = World(busy, site, seed=seed, controlled=True)
    fixes, received = _listen(world)
    day, roads = world.demand, roads_of(site)
    truck_of = {device(plate): truck for truck, plate in enumerate(day.plate)}
    coming = day.tracked & ~day.standing & ~day.is_import
    truck = np.array([truck_of[fix["device"]] for fix in fixes])
    at = np.array([datetime.fromisoformat(fix["fixed_at"]).timestamp() for fix in fixes])
    lon = np.array([fix["lon"] for fix in fixes])
    lat = np.array([fix["lat"] for fix in fixes])
    first = np.lexsort((received, at, truck))
    doubled = np.r_[False, (np.diff(truck[first]) == 0) & (np.diff(at[first]) == 0)]
    rows = first[~doubled & coming[truck[first]]]
    along, offset = roads.locate(lon[rows], lat[rows])
    corridors = [
        next(c for c in site.corridors if c.yard == day.yards[k]) for k in day.yard[coming]
    ]
    ways = {way.way: number for number, way in enumerate(roads.ways)}
    number = np.cumsum(coming) - 1
    arrives = world.starts + day.at_s[coming]
    goals = tuple(
        ((fence_m(roads.ways[ways[c.id]], site.zone_by_id[c.yard].polygon), float(moment)),)
        for c, moment in zip(corridors, arrives, strict=True)
    )
    ignition = np.array([fix["ignition"] for fix in fixes])
    tracks = Tracks(number[truck[rows]], at[rows], along, offset, ~ignition[rows])
    return Journeys(
        roads,
        tracks,
        received[rows],
        way=np.array([ways[corridor.id] for corridor in corridors]),
        vehicle=np.arange(len(corridors)),
        nominal_mps=np.array([corridor.speed_mps for corridor in corridors]),
        goals=goals,
    )


def _listen(world: World) -> tuple[list[dict[str, Any]], Any]:
    """Play the day out and return every fix and the moment it was received by."""
    fixes: list[dict[str, Any]] = []
    received: list[float] = []
    now = world.scenario.start
    while now < world.scenario.closes:
        now += _STEP
        for post in world.advance(now).fix_posts:
            fixes += post
            received += [now.timestamp()] * len(post)
    return fixes, np.array(received)
