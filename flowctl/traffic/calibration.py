"""Intervals whose hit-rate is learned: what forecasts missed by, and by how much to believe it.

A forecast comes as a raw triple (low, mid, high) from a prior belief in how times spread. Once the
arrival is known it has a *score*: how far it lay from mid, in units of the raw half-width on its
side, so that -1.28, 0 and +1.28 are the raw low, mid and high. Quantiles of past scores of the same
horizon put P10, P50 and P90 where arrivals really fell (normalised conformal prediction: Lei,
G'Sell, Rinaldo, Tibshirani & Wasserman, "Distribution-free predictive inference for regression",
JASA 113, 2018, 5.2). The levels of the two outer quantiles are not fixed: they move with every miss
(adaptive conformal inference: Gibbs & Candès, "Adaptive conformal inference under distribution
shift", NeurIPS 2021), each tail by itself, so that in the long run each misses its share of
arrivals whatever the roads do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from scipy.special import ndtri

from geo.crs import Column

Z = float(ndtri(0.9))
"""The standard normal quantile of P90: the unit in which raw triples are given."""

_MOST_SCORE = 20.0  # a forecast that missed by more says no more


@dataclass(frozen=True, slots=True)
class CalibrationParams:
    """How forecasts learn; assumed, tried on the simulation and on recorded buses.

    ``tail`` is the share of arrivals before P10 and after P90. The prior belief is worth ``prior``
    arrivals; the last ``kept`` scores of a horizon count. After each arrival a level moves by
    ``step`` times what it missed (γ of Gibbs & Candès, who use 0.005-0.05); it stays between
    ``least`` and ``most``. Of a truck's pace so far ``gain`` is believed to last, as much as if
    journeys with squared log paces of ``gain_weight`` in all had shown it; the last ``gain_memory``
    arrivals count.
    """

    tail: float = 0.1
    gain: float = 0.5
    gain_weight: float = 1.0
    gain_memory: float = 2000.0
    prior: int = 20
    kept: int = 1000
    step: float = 0.005
    least: float = 0.005
    most: float = 0.35


DEFAULTS = CalibrationParams()


@dataclass(frozen=True, slots=True)
class Levels:
    """Where P10, P50 and P90 lie between the raw triple's ends, in scores; rising."""

    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class Horizon:
    """What is known of one class of forecasts: scores, the newest last, and the two levels."""

    scores: tuple[float, ...] = ()
    below: float = DEFAULTS.tail
    above: float = DEFAULTS.tail


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a site has learned of its forecasts; a value, `learn` returns the next.

    Intervals by horizon, and the sums over finished journeys of shown² and of shown · kept log
    paces, from which `gain` follows.
    """

    horizons: Mapping[str, Horizon] = field(default_factory=dict)
    pace_square: float = 0.0
    pace_product: float = 0.0

    def gain(self, *, params: CalibrationParams = DEFAULTS) -> float:
        """Return how much of the pace a truck has shown it keeps, least squares with a prior.

        Ridge regression through the origin of log(took / expected at others' pace) on the log of
        the pace shown, drawn to ``gain`` (Gelman et al., *Bayesian Data Analysis*, 3rd ed., 14.8).
        """
        weight = params.gain_weight
        return (weight * params.gain + self.pace_product) / (weight + self.pace_square)

    def learn_pace(
        self, shown: float, kept: float, *, params: CalibrationParams = DEFAULTS
    ) -> "Calibration":
        """Return what is known after a truck of log pace ``shown`` drove the rest at ``kept``."""
        left = 1.0 - 1.0 / params.gain_memory
        return replace(
            self,
            pace_square=left * self.pace_square + shown * shown,
            pace_product=left * self.pace_product + shown * kept,
        )

    def levels(self, horizon: str, *, params: CalibrationParams = DEFAULTS) -> Levels:
        """Return where a horizon's quantiles lie; of one never scored, at the raw triple."""
        return _levels(self.horizons.get(horizon, Horizon()), params)

    def learn(
        self,
        horizon: str,
        score: float | None,
        *,
        early: bool,
        late: bool,
        params: CalibrationParams = DEFAULTS,
    ) -> "Calibration":
        """Return what is known after one more arrival.

        Parameters
        ----------
        horizon
            The class of the forecast that is scored.
        score
            From `score_of`; None where the raw triple had no width, which says nothing about width.
        early, late
            Whether the arrival fell before its P10, after its P90.
        """
        known = self.horizons.get(horizon, Horizon())
        scores = known.scores if score is None else (*known.scores, score)[-params.kept :]
        after = replace(
            known,
            scores=scores,
            below=_moved(known.below, missed=early, params=params),
            above=_moved(known.above, missed=late, params=params),
        )
        return replace(self, horizons={**self.horizons, horizon: after})


@lru_cache(maxsize=64)
def _levels(known: Horizon, params: CalibrationParams) -> Levels:
    """Return the quantiles of prior and scores; remembered, since a fleet asks for the same few."""
    prior = ndtri((np.arange(params.prior) + 0.5) / params.prior)
    low, mid, high = np.quantile(
        np.r_[prior, known.scores],
        [known.below, 0.5, 1.0 - known.above],
        method="median_unbiased",
    )
    return Levels(min(float(low), float(mid)), float(mid), max(float(high), float(mid)))


def _moved(level: float, *, missed: bool, params: CalibrationParams) -> float:
    """Return α + γ (tail - missed), Gibbs & Candès 2021, eq. 2."""
    moved = level + params.step * (params.tail - float(missed))
    return min(max(moved, params.least), params.most)


def score_of(low: float, mid: float, high: float, actual: float) -> float | None:
    """Return the score of an arrival under a raw triple, all in one unit; None without width."""
    half = high - mid if actual >= mid else mid - low
    if half <= 0:
        return None
    return min(max(Z * (actual - mid) / half, -_MOST_SCORE), _MOST_SCORE)


def at_scores(low: Column, mid: Column, high: Column, score: Column) -> Column:
    """Return the values that have these scores under raw triples, [n]; inverse of `score_of`."""
    half = np.where(score >= 0, high - mid, mid - low)
    return np.asarray(mid + half * score / Z)
