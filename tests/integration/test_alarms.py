"""Alarms from what is stored: raised by a look at traffic, over by themselves, one an episode."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from border import MORNING, Border, after, border

from flowctl.alarm_limits import AlarmParams
from flowctl.policy import Policy
from flowctl.storage.alarm_facts import watch_processes
from flowctl.storage.alert_care import decide_alert
from flowctl.storage.alerts import (
    AlertRecord,
    State,
    alarmed_trips,
    count_open,
    list_alerts,
    mark,
)
from flowctl.storage.partitions import ensure_fix_partitions
from flowctl.traffic.watch import Watch
from flowctl.worker import observe

YARD = "yard_bao_nguyen"


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as made:
        ensure_fix_partitions(made.conn, MORNING.date(), MORNING.date())
        small = tuple(replace(yard, capacity=10) for yard in made.site.yards)
        made.site = replace(made.site, yards=small)
        yield made


def look(place: Border, minute: float, limits: AlarmParams | None = None) -> list[AlertRecord]:
    policy = Policy() if limits is None else Policy(alarms=limits)
    watch = Watch(replace(place.site, policy=policy))
    observe(place.conn, watch, after(minute), lanes_due=False)
    return list_alerts(place.conn, place.site.id)


def fill(place: Border, trucks: int, minute: float) -> list[int]:
    trips = [place.trip(at=after(-60)) for _ in range(trucks)]
    for trip in trips:
        place.visit(trip, YARD, minute)
        place.position(trip, 106.741, 21.985, minute, speed=0.0)
    return trips


def leave(place: Border, trip: int, minute: float) -> None:
    place.conn.execute(
        "update visits set left_at = %s where device_id = %s and left_at is null",
        [after(minute), place.device_of(trip)],
    )


def test_a_yard_that_fills_and_empties_is_one_row_that_says_when_it_was_over(place: Border):
    trips = fill(place, 9, 0)
    [alarm] = look(place, 1)
    assert (alarm.kind, alarm.severity, alarm.place) == ("yard_full", "medium", YARD)
    assert (alarm.over_at, count_open(place.conn, place.site.id)) == (None, 1)
    leave(place, trips[0], 2)
    [over] = look(place, 3)
    assert (over.id, over.over_at, over.last_seen_at) == (alarm.id, after(3), after(1))
    assert count_open(place.conn, place.site.id) == 0
    place.visit(trips[0], YARD, 4)
    [again] = look(place, 5)
    assert (again.id, again.over_at) == (alarm.id, None)


def test_what_comes_back_after_half_an_hour_is_another_episode(place: Border):
    trips = fill(place, 9, 0)
    look(place, 1)
    leave(place, trips[0], 2)
    look(place, 3)
    place.visit(trips[0], YARD, 35)
    assert len(look(place, 36)) == 2


def test_an_alarm_somebody_looks_into_opens_again_only_when_it_gets_worse(place: Border):
    fill(place, 9, 0)
    [alarm] = look(place, 1)
    acknowledge(place, alarm.id)
    [same] = look(place, 2)
    assert same.state == "acknowledged"
    trips = fill(place, 1, 3)
    [worse] = look(place, 4)
    assert (worse.state, worse.severity) == ("open", "high")
    acknowledge(place, alarm.id)
    leave(place, trips[0], 5)
    [better] = look(place, 6)
    fill(place, 1, 7)
    [full] = look(place, 8)
    # A yard that wavers round its last place sounds once.
    assert (better.severity, full.state) == ("high", "acknowledged")


def acknowledge(place: Border, alert: int) -> None:
    with place.conn.transaction():
        decide_alert(
            place.conn,
            place.site,
            alert,
            state=State.ACKNOWLEDGED,
            note="",
            by="operator",
            now=after(2),
        )


def test_what_is_closed_stays_closed_while_the_condition_lasts(place: Border):
    fill(place, 9, 0)
    [alarm] = look(place, 1)
    with place.conn.transaction():
        decide_alert(
            place.conn, place.site, alarm.id, state=State.CLOSED, note="", by="a", now=after(2)
        )
    for minute in (20, 40):
        look(place, minute)
    [closed] = look(place, 55)
    assert (closed.state, count_open(place.conn, place.site.id)) == ("closed", 0)


def test_a_growing_queue_is_told_from_the_looks_of_the_last_half_hour(place: Border):
    for minute in range(30):
        place.conn.execute(
            "insert into queue_states (site, gate, at, tail_m, trucks, moving_share)"
            " values (%s, 'tan_thanh', %s, 500, %s, 0)",
            [place.site.id, after(minute), 8 + minute // 2],
        )
    [alarm] = look(place, 30)
    assert (alarm.kind, alarm.place) == ("queue_growing", "tan_thanh")
    assert [one.over_at for one in look(place, 61)] == [after(61)]


def test_a_gate_that_the_controller_found_stopped_is_an_alarm_until_it_recovers(place: Border):
    find_gate(place, "stopped", 5)
    [alarm] = look(place, 6)
    assert (alarm.kind, alarm.severity, alarm.at) == ("gate_slow", "high", after(1))
    assert alarm.evidence["how"] == "stopped"
    find_gate(place, "recovering", 20)
    assert [one.over_at for one in look(place, 21)] == [after(21)]


def find_gate(place: Border, state: str, minute: float) -> None:
    place.conn.execute(
        "insert into gate_states (site, gate, at, capacity_per_h, capacity_low, capacity_high,"
        " n_target, in_transit, queued, in_lane, waiting, state, state_since)"
        " values (%s, 'huu_nghi', %s, 0.5, 0, 2, 5, 0, 9, 4, 20, %s, %s)",
        [place.site.id, after(minute), state, after(1)],
    )


def test_a_call_up_that_is_not_followed_ends_when_the_truck_comes_to_the_gate(place: Border):
    [trip] = fill(place, 1, 0)
    place.release(trip, 1, until=61)
    place.conn.execute("update tracks set fixed_at = %s", [after(15)])
    [alarm] = look(place, 17)
    assert (alarm.kind, alarm.trip_id) == ("not_followed", trip)
    assert alarmed_trips(place.conn, place.site.id) == {trip}
    leave(place, trip, 18)
    place.visit(trip, "queue_tan_thanh", 25)
    found = {one.kind: one.over_at for one in look(place, 26)}
    assert found == {"not_followed": after(26)}
    assert alarmed_trips(place.conn, place.site.id) == set()


def test_a_called_truck_that_drives_elsewhere_has_left_its_way(place: Border):
    [trip] = fill(place, 1, -30)
    place.release(trip, 0, until=60)
    leave(place, trip, 1)
    for minute in range(2, 14):
        place.conn.execute(
            "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat)"
            " values (%s, 1, %s, %s, %s, %s)",
            [place.device_of(trip), after(minute), after(minute), 106.60 - 0.01 * minute, 21.7],
        )
    place.conn.execute("update tracks set fixed_at = %s", [after(13)])
    [alarm] = look(place, 14)
    assert (alarm.kind, alarm.severity, alarm.trip_id) == ("off_route", "high", trip)
    assert alarm.points[0][3] == "tracker-1"


def test_a_silent_tracker_in_a_yard_is_told_of_once_and_heard_again(place: Border):
    fill(place, 1, -70)
    [alarm] = look(place, 0)
    assert (alarm.kind, alarm.device) == ("silent", "tracker-1")
    place.conn.execute("update tracks set fixed_at = %s", [after(1)])
    assert [one.over_at for one in look(place, 2)] == [after(2)]


def test_consoles_hear_of_every_change(place: Border):
    words = {mark(place.conn, place.site.id)}
    trips = fill(place, 9, 0)
    [alarm] = look(place, 1)
    words.add(mark(place.conn, place.site.id))
    acknowledge(place, alarm.id)
    words.add(mark(place.conn, place.site.id))
    leave(place, trips[0], 3)
    look(place, 4)
    words.add(mark(place.conn, place.site.id))
    assert len(words) == 4


def test_a_process_that_stopped_beating_is_an_alarm_until_it_beats_again(place: Border):
    beat = "insert into heartbeats (process, at, wall_at) values ('controller', now(), %s)"
    [(wall,)] = place.conn.execute("select now()").fetchall()
    place.conn.execute(beat, [wall - timedelta(minutes=5)])
    watched(place)
    [alarm] = list_alerts(place.conn, place.site.id)
    assert (alarm.kind, alarm.evidence["process"]) == ("process_late", "controller")
    # The traffic's look knows nothing of processes, and ends none of their alarms.
    assert [one.over_at for one in look(place, 2)] == [None]
    place.conn.execute("update heartbeats set wall_at = now()")
    watched(place, 3)
    assert [one.over_at for one in list_alerts(place.conn, place.site.id)] == [after(3)]


def watched(place: Border, minute: float = 1) -> None:
    conn: psycopg.Connection = place.conn
    with conn.transaction():
        watch_processes(conn, place.site, after(minute))
