import numpy as np
import pytest
import shapely

from geo.membership import ZoneIndex
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


def test_the_inner_boundary_lies_inside_and_the_outer_one_outside_the_zone():
    yard = index(zone("yard", box(0, 0, 200, 100)))
    # Along the middle, walking out over the western side.
    inner, outer = yard.membership(*at([20, 10, -10, -25, -35], [50] * 5))
    assert inner[:, 0].tolist() == [True, False, False, False, False]
    assert outer[:, 0].tolist() == [True, True, True, True, False]


def test_columns_follow_the_order_of_the_zones():
    zones = [zone("b", box(500, 0, 100, 100)), zone("a", box(0, 0, 100, 100))]
    inner, outer = index(*zones).membership(*at([50, 550, 300], [50, 50, 50]))
    assert inner.tolist() == [[False, True], [True, False], [False, False]]
    assert outer.tolist() == inner.tolist()


def test_a_point_may_be_in_two_zones():
    inner, _ = index(zone("a", box(0, 0, 100, 100)), zone("b", box(0, 0, 200, 200))).membership(
        *at([50], [50])
    )
    assert inner.tolist() == [[True, True]]


def test_a_point_on_the_boundary_is_inside():
    square = shapely.box(106.0, 22.0, 106.5, 22.5)
    inner, outer = index(zone("a", square), inner_m=0, outer_m=0).membership(
        [106.0, 106.25, 106.5, 106.5000001], [22.25, 22.0, 22.5, 22.25]
    )
    assert inner[:, 0].tolist() == outer[:, 0].tolist() == [True, True, True, False]


def test_a_hole_is_outside():
    ring = shapely.difference(box(0, 0, 400, 400), box(150, 150, 100, 100))
    inner, outer = index(zone("ring", ring)).membership(*at([75, 200], [200, 200]))
    assert inner[:, 0].tolist() == [True, False]
    assert outer[:, 0].tolist() == [True, False]


def test_a_zone_of_two_parts_is_one_zone():
    parts = shapely.MultiPolygon([box(0, 0, 100, 100), box(500, 0, 100, 100)])
    inner, _ = index(zone("parts", parts)).membership(*at([50, 300, 550], [50] * 3))
    assert inner[:, 0].tolist() == [True, False, True]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_point_that_is_not_known_is_in_no_zone(bad: float):
    yard = index(zone("yard", box(0, 0, 200, 200)))
    lon, lat = at([100, 100, 100], [100, 100, 100])
    lon[0], lat[1] = bad, bad
    inner, outer = yard.membership(lon, lat)
    assert inner[:, 0].tolist() == outer[:, 0].tolist() == [False, False, True]


def test_a_zone_too_narrow_to_shrink_can_still_be_entered():
    lane = index(zone("lane", box(0, 0, 200, 20)))  # 20 m wide: 15 m from each side leaves nothing
    inner, _ = lane.membership(*at([100, 100], [10, 3]))
    assert inner[:, 0].tolist() == [True, False]  # shrunk by 7.5 m, a quarter of it is left


def test_a_zone_narrower_than_any_shrinking_is_its_own_inner_polygon():
    wire = index(zone("wire", box(0, 0, 200, 0.2)))
    inner, _ = wire.membership(*at([100], [0.1]))
    assert inner.tolist() == [[True]]


def test_no_points_and_no_zones_give_empty_answers():
    yard = index(zone("yard", box(0, 0, 200, 200)))
    assert [answer.shape for answer in yard.membership([], [])] == [(0, 1), (0, 1)]
    assert [answer.shape for answer in index().membership([106.7], [22.0])] == [(1, 0), (1, 0)]


def test_negative_distances_are_refused():
    with pytest.raises(ValueError, match="must not be negative"):
        index(inner_m=-1)
