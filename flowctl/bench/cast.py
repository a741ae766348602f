"""Who drives in ``flowctl bench arrivals``: a simulated day's trucks and drivers by script."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flowctl.bench.drivers import FINE_S, PLAYS, STRADDLING, Drivers
from flowctl.bench.truth import true_stays
from flowctl.data_files import data_dir
from flowctl.scenarios.behaviour import Gps
from flowctl.scenarios.scenario import Scenario, load_scenario
from flowctl.site import Site
from simulations.demand import draw
from simulations.notices import device
from simulations.trackers import Post, Trackers
from simulations.world import World

_SCRIPTED_SHARE = 0.2
_STRADDLING_SHARE = 0.05
_STANDING_SHARE = 0.1  # of the simulated trucks: they are there in the morning and never arrive
_AFTER = timedelta(hours=2)
"""So long the last are heard after the day, and what comes late comes in."""
_STEP = timedelta(hours=1)

Tell = Callable[[str], None]
Delivery = tuple[datetime, Post]
"""A post and when it was received."""


@dataclass(frozen=True, slots=True)
class ArrivalsOptions:
    """What trackers do: seconds, metres (root mean square), shares of all fixes."""

    trucks: int
    seed: int
    moving_s: float = 30.0
    parked_s: float = 900.0
    noise_m: float = 10.0
    late_share: float = 0.05
    late_window_s: float = 1_800.0
    lost_share: float = 0.02
    doubled_share: float = 0.02
    post_interval_s: float = 60.0


@dataclass(frozen=True)
class Cast:
    """Everybody who drives: the simulated trucks first, then scripted drivers, then straddlers."""

    site: Site
    scenario: Scenario
    options: ArrivalsOptions
    scripted: Drivers
    straddling: Drivers

    @classmethod
    def drawn(cls, site: Site, options: ArrivalsOptions) -> "Cast":
        """Return the cast of ``options.trucks`` trucks."""
        scripted = round(options.trucks * _SCRIPTED_SHARE)
        straddling = max(1, round(options.trucks * _STRADDLING_SHARE))
        scenario = _scenario(options, options.trucks - scripted - straddling)
        starts, seed = scenario.start.timestamp(), options.seed
        return cls(
            site,
            scenario,
            options,
            Drivers.drawn(site, PLAYS, scripted, starts=starts, seed=seed),
            Drivers.drawn(site, STRADDLING, straddling, starts=starts, seed=seed),
        )

    @cached_property
    def devices(self) -> tuple[str, ...]:
        """Everybody's device, by number."""
        simulated = [device(plate) for plate in draw(self.scenario, self.options.seed).plate]
        scripted = [f"S-{k:05d}" for k in range(len(self.scripted.scripts))]
        straddling = [f"F-{k:05d}" for k in range(len(self.straddling.scripts))]
        return (*simulated, *scripted, *straddling)

    @cached_property
    def play_of(self) -> tuple[str, ...]:
        """What everybody does, by number."""
        simulated = len(self.devices) - len(self.scripted.plays) - len(self.straddling.plays)
        return ("simulated",) * simulated + self.scripted.plays + self.straddling.plays

    def play(self, tell: Tell) -> list[Delivery]:
        """Return every post with the moment it is received, in the order of reception."""
        gps, names = self.scenario.gps, self.devices
        world = self._world(gps)
        begin = len(world.demand)
        trackers = Trackers(gps, names[begin:], seed=self.options.seed + 1)
        seen = self._scripted_sightings(gps.moving_interval_s, gps.parked_interval_s)
        at, posts = self.scenario.start, []
        step = timedelta(seconds=gps.post_interval_s)
        while at < self.scenario.closes + _AFTER:
            before, at = at, at + step
            now = (seen["at"] >= before.timestamp()) & (seen["at"] < at.timestamp())
            bodies = world.advance(at).fix_posts + trackers.post(seen[now], at.timestamp())
            posts += [(at, body) for body in bodies if body]
            self._tell_hour(tell, "playing the day", at)
        return posts

    def true_stays(self, tell: Tell) -> NDArray[np.void]:
        """Return where everybody truly was, at steps of `FINE_S`, as rows of `STAY`."""
        gps = replace(
            self.scenario.gps, moving_interval_s=FINE_S, parked_interval_s=900.0, lost_share=1.0
        )
        world = self._world(gps)
        at, parts = self.scenario.start, []
        while at < self.scenario.closes + _AFTER:
            at += _STEP
            self._tell_hour(tell, "playing it again at fine steps", at)
            seen = world.advance(at).sightings
            if seen is not None:
                parts.append(_moving(seen))
        scripted = self._scripted_sightings(FINE_S, 900.0)
        scripted["truck"] += len(world.demand)
        rows = np.concatenate([*parts, scripted])
        rows = rows[np.lexsort((rows["at"], rows["truck"]))]
        zones = self.site.zones
        tell("asking where the true paths lie")
        return true_stays(zones, rows["truck"], rows["at"], rows["lon"], rows["lat"])

    def _tell_hour(self, tell: Tell, what: str, at: datetime) -> None:
        if at.minute == 0 and at.second == 0:
            tell(f"{what}: {at.astimezone(self.site.timezone):%H:%M}")

    def _world(self, gps: Gps) -> World:
        day = replace(self.scenario, gps=gps)
        return World(day, self.site, seed=self.options.seed, controlled=False)

    def _scripted_sightings(self, moving_s: float, parked_s: float) -> NDArray[np.void]:
        straddling = self.straddling.sightings(moving_s, parked_s)
        straddling["truck"] += len(self.scripted.scripts)
        return np.concatenate([self.scripted.sightings(moving_s, parked_s), straddling])


def _moving(rows: NDArray[np.void]) -> NDArray[np.void]:
    """Drop, of a stretch of time, the looks at trucks that stood before and after."""
    rows = rows[np.lexsort((rows["at"], rows["truck"]))]
    moved = np.ones(len(rows) + 1, np.bool_)
    moved[1:-1] = (rows["truck"][1:] != rows["truck"][:-1]) | (
        (rows["lon"][1:] != rows["lon"][:-1]) | (rows["lat"][1:] != rows["lat"][:-1])
    )
    kept: NDArray[np.void] = rows[moved[1:] | moved[:-1]]
    return kept


def _scenario(options: ArrivalsOptions, trucks: int) -> Scenario:
    """Return the published day with other counts of trucks, none of them counted by officers."""
    day = load_scenario(data_dir() / "scenarios" / "2024-01-23.toml")
    all_arrivals = sum(row.arrivals for row in day.gates.values())
    coming = trucks * (1 - _STANDING_SHARE)
    gates = {
        gate: replace(
            row,
            arrivals=round(coming * row.arrivals / all_arrivals),
            standing=round(trucks * _STANDING_SHARE / len(day.gates)),
            imports=0,
        )
        for gate, row in day.gates.items()
    }
    gps = replace(
        day.gps,
        moving_interval_s=options.moving_s,
        parked_interval_s=options.parked_s,
        noise_m=options.noise_m,
        late_share=options.late_share,
        late_window_s=options.late_window_s,
        backlog_s=options.late_window_s / 3,
        lost_share=options.lost_share,
        duplicate_share=options.doubled_share,
        post_interval_s=options.post_interval_s,
        without_share=0.0,
    )
    return replace(day, gates=gates, gps=gps)
