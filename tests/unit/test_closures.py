"""Closures and lost lanes: what they leave of a site, and which are refused."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from builders import at, small_gate, small_site
from hypothesis import given
from hypothesis import strategies as st

from flowctl.closures import Closure, check_closure, closed_for_unknown, taken_end, with_closures
from flowctl.errors import FlowctlError
from flowctl.opening import Opening
from flowctl.policy import ClosureRules

SITE = small_site([small_gate("north"), small_gate("south")])


def closure(
    starts: str = "10:00", ends: str | None = "12:00", *, places_left: int = 0, **other: object
) -> Closure:
    found = Closure(
        id=1,
        gate="north",
        starts_at=at(starts),
        ends_at=None if ends is None else at(ends),
        places_left=places_left,
        reason="rockfall",
        entered_by="operator:an",
        changed_at=at(starts),
    )
    return found._replace(**other)  # type: ignore[arg-type]


def hours(opening: Opening) -> list[tuple[datetime, datetime]]:
    return list(opening.between(at("00:00"), at("23:00")))


def test_a_closed_gate_is_open_before_and_after_and_the_others_all_day():
    north, south = with_closures(SITE, [closure()], at("09:00")).gates
    assert hours(north.opening) == [(at("07:00"), at("10:00")), (at("12:00"), at("18:00"))]
    assert hours(south.opening) == [(at("07:00"), at("18:00"))]
    assert north.inspection_places == 4


def test_an_unknown_end_moves_on_while_the_closure_lasts():
    for now, opens in [("09:00", "12:00"), ("10:30", "12:30"), ("15:00", "17:00")]:
        north = with_closures(SITE, [closure(ends=None)], at(now)).gate_by_id["north"]
        assert hours(north.opening)[-1] == (at(opens), at("18:00"))


def test_only_a_closure_of_unknown_end_that_has_begun_holds_trucks():
    known, unknown = closure(), closure(ends=None)
    assert closed_for_unknown([known], at("11:00")) == frozenset()
    assert closed_for_unknown([unknown], at("09:59")) == frozenset()
    assert closed_for_unknown([unknown], at("10:00")) == {"north"}
    assert closed_for_unknown([unknown._replace(places_left=2)], at("11:00")) == frozenset()


def test_lost_lanes_leave_places_and_capacity_from_then_on():
    loss = closure(places_left=1)
    before = with_closures(SITE, [loss], at("09:59")).gate_by_id["north"]
    during = with_closures(SITE, [loss], at("10:00")).gate_by_id["north"]
    after = with_closures(SITE, [loss], at("12:00")).gate_by_id["north"]
    assert [gate.inspection_places for gate in (before, during, after)] == [4, 1, 4]
    assert [gate.capacity_prior_per_h for gate in (before, during, after)] == [20.0, 5.0, 20.0]
    assert before.share_at(at("11:00")) == 0.25
    assert before.share_at(at("12:00")) == 1.0
    assert hours(during.opening) == [(at("07:00"), at("18:00"))]


def test_the_other_side_and_a_closure_hold_together():
    other = Opening(SITE.timezone, SITE.gates[0].opening.weekly, {at("12:00").date(): ()})
    gate = small_gate(hours=replace(SITE.gates[0].opening, opposite=other))
    shut = with_closures(small_site([gate]), [closure()], at("09:00")).gates[0]
    assert hours(shut.opening) == []


@given(
    st.lists(st.tuples(st.integers(0, 1400), st.integers(1, 300)), max_size=5),
    st.integers(0, 1439),
)
def test_no_moment_of_a_closure_is_open_and_no_other_is_shut(
    spans: list[tuple[int, int]], minute: int
):
    start = at("00:00")
    shut = [
        closure()._replace(
            starts_at=start + timedelta(minutes=begin),
            ends_at=start + timedelta(minutes=begin + lasts),
        )
        for begin, lasts in spans
    ]
    moment = start + timedelta(minutes=minute)
    gate = with_closures(SITE, shut, start).gate_by_id["north"]
    closed = any(one.starts_at <= moment < taken_end(one, ClosureRules(), start) for one in shut)
    assert gate.opening.is_open(moment) == (SITE.gates[0].opening.is_open(moment) and not closed)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (closure(gate="west"), "There is no gate 'west'; somewhere has north and south"),
        (closure("12:00", "10:00"), "ends_at 2024-01-23 10:00 is not after starts_at"),
        (closure("12:00", "12:00"), "is not after"),
        (closure(starts_at=at("08:00", 22)), "more than a day ago"),
        (closure(starts_at=at("08:00", 1) + timedelta(days=90), ends=None), "60 days ahead"),
        (closure(ends_at=at("08:00") + timedelta(days=70)), "longer than 60 days"),
        (closure(places_left=4), "has 4 inspection places, so 4 left is no loss"),
    ],
)
def test_a_closure_that_cannot_be_meant_is_refused(wrong: Closure, sentence: str):
    with pytest.raises(FlowctlError, match=sentence):
        check_closure(SITE, wrong, [], at("09:00"))


def test_two_closures_of_a_gate_do_not_overlap():
    standing = closure("10:00", "12:00")._replace(id=7)
    check_closure(SITE, closure("12:00", None), [standing], at("09:00"))
    check_closure(SITE, closure("11:00", None, gate="south"), [standing], at("09:00"))
    check_closure(SITE, standing._replace(ends_at=at("13:00")), [standing], at("09:00"))
    with pytest.raises(FlowctlError, match="Closure 7 of north stands from 2024-01-23 10:00"):
        check_closure(SITE, closure("09:00", None), [standing], at("09:00"))
    with pytest.raises(FlowctlError, match="an unknown end"):
        check_closure(
            SITE, closure("20:00", "21:00"), [standing._replace(ends_at=None)], at("09:00")
        )
