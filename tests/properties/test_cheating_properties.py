"""No honest track, however it was driven and sent, gives its truck away."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from flowctl.alarms.alerts import Point
from flowctl.cheating.prism import cannot_have_been
from flowctl.cheating.speed import Leg, impossible_speeds
from flowctl.cheating_limits import CheatingParams

PARAMS = CheatingParams()
EIGHT = datetime(2024, 1, 23, 1, 0, tzinfo=UTC)
Driven = Sequence[tuple[int, float, float]]
_DEGREE_M = 112_000.0
"""Metres of a degree of latitude, rounded up: what is driven is never faster than drawn here."""

steps = st.lists(
    st.tuples(st.integers(1, 900), st.floats(-1, 1), st.floats(-1, 1)), min_size=2, max_size=40
)
"""Seconds to the next fix, and which share of the way a truck can drive in them, east and north."""


def drive(driven: Driven) -> list[Point]:
    """Return the fixes of a truck that never drives faster than a truck can."""
    at, lon, lat = EIGHT, 106.7, 22.0
    fixes = [Point(at, lon, lat, "d")]
    for seconds, east, north in driven:
        at += timedelta(seconds=seconds)
        reach = PARAMS.fastest_mps * seconds / _DEGREE_M / 2
        lon, lat = lon + reach * east, lat + reach * north
        fixes.append(Point(at, lon, lat, "d"))
    return fixes


@given(steps, st.data())
def test_a_truck_is_never_parted_from_a_place_it_was_at_by_a_clock_within_its_error(
    driven: Driven, data: st.DataObject
):
    fixes = drive(driven)
    there = data.draw(st.sampled_from(fixes))
    off = data.draw(st.integers(-int(PARAMS.clock_s), int(PARAMS.clock_s)))
    place = there._replace(at=there.at + timedelta(seconds=off), what="gate")
    assert not cannot_have_been(fixes, place, PARAMS)


@given(steps, st.data())
def test_nor_by_one_false_fix_among_them(driven: Driven, data: st.DataObject):
    fixes = drive(driven)
    n = data.draw(st.integers(0, len(fixes) - 1))
    false = data.draw(st.integers(0, len(fixes) - 1).filter(lambda at: abs(at - n) > 1) | st.none())
    place = fixes[n]._replace(what="gate")
    if false is not None:
        fixes[false] = fixes[false]._replace(lon=fixes[false].lon + 3)
    assert not cannot_have_been(fixes, place, PARAMS)


@given(steps, st.lists(st.integers(0, 40), max_size=2))
def test_no_truck_that_drives_as_trucks_do_is_too_fast_nor_are_two_false_fixes(
    driven: Driven, false: list[int]
):
    fixes = drive(driven)
    for n in false:
        if n < len(fixes):
            fixes[n] = fixes[n]._replace(lat=fixes[n].lat + 2)
    legs = [Leg(1, "d", one, later) for one, later in pairwise(fixes)]
    assert impossible_speeds(legs, PARAMS) == []
