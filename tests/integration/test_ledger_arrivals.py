"""Who arrived when, as the ledger has it: once, and again with a reason where it was otherwise."""

import json
from collections.abc import Iterator
from datetime import datetime

import pytest
from border import Border, after, border

from flowctl.ledger.chain import Row
from flowctl.ledger.entries import Kind
from flowctl.storage.ledger import list_rows_of
from flowctl.storage.ledger_arrivals import log_arrivals
from flowctl.storage.plans import end_cleared_trips
from flowctl.storage.snapshot import list_live_trips

YARD = "yard_bao_nguyen"


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def look(place: Border, minute: float) -> None:
    now = after(minute)
    with place.conn.transaction():
        log_arrivals(place.conn, place.site, list_live_trips(place.conn, place.site, now), now)


def arrivals(place: Border, trip: int) -> list[Row]:
    rows = [kept.row for kept in list_rows_of(place.conn, place.site.id, trip)]
    return [row for row in rows if row.kind in (Kind.ARRIVED, Kind.REVISED)]


def counted(row: Row) -> datetime | None:
    said = json.loads(bytes(row.details)).get("counted_at")
    return None if said is None else datetime.fromisoformat(said)


def test_an_arrival_is_logged_once_with_what_proves_it(place: Border):
    trip, on_the_road = place.trip(), place.trip()
    place.visit(trip, YARD, 40)
    for minute in (50, 51, 52):
        look(place, minute)
    [row] = arrivals(place, trip)
    assert (row.kind, row.at) == (Kind.ARRIVED, after(40))
    said = json.loads(bytes(row.details))
    assert (said["yard"], said["proof"], counted(row)) == (YARD, "fixes", after(40))
    assert arrivals(place, on_the_road) == []


def test_an_arrival_that_a_late_fix_moved_is_logged_again_with_its_reason(place: Border):
    trip = place.trip()
    place.visit(trip, YARD, 40)
    look(place, 50)
    place.conn.execute(
        "insert into visit_revisions (visit_id, device_id, known_at, why, withdrawn, said)"
        " select id, device_id, %s, 'late_fix', false, '{}' from visits",
        [after(51)],
    )
    place.conn.execute("update visits set entered_at = %s", [after(35)])
    look(place, 52)
    look(place, 53)
    _, row = arrivals(place, trip)
    assert (row.kind, row.reason, row.at) == (Kind.REVISED, "late_fix", after(52))
    assert counted(row) == after(35)
    assert json.loads(bytes(row.details))["was_counted_at"] == after(40).isoformat()


def test_an_arrival_that_counts_since_its_receipt_is_moved_by_the_yards_word(place: Border):
    trip = place.trip()
    place.visit(trip, YARD, 40)
    place.conn.execute("update visits set counted_at = %s", [after(60)])
    look(place, 61)
    place.conn.execute(
        "insert into yard_events (site, yard, plate, at, recorded_by, recorded_at)"
        " select site, %s, plate, %s, 'the yard', %s from trips where id = %s",
        [YARD, after(41), after(62), trip],
    )
    look(place, 63)
    first, second = arrivals(place, trip)
    assert json.loads(bytes(first.details))["proof"] == "received"
    assert (counted(first), counted(second)) == (after(60), after(41))
    assert second.reason == "second_word"


def test_an_arrival_that_never_was_is_taken_back(place: Border):
    trip = place.trip()
    place.visit(trip, YARD, 40)
    look(place, 50)
    place.conn.execute("delete from visits")
    look(place, 51)
    look(place, 52)
    _, row = arrivals(place, trip)
    assert (row.kind, counted(row)) == (Kind.REVISED, None)


def test_a_truck_registered_in_its_yard_is_proved_by_this_stay_and_not_by_one_of_former_days(
    place: Border,
):
    trip = place.trip(at=after(30))
    place.visit(trip, "yard_xuan_cuong", -2000, -1900)
    place.visit(trip, YARD, 20)
    look(place, 50)
    [row] = arrivals(place, trip)
    said = json.loads(bytes(row.details))
    assert counted(row) == after(30)
    assert (said["yard"], said["entered_at"]) == (YARD, after(20).isoformat())


def test_an_arrival_by_a_later_device_says_what_proves_it(place: Border):
    trip = place.trip()
    place.visit(trip, YARD, 20)
    place.conn.execute("update trips set device_since = %s", [after(40)])
    look(place, 50)
    [row] = arrivals(place, trip)
    said = json.loads(bytes(row.details))
    assert counted(row) == after(40)
    assert (said["yard"], said["proof"]) == (YARD, "fixes")


def test_who_arrived_first_stands_first(place: Border):
    later, sooner = place.trip(), place.trip()
    place.visit(later, YARD, 42)
    place.visit(sooner, YARD, 41)
    look(place, 50)
    assert arrivals(place, sooner)[0].seq < arrivals(place, later)[0].seq


def test_a_truck_that_its_positions_show_beyond_the_gate_has_passed_in_the_ledger_too(
    place: Border,
):
    trip, over = place.trip(), place.trip()
    with place.conn.transaction():
        end_cleared_trips(place.conn, place.site, {trip: "tan_thanh"}, after(60))
        end_cleared_trips(place.conn, place.site, {trip: "tan_thanh"}, after(61))
    rows = [kept.row for kept in list_rows_of(place.conn, place.site.id, trip)]
    [passed] = [row for row in rows if row.kind == Kind.PASSED]
    assert (passed.at, passed.gate, passed.actor) == (after(60), "tan_thanh", "flowctl")
    rows = [kept.row for kept in list_rows_of(place.conn, place.site.id, over)]
    assert all(row.kind != Kind.PASSED for row in rows)
