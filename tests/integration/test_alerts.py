"""Alerts from what is stored: found once, judged by people, acted on as the site's policy says."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from alert_looks import QUEUE, YARD, decide, look, swap
from border import KEYS, MORNING, Border, after, border

from flowctl.alarms.alerts import Kind
from flowctl.cheating_limits import CheatingParams
from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.policy import Policy
from flowctl.registry.changes import TripChange, change
from flowctl.registry.devices import end
from flowctl.registry.trips import cancel
from flowctl.storage.alert_facts import find_alerts
from flowctl.storage.alerts import (
    AlertRecord,
    State,
    count_open,
    list_alerts,
    list_decisions,
)
from flowctl.storage.gate_events import GateEvent, insert_gate_events
from flowctl.storage.partitions import ensure_fix_partitions
from flowctl.storage.visit_records import insert_yard_events
from flowctl.traffic.watch import Watch
from flowctl.worker import observe

LANE = "lane_tan_thanh"


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as made:
        ensure_fix_partitions(made.conn, MORNING.date(), MORNING.date())
        yield made


def kinds(alerts: list[AlertRecord]) -> list[str]:
    return sorted(alert.kind for alert in alerts)


def drive(place: Border, trip: int, fixes: list[tuple[float, float, float]]) -> None:
    """Store fixes (minute, lon, lat) of a trip's device."""
    device = place.device_of(trip)
    for minute, lon, lat in fixes:
        place.conn.execute(
            "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat)"
            " values (%s, 1, %s, %s, %s, %s)",
            [device, after(minute), after(minute), lon, lat],
        )


def of_haulier(place: Border, haulier: str | None) -> int:
    trip = place.trip()
    place.conn.execute("update trips set haulier = %s where id = %s", [haulier, trip])
    return trip


def enter(place: Border, plate: str, at: datetime, weight_t: float | None = None) -> None:
    """Let an officer enter a truck that comes to Tân Thanh."""
    insert_gate_events(
        place.conn,
        site=place.site.id,
        gate="tan_thanh",
        events=[GateEvent("export", "entered", plate, at, weight_t)],
        recorded_by="officer",
        now=at,
    )


def middle(place: Border, zone: str) -> tuple[float, float]:
    point = place.site.zone_by_id[zone].polygon.centroid
    return point.x, point.y


def test_an_honest_truck_from_yard_to_gate_is_no_alert(place: Border):
    trip = of_haulier(place, "A")
    place.visit(trip, YARD, 0, 30)
    place.release(trip, 25, until=85)
    place.visit(trip, QUEUE, 35, 50)
    place.visit(trip, LANE, 51)
    lon, lat = middle(place, LANE)
    drive(place, trip, [(minute, lon, lat) for minute in range(51, 66)])
    assert look(place, 66) == []


def test_a_truck_at_the_gate_uncalled_is_found_once_for_as_long_as_it_stands_there(
    place: Border,
):
    trip = place.trip()
    place.visit(trip, QUEUE, 5)
    assert look(place, 8) == []
    [alert] = look(place, 12)
    assert (alert.kind, alert.severity, alert.trip_id) == ("unreleased", "high", trip)
    assert (alert.at, alert.found_at, alert.state) == (after(5), after(12), "open")
    [again] = look(place, 300)
    assert (again.id, again.found_at, again.last_seen_at) == (alert.id, after(12), after(300))
    assert again.evidence["stayed_s"] == 295 * 60
    assert count_open(place.conn, place.site.id) == 1


def test_who_waited_in_the_queue_of_a_still_gate_beyond_the_call_up_jumped_nobody(place: Border):
    trip = place.trip()
    place.visit(trip, YARD, -60, 2)
    place.release(trip, 0, until=60)
    place.visit(trip, QUEUE, 10, 150)
    place.visit(trip, LANE, 151)
    assert look(place, 160) == []
    other = place.trip()
    place.release(other, 0, until=60)
    place.visit(other, QUEUE, 10, 20)
    place.visit(other, YARD, 30, 140)  # it went back: that call-up is used up
    place.visit(other, LANE, 151)
    assert [(one.trip_id, one.evidence["fault"]) for one in look(place, 161)] == [
        (other, "expired")
    ]


def test_another_stay_at_the_gate_hours_later_is_another_episode(place: Border):
    trip = place.trip()
    place.visit(trip, QUEUE, 5, 20)
    look(place, 15)
    place.visit(trip, YARD, 25, 190)
    place.visit(trip, QUEUE, 200)
    first = look(place, 210)
    assert [alert.at for alert in first] == [after(200), after(5)]
    assert len(look(place, 220)) == 2


