"""Learned capacity: how many trucks an hour a gate can take, and how sure that is.

What is learned of a gate is in `flowctl.traffic.learning`; here its rates get their bounds, and its
moments their names.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from scipy.special import gammaincinv, ndtr, stdtrit

from flowctl.site import Gate
from flowctl.state import GateHistory
from flowctl.traffic.collapse import MODES, GateMode
from flowctl.traffic.learning import (
    DEFAULTS,
    CapacityParams,
    Counted,
    Learned,
    learn,
    working_per_h,
)
from flowctl.traffic.screenings import believed, hours_of


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
        """The rate to fill the way by (`flowctl.traffic.learning.working_per_h`)."""
        if self.usual_per_h is None:
            return self.per_h
        return working_per_h(MODES.index(self.state), self.per_h, self.usual_per_h)


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
    learned = learn(
        believed(gate),
        history.entered_at,
        history.cleared_at,
        history.is_import,
        hours_of(gate.opening, now, now),
        now.timestamp(),
        history.lag_s,
        params,
    )
    return estimated(learned, params)


def estimated(learned: Learned, params: CapacityParams = DEFAULTS) -> CapacityEstimate:
    """Return what was learned with how sure it is."""
    total = _rate(learned.per_h, learned.shape, params.interval, freedom=learned.freedom)
    imports, exports = (_came(one, params.interval) for one in (learned.imports, learned.exports))
    return CapacityEstimate(
        per_h=total.per_h,
        low=total.low,
        high=total.high,
        steady_per_h=learned.steady_per_h,
        import_per_h=imports.per_h,
        saturated_s=float(learned.saturated_s),
        exports=_left(total, imports),
        imports=_left(total, exports),
        state=MODES[learned.mode],
        since=None if np.isnan(learned.since) else datetime.fromtimestamp(learned.since, UTC),
        usual_per_h=learned.usual_per_h,
    )


def _rate(per_h: float, shape: float, interval: float, *, freedom: float = np.inf) -> Rate:
    tail = (1.0 - interval) / 2.0
    if np.isfinite(freedom):
        # As far out as Student's quantile lies on the normal scale.
        tail = float(ndtr(stdtrit(freedom, tail)))
    low, high = gammaincinv(shape, np.array([tail, 1.0 - tail])) / shape * per_h
    return Rate(per_h, float(low), float(high))


def _came(counted: Counted, interval: float) -> Rate:
    """Return arrivals per hour."""
    if counted.trucks == 0.0:
        return Rate(0.0, 0.0, 1.0 / counted.hours)
    return _rate(counted.trucks / counted.hours, counted.trucks, interval)


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
