"""Learned capacity: how many trucks an hour a gate can take, from what it took while it was full.

A gate that nobody comes to says nothing about what it could take, so only screenings that began at
a full gate are evidence (`flowctl.traffic.screenings`). Their rate is a Gamma belief with
exponential forgetting that runs in screenings too: evidence is replaced by evidence and not by the
mere passing of hours.

The belief is narrower than a Poisson count would allow, because screening times vary little: by the
central limit theorem for renewals (Cox, *Renewal Theory*, 1962, 3.3) n screenings know the rate to
within sqrt(D / n), D being the squared coefficient of variation of one. D is estimated from
successive generations of screenings, as many as there are places (von Neumann, Annals of
Mathematical Statistics 12, 1941), and shrunk to a prior. As D is no better known than that, bounds
go by Student's law (Biometrika 6, 1908) and not by the normal one, with the degrees of freedom of
Welch (Biometrika 34, 1947), for what the prior says of the rate does not hang on D. How far off
the prior may be is another matter than how soon it gives way to what is seen.

After a change of the gate (`flowctl.traffic.collapse`) only what was seen since then counts.

Plain numbers, tuples and arrays, so that simulations can compile it; `flowctl.traffic.capacity`
says how sure each rate is, and names the instants.
"""

from typing import NamedTuple

import numpy as np

from flowctl.traffic import collapse, screenings
from flowctl.traffic.collapse import (
    NORMAL,
    RECOVERING,
    REDUCED,
    STOPPED,
    UNKNOWN,
    Condition,
    rate_since,
    watch,
)
from flowctl.traffic.screenings import (
    Believed,
    Bools,
    Floats,
    Hours,
    Screenings,
    hours_around,
    screenings_at,
)

_HOUR_S = 3600.0
_LEAST_OWN = 1e-9


class CapacityParams(NamedTuple):
    """How capacity is learned.

    ``half_life_s`` (full seconds) suits a regulator that must see a lost lane within tens of
    minutes, ``steady_half_life_s`` a plan that reaches into tomorrow and should not follow every
    breath. Arrivals are counted over ``import_window_s`` of the present opening; what is believed
    of them beforehand is worth ``import_prior_weight_h`` and ``export_prior_weight_h`` hours of it.
    ``interval`` is the probability inside ``low``-``high``. A rate that a site's file believes is
    off by ``prior_wrong`` of itself, a standard deviation: up to 25 % to either side, evenly, is
    0.144.

    ``dispersion`` is the squared coefficient of variation of a screening believed beforehand
    (uniform 10-15 min has 0.013, the scattered ones of `flowctl bench control` 0.36; found with the
    interval's coverage of both), worth ``dispersion_weight`` batches, and degrees of freedom. A
    batch is of ``generations`` of screenings, of fewer until there are ``least_batches`` of them;
    each difference of two has ``step_freedom`` degrees: so many the upper quartile of their squares
    is worth, found by simulation (0.42 to 0.56 for one to three generations). Nothing is said of
    how a gate works whose newest facts are older than ``stale_s``.
    """

    half_life_s: float = 1800.0
    steady_half_life_s: float = 21600.0
    import_window_s: float = 7200.0
    import_prior_weight_h: float = 1.0
    export_prior_weight_h: float = 0.25
    interval: float = 0.9
    prior_wrong: float = 0.15
    dispersion: float = 0.03
    dispersion_weight: float = 1.0
    generations: int = 3
    least_batches: int = 12
    step_freedom: float = 0.4
    stale_s: float = 1200.0


DEFAULTS = CapacityParams()


class Counted(NamedTuple):
    """Trucks that came, what is believed of them beforehand included, in so many open hours."""

    trucks: float
    hours: float


class Learned(NamedTuple):
    """What is learned of a gate, trucks an hour (`flowctl.traffic.capacity.CapacityEstimate`).

    The belief of ``per_h`` has the Gamma law of ``shape``, whose variance is known with so many
    degrees of ``freedom``. ``mode`` is the number of a `flowctl.traffic.collapse.GateMode`,
    ``since`` (epoch s) NaN where it is not known.
    """

    per_h: float
    shape: float
    freedom: float
    steady_per_h: float
    usual_per_h: float
    saturated_s: float
    mode: int
    since: float
    imports: Counted
    exports: Counted


