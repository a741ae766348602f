"""Whether a gate takes what it usually takes: a drop, a standstill, a recovery, and since when.

Page's cumulative sum (Biometrika 41, 1954) over the screenings at a full gate: each is weighed by
how much better a gate of ``drop_to`` of the usual rate explains its length than the usual gate, as
a Gamma variable (the renewal form of Lucas' CUSUM for counts, Technometrics 27, 1985). One that
lasts counts for what it has lasted, so that a gate where nothing happens any more is noticed by the
passing of time; nobody coming begins no screening and so says nothing. Recovery is Lucas' own sum,
over the gaps between clearances.

Nothing is remembered between two looks: the state is a function of the history and the moment.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import log

import numpy as np

from flowctl.traffic.screenings import Floats, Screenings, taken_since


class GateMode(StrEnum):
    """How a gate works, against what it usually does."""

    NORMAL = "normal"
    REDUCED = "reduced"
    STOPPED = "stopped"
    RECOVERING = "recovering"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CollapseParams:
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


@dataclass(frozen=True, slots=True)
class Condition:
    """A gate's state at one moment.

    ``since`` (epoch s) is when the present state began by the best guess, None where unknown.
    ``evidence_from`` is the moment (epoch s) from which on screenings speak of the present state,
    -inf where all do. ``usual_s`` is the usual screening time at a full gate: all places over the
    usual rate.
    """

    state: GateMode
    since: float | None
    evidence_from: float
    usual_s: float


class _Watch:
    """The sums, fed with screenings in their order."""

    def __init__(
        self, seen: Screenings, prior_s: float, dispersion: float, params: CollapseParams
    ) -> None:
        self._params = params
        self._places = seen.places
        self._weight = params.prior_weight
        self._keep = 0.5 ** (1.0 / params.memory)
        regularity = min(params.regularity, 1.0 / dispersion)
        self._base = regularity * log(params.drop_to)
        self._slope = regularity * (1.0 - params.drop_to)
        self._usual_s = prior_s
        self._learned = 0
        self.state = GateMode.NORMAL
        self.since: float | None = None
        self.from_at = -np.inf
        self._drop = self._back = 0.0
        self._calm_at = self.told_at = -np.inf
        self._good = 0
        self._gone = 0
        self._under_s = 0.0
        self._back_at = -np.inf

    @property
    def low(self) -> bool:
        """Whether the gate is known to take less than usual."""
        return self.state is GateMode.REDUCED

    @property
    def usual_s(self) -> float:
        """The usual screening time."""
        return self._usual_s

    def start(self) -> None:
        """Forget the state, not what is usual."""
        self.state, self.since, self.from_at = GateMode.NORMAL, None, -np.inf
        self._drop, self._calm_at, self.told_at = 0.0, -np.inf, -np.inf

    def see(self, began: float, ended: float, took_s: float, *, over: bool) -> bool:
        """Take in a screening at a gate not known to be low; tell whether it now is.

        ``ended`` is the present moment for one that lasts.
        """
        if began < self.from_at:
            return False
        rules = self._params
        usual_s = self._usual_s if self._learned >= self._places else self._usual_s * rules.doubt
        before = self._drop
        gain = min(self._base + self._slope * took_s / usual_s, rules.most_each)
        if over or gain > 0.0:
            self._drop += gain
        if self._drop <= 0.0:
            self._drop, self._calm_at, self.told_at = 0.0, ended, -np.inf
        elif gain > 0.0:
            # It could be told once the screening had lasted long enough, whenever it ended.
            needed = min(gain, rules.drop_limit - before)
            told_s = (needed - self._base) / self._slope * usual_s
            self.told_at = max(self.told_at, ended - max(took_s - told_s, 0.0))
        if self._drop >= rules.drop_limit:
            began = max(self._calm_at, self.from_at, ended - took_s)
            self.state, self.since, self.from_at = GateMode.REDUCED, began, began
            self._back, self._back_at, self._gone, self._under_s = 0.0, self.told_at, 0, 0.0
            return True
        if over and self._drop < rules.most_each:
            self._learn(took_s)
        return False

    def _learn(self, took_s: float) -> None:
        """Take in what is usual, and that the gate works so; not from what may be a drop."""
        self._learned += 1
        self._weight = self._weight * self._keep + 1.0
        self._usual_s += (took_s - self._usual_s) / self._weight
        if self.state is GateMode.RECOVERING:
            self._good += 1
            if self._good >= self._places:
                self.state = GateMode.NORMAL

    def see_low(self, ended: float, gap_s: float) -> None:
        """Take in a clearance at a gate known to be low, and the full time before it."""
        rules, usual = self._params, self._places / self._usual_s
        self._gone += 1
        self._under_s += gap_s
        low = (1.0 + self._gone) / (1.0 / usual + self._under_s)
        low = min(max(low, _LEAST_RATE * usual), _MOST_RATE * usual)
        back = rules.back_to * usual
        gain = log(back / low) - (back - low) * gap_s
        if self._back + gain <= 0.0:
            self._back, self._back_at = 0.0, ended
            return
        self._back += gain
        if self._back > rules.back_limit:
            self.state = GateMode.RECOVERING
            self.since = self.from_at = max(self._back_at, self.from_at)
            self._drop, self._good, self._calm_at, self.told_at = 0.0, 0, self.from_at, -np.inf


def watch(
    seen: Screenings, prior_s: float, dispersion: float, *, params: CollapseParams = DEFAULTS
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
        ``unknown`` where the gate was not seen full for ``forget_s`` open seconds.
    """
    watcher = _Watch(seen, prior_s, dispersion, params)
    over = seen.over
    ended = np.where(over, seen.ended_at, seen.known_until)
    nights = np.diff(seen.began_at, prepend=-np.inf) - np.diff(seen.began_open_s, prepend=0.0)
    columns = (seen.began_at, ended, seen.took_s, _gaps(seen), over, nights >= params.night_s)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    at = reached = 0
    while at < len(rows):
        began, end, took_s, gap_s, is_over, after_night = rows[at]
        at += 1
        if after_night and at > reached:  # a row that is gone back to follows no new night
            watcher.start()
        reached = max(reached, at)
        if watcher.low:
            if is_over:
                watcher.see_low(end, gap_s)
        elif watcher.see(began, end, took_s, over=is_over):
            # What ended after the drop could be told speaks of what came then.
            at = min(at, int(np.searchsorted(ended, watcher.told_at, side="right")))
    return _condition(watcher, seen, params)


