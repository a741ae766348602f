"""Where a road lies in the zones of a gate."""

import shapely

from flowctl.site_ways import Way, stretch
from geo.zones import Role, Zone

EPSG = 32648


def queue(name: str, west: float, east: float, until: int | None = None) -> Zone:
    box = shapely.box(west, 21.99, east, 22.01)
    return Zone(name, {}, Role.QUEUE, "north", box, 5.0, valid_until_us=until)


def test_a_road_lies_in_a_zone_as_it_is_drawn_now_not_as_it_was():
    road = Way(shapely.LineString([(106.70, 22.0), (106.72, 22.0)]), 2066.0, 10.0, ())
    now = stretch(road, [queue("q", 106.710, 106.715)], Role.QUEUE, "north", EPSG)
    former = queue("q", 106.701, 106.702, until=1_700_000_000_000_000)
    assert now is not None
    assert stretch(road, [former, queue("q", 106.710, 106.715)], Role.QUEUE, "north", EPSG) == now