def test_an_alert_that_was_dismissed_does_not_come_back_and_keeps_what_it_was_judged_by(
    place: Border,
):
    trip = place.trip()
    place.visit(trip, QUEUE, 5)
    [alert] = look(place, 12)
    decide(place, alert.id, State.DISMISSED, "sent by the yard by hand")
    [same] = look(place, 60)
    assert (same.id, same.state, same.evidence) == (alert.id, "dismissed", alert.evidence)
    assert same.last_seen_at == after(60)
    [said] = list_decisions(place.conn, alert.id)
    assert (said.state, said.note, said.by, said.at) == (
        "dismissed",
        "sent by the yard by hand",
        "operator",
        after(40),
    )


def test_a_tracker_replaced_by_the_registrys_procedure_is_no_alert(place: Border):
    trip = swap(place)
    [(assignment,)] = place.conn.execute(
        "select a.id from device_trucks a join devices d on d.id = a.device_id where d.uid = %s",
        ["tracker-1"],
    ).fetchall()
    end(place.conn, "tracker-1", assignment, until=after(31))
    assert look(place, 32) == []
    assert place.device_of(trip)


def test_a_change_of_driver_is_no_alert(place: Border):
    trip = place.trip()
    place.visit(trip, YARD, 0)
    wish = TripChange(phone="+84903099999")
    change(place.conn, place.site, KEYS, trip, wish, by="haulier", now=after(30))
    assert look(place, 31) == []


def test_a_word_about_an_alert_must_be_one_that_can_be(place: Border):
    place.visit(place.trip(), QUEUE, 5)
    [alert] = look(place, 12)
    with pytest.raises(FlowctlError, match="Say in note"):
        decide(place, alert.id, State.DISMISSED, " ")
    with pytest.raises(FlowctlError, match="opened again"):
        decide(place, alert.id, State.OPEN)
    with pytest.raises(NotFoundError, match="no alert 99"):
        decide(place, 99, State.DISMISSED)
    decide(place, alert.id, State.ACKNOWLEDGED, "")
    with pytest.raises(ConflictError, match="acknowledged already"):
        decide(place, alert.id, State.ACKNOWLEDGED, "")


def test_a_booking_whose_device_is_silent_or_in_another_province_is_a_ghost(place: Border):
    silent, far, near = place.trip(at=after(-300)), place.trip(), place.trip()
    for trip in (silent, far, near):
        place.tell(trip, after(30))
    place.position(far, 105.84, 19.80, 0)  # Thanh Hóa, 300 km south
    place.position(near, 106.70, 21.90, 0)
    found = {alert.trip_id: alert.evidence["fault"] for alert in look(place, 1)}
    assert found == {silent: "silent", far: "elsewhere"}
    place.visit(far, YARD, 2)
    assert find_alerts(place.conn, place.site, after(3))[0].trip_id == silent


def test_a_plate_at_the_gate_whose_device_stands_in_the_city_is_parted(place: Border):
    parted, honest = place.trip(), place.trip()
    for trip in (parted, honest):
        place.visit(trip, YARD, 0, 30)
        place.release(trip, 25, until=85)
    lon, lat = middle(place, LANE)
    drive(place, parted, [(3.0 * n, 106.761, 21.853) for n in range(30)])
    drive(place, honest, [(3.0 * n, lon, lat) for n in range(30)])
    enter(place, "12C00001", after(40))
    enter(place, "12C00002", after(40))
    assert look(place, 50) == []  # what the devices did a quarter of an hour later is to come
    [alert] = [one for one in look(place, 80) if one.kind == Kind.PARTED]
    assert (alert.trip_id, alert.proved, alert.severity) == (parted, True, "high")
    assert float(alert.evidence["away_m"]) > 15_000


def test_a_plate_a_yard_saw_is_compared_with_its_device_too(place: Border):
    trip = place.trip()
    drive(place, trip, [(3.0 * n, 106.0, 21.0) for n in range(30)])
    insert_yard_events(
        place.conn,
        site=place.site.id,
        yard=YARD,
        events=[("12C00001", after(40), None)],
        by="officer",
        now=after(40),
    )
    assert kinds(look(place, 80)) == ["parted"]


