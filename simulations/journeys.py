"""What a truck's way through the day looks like from its tracker: stands, roads, queue, lane."""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from flowctl.scenarios.scenario import Scenario
from simulations.congestion import Course, RoadTraffic
from simulations.demand import Demand
from simulations.fleet import Fleet, distance_m
from simulations.ways import FreightWay, Ways

_YARD_MPS = 10 / 3.6  # driving to a place among parked trucks
_SPACING_M = 22.0  # front to front of standing trucks: an articulated truck and its gap
_EDGE_M = 40.0  # how far from a zone's ends trucks stand: beyond the reach of its boundaries
_SENDS_BEYOND_S = 300.0  # how long a truck is heard on the other side
_HOME_M = 20_000.0  # how far one that goes home is followed

Action = Callable[[float, int], None]
Later = Callable[[float, Action, int], None]


class Travel:
    """How long this day's drivers need from their place in the yard to a gate's queue."""

    def __init__(self, ways: Ways, demand: Demand) -> None:
        self.ways = ways
        self._demand = demand

    def speed_mps(self, truck: int, gate: str) -> float:
        """Return the truck's speed on its freight road."""
        return self.way(truck, gate).speed_mps * float(self._demand.pace[truck])

    def way(self, truck: int, gate: str) -> FreightWay:
        """Return the truck's way from its yard through a gate."""
        return self.ways.get_freight(self.yard(truck), gate)

    def yard(self, truck: int) -> str:
        """Return the yard the truck goes to."""
        return self._demand.yards[int(self._demand.yard[truck])]

    def place(self, truck: int) -> tuple[float, float]:
        """Return the truck's place in its yard, lon/lat."""
        return self.ways.get_ground(self.yard(truck)).place(float(self._demand.spot[truck]))

    def to_road_s(self, truck: int, gate: str) -> float:
        """Return the time from the truck's place to the beginning of the freight road."""
        start = self.way(truck, gate).start
        return distance_m(*self.place(truck), *start) / self.speed_mps(truck, gate)

    def drive_s(self, truck: int, gate: str) -> float:
        """Return the time from the truck's place to the entry of the gate's queue."""
        road_s = self.way(truck, gate).queue.enters_m / self.speed_mps(truck, gate)
        return self.to_road_s(truck, gate) + road_s


