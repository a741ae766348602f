"""When a gate is open, in local time, over closed days and fragments."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tiny_site import write_site

from flowctl.opening import Opening
from flowctl.site_files import load_site
from flowctl.site_hours import open_minutes_a_day

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
DAY = ((time(7), time(18)),)


@pytest.fixture
def opening() -> Opening:
    fragments = ((time(9), time(12, 30)), (time(14), time(18)))
    return Opening(HANOI, (DAY,) * 6 + ((),), {date(2024, 2, 9): (), date(2025, 4, 16): fragments})


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_windows_are_local_hours_as_utc(opening: Opening):
    assert opening.windows(date(2024, 1, 23)) == ((utc(2024, 1, 23, 0), utc(2024, 1, 23, 11)),)


def test_a_gate_is_open_at_its_first_moment_and_closed_at_its_last(opening: Opening):
    assert opening.is_open(utc(2024, 1, 23, 0))
    assert opening.is_open(utc(2024, 1, 23, 10, 59, 59))
    assert not opening.is_open(utc(2024, 1, 23, 11))
    assert not opening.is_open(utc(2024, 1, 22, 23, 59))


def test_a_closed_day_replaces_its_weekday(opening: Opening):
    assert opening.windows(date(2024, 2, 9)) == ()
    assert not opening.is_open(utc(2024, 2, 9, 3))


def test_a_closure_in_fragments_leaves_the_rest_open(opening: Opening):
    assert not opening.is_open(utc(2025, 4, 16, 1))
    assert opening.is_open(utc(2025, 4, 16, 3))
    assert not opening.is_open(utc(2025, 4, 16, 6))


def test_windows_between_two_instants_are_cut_to_them_and_skip_closed_days(opening: Opening):
    # From Saturday 2024-01-20 16:00 to Monday 09:00 local; Sunday is closed.
    found = list(opening.between(utc(2024, 1, 20, 9), utc(2024, 1, 22, 2)))
    assert found == [
        (utc(2024, 1, 20, 9), utc(2024, 1, 20, 11)),
        (utc(2024, 1, 22, 0), utc(2024, 1, 22, 2)),
    ]


@pytest.mark.parametrize("last", [time(23, 59), time.max])
def test_a_gate_that_is_open_over_midnight_has_one_window(last: time):
    always = Opening(HANOI, (((time(), last),),) * 7)
    evening, noon = utc(2024, 1, 23, 15), utc(2024, 1, 24, 5)
    assert list(always.between(evening, noon)) == [(evening, noon)]


@pytest.mark.parametrize("last", [time(23, 59), time.max])
def test_a_day_that_ends_at_midnight_is_open_in_its_last_minute(last: time):
    opening = Opening(HANOI, (((time(), last),),) * 6 + ((),))
    saturday, sunday = utc(2024, 1, 20, 16, 59, 59), utc(2024, 1, 20, 17)
    assert opening.is_open(saturday)
    assert not opening.is_open(sunday)
    assert opening.windows(date(2024, 1, 20))[0][1] == sunday


def test_a_site_file_may_name_midnight_as_the_end_of_a_day(tmp_path: Path):
    site = load_site(write_site(tmp_path, toml=('"13:00-18:00"', '"13:00-24:00"')))
    opening = site.gate_by_id["north"].opening
    assert opening.is_open(utc(2024, 1, 20, 16, 59, 59))
    assert not opening.is_open(utc(2024, 1, 20, 17))


def test_windows_that_a_closure_or_a_pause_parts_stay_apart():
    night = ((time(), time(6)), (time(20), time(23, 59)))
    closed = (utc(2024, 1, 23, 18), utc(2024, 1, 23, 19))  # 01:00-02:00 local
    opening = Opening(HANOI, (night,) * 7, closed=(closed,))
    assert list(opening.between(utc(2024, 1, 23, 5), utc(2024, 1, 24, 5))) == [
        (utc(2024, 1, 23, 13), utc(2024, 1, 23, 18)),
        (utc(2024, 1, 23, 19), utc(2024, 1, 23, 23)),
    ]


def test_open_minutes_are_the_mean_of_the_days_that_open(opening: Opening):
    assert open_minutes_a_day(opening) == 660
    assert open_minutes_a_day(Opening(HANOI, ((),) * 7)) == 0


def test_an_hour_that_summer_time_skips_does_not_break_the_day():
    berlin = Opening(ZoneInfo("Europe/Berlin"), (DAY,) * 7)
    ((opens, closes),) = berlin.windows(date(2024, 3, 31))
    assert (opens, closes) == (utc(2024, 3, 31, 5), utc(2024, 3, 31, 16))


SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_goods_pass_only_while_the_other_side_is_open_by_its_own_clock():
    # 08:00-17:00 in Shanghai is 07:00-16:00 in Hanoi: the other side closes two hours earlier.
    other = Opening(SHANGHAI, (((time(8), time(17)),),) * 7)
    both = Opening(HANOI, (DAY,) * 7, opposite=other)
    assert both.windows(date(2024, 1, 23)) == ((utc(2024, 1, 23, 0), utc(2024, 1, 23, 9)),)
    assert not both.is_open(utc(2024, 1, 23, 9, 30))


def test_a_holiday_of_the_other_side_closes_ours():
    other = Opening(SHANGHAI, (DAY,) * 7, {date(2024, 10, 1): ()})
    both = Opening(HANOI, (DAY,) * 7, opposite=other)
    assert both.windows(date(2024, 10, 1)) == ()
    assert both.windows(date(2024, 10, 2)) != ()


def test_hours_of_the_other_side_over_midnight_there_are_found():
    other = Opening(SHANGHAI, (((time(0), time(1)), (time(23), time(23, 59))),) * 7)
    late = Opening(HANOI, (((time(21), time(23, 59)),),) * 7, opposite=other)
    # 23:00 to 01:00 in Shanghai, over midnight there, is 22:00 to 24:00 in Hanoi.
    assert late.windows(date(2024, 1, 23)) == ((utc(2024, 1, 23, 15), utc(2024, 1, 23, 17)),)


def test_a_closure_is_cut_out_of_every_window():
    noon = (utc(2024, 1, 23, 4), utc(2024, 1, 23, 6))
    night = (utc(2024, 1, 23, 10), utc(2024, 1, 24, 1))
    cut = Opening(HANOI, (DAY,) * 7, closed=(noon, night))
    assert cut.windows(date(2024, 1, 23)) == (
        (utc(2024, 1, 23, 0), noon[0]),
        (noon[1], night[0]),
    )
    assert cut.windows(date(2024, 1, 24)) == ((night[1], utc(2024, 1, 24, 11)),)
    assert not cut.is_open(noon[0])
    assert cut.is_open(noon[1])
