"""Expected arrivals: the road at the speeds of now, and what errors teach."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely

from flowctl.site import Corridor, TrafficParams, WayPiece
from flowctl.traffic.calibration import Calibration, CalibrationParams, at_scores, score_of
from flowctl.traffic.eta import (
    Eta,
    Expected,
    Target,
    drive_s,
    fence_m,
    forecast,
    learn,
    on_road,
    shown_pace,
)
from flowctl.traffic.roads import Roads
from flowctl.traffic.speeds import LiveSpeeds, live_speeds

NOW = datetime(2024, 1, 23, 2, 0, tzinfo=UTC).timestamp()  # 09:00 in Hà Nội
EMPTY = Calibration()


def live(*speeds: float) -> LiveSpeeds:
    """Return a road of 1 km and 10 m/s nominal, cut into as many stretches as speeds are given."""
    line = shapely.LineString([(106.7, 22.0), (106.7, 22.0 + 1000 / 110_700)])
    piece = WayPiece("road", turned=False, length_m=1000.0, speed_mps=10.0)
    way = Corridor("road", "yard", line, 1000.0, 10.0, (piece,))
    params = TrafficParams(corridor_stretch_m=1000.0 / len(speeds))
    roads = Roads([way], {"road": line}, [], epsg=32648, margin_m=0.0, params=params)
    return replace(live_speeds(roads, None, NOW)[0], speed_mps=np.array(speeds))


def drive(seconds: float, *, since: float = NOW) -> Expected:
    return on_road(Target.YARD, "yard", since, seconds, 0.0, EMPTY)


def test_a_way_takes_as_long_as_its_stretches_do_at_the_speeds_of_now():
    assert drive_s(live(10, 5, 10, 10), np.array([0.0, 500.0, 1000.0]), 1000.0) == pytest.approx(
        [125.0, 50.0, 0.0], rel=0.02
    )


def test_a_jam_far_ahead_counts_less_than_one_that_is_near():
    near, far = (
        float(drive_s(live(*speeds), np.array([0.0]), 1000.0)[0])
        for speeds in ((0.5, 10.0), (10.0, 0.5))
    )
    assert far < near
    # 50 s ahead it still counts nearly whole, an hour ahead by a third.
    slow = live(*[0.1] * 10)
    assert float(drive_s(slow, np.array([0.0]), 1000.0)[0]) < 1000.0 / 0.1


def test_no_live_speeds_leave_the_nominal_ones():
    nominal = live_speeds(_roads_of(live(10)), None, NOW)[0]
    assert drive_s(nominal, np.array([0.0]), 1000.0) == pytest.approx([100.0], rel=0.01)


def _roads_of(speeds: LiveSpeeds) -> Roads:
    line = speeds.way.path.line
    piece = WayPiece("road", turned=False, length_m=1000.0, speed_mps=10.0)
    way = Corridor("road", "yard", line, 1000.0, 10.0, (piece,))
    return Roads([way], {"road": line}, [], epsg=32648, margin_m=0.0, params=TrafficParams())


def test_an_unknown_place_on_the_way_gives_no_time():
    assert np.isnan(drive_s(live(10), np.array([np.nan]), 1000.0)).all()


def test_a_truck_at_the_fence_is_there_now():
    eta = forecast(drive(0.0), EMPTY, NOW)
    assert (eta.p10, eta.p50, eta.p90) == (NOW, NOW, NOW)


def test_the_fence_is_where_the_way_first_enters_the_yard():
    way = live(10).way
    yard = shapely.box(106.69, 22.0 + 600 / 110_700, 106.71, 22.1)
    assert fence_m(way, yard) == pytest.approx(600.0, rel=0.01)
    assert fence_m(way, shapely.box(0, 0, 1, 1)) == way.length_m


def test_pace_is_believed_the_more_the_longer_it_was_watched():
    one, many = shown_pace(np.array([300.0, 1800.0]), np.array([200.0, 1200.0]))
    assert 0 < one < many < np.log(1.5)


def test_a_stop_is_no_pace_and_nothing_seen_shows_none():
    stopped, nothing = shown_pace(np.array([3600.0, 0.0]), np.array([60.0, np.nan]))
    assert stopped <= np.log(2.0)
    assert nothing == 0.0


def test_trucks_that_keep_no_pace_teach_to_believe_none():
    learned = EMPTY
    for _ in range(200):
        eta = forecast(on_road(Target.YARD, "y", NOW, 600.0, 0.3, learned), learned, NOW)
        learned = learn(learned, eta, NOW + 600.0)
    assert EMPTY.gain() == pytest.approx(0.5)
    assert learned.gain() < 0.05


def test_arrivals_that_always_come_late_move_the_median_there():
    learned = EMPTY
    for _ in range(300):
        learned = learn(learned, forecast(drive(1000.0), learned, NOW), NOW + 1300.0)
    assert forecast(drive(1000.0), learned, NOW).p50 == pytest.approx(NOW + 1300.0, abs=30.0)
    assert forecast(drive(100.0), learned, NOW).p50 == pytest.approx(NOW + 100.0)  # another class


def test_one_finished_journey_changes_little():
    learned = learn(EMPTY, forecast(drive(1000.0), EMPTY, NOW), NOW + 4000.0)
    before, after = (forecast(drive(1000.0), each, NOW) for each in (EMPTY, learned))
    assert abs(after.p50 - before.p50) < 0.1 * 1000.0


def test_intervals_hit_four_in_five_however_wide_arrivals_spread():
    rng = np.random.default_rng(5)
    params = CalibrationParams()
    for spread in (0.05, 0.9):
        learned, hits = EMPTY, []
        for took in rng.lognormal(np.log(1000.0), spread, 3000):
            eta = forecast(drive(1000.0), learned, NOW)
            hits.append(eta.hit(NOW + took))
            learned = learn(learned, eta, NOW + took)
        assert np.mean(hits[1000:]) == pytest.approx(1 - 2 * params.tail, abs=0.03)


def test_a_score_and_its_value_are_each_others_inverse():
    for actual in (40.0, 100.0, 333.0):
        score = score_of(80.0, 100.0, 150.0, actual)
        assert score is not None
        triple = np.array([[80.0], [100.0], [150.0]])
        assert at_scores(*triple, np.array([score])) == pytest.approx(actual)
    assert score_of(100.0, 100.0, 100.0, 120.0) is None


def test_a_hit_is_between_the_outer_quantiles_inclusive():
    eta = Eta(drive(100.0), NOW, 10.0, 20.0, 30.0)
    assert [eta.hit(at) for at in (9.9, 10.0, 30.0, 30.1)] == [False, True, True, False]
