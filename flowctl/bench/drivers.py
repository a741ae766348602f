"""Drivers who do what makes arrivals hard to tell, by a script that is their truth.

They stand beside a fence, drive along it, park for hours with the engine on, leave and come back:
the trucks of a simulated day do none of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.ops import nearest_points

from flowctl.site import Site
from geo.crs import Projection
from geo.zones import Role
from simulations.streams import stream
from simulations.trackers import SIGHTING

FINE_S = 2.0
"""Between two points of a true path; a truck at 15 m/s moves 30 m in it."""

_FAR_M = 1_500.0  # where a script begins: far outside every yard's fence
_ROAD_MPS, _YARD_MPS = 8.0, 3.0
_DEPTH_M = 30.0  # at least so far inside the fence stands who is in
_FIRST_H, _LAST_H = 0.5, 10.0  # when scripts begin, of the day
_NEVER_IN_M = 2.0  # who hangs about outside never comes closer to the fence
_TRIES = 2_000

Point = tuple[float, float]


@dataclass(slots=True)
class Script:
    """Where one driver is: corners of his way (x, y in metres) and when he is there."""

    at: list[float]
    x: list[float]
    y: list[float]
    parked: list[bool] = field(default_factory=lambda: [False])
    """Whether the engine is off on the way to the corner of the same number."""

    def drive(self, to: Point, mps: float) -> None:
        """Drive straight to a point."""
        metres = float(np.hypot(to[0] - self.x[-1], to[1] - self.y[-1]))
        self._go(to, metres / mps, parked=False)

    def wait(self, seconds: float, *, parked: bool = False) -> None:
        """Stand where he is, with the engine on unless ``parked``."""
        self._go((self.x[-1], self.y[-1]), seconds, parked=parked)

    def _go(self, to: Point, seconds: float, *, parked: bool) -> None:
        self.at.append(self.at[-1] + seconds)
        self.x.append(to[0])
        self.y.append(to[1])
        self.parked.append(parked)


@dataclass(frozen=True, slots=True)
class _Fence:
    """A place on a yard's outline in metres, the way outward, and a standing place inside."""

    yard: shapely.Polygon
    at: Point
    outward: Point
    inside: Point

    def off(self, metres: float, along: float = 0.0) -> Point:
        """Return the point so far outside the fence (negative: inside), and along it."""
        (x, y), (u, v) = self.at, self.outward
        return x + u * metres - v * along, y + v * metres + u * along


Play = Callable[[Script, _Fence, np.random.Generator], None]


def _beside(script: Script, fence: _Fence, chance: np.random.Generator) -> None:
    """Hang about outside the fence, 3-15 m from it, engine on, for one to three hours."""
    ends = script.at[-1] + chance.uniform(3_600, 10_800)
    script.drive(fence.off(20.0), _ROAD_MPS)
    while script.at[-1] < ends:
        point = fence.off(chance.uniform(3, 15), along=chance.uniform(-20, 20))
        here = (script.x[-1], script.y[-1])
        if fence.yard.distance(shapely.LineString([here, point])) >= _NEVER_IN_M:
            script.drive(point, 1.0)
        script.wait(chance.uniform(60, 900))
    script.drive(fence.off(20.0), 1.0)
    script.drive(fence.off(_FAR_M), _ROAD_MPS)


def _passes(script: Script, fence: _Fence, chance: np.random.Generator) -> None:
    """Drive along the fence on a road 15-40 m outside it, as a through road does, and back."""
    road = fence.yard.buffer(chance.uniform(15, 40), quad_segs=4).exterior
    begin = road.project(shapely.Point(fence.off(30.0)))
    along = np.arange(0.0, chance.uniform(400, 900), 10.0)
    for metres in np.concatenate([along, along[::-1]]).tolist():
        script.drive(_point(road, begin + metres), _ROAD_MPS)
    script.drive(fence.off(_FAR_M), _ROAD_MPS)


def _parks(script: Script, fence: _Fence, chance: np.random.Generator) -> None:
    """Park inside for hours, the engine on, so that every half minute's noise is heard."""
    _enter(script, fence)
    script.wait(chance.uniform(3, 8) * 3_600)
    _leave(script, fence)


def _returns(script: Script, fence: _Fence, chance: np.random.Generator) -> None:
    """Come, leave for a while and come back, twice; the engine off while inside."""
    for _ in range(3):
        _enter(script, fence)
        script.wait(chance.uniform(1_800, 3_600), parked=True)
        script.drive(fence.off(0.0), _YARD_MPS)
        script.drive(fence.off(chance.uniform(200, 800)), _ROAD_MPS)
        script.wait(chance.uniform(300, 1_200))
    script.drive(fence.off(_FAR_M), _ROAD_MPS)


def _straddles(script: Script, fence: _Fence, chance: np.random.Generator) -> None:
    """Stand within 10 m of the fence line for hours: inside or outside, nobody could tell."""
    script.drive(fence.off(chance.uniform(-10, 10)), _ROAD_MPS)
    script.wait(chance.uniform(4, 9) * 3_600)
    script.drive(fence.off(_FAR_M), _ROAD_MPS)


