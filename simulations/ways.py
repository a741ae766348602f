"""The ways trucks drive: the corridor to a yard, its ground, the freight road through a gate."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
import shapely
from numpy.typing import NDArray

from flowctl.errors import FlowctlError
from flowctl.site import Site
from geo.crs import Projection
from geo.lines import Path
from geo.zones import Role
from simulations.streams import Column, stream

_SPOTS = 512
_DECIMALS = 6  # ends of roads closer than 0.1 m are one junction
_GROUND_SEED = 0  # where trucks can stand is part of the site, not of the day

Node = tuple[float, float]
Area = shapely.Polygon | shapely.MultiPolygon


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a way inside one zone, in metres along the way."""

    enters_m: float
    leaves_m: float

    def within(self, margin_m: float) -> "Stretch":
        """Return the stretch less a margin at both ends, at most a third of its length."""
        margin = min(margin_m, (self.leaves_m - self.enters_m) / 3)
        return Stretch(self.enters_m + margin, self.leaves_m - margin)


@dataclass(frozen=True, slots=True)
class FreightWay:
    """The way from a yard through a gate: its road and where the gate's zones lie on it."""

    path: Path
    queue: Stretch
    lane: Stretch
    beyond: Stretch

    @property
    def start(self) -> Node:
        """Where the way begins, in the yard; lon/lat."""
        return _at(self.path, 0.0)


@dataclass(frozen=True, slots=True)
class Ground:
    """A yard: the corridor that leads to it and places to stand on, in degrees, shape [k].

    Trucks are inside the yard once they have come ``entry_m`` along the corridor.
    """

    corridor: Path
    speed_mps: float
    entry_m: float
    lon: Column
    lat: Column

    @property
    def entry(self) -> Node:
        """Where the corridor enters the yard; lon/lat."""
        return _at(self.corridor, self.entry_m)

    def place(self, chance: float) -> tuple[float, float]:
        """Return the place a uniform number chooses, as lon/lat."""
        k = min(int(chance * len(self.lon)), len(self.lon) - 1)
        return float(self.lon[k]), float(self.lat[k])


class Ways:
    """Every way of a site, made when first asked for.

    Raises
    ------
    FlowctlError
        From its methods: the site has no road between what was asked for.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._grounds: dict[str, Ground] = {}
        self._freights: dict[tuple[str, str], FreightWay] = {}
        self._roads = [line for _, line in site.roads]

    def get_ground(self, yard: str) -> Ground:
        """Return the yard's ground."""
        if yard not in self._grounds:
            self._grounds[yard] = self._make_ground(yard)
        return self._grounds[yard]

    def get_freight(self, yard: str, gate: str) -> FreightWay:
        """Return the way from a yard through a gate."""
        if (yard, gate) not in self._freights:
            self._freights[yard, gate] = self._make_freight(yard, gate)
        return self._freights[yard, gate]

    def _make_ground(self, yard: str) -> Ground:
        polygon = self._polygon(yard)
        corridors = [corridor for corridor in self._site.corridors if corridor.yard == yard]
        if not corridors:
            raise FlowctlError(f"The site '{self._site.id}' has no corridor to the yard '{yard}'.")
        corridor = max(corridors, key=lambda each: each.length_m)
        path = Path(corridor.line, self._site.epsg)
        inside = _find_stretch(path, polygon)
        entry = path.length_m if inside is None else inside.enters_m
        spots = _spots(polygon, Projection(self._site.epsg), _at(path, entry))
        return Ground(path, corridor.speed_mps, entry, spots[:, 0], spots[:, 1])

    def _make_freight(self, yard: str, gate: str) -> FreightWay:
        line = find_way(self._roads, self._polygon(yard), self._zone(gate, Role.BEYOND))
        if line is None:
            raise FlowctlError(
                f"The site '{self._site.id}' has no road from the yard '{yard}' to beyond '{gate}'."
            )
        path = Path(line, self._site.epsg)
        stretches = []
        for role in (Role.QUEUE, Role.LANE, Role.BEYOND):
            stretch = _find_stretch(path, self._zone(gate, role))
            if stretch is None:
                raise FlowctlError(
                    f"The road from '{yard}' through '{gate}' does not cross its {role} zone."
                )
            stretches.append(stretch)
        return FreightWay(path, *stretches)

    def _polygon(self, zone: str) -> Area:
        if zone not in self._site.zone_by_id:
            raise FlowctlError(f"The site '{self._site.id}' has no zone '{zone}'.")
        return self._site.zone_by_id[zone].polygon

    def _zone(self, gate: str, role: Role) -> Area:
        for zone in self._site.zones:
            if zone.gate == gate and zone.role is role:
                return zone.polygon
        raise FlowctlError(f"The site '{self._site.id}' has no {role} zone at the gate '{gate}'.")


