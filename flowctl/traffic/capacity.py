"""Learned capacity: how many trucks an hour a gate can take, from what it took while it was full.

A gate that nobody comes to says nothing about what it could take, so only saturated time is
evidence: open time during which at least as many trucks stood inside as there are inspection
places. Completions in it are counted against its length as a Gamma-Poisson rate (Gelman et al.,
*Bayesian Data Analysis*, 3rd ed., 2.6), with exponential forgetting that runs in saturated time
too: evidence, the prior included, is replaced by evidence and not by the mere passing of hours.

The interval takes completions as Poisson. Screening times vary less than that (10-15 min a truck),
so the true interval is narrower than the one stated: it errs to the careful side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from flowctl.site import Gate
from flowctl.state import GateHistory

_HOUR_S = 3600.0

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class CapacityParams:
    """How capacity is learned.

    ``half_life_s`` (saturated seconds) suits a regulator that must see a lost lane within tens of
    minutes, ``steady_half_life_s`` a plan that reaches into tomorrow and should not follow every
    breath. A truck inside for longer than ``lost_after_s`` was not seen leaving. Imports are
    counted over ``import_window_s`` of the present opening, and the prior is worth
    ``import_prior_weight_h`` hours of it. ``interval`` is the probability inside ``low``-``high``.
    """

    half_life_s: float = 1800.0
    steady_half_life_s: float = 21600.0
    lookback_s: float = 172800.0
    lost_after_s: float = 43200.0
    import_window_s: float = 7200.0
    import_prior_weight_h: float = 1.0
    interval: float = 0.9


DEFAULTS = CapacityParams()


@dataclass(frozen=True, slots=True)
class CapacityEstimate:
    """What a gate can take, trucks of both directions in an open hour.

    ``low`` and ``high`` bound ``per_h`` with 90 % unless the parameters say otherwise;
    ``steady_per_h`` is the same rate remembered for longer. ``import_per_h`` is the rate at which
    imports come. ``saturated_s`` is how much full time was seen: 0 means that all is prior.
    """

    per_h: float
    low: float
    high: float
    steady_per_h: float
    import_per_h: float
    saturated_s: float


def estimate(
    gate: Gate, history: GateHistory, now: datetime, *, params: CapacityParams = DEFAULTS
) -> CapacityEstimate:
    """Estimate what ``gate`` takes from the trucks seen there up to ``now``.

    Parameters
    ----------
    gate
        Its places, prior and opening hours.
    history
        Trucks seen, epoch seconds; entries and clearances after ``now`` are not known yet.
    now
        The present moment, aware.
    params
        Half-lives and windows.

    Returns
    -------
    CapacityEstimate
        Rates per hour.
    """
    at = now.timestamp()
    entered = np.where(history.entered_at <= at, history.entered_at, np.nan)
    cleared = np.where(history.cleared_at <= at, history.cleared_at, np.nan)
    full = _saturated(gate, entered, cleared, now, params)
    ages_s = _ages(full, cleared[~np.isnan(cleared)])
    seen_s = sum(end - start for start, end in full)
    shape, rate_h = _posterior(gate, ages_s, seen_s, params.half_life_s)
    steady_shape, steady_rate_h = _posterior(gate, ages_s, seen_s, params.steady_half_life_s)
    tail = (1.0 - params.interval) / 2.0
    return CapacityEstimate(
        per_h=shape / rate_h,
        low=float(gammaincinv(shape, tail)) / rate_h,
        high=float(gammaincinv(shape, 1.0 - tail)) / rate_h,
        steady_per_h=steady_shape / steady_rate_h,
        import_per_h=_import_rate(gate, entered[history.is_import], now, params),
        saturated_s=seen_s,
    )


def _posterior(
    gate: Gate, ages_s: NDArray[np.float64], seen_s: float, half_life_s: float
) -> tuple[float, float]:
    """Return shape and rate (hours) of the Gamma belief after ``seen_s`` of saturated time."""
    left = 0.5 ** (seen_s / half_life_s)
    # The integral of 2^(-age / half-life) over the saturated seconds seen.
    exposure_h = half_life_s / log(2.0) * (1.0 - left) / _HOUR_S
    completions = float(np.exp2(-ages_s / half_life_s).sum())
    # The prior cannot weigh more than a memory of this half-life would ever hold.
    weight_h = min(gate.capacity_prior_weight_h, half_life_s / log(2.0) / _HOUR_S) * left
    return gate.capacity_prior_per_h * weight_h + completions, weight_h + exposure_h


def _saturated(
    gate: Gate,
    entered: NDArray[np.float64],
    cleared: NDArray[np.float64],
    now: datetime,
    params: CapacityParams,
) -> list[Span]:
    """Return the spans of open time (epoch s) in which all places had a truck, in order."""
    known = ~np.isnan(entered)
    came = entered[known]
    went = np.where(np.isnan(cleared[known]), came + params.lost_after_s, cleared[known])
    times = np.concatenate([came, went])
    steps = np.concatenate([np.ones(len(came)), -np.ones(len(went))])
    order = np.argsort(times, kind="stable")
    times, inside = times[order], np.cumsum(steps[order])
    full = inside >= gate.inspection_places
    ends = np.append(times[1:], np.inf) if len(times) else times
    spans = zip(times[full].tolist(), ends[full].tolist(), strict=True)
    return _meet(list(spans), _watched(gate, now, params))


def _watched(gate: Gate, now: datetime, params: CapacityParams) -> list[Span]:
    """Return the opening windows (epoch s) that count as evidence.

    The first screening of a morning starts at all places at once, so for one service time nobody
    leaves however fast the gate is: that time, and what leaves in it, is no evidence.
    """
    first_s = gate.inspection_places / gate.capacity_prior_per_h * _HOUR_S
    since = now - timedelta(seconds=params.lookback_s)
    return [
        (opens.timestamp() + first_s, closes.timestamp())
        for opens, closes in gate.opening.between(since, now)
    ]


def _meet(spans: Sequence[Span], windows: Sequence[Span]) -> list[Span]:
    """Return the parts of ``spans`` inside ``windows``; both in order and disjoint."""
    met = []
    first = 0
    for opens, closes in windows:
        while first < len(spans) and spans[first][1] <= opens:
            first += 1
        at = first
        while at < len(spans) and spans[at][0] < closes:
            met.append((max(spans[at][0], opens), min(spans[at][1], closes)))
            at += 1
    return [(start, end) for start, end in met if end > start]


def _ages(full: Sequence[Span], cleared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for each clearance in saturated time, how much saturated time followed it (s)."""
    if not full:
        return np.zeros(0)
    starts = np.array([start for start, _ in full])
    ends = np.array([end for _, end in full])
    # A clearance ends the span in which it happened, so it belongs to the one before it.
    at = np.searchsorted(starts, cleared, side="left") - 1
    counted = (at >= 0) & (cleared <= ends[np.maximum(at, 0)])
    at, cleared = at[counted], cleared[counted]
    after = np.append(np.cumsum((ends - starts)[::-1])[::-1], 0.0)
    return np.asarray(after[at + 1] + ends[at] - cleared, dtype=np.float64)


def _import_rate(
    gate: Gate, entered: NDArray[np.float64], now: datetime, params: CapacityParams
) -> float:
    """Return imports per hour: of the present opening so far, blended with the prior."""
    since = now - timedelta(seconds=params.import_window_s)
    opening = list(gate.opening.between(since, now))
    if not gate.opening.is_open(now) or not opening:
        return gate.import_prior_per_h
    start = opening[-1][0].timestamp()
    hours = (now.timestamp() - start) / _HOUR_S
    # Those who stood there before it opened wait in the queue: they are counted as such.
    came = int((entered > start).sum())
    weight = params.import_prior_weight_h
    return (gate.import_prior_per_h * weight + came) / (weight + hours)
