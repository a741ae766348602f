"""Lines of trucks over space and time: where they break, and what thinning may cost."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.data_files import data_dir
from flowctl.errors import NotFoundError
from flowctl.site import Site
from flowctl.site_files import load_site
from flowctl.traffic.spacetime import (
    LineParams,
    TruckLine,
    along_way,
    closed_hours,
    end_m,
    gates_of,
    get_way,
    lines_of,
    speeds_mps,
    thinned,
)

PARAMS = LineParams()
SPAN_S, LENGTH_M = 3 * 3_600.0, 170_000.0


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(data_dir() / "sites" / "lang_son")


def line(at: list[float], along_m: list[float]) -> TruckLine:
    return TruckLine(1, np.array(at), np.array(along_m))


def test_a_long_silence_and_leaving_the_road_end_a_line():
    device = np.array([1, 1, 1, 1, 1, 1, 1, 2])
    at = np.array([0.0, 60, 120, 480, 540, 1_800, 1_860, 1_920])
    along = np.array([0.0, 500, np.nan, 900, 1_000, 1_100, 1_200, 1_300])
    lines = lines_of(device, at, along, PARAMS)
    assert [one.at.tolist() for one in lines] == [[0, 60], [480, 540], [1_800, 1_860]]


def test_a_road_that_leads_through_a_yards_outline_does_not_break_a_line():
    at = np.array([0.0, 60, 120, 180, 240])
    along = np.array([0.0, 500, np.nan, np.nan, 1_000])
    [one] = lines_of(np.ones(5, np.int64), at, along, PARAMS)
    assert one.at.tolist() == [0, 60, 240]


def test_one_fix_alone_and_no_fix_at_all_make_no_line():
    nothing = np.empty(0)
    assert lines_of(np.empty(0, np.int64), nothing, nothing, PARAMS) == []
    assert lines_of(np.array([7]), np.array([0.0]), np.array([5.0]), PARAMS) == []
    assert thinned([], span_s=SPAN_S, length_m=LENGTH_M, params=PARAMS) == []


def test_a_steady_drive_is_two_points_and_a_stand_shows_at_both_ends():
    at = np.arange(0.0, 3_600.0, 30.0)
    [steady] = thinned([TruckLine(1, at, at * 15)], span_s=SPAN_S, length_m=LENGTH_M, params=PARAMS)
    assert (len(steady.at), steady.at[-1], steady.along_m[-1]) == (2, 3_570.0, 3_570.0 * 15)
    stood = np.minimum(at, 1_200.0) * 15 + np.maximum(at - 2_400.0, 0) * 15
    [drawn] = thinned([TruckLine(1, at, stood)], span_s=SPAN_S, length_m=LENGTH_M, params=PARAMS)
    assert speeds_mps(drawn).round().tolist() == [15, 0, 15]


@settings(max_examples=50)
@given(st.lists(st.integers(-5, 25), min_size=2, max_size=200))
def test_thinning_moves_no_point_further_than_half_a_pixel(speeds: list[int]):
    at = 30.0 * np.arange(len(speeds))
    along = np.cumsum(speeds) * 30.0
    drawn = thinned([TruckLine(1, at, along)], span_s=SPAN_S, length_m=LENGTH_M, params=PARAMS)
    if drawn:
        [one] = drawn
        off_px = np.abs(np.interp(at, one.at, one.along_m) - along) / LENGTH_M * PARAMS.high_px
        slope = 25 * SPAN_S / LENGTH_M * PARAMS.high_px / PARAMS.wide_px
        assert off_px.max() <= 0.5 * np.hypot(1, slope) + 1e-6


def test_a_thousand_trucks_in_three_hours_of_stop_and_go_stay_below_200_kb():
    chance = np.random.default_rng(1)
    at = 1.7e9 + np.arange(0.0, SPAN_S, 30.0)
    jams = chance.random((1_000, len(at))) * (chance.random((1_000, len(at))) < 0.6) * 25.0
    lines = [TruckLine(k, at, np.cumsum(jam) * 30.0) for k, jam in enumerate(jams)]
    drawn = thinned(lines, span_s=SPAN_S, length_m=LENGTH_M, params=PARAMS)
    assert len(drawn) == 1_000
    told = [
        {
            "plate": "12C12345",
            "s": np.rint(one.at - at[0]).astype(int).tolist(),
            "m": np.rint(one.along_m).astype(int).tolist(),
        }
        for one in drawn
    ]
    assert len(json.dumps(told, separators=(",", ":"))) <= 200_000


def test_a_way_nobody_knows_is_refused_with_those_there_are(site: Site):
    with pytest.raises(NotFoundError, match="ha_noi_viettel"):
        get_way(site, "ha_noi")


def test_a_truck_on_a_shared_road_is_on_every_way_that_runs_there(site: Site):
    ways = [get_way(site, "ha_noi_viettel"), get_way(site, "ha_noi_bao_nguyen")]
    lon, lat, _ = ways[0].path.at(50_000.0)
    for way in ways:
        assert along_way(site, way, lon, lat)[0] == pytest.approx(50_000.0, abs=5.0)


def test_who_is_parked_in_a_yard_is_on_no_way(site: Site):
    way = get_way(site, "ha_noi_bao_nguyen")
    inside = site.zone_by_id["yard_bao_nguyen"].polygon.representative_point()
    assert np.isnan(along_way(site, way, np.array([inside.x]), np.array([inside.y]))).all()


def test_distance_is_counted_from_the_yard_or_the_stop_line(site: Site):
    corridor = get_way(site, "ha_noi_bao_nguyen")
    assert end_m(corridor) == corridor.length_m
    freight = next(r for r in site.freight_roads if r.gate == "tan_thanh")
    assert end_m(get_way(site, freight.id)) == pytest.approx(freight.queue_m[1])


def test_the_closed_hours_of_a_way_are_those_in_which_none_of_its_gates_is_open(site: Site):
    way = get_way(site, "ha_noi_bao_nguyen")
    since, until = (datetime(2024, 1, 22, 17, tzinfo=UTC), datetime(2024, 1, 23, 17, tzinfo=UTC))
    closed = list(closed_hours(site, gates_of(site, way), since, until))
    local = [tuple(moment.astimezone(site.timezone).hour for moment in one) for one in closed]
    assert local == [(0, 7), (18, 0)]
