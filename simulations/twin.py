"""Plays a day against all of production's decisions: plan, repair, metering, standby, notices.

Without positions everybody sees everything (`play_planned`); with them the controller knows what
trackers tell, as late and as wrong as they do (`play_twin`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from flowctl.collector import uncollected
from flowctl.controller import Disruption, step
from flowctl.errors import FlowctlError
from flowctl.policy import HaulierRules, Policy, PriorityRules
from flowctl.scenarios.scenario import Scenario
from flowctl.scenarios.steering import Rule, Steering
from flowctl.site import Site
from flowctl.site_files import load_policy
from flowctl.state import GateHistory
from simulations.demand import Demand
from simulations.disruptions import Announced
from simulations.engine import CancelledError, Progress, Stopped
from simulations.knowledge import Book, Word
from simulations.knowledge_gps import Beliefs, Received
from simulations.knowledge_truth import Truth
from simulations.records import Records
from simulations.world import Emitted, World

TRAFFIC_EVERY = timedelta(seconds=60)
"""How often production's controller looks at roads (`flowctl.worker`)."""


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
    book = Book(steered)
    return _steer(world, book, Truth(world, book), progress, stopped)


class Played(NamedTuple):
    """What became of a day's trucks, and how well positions told it."""

    records: Records
    beliefs: Beliefs


def play_twin(
    scenario: Scenario,
    site: Site,
    *,
    steering: Steering,
    seed: int,
    progress: Progress | None = None,
    stopped: Stopped | None = None,
    demand: Demand | None = None,
) -> Played:
    """Play one replication of the whole system, positions included, to the close of its report.

    Trackers post with their faults; posts go through production's decoding, screening, merging and
    judging of visits, visits become what the controller knows, and call-ups move the trucks. Only
    the network, the databases and the sending of messages are left out: what is posted between two
    steps is received at the second, and a message is read when it is written.

    Parameters and errors are those of `play_planned`.
    """
    steered = steered_site(site, steering)
    world = World(scenario, steered, seed=seed, controlled=True, gps=True, demand=demand)
    book = Book(steered)
    received = Received(world, book)
    return Played(_steer(world, book, received, progress, stopped), received.beliefs())


class Knowledge(Protocol):
    """Where facts about the trucks of a world come from."""

    def look(self, emitted: Emitted, now: datetime) -> None:
        """Take in what became known up to ``now``."""
        ...

    def observe(self, now: datetime) -> None:
        """Look at the roads."""
        ...

    def histories(self, now: datetime) -> tuple[GateHistory, ...]:
        """Return what was seen at each gate."""
        ...

    def truck_of(self, trip_id: int) -> int:
        """Return the truck of a trip."""
        ...


def _steer(
    world: World,
    book: Book,
    knowledge: Knowledge,
    progress: Progress | None,
    stopped: Stopped | None,
) -> Records:
    """Step the controller from the day's start to the close of its report."""
    _check_ways(world)
    scenario, rules = world.scenario, world.site.dispatch
    told, announced = Told(world), Announced(scenario, world.site)
    meter_every = timedelta(seconds=rules.meter_interval_s)
    plans, looks = Rhythm(timedelta(seconds=rules.plan_interval_s)), Rhythm(TRAFFIC_EVERY)
    before: Disruption | None = None
    at, closes = scenario.start, scenario.closes
    while at < closes:
        at = min(at + meter_every, closes)
        if stopped is not None and stopped():
            raise CancelledError
        knowledge.look(world.advance(at), at)
        with uncollected():
            closures = announced.list_known(at.timestamp())
            snapshot = book.snapshot(world.known_site(), at, knowledge.histories(at), closures)
            decision, before = step(snapshot, plan_due=plans.is_due(at), before=before)
            words = book.keep(snapshot, decision)
        told.hear((knowledge.truck_of(word.trip_id), word) for word in words)
        if looks.is_due(at):
            knowledge.observe(at)
        if progress is not None:
            progress((at - scenario.start) / (closes - scenario.start))
    return told.records()


@dataclass(slots=True)
class Rhythm:
    """What is due every so often, at the steps of production's loop."""

    every: timedelta
    next_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Tell whether it is due now, and count from now on if so."""
        if self.next_at is not None and now < self.next_at:
            return False
        self.next_at = now + self.every
        return True


class Told:
    """What the drivers of a world heard: slots and call-ups, which they act on; all is counted."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._messages = np.zeros(len(world.demand), np.int64)

    def hear(self, words: Iterable[tuple[int, Word]]) -> None:
        """Let drivers read messages, (truck, word) each, the moment they are sent."""
        for truck, word in words:
            self._messages[truck] += 1
            if word.kind == "call_up":
                self._world.call(truck, word.gate)
            elif word.starts_at is not None:
                self._world.tell_slot(truck, word.starts_at.timestamp())

    def records(self) -> Records:
        """Return the world's records with what its drivers heard."""
        return replace(self._world.records(), messages=self._messages)


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
