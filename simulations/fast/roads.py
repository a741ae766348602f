"""How long each driver needs from the place in the yard to the gate, for all trucks at once."""

import numpy as np
from numpy.typing import NDArray

from flowctl.site import Site
from simulations.demand import Demand
from simulations.fleet import distance_m
from simulations.streams import Column
from simulations.ways import Ways


class Roads:
    """The ways of a site's exports; as `Travel.drive_s` tells them, truck for truck."""

    def __init__(self, site: Site) -> None:
        self._ways = Ways(site)
        self._to_road_m: dict[tuple[str, str], Column] = {}

    def drive_s(self, day: Demand) -> Column:
        """Return the time from each export's place to the entry of its gate's queue, [n].

        Imports have none: NaN.

        Raises
        ------
        FlowctlError
            No road joins a yard and a gate.
        """
        found = np.full(len(day), np.nan)
        key = day.gate * len(day.yards) + day.yard
        for pair in np.unique(key[~day.is_import]):
            gate, yard = divmod(int(pair), len(day.yards))
            rows = np.flatnonzero((key == pair) & ~day.is_import)
            found[rows] = self._of_way(day, day.yards[yard], day.gates[gate], rows)
        return found

    def _of_way(self, day: Demand, yard: str, gate: str, rows: NDArray[np.int64]) -> Column:
        way = self._ways.get_freight(yard, gate)
        speed_mps = way.speed_mps * day.pace[rows]
        metres = self._metres(yard, gate)
        place = np.minimum((day.spot[rows] * len(metres)).astype(np.int64), len(metres) - 1)
        return metres[place] / speed_mps + way.queue.enters_m / speed_mps

    def _metres(self, yard: str, gate: str) -> Column:
        """Return the metres from each place of a yard to the beginning of the freight road."""
        if (yard, gate) not in self._to_road_m:
            ground, start = self._ways.get_ground(yard), self._ways.get_freight(yard, gate).start
            places = zip(ground.lon.tolist(), ground.lat.tolist(), strict=True)
            self._to_road_m[yard, gate] = np.array([distance_m(*at, *start) for at in places])
        return self._to_road_m[yard, gate]
