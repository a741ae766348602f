"""Plays a day against all of production's decisions: plan, repair, metering, standby, notices."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from flowctl.collector import uncollected
from flowctl.controller import Disruption, step
from flowctl.errors import FlowctlError
from flowctl.policy import HaulierRules, Policy, PriorityRules
from flowctl.scenarios.scenario import Scenario
from flowctl.scenarios.steering import Rule, Steering
from flowctl.site import Site
from flowctl.site_files import load_policy
from simulations.demand import Demand
from simulations.disruptions import Announced
from simulations.engine import CancelledError, Progress, Stopped
from simulations.knowledge import Book, Word
from simulations.knowledge_truth import Truth
from simulations.records import Records
from simulations.world import World


def play_planned(
    scenario: Scenario,
    site: Site,
    *,
    steering: Steering,
    seed: int,
    progress: Progress | None = None,
    stopped: Stopped | None = None,
    demand: Demand | None = None,
) -> Records:
    """Play one replication with production's planner in the loop, to the close of its report.

    Every truck is seen where it is; the controller steps as in production: every
    ``meter_interval_s``, with a plan every ``plan_interval_s`` or as soon as something changed. It
    costs what the planner costs.

    Parameters
    ----------
    steering
        A rule that plans; its policy file, if any, takes the place of the site's.
    seed
        The day's random numbers; the same trucks whatever steers them.
    progress
        Called at every step with the share of the day that has been played, 0 to 1.
    stopped
        Asked at every step whether the day is no longer wanted.
    demand
        The trucks, where they were drawn before.

    Raises
    ------
    CancelledError
        The day was not wanted any more.
    FlowctlError
        The policy is not fit, or a way of the scenario leads through an in-gate yard.
    """
    steered = steered_site(site, steering)
    world = World(scenario, steered, seed=seed, controlled=True, gps=False, demand=demand)
    _check_ways(world)
    told = Told(world)
    book = Book(steered)
    truth = Truth(world, book)
    announced = Announced(scenario, steered)
    every = timedelta(seconds=steered.dispatch.meter_interval_s)
    rhythm = Rhythm(timedelta(seconds=steered.dispatch.plan_interval_s))
    at, closes = scenario.start, scenario.closes
    while at < closes:
        at = min(at + every, closes)
        if stopped is not None and stopped():
            raise CancelledError
        world.advance(at)
        truth.look()
        with uncollected():
            snapshot = book.snapshot(
                world.known_site(), at, truth.histories(), announced.list_known(at.timestamp())
            )
            decision, rhythm.before = step(
                snapshot, plan_due=rhythm.is_due(at), before=rhythm.before
            )
            words = book.keep(snapshot, decision)
        told.hear([(truth.truck_of(word.trip_id), word) for word in words])
        for one in decision.tellings:
            told.slot_at[truth.truck_of(one.trip_id)] = one.slot.starts_at.timestamp()
        for swap in decision.swaps:
            told.slot_at[truth.truck_of(swap.takes)] = swap.slot_given.starts_at.timestamp()
            told.slot_at[truth.truck_of(swap.gives)] = swap.slot_taken.starts_at.timestamp()
        if progress is not None:
            progress((at - scenario.start) / (closes - scenario.start))
    return told.records()


@dataclass(slots=True)
class Rhythm:
    """When a plan is due: every so often, as production's loop has it.

    ``before`` is what the step before found; a change makes a plan at once, which `step` sees to.
    """

    every: timedelta
    before: Disruption | None = None
    next_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Tell whether a plan is due now, and count from now on if so."""
        if self.next_at is not None and now < self.next_at:
            return False
        self.next_at = now + self.every
        return True


class Told:
    """What the drivers of a world heard: call-ups set them in motion, the rest is counted."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.slot_at = np.full(len(world.demand), np.nan)
        self._messages = np.zeros(len(world.demand), np.int64)

    def hear(self, words: Iterable[tuple[int, Word]]) -> None:
        """Let drivers read messages, (truck, word) each, the moment they are sent."""
        for truck, word in words:
            self._messages[truck] += 1
            if word.kind == "call_up":
                self._world.call(truck, word.gate)

    def records(self) -> Records:
        """Return the world's records with what its drivers heard."""
        return replace(self._world.records(), slot_at=self.slot_at, messages=self._messages)


def steered_site(site: Site, steering: Steering) -> Site:
    """Return the site with the rules of what steers it.

    ``slots`` has the plan by cost alone: no haulier's quota, no priority and so no bound on it, no
    standby.

    Raises
    ------
    FlowctlError
        The steering does not plan, or names a policy that is not fit.
    """
    if not steering.plans:
        raise FlowctlError(f"The policy '{steering}' gives no slots; the fast engine plays it.")
    policy = site.policy
    if steering.policy is not None:
        policy = load_policy(Path(steering.policy), site.dispatch)
    if steering.rule is Rule.SLOTS:
        policy = by_cost_alone(policy)
    return replace(site, policy=policy)


def by_cost_alone(policy: Policy) -> Policy:
    """Return a policy without what its repair is there for."""
    return replace(
        policy,
        haulier=HaulierRules(most_share=1.0),
        priority=PriorityRules(),
        standby=replace(policy.standby, share=0.0),
    )


def _check_ways(world: World) -> None:
    """Refuse ways through in-gate yards: nobody in a world drives to one."""
    used = set(world.demand.yards)
    for yard in world.site.yards:
        for way in yard.access:
            if yard.id in used and way.gate in world.demand.gates and way.via is not None:
                raise FlowctlError(
                    f"The way from {yard.id} to {way.gate} leads through {way.via}; simulated"
                    " trucks drive from their yard straight to the gate, so this day cannot be"
                    " played with slots."
                )
