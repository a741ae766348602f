"""Jumps: which fixes of a track are true, judged by their neighbours on both sides.

A fix that cannot be reached from the last accepted one at the speed of a truck is suspect until the
next: where that continues from the accepted one, the suspect was an error; where it continues from
the suspect, the truck was carried or its receiver woke up elsewhere, and both are true. Distances
obey the triangle inequality, so that a fix on the way between two accepted ones decides nothing
otherwise than they do.
"""

from math import asin, cos, radians, sin, sqrt

from flowctl.visits.track import SECOND, Sighting

EARTH_M = 6_371_008.8
"""Mean radius, IUGG."""


def distance_m(one: Sighting, other: Sighting) -> float:
    """Return the metres between two fixes on the sphere.

    The haversine formula: R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984).
    """
    north = radians(other.lat - one.lat)
    east = radians(other.lon - one.lon)
    chord = sin(north / 2) ** 2
    chord += cos(radians(one.lat)) * cos(radians(other.lat)) * sin(east / 2) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(chord)))


def is_plausible(one: Sighting, later: Sighting, jump_mps: float) -> bool:
    """Tell whether a truck can have come from one fix to a later one."""
    # Along a meridian and then a parallel it is never shorter, and mostly near enough already.
    around_m = EARTH_M * radians(abs(later.lat - one.lat) + abs(later.lon - one.lon))
    if around_m * SECOND <= jump_mps * (later.at - one.at):
        return True
    return distance_m(one, later) * SECOND <= jump_mps * (later.at - one.at)
