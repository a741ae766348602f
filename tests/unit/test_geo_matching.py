import numpy as np
import pytest
from drawn_roads import edge, lon_lat, network
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.matching import Match, match
from geo.network import RoadError, RoadNetwork
from geo.routes import Cost, Router
from geo.tracks import MatchParams, Track

START_US = 1_700_000_000_000_000
# A cross of two-way roads, a motorway of two carriageways 30 m apart to its east, and a ring road.
CROSS = network(
    {
        "W": (-2000.0, 0.0),
        "M": (0.0, 0.0),
        "E": (2000.0, 0.0),
        "S": (0.0, -2000.0),
        "N": (0.0, 2000.0),
        "F": (5000.0, 0.0),
    },
    ["W-M", "M-E", "S-M", "M-N", "E>F", "F>E"],
    via={"F>E": [(4900.0, 30.0), (2100.0, 30.0)]},
)
BLOCK = network(
    {"A": (0.0, 0.0), "B": (0.0, 500.0), "C": (500.0, 500.0), "D": (500.0, 0.0)},
    ["A>B", "B>C", "C>D", "D>A"],
)


def track(*places: tuple[float, float], every_s: float | None = 10.0, **columns: object) -> Track:
    """Return a track of places in metres, at even moments; of None without any."""
    lon, lat = np.array([lon_lat(*place) for place in places]).T
    moments = START_US + (np.arange(len(places)) * (every_s or 0) * 1e6).astype(np.int64)
    others = {name: np.array(column, dtype=np.float64) for name, column in columns.items()}
    return Track(lon, lat, moments if every_s else None, **others)


def matched(net: RoadNetwork, driven: Track, params: MatchParams | None = None) -> Match:
    return match(Router(net, Cost.DISTANCE), driven, params)


def roads(net: RoadNetwork, found: Match) -> list[list[str | None]]:
    return [[net.road_name(int(one)) for one in piece.edges] for piece in found.pieces]


def test_a_drive_beside_a_road_is_told_by_its_edge_and_the_metres_along_it():
    found = matched(CROSS, track((-1500, 8), (-1300, -9), (-1100, 4), (-900, 10)))
    assert found.edge.tolist() == [edge(CROSS, "W-M")] * 4
    assert found.along_m == pytest.approx([500, 700, 900, 1100], abs=2.0)
    assert found.offset_m == pytest.approx([8, 9, 4, 10], abs=0.1)
    assert found.matched_m == pytest.approx(600.0, abs=1.0)
    assert found.ratio == pytest.approx(1.0, abs=0.01)


def test_the_way_round_a_corner_is_longer_than_the_straight_line_and_its_moments_are_between():
    found = matched(CROSS, track((-200, 3), (0, -200), every_s=40.0))
    (piece,) = found.pieces
    assert roads(CROSS, found) == [["W-M", "S-M"]]
    assert piece.length_m == pytest.approx(400.0, abs=1.0)
    assert found.raw_m == pytest.approx(np.hypot(200, 203), abs=0.5)
    assert piece.entered_us is not None
    assert piece.left_us is not None
    assert (piece.entered_us - START_US) / 1e6 == pytest.approx([0.0, 20.0], abs=0.1)
    assert (piece.left_us - START_US) / 1e6 == pytest.approx([20.0, 40.0], abs=0.1)


def test_between_carriageways_the_direction_driven_decides():
    east = [(x, 15.0) for x in range(2500, 4500, 200)]  # exactly between the two
    assert set(roads(CROSS, matched(CROSS, track(*east)))[0]) == {"E>F"}
    assert set(roads(CROSS, matched(CROSS, track(*east[::-1])))[0]) == {"F>E"}


def test_a_heading_decides_where_the_places_do_not_and_only_of_a_moving_truck():
    places = [(2500.0, 20.0), (2503.0, 20.0)]  # nearer to the carriageway to the west
    heading = {"heading_deg": [88.0, 91.0]}
    slow = matched(CROSS, track(*places, speed_mps=[0.5, 0.5], **heading))
    fast = matched(CROSS, track(*places, speed_mps=[12.0, 12.0], **heading))
    unknown = matched(CROSS, track(*places, speed_mps=[np.nan, np.nan], **heading))
    assert CROSS.road_name(int(slow.edge[0])) == "F>E"
    assert CROSS.road_name(int(unknown.edge[0])) == "F>E"
    assert CROSS.road_name(int(fast.edge[0])) == "E>F"


