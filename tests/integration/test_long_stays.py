"""Trucks that stand for days: late fixes among theirs are judged from checkpoints, and alike."""

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_judging import AWAY, SAID, T0, YARD, Fix, Place

from flowctl.storage import retention
from flowctl.telemetry.fixes import microseconds

EVERY_S = 1200.0
STAY = 150  # reports: 50 hours


@pytest.fixture
def place(database: str, tmp_path: Path) -> Iterator[Place]:
    place = Place(database, tmp_path)
    yield place
    place.conn.close()


def days() -> list[Fix]:
    """Return a truck's coming, its standing in the yard for two days, errors, and its leaving."""
    drive = [(-1800.0 + 30 * i, AWAY - 400 * (20 - i), 0.0) for i in range(20)]
    stay = [(EVERY_S * i, YARD + 3 * (i % 5), 0.0 if i % 7 else 3000.0) for i in range(STAY)]
    astray = [(EVERY_S * i + 30, 40_000.0, 0.0) for i in (20, 100)]
    fence = [(EVERY_S * i + 60, -12.0, 0.0) for i in (45, 46, 115)]
    end = EVERY_S * STAY
    leaving = [(end + 30.0 * i, AWAY - 300 * i, 0.0) for i in range(12)]
    return sorted([*drive, *stay, *astray, *fence, *leaving])


def in_order(place: Place, fixes: list[Fix]) -> None:
    """Take fixes in their order, a few at a time."""
    for begin in range(0, len(fixes), 4):
        place.take(fixes[begin : begin + 4])


def checkpoints(place: Place) -> list[float]:
    """Return the seconds at which checkpoints stand."""
    rows = place.conn.execute("select at from visit_checkpoints order by at").fetchall()
    return [(at - T0).total_seconds() for (at,) in rows]


def test_a_checkpoint_stands_at_each_six_hours_of_a_stay_and_none_on_the_road(place: Place):
    in_order(place, days())
    stands = checkpoints(place)
    apart = [later - earlier for earlier, later in pairwise([0.0, *stands, EVERY_S * STAY])]
    assert all(6 * 3600 <= gap <= 6 * 3600 + 5 * EVERY_S for gap in apart[:-1])
    assert 0 < apart[-1] <= 6 * 3600 + 5 * EVERY_S


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.randoms(use_true_random=False), st.booleans())
def test_no_order_of_the_fixes_of_a_long_stay_changes_a_row(
    place: Place, chance: random.Random, restarts: bool
):
    place.clear()
    place.take(days())
    expected = place.visits(SAID)
    assert [row[1] for row in expected] == ["yard_south"]
    place.clear()
    late = set(chance.sample(range(len(days())), 15))
    now = [fix for number, fix in enumerate(days()) if number not in late]
    then = [fix for number, fix in enumerate(days()) if number in late]
    chance.shuffle(then)
    while now:
        size = chance.randint(1, 40)
        place.take(now[:size])
        now = now[size:]
        if then and chance.random() < 0.5:
            place.take([then.pop()])
        if restarts:
            place.restart()
    for fix in then:
        place.take([fix])
    assert place.visits(SAID) == expected


def test_a_stay_begun_before_the_oldest_fix_that_is_kept_keeps_its_beginning(place: Place):
    standing = [fix for fix in days() if fix[0] < EVERY_S * STAY]
    late = next(fix for fix in standing if fix[0] == 125 * EVERY_S)
    place.take(standing)
    expected = place.visits(SAID)
    place.clear()
    in_order(place, [fix for fix in standing if fix != late])
    place.conn.execute("delete from fixes where fixed_at < %s", [T0 + timedelta(hours=30)])
    place.restart()
    place.take([late])
    assert place.visits(SAID) == expected


def test_a_late_fix_makes_the_checkpoints_after_it_untrue(place: Place):
    standing = [fix for fix in days() if fix[0] < 75 * EVERY_S]
    moved_off = [(50 * EVERY_S + 30.0 * i, AWAY, 0.0) for i in range(1, 12)]
    in_order(place, standing)
    place.take(moved_off)
    stands = place.conn.execute("select state->'zones' from visit_checkpoints order by at")
    begun = [zones["yard_south"][0] for (zones,) in stands.fetchall()]
    back = T0 + timedelta(seconds=50 * EVERY_S + 330)
    assert begun[-1] > microseconds(back)
    assert len(place.visits()) == 2


def test_checkpoints_older_than_any_fix_may_be_are_dropped(place: Place):
    in_order(place, days())
    kept = timedelta(seconds=place.site.lateness_limit_s) + retention.SETTLING
    now = T0 + timedelta(seconds=20 * 3600) + kept
    retention.retain(place.conn, place.site, now, wall_clock=False)
    assert checkpoints(place) == [at for at in checkpoints(place) if at >= 20 * 3600]
    assert checkpoints(place)
