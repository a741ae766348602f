from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.data_files import data_dir
from flowctl.site import TrafficParams
from flowctl.site_files import load_site
from flowctl.traffic.roads import roads_of
from flowctl.traffic.speeds import (
    SpeedField,
    Sums,
    Tracks,
    field_of,
    live_speeds,
    movements_of,
    sum_up,
)

SITE = load_site(data_dir() / "sites/lang_son")
ROADS = roads_of(SITE)
NUMBER = {way.way: number for number, way in enumerate(ROADS.ways)}
CORRIDOR = ROADS.ways[NUMBER["ha_noi_viettel"]]
T0 = 1_705_971_600.0  # 2024-01-23 01:00 UTC, the start of a window
PARAMS = SITE.traffic


def driven(way: str, *fixes: tuple[float, float], device: int = 1, off: bool = False) -> Tracks:
    """Return the track of one truck: (seconds after T0, metres along the way)."""
    path = ROADS.ways[NUMBER[way]].path
    at, along = np.array(fixes, dtype=np.float64).reshape(-1, 2).T
    lon, lat, _ = path.at(along)
    along_m, offset_m = ROADS.locate(lon, lat)
    devices = np.full(len(at), device)
    return Tracks(devices, T0 + at, along_m, offset_m, np.full(len(at), off))


def summed(*tracks: Tracks, until: float = 300.0, params: TrafficParams = PARAMS) -> Sums:
    moves = movements_of(_together(tracks), params)
    return sum_up(moves, ROADS, since=T0, until=T0 + until, window_s=params.window_s)


def _together(tracks: Sequence[Tracks]) -> Tracks:
    return Tracks(
        *(np.concatenate([getattr(one, name) for one in tracks]) for name in Tracks.__slots__)
    )


def field(sums: Sums, way: str = "ha_noi_viettel", window: int = 0) -> SpeedField:
    return field_of(
        ROADS.ways[NUMBER[way]],
        ROADS,
        datetime.fromtimestamp(sums.starts[window], UTC),
        window_s=sums.window_s,
        distance_m=sums.distance_m[window],
        vehicle_s=sums.vehicle_s[window],
    )


def test_one_truck_at_a_steady_speed_gives_that_speed_on_every_stretch_it_drove():
    seen = field(summed(driven("ha_noi_viettel", *((30.0 * k, 450.0 * k) for k in range(11)))))
    drove = seen.vehicle_s > 0
    assert drove[:9].all()
    assert not drove[10:].any()
    assert seen.speed_mps[drove] == pytest.approx(15.0, rel=1e-3)
    assert np.isnan(seen.speed_mps[~drove]).all()


def test_density_and_flow_are_those_of_edie():
    tracks = [
        driven("ha_noi_viettel", (0, 10_000), (100, 11_500), (200, 13_000), device=k)
        for k in (1, 2, 3)
    ]
    seen = field(summed(*tracks))
    stretch = int(CORRIDOR.stretch_at(np.array([11_500.0]))[0])
    length_m = float(np.diff(CORRIDOR.starts_m)[stretch])
    # Three trucks spent length / 15 s each in a stretch of that length, in 300 s.
    assert seen.vehicle_s[stretch] == pytest.approx(3 * length_m / 15, rel=1e-3)
    assert seen.density_per_km[stretch] == pytest.approx(3 / 15 / 300 * 1000, rel=1e-3)
    assert seen.flow_per_h[stretch] == pytest.approx(3 / 300 * 3600, rel=1e-3)
    assert np.nansum(seen.speed_mps * seen.density_per_km * 3.6) == pytest.approx(
        np.nansum(seen.flow_per_h), rel=1e-6
    )


def test_a_movement_across_the_end_of_a_window_is_divided_between_both():
    sums = summed(driven("ha_noi_viettel", (270, 5_000), (330, 5_900)), until=600)
    assert sums.distance_m.sum(axis=1) == pytest.approx([450, 450], abs=0.1)
    assert sums.vehicle_s.sum(axis=1) == pytest.approx([30, 30])


def test_a_truck_that_stands_takes_time_and_no_way():
    sums = summed(driven("yard_viettel_to_huu_nghi", *((30.0 * k, 8_200.0) for k in range(11))))
    seen = field(sums, "yard_viettel_to_huu_nghi")
    [stretch] = np.flatnonzero(seen.vehicle_s)
    assert seen.vehicle_s[stretch] == pytest.approx(300)
    assert seen.speed_mps[stretch] == pytest.approx(0, abs=1e-6)


def test_noise_of_standing_trucks_does_not_add_up_to_a_speed():
    noise = np.random.default_rng(7).normal(0, 10, (200, 11))
    tracks = [
        driven(
            "yard_viettel_to_huu_nghi",
            *((30.0 * k, 8_150.0 + off[k]) for k in range(11)),
            device=n,
        )
        for n, off in enumerate(noise)
    ]
    sums = summed(*tracks)
    assert sums.vehicle_s.sum() == pytest.approx(200 * 300)
    assert abs(sums.distance_m.sum()) / sums.vehicle_s.sum() < 0.01  # m/s


def test_a_road_that_two_corridors_share_counts_a_truck_once():
    track = driven("ha_noi_viettel", *((30.0 * k, 50_000 + 450.0 * k) for k in range(11)))
    sums = summed(track)
    assert sums.distance_m.sum() == pytest.approx(4_500, rel=1e-3)
    one, other = field(sums, "ha_noi_viettel"), field(sums, "ha_noi_bao_nguyen")
    assert np.nansum(one.vehicle_s) == pytest.approx(300)
    assert np.nansum(other.vehicle_s) == pytest.approx(300)