def test_a_poor_fix_weighs_less_than_a_good_one():
    places = [(-400, 0), (-200, 0), (-30, -35), (0, 200), (0, 400)]
    found = matched(CROSS, track(*places, accuracy_m=[5, 5, 60, 5, 5]))
    assert roads(CROSS, found) == [["W-M", "M-N"]]
    assert found.matched_m == pytest.approx(800.0, abs=2.0)


def test_a_silence_parts_the_match_and_is_named():
    driven = track((-1500, 0), (-1300, 0), (1000, 0), (1200, 0))
    late = START_US + np.array([0, 10, 10 + 3600, 20 + 3600], dtype=np.int64) * 1_000_000
    found = matched(CROSS, Track(driven.lon, driven.lat, late))
    assert [(one.before, one.after, one.reason) for one in found.breaks] == [
        (1, 2, "60 minutes of silence")
    ]
    assert [(piece.first_fix, piece.last_fix) for piece in found.pieces] == [(0, 1), (2, 3)]
    assert found.matched_m == pytest.approx(400.0, abs=1.0)


def test_where_no_way_leads_the_match_is_parted():
    apart = network({"A": (0, 0), "B": (1000, 0), "C": (1000, 300), "D": (0, 300)}, ["A>B", "C>D"])
    found = matched(apart, track((100, 0), (300, 0), (700, 300), (500, 300), every_s=None))
    assert roads(apart, found) == [["A>B"], ["C>D"]]
    assert len(found.breaks) == 1
    assert "no way leads" in found.breaks[0].reason


def test_a_way_faster_than_any_truck_is_none():
    places = [(-1500, 0), (-1400, 0), (1400, 0), (1500, 0)]
    assert len(matched(CROSS, track(*places, every_s=10.0)).breaks) == 1  # 2.8 km in 10 s
    assert not matched(CROSS, track(*places, every_s=100.0)).breaks


def test_fixes_away_from_every_road_have_no_edge_and_the_way_goes_on_past_them():
    places = [(-900, 0), (-600, 5), (-450, 900), (-300, 0), (-100, 2)]
    found = matched(CROSS, track(*places, every_s=60.0))
    assert found.edge[2] == -1
    assert np.isnan(found.along_m[2])
    assert np.isnan(found.offset_m[2])
    assert not found.breaks
    assert found.matched_m == pytest.approx(800.0, abs=1.0)


def test_one_fix_no_way_leads_to_is_left_out():
    places = [(-900, 0), (-700, 0), (4000, 0), (-500, 0), (-300, 0)]
    found = matched(CROSS, track(*places))
    assert found.edge[2] == -1
    assert not found.breaks
    assert found.matched_m == pytest.approx(600.0, abs=1.0)


def test_a_parked_truck_drives_nowhere():
    rng = np.random.default_rng(7)
    places = [tuple(at) for at in rng.normal((-1000.0, 0.0), 12.0, (600, 2))]
    found = matched(CROSS, track(*places, every_s=5.0))
    assert not found.breaks
    assert found.matched_m < 60.0
    assert len(set(found.edge.tolist()) - {-1}) == 1
    assert (found.edge >= 0).mean() > 0.98  # a jump of four deviations may be left out


def test_after_a_stand_the_next_edge_is_entered_when_the_truck_drives_on():
    stand = [(-100.0, 0.0)] * 60  # ten minutes before the junction
    found = matched(CROSS, track((-300, 0), *stand, (100, 0)))
    (piece,) = found.pieces
    assert piece.entered_us is not None
    assert (piece.entered_us[-1] - START_US) / 1e6 == pytest.approx(605.0, abs=1.0)


