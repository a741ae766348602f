"""A day's trucks as a world of events: they come, wait, are called, drive, are screened, are gone.

The same world serves the demo (over HTTP, with trackers), the simulation of rules, and as the day
without control. It has no clock of its own: `World.advance` moves it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowctl.errors import FlowctlError
from flowctl.scenarios.scenario import Scenario
from flowctl.site import Site
from simulations.demand import Demand
from simulations.disruptions import Announced
from simulations.gates import GateFloor, OpenHours
from simulations.journeys import Action, Journeys, Travel
from simulations.notices import device, gate_event, trip_body
from simulations.staffing import limits, places_at, staffing
from simulations.trackers import Faults, Post, Trackers
from simulations.ways import Ways
from simulations.whereabouts import Whereabouts

_DAY_S = 86_400.0
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Emitted:
    """What a world did since the last time: bodies of requests, in the order they are due.

    ``registrations`` are bodies of POST /v1/trips, each of ``fix_posts`` is one of POST /v1/fixes,
    ``gate_events`` holds per gate the items of one POST /v1/gates/{gate}/events. ``truth`` counts
    how many trucks are where, per gate, as nobody but the world can know; ``sightings`` are the
    true positions the trackers looked at, rows of `SIGHTING`, None of a world without trackers.
    """

    registrations: list[dict[str, Any]]
    fix_posts: list[Post]
    gate_events: dict[str, list[dict[str, Any]]]
    truth: dict[str, dict[str, int]]
    sightings: NDArray[np.void] | None


class World(Whereabouts):
    """The trucks of a scenario's day at a site, moved by what happens to them.

    Parameters
    ----------
    controlled
        True where trucks with a tracker wait for their call-up; False where every truck leaves for
        the gate by itself once it is ready, though not to be there before it opens.
    gps
        False leaves registrations and trackers out; trucks do the same things at the same times.

    Raises
    ------
    FlowctlError
        The scenario names a gate or yard the site does not have, or no road joins them.
    """

    def __init__(
        self,
        scenario: Scenario,
        site: Site,
        *,
        seed: int,
        controlled: bool,
        gps: bool = True,
        demand: Demand | None = None,
    ) -> None:
        super().__init__(scenario, site, seed=seed, demand=demand)
        self.heard: Counter[str] = Counter()
        self._controlled = controlled
        self._announced = Announced(scenario, self.site)
        self._hours = self._hours_of(self._true)
        self._told = (self.site, self._hours_of(self.site))
        self._floors = [
            GateFloor(
                places_at(self._steps[gate.id], self.starts), hours, limits(scenario, gate.id)
            )
            for gate, hours in zip(self._gates, self._hours, strict=True)
        ]
        self._looks_at = [np.nan] * len(self._gates)
        self._agenda: list[tuple[float, int, Action, int]] = []
        self._noted = 0
        self._registrations: list[dict[str, Any]] = []
        self._events: dict[str, list[dict[str, Any]]] = {gate: [] for gate in self.demand.gates}
        self._truck_of = {phone: k for k, phone in enumerate(self.demand.phone)}
        self._travel = Travel(Ways(self.site), self.demand)
        self._journeys = (
            Journeys(scenario, self.demand, self._travel, seed=seed, later=self._later)
            if gps
            else None
        )
        self._trackers = Trackers(scenario.gps, [device(p) for p in self.demand.plate], seed=seed)
        self._plan_day()

    @property
    def faults(self) -> Faults:
        """How often trackers failed so far."""
        return self._trackers.faults

    def advance(self, until: datetime) -> Emitted:
        """Let everything happen up to ``until`` and return what it makes known."""
        end = until.timestamp()
        while self._agenda and self._agenda[0][0] <= end:
            at, _, action, truck = heappop(self._agenda)
            self.now = at
            action(at, truck)
        self.now = max(self.now, end)
        seen = None if self._journeys is None else self._journeys.collect(end)
        emitted = Emitted(
            registrations=self._registrations,
            fix_posts=[] if seen is None else self._trackers.post(self._heard_of(seen), end),
            gate_events=self._events,
            truth=self._truth(),
            sightings=seen,
        )
        self._registrations = []
        self._events = {gate: [] for gate in self.demand.gates}
        return emitted

    def deliver(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """Let drivers read their SMS: lines of the file gateway.

        A call-up sets a waiting truck in motion after its driver's reaction; other messages are
        only counted, as are call-ups to nobody of this day.
        """
        for message in messages:
            self.heard[message["kind"]] += 1
            truck = self._truck_of.get(message["to"])
            if message["kind"] == "call_up" and truck is not None:
                at = datetime.fromisoformat(message["at"]).timestamp()
                self._call(truck, at, message.get("gate"))

    def counts(self) -> dict[str, int]:
        """Return how many trucks are where, all gates together."""
        return dict(sum((Counter(of_gate) for of_gate in self._truth().values()), Counter()))

    def release(self, trucks: Iterable[int]) -> None:
        """Call trucks up now, each to its own gate."""
        for truck in trucks:
            self._call(int(truck), self.now, None)

    def call(self, truck: int, gate: str) -> None:
        """Call one truck up now, to a gate it may use."""
        self._call(truck, self.now, gate)

    def tell_slot(self, truck: int, begins: float) -> None:
        """Tell a driver when the slot begins (epoch s); the last word counts."""
        self._messages[truck] += 1
        self._slot_at[truck] = begins

    def set_site(self, site: Site) -> None:
        """Let gates be open and staffed from now on as a site says: acts close and open them."""
        self._true = site
        self._steps = staffing(self.scenario, site, self._seed)
        for number, gate in enumerate(self._gates):
            true = site.gate_by_id[gate.id]
            hours = OpenHours.of(true.opening, self.scenario.start)
            self._floors[number].hours = self._hours[number] = hours
            for opens in hours.list_openings():
                if self.now < opens < self.now + _DAY_S:
                    self._later(opens, self._open, number)
            for at, _ in self._steps[gate.id]:
                if at > self.now:
                    self._later(at, self._staff, number)
            self._staff(self.now, number)

    def known_site(self) -> Site:
        """Return the site with the closures that are known at this moment."""
        return self._announced.site_at(self.now)

    def _plan_day(self) -> None:
        """Put everything that is decided beforehand on the agenda."""
        day = self.demand
        for truck in range(len(day)):
            at = self.starts + float(day.at_s[truck])
            if day.is_import[truck]:
                self._later(at, self._reach_gate, truck)
                continue
            if self._journeys is not None and day.tracked[truck]:
                self._later(self.starts + float(day.registered_s[truck]), self._register, truck)
            self._later(float(self._ready_at[truck]), self._become_ready, truck)
            if day.patience_s[truck] < np.inf:
                self._later(self._patient_until(truck), self._lose_patience, truck)
            if day.standing[truck]:
                self._later(at, self._stand, truck)
            else:
                self._plan_arrival(at, truck)
        for gate, hours in enumerate(self._hours):
            for opens in hours.list_openings():
                self._later(opens, self._open, gate)
            for at, _ in self._steps[day.gates[gate]]:
                self._later(at, self._staff, gate)

    def _hours_of(self, site: Site) -> list[OpenHours]:
        openings = [site.gate_by_id[gate].opening for gate in self.demand.gates]
        return [OpenHours.of(opening, self.scenario.start) for opening in openings]

    def _plan_arrival(self, at: float, truck: int) -> None:
        if self._journeys is not None:
            self._later(at - self._journeys.lead_s(truck), self._journeys.appear, truck)
        self._later(at, self._enter_yard, truck)

    def _later(self, at: float, action: Action, truck: int) -> None:
        self._noted += 1
        heappush(self._agenda, (at, self._noted, action, truck))

    def _register(self, _at: float, truck: int) -> None:
        gate, ready_at = int(self._gate[truck]), float(self._ready_at[truck])
        self._registrations.append(trip_body(self.demand, truck, gate, ready_at))

    def _stand(self, at: float, truck: int) -> None:
        self._yard_at[truck] = at
        if self._journeys is not None:
            self._journeys.stand(at, truck)

    def _enter_yard(self, at: float, truck: int) -> None:
        self._yard_at[truck] = at
        if self._journeys is not None:
            self._journeys.enter_yard(at, truck)

    def _become_ready(self, at: float, truck: int) -> None:
        if self._controlled and self.demand.tracked[truck]:
            return
        gate = int(self._gate[truck])
        way_s = self._travel.drive_s(truck, self.demand.gates[gate])
        opens = self._hours_told()[gate].find_opening(at + way_s)
        if opens is not None:
            self._later(max(at, opens - way_s), self._depart, truck)

    def _hours_told(self) -> list[OpenHours]:
        """Return the opening hours that drivers have heard of."""
        known = self.known_site()
        if known is not self._told[0]:
            self._told = known, self._hours_of(known)
        return self._told[1]

    def _call(self, truck: int, at: float, gate: str | None) -> None:
        if not (self._controlled and self._is_standing(truck) and self.demand.tracked[truck]):
            return
        self._messages[truck] += 1
        if self.demand.no_show[truck] and np.isnan(self._ignored_at[truck]):
            self._ignored_at[truck] = at
            return
        if gate is not None:
            if gate not in self.demand.gates:
                raise FlowctlError(f"A driver was called to '{gate}', a gate this day has not.")
            self._gate[truck] = self.demand.gates.index(gate)
        self._released_at[truck] = at
        heard = max(self._heard_at(at), float(self._ready_at[truck]))
        leaves = heard + float(self.demand.reaction_s[truck])
        if self.demand.late_s[truck] and not np.isnan(self._slot_at[truck]):
            leaves = max(leaves, float(self._slot_at[truck] + self.demand.late_s[truck]))
        self._later(max(leaves, self.now), self._depart, truck)

    def _depart(self, at: float, truck: int) -> None:
        gate = self.demand.gates[self._gate[truck]]
        if not np.isnan(self._turned_at[truck]):
            return
        if np.isnan(self._released_at[truck]):
            self._released_at[truck] = at
        self._left_at[truck] = at
        self._later(at + self._travel.drive_s(truck, gate), self._reach_gate, truck)
        if self._journeys is not None:
            self._journeys.leave_yard(at, truck, gate)

    def _reach_gate(self, at: float, truck: int) -> None:
        gate = int(self._gate[truck])
        self._gate_at[truck] = at
        self._report(at, truck, "entered")
        floor = self._floors[gate]
        floor.arrive(truck, is_import=bool(self.demand.is_import[truck]))
        self._begin(at, gate)
        if not self.demand.is_import[truck] and at >= self._patient_until(truck):
            self._lose_patience(at, truck)
        if self._journeys is not None and floor.exports and floor.exports[-1] == truck:
            self._close_ranks(at, gate)

    def _open(self, at: float, gate: int) -> None:
        self._begin(at, gate)

    def _staff(self, at: float, gate: int) -> None:
        """Open or shut inspection places; a screening under way is finished."""
        self._floors[gate].places = places_at(self._steps[self.demand.gates[gate]], at)
        self._begin(at, gate)

    def _begin(self, at: float, gate: int) -> None:
        begun = self._floors[gate].begin(at)
        if self._floors[gate].exports:
            self._look_again(self._floors[gate].held_until(at), gate)
        for truck in begun:
            self._start_at[truck] = at
            self._later(at + float(self.demand.service_s[truck]), self._finish, truck)
            if self._journeys is not None:
                self._journeys.enter_lane(at, truck, self.demand.gates[gate])
        if begun and self._journeys is not None:
            self._close_ranks(at, gate)

    def _look_again(self, at: float | None, gate: int) -> None:
        """Look at a gate when the other side takes exports again, once for each such moment."""
        if at is not None and at != self._looks_at[gate]:
            self._looks_at[gate] = at
            self._later(at, self._open, gate)

    def _lose_patience(self, at: float, truck: int) -> None:
        """Let an export go home from its yard or the queue; one that was called up drives on."""
        queues = not np.isnan(self._gate_at[truck]) and np.isnan(self._start_at[truck])
        if not (queues or self._is_standing(truck)):
            return
        gate = int(self._gate[truck])
        self._turned_at[truck] = at
        if queues:
            self._floors[gate].exports.remove(truck)
        if self._journeys is not None:
            self._journeys.go_home(at, truck, self.demand.gates[gate], from_queue=bool(queues))
            self._close_ranks(at, gate)

    def _heard_at(self, at: float) -> float:
        """Return when a driver reads a message that was sent at a moment."""
        outage = self.scenario.messages
        since, until = (
            self.starts + hour * _HOUR_S for hour in (outage.outage_from_h, outage.outage_until_h)
        )
        return until if since <= at < until else at

    def _heard_of(self, seen: NDArray[np.void]) -> NDArray[np.void]:
        """Return the sightings that were not taken while trackers were out."""
        gps = self.scenario.gps
        since, until = (
            self.starts + hour * _HOUR_S for hour in (gps.outage_from_h, gps.outage_until_h)
        )
        return seen if since == until else seen[(seen["at"] < since) | (seen["at"] >= until)]

    def _close_ranks(self, at: float, gate: int) -> None:
        if self._journeys is not None:
            exports = self._floors[gate].exports
            self._journeys.queue_up(at, exports, self.demand.gates[gate], self._gates[gate].lanes)

    def _finish(self, at: float, truck: int) -> None:
        gate = int(self._gate[truck])
        self._clear_at[truck] = at
        self._report(at, truck, "cleared")
        if self._journeys is not None:
            self._journeys.leave_lane(at, truck, self.demand.gates[gate])
        self._floors[gate].leave()
        self._begin(at, gate)

    def _report(self, at: float, truck: int, kind: str) -> None:
        """Have the officers report a truck that trackers do not show."""
        if self.demand.tracked[truck]:
            return
        gate = self.demand.gates[self._gate[truck]]
        self._events[gate].append(gate_event(self.demand, truck, kind, at))

    def _truth(self) -> dict[str, dict[str, int]]:
        export = ~self.demand.is_import
        cleared = ~np.isnan(self._clear_at)
        in_yard = export & ~np.isnan(self._yard_at) & self._standing()
        return {
            name: {
                "in_yard": int(np.count_nonzero(in_yard & (self._gate == gate))),
                "in_transit": self.count_in_transit(gate),
                "queued": len(self._floors[gate].exports),
                "imports_queued": len(self._floors[gate].imports),
                "in_lane": self._floors[gate].busy,
                "cleared_export": int(np.count_nonzero(cleared & export & (self._gate == gate))),
                "cleared_import": int(np.count_nonzero(cleared & ~export & (self._gate == gate))),
            }
            for gate, name in enumerate(self.demand.gates)
        }
