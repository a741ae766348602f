"""How trucks really come along a corridor: rush hours, incidents, slow trucks and stops.

The moment a truck comes to its yard is given by the day's demand, so its way is worked out
backwards from there: the same trucks come at the same moments with and without congestion.
"""

from dataclasses import dataclass

import numpy as np

from flowctl.scenarios.behaviour import Congestion
from flowctl.scenarios.scenario import Scenario
from simulations.streams import Column, lognormal, stream

_CELL_M = 500.0
_BIN_S = 300.0
_HOURS = 48.0  # a scenario lasts no longer
_REACH_M = 1_000_000.0  # no corridor is longer
_ROAD_M = 150_000.0  # over which towns and incidents are spread: the longest corridor of today
_LEAST_SHARE = 0.05  # of the free speed: a jam creeps on

_CELLS = int(_REACH_M / _CELL_M)
_BINS = int(_HOURS * 3600.0 / _BIN_S)


@dataclass(frozen=True, slots=True)
class Course:
    """Where a truck is when: seconds from the day's start and metres along, rising, shape [k].

    A stop is two knots at one place.
    """

    at_s: Column
    along_m: Column


class RoadTraffic:
    """The corridors of a day, by metres from where they begin.

    Corridors that begin with the same pieces of road share what happens there.
    """

    def __init__(self, scenario: Scenario, trucks: int, *, seed: int) -> None:
        law = scenario.congestion or Congestion()
        self._law = law
        self._seed = seed
        self._share = _rush(law) * _incidents(law, seed)
        self._slow = stream(seed, "slow trucks").random(trucks) < law.slow_share
        self._stops = stream(seed, "stops").random((trucks, 3))

    def course(
        self, truck: int, *, entry_m: float, speed_mps: float, seen_s: float, at_s: float
    ) -> Course:
        """Return a truck's way to its yard, from ``seen_s`` or the corridor's beginning on.

        Parameters
        ----------
        entry_m
            Where the corridor enters the yard, metres along it.
        speed_mps
            The driver's own free speed.
        seen_s, at_s
            When the truck is first seen, and when it enters the yard; seconds of the day.
        """
        law = self._law
        free_mps = speed_mps * (law.slow_pace if self._slow[truck] else 1.0)
        rough = lognormal(stream(self._seed, f"ride of {truck}"), 1.0, law.rough_cv, _CELLS)
        chance, where, how_long = self._stops[truck]
        stop_s = 60.0 * (law.stop_least_min + how_long * (law.stop_most_min - law.stop_least_min))
        stop_at_s = at_s - where * (at_s - seen_s) if chance < law.stop_share else -np.inf
        now, along = at_s, entry_m
        times, places = [now], [along]
        while now > seen_s and along > 0.0:
            cell = int(np.ceil(along / _CELL_M)) - 1
            share = self._share[cell, min(max(int(now // _BIN_S), 0), _BINS - 1)]
            speed = free_mps * rough[cell] * max(share, _LEAST_SHARE)
            back_m = min(along - cell * _CELL_M, (now - seen_s) * speed)
            now, along = now - back_m / speed, along - back_m
            _note(times, places, now, along)
            if seen_s < now <= stop_at_s:
                now, stop_at_s = max(now - stop_s, seen_s), -np.inf
                _note(times, places, now, along)
        return Course(np.array(times[::-1]), np.array(places[::-1]))


def _note(times: list[float], places: list[float], now: float, along: float) -> None:
    times.append(now)
    places.append(along)


def _rush(law: Congestion) -> Column:
    """Return the share of free speed the rush hours leave, shape [cells, bins]."""
    hour = (np.arange(_BINS) + 0.5) * _BIN_S / 3600.0 % 24.0
    peaks = [np.exp(-0.5 * ((hour - at) / law.rush_sd_h) ** 2) for at in _rush_hours(law)]
    # Towns repeat every ``apart`` metres, each at the middle of its piece.
    apart_m = _ROAD_M / max(law.towns, 1)
    middle = (np.arange(_CELLS) + 0.5) * _CELL_M
    from_town_m = np.abs(middle % apart_m - apart_m / 2)
    near = np.exp(-0.5 * (from_town_m / (law.town_km * 1000.0)) ** 2) * (law.towns > 0)
    return 1.0 - law.rush_loss * np.minimum(np.outer(near, np.sum(peaks, axis=0)), 1.0)


def _rush_hours(law: Congestion) -> tuple[float, float]:
    return law.morning_h, law.evening_h


def _incidents(law: Congestion, seed: int) -> Column:
    """Return the share of free speed incidents leave, shape [cells, bins]."""
    left = np.ones((_CELLS, _BINS))
    draws = stream(seed, "incidents").random((law.incidents_per_day, 3))
    for place, moment, how_long in draws:
        first = int(place * _ROAD_M / _CELL_M)
        cells = slice(first, first + max(int(law.incident_km * 1000.0 / _CELL_M), 1))
        lasts_s = 60.0 * (
            law.incident_least_min + how_long * (law.incident_most_min - law.incident_least_min)
        )
        begins = int(moment * 24.0 * 3600.0 / _BIN_S)
        left[cells, begins : begins + max(int(lasts_s / _BIN_S), 1)] *= 1.0 - law.incident_loss
    return left