def _enter(script: Script, fence: _Fence) -> None:
    script.drive(fence.off(0.0), _ROAD_MPS)
    script.drive(fence.inside, _YARD_MPS)


def _leave(script: Script, fence: _Fence) -> None:
    script.drive(fence.off(0.0), _YARD_MPS)
    script.drive(fence.off(_FAR_M), _ROAD_MPS)


PLAYS: dict[str, Play] = {
    "stands beside the fence": _beside,
    "drives along the fence": _passes,
    "parks with the engine on": _parks,
    "leaves and comes back": _returns,
}
STRADDLING: dict[str, Play] = {"stands on the fence": _straddles}
"""Apart from the others: of these nobody knows the truth, but it is one arrival at most."""


@dataclass(frozen=True, slots=True)
class Drivers:
    """Scripted drivers of a site; a driver's number is his place in ``scripts``."""

    plays: tuple[str, ...]
    scripts: tuple[Script, ...]
    epsg: int

    @classmethod
    def drawn(
        cls, site: Site, plays: dict[str, Play], count: int, *, starts: float, seed: int
    ) -> "Drivers":
        """Return ``count`` drivers who take the plays in turn, at yards by chance.

        ``starts`` is when the day begins, epoch seconds.
        """
        plane = Projection(site.epsg)
        yards = [
            max(shapely.get_parts(plane.metres_of(zone.polygon)), key=lambda part: part.area)
            for zone in site.zones
            if zone.role is Role.YARD
        ]
        names = [list(plays)[k % len(plays)] for k in range(count)]
        scripts = []
        for number, name in enumerate(names):
            chance = stream(seed, f"scripted driver {name} {number}")
            fence = _fence(yards, int(chance.integers(len(yards))), chance)
            begins = starts + 3_600 * chance.uniform(_FIRST_H, _LAST_H)
            x, y = fence.off(_FAR_M)
            script = Script([begins], [x], [y])
            plays[name](script, fence, chance)
            scripts.append(script)
        return cls(tuple(names), tuple(scripts), site.epsg)

    def sightings(self, moving_s: float, parked_s: float) -> NDArray[np.void]:
        """Return the true positions at what a tracker's intervals are, rows of `SIGHTING`.

        ``moving_s`` is the interval while the engine is on, ``parked_s`` while it is off.
        """
        rows = [self._of(k, moving_s, parked_s) for k in range(len(self.scripts))]
        return np.concatenate(rows) if rows else np.empty(0, SIGHTING)

    def _of(self, number: int, moving_s: float, parked_s: float) -> NDArray[np.void]:
        script = self.scripts[number]
        corners = np.array(script.at)
        moments, at = [], script.at[0]
        while at < script.at[-1]:
            moments.append(at)
            off = script.parked[int(np.searchsorted(corners, at, side="right"))]
            leg_ends = float(corners[np.searchsorted(corners, at, side="right")])
            # It looks again when the engine starts, as well as when its interval is over.
            at = min(at + parked_s, max(leg_ends, at + moving_s)) if off else at + moving_s
        rows = np.zeros(len(moments), SIGHTING)
        rows["truck"], rows["at"] = number, moments
        x, y = (np.interp(moments, corners, line) for line in (script.x, script.y))
        rows["lon"], rows["lat"] = Projection(self.epsg).to_degrees(x, y)
        leg = np.searchsorted(corners, rows["at"], side="right")
        speeds = np.hypot(np.diff(script.x), np.diff(script.y)) / np.maximum(np.diff(corners), 1e-9)
        east, north = np.diff(script.x)[leg - 1], np.diff(script.y)[leg - 1]
        rows["speed_mps"] = speeds[leg - 1]
        rows["heading_deg"] = np.degrees(np.arctan2(east, north)) % 360
        rows["ignition"] = ~np.array(script.parked)[leg]
        return rows


def _fence(yards: Sequence[shapely.Polygon], which: int, chance: np.random.Generator) -> _Fence:
    """Return a place on a yard's outline from which the way outward meets no yard."""
    yard, all_yards = yards[which], shapely.union_all(yards)
    core = yard.buffer(-_DEPTH_M)
    for _ in range(_TRIES):
        along = float(chance.uniform(0, yard.exterior.length))
        (x, y), (further_x, further_y) = (_point(yard.exterior, along + d) for d in (0.0, 1.0))
        length = float(np.hypot(further_x - x, further_y - y))
        side = 1.0 if yard.exterior.is_ccw else -1.0
        u, v = side * (further_y - y) / length, -side * (further_x - x) / length
        way = shapely.LineString([(x + u, y + v), (x + u * _FAR_M, y + v * _FAR_M)])
        near, _ = nearest_points(core, shapely.Point(x, y))
        in_way = shapely.LineString([(x - u, y - v), (near.x, near.y)])
        if not way.intersects(all_yards) and yard.covers(in_way):
            return _Fence(yard, (x, y), (u, v), (near.x, near.y))
    raise ValueError(
        "A yard has no place on its outline that can be left straight outward, clear of all yards."
    )


def _point(line: shapely.LinearRing, along: float) -> Point:
    point = line.interpolate(along % line.length)
    return float(point.x), float(point.y)
