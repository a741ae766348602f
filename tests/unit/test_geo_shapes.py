"""Forms of zones, in and out of GeoJSON, and as Traccar writes them."""

import json
import re

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crs import Projection
from geo.shapes import (
    Circle,
    Corridor,
    Shape,
    ShapeError,
    from_geojson,
    from_traccar,
    outline,
    to_geojson,
)

PLANE = Projection(32648)
places = st.tuples(st.floats(106, 107), st.floats(21, 22.5))
metres = st.floats(0.5, 5_000)


@st.composite
def polygons(draw: st.DrawFn) -> shapely.Polygon:
    """Draw a polygon around a place, perhaps with a hole."""
    middle = np.array(draw(places))
    reach = np.array(draw(st.lists(st.floats(0.001, 0.01), min_size=3, max_size=8)))
    angle = np.linspace(0, 2 * np.pi, len(reach), endpoint=False)
    ring = reach[:, None] * np.c_[np.cos(angle), np.sin(angle)]
    holes = [middle + ring / 3] if draw(st.booleans()) else []
    return shapely.Polygon(middle + ring, holes)


shapes = st.one_of(
    polygons(),
    st.builds(Circle, places.map(shapely.Point), metres),
    st.builds(
        Corridor,
        st.lists(places, min_size=2, max_size=6, unique=True).map(shapely.LineString),
        metres,
    ),
    polygons().map(
        lambda one: shapely.MultiPolygon([one, shapely.transform(one, lambda at: at + 0.05)])
    ),
)


@settings(deadline=None)
@given(shapes)
def test_a_shape_survives_the_way_through_geojson(shape: Shape):
    geometry, properties = to_geojson(shape)
    written = json.loads(json.dumps({"geometry": geometry, "properties": properties}))
    assert from_geojson(written["geometry"], written["properties"]) == shape


@settings(deadline=None)
@given(st.builds(Circle, places.map(shapely.Point), metres), st.floats(0, 360))
def test_a_circle_reaches_as_far_as_its_radius(circle: Circle, bearing: float):
    inside = PLANE.metres_of(outline(circle, PLANE))
    middle = PLANE.metres_of(circle.middle)
    way = np.array([np.sin(np.radians(bearing)), np.cos(np.radians(bearing))]) * circle.radius_m
    near, far = (
        shapely.Point(np.array(middle.coords[0]) + share * way) for share in (0.998, 1.001)
    )
    assert inside.covers(near)
    assert not inside.covers(far)


def test_traccar_writes_the_latitude_first():
    polygon = from_traccar("POLYGON((22.0 106.70, 22.0 106.71, 22.01 106.71, 22.0 106.70))")
    assert polygon == shapely.Polygon([(106.7, 22.0), (106.71, 22.0), (106.71, 22.01)])
    assert from_traccar("circle ( 22.0 106.7 , 250.0 )") == Circle(shapely.Point(106.7, 22), 250)
    line = shapely.LineString([(106.7, 22.0), (106.71, 22.01)])
    assert from_traccar("LINESTRING (22.0 106.7, 22.01 106.71)") == Corridor(line, 50)
    assert from_traccar("LINESTRING(22.0 106.7, 22.01 106.71)", 20) == Corridor(line, 20)


def test_traccar_may_leave_a_ring_open():
    text = "POLYGON ((22.0 106.70, 22.0 106.71, 22.01 106.71))"
    assert from_traccar(text) == shapely.Polygon([(106.7, 22.0), (106.71, 22.0), (106.71, 22.01)])


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        ("", "area", "is no area of Traccar; known: POLYGON"),
        ("POINT (22 106)", "area", "is no area of Traccar"),
        ("CIRCLE (22.0 106.7)", "area", "needs a comma and its radius"),
        ("CIRCLE (22.0 106.7, wide)", "area", '"wide" is not a number'),
        ("CIRCLE (22.0 106.7, 0)", "radius_m", "more than 0 metres"),
        ("CIRCLE (22.0 106.7, nan)", "radius_m", "nan is not a number"),
        ("CIRCLE (106.7 22.0, 100)", "geometry", "longitude and latitude look swapped"),
        ("POLYGON ((22 106, 22 107))", "geometry", "2 different corners"),
        ("POLYGON ((22 106, 22 107 5, 23 107))", "area", '"22 107 5" is no place'),
        ("POLYGON ((22 106, 23 107, 22 107, 23 106))", "geometry", "is broken"),
        ("LINESTRING (22 106)", "geometry", "cannot be read"),
    ],
)
def test_what_is_no_area_of_traccar_is_refused(text: str, field: str, says: str):
    with pytest.raises(ShapeError, match=re.escape(says)) as refused:
        from_traccar(text)
    assert refused.value.field == field