def test_an_officers_word_finds_a_truck_that_no_zone_saw_at_the_gate(place: Border):
    trip = place.trip()
    enter(place, "12C00001", after(40))
    [alert] = look(place, 41)
    assert (alert.kind, alert.trip_id, alert.evidence["seen_by"]) == ("unreleased", trip, "officer")


def test_one_device_declared_for_two_trucks_in_short_order_is_found(place: Border):
    first = place.trip(device="shared", at=after(-300))
    cancel(place.conn, place.site, first, by="haulier", now=after(-10))
    second = place.trip(device="shared", at=after(0))
    [alert] = look(place, 1)
    assert (alert.kind, alert.trip_id, alert.other_trip_id) == ("two_plates", second, first)
    assert (alert.plate, alert.other_plate) == ("12C00002", "12C00001")


def test_two_devices_of_one_truck_that_part_are_found(place: Border):
    trip = place.trip()
    [(other,)] = place.conn.execute(
        "insert into devices (uid) values ('phone') returning id"
    ).fetchall()
    place.conn.execute(
        "insert into device_trucks (device_id, plate, since, is_primary, assigned_by)"
        " values (%s, '12C00001', %s, false, 'haulier')",
        [other, MORNING - timedelta(days=1)],
    )
    drive(place, trip, [(5.0 * n, 106.70, 22.00) for n in range(13)])
    for minute in range(0, 61, 5):
        lon = 106.70 if minute < 15 else 106.40
        place.conn.execute(
            "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat)"
            " values (%s, 1, %s, %s, %s, 22)",
            [other, after(minute + 1), after(minute + 1), lon],
        )
    assert look(place, 30) == []
    [alert] = look(place, 60)
    assert (alert.kind, alert.severity) == ("parted", "medium")
    assert alert.evidence["other_device"] == "phone"


def test_a_device_at_two_places_in_turn_is_found(place: Border):
    trip = place.trip()
    drive(place, trip, [(0.5 * n, 106.7 - (n % 2) * 0.3, 21.9) for n in range(10)])
    [alert] = look(place, 6)
    assert (alert.kind, alert.trip_id) == ("impossible_speed", trip)
    assert len(alert.points) == 12


def test_a_haulier_that_books_a_gates_whole_day_is_found(place: Border):
    for n in range(12):
        of_haulier(place, "A" if n < 10 else None)
    [alert] = look(place, 1)
    assert (alert.kind, alert.haulier, alert.trip_id) == ("hoarding", "A", None)
    assert (alert.evidence["bookings"], alert.evidence["of"]) == (10, 12)
    assert len(look(place, 2)) == 1


def test_the_limits_are_the_sites(place: Border):
    place.visit(place.trip(), QUEUE, 5)
    patient = Policy(cheating_limits=CheatingParams(gate_stay_s=1200.0))
    assert find_alerts(place.conn, replace(place.site, policy=patient), after(20)) == []
    assert len(find_alerts(place.conn, replace(place.site, policy=patient), after(26))) == 1


def test_the_controller_looks_for_cheats_when_it_looks_at_the_traffic(place: Border):
    place.visit(place.trip(), QUEUE, 5)
    observe(place.conn, Watch(place.site), after(12), lanes_due=False)
    assert kinds(list_alerts(place.conn, place.site.id)) == ["unreleased"]


def test_the_called_truck_stays_and_its_hauliers_other_one_comes(place: Border):
    called, comes = of_haulier(place, "A"), of_haulier(place, "A")
    place.visit(called, YARD, 0)
    place.release(called, 5, until=65)
    place.visit(comes, QUEUE, 15)
    found = {alert.kind: alert for alert in look(place, 25)}
    assert set(found) == {"unreleased", "swapped"}
    assert (found["swapped"].trip_id, found["swapped"].other_trip_id) == (comes, called)


def weigh(place: Border, at: datetime, tonnes: float) -> None:
    insert_yard_events(
        place.conn,
        site=place.site.id,
        yard=YARD,
        events=[("12C00001", at, tonnes)],
        by="officer",
        now=at,
    )


def test_a_truck_that_came_empty_and_leaves_loaded_is_found(place: Border):
    place.trip()
    weigh(place, after(5), 14.0)
    assert look(place, 6) == []
    enter(place, "12C00001", after(60), weight_t=37.5)
    [alert] = [one for one in look(place, 61) if one.kind == Kind.SWAPPED]
    assert (alert.evidence["how"], alert.evidence["goes_t"]) == ("came_lighter", 37.5)
