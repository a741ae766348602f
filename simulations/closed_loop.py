"""Thousands of days of one gate under N-control with a given capacity, random numbers included.

The closed loop by which engines are compared: trucks come to a yard by a day's profile, N-control
releases them, they drive, and queue at the gate's places. A day is drawn and played without the
interpreter, so that days run side by side in threads.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulations.buckets import BucketDay, Rule
from simulations.compiled import compiled
from simulations.streams import Column, stream

_PURPOSES = ("ready, trucks", "travel, trucks", "service, trucks")


class Loop(NamedTuple):
    """What all days of a closed loop share.

    ``counts`` trucks come between two ``edges_s`` (seconds of the day, rising), evenly. The way
    from the word to the gate and the screening are lognormal with these means and coefficients of
    variation. ``setting`` is that of `Rule.N_CONTROL`.
    """

    counts: NDArray[np.int64]
    edges_s: Column
    travel_s: float
    travel_cv: float
    service_s: float
    service_cv: float
    places: int
    tick_s: float
    ticks: int
    setting: tuple[float, ...]


@compiled
def _come(rng: np.random.Generator, counts: NDArray[np.int64], edges_s: Column) -> Column:
    """Return when trucks come: order statistics as the spacings of exponentials, never sorted."""
    found, done = np.empty(counts.sum()), 0
    for span in range(len(counts)):
        begin, reached = done, 0.0
        for _ in range(counts[span]):
            reached += rng.standard_exponential()
            found[done] = reached
            done += 1
        if done > begin:
            step = (edges_s[span + 1] - edges_s[span]) / (reached + rng.standard_exponential())
            for truck in range(begin, done):
                found[truck] = edges_s[span] + step * found[truck]
    return found


@compiled
def _lognormal(rng: np.random.Generator, mean: float, cv: float, count: int) -> Column:
    variance = log(1.0 + cv * cv)
    middle, spread = log(mean) - variance / 2.0, sqrt(variance)
    found = np.empty(count)
    for truck in range(count):
        found[truck] = exp(middle + spread * rng.standard_normal())
    return found


def draw_day(loop: Loop, seed: int) -> tuple[Column, Column, Column]:
    """Return when each truck of a day is ready, its way and its screening, seconds, [n]."""
    ready, travel, service = (stream(seed, purpose) for purpose in _PURPOSES)
    count = int(loop.counts.sum())
    return (
        _come(ready, loop.counts, loop.edges_s),
        _lognormal(travel, loop.travel_s, loop.travel_cv, count),
        _lognormal(service, loop.service_s, loop.service_cv, count),
    )


def play_day(loop: Loop, drawn: tuple[Column, Column, Column]) -> BucketDay:
    """Play a day that was drawn until the last truck is screened."""
    day = BucketDay(*drawn, [loop.places], tick_s=loop.tick_s, ticks=loop.ticks)
    day.play(loop.ticks, Rule.N_CONTROL, loop.setting)
    return day


def play_days(loop: Loop, seeds: Iterable[int], *, threads: int = 2) -> NDArray[np.float64]:
    """Return the mean wait at the gate and in the yard of the day of each seed, seconds, [d, 2]."""

    def play(seed: int) -> Sequence[float]:
        day = play_day(loop, draw_day(loop, seed))
        return _mean_waits(day.ready_s, day.released_s, day.gate_s, day.began_s)

    with ThreadPoolExecutor(threads) as pool:
        return np.array(list(pool.map(play, seeds)), np.float64)


@compiled
def _mean_waits(
    ready_s: Column, released_s: Column, gate_s: Column, began_s: Column
) -> tuple[float, float]:
    return (began_s - gate_s).mean(), (released_s - ready_s).mean()
