"""When a truck's own device contradicts what an operator said of it."""

from datetime import timedelta

from border import MORNING

from flowctl.visits.by_hand import Contradiction, Sighting, contradicts


def seen(*minutes_and_metres: tuple[float, float]) -> list[Sighting]:
    return [Sighting(MORNING + timedelta(minutes=m), off) for m, off in minutes_and_metres]


def at(minutes: float):
    return MORNING + timedelta(minutes=minutes)


def test_a_word_holds_against_silence_and_against_two_fixes_from_elsewhere():
    assert contradicts("entered", MORNING, []) is None
    assert contradicts("entered", MORNING, seen((5, 9000), (6, 9000))) is None
    broken = seen((5, 9000), (6, 9000), (7, -20), (8, 9000), (9, 9000))
    assert contradicts("entered", MORNING, broken) is None


def test_jitter_at_the_fence_contradicts_nothing():
    assert contradicts("entered", MORNING, seen(*((m, 250) for m in range(1, 20)))) is None


def test_three_fixes_further_off_than_anybody_drives_deny_the_word():
    found = contradicts("entered", MORNING, seen((2, 30_000), (3, 30_000), (4, 30_000)))
    assert found == Contradiction(at(2), is_false=True)


def test_a_truck_seen_elsewhere_later_has_driven_off_since():
    found = contradicts("entered", MORNING, seen((60, 9000), (61, 9100), (62, 9200)))
    assert found == Contradiction(at(60), is_false=False)


def test_a_truck_that_its_tracker_showed_inside_was_there_wherever_it_is_next():
    found = contradicts("entered", MORNING, seen((1, -30), (2, 9000), (3, 9900), (4, 9900)))
    assert found == Contradiction(at(2), is_false=False)


def test_three_fixes_inside_deny_that_the_truck_left():
    assert contradicts("left", MORNING, seen((1, -30), (2, -30))) is None
    found = contradicts("left", MORNING, seen((1, 40), (2, -30), (3, -30), (4, -30)))
    assert found == Contradiction(at(2), is_false=True)
