"""The bench of arrivals: what it takes for the truth, how it scores, what its drivers do."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from flowctl.bench.cast import ArrivalsOptions, Cast
from flowctl.bench.drivers import PLAYS, Drivers
from flowctl.bench.scores import score
from flowctl.bench.truth import (
    STAY,
    Truth,
    TruthParams,
    match,
    naive_entries,
    true_stays,
    truth_of,
)
from flowctl.data_files import data_dir
from flowctl.scenarios.scenario import load_scenario
from flowctl.site import Site
from flowctl.site_files import load_site
from geo.zones import Role, Zone
from simulations.trackers import SIGHTING, Trackers

YARD = Zone("yard", {}, Role.YARD, None, shapely.box(0, 0, 10, 10), 0.0)
LANE = Zone("lane", {}, Role.LANE, "north", shapely.box(20, 0, 22, 10), 0.0)
ZONES = (YARD, LANE)
PARAMS = TruthParams()


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(data_dir() / "sites" / "lang_son")


def stays_of(*path: tuple[float, float], step_s: float = 30.0) -> list[tuple[object, ...]]:
    """Return the stays of truck 0 that is at these places, one a step."""
    lon, lat = np.array(path, np.float64).T
    at = np.arange(len(path)) * step_s
    rows = true_stays(ZONES, np.zeros(len(path), np.int64), at, lon, lat)
    return [tuple(row) for row in rows.tolist()]


def claims(*entries: tuple[int, int, float]) -> NDArray[np.void]:
    rows = np.zeros(len(entries), STAY)
    for k, (truck, zone, at) in enumerate(entries):
        rows[k] = (truck, zone, at, np.nan, True)
    return rows


def test_a_path_into_a_zone_is_entered_between_the_points_beside_the_fence():
    [stay] = stays_of((-5, 5), (-1, 5), (3, 5), (5, 5), (12, 5))
    assert stay == (0, 0, 45.0, 105.0, True)


def test_a_path_that_begins_inside_is_a_stay_and_no_arrival():
    [(_, _, entered_at, left_at, arrived)] = stays_of((5, 5), (6, 5), (12, 5))
    assert (entered_at, left_at, arrived) == (0.0, 45.0, False)


def test_a_yard_counts_from_a_minute_on_and_a_lane_at_once():
    at = np.array([0.0, 20.0, 40.0, 60.0, 80.0])
    lon, lat = np.array([-5.0, 5.0, 15.0, 21.0, 25.0]), np.full(5, 5.0)
    truth = truth_of(true_stays(ZONES, np.zeros(5, np.int64), at, lon, lat), ZONES, PARAMS)
    assert truth.arrivals["zone"].tolist() == [1]
    assert truth.due.all()


def test_two_trucks_side_by_side_in_the_columns_are_told_apart():
    truck = np.array([0, 0, 1, 1])
    at = np.array([0.0, 30.0, 0.0, 30.0])
    rows = true_stays(ZONES, truck, at, np.array([-5.0, 5.0, 6.0, 7.0]), np.full(4, 5.0))
    assert rows["arrived"].tolist() == [True, False]
    assert np.isnan(rows["left_at"]).all()


def test_the_naive_rule_calls_every_step_over_the_fence_an_arrival_in_the_order_of_delivery():
    lon = np.array([-1.0, 1.0, -1.0, 1.0, 2.0])
    at = np.array([0.0, 30.0, 60.0, 90.0, 120.0])
    rows = naive_entries(ZONES, np.zeros(5, np.int64), at, lon, np.full(5, 5.0))
    assert rows["entered_at"].tolist() == [30.0, 90.0]
    late = np.array([0, 4, 2, 1, 3])  # the fix outside comes after one inside
    rows = naive_entries(ZONES, np.zeros(5, np.int64), at[late], lon[late], np.full(5, 5.0))
    assert rows["entered_at"].tolist() == [120.0, 30.0]


def test_claims_and_arrivals_are_paired_one_to_one_the_closest_first():
    truth = Truth(claims((0, 0, 100.0), (0, 0, 900.0)), np.array([True, True]))
    told = claims((0, 0, 130.0), (0, 0, 110.0), (0, 1, 100.0), (1, 0, 100.0), (0, 0, 880.0))
    found = match(told, truth.arrivals, PARAMS)
    assert found.claims.tolist() == [1, 4]
    assert found.error_s.tolist() == [10.0, -20.0]
    assert found.false.tolist() == [0, 2, 3]
    scores = score(told, truth, PARAMS)
    assert (scores.precision, scores.recall, scores.p95_error_s) == (0.4, 1.0, 19.5)


def test_an_arrival_nobody_claimed_costs_recall_and_one_not_due_does_not():
    truth = Truth(claims((0, 1, 100.0), (1, 1, 100.0)), np.array([True, False]))
    scores = score(claims(), truth, PARAMS)
    assert (scores.precision, scores.recall, scores.missed) == (None, 0.0, 1)


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 5_000).map(float)),
        max_size=20,
    )
)
def test_the_truth_claimed_is_always_right(entries: list[tuple[int, int, float]]):
    truth = claims(*entries)
    found = match(truth, truth, PARAMS)
    assert len(found.claims) == len(entries)
    assert not found.error_s.any()


def test_the_drivers_do_what_their_plays_say(site: Site):
    drivers = Drivers.drawn(site, PLAYS, 40, starts=1_705_942_800.0, seed=3)
    rows = drivers.sightings(2.0, 900.0)
    rows = rows[np.lexsort((rows["at"], rows["truck"]))]
    yards = [zone for zone in site.zones if zone.role is Role.YARD]
    stays = true_stays(yards, rows["truck"], rows["at"], rows["lon"], rows["lat"])
    arrivals = truth_of(stays, yards, PARAMS).arrivals["truck"]
    counts = {
        play: sorted({int((arrivals == k).sum()) for k, p in enumerate(drivers.plays) if p == play})
        for play in PLAYS
    }
    assert counts == {
        "stands beside the fence": [0],
        "drives along the fence": [0],
        "parks with the engine on": [1],
        "leaves and comes back": [3],
    }


def test_who_stands_beside_a_fence_is_within_the_noise_of_it_for_an_hour(site: Site):
    beside = {"stands beside the fence": PLAYS["stands beside the fence"]}
    drivers = Drivers.drawn(site, beside, 5, starts=0.0, seed=1)
    yards = [zone.polygon for zone in site.zones if zone.role is Role.YARD]
    rows = drivers.sightings(30.0, 900.0)
    points = shapely.points(rows["lon"], rows["lat"])
    near = np.min([shapely.distance(yard, points) for yard in yards], axis=0) < 16 / 111_000
    for truck in range(5):
        assert near[rows["truck"] == truck].sum() * 30.0 > 3_600


def test_a_backlog_goes_out_newest_first_while_new_fixes_overtake_it():
    gps = replace(
        load_scenario(data_dir() / "scenarios" / "2024-01-23.toml").gps,
        noise_m=0.0,
        lost_share=0.0,
        duplicate_share=0.0,
        late_share=0.5,
        late_window_s=600.0,
        backlog_s=300.0,
    )
    seen = np.zeros(120, SIGHTING)
    seen["at"] = 30.0 * np.arange(120)
    posts = Trackers(gps, ["A"], seed=2).post(seen, 10_000.0)
    order = [fix["fixed_at"] for post in posts for fix in post]
    assert len(order) == 120
    assert sum(later < earlier for earlier, later in pairwise(order)) > 10


def test_the_cast_is_as_many_as_asked_for_and_the_same_under_one_seed(site: Site):
    one, other = (Cast.drawn(site, ArrivalsOptions(trucks=40, seed=5)) for _ in range(2))
    assert abs(len(one.devices) - 40) <= 3
    assert len(one.devices) == len(one.play_of) == len(set(one.devices))
    assert one.scripted.scripts == other.scripted.scripts
