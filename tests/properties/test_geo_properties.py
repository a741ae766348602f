"""What holds for any zone, any point and any road."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geo.crs import Projection
from geo.lines import Path
from geo.membership import ZoneIndex
from geo.zones import Role, Zone

PLANE = Projection(32648)
lons = st.floats(106.6, 106.8)
lats = st.floats(21.9, 22.1)
points = st.lists(st.tuples(lons, lats), min_size=1, max_size=30)


@st.composite
def zones(draw: st.DrawFn) -> Zone:
    """Draw a zone of 3 to 9 corners at growing angles around a middle, so without crossings."""
    middle = np.array([draw(lons), draw(lats)])
    count = draw(st.integers(3, 9))
    reach = np.array([draw(st.floats(1e-5, 0.03)) for _ in range(count)])
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    ring = middle + reach[:, None] * np.c_[np.cos(angle), np.sin(angle)]
    return Zone("zone", {}, Role.YARD, None, shapely.Polygon(ring), 0.0)


@st.composite
def roads(draw: st.DrawFn) -> shapely.LineString:
    """Draw a road of 2 to 8 pieces of at least some metres."""
    start = np.array([draw(lons), draw(lats)])
    count = draw(st.integers(2, 8))
    step = np.array([draw(st.floats(1e-4, 0.02)) for _ in range(count)])
    turn = np.cumsum([draw(st.floats(-1.2, 1.2)) for _ in range(count)])
    moves = step[:, None] * np.c_[np.cos(turn), np.sin(turn)]
    return shapely.LineString(np.vstack([start, start + np.cumsum(moves, axis=0)]))


@settings(deadline=None)
@given(points)
def test_metres_and_back_is_the_same_place(at: list[tuple[float, float]]):
    lon, lat = np.array(at).T
    back = PLANE.to_degrees(*PLANE.to_metres(lon, lat))
    assert np.allclose(back, [lon, lat], atol=1e-8, rtol=0)


@settings(deadline=None)
@given(zones(), points)
def test_inner_lies_in_the_zone_and_the_zone_in_outer(zone: Zone, at: list[tuple[float, float]]):
    lon, lat = np.array(at + list(zone.polygon.exterior.coords)).T
    index = ZoneIndex([zone], inner_m=15, outer_m=30, epsg=32648)
    found = index.locate(lon, lat)
    covered = np.flatnonzero(shapely.covers(zone.polygon, shapely.points(lon, lat)))
    assert set(found.point[found.inner]) <= set(covered) <= set(found.point)


@settings(deadline=None)
@given(st.lists(zones(), min_size=1, max_size=6), points)
def test_membership_equals_asking_each_polygon_about_each_point(
    many: list[Zone], at: list[tuple[float, float]]
):
    lon, lat = np.array(at + [corner for z in many for corner in z.polygon.exterior.coords]).T
    index = ZoneIndex(many, inner_m=0, outer_m=0, epsg=32648)
    found = index.locate(lon, lat)
    one_by_one = [
        (point, number)
        for point, (x, y) in enumerate(zip(lon, lat, strict=True))
        for number, zone in enumerate(many)
        if zone.polygon.covers(shapely.Point(x, y))
    ]
    assert list(zip(found.point, found.zone, strict=True)) == one_by_one
    assert found.inner.all()


@settings(deadline=None)
@given(zones(), points)
def test_the_outer_boundary_is_its_distance_from_the_zone(
    zone: Zone, at: list[tuple[float, float]]
):
    lon, lat = np.array(at).T
    index = ZoneIndex([zone], inner_m=15, outer_m=200, epsg=32648)
    near = np.zeros(len(lon), dtype=bool)
    near[index.locate(lon, lat).point] = True
    away = shapely.distance(
        PLANE.metres_of(zone.polygon), shapely.points(np.c_[PLANE.to_metres(lon, lat)])
    )
    sure = np.abs(away - 200) > 2  # corners of a buffer are many-sided, edges bend by centimetres
    assert (near[sure] == (away[sure] <= 200)).all()


@settings(deadline=None)
@given(roads(), st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_a_point_at_a_distance_lies_on_the_road_and_moves_forward(
    line: shapely.LineString, shares: list[float]
):
    assume(line.is_simple)  # where a road crosses itself a place has two distances
    path = Path(line, 32648)
    along = np.sort(np.array(shares)) * path.length_m
    lon, lat, heading = path.at(along)
    found, offset = path.locate(lon, lat)
    assert (offset < 0.01).all()
    assert np.allclose(found, along, atol=0.01, rtol=0)
    assert ((heading >= 0) & (heading < 360)).all()
    x, y = PLANE.to_metres(lon, lat)
    moved = np.hypot(np.diff(x), np.diff(y))
    assert (moved <= np.diff(along) + 0.01).all()
    assert path.length_m == pytest.approx(PLANE.metres_of(line).length, rel=1e-9)
