"""The fixes of a load, block by block, with the disorder real feeds have; the same for one seed.

After the Time Series Benchmark Suite: some fixes are missing, some blocks come late (long after
those behind them), some fixes come twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

import numpy as np
from numpy.typing import NDArray

from flowctl.bench.driving import Driving

MISSING = 0.01
TWICE = 0.02
LATE = 0.05
LATE_S = (60.0, 180.0)
"""How much later than due a late block comes, in seconds of the trucks' time."""

BLOCK_FIX = np.dtype(
    [
        ("truck", "<i8"),
        ("fixed_at_ms", "<i8"),  # since 1970-01-01 UTC
        ("lon", "<f8"),
        ("lat", "<f8"),
        ("speed_mps", "<f8"),
        ("heading_deg", "<f8"),
    ]
)
"""A fix as it is sent."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """A load: how many trucks report how often, in blocks of how many, since when.

    Each truck reports once in ``period_s``, one after the other in an order drawn once, so that a
    block holds many trucks at nearly one moment. ``start_ms`` is the moment of block 0; blocks of
    negative number lie before it, and of those only late ones are ever sent.
    """

    trucks: int
    period_s: float
    block: int
    seed: int
    start_ms: int

    @property
    def slots(self) -> int:
        """How many reports fall due in a block; what is missing is made up for by doubles."""
        return max(1, round(self.block / (1 - MISSING + TWICE)))

    @property
    def block_s(self) -> float:
        """How much of the trucks' time a block takes."""
        return self.slots * self.period_s / self.trucks


class Blocks:
    """Makes a plan's blocks, any of them at any time."""

    __slots__ = ("_driving", "_kept", "_order", "plan")

    def __init__(self, plan: LoadPlan, driving: Driving) -> None:
        self.plan = plan
        self._driving = driving
        self._order = np.random.default_rng([plan.seed, 1]).permutation(plan.trucks)
        self._kept: tuple[int, NDArray[np.void]] | None = None

    def block(self, number: int) -> NDArray[np.void]:
        """Return the fixes of a block, its doubles of the block before included: dtype `BLOCK_FIX`.

        A double equals its first in every field.
        """
        before = self._own(number - 1)
        rng = _rng(self.plan.seed, _DOUBLES, number)
        doubled = before[rng.random(len(before)) < TWICE]
        own = self._own(number)
        self._kept = number, own
        return np.concatenate([doubled, own])

    def begins_ms(self, number: int) -> int:
        """Return the moment of a block's first report; all others of its own are not earlier."""
        return int(self._moment_ms(np.array([number * self.plan.slots]))[0])

    def _moment_ms(self, slot: NDArray[np.int64]) -> NDArray[np.int64]:
        at_ms: NDArray[np.int64] = (slot * (self.plan.period_s / self.plan.trucks * 1e3)).astype(
            np.int64
        )
        return at_ms + self.plan.start_ms

    def _own(self, number: int) -> NDArray[np.void]:
        if self._kept is not None and self._kept[0] == number:
            return self._kept[1]
        plan = self.plan
        rng = _rng(plan.seed, _FIXES, number)
        slot = np.arange(number * plan.slots, (number + 1) * plan.slots)
        slot = slot[rng.random(len(slot)) >= MISSING]
        at_s = slot.astype(np.float64) * (plan.period_s / plan.trucks)
        turn = slot % plan.trucks
        rows = np.empty(len(slot), dtype=BLOCK_FIX)
        rows["truck"] = self._order[turn]
        rows["fixed_at_ms"] = self._moment_ms(slot)
        lon, lat, speed, heading = self._driving.at(turn, at_s, rng)
        rows["lon"], rows["lat"], rows["speed_mps"], rows["heading_deg"] = lon, lat, speed, heading
        return rows

    def in_order_of_delivery(self) -> Iterator[int]:
        """Yield the numbers of blocks as they are sent, without end; late ones after others."""
        plan = self.plan
        waiting: list[tuple[float, int]] = []
        first = -int(LATE_S[1] / plan.block_s)
        draws = np.random.default_rng([plan.seed, _LATENESS])
        for number in count(first):
            if draws.random() < LATE:
                heappush(waiting, (number + draws.uniform(*LATE_S) / plan.block_s, number))
            elif number >= 0:
                yield number
            while waiting and waiting[0][0] <= number:
                late = heappop(waiting)[1]
                if number >= 0:  # else it came before the load begins
                    yield late


_FIXES, _DOUBLES, _LATENESS = range(2, 5)


def _rng(seed: int, purpose: int, number: int) -> np.random.Generator:
    # Blocks before the beginning have streams of their own; no part of a seed may be negative.
    return np.random.default_rng([seed, purpose, abs(number), int(number < 0)])