class _Belief(NamedTuple):
    """A rate per hour, the shape of its Gamma law, and ``own``: which share of its variance is D's.

    The rest is the prior's, or of where a span of time begins and ends.
    """

    per_h: float
    shape: float
    own: float


class _Prior(NamedTuple):
    """A rate per hour believed beforehand, and the share of itself by which it may be off."""

    per_h: float
    wrong: float


def learn(
    gate: Believed,
    entered_at: Floats,
    cleared_at: Floats,
    is_import: Bools,
    hours: Hours,
    at: float,
    lag_s: float,
    params: CapacityParams = DEFAULTS,
) -> Learned:
    """Return what is learned of a gate from the trucks seen there up to the moment ``at``.

    Parameters
    ----------
    gate
        Its places and what was believed of it.
    entered_at, cleared_at, is_import
        As in `flowctl.state.GateHistory`, whatever is after ``at`` included.
    hours
        Of all that is looked back on, and further; more of them change nothing.
    at
        The moment, epoch seconds.
    lag_s
        What happened so shortly ago may not be known yet.
    """
    limits = screenings.DEFAULTS
    near = hours_around(hours, at, limits.lookback_s)
    seen = screenings_at(gate, entered_at, cleared_at, is_import, near, at, lag_s, limits)
    spread, freedom = _dispersion(seen, params)
    condition = watch(seen, gate.places / gate.per_h * _HOUR_S, spread, collapse.DEFAULTS)
    site = _Prior(gate.per_h, params.prior_wrong)
    full = _full(seen)
    steady = _learned(gate, full, -np.inf, params.steady_half_life_s, spread, site)
    usual_per_h = seen.places / condition.usual_s * _HOUR_S
    if condition.mode in (REDUCED, STOPPED):
        found = _changed(seen, condition, spread)
    else:
        usual = _Prior(usual_per_h, 0.0) if condition.mode == RECOVERING else site
        since = condition.evidence_from
        found = _learned(gate, full, since, params.half_life_s, spread, usual)
    opened = _opened(near, at, params.import_window_s)
    watched = lag_s <= params.stale_s and bool(((near.opens <= at) & (at < near.closes)).any())
    came = (entered_at <= at) & (entered_at > opened)
    weight_h = params.import_prior_weight_h
    imports = _counted(came & is_import, gate.import_per_h, weight_h, opened, at)
    # Exports are called up as the gate takes them: they are believed to fill what imports leave.
    filling_per_h = max(gate.per_h - gate.import_per_h, 0.0)
    weight_h = params.export_prior_weight_h
    exports = _counted(came & ~is_import, filling_per_h, weight_h, opened, at)
    return Learned(
        found.per_h,
        found.shape,
        freedom / max(found.own**2, _LEAST_OWN),
        steady.per_h,
        usual_per_h,
        full.full_s.sum(),
        condition.mode if watched else UNKNOWN,
        condition.since if watched else np.nan,
        imports,
        exports,
    )


def import_per_h(learned: Learned) -> float:
    """Return the rate at which imports come."""
    return learned.imports.trucks / learned.imports.hours


def working_per_h(mode: int, per_h: float, usual_per_h: float) -> float:
    """Return the rate to fill the way by: while the gate works as usual, the usual rate.

    It is known from far more screenings than ``per_h``, whose scatter would come to stand before
    the gate as a queue.
    """
    return usual_per_h if mode in (NORMAL, RECOVERING) else per_h


class _Full(NamedTuple):
    """The full time of the settled screenings, and how much was seen after each, seconds, [n]."""

    began_at: Floats
    full_s: Floats
    after_s: Floats


def _full(seen: Screenings) -> _Full:
    settled = np.flatnonzero(seen.settled)
    full_s = seen.took_s[settled] / seen.places
    after_s = np.cumsum(full_s[::-1])[::-1] - full_s
    return _Full(seen.began_at[settled], full_s, after_s)