def find_way(
    roads: Sequence[shapely.LineString], start: Area, end: Area
) -> shapely.LineString | None:
    """Return the shortest way over roads that meet at their ends; None where there is none.

    Parameters
    ----------
    roads
        Lines in lon/lat, passable both ways.
    start, end
        Areas; the way begins and ends at an end of a road inside them. Lengths are compared in
        degrees with longitudes shrunk by the cosine of the latitude.
    """
    links: dict[Node, list[tuple[Node, NDArray[np.float64]]]] = {}
    for road in roads:
        points = shapely.get_coordinates(road)
        first, last = _node(points[0]), _node(points[-1])
        links.setdefault(first, []).append((last, points))
        links.setdefault(last, []).append((first, points[::-1]))
    heap: list[tuple[float, int, Node, list[NDArray[np.float64]]]] = []
    for node in _inside(links, start):
        heappush(heap, (0.0, len(heap), node, []))
    goals = set(_inside(links, end))
    seen: set[Node] = set()
    pushed = len(heap)
    while heap:
        length, _, node, pieces = heappop(heap)
        if node in goals and pieces:
            return shapely.LineString(np.concatenate(pieces))
        if node in seen:
            continue
        seen.add(node)
        for other, points in links[node]:
            pushed += 1
            heappush(heap, (length + _length(points), pushed, other, [*pieces, points]))
    return None


def _at(path: Path, along_m: float) -> Node:
    lon, lat, _ = path.at(along_m)
    return float(lon[0]), float(lat[0])


def _node(point: NDArray[np.float64]) -> Node:
    return round(float(point[0]), _DECIMALS), round(float(point[1]), _DECIMALS)


def _inside(nodes: Iterable[Node], area: Area) -> list[Node]:
    return [node for node in nodes if area.covers(shapely.Point(node))]


def _length(points: NDArray[np.float64]) -> float:
    steps = np.diff(points, axis=0)
    steps[:, 0] *= np.cos(np.radians(points[0, 1]))
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def _find_stretch(path: Path, area: Area) -> Stretch | None:
    """Return the first piece of a path inside an area, in metres along it."""
    inside = shapely.intersection(path.line, area)
    pieces = [
        path.locate(*shapely.get_coordinates(piece).T)[0]
        for piece in shapely.get_parts(inside)
        if piece.geom_type == "LineString" and not piece.is_empty
    ]
    if not pieces:
        return None
    first = min(pieces, key=lambda along: float(along.min()))
    return Stretch(float(first.min()), float(first.max()))


def _spots(area: Area, projection: Projection, entry: Node) -> Column:
    """Return places inside an area, in degrees, shape [k, 2], well clear of its edge.

    A place counts where the straight way from the entry to it stays inside the area.
    """
    x, y = projection.to_metres(*shapely.get_coordinates(area).T)
    scale = np.sqrt(area.area / shapely.Polygon(np.c_[x, y]).convex_hull.area)
    core = area
    for margin_m in (40.0, 25.0, 15.0, 5.0):
        core = area.buffer(-margin_m * scale)
        if not core.is_empty:
            break
    west, south, east, north = area.bounds
    chance = stream(_GROUND_SEED, "ground").random((_SPOTS * 8, 2))
    points = chance * [east - west, north - south] + [west, south]
    points = points[shapely.contains_xy(core, points)]
    ways = shapely.linestrings(np.stack([np.broadcast_to(entry, points.shape), points], axis=1))
    straight = points[shapely.covers(area.buffer(15.0 * scale), ways)]
    chosen = straight if len(straight) else points
    if len(chosen):
        return np.asarray(chosen[:_SPOTS])
    return shapely.get_coordinates(area.representative_point())
