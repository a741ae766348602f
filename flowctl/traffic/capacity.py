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
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from scipy.special import gammaincinv, ndtr, stdtrit

from flowctl.site import Gate
from flowctl.state import GateHistory
from flowctl.traffic.collapse import Condition, GateMode, rate_since, watch
from flowctl.traffic.screenings import Floats, Screenings, screenings

_HOUR_S = 3600.0
_LOW = (GateMode.REDUCED, GateMode.STOPPED)
_LEAST_OWN = 1e-9


@dataclass(frozen=True, slots=True)
class CapacityParams:
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


@dataclass(frozen=True, slots=True)
class Rate:
    """Trucks in an open hour, and the bounds it lies between with 90 %."""

    per_h: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CapacityEstimate:
    """What a gate can take, trucks of both directions in an open hour.

    ``low`` and ``high`` bound ``per_h`` with 90 % unless the parameters say otherwise;
    ``steady_per_h`` is the same rate remembered for longer. ``import_per_h`` is the rate at which
    imports come. ``saturated_s`` is how much full time was seen: 0 means that all is prior.
    ``exports`` and ``imports`` are what either direction gets while it always waits and the other
    comes as it does. ``state`` tells how the gate works, ``since`` from when on by the best guess;
    ``usual_per_h`` is what it takes while it works as usual, remembered over whatever came between,
    None where nothing was looked at.
    """

    per_h: float
    low: float
    high: float
    steady_per_h: float
    import_per_h: float
    saturated_s: float
    exports: Rate
    imports: Rate
    state: GateMode = GateMode.UNKNOWN
    since: datetime | None = None
    usual_per_h: float | None = None

    @property
    def working_per_h(self) -> float:
        """The rate to fill the way by: while the gate works as usual, the usual rate.

        It is known from far more screenings than ``per_h``, whose scatter would come to stand
        before the gate as a queue.
        """
        usual = self.state in (GateMode.NORMAL, GateMode.RECOVERING)
        return self.usual_per_h if usual and self.usual_per_h is not None else self.per_h


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
    seen = screenings(gate, history, now)
    spread, freedom = _dispersion(seen, params)
    prior_s = gate.inspection_places / gate.capacity_prior_per_h * _HOUR_S
    condition = watch(seen, prior_s, spread)
    site = _Prior(gate.capacity_prior_per_h, params.prior_wrong)
    steady = _learned(gate, seen, -np.inf, params.steady_half_life_s, spread, site)
    usual_per_h = seen.places / condition.usual_s * _HOUR_S
    if condition.state in _LOW:
        found = _changed(seen, condition, spread)
    elif condition.state is GateMode.RECOVERING:
        usual = _Prior(usual_per_h)
        found = _learned(gate, seen, condition.evidence_from, params.half_life_s, spread, usual)
    else:
        found = _learned(gate, seen, condition.evidence_from, params.half_life_s, spread, site)
    total = _rate(
        found.per_h, found.shape, params.interval, freedom=freedom / max(found.own**2, _LEAST_OWN)
    )
    came = np.where(history.entered_at <= now.timestamp(), history.entered_at, np.nan)
    imports = _arrivals(
        gate,
        came[history.is_import],
        now,
        prior_per_h=gate.import_prior_per_h,
        weight_h=params.import_prior_weight_h,
        params=params,
    )
    # Exports are called up as the gate takes them: they are believed to fill what imports leave.
    filling_per_h = max(gate.capacity_prior_per_h - gate.import_prior_per_h, 0.0)
    exports = _arrivals(
        gate,
        came[~history.is_import],
        now,
        prior_per_h=filling_per_h,
        weight_h=params.export_prior_weight_h,
        params=params,
    )
    watched = gate.opening.is_open(now) and history.lag_s <= params.stale_s
    return CapacityEstimate(
        per_h=total.per_h,
        low=total.low,
        high=total.high,
        steady_per_h=steady.per_h,
        import_per_h=imports.per_h,
        saturated_s=float(seen.took_s[seen.settled].sum()) / seen.places,
        exports=_left(total, imports),
        imports=_left(total, exports),
        state=condition.state if watched else GateMode.UNKNOWN,
        since=_instant(condition.since) if watched else None,
        usual_per_h=usual_per_h,
    )


