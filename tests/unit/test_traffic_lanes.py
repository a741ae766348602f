import numpy as np
import pytest

from flowctl.traffic.lanes import LaneTimes, Passages, Spread, lane_times, spread

NAN = float("nan")
OPEN = [(0.0, 10_000.0)]


def times(
    *trucks: tuple[float, float, float],
    since: float = 0.0,
    until: float = 10_000.0,
    opening: list[tuple[float, float]] | None = None,
) -> LaneTimes:
    """Return what trucks of (queue entry, lane entry, lane exit) amount to."""
    queued, lane, left = np.array(trucks, dtype=np.float64).reshape(-1, 3).T
    return lane_times(
        "north",
        "export",
        Passages(queued, lane, left),
        since=since,
        until=until,
        opening=OPEN if opening is None else opening,
    )


def test_a_headway_belongs_to_the_follower_who_waited():
    seen = times((0, 100, NAN), (50, 160, NAN), (60, 250, NAN))
    assert seen.headway_s == Spread(pytest.approx(63), 75, pytest.approx(87), 2)


def test_a_follower_who_came_after_the_one_before_had_gone_in_gives_no_headway():
    assert times((0, 100, NAN), (120, 160, NAN)).headway_s is None


def test_a_follower_never_seen_queueing_gives_no_headway():
    assert times((0, 100, NAN), (NAN, 160, NAN)).headway_s is None


def test_a_closed_night_is_no_headway():
    shut = [(0.0, 1_000.0), (5_000.0, 9_000.0)]
    waited = [(0, 900, NAN), (10, 5_010, NAN), (20, 5_030, NAN)]
    seen = times(*waited, opening=shut)
    assert seen.headway_s == Spread(20, 20, 20, 1)


def test_who_goes_in_while_the_gate_is_closed_says_nothing():
    assert times((0, 1_100, NAN), (10, 1_200, NAN), opening=[(0, 1_000)]).headway_s is None
    assert times((0, 100, NAN), (10, 200, NAN), opening=[]).headway_s is None


def test_service_runs_from_entry_to_exit_of_the_lane():
    seen = times((0, 100, 800), (0, 200, 1_000), (0, 300, NAN))
    assert seen.service_s == Spread(pytest.approx(710), 750, pytest.approx(790), 2)


def test_only_what_ended_in_the_time_asked_for_counts():
    trucks = [(0, 100, 800), (0, 200, 1_000), (0, 300, 2_500)]
    assert times(*trucks, since=900, until=2_000).service_s == Spread(800, 800, 800, 1)
    assert times(*trucks, since=150, until=250).headway_s == Spread(100, 100, 100, 1)


def test_an_exit_before_the_entry_is_no_service():
    assert times((0, 500, 400)).service_s is None


def test_no_trucks_have_no_times():
    seen = times()
    assert (seen.headway_s, seen.service_s) == (None, None)
    assert spread(np.empty(0)) is None
