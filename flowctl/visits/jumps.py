"""Jumps: which fixes of a track are true, judged by their neighbours on both sides.

A fix that cannot be reached from the last accepted one at the speed of a truck is suspect until the
next: where that continues from the accepted one, the suspect was an error; where it continues from
the suspect, the truck was carried or its receiver woke up elsewhere, and both are true. Distances
obey the triangle inequality, so that a fix on the way between two accepted ones decides nothing
otherwise than they do.
"""

from math import radians

from flowctl.visits.track import SECOND, Sighting
from geo import sphere


def distance_m(one: Sighting, other: Sighting) -> float:
    """Return the metres between two fixes on the sphere."""
    return sphere.distance_m(one.lon, one.lat, other.lon, other.lat)


def is_plausible(one: Sighting, later: Sighting, jump_mps: float) -> bool:
    """Tell whether a truck can have come from one fix to a later one."""
    # Along a meridian and then a parallel it is never shorter, and mostly near enough already.
    around_m = sphere.EARTH_M * radians(abs(later.lat - one.lat) + abs(later.lon - one.lon))
    if around_m * SECOND <= jump_mps * (later.at - one.at):
        return True
    return distance_m(one, later) * SECOND <= jump_mps * (later.at - one.at)
