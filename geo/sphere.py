"""Distances between two positions on the sphere, in degrees WGS 84. Scalars, for single pairs."""

from math import asin, cos, radians, sin, sqrt

EARTH_M = 6_371_008.8
"""Mean radius, IUGG."""


def distance_m(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Return the metres between two positions; the ellipsoid differs by at most 0.6 %.

    The haversine formula: R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984).
    """
    north = radians(other_lat - lat)
    east = radians(other_lon - lon)
    chord = sin(north / 2) ** 2
    chord += cos(radians(lat)) * cos(radians(other_lat)) * sin(east / 2) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(chord)))
