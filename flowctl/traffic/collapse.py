"""Whether a gate takes what it usually takes: a drop, a standstill, a recovery, and since when.

Page's cumulative sum (Biometrika 41, 1954) over the screenings at a full gate: each is weighed by
how much better a gate of ``drop_to`` of the usual rate explains its length than the usual gate, as
a Gamma variable (the renewal form of Lucas' CUSUM for counts, Technometrics 27, 1985). One that
lasts counts for what it has lasted, so that a gate where nothing happens any more is noticed by the
passing of time; nobody coming begins no screening and so says nothing. Recovery is Lucas' own sum,
over the gaps between clearances.

Nothing is remembered between two looks: the state is a function of the history and the moment.
Plain numbers, tuples and arrays, so that simulations can compile it.
"""

from enum import StrEnum
from math import log
from typing import NamedTuple

import numpy as np

from flowctl.traffic.screenings import Floats, Screenings, open_s_at, taken_since


class GateMode(StrEnum):
    """How a gate works, against what it usually does."""

    NORMAL = "normal"
    REDUCED = "reduced"
    STOPPED = "stopped"
    RECOVERING = "recovering"
    UNKNOWN = "unknown"


MODES = tuple(GateMode)
"""The modes by their numbers below."""
NORMAL, REDUCED, STOPPED, RECOVERING, UNKNOWN = range(5)


class CollapseParams(NamedTuple):
    """How soon a change is believed.

    ``drop_to`` and ``back_to`` are the shares of the usual rate that the sums look for; what is
    below ``stopped_below`` of it is a standstill. ``regularity`` is the shape of the Gamma law at
    most: the squared mean over the variance of a screening as it was seen, but lower than uniform
    10-15 min (75) would give, so that odd days raise no alarm. An alarm needs a sum of
    ``drop_limit`` to which no screening adds more than ``most_each``; a recovery ``back_limit``.
    The limits were found by simulation (``flowctl bench capacity``) for at most one false alarm
    per gate in 30 open days. A gate not
    judged for ``forget_s`` open seconds, or closed for ``night_s``, starts afresh. The usual rate
    is remembered over ``memory`` screenings; before as many as there are places were seen, the
    prior may be wrong by the factor ``doubt``, and weighs as much as ``prior_weight`` screenings.
    What a changed gate takes is counted over ``changed_window_s``.
    """

    drop_to: float = 0.6
    regularity: float = 16.0
    drop_limit: float = 6.0
    most_each: float = 2.0
    back_to: float = 0.85
    back_limit: float = 4.0
    stopped_below: float = 0.15
    forget_s: float = 7200.0
    changed_window_s: float = 2700.0
    night_s: float = 14400.0
    memory: float = 400.0
    prior_weight: float = 2.0
    doubt: float = 1.5


DEFAULTS = CollapseParams()
_LEAST_RATE = 0.05  # of the usual rate: a gate that takes nothing must have a likelihood too
_MOST_RATE = 0.6  # of the usual rate: what a reduced gate is taken for at best


class Condition(NamedTuple):
    """A gate's state at one moment.

    ``mode`` is its number in `MODES`. ``since`` (epoch s) is when the present state began by the
    best guess, NaN where unknown. ``evidence_from`` is the moment (epoch s) from which on
    screenings speak of the present state, -inf where all do. ``usual_s`` is the usual screening
    time at a full gate: all places over the usual rate.
    """

    mode: int
    since: float
    evidence_from: float
    usual_s: float


class _Rows(NamedTuple):
    """The screenings in their order: `Screenings`, ``ended`` being now for those that last.

    ``gap_s`` is the full time before each clearance, ``after_night`` whether the gate was closed
    for a night before it began.
    """

    began: list[float]
    ended: list[float]
    took_s: list[float]
    gap_s: list[float]
    over: list[bool]
    after_night: list[bool]


class _Rules(NamedTuple):
    """What a screening of so many usual ones adds to the sum of a drop, and `CollapseParams`."""

    base: float
    slope: float
    keep: float
    places: int
    limits: CollapseParams


