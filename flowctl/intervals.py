"""How sure a simulated figure is: intervals over replications, and of differences of runs.

Replications with random numbers of their own are independent of each other, so that Student's t
holds for their mean (Law, Simulation Modeling and Analysis, 5th ed., 2015, sections 4.5 and 9.4).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from flowctl.errors import FlowctlError

Values = Sequence[float | None]

_LEAST = 2  # values that have a spread


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and where the true one lies, in the values' own unit.

    All are None where there is no value; ``low`` and ``high`` also where there is but one.
    """

    mean: float | None
    low: float | None = None
    high: float | None = None

    @property
    def half_width(self) -> float | None:
        """Half the interval's width; None where it has none."""
        if self.low is None or self.high is None:
            return None
        return (self.high - self.low) / 2

    @property
    def is_apart(self) -> bool:
        """Whether zero lies outside: of a difference, that it is no chance."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def mean_interval(values: Values, level: float = 0.95) -> Interval:
    """Return the mean over independent replications with its interval by Student's t.

    A replication in which there was nothing to measure (None) is left out.

    >>> mean_interval([1.0, 2.0, 3.0, None])
    Interval(mean=2.0, low=-0.484..., high=4.484...)
    """
    known = _known(values)
    if len(known) < _LEAST:
        return Interval(float(known[0]) if len(known) else None)
    return _student(float(known.mean()), _error(known), len(known) - 1, level)


def paired(before: Values, after: Values, level: float = 0.95) -> Interval:
    """Return the mean of ``after`` − ``before`` of replications on common random numbers.

    Parameters
    ----------
    before, after
        One value per replication, in the same order of seeds. A pair of which one is None is left
        out.

    Raises
    ------
    FlowctlError
        They are not as many.
    """
    if len(before) != len(after):
        raise FlowctlError(
            f"Runs of {len(before)} and {len(after)} replications cannot be paired; give both as"
            " many."
        )
    pairs = zip(before, after, strict=True)
    return mean_interval([None if a is None or b is None else b - a for a, b in pairs], level)


def welch(before: Values, after: Values, level: float = 0.95) -> Interval:
    """Return the mean of ``after`` minus that of ``before``, of runs that share no random numbers.

    By Welch's interval (Biometrika 34, 1947), which lets the two spreads differ.
    """
    a, b = _known(before), _known(after)
    if not (len(a) and len(b)):
        return Interval(None)
    difference = float(b.mean() - a.mean())
    if min(len(a), len(b)) < _LEAST:
        return Interval(difference)
    part_a, part_b = _error(a) ** 2, _error(b) ** 2
    if part_a + part_b == 0:
        return Interval(difference, difference, difference)
    freedom = (part_a + part_b) ** 2 / (part_a**2 / (len(a) - 1) + part_b**2 / (len(b) - 1))
    return _student(difference, sqrt(part_a + part_b), freedom, level)


def _known(values: Values | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([v for v in values if v is not None and isfinite(v)], np.float64)


def _error(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1)) / sqrt(len(values))


def _student(mean: float, error: float, freedom: float, level: float) -> Interval:
    if not 0 < level < 1:
        raise FlowctlError(f"An interval's level lies between 0 and 1; {level:g} does not.")
    half = float(stdtrit(freedom, (1 + level) / 2)) * error
    return Interval(mean, mean - half, mean + half)
