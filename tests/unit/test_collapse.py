"""A gate's drop, standstill and recovery are told, and nobody coming is none of them."""

from datetime import datetime, time, timedelta

import numpy as np
import pytest
from builders import at, opening, small_gate

from flowctl.site import Gate
from flowctl.state import GateHistory
from flowctl.traffic.capacity import CapacityEstimate, estimate
from flowctl.traffic.collapse import GateMode

GATE = small_gate(places=4, per_h=20.0, weight_h=1.0)
LOW = (GateMode.REDUCED, GateMode.STOPPED)


def cleared_from(start: datetime, end: datetime, every_s: float) -> list[datetime]:
    count = int((end - start).total_seconds() // every_s)
    return [start + timedelta(seconds=every_s * (n + 1)) for n in range(count)]


def full(moments: list[datetime], *, waiting: int = 3, lag_s: float = 0.0) -> GateHistory:
    """Trucks cleared at these moments with ``waiting`` always behind the four being screened."""
    ahead = 4 + waiting
    gone = [moment.timestamp() for moment in moments] + [np.nan] * ahead
    came = [moments[0].timestamp() - 900.0] * ahead + gone[: len(moments)]
    return GateHistory(
        "north", np.array(came), np.array(gone), np.zeros(len(gone), dtype=bool), lag_s
    )


def found(history: GateHistory, now: datetime, gate: Gate = GATE) -> CapacityEstimate:
    return estimate(gate, history, now)


MORNING = cleared_from(at("07:00"), at("10:00"), 180.0)


def test_a_gate_that_goes_on_as_it_does_is_normal():
    learned = found(full(MORNING), at("10:00"))
    assert learned.state is GateMode.NORMAL
    assert learned.per_h == pytest.approx(20.0, rel=0.03)


def test_a_gate_nobody_was_seen_at_is_unknown():
    nobody = GateHistory("north", np.empty(0), np.empty(0), np.empty(0, dtype=bool))
    assert found(nobody, at("10:00")).state is GateMode.UNKNOWN


def test_a_standstill_is_told_by_the_passing_of_time_alone():
    stopped = full(MORNING)
    soon, later = found(stopped, at("10:10")), found(stopped, at("10:30"))
    assert soon.state is GateMode.NORMAL
    assert later.state is GateMode.STOPPED
    assert later.since is not None
    assert abs(later.since - at("10:00")) <= timedelta(minutes=5)
    assert later.per_h < 5.0
    assert later.high < 15.0


def test_half_the_rate_is_told_and_learned_within_a_few_screenings():
    halved = MORNING + cleared_from(at("10:00"), at("11:00"), 360.0)
    told = next(
        minute
        for minute in range(60)
        if found(full(halved), at("10:00") + timedelta(minutes=minute)).state in LOW
    )
    assert 5 <= told <= 25
    learned = found(full(halved), at("10:45"))
    assert learned.state is GateMode.REDUCED
    assert learned.per_h == pytest.approx(10.0, rel=0.15)
    assert learned.low < 10.0 < learned.high


def test_a_recovery_is_told_and_the_old_rate_believed_again():
    back = MORNING + cleared_from(at("11:00"), at("12:30"), 180.0)
    assert found(full(back), at("10:59")).state is GateMode.STOPPED
    learned = found(full(back), at("11:20"))
    assert learned.state in (GateMode.RECOVERING, GateMode.NORMAL)
    assert learned.since is not None
    assert learned.since >= at("10:55")
    assert learned.per_h == pytest.approx(20.0, rel=0.1)
    assert found(full(back), at("12:30")).state is GateMode.NORMAL


def test_nobody_coming_after_a_busy_morning_is_no_standstill():
    quiet = full(MORNING)
    last = np.isnan(quiet.cleared_at)
    gone = quiet.cleared_at.copy()
    gone[last] = at("10:00").timestamp() + 180.0 * np.arange(1, last.sum() + 1)
    history = GateHistory("north", quiet.entered_at, gone, quiet.is_import)
    for minutes in (30, 60, 119):
        moment = at("10:21") + timedelta(minutes=minutes)
        assert found(history, moment).state is GateMode.NORMAL
    assert found(history, at("15:00")).state is GateMode.UNKNOWN, "it has not been full for hours"


def test_three_trucks_standing_at_four_places_are_no_evidence():
    few = full(MORNING, waiting=0)
    came, gone = few.entered_at[:-1], few.cleared_at[:-1]
    history = GateHistory("north", came, gone, few.is_import[:-1])
    assert found(history, at("10:00")).state is not GateMode.STOPPED


def test_a_lunch_closure_of_the_calendar_is_no_standstill():
    hours = opening(((time(7), time(10)), (time(11, 30), time(18))))
    gate = small_gate(places=4, per_h=20.0, hours=hours)
    lunch = MORNING + cleared_from(at("11:30"), at("12:30"), 180.0)
    assert found(full(lunch), at("11:00"), gate).state is GateMode.UNKNOWN, "it is closed"
    for moment in (at("11:31"), at("11:36"), at("11:50"), at("12:30")):
        assert found(full(lunch), moment, gate).state is GateMode.NORMAL


def test_a_closure_nobody_announced_is_a_standstill():
    assert found(full(MORNING), at("11:00")).state is GateMode.STOPPED


def test_late_positions_are_not_taken_for_a_standstill():
    behind = full(MORNING, lag_s=1000.0)
    assert found(behind, at("10:15")).state is GateMode.NORMAL
    assert found(behind, at("10:45")).state is GateMode.STOPPED, "later than they ever come"
    assert found(full(MORNING, lag_s=3600.0), at("10:30")).state is GateMode.UNKNOWN


def test_a_drop_of_yesterday_is_not_today_s():
    halved = cleared_from(at("07:00", 22), at("12:00", 22), 180.0)
    halved += cleared_from(at("12:00", 22), at("18:00", 22), 360.0)
    today = cleared_from(at("07:00"), at("09:00"), 180.0)
    history = full(halved + today)
    assert found(history, at("17:59", 22)).state is GateMode.REDUCED
    assert found(history, at("08:30")).state is GateMode.NORMAL


def test_a_gate_slow_from_its_opening_on_is_told():
    # Every screening ends after the drop could be told: all of them are looked at once more.
    slow = full(cleared_from(at("07:00"), at("10:30"), 1800.0))
    learned = found(slow, at("10:31"))
    assert learned.state is GateMode.REDUCED
    assert learned.per_h < 8.0


def test_a_gate_that_is_open_day_and_night_is_watched_over_midnight():
    hours = opening(((time(0), time(23, 59, 59)),))
    gate = small_gate(places=4, per_h=20.0, hours=hours)
    night = cleared_from(at("20:00", 22), at("23:58", 22), 180.0)
    assert found(full(night), at("00:40"), gate).state is GateMode.STOPPED


def test_a_gate_closed_all_day_says_nothing():
    gate = small_gate(places=4, hours=opening(()))
    learned = found(full(MORNING), at("12:00"), gate)
    assert learned.state is GateMode.UNKNOWN
    assert learned.per_h == pytest.approx(20.0)


def test_a_clock_set_back_forgets_what_lies_ahead():
    halved = MORNING + cleared_from(at("10:00"), at("12:00"), 360.0)
    before, after = found(full(MORNING), at("09:30")), found(full(halved), at("09:30"))
    assert before == after


def test_nonsense_in_the_history_is_survived():
    history = full(MORNING)
    came, gone = history.entered_at.copy(), history.cleared_at.copy()
    came[5], came[9] = np.nan, gone[9] + 500.0  # never seen coming; cleared before it came
    gone[12] = at("23:00", 30).timestamp()  # from the future
    learned = found(GateHistory("north", came, gone, history.is_import), at("10:00"))
    assert learned.per_h == pytest.approx(20.0, rel=0.1)
    tiny = small_gate(places=4, per_h=1e-3)
    assert found(history, at("10:00"), tiny).per_h == pytest.approx(20.0, rel=0.05)
