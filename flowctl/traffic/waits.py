"""How long a truck that comes now will wait, as an interval that holds as often as it says.

What stands before it is worked off at the learned rate of exports, on a clock that stands while the
gate is closed. That gives a *raw* triple: the middle, and 80 % around it by how well the rate is
known and by how much single trucks differ. It leaves much out - papers, slots kept, places lost to
priority - so it is not shown as it is: past waits say where between the raw bounds trucks really
fell, and quantiles of these scores put the shown bounds. That is split conformal prediction (Vovk,
Gammerman & Shafer, *Algorithmic Learning in a Random World*, 2005) with scores normalised as by
Lei et al., JASA 113, 2018; quantiles are calibrated likewise by Romano, Patterson & Candès,
"Conformalized quantile regression", NeurIPS 2019. Scores are of logarithms: an interval is a
factor, for no wait is less than nothing.

Who is through already is no fair sample: the quick ones are known first. So a truck that still
waits counts as well, as one that will take longer than it has so far: the quantiles are of the
product-limit estimate (Kaplan & Meier, JASA 53, 1958), as in conformalised survival analysis
(Candès, Lei & Ren, JRSS B 85, 2023).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, hypot, log
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from flowctl.opening import Opening
from flowctl.traffic.calibration import Levels, Z, at_scores, score_of
from flowctl.traffic.open_time import open_moment, open_s

SHARE = 0.8
"""How often a wait should lie inside its interval."""

LEAST_SCORED = 20
"""Of fewer trucks a share says nothing."""

_SCREENED_Z = NormalDist().inv_cdf(0.95)  # rates come with bounds of 90 %
_LONGEST_S = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class WaitParams:
    """What is believed of waits beforehand; assumed, and soon overruled by what is scored.

    Papers and checks in the yard take ``papers_s`` before a truck can be called, in the mean (the
    scenario of 2024-01-23 has an hour). Trucks that come at once differ by ``spread``, a standard
    deviation of the logarithm: priorities, papers, slots. The belief is worth ``prior`` trucks; the
    last ``kept`` that came to a gate count, and a score beyond ``most`` says no more.
    """

    papers_s: float = 3600.0
    spread: float = 0.5
    prior: int = 20
    kept: int = 500
    most: float = 6.0


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


class Outcome(NamedTuple):
    """A truck that came: its score, and whether it is through; else it has at least this score."""

    score: float
    through: bool


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
        papers are done and the way passes while they are worked off.
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
    mid = max(turn_s, params.papers_s + travel_s) + screening_s
    slow, fast = max(rate.low, rate.per_h / 10.0), max(rate.high, rate.per_h)
    unsure = log(fast / slow) / (2.0 * _SCREENED_Z)
    # Of a short wait the most is papers, way and screening, which do not hang on the rate.
    unsure *= min(turn_s / mid, 1.0)
    factor = exp(Z * hypot(params.spread, unsure))
    return RawWait(mid / factor, mid, min(mid * factor, _LONGEST_S))


def expect(opening: Opening, now: float, raw: RawWait, levels: Levels) -> Wait:
    """Return what to promise who comes ``now`` (epoch seconds), by what the gate's waits taught."""
    low, mid, high = (np.full(3, log(side)) for side in (raw.low, raw.mid, raw.high))
    logs = at_scores(low, mid, high, np.array([levels.p10, levels.p50, levels.p90]))
    through = [open_moment(opening, now, exp(one)) for one in logs.tolist()]
    return Wait(now, raw, *through)


def outcome(
    opening: Opening,
    raw: RawWait,
    *,
    arrived: float,
    passed: float | None,
    now: float,
    params: WaitParams = DEFAULTS,
) -> Outcome:
    """Return what a truck tells that came while a promise stood, through or not (``passed`` None).

    Open time counts: a night is no wait of the gate's.
    """
    took = max(open_s(opening, arrived, now if passed is None else passed), 1.0)
    score = score_of(log(raw.low), log(raw.mid), log(raw.high), log(took))
    return Outcome(min(max(score or 0.0, -params.most), params.most), passed is not None)


def learned(outcomes: Sequence[Outcome], *, params: WaitParams = DEFAULTS) -> Levels:
    """Return where the shown bounds lie between the raw ones, in scores.

    ``outcomes`` are the newest last; of none at all the raw bounds stand.
    """
    known = outcomes[-params.kept :]
    prior = ndtri((np.arange(params.prior) + 0.5) / params.prior)
    score = np.r_[prior, [one.score for one in known]]
    through = np.r_[np.full(params.prior, True), [one.through for one in known]].astype(bool)
    # Where scores are equal, who is through goes before who still waits.
    order = np.lexsort((~through, score))
    score, through = score[order], through[order]
    left = np.arange(len(score), 0, -1)
    gone = 1.0 - np.cumprod(np.where(through, 1.0 - 1.0 / left, 1.0))
    tail = (1.0 - SHARE) / 2.0
    low, mid, high = (
        float(score[min(np.searchsorted(gone, q), len(score) - 1)]) for q in (tail, 0.5, 1.0 - tail)
    )
    return Levels(low, mid, high)


def is_kept(opening: Opening, wait: Wait, *, arrived: float, passed: float) -> bool:
    """Tell whether a truck was through when it was promised.

    Who came a little after the promise was made has so much open time more.
    """
    return not any(_missed(opening, wait, arrived=arrived, moment=passed))


def is_overdue(opening: Opening, wait: Wait, *, arrived: float, now: float) -> bool:
    """Tell whether a truck that still waits should be through: that is known before it is."""
    return _missed(opening, wait, arrived=arrived, moment=now)[1]


def _missed(opening: Opening, wait: Wait, *, arrived: float, moment: float) -> tuple[bool, bool]:
    """Return whether a moment is before, and after, what was promised."""
    counted = moment - open_s(opening, wait.at, arrived)
    return counted < wait.p10, counted > wait.p90
