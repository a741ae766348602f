"""A made day of trucks to be scheduled: two peaks, four weights, a gate that is halved for a while.

Times are in slots of 15 min. The distributions are those for which the targets of `flowctl bench
schedule` are stated; the numbers come from the seed alone.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.problem import DispatchProblem, Ints
from flowctl.dispatch.solver import solve

SLOT_S = 900
_MORNING, _EVENING = (8.5, 1.5), (16.0, 2.0)
"""Mean and spread of the two peaks, in hours; 35 % of the trucks each, the rest any time."""
_PEAKS = (0.35, 0.35, 0.30)
_WEIGHTS, _WEIGHT_SHARES = (1, 2, 4, 8), (0.70, 0.15, 0.10, 0.05)
_ONLY_PREFERRED, _TWO_GATES = 0.25, 0.15
_LATE, _TOLD = 0.3, 0.9
_LOAD = 0.85
"""Trucks over places of the day."""
_LOSS_H = (15, 17)
"""Hours between which the first gate takes half."""


@dataclass(frozen=True, slots=True)
class DayOptions:
    """What day to make; ``spill`` slots after the day take what it could not."""

    trucks: int = 5_000
    gates: int = 3
    slots: int = 96
    seed: int = 1
    spill: int = 32


def made_day(options: DayOptions) -> DispatchProblem:
    """Return a day most of whose drivers were told a slot before 30 % were late.

    They were told the optimum of the same day without the lateness and without the loss; a slot is
    kept only where it is exactly the one told.
    """
    rng = np.random.default_rng([options.seed, options.trucks, options.gates])
    day = _untold(options, rng)
    late = rng.random(options.trucks) < _LATE
    sooner = np.where(late, rng.integers(-1, 4, options.trucks), 0)
    believed = _moved(day, -sooner, options.slots)
    plan = solve(replace(believed, capacity=_capacity(options, loss=False)))
    told = (rng.random(options.trucks) < _TOLD) & (plan.slot >= 0)
    return replace(
        day,
        told_gate=np.where(told, plan.gate, -1),
        keep_first=np.where(told, plan.slot, 0),
        keep_last=np.where(told, plan.slot, -1),
    )


def shares(gates: int) -> NDArray[np.float64]:
    """Return the part of the trucks that prefer each gate: each next one 0.75 of the last."""
    parts = 0.75 ** np.arange(gates)
    return np.asarray(parts / parts.sum(), dtype=np.float64)


def _untold(options: DayOptions, rng: np.random.Generator) -> DispatchProblem:
    n, gates, horizon = options.trucks, options.gates, options.slots + options.spill
    eta = _etas(options, rng)
    preferred = rng.choice(gates, size=n, p=shares(gates))
    never = np.full((n, gates), horizon, dtype=np.int64)
    earliest = np.where(_allowed(preferred, gates, rng), eta[:, None], never)
    nobody = np.full(n, -1, dtype=np.int64)
    return DispatchProblem(
        gates=tuple(f"gate {number}" for number in range(1, gates + 1)),
        slot_s=SLOT_S,
        starts=np.arange(horizon, dtype=np.int64) * SLOT_S,
        capacity=_capacity(options, loss=True),
        trip_ids=np.arange(n, dtype=np.int64),
        earliest=earliest,
        weight=rng.choice(_WEIGHTS, size=n, p=_WEIGHT_SHARES).astype(np.int64),
        preferred=preferred.astype(np.int64),
        origin_s=eta * SLOT_S,
        rank=np.argsort(np.lexsort((rng.random(n), eta))).astype(np.int64),
        told_gate=nobody,
        keep_first=np.zeros(n, dtype=np.int64),
        keep_last=nobody.copy(),
        frozen_gate=nobody.copy(),
        frozen_slot=nobody.copy(),
    )


def _etas(options: DayOptions, rng: np.random.Generator) -> Ints:
    n = options.trucks
    kind = rng.choice(3, size=n, p=_PEAKS)
    hours = np.select(
        [kind == 0, kind == 1],
        [rng.normal(*_MORNING, n), rng.normal(*_EVENING, n)],
        rng.uniform(0.0, 24.0, n),
    )
    slots = np.floor(hours * options.slots / 24.0).astype(np.int64)
    return np.clip(slots, 0, options.slots - 1)


def _allowed(preferred: Ints, gates: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which gates each truck may use, [N, G]: all, the preferred one alone, or two."""
    n = len(preferred)
    mine = np.arange(gates) == preferred[:, None]
    draw = rng.random(n)
    other = (preferred + 1 + rng.integers(0, max(gates - 1, 1), n)) % gates
    two = mine | (np.arange(gates) == other[:, None])
    one_or_two = np.where((draw < _ONLY_PREFERRED)[:, None], mine, two)
    any_gate = draw >= _ONLY_PREFERRED + _TWO_GATES
    return np.asarray(one_or_two | any_gate[:, None])


def _capacity(options: DayOptions, *, loss: bool) -> Ints:
    a_slot = np.ceil(shares(options.gates) * options.trucks / (options.slots * _LOAD))
    places = np.repeat(np.maximum(a_slot, 1.0)[:, None], options.slots + options.spill, axis=1)
    capacity = places.astype(np.int64)
    if loss:
        begin, end = (hour * options.slots // 24 for hour in _LOSS_H)
        capacity[0, begin:end] = np.maximum(capacity[0, begin:end] // 2, 1)
    return capacity


def _moved(day: DispatchProblem, by: Ints, slots: int) -> DispatchProblem:
    """Return the day with the trucks expected ``by`` [N] slots later."""
    eta = np.clip(day.origin_s // SLOT_S + by, 0, slots - 1)
    allowed = day.earliest < day.slots
    earliest = np.where(allowed, eta[:, None], day.slots)
    return replace(day, earliest=earliest, origin_s=eta * SLOT_S)
