"""Trucks that cross and come back, with a real database behind it, in whatever order it is told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
from border import MORNING, SITE, Border, after, border

from flowctl.errors import FlowctlError
from flowctl.policy import AwayRules, Policy
from flowctl.registry.crossings import note_crossing, note_seen_back
from flowctl.registry.sources import add_source
from flowctl.registry.trips import observe
from flowctl.site_files import load_policy
from flowctl.storage.alerts import list_alerts
from flowctl.storage.crossings import (
    Chosen,
    CrossingRecord,
    count_away,
    find_crossing_of_trip,
    list_crossings,
    list_half_pairs,
)
from flowctl.storage.gate_events import GateEvent
from flowctl.storage.plans import end_cleared_trips
from flowctl.storage.sources import Scope
from flowctl.traffic.watch import Watch
from flowctl.worker import decide
from flowctl.worker import observe as look

H = 60.0
"""Minutes of an hour."""
YARD = "yard_bao_nguyen"
AWAY = Policy(away=AwayRules(two_way_h=36, one_way_h=24))


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    """Yield the border with the limits of the two-way haul: 36 h, and 24 h for all others."""
    with border(database) as place:
        place.site = replace(place.site, policy=AWAY)
        yield place


def seen(
    place: Border,
    plate: str,
    minute: float,
    *,
    direction: str = "export",
    kind: str = "cleared",
    told: float | None = None,
    gate: str = "tan_thanh",
) -> int:
    """Let an officer say what passed; ``told`` is when the word came, at once where it is None."""
    event = GateEvent(direction, kind, plate, after(minute))
    now = after(minute if told is None else told)
    with place.conn.transaction():
        return observe(place.conn, place.site, gate, [event], by="officer", now=now)


def crossings(place: Border) -> list[CrossingRecord]:
    found = list_crossings(place.conn, place.site.id, Chosen(), before_id=None, limit=100)
    return sorted(found, key=lambda one: (one.at, one.id))


def minutes(at: datetime | None) -> float | None:
    return None if at is None else (at - MORNING).total_seconds() / 60


def test_the_site_has_the_limits_of_the_two_way_haul(place: Border):
    rules = load_policy(SITE / "policy.toml", place.site.dispatch).away
    assert (rules.two_way_h, rules.one_way_h) == (36, 24)


def test_a_truck_that_an_officer_saw_leave_has_crossed_with_its_trip(place: Border):
    trip = place.trip(plate="12C12345")
    seen(place, "12C-123.45", 30)
    [one] = crossings(place)
    assert (one.trip_id, one.plate, one.gate, one.load) == (trip, "12C12345", "tan_thanh", "laden")
    assert (minutes(one.at), minutes(one.due_at), one.recorded_by) == (30, 30 + 24 * H, "officer")
    assert one.is_away()


def test_who_declares_a_way_back_has_the_declared_time_and_no_more_than_the_limit(place: Border):
    for plate, within_h in (("12C00001", 36.0), ("12C00002", 5.0)):
        place.trip(plate=plate, returns_within_h=within_h)
        seen(place, plate, 0)
    assert [minutes(one.due_at) for one in crossings(place)] == [36 * H, 5 * H]
    with pytest.raises(FlowctlError, match="must lie above 2 hours, before which nobody is back"):
        place.trip(returns_within_h=40.0)


def test_a_truck_that_belongs_on_the_other_side_need_not_come_back(place: Border):
    place.trip(plate="桂F12345")
    seen(place, "桂F12345", 0)
    seen(place, "粤B54321", 1)
    seen(place, "an officer's mark", 2)
    assert [one.due_at for one in crossings(place)] == [None, None, None]
    assert not any(one.is_away() for one in crossings(place))


def test_a_truck_without_a_declaration_has_the_limit_of_its_plate(place: Border):
    seen(place, "12C-999.99", 0)
    [one] = crossings(place)
    assert (one.trip_id, one.plate, minutes(one.due_at)) == (None, "12C99999", 24 * H)


def test_an_empty_truck_is_counted_apart(place: Border):
    for plate, load in (("12C00001", "laden"), ("12C00002", "empty"), ("12C00003", "empty")):
        place.trip(plate=plate, load=load)
        seen(place, plate, 0)
    counted = {
        one.load: (one.away, one.overdue)
        for one in count_away(place.conn, place.site.id, after(25 * H))
    }
    assert counted == {"laden": (1, 1), "empty": (2, 2)}


def test_who_comes_back_by_import_is_away_no_more(place: Border):
    trip = place.trip(plate="12C12345")
    seen(place, "12C12345", 0)
    seen(place, "12C12345", 20 * H, direction="import", gate="huu_nghi")
    out, back = crossings(place)
    assert (out.trip_id, minutes(out.returned_at), out.return_id) == (trip, 20 * H, back.id)
    assert (back.direction, back.gate, back.due_at) == ("import", "huu_nghi", None)
    assert count_away(place.conn, place.site.id, after(30 * H)) == []


def test_what_is_told_twice_is_one_crossing(place: Border):
    place.trip(plate="12C12345")
    for _ in range(2):
        seen(place, "12C12345", 30)
    seen(place, "12C12345", 42)
    assert len(crossings(place)) == 1


def test_a_crossing_told_of_after_the_way_back_is_closed_at_once(place: Border):
    seen(place, "12C12345", 10 * H, direction="import")
    seen(place, "12C12345", 0, told=11 * H)
    out, back = crossings(place)
    assert (out.return_id, minutes(out.returned_at)) == (back.id, 10 * H)


def test_ways_belong_together_by_their_moments_whatever_the_order_they_are_told_in(place: Border):
    told = ((30 * H, "import"), (0, "export"), (25 * H, "export"), (20 * H, "import"))
    for minute, direction in told:
        seen(place, "12C12345", minute, direction=direction, told=40 * H)
    ways = [(minutes(one.at), minutes(one.returned_at)) for one in crossings(place)]
    assert ways == [(0, 20 * H), (20 * H, None), (25 * H, 30 * H), (30 * H, None)]


def test_who_goes_out_again_unseen_was_back_by_then(place: Border):
    place.trip(plate="12C12345")
    seen(place, "12C12345", 0)
    place.trip(plate="12C12345", at=after(20 * H))
    seen(place, "12C12345", 22 * H)
    first, second = crossings(place)
    assert (minutes(first.returned_at), first.return_id) == (22 * H, None)
    assert second.is_away()


def test_coming_back_does_not_end_the_next_way_out(place: Border):
    place.trip(plate="12C12345")
    seen(place, "12C12345", 0)
    following = place.trip(plate="12C12345", at=after(10 * H))
    seen(place, "12C12345", 20 * H, direction="import")
    [(state,)] = place.conn.execute("select state from trips where id = %s", [following]).fetchall()
    assert state == "active"
    assert find_crossing_of_trip(place.conn, following) is None


def test_what_visits_show_is_a_crossing_too_and_an_officers_later_word_is_the_same(place: Border):
    trip = place.trip(plate="12C12345")
    place.visit(trip, "queue_tan_thanh", entered=10, left=20)
    place.visit(trip, "lane_tan_thanh", entered=20, left=30)
    decide(place.conn, place.site, after(50), plan_due=False)
    seen(place, "12C12345", 29, told=70)
    [one] = crossings(place)
    assert (one.trip_id, minutes(one.at), one.recorded_by) == (trip, 30, "flowctl")
    assert minutes(one.due_at) == 30 + 24 * H


def test_a_crossing_seen_without_trip_gets_the_trip_that_visits_ended(place: Border):
    trip = place.trip(plate="12C12345")
    note_crossing(
        place.conn,
        place.site,
        plate="12C12345",
        gate="tan_thanh",
        direction="export",
        at=after(29),
        by="source:customs",
        now=after(30),
    )
    place.visit(trip, "queue_tan_thanh", entered=10, left=20)
    place.visit(trip, "lane_tan_thanh", entered=20, left=30)
    decide(place.conn, place.site, after(50), plan_due=False)
    [one] = crossings(place)
    assert (one.trip_id, one.recorded_by) == (trip, "source:customs")


def test_a_truck_seen_on_this_side_again_is_back_and_its_import_names_the_way(place: Border):
    trip = place.trip(plate="12C12345")
    seen(place, "12C12345", 0)
    place.visit(trip, YARD, entered=1 * H, left=1.5 * H)
    note_seen_back(place.conn, place.site, now=after(2 * H))
    assert crossings(place)[0].is_away(), "within two hours nobody is back: its tracker wavers"
    place.visit(trip, YARD, entered=9 * H)
    note_seen_back(place.conn, place.site, now=after(9 * H))
    [one] = crossings(place)
    assert (minutes(one.returned_at), one.return_id) == (9 * H, None)
    seen(place, "12C12345", 8.5 * H, direction="import", told=10 * H)
    out, back = crossings(place)
    assert (minutes(out.returned_at), out.return_id) == (8.5 * H, back.id)


def test_an_alarm_is_raised_at_the_limit_and_over_when_the_truck_is_back(place: Border):
    trip = place.trip(plate="12C12345")
    seen(place, "12C12345", 0)
    watch = Watch(place.site)

    def alarms(minute: float) -> list[tuple[int | None, bool]]:
        look(place.conn, watch, after(minute), lanes_due=False)
        found = list_alerts(place.conn, place.site.id)
        return [(one.trip_id, one.over_at is None) for one in found if one.kind == "overdue_return"]

    assert alarms(24 * H) == []
    assert alarms(24 * H + 1) == [(trip, True)]
    seen(place, "12C12345", 24 * H + 5, direction="import")
    assert alarms(24 * H + 6) == [(trip, False)]


def test_partners_hear_of_each_crossing_and_of_the_way_back(place: Border):
    trip = place.trip(plate="12C12345")
    add_source(place.conn, name="customs", scopes={Scope.CROSSINGS_READ})
    [(source,)] = place.conn.execute("select id from sources").fetchall()
    place.conn.execute(
        "insert into webhooks (site, url, secret_cipher, events, created_by, created_at, source_id)"
        " values (%s, 'http://x.example', 'x', array['crossing.made'], 'x', now(), %s)",
        [place.site.id, source],
    )
    seen(place, "12C12345", 0)
    seen(place, "12C12345", 20 * H, direction="import")
    told = place.conn.execute(
        "select body::jsonb->'data'->>'direction', body::jsonb->'data'->>'trip'"
        " from webhook_deliveries order by id"
    ).fetchall()
    assert told == [("export", str(trip)), ("import", str(trip))]


def pairs(place: Border, minute: float) -> list[tuple[str, str, str]]:
    found = list_half_pairs(place.conn, place.site.id, arrivals=[], before=after(minute))
    return [(one.plate, one.pair_plate, one.missing) for one in found]


def test_a_truck_that_waits_for_the_other_of_its_transshipment_is_listed(place: Border):
    first = place.trip(plate="12C00001", pair_plate="桂F12345")
    place.visit(first, YARD, entered=10)
    assert pairs(place, 9) == []
    assert pairs(place, 10) == [("12C00001", "桂F12345", "undeclared")]
    second = place.trip(plate="桂F12345", pair_plate="12C00001", gates=("huu_nghi",))
    assert pairs(place, 10) == [("12C00001", "桂F12345", "not_arrived")]
    place.visit(second, YARD, entered=30)
    assert pairs(place, 60) == []


def test_a_truck_whose_other_has_crossed_waits_for_nobody(place: Border):
    place.visit(place.trip(plate="12C00001", pair_plate="桂F12345"), YARD, entered=10)
    place.trip(plate="桂F12345", pair_plate="12C00001")
    seen(place, "桂F12345", 40)
    assert pairs(place, 60) == []


def test_an_admission_alone_is_no_crossing(place: Border):
    place.trip(plate="12C12345")
    seen(place, "12C12345", 0, kind="entered")
    assert crossings(place) == []


def test_trips_that_are_ended_by_visits_are_named(place: Border):
    trip = place.trip()
    with place.conn.transaction():
        assert end_cleared_trips(place.conn, place.site, {trip: "tan_thanh"}, after(1)) == [trip]
        assert end_cleared_trips(place.conn, place.site, {trip: "tan_thanh"}, after(2)) == []
