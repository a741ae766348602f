import numpy as np
import pytest
import shapely

from geo.lines import Path, joined

# A road 0.01° north, then 0.01° east, near the equator of UTM 48N: about 1,107 m and 1,111 m.
CORNER = shapely.LineString([(106.0, 1.0), (106.0, 1.01), (106.01, 1.01)])
EPSG = 32648


def test_length_is_the_sum_of_the_pieces():
    assert Path(CORNER, EPSG).length_m == pytest.approx(1105.5 + 1113, rel=0.002)


def test_a_point_beside_the_road_is_told_by_its_distance_along_and_off():
    path = Path(CORNER, EPSG)
    along, offset = path.locate([106.001, 106.0, 106.005], [1.005, 0.99, 1.012])
    assert along == pytest.approx([552.7, 0.0, 1105.5 + 556.5], abs=3)
    assert offset == pytest.approx([111.3, 1105.5, 221.1], abs=2)


def test_the_ends_are_meant_beyond_the_ends():
    lon, lat, heading = Path(CORNER, EPSG).at([-50.0, 9999.0])
    assert lon == pytest.approx([106.0, 106.01])
    assert lat == pytest.approx([1.0, 1.01])
    assert heading == pytest.approx([0.0, 90.0], abs=0.01)


def test_heading_at_a_bend_is_that_of_the_road_ahead():
    path = Path(CORNER, EPSG)
    bend, _ = path.locate(106.0, 1.01)
    *_, heading = path.at(np.r_[bend - 1, bend, bend + 1])
    assert heading == pytest.approx([0.0, 90.0, 90.0], abs=0.01)


def test_heading_is_from_true_north_all_around():
    south_west = Path(shapely.LineString([(106.0, 1.0), (105.99, 0.99)]), EPSG)
    *_, heading = south_west.at([10.0])
    assert heading == pytest.approx([225.0], abs=0.3)


def test_what_is_not_known_stays_not_known():
    path = Path(CORNER, EPSG)
    along, offset = path.locate([np.nan, 106.0], [1.0, np.nan])
    assert np.isnan(along).all()
    assert np.isnan(offset).all()
    assert all(np.isnan(column).all() for column in path.at([np.nan]))


def test_no_points_give_no_answers():
    path = Path(CORNER, EPSG)
    assert [len(column) for column in path.locate([], [])] == [0, 0]
    assert [len(column) for column in path.at([])] == [0, 0, 0]


def test_a_doubled_point_does_not_break_the_heading():
    line = shapely.LineString([(106.0, 1.0), (106.0, 1.0), (106.0, 1.01), (106.0, 1.01)])
    *_, heading = Path(line, EPSG).at([0.0, 500.0, 2000.0])
    assert heading == pytest.approx([0.0, 0.0, 0.0], abs=0.01)


def test_a_line_without_length_is_refused():
    with pytest.raises(ValueError, match="two different points"):
        Path(shapely.LineString([(106.0, 1.0), (106.0, 1.0)]), EPSG)


def line(*at: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString(at)


def test_pieces_are_joined_without_doubling_the_place_they_meet():
    whole = joined([line((0, 0), (0, 1)), line((0, 1), (1, 1))])
    assert list(whole.coords) == [(0, 0), (0, 1), (1, 1)]


def test_a_piece_drawn_the_other_way_is_turned_round():
    whole = joined([line((0, 0), (0, 1)), line((1, 1), (0, 1)), line((1, 1), (2, 1), (3, 1))])
    assert list(whole.coords) == [(0, 0), (0, 1), (1, 1), (2, 1), (3, 1)]


def test_the_first_piece_is_turned_where_only_its_beginning_meets_the_second():
    whole = joined([line((0, 1), (0, 0)), line((0, 1), (1, 1))])
    assert list(whole.coords) == [(0, 0), (0, 1), (1, 1)]


def test_a_single_piece_keeps_its_direction():
    assert list(joined([line((0, 1), (0, 0))]).coords) == [(0, 1), (0, 0)]


def test_pieces_that_do_not_meet_are_refused_by_number():
    with pytest.raises(ValueError, match="piece 3 begins and ends away from the end of piece 2"):
        joined([line((0, 0), (0, 1)), line((0, 1), (1, 1)), line((5, 5), (6, 6))])
