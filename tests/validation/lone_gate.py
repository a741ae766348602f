"""One gate alone, as the compiled engine plays it, and its long-run mean wait with what is sure."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulations.buckets import BucketDay, Rule
from simulations.streams import Column

_TRUCKS = 500_000
_WARM_UP = 25_000  # over ten relaxation times of a gate loaded to 0.95, counted in trucks

Draw = Callable[[np.random.Generator, int], Column]


@dataclass(frozen=True)
class LongRun:
    """A mean over replications and its standard error; the unit is that of its values."""

    mean: float
    error: float


def gate_waits(arrive_s: Column, service_s: Column, places: int) -> Column:
    """Return how long each truck of one queue waits, shape [n]; arrivals rising."""
    count = len(arrive_s)
    # A few trucks a tick; a power of two, of which every multiple is exact.
    tick_s = float(2.0 ** np.ceil(np.log2(2.0 * arrive_s[-1] / count)))
    ticks = count + int(service_s.sum() / places / tick_s) + 2
    day = BucketDay(arrive_s, np.zeros(count), service_s, [places], tick_s=tick_s, ticks=ticks)
    day.play(ticks, Rule.NONE)
    assert day.over, "a truck was lost"
    return np.asarray(day.began_s - day.gate_s)


def long_run_wait(
    draw_service: Draw, rate: float, places: int, *, seed: int, replications: int
) -> LongRun:
    """Return the mean wait in the long run: independent replications, their beginning left out.

    What the arrivals and services of a replication happened to be is known to differ from their
    law by so much: regression on both takes that much of the variance away (control variates,
    Lavenberg and Welch, Management Science 27, 1981).
    """
    found = np.empty((replications, 3))
    for number in range(replications):
        rng = np.random.default_rng([seed, number])
        between = rng.exponential(1.0 / rate, _TRUCKS)
        service = draw_service(rng, _TRUCKS)
        waits = gate_waits(np.cumsum(between), service, places)
        found[number] = waits[_WARM_UP:].mean(), between.mean(), service.mean()
    known = found[:, 1:] - (1.0 / rate, 1.0)
    terms = np.column_stack([np.ones(replications), known])
    best, *_ = np.linalg.lstsq(terms, found[:, 0])
    left = found[:, 0] - terms @ best
    variance = left @ left / (replications - 3) * np.linalg.pinv(terms.T @ terms)[0, 0]
    return LongRun(float(best[0]), float(np.sqrt(variance)))
