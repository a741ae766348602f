"""How many trucks will arrive in the next hours: those on the way, those declared, those to come.

Each declared trip is spread over the bins ahead: by its expected arrival where its truck was seen
on the road, else by how long before or after its ready time trucks have arrived so far. Those that
will be declared meanwhile are expected as at the same hour of the days before, in the measure of
today. A sum of such rare events is near Poisson (Le Cam, Pacific J. Math. 10, 1960); what is not
known of today's measure widens it to a negative binomial.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaincc, ndtr, ndtri

Floats = NDArray[np.float64]

_DAY_S = 86400.0
_LEVELS = (0.1, 0.5, 0.9)
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class ForecastParams:
    """How arrivals are forecast.

    ``eta_cv`` is the spread of an expected arrival over what is left of the way, ``eta_least_s`` at
    least. Before trucks were seen to arrive they are believed to do so ``before_ready_s`` ahead of
    their ready time, give or take ``before_ready_sd_s`` (the checks in the yard; the published mean
    of arrival to exit is 125 min), and to be declared ``declared_s`` ahead; that is worth
    ``belief_trucks``. An hour of the day is taken with ``smooth_s`` around it, today's measure
    against ``measure_trucks`` trucks. ``measure_cv`` is the spread of what is not declared yet,
    ``known_cv`` that of what is, beyond their chance.
    """

    bin_s: int = 900
    bins: int = 16
    eta_cv: float = 0.15
    eta_least_s: float = 120.0
    before_ready_s: float = 7500.0
    before_ready_sd_s: float = 3600.0
    declared_s: float = 14400.0
    belief_trucks: int = 20
    smooth_s: float = 1800.0
    measure_trucks: float = 10.0
    measure_cv: float = 0.25
    known_cv: float = 0.1
    recent_s: float = 7200.0


DEFAULTS = ForecastParams()


@dataclass(frozen=True, slots=True)
class Pending:
    """Declared trips whose trucks have not arrived, [n]; epoch seconds.

    ``eta_at`` is NaN where the truck was not seen on its way; ``share`` is the probability that it
    comes to the place in question.
    """

    eta_at: Floats
    ready_at: Floats
    share: Floats


@dataclass(frozen=True, slots=True)
class Arrived:
    """Trips whose trucks came to the place, [n], all there were since ``since``; epoch seconds."""

    arrived_at: Floats
    ready_at: Floats
    registered_at: Floats
    since: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """Arrivals in each bin beginning at ``starts_at`` (epoch s): their mean and quantiles, [b]."""

    starts_at: Floats
    mean: Floats
    p10: NDArray[np.int64]
    p50: NDArray[np.int64]
    p90: NDArray[np.int64]


def forecast(
    pending: Pending, arrived: Arrived, now: float, *, params: ForecastParams = DEFAULTS
) -> Forecast:
    """Return the arrivals to expect at one place in the bins after ``now``.

    Parameters
    ----------
    pending
        Who is to come.
    arrived
        Who came, over the last days; what lies after ``now`` is not known yet.
    now
        The present moment, epoch seconds. The first bin begins at the present one's start and
        counts only what is left of it.

    Returns
    -------
    Forecast
        ``params.bins`` bins.
    """
    first = now - now % params.bin_s
    edges = first + params.bin_s * np.arange(params.bins + 1.0)
    edges[0] = now
    known = arrived.arrived_at <= now
    past = Arrived(
        arrived.arrived_at[known],
        arrived.ready_at[known],
        arrived.registered_at[known],
        arrived.since,
    )
    seen = _of_declared(pending, past, edges, now, params)
    mean_known = seen.sum(axis=0)
    mean_new = _undeclared(past, edges, now, params)
    variance = (
        (seen * (1.0 - seen)).sum(axis=0)
        + (params.known_cv * mean_known) ** 2
        + mean_new
        + (params.measure_cv * mean_new) ** 2
    )
    mean = mean_known + mean_new
    low, middle, high = (_quantile(mean, variance, level) for level in _LEVELS)
    starts = edges[:-1].copy()
    starts[0] = first
    return Forecast(starts, mean, low, middle, high)


def _of_declared(
    pending: Pending, past: Arrived, edges: Floats, now: float, params: ForecastParams
) -> Floats:
    """Return each pending truck's probability of arriving in each bin, [n, b]."""
    seen = ~np.isnan(pending.eta_at)
    chance = np.zeros((len(seen), len(edges) - 1))
    if seen.any():
        eta = np.maximum(pending.eta_at[seen], now)[:, None]
        spread = np.maximum(params.eta_cv * (eta - now), params.eta_least_s)
        below = ndtr((edges[None, :] - eta) / spread)
        chance[seen] = np.diff(below, axis=1) / (1.0 - below[:, :1])
    if not seen.all():
        offsets = np.sort(np.concatenate([past.arrived_at - past.ready_at, _believed(params)]))
        waits = edges[None, :] - pending.ready_at[~seen][:, None]
        below = np.searchsorted(offsets, waits) / len(offsets)
        left = 1.0 - below[:, :1]
        # Who is later than anybody ever was may not come at all.
        chance[~seen] = np.diff(below, axis=1) / np.where(left > 0.0, left, np.inf)
    return np.asarray(chance * pending.share[:, None], dtype=np.float64)


