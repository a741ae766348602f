"""Whether a device can have been at a place between the fixes it sent. Pure.

A truck that is at A, and later at B, can have been at every place P in between for which
d(A, P) + d(P, B) <= v (t_B - t_A), and at no other: the space-time prism of T. Hägerstrand, "What
about people in regional science?", Papers of the Regional Science Association 24 (1970).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from flowctl.alarms.alerts import Point
from flowctl.cheating_limits import CheatingParams
from geo.sphere import distance_m


def cannot_have_been(
    fixes: Sequence[Point],
    place: Point,
    params: CheatingParams,
    *,
    radius_m: float = 0.0,
) -> bool:
    """Tell whether the fixes leave no moment within the clock's error to be at the place.

    Parameters
    ----------
    fixes
        Of one device, in order of time, from before ``place.at`` less ``clock_s`` to after it and
        ``clock_s``; where they do not reach so far, or are further apart than ``unseen_s`` within
        it, nothing is proved.
    place
        Where something was seen and when.
    radius_m
        How far the place reaches from its point, the uncertainty of its outline included.

    Notes
    -----
    One fix of three may be false: each is also left out once.
    """
    clock = timedelta(seconds=params.clock_s)
    around = _around(fixes, place.at - clock, place.at + clock)
    gaps_s = [_s(one, later) for one, later in pairwise(around)]
    if len(around) < params.least_fixes or max(gaps_s) > params.unseen_s:
        return False
    slack_m = params.near_m + params.accuracy_m + radius_m
    ways = [*pairwise(around), *zip(around, around[2:], strict=False)]
    return not any(_admits(one, later, place, params.fastest_mps, slack_m) for one, later in ways)


def _around(fixes: Sequence[Point], since: datetime, until: datetime) -> Sequence[Point]:
    """Return the fixes from the last up to ``since`` to the first from ``until`` on; () if none."""
    before = [n for n, fix in enumerate(fixes) if fix.at <= since]
    after = [n for n, fix in enumerate(fixes) if fix.at >= until]
    return fixes[before[-1] : after[0] + 1] if before and after else ()


def _admits(one: Point, later: Point, place: Point, mps: float, slack_m: float) -> bool:
    way_m = max(0.0, distance_m(one.lon, one.lat, place.lon, place.lat) - slack_m)
    way_m += max(0.0, distance_m(place.lon, place.lat, later.lon, later.lat) - slack_m)
    return way_m <= mps * _s(one, later)


def _s(one: Point, later: Point) -> float:
    return (later.at - one.at).total_seconds()
