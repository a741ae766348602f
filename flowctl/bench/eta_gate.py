"""Asks for arrivals at the gate all through a simulated day, and scores what was said.

What is asked is what production publishes: of every export that is called up, from its call-up on,
when it will be at an inspection place. Nothing is published of a truck that waits in its yard to be
called. A stage of a truck is known from the first fix received after it began; what the gate takes
is learned from what happened there, by the rule of production.

Two simple rules are asked beside it. Both take a truck to be screened on coming to the queue, which
one expects after the nominal time from call-up and position, the other at the truck's own speed
over the last five minutes.
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from flowctl.bench.eta_day import PlayedDay
from flowctl.bench.eta_trial import FRESH_S, MEMORY_S, Scored, last_speed, live_known
from flowctl.state import GateHistory
from flowctl.traffic.calibration import Calibration
from flowctl.traffic.capacity import Rate, estimate
from flowctl.traffic.eta import (
    DEFAULTS,
    EtaParams,
    Expected,
    Target,
    drive_s,
    forecast,
    learn,
    on_road,
    shown_pace,
)
from flowctl.traffic.eta_gate import GateNow, Unknown, at_gate, from_yard, gate_now, in_queue
from flowctl.traffic.roads import Ints
from flowctl.traffic.speeds import LiveSpeeds
from geo.crs import Column
from simulations.gates import instant

_ASK_EVERY_S = 300.0


class _Belief(NamedTuple):
    """When a truck comes to its gate's queue, and what the two simple rules say."""

    truck: int
    drive: Expected
    nominal: float
    last_speed: float


def play_gates(
    day: PlayedDay,
    *,
    params: EtaParams = DEFAULTS,
    progress: Callable[[float], None] | None = None,
) -> Scored:
    """Ask through the whole day and return what was said of trucks that came, scored."""
    trial = _GateTrial(day, params)
    begin, end = day.records.starts, day.records.ends
    for now in np.arange(begin, end, _ASK_EVERY_S).tolist():
        trial.learn_until(now)
        trial.ask(now)
        if progress is not None:
            progress((now - begin) / (end - begin))
    return trial.scored


