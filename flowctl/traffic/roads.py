"""Roads cut into stretches, and the way each truck is driving, from its fixes.

Ways share roads: two corridors run side by side as far as Đồng Đăng, and a called truck leaves by
the road others come in on. So what is measured belongs to the *link*: a stretch of a drawn piece of
road in one direction. A movement is put on one way, which decides the direction and the turnings,
and counts on the links it passed over; every way that runs over a link reads the same figure, and
no truck counts twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import nan

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from flowctl.site import Corridor, FreightRoad, Site, TrafficParams
from geo.crs import Column, Projection
from geo.lines import Path
from geo.zones import Role

Ints = NDArray[np.int64]
Way = Corridor | FreightRoad

NO_WAY = -1
_LEAST_METRES_PER_DEGREE = 50_000.0  # of longitude at 63° N; bounds may be generous


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """A way cut into ``s`` stretches, in driving order.

    Attributes
    ----------
    way
        The id of the corridor or freight road.
    yard, gate
        The yard a corridor ends in (``gate`` None), or the one a freight road begins in and the
        gate it leads through.
    starts_m
        Shape [s+1]: metres along the way at which stretches begin, and the way's length.
    nominal_mps
        Shape [s]: the drawn speed of a loaded truck.
    links
        Shape [s]: the link of each stretch, its number in `Roads`.
    path
        The way's line.
    stop_m
        Where trucks of a freight road stop for the gate: the end of its queue zone, in metres along
        the way; NaN for a corridor.
    """

    way: str
    yard: str
    gate: str | None
    starts_m: Column
    nominal_mps: Column
    links: Ints
    path: Path
    stop_m: float

    def __len__(self) -> int:
        """Return how many stretches there are."""
        return len(self.nominal_mps)

    @property
    def length_m(self) -> float:
        """The way's length."""
        return float(self.starts_m[-1])

    def locate(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Ints, Column, Column]:
        """Return where points lie along the way: (stretch, along_m, offset_m), shape [n] each.

        Degrees, WGS 84. Where a point has NaN in it the stretch is -1 and the metres are NaN.
        """
        along, offset = self.path.locate(lon, lat)
        return self.stretch_at(along), along, offset

    def stretch_at(self, along_m: Column) -> Ints:
        """Return the stretch at distances along the way, the last one's end included; -1 at NaN."""
        found = np.searchsorted(self.starts_m, along_m, side="right") - 1
        return np.where(np.isnan(along_m), NO_WAY, np.clip(found, 0, len(self) - 1))


@dataclass(frozen=True, slots=True)
class Road:
    """One direction of a drawn piece of road, cut into ``count`` links of ``part_m`` each.

    Its links are numbered from ``first`` on, in driving order.
    """

    road: str
    turned: bool
    first: int
    count: int
    part_m: float


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """A directed piece of road in the plane, and where on a way it begins (m)."""

    line: shapely.LineString
    starts_m: float


class Roads:
    """All ways of a site, and the links they run over.

    Attributes
    ----------
    ways
        Corridors, then freight roads, in the site's order.
    roads
        The directed pieces of road they are made of.
    link_m
        Shape [links]: the length of each link.
    bounds
        (west, south, east, north) in degrees: nothing outside is on a way; NaN without ways.
    """

    __slots__ = ("_placed", "_plane", "_yards", "bounds", "link_m", "params", "roads", "ways")

    def __init__(
        self,
        ways: Sequence[Way],
        lines: Mapping[str, shapely.LineString],
        yards: Sequence[shapely.Geometry],
        *,
        epsg: int,
        margin_m: float,
        params: TrafficParams,
    ) -> None:
        self.params = params
        self._plane = Projection(epsg)
        self.roads = _cut(ways, params)
        by_piece = {(road.road, road.turned): road for road in self.roads}
        self.link_m: Column = np.repeat(
            np.array([road.part_m for road in self.roads]),
            np.array([road.count for road in self.roads], dtype=np.int64),
        )
        self.ways = tuple(_stretches(way, by_piece, epsg) for way in ways)
        drawn = {one: _directed(lines[one[0]], self._plane, turned=one[1]) for one in by_piece}
        self._placed = [
            [
                _Placed(drawn[one.road, one.turned], start)
                for one, start in zip(way.pieces, _starts(way), strict=False)
            ]
            for way in ways
        ]
        self._yards = self._plane.metres_of(shapely.union_all(yards)).buffer(margin_m)
        reach = params.on_way_m / _LEAST_METRES_PER_DEGREE
        west, south, east, north = shapely.union_all([way.line for way in ways]).bounds
        self.bounds = (west - reach, south - reach, east + reach, north + reach)
        shapely.prepare(self._yards)

    def locate(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Column, Column]:
        """Find points on all ways at once.

        Parameters
        ----------
        lon, lat
            Degrees, WGS 84, shape [n].

        Returns
        -------
        along_m, offset_m
            Shape [n, ways]: NaN and infinite where a point is no nearer to the way than
            ``on_way_m``, stands within ``margin_m`` of a yard, where parked trucks are no traffic,
            or has NaN in it.
        """
        x, y = self._plane.to_metres(np.atleast_1d(lon), np.atleast_1d(lat))
        along = np.full((len(x), len(self.ways)), np.nan)
        offset = np.full(along.shape, np.inf)
        outside = np.isfinite(x) & ~shapely.contains_xy(self._yards, x, y)
        found: dict[int, tuple[Ints, Column, Column]] = {}
        for number, placed in enumerate(self._placed):
            for piece in placed:
                key = id(piece.line)
                if key not in found:
                    found[key] = _near(piece.line, x, y, outside, self.params.on_way_m)
                rows, along_m, offset_m = found[key]
                nearer = offset_m < offset[rows, number]
                offset[rows[nearer], number] = offset_m[nearer]
                along[rows[nearer], number] = piece.starts_m + along_m[nearer]
        return along, offset


