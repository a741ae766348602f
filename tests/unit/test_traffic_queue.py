from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.site import TrafficParams
from flowctl.traffic.queue import UNKNOWN, Queue, is_known, queue_of

PARAMS = TrafficParams(queue_gap_m=200.0, slack_m=50.0, slow_mps=1.39)
FREE = 10.0
distances = st.floats(0, 5_000)
trucks = st.lists(st.tuples(distances, st.sampled_from([0.0, 0.5, FREE])), min_size=1, max_size=30)


def queue(*trucks: tuple[float, float]) -> Queue:
    ahead, speed = np.array(trucks, dtype=np.float64).reshape(-1, 2).T
    return queue_of(ahead, speed, PARAMS)


def test_the_tail_is_the_last_of_the_trucks_that_stand_one_behind_the_other():
    assert queue((30, 0), (60, 0), (95, 0.4)) == Queue(95.0, 3, 0.0)


def test_a_truck_that_stands_apart_is_not_in_the_queue():
    assert queue((30, 0), (60, 0), (900, 0)) == Queue(60.0, 2, 0.0)


def test_a_gap_that_trucks_without_a_tracker_may_fill_does_not_end_the_queue():
    assert queue((150, 0), (340, 0)).tail_m == 340


def test_a_truck_that_drives_up_does_not_lengthen_the_queue():
    assert queue((30, 0), (60, 0), (150, FREE)) == Queue(60.0, 2, 0.0)


def test_a_truck_that_closes_ranks_is_in_the_queue_and_moves():
    assert queue((30, 0), (60, 4.0), (90, 0), (120, 0)) == Queue(120.0, 4, 0.25)


def test_a_truck_at_the_line_stands_there_whatever_its_error_of_position():
    assert queue((-30, 0)) == Queue(0.0, 1, 0.0)


def test_a_truck_beyond_the_line_has_passed():
    assert queue((-51, 0)) == UNKNOWN


def test_trucks_that_all_drive_make_no_queue():
    assert queue((30, FREE), (500, FREE)) == Queue(0.0, 0, None)


def test_nobody_seen_is_no_empty_queue():
    assert queue() == UNKNOWN
    assert queue((np.nan, 0.0)) == UNKNOWN


def test_a_truck_of_unknown_speed_makes_no_queue_but_counts_in_one():
    assert queue((30, np.nan)) == Queue(0.0, 0, None)
    assert queue((30, np.nan), (60, 0)) == Queue(60.0, 2, 0.0)


@given(trucks, st.floats(0, 5_000), st.sampled_from([0.0, FREE]))
def test_a_truck_further_back_never_shortens_the_tail(
    others: list[tuple[float, float]], back: float, speed: float
):
    before = queue(*others)
    after = queue(*others, ((before.tail_m or 0.0) + back, speed))
    assert (after.tail_m or 0.0) >= (before.tail_m or 0.0)
    assert (after.trucks or 0) >= (before.trucks or 0)


@given(trucks, st.randoms())
def test_the_order_in_which_trucks_are_told_of_changes_nothing(
    others: list[tuple[float, float]], chance: Random
):
    shuffled = list(others)
    chance.shuffle(shuffled)
    assert queue(*others) == queue(*shuffled)


@pytest.mark.parametrize(
    ("age_s", "speed", "known"),
    [
        (60, FREE, True),
        (200, FREE, False),  # it moved, and is somewhere else by now
        (200, np.nan, False),
        (900, 0.0, True),  # a parked tracker reports every 15 min
        (1_300, 0.0, False),
        (-10, 0.0, False),  # a clock that was set back
    ],
)
def test_a_silent_truck_is_still_there_if_it_stood(age_s: float, speed: float, known: bool):
    [found] = is_known(np.array([age_s]), np.array([speed]), PARAMS)
    assert found == known
