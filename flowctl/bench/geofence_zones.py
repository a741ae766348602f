"""Zones of every form a border province has, and points that are hard to tell apart from them."""

from collections.abc import Callable, Mapping

import numpy as np
import shapely
import shapely.affinity
from numpy.typing import NDArray

from geo.crs import Projection
from geo.raster import Column, Shapes
from geo.zones import Role, Zone

EPSG = 32648
PROVINCE = (106.1, 21.35, 107.1, 22.25)  # west, south, east, north: Lạng Sơn, about 100 × 100 km
COUNTRY = (102.0, 8.0, 110.0, 24.0)
MIX = {
    "anywhere in the country": 0.4,
    "in the province": 0.39,
    "within 200 m of a zone's box": 0.2,
    "on a corner": 0.002,
    "on an edge": 0.003,
    "within 1 m of an edge": 0.005,
}
"""The points whose rate is measured, as shares."""
HARD_MIX = {"on a corner": 0.3, "on an edge": 0.3, "within 1 m of an edge": 0.4}
"""Points that only the polygons themselves can judge: each answer of theirs is checked as well."""
CLOSE = 0.1  # of the zones
LEAST_M, MOST_M = 100.0, 600.0  # a yard across
METRES_PER_DEGREE = 111_200.0

Places = NDArray[np.float64]


def made_zones(count: int, rng: np.random.Generator) -> list[Zone]:
    """Make zones: yards, yards with a hole, of two parts, circles, corridors, lanes, approaches.

    One in ten lies beside another one or over it.
    """
    plane = Projection(EPSG)
    west, south, east, north = PROVINCE
    middles = np.column_stack(
        plane.to_metres(rng.uniform(west, east, count), rng.uniform(south, north, count))
    )
    close = rng.random(count) < CLOSE
    middles[close] = middles[rng.integers(0, count, close.sum())] + rng.normal(
        0, MOST_M / 2, (close.sum(), 2)
    )
    forms: list[Callable[[Places, np.random.Generator], shapely.Geometry]] = [
        *(_yard, _yard, _yard, _holed, _parted, _circle, _corridor, _lane, _lane, _approach)
    ]
    chosen = rng.permutation(np.arange(count) % len(forms))
    return [
        Zone(f"zone_{number}", {}, Role.YARD, None, plane.degrees_of(forms[form](middle, rng)), 0.0)
        for number, (form, middle) in enumerate(zip(chosen.tolist(), middles, strict=True))
    ]


def _yard(middle: Places, rng: np.random.Generator) -> shapely.Polygon:
    corners = int(rng.integers(8, 120))
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    reach = rng.uniform(LEAST_M, MOST_M) / 2 * rng.uniform(0.7, 1.0, corners)
    return shapely.Polygon(middle + reach[:, None] * np.c_[np.cos(angle), np.sin(angle)])


def _holed(middle: Places, rng: np.random.Generator) -> shapely.Geometry:
    hole = rng.uniform(LEAST_M, 1.2 * LEAST_M) / 4
    wide = shapely.affinity.scale(_yard(middle, rng), 1.5, 1.5)
    return shapely.difference(wide, shapely.Point(middle).buffer(hole))


def _parted(middle: Places, rng: np.random.Generator) -> shapely.Geometry:
    return shapely.union(_yard(middle, rng), _yard(middle + np.array([1.2 * MOST_M, 0]), rng))


def _circle(middle: Places, rng: np.random.Generator) -> shapely.Geometry:
    return shapely.Point(middle).buffer(rng.uniform(LEAST_M, MOST_M) / 2)


def _corridor(middle: Places, rng: np.random.Generator) -> shapely.Geometry:
    steps = rng.uniform(50, 400, 20)
    turn = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.3, 20))
    line = middle + np.cumsum(steps[:, None] * np.c_[np.cos(turn), np.sin(turn)], axis=0)
    return shapely.LineString(line).buffer(rng.uniform(10, 30))


def _lane(middle: Places, rng: np.random.Generator) -> shapely.Geometry:
    turn = rng.uniform(0, np.pi)
    along = np.array([np.cos(turn), np.sin(turn)]) * rng.uniform(30, 150)
    return shapely.LineString([middle, middle + along]).buffer(rng.uniform(3, 8), cap_style="flat")


def _approach(middle: Places, rng: np.random.Generator) -> shapely.Geometry:
    return shapely.Point(middle).buffer(rng.uniform(1_000, 4_000))


def made_points(
    outer: Shapes, inner: Shapes, mix: Mapping[str, float], count: int, rng: np.random.Generator
) -> tuple[Column, Column]:
    """Make points about zones given by both boundaries, in the shares of ``mix``, shuffled.

    Returns
    -------
    lon, lat
        Degrees, shape [count] each.
    """
    boundaries = shapely.get_parts(shapely.boundary(np.r_[outer, inner]))
    boxes = shapely.bounds(outer) + np.array([-1, -1, 1, 1]) * 200 / METRES_PER_DEGREE

    def beside(number: int) -> Places:
        off = rng.uniform(-1, 1, (number, 2)) / METRES_PER_DEGREE
        return _on(boundaries, number, rng, along=True) + off

    makers: dict[str, Callable[[int], Places]] = {
        "anywhere in the country": lambda n: rng.uniform(COUNTRY[:2], COUNTRY[2:], (n, 2)),
        "in the province": lambda n: rng.uniform(PROVINCE[:2], PROVINCE[2:], (n, 2)),
        "within 200 m of a zone's box": lambda n: _in_boxes(
            boxes[rng.integers(0, len(boxes), n)], rng
        ),
        "on a corner": lambda n: _on(boundaries, n, rng, along=False),
        "on an edge": lambda n: _on(boundaries, n, rng, along=True),
        "within 1 m of an edge": beside,
    }
    ends = np.round(np.cumsum(list(mix.values())) * count).astype(int)
    numbers = np.diff(ends, prepend=0).tolist()
    parts = [makers[what](number) for what, number in zip(mix, numbers, strict=True)]
    lon, lat = rng.permutation(np.vstack(parts)).T.copy()
    return lon, lat


def _in_boxes(boxes: NDArray[np.float64], rng: np.random.Generator) -> Places:
    return rng.uniform(boxes[:, :2], boxes[:, 2:])


def _on(boundaries: Shapes, count: int, rng: np.random.Generator, *, along: bool) -> Places:
    """Return places on corners of boundaries, or somewhere on the edges after them, [count, 2]."""
    corners, ring = shapely.get_coordinates(boundaries, return_index=True)
    edges = np.flatnonzero(ring[1:] == ring[:-1])
    edge = edges[rng.integers(0, len(edges), count)]
    share = rng.random((count, 1)) if along else np.zeros((count, 1))
    at: Places = corners[edge] + share * (corners[edge + 1] - corners[edge])
    return at
