"""The ways trucks drive: the corridor to a yard, its ground, the freight road through a gate."""

from dataclasses import dataclass

import numpy as np
import shapely

from flowctl.errors import FlowctlError
from flowctl.site import Site
from geo.crs import Projection
from geo.lines import Path
from geo.zones import Role
from simulations.streams import Column, stream

_SPOTS = 512
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
    speed_mps: float
    queue: Stretch
    lane: Stretch
    beyond: Stretch

    @property
    def start(self) -> Node:
        """Where the way begins, in the yard; lon/lat."""
        return _at(self.path, 0.0)


@dataclass(frozen=True, slots=True)
class Arrival:
    """The corridor to a yard; trucks are inside once they have come ``entry_m`` along it."""

    corridor: Path
    speed_mps: float
    entry_m: float

    @property
    def entry(self) -> Node:
        """Where the corridor enters the yard; lon/lat."""
        return _at(self.corridor, self.entry_m)


@dataclass(frozen=True, slots=True)
class Ground:
    """The places of a yard, in degrees, shape [k]."""

    lon: Column
    lat: Column

    def place(self, chance: float) -> Node:
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
        self._arrivals: dict[str, Arrival] = {}
        self._grounds: dict[str, Ground] = {}
        self._freights: dict[tuple[str, str], FreightWay] = {}

    def get_arrival(self, yard: str) -> Arrival:
        """Return the corridor to the yard."""
        if yard not in self._arrivals:
            self._arrivals[yard] = self._make_arrival(yard)
        return self._arrivals[yard]

    def has_arrival(self, yard: str) -> bool:
        """Tell whether a corridor leads to the yard."""
        return any(corridor.yard == yard for corridor in self._site.corridors)

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

    def _make_arrival(self, yard: str) -> Arrival:
        corridors = [corridor for corridor in self._site.corridors if corridor.yard == yard]
        if not corridors:
            raise FlowctlError(f"The site '{self._site.id}' has no corridor to the yard '{yard}'.")
        corridor = max(corridors, key=lambda each: each.length_m)
        path = Path(corridor.line, self._site.epsg)
        inside = _find_stretch(path, self._get_polygon(yard))
        entry_m = path.length_m if inside is None else inside.enters_m
        return Arrival(path, corridor.speed_mps, entry_m)

    def _make_ground(self, yard: str) -> Ground:
        polygon = self._get_polygon(yard)
        middle = polygon.representative_point()
        anchor = self.get_arrival(yard).entry if self.has_arrival(yard) else (middle.x, middle.y)
        spots = _spots(polygon, Projection(self._site.epsg), anchor)
        return Ground(spots[:, 0], spots[:, 1])

    def _make_freight(self, yard: str, gate: str) -> FreightWay:
        road = self._site.find_freight_road(yard, gate)
        if road is None:
            raise FlowctlError(
                f"The site '{self._site.id}' has no freight road from '{yard}' to '{gate}'."
            )
        path = Path(road.line, self._site.epsg)
        return FreightWay(
            path=path,
            speed_mps=road.speed_mps,
            queue=self._get_stretch(path, gate, Role.QUEUE),
            lane=self._get_stretch(path, gate, Role.LANE),
            beyond=self._get_stretch(path, gate, Role.BEYOND),
        )

    def _get_stretch(self, path: Path, gate: str, role: Role) -> Stretch:
        for zone in self._site.zones:
            if zone.gate == gate and zone.role is role:
                stretch = _find_stretch(path, zone.polygon)
                if stretch is not None:
                    return stretch
        raise FlowctlError(f"No freight road of the gate '{gate}' crosses a {role} zone of it.")

    def _get_polygon(self, zone: str) -> Area:
        if zone not in self._site.zone_by_id:
            raise FlowctlError(f"The site '{self._site.id}' has no zone '{zone}'.")
        return self._site.zone_by_id[zone].polygon


def _at(path: Path, along_m: float) -> Node:
    lon, lat, _ = path.at(along_m)
    return float(lon[0]), float(lat[0])


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
