"""The law of a duration, from those that were seen to end and those that were not."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.stats import gamma, norm, uniform

from flowctl.scenarios.laws import Law
from simulations.streams import Column

_PHASES = (*range(1, 21), 25, 30, 40, 50, 70, 100, 150, 200)
_KEPT = 200  # values of an empirical law; more say no more
_SURE = 1.63
"""Of Kolmogorov's distance times √n, what one in a hundred samples of the law itself goes beyond.

Two parameters are fitted to the same sample, which makes the distance smaller: a law is rejected
more rarely than that (Lilliefors, JASA 62, 1967)."""


@dataclass(frozen=True, slots=True)
class LawFit:
    """A law and how well it fits: what it was chosen from, by Akaike's criterion, least best.

    ``distance`` is Kolmogorov's, between the sample and the best of the laws with parameters, which
    would be taken up to ``limit``; beyond it the law is the sample's own. ``cut`` of the ``count``
    durations were not seen to end.
    """

    law: Law
    count: int
    cut: int
    distance: float
    limit: float
    criteria: dict[str, float]


class _Candidate(NamedTuple):
    law: Law
    likelihood: float
    below: Column  # the law's distribution function at the sample's steps


def fit_law(ended_min: Sequence[float], cut_min: Sequence[float] = ()) -> LawFit:
    """Return the law of durations in minutes.

    Lognormal, Erlang and uniform laws are fitted by maximum likelihood, in which those that were
    not seen to end count as longer than what was seen of them; Akaike's criterion chooses (IEEE
    Trans. Automatic Control 19, 1974). Where none fits, the law is the sample's, by Kaplan and
    Meier's estimator (JASA 53, 1958).

    Parameters
    ----------
    ended_min
        Durations seen from begin to end, above 0, at least two different ones.
    cut_min
        What was seen of those that went on.
    """
    ended, cut = np.sort(np.asarray(ended_min, float)), np.asarray(cut_min, float)
    at, share = kaplan_meier(ended, cut)
    found = [_lognormal(ended, cut, at), _erlang(ended, cut, at), _uniform(ended, cut, at)]
    criteria = {one.law.law: 4.0 - 2.0 * one.likelihood for one in found}
    best = max(found, key=lambda one: one.likelihood)
    before = np.r_[0.0, share[:-1]]
    distance = float(np.maximum(np.abs(share - best.below), np.abs(before - best.below)).max())
    limit = _SURE / sqrt(len(ended))
    law = best.law if distance <= limit else _empirical(at, share)
    return LawFit(law, len(ended) + len(cut), len(cut), distance, limit, criteria)


def kaplan_meier(ended: Column, cut: Column) -> tuple[Column, Column]:
    """Return the distinct durations that ended and the share that had ended by each.

    The share stays below 1 where the longest did not end.
    """
    at, times = np.unique(ended, return_counts=True)
    gone = np.searchsorted(ended, at, side="left") + np.searchsorted(np.sort(cut), at, side="left")
    under_way = len(ended) + len(cut) - gone
    return at, np.asarray(1.0 - np.cumprod(1.0 - times / under_way), np.float64)


def _lognormal(ended: Column, cut: Column, at: Column) -> _Candidate:
    logs, still = np.log(ended), np.log(cut)

    def unlikely(middle_and_spread: Column) -> float:
        middle, spread = middle_and_spread[0], exp(middle_and_spread[1])
        seen = norm.logpdf(logs, middle, spread).sum() - logs.sum()
        return -float(seen + norm.logsf(still, middle, spread).sum())

    start = np.array([logs.mean(), log(max(logs.std(), 1e-3))])
    found = minimize(unlikely, start, method="Nelder-Mead").x if len(cut) else start
    middle, spread = float(found[0]), exp(float(found[1]))
    cv = min(max(sqrt(np.expm1(spread * spread)), 0.001), 10.0)
    law = Law(law="lognormal", mean_min=_round(exp(middle + spread * spread / 2)), cv=_round(cv))
    return _Candidate(law, -unlikely(found), np.asarray(norm.cdf(np.log(at), middle, spread)))


def _erlang(ended: Column, cut: Column, at: Column) -> _Candidate:
    def unlikely(mean: float, phases: int) -> float:
        seen = gamma.logpdf(ended, phases, scale=mean / phases).sum()
        return -float(seen + gamma.logsf(cut, phases, scale=mean / phases).sum())

    def best_mean(phases: int) -> float:
        usual = float(ended.mean())
        if not len(cut):
            return usual
        around = (log(usual) - 1.0, log(usual) + 2.0)
        found = minimize_scalar(lambda x: unlikely(exp(x), phases), bounds=around, method="bounded")
        return exp(float(found.x))

    means = {phases: best_mean(phases) for phases in _PHASES}
    phases = min(_PHASES, key=lambda k: unlikely(means[k], k))
    mean = means[phases]
    law = Law(law="erlang", mean_min=_round(mean), phases=phases)
    below = np.asarray(gamma.cdf(at, phases, scale=mean / phases))
    return _Candidate(law, -unlikely(mean, phases), below)


def _uniform(ended: Column, cut: Column, at: Column) -> _Candidate:
    least, most = float(ended.min()), float(max(ended.max(), cut.max(initial=0.0) + 1e-6))
    seen = uniform.logpdf(ended, least, most - least).sum()
    likelihood = float(seen + uniform.logsf(cut, least, most - least).sum())
    law = Law(law="uniform", least_min=_round(least), most_min=_round(most))
    return _Candidate(law, likelihood, np.asarray(uniform.cdf(at, least, most - least)))


def _empirical(at: Column, share: Column) -> Law:
    """Return the sample's own law; what lies beyond the longest that ended ends there."""
    chances = (np.arange(_KEPT) + 0.5) / _KEPT
    places = np.minimum(np.searchsorted(share, chances), len(at) - 1)
    return Law(law="empirical", values_min=tuple(_round(float(at[k])) for k in places))


def _round(value: float) -> float:
    return max(round(value, 3), 0.001)
