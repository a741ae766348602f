"""What holds of every expected arrival, whatever was learned before."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.opening import Opening
from flowctl.traffic.calibration import Calibration
from flowctl.traffic.capacity import Rate
from flowctl.traffic.eta import (
    Eta,
    Target,
    forecast,
    forecasts,
    learn,
    on_road,
)
from flowctl.traffic.eta_gate import GateNow, at_gate, in_queue

NOW = datetime(2024, 1, 23, 2, 0, tzinfo=UTC).timestamp()
DAILY = Opening(ZoneInfo("Asia/Ho_Chi_Minh"), (((time(7), time(18)),),) * 7)

lefts = st.floats(0.0, 20_000.0)
ages = st.floats(0.0, 7200.0)
paces = st.floats(-0.7, 0.7)


@st.composite
def calibrations(draw: st.DrawFn) -> Calibration:
    """Draw what any run of arrivals, early, late or absurd, may have taught."""
    learned = Calibration()
    for left, took in draw(st.lists(st.tuples(lefts, st.floats(0.0, 50_000.0)), max_size=30)):
        eta = forecast(on_road(Target.YARD, "y", NOW, left, 0.1, learned), learned, NOW)
        learned = learn(learned, eta, NOW + took)
    return learned


def eta_after(left: float, age: float, shown: float, learned: Calibration) -> Eta:
    expected = on_road(Target.YARD, "y", NOW, left, shown, learned)
    return forecast(expected, learned, NOW + age)


@given(lefts, ages, paces, calibrations())
def test_quantiles_rise_and_none_lies_before_now(
    left: float, age: float, shown: float, learned: Calibration
):
    eta = eta_after(left, age, shown, learned)
    assert NOW + age <= eta.p10 <= eta.p50 <= eta.p90


@given(lefts, ages, st.floats(0.0, 3600.0), calibrations())
def test_silence_never_narrows_an_interval(
    left: float, age: float, longer: float, learned: Calibration
):
    before, after = (eta_after(left, each, 0.0, learned) for each in (age, age + longer))
    assert after.p90 - after.p10 >= before.p90 - before.p10 - min(longer, 60.0) - 1e-3


@given(ages, paces, calibrations())
def test_at_the_fence_nothing_is_left_to_expect(age: float, shown: float, learned: Calibration):
    eta = eta_after(0.0, age, shown, learned)
    assert eta.p10 == eta.p90 == NOW + age


waits = st.lists(lefts, min_size=1, max_size=30)
rates = st.floats(20.0, 200.0)


def gates(busy: int, imports: int, per_h: float, import_share: float) -> GateNow:
    rate = Rate(per_h, per_h * 0.7, per_h * 1.4)
    return GateNow(20, busy, imports, rate, import_share * per_h, DAILY)


@given(waits, st.integers(0, 20), st.integers(0, 50), rates, st.floats(0.0, 0.5))
def test_the_raw_belief_at_a_gate_rises_and_more_trucks_ahead_never_make_it_earlier(
    lasts: list[float], busy: int, imports: int, per_h: float, import_share: float
):
    drives = [on_road(Target.GATE, "g", NOW, left, 0.0, Calibration()) for left in lasts]
    gate = gates(busy, imports, per_h, import_share)
    fewer, more = (at_gate([*ahead, *drives], gate, NOW) for ahead in ([], [in_queue("g", NOW)]))
    assert isinstance(fewer, list)
    assert isinstance(more, list)
    for one, later, drive in zip(fewer, more[1:], drives, strict=True):
        assert one.low <= one.mid <= one.high
        assert one.moment(one.mid) >= NOW + drive.mid - 1e-3
        assert later.mid >= one.mid - 1e-6


@settings(max_examples=25)
@given(calibrations(), st.lists(st.tuples(st.sampled_from(Target), lefts, paces, ages), max_size=9))
def test_many_forecasts_at_once_are_those_of_each_alone(
    learned: Calibration, trucks: list[tuple[Target, float, float, float]]
):
    beliefs = {
        trip: on_road(target, "p", NOW - age, left, shown, learned)._replace(
            opening=DAILY if target is Target.GATE else None
        )
        for trip, (target, left, shown, age) in enumerate(trucks)
    }
    alone = {trip: forecast(one, learned, NOW) for trip, one in beliefs.items()}
    assert forecasts(beliefs, learned, NOW) == alone
