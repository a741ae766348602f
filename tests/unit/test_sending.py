"""What becomes of a message, and how fast a gateway is asked: decisions without any I/O."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.notify.gateways import (
    GatewayAway,
    GatewayBusy,
    GatewayError,
    MessageRefused,
    MessageUnsure,
    Tariff,
)
from flowctl.notify.outcomes import PARAMS, InHand, after_failure
from flowctl.notify.pacing import Pace, PaceParams, Way
from flowctl.notify.verdicts import Verdict, judge
from flowctl.policy import NotifyRules
from flowctl.storage.outbox import is_urgent
from flowctl.storage.sending import DueMessage, Given, PutBack

NOW = datetime(2024, 1, 23, 1, 0, tzinfo=UTC)
RULES = NotifyRules(most_per_day=3, gather_s=120)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def due(kind: str = "slot_changed", **changes: object) -> DueMessage:
    message = DueMessage(
        id=7,
        trip_id=1,
        kind=kind,
        params={},
        urgent=is_urgent(kind),
        created_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        attempts=0,
        gateway=None,
        unsure_since_wall_at=None,
        plate="12C00001",
        link_epoch=0,
        language="vi",
        phone_cipher=b"x",
        silent=False,
        later_kinds=[],
        told_at=None,
        sent_today=0,
    )
    return replace(message, **changes)


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        (due(), Verdict.SEND),
        (due("slot", later_kinds=["slot_changed"]), Verdict.SUPERSEDED),
        (due("slot", later_kinds=["registered"]), Verdict.SEND),
        (due("call_up", later_kinds=["hold"]), Verdict.SUPERSEDED),
        (due("login_code", later_kinds=["login_code"]), Verdict.SUPERSEDED),
        (due("call_up", expires_at=NOW), Verdict.EXPIRED),
        (due("registered", expires_at=None, created_at=ago(86_400)), Verdict.EXPIRED),
        (due("registered", expires_at=None, created_at=ago(86_399)), Verdict.SEND),
        (due(phone_cipher=None), Verdict.EXPIRED),
        (due("registered", sent_today=3), Verdict.LIMITED),
        (due("registered", sent_today=2), Verdict.SEND),
        (due("call_up", sent_today=30), Verdict.SEND),
        (due("reply_status", sent_today=30), Verdict.SEND),
        (due("call_up", silent=True), Verdict.LIMITED),
        (due("reply_stopped", silent=True), Verdict.SEND),
        (due("login_code", silent=True), Verdict.SEND),
        (due(told_at=ago(119)), Verdict.GATHER),
        (due(told_at=ago(120)), Verdict.SEND),
        (due("call_up", told_at=ago(1)), Verdict.SEND),
        (due(told_at=NOW + timedelta(hours=9)), Verdict.SEND),
    ],
)
def test_a_message_is_sent_unless_it_is_outdated_too_much_or_too_soon(
    message: DueMessage, verdict: Verdict
):
    assert judge(message, RULES, NOW) is verdict


def test_a_limit_of_none_a_day_is_no_limit():
    assert judge(due(sent_today=99), replace(RULES, most_per_day=0), NOW) is Verdict.SEND


def held(**changes: object) -> InHand:
    return InHand(due(**changes), NOW, 0.0)


def after(one: InHand, error: GatewayError, **more: bool) -> PutBack | Given | None:
    situation = {"takes_others": False, "elsewhere": False, **more}
    return after_failure(one, error, "a", PARAMS, **situation)


def test_what_a_gateway_surely_did_not_take_is_asked_of_the_next_at_once():
    one = held()
    assert after(one, GatewayAway("gone"), elsewhere=True) is None
    assert (one.may_go_to("a"), one.may_go_to("b")) == (False, True)


def test_what_a_gateway_may_have_taken_goes_back_to_it_alone():
    back = after(held(), MessageUnsure("silence"), elsewhere=True)
    assert isinstance(back, PutBack)
    assert (back.gateway, back.attempts, back.wait_s) == ("a", 1, 1.0)
    bound = InHand(due(gateway="a"), NOW, 0.0, only="a")
    back = after(bound, GatewayAway("gone"), elsewhere=True)
    assert isinstance(back, PutBack)
    assert back.gateway == "a"


def test_no_message_is_given_up_for_a_gateway_that_is_away_or_busy():
    for error in (GatewayAway("gone"), GatewayBusy("slow", 1.0)):
        one = replace(held(attempts=15), busy=1)
        assert isinstance(after(one, error), PutBack)
        assert isinstance(after(one, error, takes_others=True), Given)


def test_a_refused_message_is_dead_with_what_the_gateway_said():
    dead = after(held(), MessageRefused("no such number"))
    assert dead == Given(7, NOW, "dead", "no such number")


def test_a_busy_gateway_keeps_the_message_once_and_then_lets_it_wait():
    one = held()
    assert after(one, GatewayBusy("slow", 1.0)) is None
    assert isinstance(after(one, GatewayBusy("slow", 1.0)), PutBack)


def test_retries_wait_longer_and_longer_and_end_after_ten_minutes():
    waits = [PARAMS.retry_s(n) for n in range(PARAMS.attempts - 1)]
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert 500 < sum(waits) < 700


def test_a_price_goes_by_the_longest_beginning_of_the_number():
    prices = {"+84": Decimal(700), "+8490": Decimal(650), "": Decimal(2000)}
    tariff = Tariff("VND", prices)
    assert tariff.find_price("+84903123456") == 650
    assert tariff.find_price("+84353123456") == 700
    assert tariff.find_price("+8613812345678") == 2000
    assert Tariff("VND", {"+84": Decimal(700)}).find_price("+8613812345678") is None


@settings(max_examples=40, deadline=None)
@given(
    rate=st.sampled_from([0.5, 3.0, 30.0, 200.0]),
    parts=st.lists(st.integers(1, 4), min_size=1, max_size=60),
    gaps=st.lists(st.floats(0, 0.2), min_size=1, max_size=60),
)
def test_no_more_parts_go_than_the_rate_and_a_quarter_second_allow(
    rate: float, parts: list[int], gaps: list[float]
):
    pace = Pace(rate, window=1_000)
    now, given, largest = 100.0, 0, max(parts)
    for n, gap in enumerate(gaps * 5):
        now += gap
        if pace.has_room(now):
            pace.hand(parts[n % len(parts)], now)
            given += parts[n % len(parts)]
    assert given <= rate * (now - 100.0) + max(1.0, 0.25 * rate) + largest


def test_the_window_is_kept():
    pace = Pace(1_000.0, window=2)
    for _ in range(2):
        assert pace.has_room(1.0)
        pace.hand(1, 1.0)
    assert not pace.has_room(1.0)
    pace.end()
    assert pace.has_room(1.0)


def test_a_busy_gateway_is_asked_half_as_often_and_recovers_within_a_minute():
    pace = Pace(100.0, window=10)
    for _ in range(5):  # handed over together, they speak of one moment
        pace.busy(handed_at=9.0, retry_after_s=2.0, trouble="throttled", now=10.0)
    assert pace.way(11.0) is Way.BUSY
    assert not pace.has_room(11.9)
    assert pace.rate(12.0) == pytest.approx(50.0, abs=0.5)
    assert pace.has_room(12.1)
    assert 50.0 < pace.rate(30.0) < 100.0
    assert pace.way(72.0) is Way.OPEN


def test_a_gateway_that_is_away_is_left_alone_longer_and_longer_and_tried_by_one():
    pace, now, waits = Pace(100.0, window=10, params=PaceParams(longest_away_s=8.0)), 10.0, []
    for _ in range(5):
        pace.hand(1, now)
        pace.away(handed_at=now, trouble="gone", now=now)
        pace.end()
        waits.append(pace.wait_s(now))
        assert not pace.has_room(now)
        now += waits[-1]
        assert pace.way(now) is Way.AWAY
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0]
    assert pace.has_room(now)
    pace.hand(1, now)
    assert not pace.has_room(now), "one tries it"
    pace.took(now)
    assert (pace.way(now), pace.trouble) == (Way.OPEN, None)
    assert pace.has_room(now + 0.1)


def test_a_message_that_alone_fails_does_not_close_the_gateway_for_others():
    pace = Pace(100.0, window=10)
    pace.took(12.0)
    pace.away(handed_at=11.0, trouble="gone", now=13.0)
    assert pace.way(13.0) is Way.OPEN
