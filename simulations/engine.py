"""Plays a day against a rule, without positions: the production metering, or no control at all."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import numpy as np

from flowctl.dispatch.n_control import (
    export_rate,
    gate_load,
    imports_beyond,
    learned_target,
    n_allowed,
    n_slewed,
    release_quota,
)
from flowctl.scenarios.scenario import Scenario
from flowctl.scenarios.steering import Steering
from flowctl.site import Access, Gate, Site
from flowctl.site_files import load_policy
from flowctl.traffic.capacity import CapacityEstimate
from flowctl.traffic.collapse import GateMode
from flowctl.traffic.lane_loss import estimate_open
from simulations.demand import Demand
from simulations.fast.day import LEARN_EVERY, Days
from simulations.gates import instant
from simulations.records import Records
from simulations.world import World

Policy = Literal["none", "metering", "quota"]
Progress = Callable[[float], None]
Stopped = Callable[[], bool]

_QUOTA_BURST_S = 60.0


class CancelledError(Exception):
    """Nobody wants the rest of the day any more."""


class Prepared:
    """A scenario at a site with what steers it, to be played with one seed after another.

    Rules of release are played by the compiled engine, several at once in threads; what plans has
    production's planner in its loop, at its own cost.
    """

    def __init__(self, scenario: Scenario, site: Site, steering: Steering) -> None:
        self._scenario, self._site, self._steering = scenario, site, steering
        self._days = None if steering.plans else Days(scenario, _ruled(site, steering), steering)

    def play(
        self,
        seed: int,
        *,
        demand: Demand | None = None,
        progress: Progress | None = None,
        stopped: Stopped | None = None,
    ) -> Records:
        """Play one replication to the close of its report.

        Parameters
        ----------
        seed
            The day's random numbers; the same trucks whatever steers them.
        demand
            The trucks, where they are not to be drawn.
        progress
            Called with the share of the day that has been played, 0 to 1.
        stopped
            Asked now and then whether the day is no longer wanted.

        Raises
        ------
        CancelledError
            It was not.
        """
        if self._days is None:
            from simulations.twin import play_planned  # noqa: PLC0415 - the planner takes a second

            return play_planned(
                self._scenario,
                self._site,
                steering=self._steering,
                seed=seed,
                progress=progress,
                stopped=stopped,
                demand=demand,
            )
        if stopped is not None and stopped():
            raise CancelledError
        records = self._days.play(seed, demand=demand)
        if progress is not None:
            progress(1.0)
        return records


def prepare(scenario: Scenario, site: Site, *, steering: Steering) -> Prepared:
    """Make what all replications of a scenario share, once.

    Raises
    ------
    FlowctlError
        The scenario does not fit the site, or the steering names a policy that is not fit.
    """
    return Prepared(scenario, site, steering)


def play(
    scenario: Scenario,
    site: Site,
    *,
    steering: Steering,
    seed: int,
    progress: Progress | None = None,
    stopped: Stopped | None = None,
) -> Records:
    """Play one replication of a scenario; see `Prepared.play`."""
    prepared = prepare(scenario, site, steering=steering)
    return prepared.play(seed, progress=progress, stopped=stopped)


def _ruled(site: Site, steering: Steering) -> Site:
    """Return the site with the policy that a rule of release is to go by."""
    if steering.policy is None:
        return site
    return replace(site, policy=load_policy(Path(steering.policy), site.dispatch))


def run(
    scenario: Scenario,
    site: Site,
    *,
    policy: Policy,
    seed: int,
    share: float = 1.0,
    progress: Progress | None = None,
    demand: Demand | None = None,
) -> Records:
    """Play a scenario in a world of events: the readable twin of the compiled engine.

    Parameters
    ----------
    policy
        ``none``: every truck leaves for its gate when it is ready. ``metering``: trucks wait for
        their release, decided by the production rules every ``meter_interval_s``. ``quota``: they
        are let go at a fixed rate.
    seed
        The day's random numbers; the same trucks for either policy.
    share
        The rate of a quota, of what a gate is believed to take beforehand.
    progress
        Called with the share of the day that has been played, 0 to 1.
    demand
        The trucks, where they were drawn before.
    """
    world = World(scenario, site, seed=seed, controlled=policy != "none", gps=False, demand=demand)
    step = timedelta(seconds=site.dispatch.meter_interval_s)
    regulators = regulators_of(world, quota=share if policy == "quota" else None)
    at, closes = scenario.start, scenario.closes
    while at < closes:
        at = min(at + step, closes)
        world.advance(at)
        if policy != "none":
            for regulator in regulators:
                regulator.tick()
        if progress is not None:
            progress((at - scenario.start) / (closes - scenario.start))
    return world.records()


def regulators_of(world: World, *, quota: float | None = None) -> "list[Regulator]":
    """Return for each gate of a world what calls up its trucks, to be ticked as time passes."""
    return [Regulator(world, gate, quota=quota) for gate in range(len(world.demand.gates))]


class Regulator:
    """Releases a world's trucks to one gate as the production controller would.

    With a ``quota``, at that share of what the gate is believed to take beforehand instead.
    """

    def __init__(self, world: World, number: int, *, quota: float | None = None) -> None:
        self._world = world
        self._number = number
        self._quota = quota
        self._allowance = 0.0
        self._id = world.demand.gates[number]
        ways = self._ways()
        self._travel_s = np.array([np.inf if way is None else way.travel_s for way in ways])
        self._latest_s = np.array(
            [np.inf if way is None else way.travel_s * (1 + way.travel_cv) for way in ways]
        )
        self._ticks = 0
        self._learned: CapacityEstimate | None = None
        self._target = 0.0
        self._target_at = -np.inf

    def tick(self) -> None:
        """Release whom the gate can take now."""
        gate = self._world.known_site().gate_by_id[self._id]
        waiting = self._world.list_waiting(self._number)
        window = self._find_window(gate)
        if window is None:
            self._keep(0.0)
            return
        until_open_s, until_close_s = window
        yard = self._world.demand.yard[waiting]
        travel_s = self._travel_s[yard]
        if until_open_s > travel_s.max(initial=0.0):
            self._keep(0.0)
            return
        if not len(waiting):
            return
        # As in production: there when it opens, and a standard deviation of the way before closing.
        in_time = (until_open_s <= travel_s) & (self._latest_s[yard] <= until_close_s)
        going = waiting[in_time]
        if self._quota is not None:
            self._world.release(going[: self._fixed(gate, self._quota, len(going))])
            return
        load, allowed, free = self._room(gate, float(travel_s.mean()), window)
        quota = release_quota(allowed, load, len(going), 0, self._world.site.dispatch.release_most)
        self._world.release(going[: max(min(quota, free), 0)])

    def _fixed(self, gate: Gate, share: float, going: int) -> int:
        """Return how many a fixed rate lets go."""
        believed_per_h = export_rate(gate.capacity_prior_per_h, gate.import_prior_per_h)
        step_s = self._world.site.dispatch.meter_interval_s
        per_s = share * believed_per_h / 3600.0
        most = 1.0 + per_s * max(step_s, _QUOTA_BURST_S)
        self._allowance = min(self._allowance + per_s * step_s, most)
        leaving = min(int(self._allowance), going)
        self._allowance -= leaving
        return leaving

    def _room(
        self, gate: Gate, way_s: float, window: tuple[float, float]
    ) -> tuple[int, float, int]:
        """Return the trucks that count, how many may count, and how many may leave at most."""
        learned = self._learn(gate)
        places = gate.inspection_places
        exports, imports = self._world.count_at_gate(self._number)
        queued = imports_beyond(imports, places)
        mu_per_s, target = learned_target(learned, queued, way_s, places)
        allowed = n_allowed(target, mu_per_s, places, *window)
        if window[0] <= 0.0:
            since_s = self._world.now - self._target_at
            allowed = n_slewed(allowed, self._target, mu_per_s, since_s, places)
        self._keep(allowed)
        coming = self._world.count_in_transit(self._number)
        coming += self._world.count_ignoring(self._number)
        load = gate_load(coming, exports, imports, places)
        # To a gate that stands still nobody goes but to a free place.
        free = places - load if learned.state is GateMode.STOPPED else len(self._world.demand)
        return load, allowed, free

    def _keep(self, target: float) -> None:
        self._target, self._target_at = target, self._world.now

    def _learn(self, gate: Gate) -> CapacityEstimate:
        if self._learned is None or self._ticks % LEARN_EVERY == 0:
            history = self._world.history(self._number)
            self._learned = estimate_open(gate, history, instant(self._world.now))
        self._ticks += 1
        return self._learned

    def _find_window(self, gate: Gate) -> tuple[float, float] | None:
        """Return the seconds until the gate opens (0 if open) and closes; None if not in sight."""
        now = instant(self._world.now)
        window = next(gate.opening.between(now, now + timedelta(days=1)), None)
        if window is None:
            return None
        return (window[0] - now).total_seconds(), (window[1] - now).total_seconds()

    def _ways(self) -> list[Access | None]:
        """Return the way from each yard of the day, None where a yard does not feed this gate."""
        yards = self._world.site.yard_by_id
        return [yards[yard].access_to(self._id) for yard in self._world.demand.yards]
