"""Arrivals are forecast from who is on the way, who is declared, and the days before."""

import numpy as np
import pytest
from numpy.typing import NDArray

from flowctl.traffic.forecast import DEFAULTS, Arrived, Forecast, Pending, forecast

DAY = 86400.0
NOW = 20.0 * DAY + 36000.0 + 450.0  # in the middle of a bin
NOBODY = Pending(np.empty(0), np.empty(0), np.empty(0))


def arrived(
    at: NDArray[np.float64], *, since: float = NOW - 7 * DAY, lead_s: float = 7200.0
) -> Arrived:
    return Arrived(at, at + 7200.0, at - lead_s, since)


NEVER = arrived(np.empty(0), since=NOW)


def waiting(eta: list[float], ready: list[float] | None = None, share: float = 1.0) -> Pending:
    ready_at = np.array(ready if ready is not None else [NOW + 9999.0] * len(eta))
    return Pending(np.array(eta), ready_at, np.full(len(eta), share))


def every_day(per_day: int, hour: float, days: int = 7) -> NDArray[np.float64]:
    """So many arrivals in the hour after ``hour`` o'clock on each of the days before."""
    return np.array(
        [
            20.0 * DAY - day * DAY + hour * 3600.0 + 3600.0 * (n + 0.5) / per_day
            for day in range(1, days + 1)
            for n in range(per_day)
        ]
    )


def total(told: Forecast) -> float:
    return float(told.mean.sum())


def test_where_nothing_is_known_nothing_is_expected():
    told = forecast(NOBODY, NEVER, NOW)
    assert len(told.mean) == DEFAULTS.bins
    assert total(told) == 0.0
    assert told.p90.max() == 0


def test_the_first_bin_counts_only_what_is_left_of_it():
    told = forecast(NOBODY, NEVER, NOW)
    assert told.starts_at[0] == NOW - 450.0
    assert np.diff(told.starts_at).tolist() == [900.0] * 15


def test_a_truck_seen_on_the_road_comes_about_when_it_is_expected():
    told = forecast(waiting([NOW + 3600.0]), NEVER, NOW)
    assert total(told) == pytest.approx(1.0, abs=0.01)
    assert told.starts_at[told.mean.argmax()] <= NOW + 3600.0 < NOW + 4500.0
    assert told.mean[:2].sum() < 0.05


def test_a_truck_whose_expected_moment_has_passed_comes_now():
    told = forecast(waiting([NOW - 600.0]), NEVER, NOW)
    assert told.mean[0] == pytest.approx(1.0, abs=0.01)


def test_a_declared_truck_comes_as_those_before_did():
    past = arrived(every_day(200, 3.0))  # always two hours before they are ready
    told = forecast(waiting([np.nan], ready=[NOW + 7200.0 + 5400.0]), past, NOW)
    assert told.mean[5:8].sum() > 0.8


def test_a_truck_later_than_anybody_ever_was_may_not_come():
    told = forecast(waiting([np.nan], ready=[NOW - 5 * DAY]), arrived(every_day(50, 3.0)), NOW)
    assert total(told) == pytest.approx(0.0, abs=0.01)


def test_half_a_share_is_half_a_truck():
    assert total(forecast(waiting([NOW + 3600.0], share=0.5), NEVER, NOW)) == pytest.approx(
        0.5, abs=0.01
    )


def test_those_not_declared_yet_are_expected_as_on_the_days_before():
    # 40 a day between twelve and one, declared ten minutes ahead: at ten nobody knows of them.
    past = arrived(every_day(40, 12.0), lead_s=600.0)
    told = forecast(NOBODY, past, NOW)
    noon = (told.starts_at >= 20.0 * DAY + 12 * 3600.0) & (
        told.starts_at < 20.0 * DAY + 13 * 3600.0
    )
    assert told.mean[noon].sum() > 15.0
    assert told.mean[noon].sum() > 2.0 * told.mean[:5].sum()


def test_those_declared_long_ahead_are_not_counted_twice():
    soon = forecast(NOBODY, arrived(every_day(40, 12.0), lead_s=600.0), NOW)
    long = forecast(NOBODY, arrived(every_day(40, 12.0), lead_s=30000.0), NOW)
    assert total(long) < 0.2 * total(soon)


def test_a_busier_day_than_usual_goes_on_busier():
    usual = every_day(30, 9.0, 7)
    usual = np.concatenate([usual, every_day(30, 12.0, 7)])
    today = 20.0 * DAY + 9 * 3600.0 + 3600.0 * (np.arange(90) + 0.5) / 90
    calm = forecast(NOBODY, arrived(usual, lead_s=600.0), NOW)
    busy = forecast(NOBODY, arrived(np.sort(np.append(usual, today)), lead_s=600.0), NOW)
    assert total(busy) > 1.5 * total(calm)


def test_on_the_first_day_the_last_hours_are_the_measure():
    recent = NOW - np.arange(1.0, 41.0) * 180.0
    told = forecast(NOBODY, arrived(np.sort(recent), since=NOW - 7200.0, lead_s=60.0), NOW)
    assert 10.0 < total(told) < 85.0


def test_what_lies_in_the_future_is_not_known():
    past = every_day(40, 12.0)
    ahead = np.concatenate([past, NOW + np.arange(1.0, 50.0)])
    assert total(forecast(NOBODY, arrived(ahead), NOW)) == pytest.approx(
        total(forecast(NOBODY, arrived(past), NOW))
    )


def test_quantiles_hold_what_a_poisson_stream_brings():
    rng = np.random.default_rng(5)
    rows = waiting(list(NOW + rng.uniform(0, 14400, 300)))
    told = forecast(rows, NEVER, NOW)
    assert (told.p10 <= told.p50).all()
    assert (told.p50 <= told.p90).all()
    assert np.abs(told.p50 - told.mean).max() <= 1.0
    assert (told.p90 - told.p10)[1:].min() >= 4