def _instant(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


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
    wrong: float = 0.0


def _learned(
    gate: Gate,
    seen: Screenings,
    since: float,
    half_life_s: float,
    spread: float,
    believed: _Prior,
) -> _Belief:
    """Return the rate from screenings that began from ``since`` on."""
    took_s = seen.took_s[seen.settled & (seen.began_at >= since)]
    full_s = took_s / seen.places
    # How much full time was seen after each screening.
    after_s = np.cumsum(full_s[::-1])[::-1] - full_s
    weight = np.exp2(-after_s / half_life_s)
    # The prior speaks of hours of Poisson counting; a screening tells 1/D as much as such a count.
    prior = believed.per_h * gate.capacity_prior_weight_h * spread
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
    means = took_s[: batches * batch].reshape(batches, batch).mean(axis=1)
    steps = np.diff(means) / means.mean()
    # A change of level, as after a lost lane, is one great step: the quartile does not see it.
    found = batch * generations * float(np.quantile(steps**2, 0.75)) / _QUARTILE_OF_CHI2
    found /= 2.0 * generations - 1.0
    weight, count = params.dispersion_weight, batches - 1
    spread = (params.dispersion * weight + found * count) / (weight + count)
    return spread, weight + params.step_freedom * count


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


def _rate(per_h: float, shape: float, interval: float, *, freedom: float = np.inf) -> Rate:
    tail = (1.0 - interval) / 2.0
    if np.isfinite(freedom):
        # As far out as Student's quantile lies on the normal scale.
        tail = float(ndtr(stdtrit(freedom, tail)))
    low, high = gammaincinv(shape, np.array([tail, 1.0 - tail])) / shape * per_h
    return Rate(per_h, float(low), float(high))


def _arrivals(
    gate: Gate,
    came: Floats,
    now: datetime,
    *,
    prior_per_h: float,
    weight_h: float,
    params: CapacityParams,
) -> Rate:
    """Return arrivals per hour: of the present opening so far, blended with the prior."""
    since = now - timedelta(seconds=params.import_window_s)
    opening = list(gate.opening.between(since, now))
    counted, hours = prior_per_h * weight_h, weight_h
    if gate.opening.is_open(now) and opening:
        start = opening[-1][0].timestamp()
        hours += (now.timestamp() - start) / _HOUR_S
        # Those who stood there before it opened wait in the queue: they are counted as such.
        counted += int((came > start).sum())
    if counted == 0.0:
        return Rate(0.0, 0.0, 1.0 / hours)
    return _rate(counted / hours, counted, params.interval)


def _left(total: Rate, others: Rate) -> Rate:
    """Return what a direction that always waits gets while the others come as they do.

    All that comes of the others is taken while it is less than half, for a place that falls free
    takes from the two directions in turn while both wait.
    """
    return Rate(
        max(total.per_h - others.per_h, total.per_h / 2.0),
        max(total.per_h - _apart(total, others, -1.0), total.low / 2.0),
        max(total.per_h - _apart(total, others, 1.0), total.high / 2.0),
    )


def _apart(total: Rate, others: Rate, sign: float) -> float:
    """Return the others' rate at the bound at which least (-1) or most (+1) of ``total`` is left.

    The two are independent: their deviations add as squares.
    """
    if sign < 0.0:
        own, theirs = total.per_h - total.low, others.high - others.per_h
    else:
        own, theirs = total.high - total.per_h, others.per_h - others.low
    return others.per_h - sign * float(np.hypot(own, theirs))
