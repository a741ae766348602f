import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from border import MORNING, Border, after, border
from numpy.typing import NDArray

from flowctl.lanes import Bay
from flowctl.ledger.entries import Entry, Kind
from flowctl.policy import Policy, PriorityRules
from flowctl.registry.trips import observe
from flowctl.state import Crossed, GateHistory, LiveTrip, Stage
from flowctl.storage.gate_events import GateEvent
from flowctl.storage.ledger import append
from flowctl.storage.snapshot import gate_histories, list_crossed, list_live_trips


@pytest.fixture
def lang_son(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def only(place: Border) -> LiveTrip:
    [trip] = list_live_trips(place.conn, place.site, after(300))
    return trip


def history(place: Border, gate: str = "tan_thanh", now: float = 300) -> GateHistory:
    [found] = [h for h in gate_histories(place.conn, place.site, after(now)) if h.gate == gate]
    return found


def minutes(epochs: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(e) else round((e - MORNING.timestamp()) / 60, 3) for e in epochs]


def test_a_truck_counts_from_its_first_yard_and_stands_in_its_last(lang_son: Border):
    lang_son.trip(gates=("huu_nghi",))
    lang_son.visit(1, "yard_viettel", 10, 50)
    lang_son.visit(1, "yard_xuan_cuong", 70)
    trip = only(lang_son)
    assert trip.arrived_at == after(10)
    assert trip.yard == "yard_xuan_cuong"
    assert trip.stage is Stage.STAGED


def test_a_truck_that_stood_there_before_it_was_registered_counts_from_its_registration(
    lang_son: Border,
):
    lang_son.trip(at=after(60))
    lang_son.visit(1, "yard_bao_nguyen", -600)
    trip = only(lang_son)
    assert trip.arrived_at == after(60)
    assert trip.yard == "yard_bao_nguyen"


def test_what_a_device_did_before_the_trip_is_not_of_the_trip(lang_son: Border):
    lang_son.trip(at=after(60))
    lang_son.visit(1, "yard_bao_nguyen", 1, 30)
    lang_son.visit(1, "queue_tan_thanh", 31, 40)
    lang_son.visit(1, "lane_tan_thanh", 41, 55)
    trip = only(lang_son)
    assert trip.stage is Stage.REGISTERED
    assert (trip.arrived_at, trip.yard, trip.queued_at, trip.cleared_at) == (None,) * 4


def test_a_truck_passes_through_queue_and_lane(lang_son: Border):
    lang_son.trip()
    lang_son.visit(1, "yard_bao_nguyen", 1, 100)
    lang_son.release(1, 95, until=155)
    assert only(lang_son).stage is Stage.RELEASED
    lang_son.visit(1, "queue_tan_thanh", 110, 120)
    trip = only(lang_son)
    assert (trip.stage, trip.queued_at, trip.yard) == (Stage.QUEUED, after(110), None)
    lang_son.visit(1, "lane_tan_thanh", 120)
    trip = only(lang_son)
    assert (trip.stage, trip.lane_at, trip.cleared_at) == (Stage.IN_LANE, after(120), None)
    lang_son.conn.execute("update visits set left_at = %s where left_at is null", [after(133)])
    trip = only(lang_son)
    assert (trip.stage, trip.cleared_at) == (Stage.CLEARED, after(133))


def test_a_truck_seen_beyond_has_cleared_though_its_lane_was_never_seen(lang_son: Border):
    lang_son.trip()
    lang_son.visit(1, "queue_tan_thanh", 110, 120)
    lang_son.visit(1, "beyond_tan_thanh", 135)
    trip = only(lang_son)
    assert (trip.stage, trip.lane_at, trip.cleared_at) == (Stage.CLEARED, None, after(135))


def test_a_truck_that_leaves_the_lane_for_the_queue_has_not_cleared(lang_son: Border):
    lang_son.trip()
    lang_son.visit(1, "queue_tan_thanh", 110, 120)
    lang_son.visit(1, "lane_tan_thanh", 120, 125)
    lang_son.visit(1, "queue_tan_thanh", 125)
    trip = only(lang_son)
    assert (trip.stage, trip.queued_at, trip.cleared_at) == (Stage.QUEUED, after(110), None)


def test_a_truck_sent_back_to_the_yard_is_staged_again(lang_son: Border):
    lang_son.trip()
    lang_son.visit(1, "yard_bao_nguyen", 1, 100)
    lang_son.visit(1, "queue_tan_thanh", 110, 120)
    lang_son.visit(1, "yard_bao_nguyen", 130)
    trip = only(lang_son)
    assert (trip.stage, trip.arrived_at, trip.yard) == (Stage.STAGED, after(1), "yard_bao_nguyen")
    assert len(history(lang_son).entered_at) == 0


def test_the_told_slot_and_the_newest_release_are_the_trips(lang_son: Border):
    lang_son.trip()
    lang_son.visit(1, "yard_bao_nguyen", 1)
    lang_son.tell(1, after(120))
    lang_son.release(1, 60, until=70)
    lang_son.release(1, 90, until=150)
    trip = only(lang_son)
    assert (trip.told.gate, trip.told.starts_at) == ("tan_thanh", after(120))
    assert (trip.released_at, trip.release_expires_at) == (after(90), after(150))


def test_imports_and_trips_that_ended_are_not_metered(lang_son: Border):
    lang_son.trip(direction="import")
    ended = lang_son.trip()
    lang_son.conn.execute(
        "update trips set state = 'cancelled', ended_at = %s where id = %s", [after(9), ended]
    )
    assert list_live_trips(lang_son.conn, lang_son.site, after(10)) == ()


def test_a_truck_on_its_corridor_is_expected_at_the_yard_and_others_are_not(lang_son: Border):
    corridor = next(c for c in lang_son.site.corridors if c.yard == "yard_bao_nguyen")
    halfway = corridor.line.interpolate(0.5, normalized=True)
    on_road, off_road, silent = (lang_son.trip() for _ in range(3))
    lang_son.position(on_road, halfway.x, halfway.y, 0)
    lang_son.position(off_road, halfway.x + 0.2, halfway.y, 0)
    lang_son.position(silent, halfway.x, halfway.y, -60)
    etas = {t.id: t.eta_yard_at for t in list_live_trips(lang_son.conn, lang_son.site, MORNING)}
    # The later half, up through the hills, is the slower one; test_eta.py has the figure.
    whole_s = corridor.length_m / corridor.speed_mps
    assert 0.5 * whole_s < (etas[on_road] - MORNING).total_seconds() < 0.7 * whole_s
    assert etas[off_road] is None
    assert etas[silent] is None


def test_a_gates_past_holds_exports_from_gps_and_imports_from_officers(lang_son: Border):
    for _ in range(2):
        lang_son.trip()
    lang_son.visit(1, "queue_tan_thanh", 10, 20)
    lang_son.visit(1, "lane_tan_thanh", 20, 33)
    lang_son.visit(2, "lane_tan_thanh", 40)
    observed(lang_son, ("import", "entered", "CN-1", 5), ("import", "cleared", "cn 1", 25))
    found = history(lang_son)
    rows = set(
        zip(
            minutes(found.entered_at),
            minutes(found.cleared_at),
            found.is_import.tolist(),
            strict=True,
        )
    )
    assert rows == {(10, 33, False), (40, None, False), (5, 25, True)}
    assert len(history(lang_son, "huu_nghi").entered_at) == 0


def observed(place: Border, *events: tuple[str, str, str, float]) -> int:
    return observe(
        place.conn,
        place.site,
        "tan_thanh",
        [GateEvent(d, k, truck, after(m)) for d, k, truck, m in events],
        by="officer",
        now=after(200),
    )


def test_an_entry_without_word_of_its_end_is_replaced_by_the_marks_next_entry(lang_son: Border):
    observed(
        lang_son,
        ("import", "entered", "A1", 5),
        ("import", "entered", "A1", 95),
        ("import", "cleared", "A1", 110),
    )
    found = history(lang_son)
    assert minutes(found.entered_at) == [95]
    assert minutes(found.cleared_at) == [110]


def test_two_officers_word_for_one_clearance_counts_once(lang_son: Border):
    observed(
        lang_son,
        ("import", "entered", "A1", 5),
        ("import", "cleared", "A1", 20),
        ("import", "cleared", "A1", 22),
    )
    assert minutes(history(lang_son).cleared_at) == [20]


def test_a_truck_nobody_saw_enter_is_counted_when_it_clears(lang_son: Border):
    observed(lang_son, ("export", "cleared", "A1", 20))
    found = history(lang_son)
    assert minutes(found.entered_at) == [None]
    assert minutes(found.cleared_at) == [20]
    assert found.is_import.tolist() == [False]


def test_a_truck_that_gps_and_officers_saw_counts_once(lang_son: Border):
    lang_son.trip(plate="12C99999")
    lang_son.visit(1, "queue_tan_thanh", 10, 20)
    lang_son.visit(1, "lane_tan_thanh", 20, 33)
    observed(lang_son, ("export", "entered", "12C-999.99", 11))
    assert minutes(history(lang_son).entered_at) == [10]


def test_what_is_older_than_the_gates_memory_is_forgotten(lang_son: Border):
    lang_son.trip()
    lang_son.visit(1, "lane_tan_thanh", 20, 33)
    observed(lang_son, ("import", "entered", "A1", 5), ("import", "cleared", "A1", 20))
    assert len(history(lang_son, now=37 * 60).entered_at) == 0


def test_a_truck_that_an_officer_saw_leave_ends_its_trip(lang_son: Border):
    lang_son.trip(plate="12C99999", device=None)
    lang_son.trip(plate="12C88888", at=after(50))
    observed(
        lang_son, ("export", "cleared", "12C 999.99", 20), ("export", "cleared", "12C88888", 20)
    )
    active = [trip.id for trip in list_live_trips(lang_son.conn, lang_son.site, after(60))]
    assert active == [2], "a trip registered after the event is another journey"


def test_the_picture_of_a_thousand_trucks_is_read_within_a_tick(lang_son: Border):
    fill(lang_son, trips=1000, past_visits=20)
    best = {"trips": 1.0, "gates": 1.0}
    for _ in range(8):
        started = time.perf_counter()
        trips = list_live_trips(lang_son.conn, lang_son.site, after(300))
        best["trips"] = min(best["trips"], time.perf_counter() - started)
        started = time.perf_counter()
        gates = gate_histories(lang_son.conn, lang_son.site, after(300))
        best["gates"] = min(best["gates"], time.perf_counter() - started)
    assert len(trips) == 1000
    assert sum(len(gate.entered_at) for gate in gates) == 300 + 1000
    # A few tens of milliseconds on two quiet cores; what grows with the past takes seconds.
    assert max(best.values()) < 0.5


def fill(place: Border, *, trips: int, past_visits: int) -> None:
    """Let trucks stand in a yard, three in ten at the gate, each with a past; and imports pass."""
    conn = place.conn
    conn.execute("insert into drivers (phone_cipher, phone_hash, language) values ('', '', 'vi')")
    conn.execute("insert into devices (uid) select 'd' || n from generate_series(1, %s) n", [trips])
    conn.execute(
        "insert into trips (site, plate, driver_id, device_id, direction, cargo, gates, ready_at,"
        " registered_at, registered_by) select 'lang_son', 'P' || id, (select id from drivers), id,"
        " 'export', 'normal', '{tan_thanh}', %s, %s, 'x' from devices",
        [MORNING, MORNING],
    )
    conn.execute(
        "insert into visits (id, device_id, zone, role, gate, entered_at, confirmed_at, left_at,"
        " seen_inside, received_at) select gen_random_uuid(), d.id, 'yard_bao_nguyen', 'yard',"
        " null, at, at, at + interval '1 hour', false, at from devices d,"
        " generate_series(1, %s) n, lateral (select %s - n * interval '1 day' as at) t",
        [past_visits, MORNING],
    )
    for zone, role, share, minute in [
        ("yard_bao_nguyen", "yard", 1, 10),
        ("queue_tan_thanh", "queue", 0.3, 100),
        ("lane_tan_thanh", "lane", 0.1, 120),
    ]:
        conn.execute(
            "insert into visits (id, device_id, zone, role, gate, entered_at, confirmed_at,"
            " left_at, seen_inside, received_at) select gen_random_uuid(), id, %s, %s,"
            " 'tan_thanh', %s, %s, null, false, %s from devices where id <= %s",
            [zone, role, after(minute), after(minute), after(minute), trips * share],
        )
    conn.execute(
        "insert into tracks (device_id, fixed_at, received_at, lon, lat, visit_state)"
        " select id, %s, %s, 106.68, 22.0, '{}' from devices",
        [MORNING, MORNING],
    )
    conn.execute(
        "insert into gate_events (site, gate, direction, kind, truck, at, recorded_by, recorded_at)"
        " select 'lang_son', 'huu_nghi', 'import', kind, 'T' || n, at, 'x', at"
        " from generate_series(1, 1000) n, unnest('{entered,cleared}'::text[]) kind,"
        " lateral (select %s + n * interval '10 s' + case kind when 'cleared'"
        " then interval '12 min' else '0' end as at) t",
        [MORNING],
    )
    conn.execute("analyze")


def test_a_truck_called_to_an_in_gate_yard_waits_there_and_keeps_its_seniority(lang_son: Border):
    lang_son.trip(gates=("huu_nghi",))
    lang_son.visit(1, "yard_viettel", 10, 50)
    lang_son.release(1, 45, until=105, gate="huu_nghi")
    lang_son.conn.execute("update releases set to_yard = 'yard_xuan_cuong'")
    trip = only(lang_son)
    assert (trip.stage, trip.moving_to, trip.yard) == (Stage.RELEASED, "yard_xuan_cuong", None)
    lang_son.visit(1, "yard_xuan_cuong", 70)
    trip = only(lang_son)
    assert (trip.stage, trip.yard) == (Stage.STAGED, "yard_xuan_cuong")
    assert trip.arrived_at == after(10)


def test_why_a_call_up_was_not_followed_is_known(lang_son: Border):
    lang_son.trip()
    lang_son.visit(1, "yard_bao_nguyen", 1)
    lang_son.release(1, 95, until=155)
    assert only(lang_son).release_ended is None
    lang_son.conn.execute("update releases set ended = 'no_show'")
    assert only(lang_son).release_ended == "no_show"


def test_what_metering_last_aimed_at_is_known(lang_son: Border):
    assert (history(lang_son).n_target, history(lang_son).n_target_at) == (None, None)
    for minute, target in ((10, 7.0), (20, 9.5)):
        lang_son.conn.execute(
            "insert into gate_states (site, gate, at, capacity_per_h, capacity_low, capacity_high,"
            " n_target, in_transit, queued, in_lane, waiting, state)"
            " values (%s, 'tan_thanh', %s, 9, 8, 10, %s, 0, 0, 0, 0, 'normal')",
            [lang_son.site.id, after(minute), target],
        )
    assert (history(lang_son).n_target, history(lang_son).n_target_at) == (9.5, after(20))


def test_places_lost_to_priority_are_counted_from_the_ledger(lang_son: Border):
    senior, other, junior = (lang_son.trip(at=after(minute)) for minute in range(3))
    passed = [(4, "priority", (senior, other)), (5, "priority", (senior,)), (6, "cargo", (senior,))]
    site = lang_son.site
    with lang_son.conn.transaction():
        append(
            lang_son.conn,
            site.id,
            "2024-01",
            [
                Entry(Kind.OVERTOOK, after(minute), junior, "tan_thanh", reason, others)
                for minute, reason, others in passed
            ],
            now=after(10),
        )
    policy = Policy(priority=PriorityRules({"perishable": 1}))
    trips = list_live_trips(lang_son.conn, replace(site, policy=policy), after(20))
    assert {trip.id: trip.places_lost for trip in trips} == {senior: 2, other: 1, junior: 0}
    # Where nobody has priority nothing is looked up.
    assert {trip.places_lost for trip in list_live_trips(lang_son.conn, site, after(20))} == {0}


def test_the_bay_a_truck_was_declared_to_need_is_read_with_it(lang_son: Border):
    gates = [replace(gate, bays=(Bay("scanner", 1, 2),)) for gate in lang_son.site.gates]
    lang_son.site = replace(lang_son.site, gates=tuple(gates))
    lang_son.trip(needs="scanner")
    assert only(lang_son).needs == "scanner"


def test_who_crossed_and_must_come_back_is_known_until_it_was_seen_or_its_time_is_over(
    lang_son: Border,
):
    for plate, within_h in (("12C70001", 24.0), ("12C70002", 36.0), ("12C70003", None)):
        trip = lang_son.trip(plate=plate, returns_within_h=within_h)
        lang_son.release(trip, 5, until=65)
        lang_son.conn.execute(
            "update trips set state = 'cleared', ended_at = %s where id = %s", [after(60), trip]
        )

    def due(minute: float) -> list[Crossed]:
        return list(list_crossed(lang_son.conn, lang_son.site.id, after(minute)))

    both = [Crossed("tan_thanh", after(60), after(60 * (1 + hours))) for hours in (24, 36)]
    assert (due(59), due(90), due(26 * 60)) == ([], both, both[1:])
    observed(lang_son, ("import", "entered", "12C70002", 80))
    assert due(90) == both[:1]
    lang_son.trip(plate="12C70001", at=after(85))
    assert due(90) == []
