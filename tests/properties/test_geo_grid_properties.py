"""The grid's answer is the polygons' own, for any polygons, any point and any fineness."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.cutting import GridParams
from geo.grid import Grid

lons = st.floats(106.6, 106.8)
lats = st.floats(21.9, 22.1)


@st.composite
def stars(draw: st.DrawFn) -> shapely.Polygon:
    """Draw a polygon of 3 to 9 corners at growing angles around a middle, perhaps with a hole."""
    middle = np.array([draw(lons), draw(lats)])
    count = draw(st.integers(3, 9))
    scale = draw(st.sampled_from([1e-6, 1e-4, 1e-2]))
    reach = scale * np.array([draw(st.floats(0.1, 3)) for _ in range(count)])
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    ring = reach[:, None] * np.c_[np.cos(angle), np.sin(angle)]
    holes = [middle + ring[::-1] / 2] if draw(st.booleans()) else []
    return shapely.Polygon(middle + ring, holes)


@st.composite
def boxes(draw: st.DrawFn) -> shapely.Polygon:
    """Draw a box whose sides follow the axes and whose corners several boxes share."""
    west, south, width, height = (draw(st.integers(0, 8)) for _ in range(4))
    return shapely.box(
        106.65 + west / 64, 21.95 + south / 64, 106.66 + (west + width) / 64, 22 + height / 64
    )


shapes = st.one_of(
    stars(),
    boxes(),
    st.lists(stars(), min_size=2, max_size=3).map(shapely.union_all),
    st.just(shapely.Polygon()),
)
fineness = st.builds(
    GridParams,
    leaf_m=st.sampled_from([0.5, 3, 50, 1e4]),
    most_top=st.sampled_from([16, 500, 1 << 16]),
    most_mb=st.sampled_from([0, 1, 20]),
)


def places_of(polygons: list[shapely.Polygon], rng: np.random.Generator) -> np.ndarray:
    """Return corners, places on edges, both moved by the least a float can, and within metres."""
    corners = [
        np.array(ring.coords)
        for polygon in polygons
        for part in shapely.get_parts(polygon)
        if not part.is_empty
        for ring in (part.exterior, *part.interiors)
    ]
    at = [np.empty((0, 2))]
    for ring in corners:
        share = rng.random((len(ring) - 1, 1))
        edges = ring[:-1] + share * np.diff(ring, axis=0)
        for exact in (ring, edges, (ring[:-1] + ring[1:]) / 2):
            at += [exact, np.nextafter(exact, 0), np.nextafter(exact, 1e9)]
            at += [exact + rng.normal(0, metres * 1e-5, exact.shape) for metres in (0.1, 1, 30)]
    return np.vstack(at)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(shapes, max_size=6),
    st.lists(st.tuples(lons, lats), max_size=20),
    st.sampled_from([0.0, 1e-7, 1e-4]),
    fineness,
    st.integers(0, 2**32 - 1),
)
def test_the_grid_answers_what_each_polygon_answers(
    polygons: list[shapely.Polygon],
    free: list[tuple[float, float]],
    gap: float,
    params: GridParams,
    seed: int,
):
    outer, inner = np.empty(len(polygons), object), np.empty(len(polygons), object)
    outer[:] = polygons
    inner[:] = [polygon.buffer(-gap) if gap else polygon for polygon in polygons]
    rng = np.random.default_rng(seed)
    drawn = [*polygons, *inner.tolist()]
    lon, lat = np.vstack([places_of(drawn, rng), np.array(free).reshape(-1, 2)]).T.copy()
    point, zone, within = Grid(outer, inner, params).covers(lon, lat)
    asked = shapely.intersects_xy(outer[:, None], lon[None], lat[None])
    deep = shapely.intersects_xy(inner[:, None], lon[None], lat[None]) & asked
    assert list(zip(point, zone, strict=True)) == [tuple(at) for at in np.argwhere(asked.T)]
    assert np.array_equal(within, deep[zone, point])


def test_memory_stays_within_what_is_allowed():
    rng = np.random.default_rng(1)
    middles = np.c_[rng.uniform(106, 107, 60), rng.uniform(21.5, 22.3, 60)]
    outer = shapely.buffer(shapely.points(middles), 0.005)
    inner = shapely.buffer(shapely.points(middles), 0.004)
    fine = Grid(outer, inner, GridParams(most_mb=100))
    tight = Grid(outer, inner, GridParams(most_mb=2))
    assert 2e6 < fine.nbytes < 100e6
    assert tight.nbytes < 2.2e6
    at = np.random.default_rng(2).uniform([[106], [21.5]], [[107], [22.3]], (2, 20_000))
    for one, other in zip(fine.covers(*at), tight.covers(*at), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("count", [0, 1, 40_000])
def test_batches_of_any_length_are_answered_in_order(count: int):
    box = np.array([shapely.box(106, 22, 107, 23)])
    lon, lat = np.full(count, 106.5), np.full(count, 22.5)
    point, zone, within = Grid(box, box).covers(lon, lat)
    assert np.array_equal(point, np.arange(count))
    assert zone.tolist() == [0] * count
    assert within.all()