def test_a_truck_that_leaves_a_yard_does_not_slow_the_way_in():
    out = driven("yard_viettel_to_huu_nghi", *((30.0 * k, 420 + 60.0 * k) for k in range(5)))
    seen = field(summed(out))
    assert np.isnan(seen.speed_mps).all()


def test_a_truck_that_stops_on_a_shared_road_stays_on_the_way_it_came():
    # On the logistics road the way in and the way out lie on one line.
    fixes = [(0, 440), (30, 560), *((60.0 + 30 * k, 600) for k in range(8))]
    sums = summed(driven("yard_viettel_to_huu_nghi", *fixes))
    assert np.nansum(field(sums, "yard_viettel_to_huu_nghi").vehicle_s) == pytest.approx(270)
    assert np.nansum(field(sums).vehicle_s) == 0


@pytest.mark.parametrize(
    "fixes",
    [
        [(0, 5_000)],  # one fix
        [(0, 5_000), (0, 6_000)],  # two at one moment
        [(0, 5_000), (190, 7_000)],  # too long without a word
        [(0, 5_000), (30, 7_000)],  # faster than any truck
        [(0, 7_000), (60, 6_000)],  # against the direction
    ],
)
def test_what_is_no_movement_says_nothing(fixes: list[tuple[float, float]]):
    sums = summed(driven("ha_noi_viettel", *fixes))
    assert sums.vehicle_s.sum() == 0


def test_a_truck_with_its_engine_off_is_no_traffic():
    parked = driven("ha_noi_viettel", *((60.0 * k, 5_000) for k in range(5)), off=True)
    assert summed(parked).vehicle_s.sum() == 0


def test_no_trucks_at_all_leave_speeds_unknown():
    nobody = Tracks(
        np.empty(0, np.int64),
        np.empty(0),
        np.empty((0, len(ROADS.ways))),
        np.empty((0, len(ROADS.ways))),
        np.empty(0, bool),
    )
    seen = field(summed(nobody))
    assert np.isnan(seen.speed_mps).all()
    assert np.isnan(seen.density_per_km).all()


def test_where_nobody_drove_live_speed_is_nominal():
    for sums in (None, summed(driven("ha_noi_viettel", (0, 5_000)))):
        live = live_speeds(ROADS, sums, T0 + 60)[0]
        assert live.speed_mps == pytest.approx(CORRIDOR.nominal_mps)
        whole_s = SITE.corridors[0].length_m / SITE.corridors[0].speed_mps
        assert live.travel_s(0.0) == pytest.approx([whole_s])


def test_live_speed_is_the_formula_of_its_docstring():
    sums = summed(driven("ha_noi_viettel", *((30.0 * k, 5_000 + 150.0 * k) for k in range(11))))
    live = live_speeds(ROADS, sums, T0 + 750)[0]
    stretch = int(CORRIDOR.stretch_at(np.array([5_600.0]))[0])
    length_m, nominal = float(np.diff(CORRIDOR.starts_m)[stretch]), CORRIDOR.nominal_mps[stretch]
    weight = 0.5  # the window's middle lies one half-life back
    expected = (length_m + weight * length_m) / (length_m / nominal + weight * length_m / 5.0)
    assert live.speed_mps[stretch] == pytest.approx(expected, rel=1e-3)


def test_a_standing_queue_is_never_believed_slower_than_the_least_speed():
    track = [
        driven("ha_noi_viettel", (0, 5_000), (150, 5_000), (300, 5_000), device=k)
        for k in range(400)
    ]
    live = live_speeds(ROADS, summed(*track), T0 + 300)[0]
    assert live.speed_mps.min() == PARAMS.least_mps


def test_a_window_that_has_not_begun_counts_nothing():
    sums = summed(driven("ha_noi_viettel", (310, 5_000), (340, 5_060)), until=600)
    assert live_speeds(ROADS, sums, T0 + 200)[0].vehicle_s.sum() == 0


def test_travel_time_is_known_between_any_two_places_of_a_way():
    live = live_speeds(ROADS, None, T0)[0]
    halves = live.travel_s(0.0, 60_000.0) + live.travel_s(60_000.0)
    assert halves == pytest.approx(live.travel_s(0.0))
    assert live.travel_s(np.array([1e9, np.nan])).tolist() == pytest.approx(
        [0, np.nan], nan_ok=True
    )


def test_a_longer_way_never_takes_less_time():
    live = live_speeds(ROADS, None, T0)[0]
    assert (np.diff(live.travel_s(np.linspace(0, CORRIDOR.length_m, 500))) <= 0).all()


@given(
    st.lists(st.tuples(st.floats(5, 170), st.floats(0, 2_000)), min_size=1, max_size=8),
    st.floats(0, 600),
)
def test_every_metre_and_second_of_a_movement_is_counted_once(
    steps: list[tuple[float, float]], begin: float
):
    at, along = begin, 20_000.0
    fixes = [(at, along)]
    for lasts, moves in steps:
        at, along = at + lasts, along + min(moves, 45 * lasts)
        fixes.append((at, along))
    sums = summed(driven("ha_noi_viettel", *fixes), until=at + 1)
    assert sums.vehicle_s.sum() == pytest.approx(at - begin)
    assert sums.distance_m.sum() == pytest.approx(along - 20_000, abs=0.5)


def test_windows_of_another_length_hold_the_same_sums():
    track = driven("ha_noi_viettel", *((30.0 * k, 5_000 + 400.0 * k) for k in range(11)))
    five, one = summed(track), summed(track, params=replace(PARAMS, window_s=60))
    assert len(one.starts) == 5
    assert one.distance_m.sum(axis=0) == pytest.approx(five.distance_m.sum(axis=0))
