from hypothesis import given
from hypothesis import strategies as st

from flowctl.telemetry.rates import BURST_S, Rates, TokenBucket


def test_after_a_pause_ten_seconds_worth_comes_through_at_once_and_no_more():
    bucket = TokenBucket(5.0, now=0.0)
    assert [bucket.wait_s(1, now=100.0) for _ in range(50)] == [0.0] * 50
    assert bucket.wait_s(1, now=100.0) > 0


def test_who_comes_again_when_told_is_let_through():
    bucket = TokenBucket(5.0, now=0.0)
    assert bucket.wait_s(50, now=0.0) == 0
    wait_s = bucket.wait_s(10, now=1.0)
    assert wait_s == 1.0
    assert bucket.wait_s(10, now=1.0 + wait_s) == 0


def test_what_is_refused_costs_nothing():
    bucket = TokenBucket(5.0, now=0.0)
    assert bucket.wait_s(48, now=0.0) == 0
    assert bucket.wait_s(3, now=0.0) > 0
    assert bucket.wait_s(2, now=0.0) == 0


def test_a_batch_larger_than_the_bucket_comes_through_when_it_is_full_and_is_owed_afterwards():
    bucket = TokenBucket(5.0, now=0.0)
    assert bucket.wait_s(500, now=0.0) == 0
    assert bucket.wait_s(1, now=80.0) > 0
    assert bucket.wait_s(1, now=91.0) == 0


@given(st.lists(st.tuples(st.integers(0, 300), st.floats(0, 20)), min_size=1, max_size=60))
def test_in_the_long_run_no_more_comes_through_than_the_rate_and_one_burst(
    posts: list[tuple[int, float]],
):
    bucket, now, taken, largest = TokenBucket(7.0, now=0.0), 0.0, 0, 0
    for count, pause_s in posts:
        now += pause_s
        if bucket.wait_s(count, now=now) == 0:
            taken, largest = taken + count, max(largest, count)
    assert taken <= 7.0 * (now + BURST_S) + largest + 1e-6


def test_each_source_has_its_own_bucket_and_one_without_a_rate_none():
    rates = Rates()
    assert rates.wait_s(1, 1.0, 10, now=0.0) == 0
    assert rates.wait_s(1, 1.0, 10, now=0.0) > 0
    assert rates.wait_s(2, 1.0, 10, now=0.0) == 0
    assert rates.wait_s(3, None, 1_000_000, now=0.0) == 0


def test_a_changed_rate_holds_at_once():
    rates = Rates()
    assert rates.wait_s(1, 1.0, 10, now=0.0) == 0
    assert rates.wait_s(1, 2.0, 20, now=0.0) == 0
    assert rates.wait_s(1, 2.0, 20, now=0.0) > 0