def _gaps(seen: Screenings) -> Floats:
    """Return the open seconds since the clearance before, no more than the screening took."""
    before = np.concatenate([[-np.inf], seen.ended_open_s[:-1]])
    return np.asarray(np.minimum(seen.ended_open_s - before, seen.took_s), dtype=np.float64)


def rate_since(
    seen: Screenings, condition: Condition, *, params: CollapseParams = DEFAULTS
) -> tuple[float, int]:
    """Return trucks a second at a reduced gate since it changed, and how many that were.

    Counted over at most ``changed_window_s``, the usual rate being worth one truck.
    """
    since = max(condition.evidence_from, seen.known_until - params.changed_window_s)
    gone, full_s = taken_since(seen, since)
    return (1.0 + gone) / (condition.usual_s / seen.places + full_s), gone


def _condition(watcher: _Watch, seen: Screenings, params: CollapseParams) -> Condition:
    found = Condition(watcher.state, watcher.since, watcher.from_at, watcher.usual_s)
    now_open_s = seen.hours.open_s_at(seen.known_until)
    last_s = float(seen.ended_open_s.max(initial=-np.inf))
    if now_open_s - last_s > params.forget_s:
        return replace(found, state=GateMode.UNKNOWN, since=None, evidence_from=-np.inf)
    if found.state is GateMode.REDUCED:
        per_s, _ = rate_since(seen, found, params=params)
        if per_s < params.stopped_below * seen.places / found.usual_s:
            return replace(found, state=GateMode.STOPPED)
    return found
