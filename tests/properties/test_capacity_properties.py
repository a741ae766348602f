"""What is learned of a gate depends on what happened there, not on how it was told."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.bench.gate_days import draw_days
from flowctl.state import GateHistory
from flowctl.traffic.capacity import estimate
from flowctl.traffic.forecast import Arrived, Pending, forecast
from flowctl.traffic.screenings import screenings

SEEDS = st.integers(0, 10_000)


def moment(hours: float) -> datetime:
    return datetime.combine(date(2024, 1, 1), datetime.min.time(), UTC) + timedelta(hours=hours)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, hours=st.floats(6.0, 21.0), shuffle=SEEDS)
def test_the_order_in_which_trucks_are_told_of_changes_nothing(
    seed: int, hours: float, shuffle: int
):
    days = draw_days(np.random.default_rng(seed), days=1)
    seen = days.seen_at(moment(hours).timestamp())
    order = np.random.default_rng(shuffle).permutation(len(seen.entered_at))
    mixed = GateHistory(
        seen.gate, seen.entered_at[order], seen.cleared_at[order], seen.is_import[order]
    )
    assert estimate(days.gate, mixed, moment(hours)) == estimate(days.gate, seen, moment(hours))


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, hours=st.floats(6.0, 21.0))
def test_what_is_still_to_come_changes_nothing(seed: int, hours: float):
    days = draw_days(np.random.default_rng(seed), days=1)
    at = moment(hours)
    assert estimate(days.gate, days.history, at) == estimate(
        days.gate, days.seen_at(at.timestamp()), at
    )


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, hours=st.floats(0.0, 30.0))
def test_every_estimate_lies_within_its_bounds(seed: int, hours: float):
    change = (0.5, "places", 5400.0) if seed % 2 else None
    days = draw_days(np.random.default_rng(seed), days=1, change=change)  # type: ignore[arg-type]
    learned = estimate(days.gate, days.seen_at(moment(hours).timestamp()), moment(hours))
    for rate in (learned, learned.exports, learned.imports):
        assert 0.0 <= rate.low <= rate.per_h <= rate.high
        assert np.isfinite(rate.high)
    assert learned.exports.per_h <= learned.per_h


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_screenings_taken_from_entries_and_clearances_last_as_long_as_they_did(seed: int):
    days = draw_days(np.random.default_rng(seed), days=1, load=1.3)
    seen = screenings(days.gate, days.history, moment(17.0))
    took = seen.took_s[seen.settled & seen.over]
    true_s = days.gate.inspection_places / days.per_h * 3600.0
    if len(took) > 5 * days.gate.inspection_places:
        assert abs(took.mean() / true_s - 1.0) < 0.05
    assert (took >= 0.0).all()


@settings(max_examples=50, deadline=None)
@given(
    seed=SEEDS,
    coming=st.integers(0, 60),
    past=st.integers(0, 200),
    share=st.floats(0.0, 1.0),
)
def test_no_more_trucks_are_forecast_than_there_can_be(
    seed: int, coming: int, past: int, share: float
):
    rng = np.random.default_rng(seed)
    now = 1.7e9
    eta = np.where(rng.random(coming) < 0.5, np.nan, now + rng.normal(3600, 7200, coming))
    pending = Pending(eta, now + rng.normal(7200, 7200, coming), np.full(coming, share))
    at = np.sort(now - rng.uniform(0, 7 * 86400.0, past))
    arrived = Arrived(at, at + 7200.0, at - rng.uniform(0, 28800.0, past), now - 7 * 86400.0)
    told = forecast(pending, arrived, now)
    alone = forecast(pending, Arrived(at[:0], at[:0], at[:0], now), now)
    assert np.isfinite(told.mean).all()
    assert (told.mean >= 0.0).all()
    assert alone.mean.sum() <= coming * share + 1e-6
    assert (told.p10 <= told.p50).all()
    assert (told.p50 <= told.p90).all()