class _Sums(NamedTuple):
    """What is known after some screenings.

    ``learned`` screenings taught what is usual, worth ``weight`` of them; ``good`` of them since
    the gate recovered. The drop's sum was last empty at ``calm_at``, and what is in it could be
    told at ``told_at``.
    """

    mode: int
    since: float
    from_at: float
    usual_s: float
    weight: float
    learned: int
    good: int
    drop: float
    calm_at: float
    told_at: float


def watch(
    seen: Screenings, prior_s: float, dispersion: float, params: CollapseParams = DEFAULTS
) -> Condition:
    """Return how the gate works at the moment until which ``seen`` is known.

    Parameters
    ----------
    seen
        The screenings at the full gate.
    prior_s
        What a screening at a full gate is believed to take before any was seen: all places over
        the prior capacity, seconds.
    dispersion
        The squared coefficient of variation of a screening: the more they vary, the less each says.
    params
        Limits of the sums.

    Returns
    -------
    Condition
        ``UNKNOWN`` where the gate was not seen full for ``forget_s`` open seconds.
    """
    ended = np.where(seen.over, seen.ended_at, seen.known_until)
    rows = _rows(seen, ended, params.night_s)
    regularity = min(params.regularity, 1.0 / dispersion)
    rules = _Rules(
        regularity * log(params.drop_to),
        regularity * (1.0 - params.drop_to),
        0.5 ** (1.0 / params.memory),
        seen.places,
        params,
    )
    none = -np.inf
    sums = _Sums(NORMAL, np.nan, none, prior_s, params.prior_weight, 0, 0, 0.0, none, none)
    at = reached = 0
    while at < len(ended):
        if sums.mode == REDUCED:
            sums, at = _until_back(rows, at, reached, sums, rules)
            reached = max(reached, at)
            continue
        sums, at = _until_drop(rows, at, reached, sums, rules)
        reached = max(reached, at)
        if sums.mode == REDUCED:
            # What ended after the drop could be told speaks of what came then.
            at = min(at, int(np.searchsorted(ended, sums.told_at, side="right")))
    return _condition(sums, seen, params)


def _rows(seen: Screenings, ended: Floats, night_s: float) -> _Rows:
    before = np.concatenate((np.full(1, -np.inf), seen.ended_open_s[:-1]))
    gap_s = np.minimum(seen.ended_open_s - before[: len(ended)], seen.took_s)
    after_night = np.ones(len(ended), np.bool_)
    closed_s = np.diff(seen.began_at) - np.diff(seen.began_open_s)
    after_night[1:] = closed_s >= night_s
    return _Rows(
        seen.began_at.tolist(),
        ended.tolist(),
        seen.took_s.tolist(),
        gap_s.tolist(),
        seen.over.tolist(),
        after_night.tolist(),
    )


def _until_drop(
    rows: _Rows, start: int, reached: int, was: _Sums, rules: _Rules
) -> tuple[_Sums, int]:
    """Take in screenings at a gate not known to be low, until it is or there are no more.

    Returns the sums and the row up to which they go. A row before ``reached`` is gone back to, and
    follows no new night.
    """
    began, ended, took_s, over = rows.began, rows.ended, rows.took_s, rows.over
    mode, since, from_at = was.mode, was.since, was.from_at
    usual_s, weight, learned, good = was.usual_s, was.weight, was.learned, was.good
    drop, calm_at, told_at = was.drop, was.calm_at, was.told_at
    most_each, until = rules.limits.most_each, len(began)
    for at in range(start, len(began)):
        if rows.after_night[at] and at >= reached:
            mode, since, from_at = NORMAL, np.nan, -np.inf
            drop, calm_at, told_at = 0.0, -np.inf, -np.inf
        if began[at] < from_at:
            continue
        believed_s = usual_s if learned >= rules.places else usual_s * rules.limits.doubt
        gain = rules.base + rules.slope * took_s[at] / believed_s
        if gain > 0.0:
            gain = min(gain, most_each)
            told_at = max(told_at, _told_at(drop, gain, ended[at], took_s[at], believed_s, rules))
            drop += gain
        elif over[at]:
            drop += gain
        if drop <= 0.0:
            drop, calm_at, told_at = 0.0, ended[at], -np.inf
        if drop >= rules.limits.drop_limit:
            since = max(calm_at, from_at, ended[at] - took_s[at])
            mode, from_at, until = REDUCED, since, at + 1
            break
        if over[at] and drop < most_each:
            # What is usual is learned, and that the gate works so; not from what may be a drop.
            learned += 1
            weight = weight * rules.keep + 1.0
            usual_s += (took_s[at] - usual_s) / weight
            good += 1
            mode = NORMAL if good >= rules.places else mode
    sums = _Sums(mode, since, from_at, usual_s, weight, learned, good, drop, calm_at, told_at)
    return sums, until


