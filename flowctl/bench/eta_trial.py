"""Plays recorded journeys again, asks for arrivals on the way, and scores what was said.

Everything is done in the order of time. At each moment only fixes received by then are known, and
forecasts learn from arrivals that have happened by then; nothing is fitted beforehand.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from flowctl.traffic.calibration import Calibration
from flowctl.traffic.eta import (
    DEFAULTS,
    Eta,
    EtaParams,
    Target,
    drive_s,
    forecast,
    learn,
    on_road,
    shown_pace,
)
from flowctl.traffic.roads import Roads
from flowctl.traffic.speeds import LiveSpeeds, Tracks, live_speeds, movements_of, sum_up
from geo.crs import Column

Ints = NDArray[np.int64]
Progress = Callable[[float], None]

MEMORY_S = 3600.0  # beyond it live speeds have forgotten
FRESH_S = 1200.0  # a parked tracker may be silent for 15 minutes
_LAST_SPEED_S = 300.0


@dataclass(frozen=True, slots=True, eq=False)
class Journeys:
    """Fixes of vehicles on their ways, and where each of them was when.

    Attributes
    ----------
    tracks, received
        Fixes (see `Tracks`) and when each was received, epoch seconds, shape [n].
    way
        Shape [devices]: the number of each device's way in ``roads``.
    vehicle
        Shape [devices]: devices of the same number are one vehicle on several trips.
    nominal_mps
        Shape [devices]: what the nominal-speed baseline takes each to drive.
    goals
        Per device the places (metres along its way) with the true moments it came to them.
    leave_out
        True where nothing of a vehicle's own may serve it: neither speeds nor past errors.
    ask_from, ask_every_s, between_s
        From when on and how often each is asked, and for how far ahead at nominal speed.
    """

    roads: Roads
    tracks: Tracks
    received: Column
    way: Ints
    vehicle: Ints
    nominal_mps: Column
    goals: tuple[tuple[tuple[float, float], ...], ...]
    leave_out: bool = False
    ask_from: float = -np.inf
    ask_every_s: float = 300.0
    between_s: tuple[float, float] = (0.0, np.inf)


@dataclass(frozen=True, slots=True)
class Figures:
    """How far off arrivals were: mean absolute errors in seconds, and the share in P10-P90."""

    mae_s: float
    nominal_mae_s: float
    last_speed_mae_s: float
    p80_hit_rate: float
    n: int


@dataclass(slots=True)
class Scored:
    """What was said and what came, in order of saying; epoch seconds."""

    eta: list[Eta] = field(default_factory=list)
    nominal: list[float] = field(default_factory=list)
    last_speed: list[float] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)

    def figures(self) -> Figures:
        """Return the errors of all that was said; NaN where nothing was."""
        arrived = np.array(self.arrived)
        if not len(arrived):
            return Figures(np.nan, np.nan, np.nan, np.nan, 0)
        said = (np.array([eta.p50 for eta in self.eta]), self.nominal, self.last_speed)
        mae, nominal, last = (float(np.abs(np.array(each) - arrived).mean()) for each in said)
        hits = [eta.hit(at) for eta, at in zip(self.eta, self.arrived, strict=True)]
        return Figures(mae, nominal, last, float(np.mean(hits)), len(arrived))


def play(
    journeys: Journeys, *, params: EtaParams = DEFAULTS, progress: Progress | None = None
) -> Scored:
    """Ask through the whole recording and return what was said, scored."""
    trial = _Trial(journeys, params)
    begin = max(float(journeys.received.min()), journeys.ask_from)
    end = float(journeys.received.max())
    for now in np.arange(begin, end, journeys.ask_every_s).tolist():
        trial.learn_until(now)
        for vehicle, rows in trial.known(now):
            trial.ask(vehicle, rows, now)
        if progress is not None:
            progress((now - begin) / max(end - begin, 1.0))
    return trial.scored


class _Trial:
    """The state of a play: what has been learned, and forecasts whose arrival is not known yet."""

    def __init__(self, journeys: Journeys, params: EtaParams) -> None:
        self.scored = Scored()
        self._of = journeys
        self._params = params
        self._vehicles = np.unique(journeys.vehicle).tolist() if journeys.leave_out else [None]
        self._calibrations = dict.fromkeys(self._vehicles, Calibration())
        self._pending: list[tuple[float, int, int]] = []

    def learn_until(self, now: float) -> None:
        """Let every arrival up to ``now`` teach, in order of time."""
        while self._pending and self._pending[0][0] <= now:
            arrived, number, own = heappop(self._pending)
            for vehicle, known in self._calibrations.items():
                if vehicle != own:
                    eta = self.scored.eta[number]
                    self._calibrations[vehicle] = learn(known, eta, arrived, params=self._params)

    def known(self, now: float) -> Iterator[tuple[int | None, Ints]]:
        """Yield for each vehicle (None: all of them) the rows of fixes that may serve it."""
        tracks = self._of.tracks
        recent = (self._of.received <= now) & (tracks.at > now - MEMORY_S)
        for vehicle in self._vehicles:
            others = self._of.vehicle[tracks.device] != vehicle if vehicle is not None else True
            yield vehicle, np.flatnonzero(recent & others)

    def ask(self, vehicle: int | None, rows: Ints, now: float) -> None:
        """Ask for every device of a vehicle that is on its way."""
        of = self._of
        live = live_known(of.roads, of.tracks, rows, now)
        fresh = (of.received <= now) & (of.tracks.at > now - self._params.pace_over_s)
        if vehicle is not None:
            fresh &= of.vehicle[of.tracks.device] == vehicle
        seen = np.flatnonzero(fresh)
        for own in np.split(seen, np.flatnonzero(np.diff(of.tracks.device[seen])) + 1):
            if len(own) and of.tracks.at[own[-1]] > now - FRESH_S:
                self._ask_device(vehicle, own, live, now)

    def _ask_device(
        self, vehicle: int | None, own: Ints, live: tuple[LiveSpeeds, ...], now: float
    ) -> None:
        of, params = self._of, self._params
        device = int(of.tracks.device[own[0]])
        way = int(of.way[device])
        at, along = of.tracks.at[own], of.tracks.along_m[own, way]
        if np.isnan(along[-1]) or not of.goals[device]:
            return
        along, at = along[~np.isnan(along)], at[~np.isnan(along)]
        others = live[way].travel_s(along[:1], along[-1:])
        shown = float(shown_pace(at[-1:] - at[:1], others, params=params)[0])
        learned = self._calibrations[vehicle]
        for goal_m, arrives in of.goals[device]:
            ahead_s = (goal_m - along[-1]) / of.nominal_mps[device]
            if arrives <= now or not of.between_s[0] <= ahead_s <= of.between_s[1]:
                continue
            even = float(drive_s(live[way], along[-1:], goal_m, params=params)[0])
            expected = on_road(Target.YARD, "", float(at[-1]), even, shown, learned, params=params)
            eta = forecast(expected, learned, now, params=params)
            last_mps = last_speed(
                at, along, float(of.nominal_mps[device]), of.roads.params.least_mps
            )
            heappush(self._pending, (arrives, len(self.scored.eta), int(of.vehicle[device])))
            self.scored.eta.append(eta)
            self.scored.arrived.append(arrives)
            self.scored.nominal.append(max(float(at[-1]) + ahead_s, now))
            left_m = max(goal_m - float(along[-1]), 0.0)
            self.scored.last_speed.append(max(float(at[-1]) + left_m / last_mps, now))


def live_known(roads: Roads, tracks: Tracks, rows: Ints, now: float) -> tuple[LiveSpeeds, ...]:
    """Return how fast each way is driven at ``now``, from some of the fixes."""
    moves = movements_of(_rows(tracks, rows), roads.params)
    window_s = roads.params.window_s
    sums = sum_up(moves, roads, since=now - MEMORY_S, until=now, window_s=window_s)
    return live_speeds(roads, sums, now)


def last_speed(at: Column, along: Column, nominal_mps: float, slow_mps: float) -> float:
    """Return the speed over the last five minutes.

    Nominal where nothing was seen before, and of a truck that stood, which else would never arrive.
    """
    recent = at > at[-1] - _LAST_SPEED_S
    lasted = float(np.ptp(at[recent]))
    speed = float(along[recent][-1] - along[recent][0]) / lasted if lasted > 0 else 0.0
    return speed if speed >= slow_mps else nominal_mps


def _rows(tracks: Tracks, rows: Ints) -> Tracks:
    return Tracks(
        tracks.device[rows],
        tracks.at[rows],
        tracks.along_m[rows],
        tracks.offset_m[rows],
        tracks.engine_off[rows],
    )
