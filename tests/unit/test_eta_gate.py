"""Expected arrivals at a gate: its places, its queue of both directions, its opening hours."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from flowctl.opening import Opening
from flowctl.site import Access, Gate
from flowctl.traffic.calibration import Calibration
from flowctl.traffic.capacity import Rate
from flowctl.traffic.eta import Expected, Target, forecast, learn, on_road
from flowctl.traffic.eta_gate import GateNow, Unknown, at_gate, from_yard, gate_now, in_queue
from flowctl.traffic.open_time import open_moment, open_s

NOW = datetime(2024, 1, 23, 2, 0, tzinfo=UTC).timestamp()  # 09:00 in Hà Nội
OPENS = NOW - 2 * 3600.0
CLOSES = NOW + 9 * 3600.0
DAILY = Opening(ZoneInfo("Asia/Ho_Chi_Minh"), (((time(7), time(18)),),) * 7)
RATE = Rate(60.0, 48.0, 75.0)
FULL = GateNow(places=10, busy=10, imports=0, rate=RATE, imports_per_h=0.0, opening=DAILY)
HERE = in_queue("g", NOW)


def drive(seconds: float, *, since: float = NOW) -> Expected:
    return on_road(Target.GATE, "g", since, seconds, 0.0, Calibration())


def only(drive: Expected, gate: GateNow, now: float = NOW) -> Expected:
    """Return what is expected of one truck."""
    expected = at_gate([drive], gate, now)
    assert not isinstance(expected, Unknown)
    return expected[0]


def mids(drives: list[Expected], gate: GateNow, now: float = NOW) -> list[float]:
    """Return when each is expected, in seconds from ``now``."""
    expected = at_gate(drives, gate, now)
    assert not isinstance(expected, Unknown)
    return [one.moment(one.mid) - now for one in expected]


def test_the_trucks_ahead_are_served_first_at_the_gates_rate():
    waits = mids([HERE] * 60, FULL)
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(600 / 11)  # the first of ten screenings of ten minutes ends
    assert waits[-1] == pytest.approx(3600.0, rel=0.05)


def test_an_empty_gate_costs_the_way_alone():
    expected = only(drive(300.0), replace(FULL, busy=5))
    assert (expected.mid, expected.horizon()) == (pytest.approx(300.0), "gate/0")


def test_trucks_that_come_together_to_an_idle_gate_wait_for_its_places():
    waits = mids([drive(1200.0)] * 20, replace(FULL, busy=0))
    assert waits[:10] == [pytest.approx(1200.0)] * 10
    assert waits[10:] == [pytest.approx(1800.0)] * 10


def test_who_comes_first_is_served_first_whoever_was_called_first():
    far, near = mids([drive(1200.0), drive(300.0)], replace(FULL, places=1, busy=0))
    assert near == pytest.approx(300.0)
    assert far == pytest.approx(1200.0)


def test_waiting_imports_take_every_second_place():
    alone = mids([HERE] * 10, FULL)
    beside = mids([HERE] * 10, replace(FULL, imports=100))
    assert beside[-1] == pytest.approx(2 * alone[-1], rel=0.15)


def test_imports_that_keep_coming_slow_the_exports_down():
    alone = mids([HERE] * 60, FULL)
    beside = mids([HERE] * 60, replace(FULL, imports_per_h=20.0))
    assert beside[-1] == pytest.approx(1.5 * alone[-1], rel=0.1)  # 40 of 60 places an hour are left


def test_the_less_is_known_of_the_rate_the_wider_is_the_belief():
    sure = only(HERE, FULL)
    unsure = only(HERE, replace(FULL, rate=Rate(60.0, 0.0, 75.0)))
    assert sure.low < sure.mid < sure.high
    assert unsure.high > sure.high


def test_a_truck_that_comes_while_the_gate_is_closed_is_expected_when_it_opens():
    evening = datetime(2024, 1, 23, 12, 0, tzinfo=UTC).timestamp()  # 19:00 in Hà Nội
    expected = only(drive(300.0, since=evening), replace(FULL, busy=0), evening)
    eta = forecast(expected, Calibration(), evening)
    opens = datetime(2024, 1, 24, 0, 0, tzinfo=UTC).timestamp()
    assert (eta.p10, eta.p50, eta.p90) == (opens, opens, opens)


def test_what_is_not_served_before_closing_waits_for_the_morning():
    last = mids([HERE] * 600, FULL)[-1]  # 10 h of work, 9 h left
    assert datetime.fromtimestamp(NOW + last, UTC).date() == date(2024, 1, 24)


def test_no_quantile_falls_into_the_hours_in_which_the_gate_is_closed():
    evening, learned = CLOSES - 1200.0, Calibration()
    for _ in range(40):
        expected = only(drive(900.0, since=NOW), FULL)
        learned = learn(learned, forecast(expected, learned, NOW), NOW + 1500.0)
    drives = [drive(311.0 + 61.0 * n, since=evening) for n in range(30)]
    beliefs = at_gate(drives, FULL, evening)
    assert not isinstance(beliefs, Unknown)
    etas = [forecast(one, learned, evening) for one in beliefs]
    said = [moment for eta in etas for moment in (eta.p10, eta.p50, eta.p90)]
    assert {DAILY.is_open(datetime.fromtimestamp(moment, UTC)) for moment in said} == {True}
    assert min(said) < CLOSES < max(said)


def test_an_arrival_of_the_next_morning_is_scored_in_open_time():
    expected = only(drive(900.0, since=CLOSES - 1200.0), FULL, CLOSES - 1200.0)
    assert expected.seconds_to(CLOSES + 13 * 3600.0 + 60.0) == pytest.approx(1260.0)


def test_a_gate_that_takes_nothing_has_no_expected_arrival_but_a_reason():
    for per_h in (0.0, float("nan")):
        gate = replace(FULL, rate=Rate(per_h, 0.0, 1.0))
        assert at_gate([HERE], gate, NOW) is Unknown.NO_CAPACITY


def test_a_gate_that_never_opens_is_said_so():
    never = Opening(DAILY.timezone, ((),) * 7)
    assert at_gate([HERE], replace(FULL, opening=never), NOW) is Unknown.NEVER_OPEN
    assert open_moment(never, NOW, 60.0) == NOW


def test_a_called_truck_in_its_yard_counts_from_its_call():
    belief = from_yard(Access("g", 900.0, 0.25), NOW - 100.0)
    assert (belief.since, belief.mid) == (NOW - 100.0, 900.0)
    assert belief.low < belief.mid < belief.high


def test_trucks_inside_are_told_apart_as_far_as_anybody_can():
    gate = Gate("g", {}, 2, 10, 60.0, 2.0, 10.0, DAILY)
    seen = gate_now(gate, RATE, 45.0, inside=16, queued=3, in_lane=4, now=NOW)
    assert (seen.places, seen.busy, seen.imports) == (10, 10, 3)  # 6 imports are at places
    assert seen.imports_per_h == 15.0
    before = gate_now(gate, RATE, 45.0, inside=16, queued=3, in_lane=0, now=OPENS - 600.0)
    assert (before.busy, before.imports) == (0, 13)


def test_open_time_stands_while_the_gate_is_closed():
    night = CLOSES + 3600.0
    assert open_s(DAILY, NOW, night) == 9 * 3600.0
    assert open_s(DAILY, night, NOW) == 0.0
    assert open_moment(DAILY, NOW, 9 * 3600.0) == CLOSES + 13 * 3600.0
    assert open_moment(DAILY, NOW, 60.0) == NOW + 60.0
    assert open_s(DAILY, NOW, open_moment(DAILY, NOW, 20 * 3600.0)) == 20 * 3600.0