def _believed(params: ForecastParams) -> Floats:
    """Return how far from the ready time trucks are believed to arrive before any did (s)."""
    levels = (np.arange(params.belief_trucks) + 0.5) / params.belief_trucks
    return np.asarray(-params.before_ready_s + params.before_ready_sd_s * ndtri(levels))


def _undeclared(past: Arrived, edges: Floats, now: float, params: ForecastParams) -> Floats:
    """Return the mean arrivals in each bin of trucks that will be declared from now on, [b]."""
    middles = (edges[:-1] + edges[1:]) / 2.0
    leads = np.sort(past.arrived_at - past.registered_at)
    weight = params.belief_trucks
    believed = -np.expm1(-(middles - now) / params.declared_s)
    short = np.searchsorted(leads, middles - now)
    share = (believed * weight + short) / (weight + len(leads))
    return np.asarray(_usual(past, middles, now, params) * np.diff(edges) * share)


def _usual(past: Arrived, middles: Floats, now: float, params: ForecastParams) -> Floats:
    """Return arrivals a second around each moment, as on the days before in today's measure."""
    days = int((now - past.since) / _DAY_S)
    if days < 1:
        since = max(past.since, now - params.recent_s)
        recent = float((past.arrived_at > since).sum())
        return np.full(len(middles), recent / max(now - since, params.recent_s / 2.0))
    arrived = np.sort(past.arrived_at)
    half_s = params.smooth_s + params.bin_s / 2.0
    back = -np.arange(1, days + 1)[:, None] * _DAY_S
    near = _count(arrived, middles[None, :] + back - half_s, middles[None, :] + back + half_s)
    # Today's measure: the last hours against the same hours of the days before.
    spans = now + np.concatenate([[[0.0]], back])
    lately = _count(arrived, spans - params.recent_s, spans).ravel()
    measure = (params.measure_trucks + lately[0]) / (
        params.measure_trucks + lately[1:].sum() / days
    )
    rates = near.sum(axis=0) / (days * 2.0 * half_s)
    return np.asarray(rates * measure, dtype=np.float64)


def _count(arrived: Floats, start: Floats, end: Floats) -> Floats:
    found = np.searchsorted(arrived, end, "right") - np.searchsorted(arrived, start, "right")
    return np.asarray(found, dtype=np.float64)


def _quantile(mean: Floats, variance: Floats, level: float) -> NDArray[np.int64]:
    """Return the least count whose probability not to be passed is at least ``level``, [b].

    Negative binomial where the variance is above the mean, else normal: what is sure varies less
    than Poisson.
    """
    most = int(np.ceil((mean + 8.0 * np.sqrt(variance) + 8.0).max(initial=8.0)))
    count = np.arange(most + 1.0)[None, :]
    m, v = np.maximum(mean, _TINY)[:, None], np.maximum(variance, _TINY)[:, None]
    wide = v > m * 1.001
    excess = np.where(wide, v - m, 1.0)
    size = np.where(wide, m**2 / excess, 1.0)
    negative = betainc(size, count + 1.0, np.where(wide, m / v, 0.5))
    poisson = gammaincc(count + 1.0, m)
    normal = ndtr((count + 0.5 - m) / np.sqrt(v))
    below = np.where(wide, negative, np.where(v > m * 0.999, poisson, normal))
    return np.asarray((below < level).sum(axis=1), dtype=np.int64)
