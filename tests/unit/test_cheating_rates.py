"""Speeds no truck drives, and bookings no haulier needs; and honest ones that look alike."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from flowctl.alarms.alerts import Alert, Kind, Point
from flowctl.cheating.hoarding import Booked, Fate, hoarding
from flowctl.cheating.speed import Leg, impossible_speeds
from flowctl.cheating_limits import CheatingParams

PARAMS = CheatingParams()
EIGHT = datetime(2024, 1, 23, 1, 0, tzinfo=UTC)
DAY = date(2024, 1, 23)
KM_EAST = 1 / 103.1


def after(minutes: float) -> datetime:
    return EIGHT + timedelta(minutes=minutes)


def speeds(
    *km: float, every: float = 0.5, accuracy_m: float | None = None, start: float = 0
) -> list[Alert]:
    """A device seen so many kilometres along a road, every half minute."""
    fixes = [
        Point(after(start + every * n), 106.7 + x * KM_EAST, 22.0, "d1") for n, x in enumerate(km)
    ]
    legs = [Leg(1, "d1", one, other, accuracy_m, accuracy_m) for one, other in pairwise(fixes)]
    return impossible_speeds(legs, PARAMS)


def test_a_copied_device_at_two_places_in_turn_is_an_alert():
    [alert] = speeds(0, 30, 0, 30, 0, 30, 0)
    assert (alert.kind, alert.trip_id, alert.at) == (Kind.IMPOSSIBLE_SPEED, 1, after(0))
    assert alert.evidence["legs"] == 6
    assert 29_000 < float(alert.evidence["furthest_m"]) < 30_000
    assert len(alert.points) == 12


def test_one_jump_and_a_receiver_that_woke_up_elsewhere_are_none():
    assert speeds(0, 0.5, 300, 1.0, 1.5) == []
    assert speeds(0, 0.5, 300, 300.5, 301) == []
    assert speeds(0, 50, 0, 0.5, 60, 1.0) == []


def test_jitter_of_some_hundred_metres_each_second_is_none():
    assert speeds(*[0, 0.4] * 20, every=1 / 60) == []


def test_positions_from_radio_masts_that_say_how_bad_they_are_are_none():
    assert speeds(*[0, 5] * 10, accuracy_m=3000) == []
    assert len(speeds(*[0, 5] * 10, accuracy_m=50)) == 1


def test_a_truck_in_a_hurry_is_none():
    assert speeds(*[n * 0.9 for n in range(40)]) == []  # 108 km/h


def test_errors_spread_over_a_day_are_none():
    fixes = [
        Point(after(20 * n + m), 106.7 + x * KM_EAST, 22.0, "d1")
        for n in range(12)
        for m, x in ((0, 0), (1, 40), (2, 0))
    ]
    legs = [Leg(1, "d1", one, other) for one, other in pairwise(fixes)]
    assert impossible_speeds(legs, PARAMS) == []


def booked(haulier: str | None, n: int, fate: Fate = Fate.STANDS) -> list[Booked]:
    ended = None if fate is Fate.STANDS else after(-60)
    return [Booked(haulier, "north", DAY, after(-300), fate, ended) for _ in range(n)]


def how(*bookings: list[Booked]) -> list[tuple[str | None, object]]:
    found = hoarding([one for some in bookings for one in some], PARAMS, after(0))
    return [(alert.haulier, alert.evidence["how"]) for alert in found]


def test_a_haulier_with_40_trucks_in_a_day_of_400_is_no_hoarder():
    assert how(booked("A", 40), booked("B", 90), booked(None, 270)) == []


def test_a_haulier_with_more_than_a_quarter_of_a_gates_day_is():
    assert how(booked("A", 101), booked(None, 299)) == [("A", "holds")]
    assert how(booked("A", 100), booked(None, 300)) == []


def test_nine_trucks_hoard_nothing_however_empty_the_day():
    assert how(booked("A", 9)) == []


def test_bookings_without_a_haulier_are_nobodys_hoard():
    assert how(booked(None, 400)) == []
    assert how(booked(None, 40, Fate.CANCELLED)) == []


def test_who_books_and_cancels_again_and_again_is_found_and_no_shows_count():
    dropped = [*booked("A", 3, Fate.CANCELLED), *booked("A", 2, Fate.NO_SHOW)]
    [alert] = hoarding([*dropped, *booked("A", 4)], PARAMS, after(0))
    assert (alert.evidence["cancelled"], alert.evidence["no_shows"]) == (3, 2)
    assert (alert.evidence["of"], alert.haulier) == (9, "A")


def test_a_large_haulier_with_a_few_cancelled_trucks_is_not():
    assert how(booked("A", 6, Fate.CANCELLED), booked("A", 30), booked(None, 200)) == []


def test_what_was_cancelled_days_ago_is_forgotten():
    old = [Booked("A", "north", DAY, after(-9000), Fate.CANCELLED, after(-2000)) for _ in range(9)]
    assert how(old) == []
