"""Waits promised on the board: what they are made of, when they are kept, what they teach."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from flowctl.opening import Opening
from flowctl.traffic.waits import (
    ExportRate,
    Outcome,
    RawWait,
    Wait,
    expect,
    is_kept,
    is_overdue,
    learned,
    outcome,
    raw_wait,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
OPENING = Opening(ZONE, weekly=(((time(7), time(18)),),) * 7)
RATE = ExportRate(per_h=20.0, low=16.0, high=25.0)
HOUR_S = 3600.0


def at(hour: float, day: int = 23) -> float:
    midnight = datetime(2024, 1, day, tzinfo=ZONE).timestamp()
    return midnight + hour * HOUR_S


def raw(ahead: int, rate: ExportRate = RATE) -> RawWait:
    found = raw_wait(rate, ahead=ahead, travel_s=1800.0, screening_s=720.0)
    assert found is not None
    return found


def test_forty_trucks_at_twenty_an_hour_and_a_screening_are_two_hours_and_twelve_minutes():
    assert raw(40).mid == 2 * HOUR_S + 720


def test_who_has_nobody_before_it_still_has_papers_drives_and_is_screened():
    assert raw(0).mid == 3600 + 1800 + 720


def test_the_less_is_known_of_the_rate_the_wider_is_the_interval():
    sure, unsure = raw(100), raw(100, ExportRate(20.0, 8.0, 50.0))
    assert unsure.low < sure.low < sure.mid == unsure.mid < sure.high < unsure.high


def test_a_gate_that_takes_nothing_promises_nothing():
    still = ExportRate(0.0, 0.0, 1.0)
    assert raw_wait(still, ahead=3, travel_s=1800.0, screening_s=720.0) is None


def test_nights_are_in_the_promise():
    wait = expect(OPENING, at(17), raw(40), learned([]))
    assert wait.p50 == pytest.approx(at(7, day=24) + 1.2 * HOUR_S, abs=600)
    assert wait.p10 < wait.p50 < wait.p90


def test_before_opening_the_promise_begins_with_the_first_open_minute():
    wait = expect(OPENING, at(4), raw(0), learned([]))
    assert wait.p10 > at(7)


def promise(made: float, low: float, high: float) -> Wait:
    return Wait(made, RawWait(low, (low + high) / 2, high), made + low, made, made + high)


def test_a_promise_holds_for_who_is_through_in_time_and_not_before():
    said = promise(at(9), 3600, 7200)
    kept = [is_kept(OPENING, said, arrived=at(9), passed=at(hour)) for hour in (9.5, 10.5, 11.5)]
    assert kept == [False, True, False]


def test_who_came_ten_minutes_later_has_ten_minutes_more():
    said = promise(at(9), 3600, 7200)
    assert is_kept(OPENING, said, arrived=at(9 + 1 / 6), passed=at(11.1))
    assert not is_kept(OPENING, said, arrived=at(9), passed=at(11.1))


def test_before_opening_nobody_gains_time_by_coming_later():
    said = Wait(at(6), RawWait(60, 90, 120), at(7.5), at(7.7), at(8))
    assert not is_kept(OPENING, said, arrived=at(6.9), passed=at(8.2))


def test_who_still_waits_after_the_last_moment_is_overdue_at_once():
    said = promise(at(9), 3600, 7200)
    assert not is_overdue(OPENING, said, arrived=at(9), now=at(10.9))
    assert is_overdue(OPENING, said, arrived=at(9), now=at(11.1))


def played(bias: float, noise: float, *, night: bool = False) -> tuple[list[bool], list[Wait]]:
    """Let 700 trucks come one a while, each promised by those before it; who was kept his word.

    With ``night`` a truck's outcome is known only fifty trucks later.
    """
    rng, known, kept, said = np.random.default_rng(7), [], [], []
    for number in range(700):
        ahead = raw(int(rng.integers(60, 110)))
        told = expect(OPENING, at(7), ahead, learned(known[: number - 50] if night else known))
        took = min(ahead.mid * bias * float(np.exp(rng.normal(0.0, noise))), 10.9 * HOUR_S)
        passed = at(7) + took
        kept.append(is_kept(OPENING, told, arrived=at(7), passed=passed))
        known.append(outcome(OPENING, ahead, arrived=at(7), passed=passed, now=at(18)))
        said.append(told)
    return kept, said


@pytest.mark.parametrize(("bias", "noise"), [(1.0, 0.2), (1.5, 0.3), (0.6, 0.05), (0.8, 0.6)])
def test_intervals_hold_about_as_often_as_they_say_whatever_the_raw_ones_miss(
    bias: float, noise: float
):
    kept, _ = played(bias, noise)
    assert float(np.mean(kept[100:])) == pytest.approx(0.8, abs=0.06)


def test_what_is_known_late_is_learned_all_the_same():
    kept, _ = played(1.5, 0.3, night=True)
    assert float(np.mean(kept[150:])) == pytest.approx(0.8, abs=0.06)


def test_a_gate_that_keeps_step_gets_narrow_intervals():
    _, said = played(1.0, 0.05)
    first, last = (promised.p90 / promised.p10 for promised in (said[0], said[-1]))
    width = [(promised.p90 - promised.p10) / promised.raw.mid for promised in (said[0], said[-1])]
    assert last < first
    assert width[1] < width[0] / 4


def test_who_still_waits_holds_the_bounds_up():
    """Twenty quick trucks are through, eighty wait longer than they took."""
    quick = [Outcome(-1.0, through=True)] * 20
    slow = [Outcome(0.5, through=False)] * 80
    assert learned(quick).p50 == -1.0
    assert learned([*quick, *slow]).p50 > 0.5
    assert learned([*quick, *slow]).p10 == -1.0


def test_a_truck_that_just_came_says_nothing():
    fresh = outcome(OPENING, raw(40), arrived=at(9), passed=None, now=at(9))
    assert not fresh.through
    assert learned([fresh] * 100) == learned([])