def test_once_round_the_block_is_a_way_over_every_side():
    places = [(0, 300), (250, 500), (500, 250), (250, 0), (0, 200)]
    found = matched(BLOCK, track(*places, every_s=60.0))
    assert roads(BLOCK, found) == [["A>B", "B>C", "C>D", "D>A", "A>B"]]
    assert found.matched_m == pytest.approx(1900.0, abs=3.0)
    assert found.along_m[[0, -1]] == pytest.approx([300, 200], abs=1.0)


def test_a_track_without_moments_is_matched_without_any():
    found = matched(CROSS, track((-1500, 0), (-900, 0), (-300, 0), every_s=None))
    (piece,) = found.pieces
    assert piece.entered_us is None
    assert piece.left_us is None
    assert found.matched_m == pytest.approx(1200.0, abs=1.0)


def test_two_fixes_of_one_moment_at_one_place_are_harmless():
    driven = track((-900, 0), (-900, 0), (-600, 0))
    found = matched(CROSS, Track(driven.lon, driven.lat, driven.at_us // 20_000_000 * 20_000_000))
    assert found.matched_m == pytest.approx(300.0, abs=1.0)


def test_a_track_of_one_fix_shows_no_way():
    with pytest.raises(RoadError, match="a track of 1 fix shows no way"):
        track((0, 0))
    with pytest.raises(RoadError, match="a track of 0 fixes"):
        Track(np.array([]), np.array([]))


def test_a_track_away_from_the_network_is_told_where_the_roads_are():
    with pytest.raises(RoadError, match=r"within 75 m of a road; the roads reach from 21\.8"):
        matched(CROSS, track((90000, 0), (90100, 0)))


@pytest.mark.parametrize(("lon", "lat"), [(np.nan, 21.9), (106.7, np.inf), (21.9, 106.7)])
def test_a_fix_that_is_nowhere_is_named(lon: float, lat: float):
    with pytest.raises(RoadError, match="fix 2 lies at"):
        Track(np.array([106.7, lon]), np.array([21.9, lat]))


def test_columns_that_do_not_fit_and_moments_that_fall_are_refused():
    lon, lat = np.array([106.7, 106.8]), np.array([21.9, 21.9])
    with pytest.raises(RoadError, match="heading_deg has 1 values for 2 fixes"):
        Track(lon, lat, heading_deg=np.array([1.0]))
    with pytest.raises(RoadError, match="order of their moments"):
        Track(lon, lat, np.array([2, 1], dtype=np.int64))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-2000, 5000), st.floats(-2000, 2000), st.floats(0, 400)),
        min_size=2,
        max_size=12,
    )
)
def test_whatever_the_track_the_way_holds_together(fixes: list[tuple[float, float, float]]):
    x, y, gaps = np.array(fixes).T
    y = np.where(np.abs(x) < 30, y, y / 100)  # on the roads of the cross, or near them
    lon, lat = np.array([lon_lat(*at) for at in zip(x, y, strict=True)]).T
    driven = Track(lon, lat, START_US + np.cumsum(gaps * 1e6).astype(np.int64))
    found = matched(CROSS, driven)
    assert len(found.breaks) == len(found.pieces) - 1
    for piece in found.pieces:
        assert (CROSS.end[piece.edges[:-1]] == CROSS.start[piece.edges[1:]]).all()
        assert piece.length_m >= 0
        assert piece.entered_us is not None
        assert piece.left_us is not None
        assert (piece.left_us >= piece.entered_us).all()
        assert (piece.entered_us[1:] == piece.left_us[:-1]).all()
        lengths = CROSS.length_m[piece.edges].sum()
        rest = CROSS.length_m[piece.goal.edge] - piece.goal.along_m
        assert piece.length_m == pytest.approx(lengths - piece.start.along_m - rest, abs=1e-6)
    seen = found.edge >= 0
    assert (found.along_m[seen] >= -1e-6).all()
    assert (found.along_m[seen] <= CROSS.length_m[found.edge[seen]] + 1e-6).all()
    assert set(found.edge[seen]) <= {int(e) for piece in found.pieces for e in piece.edges}