class Journeys:
    """Moves the tracked trucks of a world; ``later`` lets it act at a later moment (epoch s)."""

    def __init__(
        self, scenario: Scenario, demand: Demand, travel: Travel, *, seed: int, later: Later
    ) -> None:
        self._demand = demand
        self._travel = travel
        self._later = later
        self._fleet = Fleet(len(demand), scenario.gps)
        self._leg = np.zeros(len(demand), np.int64)
        self._starts = scenario.start.timestamp()
        self._traffic = (
            None if scenario.congestion is None else RoadTraffic(scenario, len(demand), seed=seed)
        )
        self._courses: dict[int, Course] = {}

    def collect(self, until: float) -> NDArray[np.void]:
        """Return what trackers saw since the last call, rows of `SIGHTING`."""
        return self._fleet.collect(until)

    def stand(self, at: float, truck: int) -> None:
        """Have a truck stand in its yard since before the day."""
        if self._demand.tracked[truck]:
            look_at = at + float(self._demand.first_look_s[truck])
            self._fleet.park(truck, at, self._travel.place(truck), look_at=look_at)

    def lead_s(self, truck: int) -> float:
        """Return how long before its yard a truck is first seen."""
        if self._traffic is not None:
            at_s = self._course(truck, self._traffic).at_s
            return float(at_s[-1] - at_s[0])
        arrival = self._travel.ways.get_arrival(self._travel.yard(truck))
        whole_s = arrival.entry_m / (arrival.speed_mps * float(self._demand.pace[truck]))
        return min(float(self._demand.at_s[truck] - self._demand.seen_s[truck]), whole_s)

    def appear(self, at: float, truck: int) -> None:
        """Put a truck on its corridor, as far from the yard as its lead says."""
        if not self._demand.tracked[truck]:
            return
        arrival = self._travel.ways.get_arrival(self._travel.yard(truck))
        if self._traffic is not None:
            course = self._course(truck, self._traffic)
            moments = self._starts + course.at_s
            self._fleet.follow(truck, at, arrival.corridor, moments, course.along_m)
        else:
            lead_s = self.lead_s(truck)
            back_m = lead_s * arrival.speed_mps * float(self._demand.pace[truck])
            self._fleet.drive(
                truck,
                at,
                arrival.corridor,
                from_m=arrival.entry_m - back_m,
                to_m=arrival.entry_m,
                lasts_s=lead_s,
            )

    def _course(self, truck: int, traffic: RoadTraffic) -> Course:
        if truck not in self._courses:
            arrival = self._travel.ways.get_arrival(self._travel.yard(truck))
            day = self._demand
            self._courses[truck] = traffic.course(
                truck,
                entry_m=arrival.entry_m,
                speed_mps=arrival.speed_mps * float(day.pace[truck]),
                seen_s=float(day.seen_s[truck]),
                at_s=float(day.at_s[truck]),
            )
        return self._courses[truck]

    def enter_yard(self, at: float, truck: int) -> None:
        """Drive from the yard's entry to the truck's place and stop there."""
        if self._demand.tracked[truck]:
            entry = self._travel.ways.get_arrival(self._travel.yard(truck)).entry
            place = self._travel.place(truck)
            lasts_s = distance_m(*entry, *place) / _YARD_MPS
            self._fleet.cross(truck, at, entry, place, lasts_s=lasts_s)
            self._then(at + lasts_s, self._fleet.stop_engine, truck)

    def leave_yard(self, at: float, truck: int, gate: str) -> None:
        """Drive to the freight road and along it to the gate's queue."""
        if self._demand.tracked[truck]:
            way, lasts_s = self._travel.way(truck, gate), self._travel.to_road_s(truck, gate)
            self._fleet.cross(truck, at, self._travel.place(truck), way.start, lasts_s=lasts_s)
            self._then(at + lasts_s, partial(self._take_road, way), truck)

    def queue_up(self, at: float, trucks: Iterable[int], gate: str, files: int) -> None:
        """Close the ranks of a gate's queue: ``trucks`` in their order, ``files`` abreast."""
        for rank, truck in enumerate(trucks):
            if self._demand.tracked[truck]:
                way = self._travel.way(truck, gate)
                stretch = way.queue.within(_EDGE_M)
                behind_m = _SPACING_M * (rank // files)
                self._go(at, truck, way, max(stretch.leaves_m - behind_m, stretch.enters_m))

    def enter_lane(self, at: float, truck: int, gate: str) -> None:
        """Drive from the queue to an inspection place."""
        if self._demand.tracked[truck]:
            way = self._travel.way(truck, gate)
            lane = way.lane.within(_EDGE_M)
            chance = float(self._demand.place[truck])
            self._go(at, truck, way, lane.enters_m + chance * (lane.leaves_m - lane.enters_m))

    def leave_lane(self, at: float, truck: int, gate: str) -> None:
        """Drive to the other side and fall silent there."""
        if self._demand.tracked[truck]:
            way = self._travel.way(truck, gate)
            middle_m = (way.beyond.enters_m + way.beyond.leaves_m) / 2
            arrives = self._go(at, truck, way, middle_m)
            self._then(arrives + _SENDS_BEYOND_S, self._fleet.switch_off, truck)

    def go_home(self, at: float, truck: int, gate: str, *, from_queue: bool) -> None:
        """Drive back from the queue to the yard, or from the yard out of sight, and fall silent."""
        if not self._demand.tracked[truck]:
            return
        yard, pace = self._travel.yard(truck), float(self._demand.pace[truck])
        if from_queue:
            way = self._travel.way(truck, gate)
            path, speed_mps, from_m = way.path, way.speed_mps, self._fleet.along_m(truck, at)
            to_m = 0.0
        elif self._travel.ways.has_arrival(yard):
            arrival = self._travel.ways.get_arrival(yard)
            path, speed_mps, from_m = arrival.corridor, arrival.speed_mps, arrival.entry_m
            to_m = max(0.0, from_m - _HOME_M)
        else:
            self._then(at, self._fleet.switch_off, truck)
            return
        lasts_s = (from_m - to_m) / (speed_mps * pace)
        self._leg[truck] += 1
        self._fleet.drive(truck, at, path, from_m=from_m, to_m=to_m, lasts_s=lasts_s)
        self._then(at + lasts_s, self._fleet.switch_off, truck)

    def _take_road(self, way: FreightWay, truck: int, at: float) -> None:
        lasts_s = way.queue.enters_m / (way.speed_mps * float(self._demand.pace[truck]))
        self._leg[truck] += 1
        self._fleet.drive(truck, at, way.path, from_m=0.0, to_m=way.queue.enters_m, lasts_s=lasts_s)

    def _go(self, at: float, truck: int, way: FreightWay, to_m: float) -> float:
        """Drive on along the road a truck is on; return when it arrives (epoch s)."""
        from_m = self._fleet.along_m(truck, at)
        if to_m <= from_m:
            return at
        lasts_s = (to_m - from_m) / (way.speed_mps * float(self._demand.pace[truck]))
        self._leg[truck] += 1
        self._fleet.drive(truck, at, way.path, from_m=from_m, to_m=to_m, lasts_s=lasts_s)
        return at + lasts_s

    def _then(self, at: float, action: Callable[[int, float], None], truck: int) -> None:
        """Act on a truck at ``at``, unless something else has happened to it by then."""
        self._leg[truck] += 1
        leg = self._leg[truck]

        def act(when: float, of: int) -> None:
            if self._leg[of] == leg:
                action(of, when)

        self._later(at, act, truck)
