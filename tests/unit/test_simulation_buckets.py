"""The compiled day at one gate gives the same waits as the world of events it stands for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_day import drive_gate, small_day, tiny_site

from flowctl.dispatch.n_control import n_allowed, n_ready, n_slewed, n_target, release_quota
from simulations.buckets import BucketDay, Rule
from simulations.engine import run
from simulations.records import Records
from simulations.streams import Column

TICK_S = 30.0


def drawn(count: int, seed: int = 1) -> tuple[Column, Column, Column]:
    rng = np.random.default_rng(seed)
    ready = np.sort(rng.uniform(0.0, 14_400.0, count))
    return ready, rng.uniform(300.0, 1500.0, count), rng.uniform(100.0, 500.0, count)


def played(
    rule: Rule, setting: tuple[float, ...], *, count: int = 300, places: int = 4
) -> BucketDay:
    day = BucketDay(*drawn(count), [places], tick_s=TICK_S, ticks=8000)
    day.play(8000, rule, setting)
    assert day.over
    return day


@pytest.fixture(scope="module")
def world_day(tmp_path_factory: pytest.TempPathFactory) -> Records:
    scenario = small_day(north={"standing": 0, "arrivals": 150, "imports": 0}, until_h=24.0)
    site = tiny_site(tmp_path_factory.mktemp("site"))
    return run(scenario, site, policy="metering", seed=1)


def test_without_a_rule_trucks_wait_as_at_the_gate_of_the_world():
    ready, travel, service = drawn(300)
    day = BucketDay(ready, travel, service, [4], tick_s=TICK_S, ticks=4000)
    day.play(4000, Rule.NONE)
    came = ready + travel
    begun = drive_gate(came.tolist(), service.tolist(), [False] * len(came), 4)
    assert np.array_equal(day.began_s, begun)


def test_no_truck_is_lost_where_a_tick_is_no_binary_fraction():
    count = 500
    ready = np.arange(count) * 0.1
    day = BucketDay(ready, np.zeros(count), np.full(count, 0.05), [1], tick_s=0.1, ticks=2000)
    day.play(2000, Rule.N_CONTROL, (20.0, 0.0, 0.0, 1.0, 5.0, 0.0))
    assert day.over


def test_released_as_the_production_regulator_did_trucks_wait_as_in_the_world(world_day: Records):
    went = np.flatnonzero(~np.isnan(world_day.start_at))
    went = went[np.argsort(world_day.released_at[went], kind="stable")]
    start = world_day.windows[0][0][0]  # nobody is screened before the gate opens
    came, began = world_day.gate_at[went] - start, world_day.start_at[went] - start
    first = came.min()
    opens_tick = int(np.ceil(max(-first, 0.0) / TICK_S))
    places = np.r_[np.zeros(opens_tick, np.int64), np.full(5000, world_day.places[0])]
    shift = opens_tick * TICK_S
    day = BucketDay(
        np.zeros(len(went)),
        came + shift,
        world_day.clear_at[went] - world_day.start_at[went],
        places,
        tick_s=TICK_S,
        ticks=5000,
    )
    day.play(5000, Rule.NONE)
    assert len(went) > 50
    assert np.allclose(day.began_s - day.gate_s, began - came, rtol=0.0, atol=1e-6)


@pytest.mark.parametrize(
    ("usual_per_s", "stopped"), [(0.0, False), (6 / 300.0, False), (0.0, True)]
)
def test_n_control_decides_as_the_functions_of_production_do(usual_per_s: float, stopped: bool):
    day = BucketDay(*drawn(200), [4], tick_s=TICK_S, ticks=4000)
    per_s, travel_s, places, most = 4 / 300.0, 900.0, 4, 3
    setting = (per_s, usual_per_s, travel_s, float(places), float(most), float(stopped))
    target = n_target(per_s, travel_s, places)
    target = n_ready(target, per_s, usual_per_s, travel_s, places)
    kept = np.inf
    for tick in range(400):
        now = tick * TICK_S
        waiting = int((day.ready_s <= now).sum() - (day.released_s < now).sum())
        load = int((day.released_s < now).sum() - (day.cleared_s <= now).sum())
        allowed = n_allowed(target, per_s, places, 0.0, np.inf)
        kept = allowed = n_slewed(allowed, kept, per_s, TICK_S, places)
        before = int((~np.isnan(day.released_s)).sum())
        day.play(tick + 1, Rule.N_CONTROL, setting)
        left = int((~np.isnan(day.released_s)).sum()) - before
        free = max(places - load, 0) if stopped else most
        assert left == release_quota(allowed, load, waiting, 0, min(most, free))


def test_the_target_of_a_day_rises_steadily_when_more_is_believed():
    setting = (0.002, 0.0, 900.0, 4.0, 20.0, 0.0)
    day = BucketDay(*drawn(300), [4], tick_s=TICK_S, ticks=4000)
    day.play(200, Rule.N_CONTROL, setting)
    before = int((~np.isnan(day.released_s)).sum())
    day.play(201, Rule.N_CONTROL, (0.02, *setting[1:]))
    at_once = n_target(0.02, 900.0, 4) - n_target(0.002, 900.0, 4)
    assert int((~np.isnan(day.released_s)).sum()) - before <= 3 < at_once


def test_a_day_played_in_pieces_is_the_day_played_at_once():
    setting = (4 / 300.0, 0.0, 900.0, 4.0, 20.0, 0.0)
    whole = played(Rule.N_CONTROL, setting)
    pieces = BucketDay(*drawn(300), [4], tick_s=TICK_S, ticks=4000)
    for until in range(7, 4001, 7):
        pieces.play(until, Rule.N_CONTROL, setting)
    assert np.array_equal(whole.began_s, pieces.began_s)
    assert whole.starved_place_s == pieces.starved_place_s


def test_shut_places_finish_their_truck_and_take_no_other():
    places = np.r_[np.full(10, 2), np.zeros(10, np.int64), np.full(100, 1)]
    day = BucketDay(np.zeros(6), np.zeros(6), np.full(6, 400.0), places, tick_s=TICK_S, ticks=500)
    day.play(500, Rule.NONE)
    assert day.began_s.tolist() == [0.0, 0.0, 600.0, 1000.0, 1400.0, 1800.0]


def test_places_idle_while_trucks_are_held_back_are_counted():
    held = played(Rule.QUOTA, (0.004,))
    free = played(Rule.NONE, ())
    assert free.starved_place_s == 0.0
    assert held.starved_place_s > 3600.0


def test_a_rule_that_sees_the_way_keeps_the_gate_busier_than_one_that_sees_the_queue_only():
    queue_only = played(Rule.FEEDBACK, (1.0, 3.0, 5.0, 0.01, 0.0, 2.0, 0.0))
    whole_way = played(Rule.FEEDBACK, (1.0, 3.0, 5.0 + 16.0, 0.01, 0.0, 2.0, 1.0))
    assert whole_way.starved_place_s < queue_only.starved_place_s


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 60),
    places=st.integers(1, 6),
    per_s=st.floats(0.001, 0.1),
)
def test_no_truck_is_lost_or_served_out_of_turn(seed: int, count: int, places: int, per_s: float):
    ready, travel, service = drawn(count, seed)
    day = BucketDay(ready, travel, service, [places], tick_s=TICK_S, ticks=8000)
    day.play(8000, Rule.N_CONTROL, (per_s, 0.0, 900.0, float(places), 5.0, 0.0))
    assert day.over
    assert np.all(ready <= day.released_s)
    assert np.all(np.diff(day.released_s) >= 0.0)
    assert np.array_equal(day.gate_s, day.released_s + travel)
    begun = drive_gate(day.gate_s.tolist(), service.tolist(), [False] * count, places)
    assert np.allclose(day.began_s, begun, rtol=0.0, atol=1e-6)
