import numpy as np
import pytest
import shapely

from geo.crs import Projection


def test_the_zero_point_of_utm_48n_is_where_it_was_defined():
    x, y = Projection(32648).to_metres(105.0, 0.0)
    assert (float(x), float(y)) == pytest.approx((500_000.0, 0.0), abs=1e-3)


def test_huu_nghi_to_tan_thanh_is_four_and_a_half_kilometres():
    x, y = Projection(32648).to_metres([106.71083, 106.68389], [21.97111, 22.00306])
    assert np.hypot(*np.diff([x, y])) == pytest.approx(4506, abs=20)


def test_a_point_that_is_not_known_is_not_projected():
    x, y = Projection(32648).to_metres([106.7, np.nan, 106.7], [22.0, 22.0, np.nan])
    assert np.isnan(x).tolist() == np.isnan(y).tolist() == [False, True, True]


def test_an_unknown_system_is_refused():
    with pytest.raises(ValueError, match="EPSG:1 is not a known reference system"):
        Projection(1)


def test_a_system_in_degrees_or_feet_is_refused():
    for epsg in (4326, 2263):
        with pytest.raises(ValueError, match="does not measure in metres"):
            Projection(epsg)


def test_a_system_says_how_far_it_reaches():
    assert Projection(32648).reaches(106.7, 22.0)
    assert not Projection(32648).reaches(22.0, 106.7)


def test_a_shape_goes_to_metres_and_back():
    plane = Projection(32648)
    box = shapely.box(106.70, 22.0, 106.71, 22.01)
    assert plane.metres_of(box).area == pytest.approx(1032.5 * 1107.4, rel=0.002)
    assert plane.degrees_of(plane.metres_of(box)).equals_exact(box, 1e-9)
