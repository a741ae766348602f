"""Where the trucks of a load are: over a whole country, and some of them through a site's zones.

Nothing here is meant to be like traffic: it is meant to be spread as a country's trucks are, to
move at trucks' speeds, and to enter and leave zones at a known pace.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowctl.site import Site
from geo.zones import Role

Floats = NDArray[np.float64]

ZONE_TRUCKS = 5_000
"""How many trucks go through the site's zones, where the load has enough."""
ZONE_SHARE = 0.02

_METRES_A_DEGREE = 111_320.0
_FASTEST_MPS = 22.0
_LONGEST_WAY_M = 40_000.0
_NOISE_M = 2.0
# Where Vietnam's trucks are, roughly: lon, lat, radius (degrees), share. None overlaps Lạng Sơn.
_REGIONS = np.array(
    [
        (105.85, 21.03, 0.35, 0.24),  # Hà Nội
        (106.68, 20.85, 0.25, 0.10),  # Hải Phòng
        (105.78, 19.80, 0.35, 0.06),  # Thanh Hóa
        (105.68, 18.68, 0.35, 0.06),  # Vinh
        (107.58, 16.46, 0.20, 0.04),  # Huế
        (108.20, 16.05, 0.20, 0.07),  # Đà Nẵng
        (109.20, 13.78, 0.25, 0.04),  # Quy Nhơn
        (108.05, 12.68, 0.35, 0.04),  # Buôn Ma Thuột
        (106.70, 10.80, 0.35, 0.25),  # Thành phố Hồ Chí Minh
        (105.78, 10.03, 0.35, 0.10),  # Cần Thơ
    ]
)
# Seconds inside a zone of each role and, behind it, on the way to the next: a visit every quarter
# of an hour and less, so that a run of a minute sees hundreds.
_STAY_S = {
    Role.APPROACH: (40.0, 30.0),
    Role.YARD: (120.0, 40.0),
    Role.QUEUE: (60.0, 20.0),
    Role.LANE: (60.0, 20.0),
    Role.BEYOND: (60.0, 60.0),
}
_AWAY_S = 60.0
_AWAY_DEG = 0.05


@dataclass(frozen=True, slots=True)
class Route:
    """A way through zones, again and again: at ``at_s`` (shape [k]) the truck is at lon, lat."""

    at_s: Floats
    lon: Floats
    lat: Floats

    @property
    def lap_s(self) -> float:
        """How long one lap takes."""
        return float(self.at_s[-1])


def routes_of(site: Site) -> tuple[Route, ...]:
    """Return the routes of a site: for each gate approach, yard, queue, lane and beyond."""
    return tuple(_route(site, gate.id) for gate in site.gates)


def _route(site: Site, gate: str) -> Route:
    """Return one gate's route; it begins and ends outside all zones."""
    stops = []
    for role in _STAY_S:
        zones = [z for z in site.zones if z.role is role and z.gate in {gate, None}]
        zones.sort(key=lambda zone: zone.gate is None)
        stops += [(role, zone.polygon.representative_point()) for zone in zones[:1]]
    first = stops[0][1]
    knots = [(0.0, first.x - _AWAY_DEG, first.y - _AWAY_DEG)]
    at = _AWAY_S
    for role, point in stops:
        stay, travel = _STAY_S[role]
        knots += [(at, point.x, point.y), (at + stay, point.x, point.y)]
        at += stay + travel
    knots.append((at + _AWAY_S, first.x - _AWAY_DEG, first.y - _AWAY_DEG))
    at_s, lon, lat = np.array(knots).T
    return Route(at_s, lon, lat)


class Driving:
    """Positions of trucks 0 … ``trucks`` - 1 at any second, the same for the same seed."""

    __slots__ = ("_routes", "_ways", "zone_trucks")

    def __init__(
        self,
        trucks: int,
        routes: tuple[Route, ...],
        *,
        seed: int,
        zone_trucks: int | None = None,
    ) -> None:
        rng = np.random.default_rng([seed, trucks])
        region = _REGIONS[rng.choice(len(_REGIONS), trucks, p=_REGIONS[:, 3])]
        turn = rng.uniform(0, 2 * np.pi, trucks)
        out = region[:, 2] * np.sqrt(rng.uniform(0, 1, trucks))
        heading = rng.uniform(0, 2 * np.pi, trucks)
        lon, lat = region[:, 0] + out * np.cos(turn), region[:, 1] + out * np.sin(turn)
        # Together in one row each: a truck's figures are then one cache line.
        self._ways = np.stack(
            [
                lon,
                lat,
                np.sin(heading) / (_METRES_A_DEGREE * np.cos(np.radians(lat))),
                np.cos(heading) / _METRES_A_DEGREE,
                rng.uniform(0, _FASTEST_MPS, trucks),
                rng.uniform(1_000, _LONGEST_WAY_M, trucks),
                rng.uniform(0, 86_400, trucks),
                np.degrees(heading),
            ],
            axis=1,
        )
        self._routes = routes
        usual = min(ZONE_TRUCKS, round(trucks * ZONE_SHARE))
        self.zone_trucks = usual if zone_trucks is None else zone_trucks

    def at(
        self, truck: NDArray[np.int64], at_s: Floats, rng: np.random.Generator
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Return lon, lat (degrees), speed (m/s) and heading (degrees) of trucks, shape [n] each.

        Parameters
        ----------
        truck, at_s
            Which truck, at which second of the load; shape [n].
        rng
            The receivers' noise.
        """
        lon0, lat0, east, north, speed, way, start_s, heading = self._ways[truck].T
        # There and back along one heading, at one speed.
        done = (start_s + at_s) * speed % (2 * way)
        along = np.abs(done - way)
        noise = rng.normal(0.0, _NOISE_M / _METRES_A_DEGREE, (2, len(truck)))
        lon = lon0 + along * east + noise[0]
        lat = lat0 + along * north + noise[1]
        for number, route in enumerate(self._routes):
            here = np.flatnonzero(
                (truck < self.zone_trucks) & (truck % len(self._routes) == number)
            )
            lap = (start_s[here] + at_s[here]) % route.lap_s
            lon[here] = np.interp(lap, route.at_s, route.lon) + noise[0, here]
            lat[here] = np.interp(lap, route.at_s, route.lat) + noise[1, here]
        return lon, lat, speed, np.where(done < way, heading + 180.0, heading) % 360.0
