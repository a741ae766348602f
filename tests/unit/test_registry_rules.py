from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from builders import at, opening, small_gate, small_site

from flowctl.errors import FlowctlError
from flowctl.lanes import Bay
from flowctl.registry.rules import Declaration, check_declaration, check_ready
from flowctl.state import Cargo, Direction

HOLIDAY = opening(exceptions={date(2024, 1, 25): (), date(2024, 1, 26): ()})
SOUTH = replace(small_gate("south"), bays=(Bay("scanner", 1, 2),), directions=("export",))
SITE = small_site([small_gate("north", hours=HOLIDAY), SOUTH])
NOW = at("08:00")
GOOD = Declaration(
    plate="12C-123.45",
    phone="0903123456",
    language="vi",
    direction=Direction.EXPORT,
    cargo=Cargo.NORMAL,
    gates=("north",),
    ready_at=at("09:00"),
    device=" tracker 1 ",
)


def test_a_good_declaration_comes_back_in_one_spelling():
    checked = check_declaration(SITE, GOOD, now=NOW)
    spelt = {"plate": "12C12345", "phone": "+84903123456", "device": "tracker 1"}
    assert checked == replace(GOOD, nationality="VN", **spelt)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"gates": ()}, "somewhere has north and south"),
        ({"gates": ("west",)}, "'west'; somewhere has north and south"),
        ({"gates": ("north", "north")}, "twice"),
        ({"language": "de"}, "vi, zh or en"),
        ({"device": "x" * 65}, "64 characters"),
        ({"device": "\n"}, "device"),
        ({"needs": "scanner"}, "gates has a bay 'scanner'; it is at south"),
        ({"needs": "crane"}, "gates has a bay 'crane'; somewhere has none"),
        ({"returns_within_h": 0.0}, "within_h 0 must lie above 2 hours"),
        ({"returns_within_h": float("nan")}, "within_h nan must lie above 2 hours"),
        ({"returns_within_h": 721.0}, "and within 720"),
        ({"returns_within_h": 24.0, "gates": ("south",)}, "south takes no imports"),
        ({"returns_within_h": 24.0, "direction": Direction.IMPORT}, "is for exports"),
        ({"ready_at": datetime(2024, 1, 23)}, "time zone"),  # noqa: DTZ001 - the point
    ],
)
def test_each_field_is_refused_by_its_name(change: dict[str, object], named: str):
    with pytest.raises(FlowctlError, match=named):
        check_declaration(SITE, replace(GOOD, **change), now=NOW)  # type: ignore[arg-type]


def test_a_bay_of_any_of_the_gates_will_do():
    wish = replace(GOOD, gates=("north", "south"), needs="scanner")
    assert check_declaration(SITE, wish, now=NOW).needs == "scanner"


def test_a_ready_moment_on_a_day_all_its_gates_are_closed_is_refused():
    with pytest.raises(FlowctlError, match=r"2024-01-25 is a closed day at north; .* 2024-01-27"):
        check_ready(SITE, ("north",), at("09:00", day=25), now=NOW)
    check_ready(SITE, ("north", "south"), at("09:00", day=25), now=NOW)
    check_ready(SITE, ("north",), at("23:00", day=24), now=NOW)


def test_the_day_is_that_of_the_gates_not_of_the_sender():
    just_after_midnight = at("00:30", day=25)
    assert just_after_midnight.date() == date(2024, 1, 24)
    with pytest.raises(FlowctlError, match="closed day"):
        check_ready(SITE, ("north",), just_after_midnight, now=NOW)


def test_a_truck_that_was_ready_on_a_closed_day_waits_for_the_next():
    check_ready(SITE, ("north",), at("09:00", day=25), now=at("10:00", day=26))


def test_a_ready_moment_is_near():
    week = timedelta(days=SITE.dispatch.horizon_days)
    check_ready(SITE, ("south",), NOW + week, now=NOW)
    with pytest.raises(FlowctlError, match="more than 7 days ahead"):
        check_ready(SITE, ("south",), NOW + week + timedelta(minutes=1), now=NOW)
    with pytest.raises(FlowctlError, match="more than 30 days ago"):
        check_ready(SITE, ("south",), NOW - timedelta(days=31), now=NOW)


def test_a_place_without_any_open_day_says_so():
    never = small_site([small_gate("north", hours=opening(windows=()))])
    with pytest.raises(FlowctlError, match="no open day is known"):
        check_ready(never, ("north",), at("09:00", day=24), now=NOW)