def roads_of(site: Site) -> Roads:
    """Return the roads of a site; they are cut once and remembered."""
    yards = tuple(zone.polygon for zone in site.zones if zone.role is Role.YARD)
    return _remembered(
        (*site.corridors, *site.freight_roads),
        site.roads,
        yards,
        site.epsg,
        site.visit.outer_m,
        site.traffic,
    )


def ways_of(site: Site) -> tuple[Stretches, ...]:
    """Return the ways of a site cut into stretches: corridors, then freight roads."""
    return roads_of(site).ways


@lru_cache(maxsize=8)
def _remembered(
    ways: tuple[Way, ...],
    lines: tuple[tuple[str, shapely.LineString], ...],
    yards: tuple[shapely.Geometry, ...],
    epsg: int,
    margin_m: float,
    params: TrafficParams,
) -> Roads:
    return Roads(ways, dict(lines), yards, epsg=epsg, margin_m=margin_m, params=params)


def _cut(ways: Sequence[Way], params: TrafficParams) -> tuple[Road, ...]:
    """Cut every directed piece into equal links; in both directions the cuts are the same."""
    fine = {one.road for way in ways if isinstance(way, FreightRoad) for one in way.pieces}
    cut: dict[tuple[str, bool], Road] = {}
    first = 0
    for one in (one for way in ways for one in way.pieces):
        if (one.road, one.turned) not in cut:
            wanted_m = params.freight_stretch_m if one.road in fine else params.corridor_stretch_m
            count = max(1, round(one.length_m / wanted_m))
            road = Road(one.road, one.turned, first, count, one.length_m / count)
            cut[one.road, one.turned] = road
            first += count
    return tuple(cut.values())


def _stretches(way: Way, cut: Mapping[tuple[str, bool], Road], epsg: int) -> Stretches:
    roads = [cut[one.road, one.turned] for one in way.pieces]
    counts = np.array([road.count for road in roads], dtype=np.int64)
    parts_m = np.repeat(np.array([road.part_m for road in roads]), counts)
    return Stretches(
        way=way.id,
        yard=way.yard,
        gate=way.gate if isinstance(way, FreightRoad) else None,
        starts_m=np.r_[0.0, np.cumsum(parts_m)],
        nominal_mps=np.repeat(np.array([one.speed_mps for one in way.pieces]), counts),
        links=np.concatenate([road.first + np.arange(road.count) for road in roads]),
        path=Path(way.line, epsg),
        stop_m=way.queue_m[1] if isinstance(way, FreightRoad) else nan,
    )


def _starts(way: Way) -> list[float]:
    """Return where on the way each of its pieces begins, and its end (m)."""
    return list(accumulate((one.length_m for one in way.pieces), initial=0.0))


def _directed(line: shapely.LineString, plane: Projection, *, turned: bool) -> shapely.LineString:
    placed = plane.metres_of(line)
    return shapely.reverse(placed) if turned else placed


def _near(
    line: shapely.LineString, x: Column, y: Column, wanted: NDArray[np.bool_], within_m: float
) -> tuple[Ints, Column, Column]:
    """Return (rows, along_m, offset_m) of the wanted points no further from a line than that."""
    west, south, east, north = line.bounds
    box = (x >= west - within_m) & (x <= east + within_m)
    box &= (y >= south - within_m) & (y <= north + within_m)
    rows = np.flatnonzero(box & wanted)
    points = np.asarray(shapely.points(x[rows], y[rows]))
    offset = np.asarray(shapely.distance(line, points))
    near = offset <= within_m
    along = shapely.line_locate_point(line, points[near])
    return rows[near], np.asarray(along), offset[near]
