"""Headways and service times of the lanes of a gate, by direction.

A headway is the time from front to front at the entry of the lane and belongs to the follower; it
is *saturated*, and says what the lane can take, where the follower was waiting already when the
one before it went in (saturation flow: F. V. Webster, *Traffic Signal Settings*, Road Research
Technical Paper 39, 1958). Service time runs from the entry of the lane to leaving it.

All lanes of a gate are one zone, so a group is a gate and a direction, and its headway is that of
all its lanes and places together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.crs import Column

Span = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Passages:
    """Trucks that entered the lanes of one group, shape [n]; epoch seconds, NaN where not seen."""

    queued_at: Column
    lane_at: Column
    left_at: Column


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, 10th and 90th percentile of ``n`` durations in seconds."""

    p10: float
    p50: float
    p90: float
    n: int


@dataclass(frozen=True, slots=True)
class LaneTimes:
    """What one group did over a while; None where nothing was seen."""

    gate: str
    direction: str
    headway_s: Spread | None
    service_s: Spread | None


def lane_times(
    gate: str,
    direction: str,
    passages: Passages,
    *,
    since: float,
    until: float,
    opening: Sequence[Span],
) -> LaneTimes:
    """Return headways of the entries and service times of the exits between two moments.

    Parameters
    ----------
    passages
        Those since a while before ``since``: a headway needs the truck before.
    since, until
        Epoch seconds.
    opening
        The opening windows (opens, closes) of the gate, epoch seconds: a headway across a closed
        time says nothing.
    """
    return LaneTimes(
        gate,
        direction,
        spread(_headways(passages, since, until, opening)),
        spread(_services(passages, since, until)),
    )


def _headways(
    passages: Passages, since: float, until: float, opening: Sequence[Span]
) -> NDArray[np.float64]:
    entered = np.flatnonzero(passages.lane_at <= until)  # not NaN
    order = entered[np.argsort(passages.lane_at[entered], kind="stable")]
    lane, queued = passages.lane_at[order], passages.queued_at[order]
    leader, follower = lane[:-1], lane[1:]
    saturated = queued[1:] <= leader
    opens = np.array([window[0] for window in opening])
    closes = np.array([window[1] for window in opening])
    window = np.searchsorted(opens, leader, side="right") - 1
    together = (window >= 0) & (window == np.searchsorted(opens, follower, side="right") - 1)
    if len(opens):
        together &= follower <= closes[np.maximum(window, 0)]
    return np.asarray((follower - leader)[saturated & together & (follower > since)])


def _services(passages: Passages, since: float, until: float) -> NDArray[np.float64]:
    service = passages.left_at - passages.lane_at
    seen = (passages.left_at > since) & (passages.left_at <= until) & (service >= 0)
    return np.asarray(service[seen])


def spread(durations: NDArray[np.float64]) -> Spread | None:
    """Return the percentiles of durations (linear interpolation), None where there are none."""
    if not len(durations):
        return None
    p10, p50, p90 = np.quantile(durations, [0.1, 0.5, 0.9]).tolist()
    return Spread(p10, p50, p90, len(durations))
