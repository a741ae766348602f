"""How long a truck that comes now will wait, as an interval that holds as often as it says.

What stands before it is worked off at the learned rate of exports, on a clock that stands while the
gate is closed. That gives a *raw* triple: the middle, and 80 % around it by how well the rate is
known and by how much single trucks differ. It leaves much out - papers, slots kept, places lost to
priority - so it is not shown as it is: past waits say where between the raw bounds trucks really
fell, and quantiles of these scores put the shown bounds. That is split conformal prediction (Vovk,
Gammerman & Shafer, *Algorithmic Learning in a Random World*, 2005), with scores normalised as by
Lei et al. 2018 and levels that adapt as by Gibbs & Candès 2021, see `flowctl.traffic.calibration`;
quantiles are calibrated likewise by Romano, Patterson & Candès, "Conformalized quantile
regression", NeurIPS 2019. Scores are of logarithms: an interval is a factor, for no wait is less
than nothing.
"""

from dataclasses import dataclass
from math import exp, hypot, log
from statistics import NormalDist

import numpy as np

from flowctl.opening import Opening
from flowctl.traffic.calibration import (
    Calibration,
    CalibrationParams,
    Z,
    at_scores,
    score_of,
)
from flowctl.traffic.open_time import open_moment, open_s

SHARE = 0.8
"""How often a wait should lie inside its interval."""

CALIBRATION = CalibrationParams(prior=20, kept=300, step=0.02)
"""A gate's waits change with the season and its staff: some three hundred trucks back is enough."""

LEAST_SCORED = 20
"""Of fewer trucks a share says nothing."""

_SCREENED_Z = NormalDist().inv_cdf(0.95)  # rates come with bounds of 90 %
_LONGEST_S = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class WaitParams:
    """What is believed of waits beforehand; assumed, and soon overruled by what is scored.

    Trucks that come at once differ by ``spread``, a standard deviation of the logarithm; no wait is
    taken to be shorter than ``least_s``.
    """

    spread: float = 0.25
    least_s: float = 60.0


DEFAULTS = WaitParams()


@dataclass(frozen=True, slots=True)
class ExportRate:
    """Exports that a gate takes in an open hour, and the bounds that holds with 90 %."""

    per_h: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RawWait:
    """Bounds of 80 % around a middle, in open seconds, by belief alone."""

    low: float
    mid: float
    high: float


@dataclass(frozen=True, slots=True)
class Wait:
    """What is promised to who comes at ``at``: moments of being through, epoch seconds."""

    at: float
    raw: RawWait
    p10: float
    p50: float
    p90: float


def raw_wait(
    rate: ExportRate,
    *,
    ahead: int,
    travel_s: float,
    screening_s: float,
    params: WaitParams = DEFAULTS,
) -> RawWait | None:
    """Return the wait of a truck that comes now, from its yard to being through the gate.

    Parameters
    ----------
    rate
        What the gate takes of exports.
    ahead
        Trucks before it: in yards, on the way, in the queue.
    travel_s, screening_s
        From the message to the gate, and in its places. Who has many before it is called in time:
        the way passes while they are worked off.
    params
        What is believed of waits.

    Returns
    -------
    RawWait | None
        None where the gate takes nothing, so that nobody can say.
    """
    if rate.per_h <= 0.0:
        return None
    turn_s = ahead / rate.per_h * 3600.0
    mid = max(max(turn_s, travel_s) + screening_s, params.least_s)
    slow, fast = max(rate.low, rate.per_h / 10.0), max(rate.high, rate.per_h)
    unsure = log(fast / slow) / (2.0 * _SCREENED_Z)
    # Of a short wait the most is the way and the screening, which do not hang on the rate.
    unsure *= turn_s / (turn_s + screening_s + travel_s)
    factor = exp(Z * hypot(params.spread, unsure))
    return RawWait(mid / factor, mid, min(mid * factor, _LONGEST_S))


def expect(
    opening: Opening,
    now: float,
    raw: RawWait,
    calibration: Calibration,
    gate: str,
    *,
    params: CalibrationParams = CALIBRATION,
) -> Wait:
    """Return what to promise who comes ``now`` (epoch seconds), by what the gate's waits taught."""
    levels = calibration.levels(horizon_of(gate), params=params)
    low, mid, high = (np.full(3, log(side)) for side in (raw.low, raw.mid, raw.high))
    logs = at_scores(low, mid, high, np.array([levels.p10, levels.p50, levels.p90]))
    through = [open_moment(opening, now, exp(one)) for one in logs.tolist()]
    return Wait(now, raw, *through)


def learn(
    calibration: Calibration,
    opening: Opening,
    gate: str,
    wait: Wait,
    *,
    arrived: float,
    passed: float,
    params: CalibrationParams = CALIBRATION,
) -> Calibration:
    """Return what is known after a truck that came while a promise stood is through."""
    took = max(open_s(opening, arrived, passed), 1.0)
    raw = wait.raw
    score = score_of(log(raw.low), log(raw.mid), log(raw.high), log(took))
    early, late = _missed(opening, wait, arrived=arrived, moment=passed)
    return calibration.learn(horizon_of(gate), score, early=early, late=late, params=params)


def is_kept(opening: Opening, wait: Wait, *, arrived: float, passed: float) -> bool:
    """Tell whether a truck was through when it was promised.

    Who came a little after the promise was made has so much open time more.
    """
    return not any(_missed(opening, wait, arrived=arrived, moment=passed))


def is_overdue(opening: Opening, wait: Wait, *, arrived: float, now: float) -> bool:
    """Tell whether a truck that still waits should be through: that is known before it is."""
    return _missed(opening, wait, arrived=arrived, moment=now)[1]


def horizon_of(gate: str) -> str:
    """Return the name under which a gate's waits are learned."""
    return f"wait {gate}"


def _missed(opening: Opening, wait: Wait, *, arrived: float, moment: float) -> tuple[bool, bool]:
    """Return whether a moment is before, and after, what was promised."""
    counted = moment - open_s(opening, wait.at, arrived)
    return counted < wait.p10, counted > wait.p90
