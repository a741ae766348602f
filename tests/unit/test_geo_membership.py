from dataclasses import replace

import numpy as np
import pytest
import shapely

from geo.membership import Located, ZoneIndex
from geo.zones import Role, Zone

EPSG = 32648
DEGREE_LON_M, DEGREE_LAT_M = 103_290.0, 110_750.0  # at 22° N
WEST, SOUTH = 106.70, 22.0


def zone(identifier: str, polygon: shapely.Polygon | shapely.MultiPolygon) -> Zone:
    return Zone(identifier, {}, Role.YARD, None, polygon, 0.0)


def box(x: float, y: float, width: float, height: float) -> shapely.Polygon:
    """Return a rectangle given in metres from a corner at 106.70° E, 22.0° N."""
    lon, lat = at([x, x + width], [y, y + height])
    return shapely.box(lon[0], lat[0], lon[1], lat[1])


def at(x: list[float], y: list[float]) -> tuple[np.ndarray, np.ndarray]:
    return WEST + np.array(x) / DEGREE_LON_M, SOUTH + np.array(y) / DEGREE_LAT_M


def index(*zones: Zone, inner_m: float = 15, outer_m: float = 30) -> ZoneIndex:
    return ZoneIndex(zones, inner_m=inner_m, outer_m=outer_m, epsg=EPSG)


def rows(found: Located) -> list[tuple[int, int, bool]]:
    """Return (point, zone, inner) a row."""
    return list(zip(found.point.tolist(), found.zone.tolist(), found.inner.tolist(), strict=True))


def test_the_inner_boundary_lies_inside_and_the_outer_one_outside_the_zone():
    yard = index(zone("yard", box(0, 0, 200, 100)))
    # Along the middle, walking out over the western side.
    found = rows(yard.locate(*at([20, 10, -10, -25, -35], [50] * 5)))
    assert found == [(0, 0, True), (1, 0, False), (2, 0, False), (3, 0, False)]


def test_zones_are_numbered_in_the_order_given():
    zones = [zone("b", box(500, 0, 100, 100)), zone("a", box(0, 0, 100, 100))]
    found = index(*zones).locate(*at([50, 550, 300], [50, 50, 50]))
    assert rows(found) == [(0, 1, True), (1, 0, True)]


def test_a_point_may_be_in_two_zones():
    both = index(zone("a", box(0, 0, 100, 100)), zone("b", box(0, 0, 200, 200)))
    assert rows(both.locate(*at([50, 90], [50, 50]))) == [
        (0, 0, True),
        (0, 1, True),
        (1, 0, False),
        (1, 1, True),
    ]


def test_a_point_on_the_boundary_is_inside():
    square = shapely.box(106.0, 22.0, 106.5, 22.5)
    found = index(zone("a", square), inner_m=0, outer_m=0).locate(
        [106.0, 106.25, 106.5, 106.5000001], [22.25, 22.0, 22.5, 22.25]
    )
    assert rows(found) == [(0, 0, True), (1, 0, True), (2, 0, True)]


def test_a_hole_is_outside():
    ring = shapely.difference(box(0, 0, 400, 400), box(150, 150, 100, 100))
    assert rows(index(zone("ring", ring)).locate(*at([75, 200], [200, 200]))) == [(0, 0, True)]


def test_a_zone_of_two_parts_is_one_zone():
    parts = shapely.MultiPolygon([box(0, 0, 100, 100), box(500, 0, 100, 100)])
    found = index(zone("parts", parts)).locate(*at([50, 300, 550], [50] * 3))
    assert rows(found) == [(0, 0, True), (2, 0, True)]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_point_that_is_not_known_is_in_no_zone(bad: float):
    yard = index(zone("yard", box(0, 0, 200, 200)))
    lon, lat = at([100, 100, 100], [100, 100, 100])
    lon[0], lat[1] = bad, bad
    assert rows(yard.locate(lon, lat)) == [(2, 0, True)]


def test_a_zone_too_narrow_to_shrink_can_still_be_entered():
    lane = index(zone("lane", box(0, 0, 200, 20)))  # 20 m wide: 15 m from each side leaves nothing
    found = lane.locate(*at([100, 100], [10, 3]))
    assert rows(found) == [(0, 0, True), (1, 0, False)]  # at 7.5 m less than a quarter is left
    assert lane.inner_m.tolist() == [3.75]


def test_a_zone_narrower_than_any_shrinking_is_its_own_inner_polygon():
    wire = index(zone("wire", box(0, 0, 200, 0.2)))
    assert rows(wire.locate(*at([100], [0.1]))) == [(0, 0, True)]
    assert wire.inner_m.tolist() == [0]


def test_no_points_and_no_zones_give_empty_answers():
    yard = index(zone("yard", box(0, 0, 200, 200)))
    assert rows(yard.locate([], [])) == []
    assert rows(index().locate([106.7], [22.0])) == []


def test_the_version_valid_at_a_points_moment_answers():
    small, large = box(0, 0, 200, 200), box(0, 0, 800, 800)
    yard = index(
        replace(zone("yard", small), valid_until_us=1_000),
        replace(zone("yard", large), valid_from_us=1_000, valid_until_us=2_000),
    )
    lon, lat = at([100] * 4 + [500] * 4, [100] * 4 + [500] * 4)
    moments = np.array([0, 999, 1_000, 2_000] * 2)
    assert rows(yard.locate(lon, lat, moments)) == [
        (0, 0, True),
        (1, 0, True),
        (2, 1, True),
        (6, 1, True),
    ]


def test_negative_distances_are_refused():
    with pytest.raises(ValueError, match="must not be negative"):
        index(inner_m=-1)


def test_the_distance_to_an_outline_is_negative_inside_and_positive_in_a_hole():
    ring = shapely.difference(box(0, 0, 400, 400), box(150, 150, 100, 100))
    both = index(zone("ring", ring), zone("far", box(1000, 0, 100, 100)))
    lon, lat = at([50, 200, -30, 950, np.nan], [200, 200, 200, 50, 50])
    away = both.distance_m(lon, lat, [0, 0, 0, 1, 1])
    assert away[:4] == pytest.approx([-50, 50, 30, 50], rel=0.005)
    assert np.isnan(away[4])
    assert both.distance_m([], [], []).shape == (0,)