class _GateTrial:
    """The state of a play: what has been learned, and forecasts whose truck has not come yet."""

    def __init__(self, day: PlayedDay, params: EtaParams) -> None:
        self.scored = Scored()
        self._day = day
        self._params = params
        self._learned = Calibration()
        self._pending: list[tuple[float, int]] = []
        self._first: Ints = np.searchsorted(day.tracks.device, np.arange(len(day.demand) + 1))
        records = day.records
        self._queued = self._known(records.gate_at)
        self._in_lane = self._known(records.start_at)
        here = [records.gate == gate for gate in range(len(records.gates))]
        self._histories = [
            GateHistory(
                gate, records.gate_at[rows], records.clear_at[rows], records.is_import[rows]
            )
            for gate, rows in zip(records.gates, here, strict=True)
        ]
        self._ways = {
            (way.yard, way.gate): number for number, way in enumerate(day.roads.ways) if way.gate
        }

    def learn_until(self, now: float) -> None:
        """Let every arrival up to ``now`` teach, in order of time."""
        while self._pending and self._pending[0][0] <= now:
            arrived, number = heappop(self._pending)
            eta = self.scored.eta[number]
            self._learned = learn(self._learned, eta, arrived, params=self._params)

    def ask(self, now: float) -> None:
        """Ask for every truck that is called up and not known to be at an inspection place."""
        day, records = self._day, self._day.records
        expires_s = day.site.dispatch.release_expiry_s
        called = day.demand.tracked & (records.released_at <= now) & (now < self._in_lane)
        called &= (self._queued <= now) | (now < records.released_at + expires_s)
        if not called.any():
            return
        rows = np.flatnonzero((day.received <= now) & (day.tracks.at > now - MEMORY_S))
        live = live_known(day.roads, day.tracks, rows, now)
        for number, gate in enumerate(records.gates):
            trucks = np.flatnonzero(called & (records.gate == number)).tolist()
            trucks.sort(key=lambda truck: self._turn(truck, now))
            beliefs = [self._believe(truck, gate, live, now) for truck in trucks]
            self._note(beliefs, self._gate_now(number, now), now)

    def _note(self, beliefs: Sequence[_Belief], gate: GateNow, now: float) -> None:
        """Write down what is expected of a gate's trucks, where they came in the end."""
        expected = at_gate([one.drive for one in beliefs], gate, now, params=self._params)
        if isinstance(expected, Unknown):
            return
        for belief, one in zip(beliefs, expected, strict=True):
            came = float(self._day.records.start_at[belief.truck])
            if np.isnan(came):
                continue
            heappush(self._pending, (came, len(self.scored.eta)))
            self.scored.eta.append(forecast(one, self._learned, now, params=self._params))
            self.scored.arrived.append(came)
            self.scored.nominal.append(max(belief.nominal, now))
            self.scored.last_speed.append(max(belief.last_speed, now))

    def _turn(self, truck: int, now: float) -> tuple[bool, float, int]:
        """Return the key of precedence: who is in the queue, by entry, then by call-up."""
        queued, records = bool(self._queued[truck] <= now), self._day.records
        since = records.gate_at[truck] if queued else records.released_at[truck]
        return not queued, float(since), truck

    def _believe(self, truck: int, gate: str, live: Sequence[LiveSpeeds], now: float) -> _Belief:
        day = self._day
        if self._queued[truck] <= now:
            return _Belief(truck, in_queue(gate, now), now, now)
        yard = day.demand.yards[day.demand.yard[truck]]
        at, along = self._driven(truck, self._ways[yard, gate], now)
        if len(at):
            return self._on_road(truck, live[self._ways[yard, gate]], at, along)
        access = day.site.yard_by_id[yard].access_to(gate)
        if access is None:
            raise LookupError(f"no way from {yard} to {gate}")
        drive = from_yard(access, float(day.records.released_at[truck]))
        return _Belief(truck, drive, drive.since + drive.mid, drive.since + drive.mid)

    def _on_road(self, truck: int, live: LiveSpeeds, at: Column, along: Column) -> _Belief:
        way, params = live.way, self._params
        road = self._day.site.find_freight_road(way.yard, str(way.gate))
        if road is None:
            raise LookupError(f"no freight road {way.way}")
        left_m = max(road.queue_m[0] - float(along[-1]), 0.0)
        even_s = float(drive_s(live, along[-1:], road.queue_m[0], params=params)[0])
        others_s = live.travel_s(along[:1], along[-1:])
        shown = float(shown_pace(at[-1:] - at[:1], others_s, params=params)[0])
        since, least_mps = float(at[-1]), self._day.roads.params.least_mps
        drive = on_road(Target.GATE, road.gate, since, even_s, shown, self._learned, params=params)
        own_mps = last_speed(at, along, road.speed_mps, least_mps)
        return _Belief(truck, drive, since + left_m / road.speed_mps, since + left_m / own_mps)

    def _driven(self, truck: int, way: int, now: float) -> tuple[Column, Column]:
        """Return when the truck was where on its way lately; nothing until it is seen there."""
        tracks, received = self._day.tracks, self._day.received
        own = slice(self._first[truck], self._first[truck + 1])
        lately = (received[own] <= now) & (tracks.at[own] > now - self._params.pace_over_s)
        at, along = tracks.at[own][lately], tracks.along_m[own, way][lately]
        if not len(at) or np.isnan(along[-1]) or at[-1] <= now - FRESH_S:
            return np.empty(0), np.empty(0)
        on_way = ~np.isnan(along)
        return at[on_way], along[on_way]

    def _gate_now(self, number: int, now: float) -> GateNow:
        records = self._day.records
        gate = self._day.site.gate_by_id[records.gates[number]]
        learned = estimate(gate, self._histories[number], instant(now))
        inside = (records.gate == number) & ~(records.clear_at <= now)
        imports = inside & records.is_import & (records.gate_at <= now)
        in_lane, queued = inside & (self._in_lane <= now), inside & (self._queued <= now)
        return gate_now(
            gate,
            Rate(learned.per_h, learned.low, learned.high),
            learned.exports.per_h,
            inside=int(np.count_nonzero(imports | queued | in_lane)),
            queued=int(np.count_nonzero(queued & ~in_lane)),
            in_lane=int(np.count_nonzero(in_lane)),
            now=now,
        )

    def _known(self, began: Column) -> Column:
        """Return when the beginnings of a stage were known, shape [trucks]; inf where never."""
        tracks, received = self._day.tracks, self._day.received
        known = np.full(len(began), np.inf)
        for truck in np.flatnonzero(self._day.demand.tracked & ~np.isnan(began)).tolist():
            own = slice(self._first[truck], self._first[truck + 1])
            heard = received[own][tracks.at[own] >= began[truck]]
            if len(heard):
                known[truck] = max(began[truck], heard.min())
        return known
