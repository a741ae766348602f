"""Tracks to be matched to roads, and the figures that say how."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from geo.crs import Column
from geo.network import Indices, RoadError

Moments: TypeAlias = NDArray[np.int64]
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class MatchParams:
    """How a track is matched.

    ``beta_m`` grows by ``beta_share`` of the straight line: between sparse fixes a road winds more
    (Newson & Krumm fit a β for every interval between fixes).
    """

    sigma_m: float = 10.0
    """Standard deviation of a fix whose accuracy is not known (assumed for phones and trackers)."""
    beta_m: float = 10.0
    """Mean of |way driven - straight line| between near fixes (assumed)."""
    beta_share: float = 0.1
    """Of the straight line, added to ``beta_m`` (assumed)."""
    radius_m: float = 75.0
    """From a fix to a road it can be on; three times its accuracy where that is more."""
    candidates: int = 10
    """Most directed edges a fix can be on."""
    detour_m: float = 2000.0
    """A way longer than the straight line by more than this is none (Newson & Krumm)."""
    most_mps: float = 42.0
    """150 km/h: a way that needs more is none, where moments are known (assumed)."""
    most_silence_s: float = 900.0
    """A longer silence parts the match, where moments are known (assumed)."""
    heading_sigma_deg: float = 30.0
    """Spread of the heading of a moving truck about its road's (assumed)."""
    heading_from_mps: float = 3.0
    """Below this speed a heading says nothing (assumed)."""
    back_sigmas: float = 4.0
    """A fix so far behind the one before on the same edge is of a truck that stands (assumed)."""
    same_place_sigmas: float = 2.0
    """Fixes nearer to the one before than this say nothing of the way (Newson & Krumm)."""
    stand_s: float = 30.0
    """A truck that stays at one place for longer stands: the end of its stand is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One vehicle's fixes in the order of their moments; shape [n] each.

    Parameters
    ----------
    lon, lat
        Degrees, WGS 84, no NaN.
    at_us
        Microseconds since 1970 UTC, never falling; None where the track has no moments.
    heading_deg, speed_mps, accuracy_m
        Clockwise from true north; m/s; standard deviation in metres. None, or NaN where unknown.

    Raises
    ------
    RoadError
        A column does not fit, holds what it must not, or there are fewer than two fixes.
    """

    lon: Column
    lat: Column
    at_us: Moments | None = None
    heading_deg: Column | None = None
    speed_mps: Column | None = None
    accuracy_m: Column | None = None

    def __post_init__(self) -> None:
        """Refuse a track that cannot be matched."""
        n = len(self.lon)
        if n < 2:  # noqa: PLR2004 - a way leads from one fix to another
            raise RoadError(f"a track of {n} fix{'' if n == 1 else 'es'} shows no way; take two")
        for name in self.__dataclass_fields__:
            column = getattr(self, name)
            if column is not None and len(column) != n:
                raise RoadError(f"the track's {name} has {len(column)} values for {n} fixes")
        wrong = ~((np.abs(self.lon) <= 180) & (np.abs(self.lat) <= 90))  # noqa: PLR2004 - degrees
        if wrong.any():
            first = int(np.argmax(wrong))
            raise RoadError(
                f"fix {first + 1} lies at {self.lon[first]}, {self.lat[first]}: no longitude and"
                " latitude in degrees; leave such fixes out"
            )
        if self.at_us is not None and (np.diff(self.at_us) < 0).any():
            raise RoadError("the fixes are not in the order of their moments; sort them")


def telling(track: Track, x: Column, y: Column, params: MatchParams) -> Indices:
    """Return the fixes that say something of the way: not those at the place of the one before.

    ``x`` and ``y`` are the fixes in metres of a plane, shape [n]. Of a stand its first fix is
    kept, and its last as well: the truck left then and no sooner.
    """
    least = params.same_place_sigmas * sigmas(track, params)
    kept = [0]
    for fix in range(1, len(x)):
        last = kept[-1]
        if np.hypot(x[fix] - x[last], y[fix] - y[last]) < least[fix]:
            continue
        if track.at_us is not None:
            stood_s = (track.at_us[fix - 1] - track.at_us[last]) / SECOND_US
            if stood_s >= params.stand_s:
                kept.append(fix - 1)
        kept.append(fix)
    return np.array(kept, dtype=np.int64)


def sigmas(track: Track, params: MatchParams) -> Column:
    """Return the standard deviation of each fix in metres, shape [n]."""
    if track.accuracy_m is None:
        return np.full(len(track.lon), params.sigma_m)
    return np.where(track.accuracy_m > 0, track.accuracy_m, params.sigma_m)
