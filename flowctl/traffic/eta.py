"""When a truck will be at its yard or its gate: P10, P50 and P90.

What is left of the way is driven at the speeds of now, which fade to the usual ones the further
ahead a stretch is; a truck that was slower or faster than others is expected to stay so in part.
What happens at the gate is in `flowctl.traffic.eta_gate`. How much arrivals spread around that is
learned in `flowctl.traffic.calibration`.

Moments are epoch seconds, durations seconds. Nothing here reads a clock.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import repeat
from math import exp, log
from typing import NamedTuple

import numpy as np
import shapely

from flowctl.opening import Opening
from flowctl.traffic.calibration import (
    Calibration,
    CalibrationParams,
    Z,
    at_scores,
    score_of,
)
from flowctl.traffic.open_time import open_moment, open_s
from flowctl.traffic.roads import Stretches
from flowctl.traffic.speeds import LiveSpeeds
from geo.crs import Column


class Target(StrEnum):
    """What a truck is expected at."""

    YARD = "yard"
    GATE = "gate"


@dataclass(frozen=True, slots=True)
class EtaParams:
    """How arrivals are expected; assumed, and tried on the simulation and on recorded buses.

    The weight of the speeds of now falls to 1/e for a stretch that is ``fade_s`` ahead. Drivers'
    paces differ by ``pace_sd`` (of the logarithm); a pace seen over ``pace_window_s`` is uncertain
    by ``pace_noise_sd``, and one beyond ``pace_most`` times the others' is a stop and no pace. A
    truck is watched for up to ``pace_over_s``. Forecasts are told apart by what they expect, at the
    bounds ``horizons_s``; ``spreads`` is the first belief in the spread of each class (standard
    deviation of the logarithm). Silence of up to ``report_s`` is a tracker's interval and no
    silence. A gate that does not open for ``ahead_days`` has no expected arrivals.
    """

    fade_s: float = 3600.0
    pace_sd: float = 0.2
    pace_noise_sd: float = 0.2
    pace_window_s: float = 300.0
    pace_most: float = 2.0
    pace_over_s: float = 1800.0
    horizons_s: tuple[float, ...] = (300.0, 900.0, 1800.0, 3600.0)
    spreads: tuple[float, ...] = (0.4, 0.35, 0.3, 0.3, 0.3)
    report_s: float = 60.0
    ahead_days: int = 7
    calibration: CalibrationParams = field(default_factory=CalibrationParams)


DEFAULTS = EtaParams()


class Expected(NamedTuple):
    """A raw belief: an arrival ``low``, ``mid`` or ``high`` seconds after ``since``; rising.

    A tuple, as `Eta` is, because one is made for every truck on the road in every tick.

    ``since`` is the moment of what it was drawn from: the truck's last fix. Of a drive, ``even_s``
    is what it lasts at the pace of others and ``shown`` the log of the truck's own; else None, 0.
    With ``opening`` all three are open seconds, on a clock that stands while the gate is closed: a
    truck that may just miss the evening is expected then or in the morning, and never in between.
    """

    target: Target
    place: str
    since: float
    low: float
    mid: float
    high: float
    even_s: float | None = None
    shown: float = 0.0
    opening: Opening | None = None

    def moment(self, seconds: float) -> float:
        """Return when so many of its seconds have passed; at a gate the first open moment."""
        if self.opening is None:
            return self.since + seconds
        return open_moment(self.opening, self.since, seconds)

    def seconds_to(self, moment: float) -> float:
        """Return how many of its seconds have passed at a moment; below 0 only without hours."""
        if self.opening is None:
            return moment - self.since
        return open_s(self.opening, self.since, moment)

    def horizon(self, params: EtaParams = DEFAULTS) -> str:
        """Return the class whose past errors say how far to believe it."""
        return _horizon(self.target, bisect_left(params.horizons_s, self.mid))


class Eta(NamedTuple):
    """An arrival as published: P10 ≤ P50 ≤ P90, none before it was made ``at``; epoch seconds."""

    expected: Expected
    at: float
    p10: float
    p50: float
    p90: float

    def hit(self, arrived_at: float) -> bool:
        """Tell whether an arrival fell between P10 and P90."""
        return self.p10 <= arrived_at <= self.p90


@lru_cache(maxsize=64)
def fence_m(way: Stretches, area: shapely.Geometry) -> float:
    """Return where a way first enters an area (lon/lat), metres along it; its end where never."""
    inside = shapely.intersection(way.path.line, area)
    if inside.is_empty:
        return way.length_m
    along, _ = way.path.locate(*shapely.get_coordinates(inside).T)
    return float(along.min())


def drive_s(
    live: LiveSpeeds, from_m: Column, to_m: float, *, params: EtaParams = DEFAULTS
) -> Column:
    """Return how long a truck at each distance along a way needs to ``to_m``, shape [n].

    A stretch that is reached in t seconds at the speeds of now counts with the weight exp(-t /
    ``fade_s``) as it is driven now, with the rest as at nominal speed. NaN where ``from_m`` is NaN,
    0 at and beyond ``to_m``.
    """
    starts = np.minimum(live.way.starts_m, to_m)
    length_m = np.diff(starts)
    speed, nominal = live.speed_mps, live.way.nominal_mps
    # The sums over all stretches from each on, so that a truck needs its own stretch only.
    begin_s = np.concatenate([[0.0], np.cumsum(length_m / speed)])
    gain_s = np.exp(-begin_s[:-1] / params.fade_s) * length_m * (1.0 / speed - 1.0 / nominal)
    gains_s = np.append(np.cumsum(gain_s[::-1])[::-1], 0.0)
    usual_s = np.append(np.cumsum((length_m / nominal)[::-1])[::-1], 0.0)
    known_m = np.clip(np.nan_to_num(from_m), starts[0], to_m)
    at = np.minimum(np.searchsorted(starts, known_m, side="right") - 1, len(length_m) - 1)
    driven_s = (known_m - starts[at]) / speed[at]
    own_s = length_m[at] / speed[at] - driven_s
    ahead_s = gains_s[at + 1] * np.exp((begin_s[at] + driven_s) / params.fade_s) + usual_s[at + 1]
    return np.where(np.isnan(from_m), np.nan, own_s + ahead_s)


def shown_pace(took_s: Column, others_s: Column, *, params: EtaParams = DEFAULTS) -> Column:
    """Return the log of the pace that a truck's own past shows, shape [n]; 0 where it has none.

    The log of pace has a normal prior of mean 0 and standard deviation ``pace_sd``; that seen over
    ``took_s`` has the variance ``pace_noise_sd``² · ``pace_window_s`` / ``took_s``. The posterior
    mean is the seen one shrunk (Gelman et al., *Bayesian Data Analysis*, 3rd ed., 2.5).

    Parameters
    ----------
    took_s
        How long the truck needed for what it drove of the way lately.
    others_s
        How long that lasts at the speeds of now.
    """
    known = np.isfinite(took_s) & np.isfinite(others_s) & (took_s > 0) & (others_s > 0)
    took, others = np.where(known, took_s, 1.0), np.where(known, others_s, 1.0)
    most = log(params.pace_most)
    seen = np.clip(np.log(took / others), -most, most)
    noise = params.pace_noise_sd**2 * params.pace_window_s / took
    weight = params.pace_sd**2 / (params.pace_sd**2 + noise)
    return np.where(known, weight * seen, 0.0)


def on_road(
    target: Target,
    place: str,
    since: float,
    even_s: float,
    shown: float,
    calibration: Calibration,
    *,
    params: EtaParams = DEFAULTS,
) -> Expected:
    """Return the raw belief in a truck with ``even_s`` of driving before it at others' pace.

    Of the pace it has ``shown`` (log) it keeps what others were seen to keep of theirs.
    """
    since_of, even, own = np.array([[since], [even_s], [shown]], dtype=np.float64)
    return on_roads(target, place, since_of, even, own, calibration, params=params)[0]


def on_roads(
    target: Target,
    place: str,
    since: Column,
    even_s: Column,
    shown: Column,
    calibration: Calibration,
    *,
    params: EtaParams = DEFAULTS,
) -> list[Expected]:
    """Return the belief as `on_road` in each of many trucks with one goal; columns of shape [n]."""
    gain = calibration.gain(params=params.calibration)
    # By math.exp, here and below: that of numpy may end in another digit on another machine.
    left_s = even_s * np.array([exp(gain * own) for own in shown.tolist()])
    of = np.searchsorted(params.horizons_s, left_s)
    low, high = (
        left_s * np.array([exp(z * spread) for spread in params.spreads])[of] for z in (-Z, Z)
    )
    columns = (since, low, left_s, high, even_s, shown)
    own = (column.tolist() for column in columns)
    return list(map(Expected, repeat(target), repeat(place), *own))


def _horizon(target: Target, number: int) -> str:
    return f"{target}/{number}"


def forecast(
    expected: Expected, calibration: Calibration, now: float, *, params: EtaParams = DEFAULTS
) -> Eta:
    """Return what is published at ``now`` from a raw belief and what past errors teach.

    A truck that has been silent for longer than a tracker's interval may have stood all that time
    or driven on: P10 and P50 take it to have driven, P90 to have stood. So silence widens the
    interval by itself and never narrows it.
    """
    return forecasts({0: expected}, calibration, now, params=params)[0]


def forecasts(
    beliefs: Mapping[int, Expected],
    calibration: Calibration,
    now: float,
    *,
    params: EtaParams = DEFAULTS,
) -> dict[int, Eta]:
    """Return the `forecast` of each belief, by trip; in columns, for there are thousands."""
    if not beliefs:
        return {}
    ones = list(beliefs.values())
    since, low, mid, high = np.array([one[2:6] for one in ones], dtype=np.float64).T
    at10, at50, at90 = _scores(ones, mid, calibration, params)
    p10 = at_scores(low, mid, high, at10)
    p50 = np.maximum(p10, at_scores(low, mid, high, at50))
    # Few count open seconds: those that are called to a gate.
    open_s = [(at, one) for at, one in enumerate(ones) if one.opening is not None]
    passed_s = now - since
    for at, one in open_s:
        passed_s[at] = one.seconds_to(now)
    silent_s = np.where(high > 0, np.maximum(passed_s - params.report_s, 0.0), 0.0)
    p90 = np.maximum(p50, at_scores(low, mid, high, at90) + silent_s)
    ends = since + np.stack([p10, p50, p90])
    for at, one in open_s:
        ends[:, at] = [one.moment(float(left[at])) for left in (p10, p50, p90)]
    columns = np.maximum(ends, now).tolist()
    return dict(zip(beliefs, map(Eta, ones, repeat(now), *columns), strict=True))


def _scores(
    beliefs: Sequence[Expected], mid: Column, calibration: Calibration, params: EtaParams
) -> Column:
    """Return the scores of P10, P50 and P90 of each belief, [3, n]; a horizon is asked once."""
    targets = list(Target)
    number = {target: at for at, target in enumerate(targets)}
    classes = len(params.horizons_s) + 1
    of = np.array([number[one.target] for one in beliefs]) * classes
    of += np.searchsorted(params.horizons_s, mid)
    scores = np.empty((3, len(beliefs)))
    for kind in np.unique(of).tolist():
        horizon = _horizon(targets[kind // classes], kind % classes)
        levels = calibration.levels(horizon, params=params.calibration)
        scores[:, of == kind] = [[levels.p10], [levels.p50], [levels.p90]]
    return scores


def learn(
    calibration: Calibration, eta: Eta, arrived_at: float, *, params: EtaParams = DEFAULTS
) -> Calibration:
    """Return what is known once the truck of a forecast has arrived."""
    known = eta.expected
    took_s = known.seconds_to(arrived_at)
    after = calibration.learn(
        known.horizon(params),
        score_of(known.low, known.mid, known.high, took_s),
        early=arrived_at < eta.p10,
        late=arrived_at > eta.p90,
        params=params.calibration,
    )
    if not known.even_s or took_s <= 0 or known.shown == 0.0:
        return after
    most = log(params.pace_most)
    kept = min(max(log(took_s / known.even_s), -most), most)
    return after.learn_pace(known.shown, kept, params=params.calibration)