def _learned(
    gate: Believed, full: _Full, since: float, half_life_s: float, spread: float, believed: _Prior
) -> _Belief:
    """Return the rate from screenings that began from ``since`` on."""
    first = np.searchsorted(full.began_at, since)
    full_s = full.full_s[first:]
    weight = np.exp2(full.after_s[first:] / -half_life_s)
    # The prior speaks of hours of Poisson counting; a screening tells 1/D as much as such a count.
    prior = believed.per_h * gate.weight_h * spread
    prior *= 0.5 ** (float(full_s.sum()) / half_life_s)
    counted = prior + float(weight.sum())
    hours = prior / believed.per_h + float((weight * full_s).sum()) / _HOUR_S
    own = float((weight**2).sum()) * spread
    variance = own + max(prior * spread, (believed.wrong * prior) ** 2)
    return _Belief(counted / hours, counted**2 / variance, own / variance)


def _dispersion(seen: Screenings, params: CapacityParams) -> tuple[float, float]:
    """Return the squared coefficient of variation of a screening, and its degrees of freedom.

    The mean of a batch of g generations is an increment of the clearances smoothed over c places.
    Where they run as a Brownian motion of variance D a screening, two successive ones differ by a
    variance of 2 (g - 1/2) D / (c g^2): a batch of one generation shows half of D only. It shows
    all of it while the places still keep step after an opening, so that a gate's first hours look
    less regular than they are rather than more.
    """
    took_s = seen.took_s[seen.settled & seen.over]
    most = len(took_s) // seen.places // params.least_batches
    generations = max(min(params.generations, most), 1)
    batch = generations * seen.places
    batches = len(took_s) // batch
    if batches < 2:  # noqa: PLR2004 - a difference needs two
        return params.dispersion, params.dispersion_weight
    means = took_s[: batches * batch].reshape((batches, batch)).sum(axis=1) / batch
    steps = np.diff(means) / means.mean()
    # A change of level, as after a lost lane, is one great step: the quartile does not see it.
    found = batch * generations * _upper_quartile(steps**2) / _QUARTILE_OF_CHI2
    found /= 2.0 * generations - 1.0
    weight, count = params.dispersion_weight, batches - 1
    spread = (params.dispersion * weight + found * count) / (weight + count)
    return spread, weight + params.step_freedom * count


def _upper_quartile(values: Floats) -> float:
    """Return what a quarter of the values lies above, between two of them by their distance."""
    inner = np.sort(values)
    place = 0.75 * (len(inner) - 1)
    below = int(place)
    above = min(below + 1, len(inner) - 1)
    return float(inner[below] + (inner[above] - inner[below]) * (place - below))


_QUARTILE_OF_CHI2 = 1.3233
"""Upper quartile of a chi-squared variable of one degree of freedom."""


def _changed(seen: Screenings, condition: Condition, spread: float) -> _Belief:
    """Return the rate of a gate that changed for the worse."""
    per_s, gone = rate_since(seen, condition)
    # Clearances in a span of time vary by D each, and by where both ends fall between the
    # clearances of each place: 1/6 a place (Cox, 4.5, of an equilibrium renewal process).
    variance = spread * gone + seen.places / 6.0 + 1.0
    shape = max((1.0 + gone) ** 2 / variance, 1.0)
    return _Belief(per_s * _HOUR_S, shape, spread * gone / variance)


def _opened(hours: Hours, at: float, window_s: float) -> float:
    """Return since when arrivals are counted: of the present opening, inf while it is closed."""
    for opens, closes in zip(hours.opens, hours.closes):  # noqa: B905 - strict= does not compile
        if opens <= at < closes:
            return float(max(opens, at - window_s))
    return np.inf


def _counted(came: Bools, prior_per_h: float, weight_h: float, opened: float, at: float) -> Counted:
    """Return arrivals of the present opening so far, blended with what is believed of them."""
    # Those who stood there before it opened wait in the queue: they are counted as such.
    open_h = max(at - opened, 0.0) / _HOUR_S
    return Counted(prior_per_h * weight_h + int(came.sum()), weight_h + open_h)