def _told_at(
    drop: float, gain: float, ended: float, took_s: float, usual_s: float, rules: _Rules
) -> float:
    """Return when a gain could be told: once the screening had lasted long enough."""
    needed = min(gain, rules.limits.drop_limit - drop)
    return ended - max(took_s - (needed - rules.base) / rules.slope * usual_s, 0.0)


def _until_back(
    rows: _Rows, start: int, reached: int, was: _Sums, rules: _Rules
) -> tuple[_Sums, int]:
    """Take in clearances at a gate known to be low, until it recovers or there are no more.

    Returns what `_until_drop` does. A night ends it too: the row after one is left to that.
    """
    usual = rules.places / was.usual_s
    back = rules.limits.back_to * usual
    gone, under_s, total, back_at = 0, 0.0, 0.0, was.told_at
    for at in range(start, len(rows.began)):
        if rows.after_night[at] and at >= reached:
            return _no_longer_low(was, NORMAL, -np.inf), at
        if not rows.over[at]:
            continue
        gone += 1
        under_s += rows.gap_s[at]
        low = (1.0 + gone) / (1.0 / usual + under_s)
        low = min(max(low, _LEAST_RATE * usual), _MOST_RATE * usual)
        total += log(back / low) - (back - low) * rows.gap_s[at]
        if total <= 0.0:
            total, back_at = 0.0, rows.ended[at]
        elif total > rules.limits.back_limit:
            return _no_longer_low(was, RECOVERING, max(back_at, was.from_at)), at + 1
    return was, len(rows.began)


def _no_longer_low(was: _Sums, mode: int, from_at: float) -> _Sums:
    since = from_at if mode == RECOVERING else np.nan
    return _Sums(
        mode,
        since,
        from_at,
        was.usual_s,
        was.weight,
        was.learned,
        0,
        0.0,
        from_at,
        -np.inf,
    )


def rate_since(
    seen: Screenings, condition: Condition, params: CollapseParams = DEFAULTS
) -> tuple[float, int]:
    """Return trucks a second at a reduced gate since it changed, and how many that were.

    Counted over at most ``changed_window_s``, the usual rate being worth one truck.
    """
    since = max(condition.evidence_from, seen.known_until - params.changed_window_s)
    gone, full_s = taken_since(seen, since)
    return (1.0 + gone) / (condition.usual_s / seen.places + full_s), gone


def _condition(sums: _Sums, seen: Screenings, params: CollapseParams) -> Condition:
    found = Condition(sums.mode, sums.since, sums.from_at, sums.usual_s)
    now_open_s = open_s_at(seen.hours, seen.known_until)
    last_s = seen.ended_open_s.max() if len(seen.ended_open_s) else -np.inf
    if now_open_s - last_s > params.forget_s:
        return Condition(UNKNOWN, np.nan, -np.inf, sums.usual_s)
    if sums.mode == REDUCED:
        per_s, _ = rate_since(seen, found, params)
        if per_s < params.stopped_below * seen.places / sums.usual_s:
            return Condition(STOPPED, sums.since, sums.from_at, sums.usual_s)
    return found
