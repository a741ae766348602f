"""Expected arrivals with a real database: on the road, at the gate, kept, scored and published."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from api_server import RunningApi
from border import MORNING, Border, after, border

from flowctl.registry.accounts import Role
from flowctl.site import Corridor
from flowctl.storage.eta import (
    get_calibration,
    list_gate_etas,
    list_yard_etas,
    save_calibration,
)
from flowctl.storage.eta_scores import drop_before, keep_forecasts, list_scores
from flowctl.storage.live import list_active
from flowctl.storage.partitions import ensure_fix_partitions
from flowctl.storage.traffic import save_speeds
from flowctl.traffic.calibration import Calibration
from flowctl.traffic.eta import Eta
from flowctl.traffic.roads import roads_of
from flowctl.traffic.speeds import Sums

TODAY = date(2024, 1, 23)


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as there:
        yield there


def corridor(place: Border) -> Corridor:
    return next(c for c in place.site.corridors if c.yard == "yard_bao_nguyen")


def on_corridor(place: Border, share: float, at: float = 0.0) -> int:
    """Return a trip whose truck has driven a share of its corridor."""
    trip = place.trip(at=after(-60))
    point = corridor(place).line.interpolate(share, normalized=True)
    place.position(trip, point.x, point.y, at)
    return trip


def yard_eta(place: Border, trip: int, at: float = 0.0) -> Eta | None:
    rows = list_active(place.conn, place.site.id)
    return list_yard_etas(place.conn, place.site, rows, after(at)).get(trip)


def gate_eta(place: Border, trip: int, at: float) -> Eta | None:
    rows = list_active(place.conn, place.site.id)
    return list_gate_etas(place.conn, place.site, rows, after(at)).get(trip)


def capacity(place: Border, export_per_h: float | None) -> None:
    place.conn.execute(
        "insert into gate_states (site, gate, at, capacity_per_h, capacity_low, capacity_high,"
        " n_target, in_transit, queued, in_lane, waiting, export_per_h, export_low, export_high)"
        " values (%s, 'tan_thanh', %s, %s, 35, 50, 20, 0, 0, 9, 0, %s, %s, %s)",
        [
            *(place.site.id, MORNING, 0.0 if export_per_h == 0.0 else 43.0, export_per_h),
            *([None] * 2 if export_per_h is None else [0.8 * export_per_h, 1.2 * export_per_h]),
        ],
    )


def minutes(epoch_s: float) -> float:
    return (epoch_s - MORNING.timestamp()) / 60


def test_an_expected_arrival_has_a_spread_around_the_free_road(place: Border):
    eta = yard_eta(place, on_corridor(place, 0.5))
    assert eta is not None
    left_m, free_s = corridor(place).length_m / 2, 0.0
    for piece in reversed(corridor(place).pieces):
        free_s += min(piece.length_m, left_m) / piece.speed_mps
        left_m = max(left_m - piece.length_m, 0.0)
    assert minutes(eta.p50) == pytest.approx(free_s / 60, rel=0.05)
    assert 0 < minutes(eta.p10) < minutes(eta.p50) < minutes(eta.p90)


def test_a_jam_that_trackers_show_makes_it_later(place: Border):
    trip = on_corridor(place, 0.5)
    free = yard_eta(place, trip)
    roads = roads_of(place.site)
    jam = Sums(
        starts=(MORNING - timedelta(minutes=5)).timestamp() * roads.link_m[:1] ** 0,
        window_s=300.0,
        distance_m=10 * roads.link_m[None, :],
        vehicle_s=10 * roads.link_m[None, :] / 3.0,
    )
    save_speeds(place.conn, place.site.id, roads, jam)
    jammed = yard_eta(place, trip)
    assert free is not None
    assert jammed is not None
    assert minutes(jammed.p50) > 1.3 * minutes(free.p50)


def test_off_the_road_silent_and_arrived_trucks_are_not_expected(place: Border):
    off, silent, there = (place.trip() for _ in range(3))
    point = corridor(place).line.interpolate(0.5, normalized=True)
    place.position(off, point.x + 0.2, point.y, 0)
    place.position(silent, point.x, point.y, -60)
    place.position(there, point.x, point.y, 0)
    place.visit(there, "yard_bao_nguyen", -5)
    assert [yard_eta(place, trip) for trip in (off, silent, there)] == [None] * 3


def test_the_queue_before_a_called_truck_is_served_first(place: Border):
    capacity(place, 30.0)
    waiting = [place.trip(at=after(-300)) for _ in range(10)]
    for number, trip in enumerate(waiting):
        place.visit(trip, "yard_bao_nguyen", -200, -30)
        place.visit(trip, "queue_tan_thanh", -20 + number)
    etas = [gate_eta(place, trip, 0) for trip in waiting]
    said = [minutes(eta.p50) for eta in etas if eta is not None]
    assert said == sorted(said)
    # Nine places take 43 an hour: the first falls free soon. Thirty of them are for exports.
    service = 9 / 43 * 60
    assert said[0] == pytest.approx(service / 10, abs=0.1)
    assert said[-1] == pytest.approx(10 / 30 * 60, abs=5)


def test_imports_that_wait_at_the_gate_make_a_truck_in_the_queue_later(place: Border):
    capacity(place, 30.0)
    trips = [place.trip(at=after(-300)) for _ in range(5)]
    for number, trip in enumerate(trips):
        place.visit(trip, "yard_bao_nguyen", -200, -30)
        place.visit(trip, "queue_tan_thanh", -20 + number)
    place.conn.execute("update gate_states set queued = 5")
    alone = gate_eta(place, trips[-1], 0)
    place.conn.execute("update gate_states set queued = 25")
    beside = gate_eta(place, trips[-1], 0)
    assert alone is not None
    assert beside is not None
    assert minutes(beside.p50) > 1.5 * minutes(alone.p50)


def test_what_a_truck_did_in_its_yard_says_nothing_about_its_pace(place: Border):
    capacity(place, 30.0)
    place.conn.execute("update gate_states set gate = 'huu_nghi'")
    ensure_fix_partitions(place.conn, TODAY, TODAY + timedelta(days=1))
    road = place.site.find_freight_road("yard_viettel", "huu_nghi")
    assert road is not None
    said = []
    for stood in (False, True):
        trip = place.trip(at=after(-300), gates=("huu_nghi",))
        place.visit(trip, "yard_viettel", -200, -4)
        place.release(trip, -10, until=60, gate="huu_nghi")
        # Ten minutes' worth of the road lie behind it at 4 min of driving: a fast truck.
        seen = [(-4.0, 0.02), (0.0, 0.3)]
        for minute, share in [(-25.0, 0.02), *seen] if stood else seen:
            point = road.line.interpolate(share, normalized=True)
            place.conn.execute(
                "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat)"
                " values (%s, 1, %s, %s, %s, %s)",
                [place.device_of(trip), *[after(minute)] * 2, point.x, point.y],
            )
        place.position(trip, point.x, point.y, 0)
        said.append(gate_eta(place, trip, 0))
    straight, stood_before = said
    assert straight is not None
    assert stood_before is not None
    assert minutes(stood_before.p50) == pytest.approx(minutes(straight.p50), rel=0.01)


def test_a_truck_called_in_its_yard_is_expected_after_its_way(place: Border):
    capacity(place, 30.0)
    trip = place.trip(at=after(-300))
    place.visit(trip, "yard_bao_nguyen", -200)
    place.release(trip, 0, until=60)
    eta = gate_eta(place, trip, 0)
    access = place.site.yard_by_id["yard_bao_nguyen"].access_to("tan_thanh")
    assert eta is not None
    assert access is not None
    assert minutes(eta.p50) == pytest.approx(access.travel_s / 60, rel=0.01)


def test_a_gate_of_unknown_or_no_capacity_has_no_expected_arrival(place: Border):
    trip = place.trip(at=after(-300))
    place.visit(trip, "queue_tan_thanh", -20)
    assert gate_eta(place, trip, 0) is None
    capacity(place, None)
    assert gate_eta(place, trip, 0) is None
    place.conn.execute("delete from gate_states")
    capacity(place, 0.0)
    assert gate_eta(place, trip, 0) is None


def test_forecasts_are_kept_at_most_every_ten_minutes_and_scored_when_the_truck_comes(
    place: Border,
):
    trip = on_corridor(place, 0.9)
    for minute in (0, 5, 10):
        keep_forecasts(place.conn, place.site, after(minute))
    [open_day] = list_scores(place.conn, place.site, since=TODAY, until=TODAY)
    assert (open_day.target, open_day.n, open_day.pending, open_day.mae_s) == ("yard", 0, 2, None)
    [(p50,)] = place.conn.execute(
        "select p50 from eta_forecasts where at = %s", [MORNING]
    ).fetchall()
    place.visit(trip, "yard_bao_nguyen", (p50 - MORNING).total_seconds() / 60)
    keep_forecasts(place.conn, place.site, after(60))
    [day] = list_scores(place.conn, place.site, since=TODAY, until=TODAY)
    assert (day.day, day.n, day.pending, day.hit_rate) == (TODAY, 2, 0, 1.0)
    assert get_calibration(place.conn, place.site.id).horizons, "its arrival has taught"


def test_a_revised_arrival_scores_its_day_again_and_teaches_no_second_time(place: Border):
    trip = on_corridor(place, 0.9)
    keep_forecasts(place.conn, place.site, MORNING)
    place.visit(trip, "yard_bao_nguyen", 300)
    keep_forecasts(place.conn, place.site, after(310))
    [late] = list_scores(place.conn, place.site, since=TODAY, until=TODAY)
    learned = get_calibration(place.conn, place.site.id)
    place.conn.execute("update visits set entered_at = (select p50 from eta_forecasts limit 1)")
    keep_forecasts(place.conn, place.site, after(320))
    [revised] = list_scores(place.conn, place.site, since=TODAY, until=TODAY)
    assert (late.hit_rate, revised.hit_rate) == (0.0, 1.0)
    assert revised.mae_s is not None
    assert late.mae_s is not None
    assert revised.mae_s < late.mae_s
    assert get_calibration(place.conn, place.site.id) == learned


def test_what_was_learned_is_read_as_it_was_written(place: Border):
    assert get_calibration(place.conn, place.site.id) == Calibration()
    learned = Calibration().learn("yard/2", 0.5, early=True, late=False).learn_pace(0.2, 0.1)
    save_calibration(place.conn, place.site.id, learned, MORNING)
    assert get_calibration(place.conn, place.site.id) == learned


def test_forecasts_are_forgotten_with_the_fixes(place: Border):
    on_corridor(place, 0.5)
    keep_forecasts(place.conn, place.site, MORNING)
    drop_before(place.conn, after(1))
    assert list_scores(place.conn, place.site, since=TODAY, until=TODAY) == []


def test_expecting_a_fleet_delays_no_decision(place: Border):
    for number in range(100):
        on_corridor(place, number / 101)
    rows = list_active(place.conn, place.site.id) * 10
    list_yard_etas(place.conn, place.site, rows, MORNING)  # the roads are cut once
    started = time.perf_counter()
    assert len(list_yard_etas(place.conn, place.site, rows, MORNING)) == 100
    lasted = time.perf_counter() - started
    assert lasted < 1.0


def test_scores_are_published_to_a_tenth_of_a_second_as_far_back_as_they_are_kept(api: RunningApi):
    for share in (0.7, 0.8, 0.9):
        on_corridor(api.border, share)
    keep_forecasts(api.border.conn, api.border.site, MORNING)
    api.border.conn.execute(
        "update eta_forecasts set arrived_at = case trip_id % 3"
        " when 0 then p50 + interval '100.123 s' else p90 + interval '1.777 s' end"
    )
    planner = api.person(Role.PLANNER)
    [day] = planner.get("/v1/eta/scores?days=365").json()
    assert day["hit_rate"] == 0.333
    assert day["mae_s"] == round(day["mae_s"], 1) > 0
    refused = planner.get("/v1/eta/scores?days=366")
    assert refused.status_code == 422
    assert "365 days" in refused.json()["detail"]


def test_scores_and_a_trips_arrival_are_published(api: RunningApi):
    trip = on_corridor(api.border, 0.5)
    keep_forecasts(api.border.conn, api.border.site, MORNING)
    planner = api.person(Role.PLANNER)
    [day] = planner.get("/v1/eta/scores").json()
    assert day == {
        "day": "2024-01-23",
        "target": "yard",
        "n": 0,
        "pending": 1,
        "hit_rate": None,
        "mae_s": None,
    }
    eta = planner.get(f"/v1/trips/{trip}").json()["eta"]
    assert (eta["target"], eta["place"]) == ("yard", "yard_bao_nguyen")
    assert datetime.fromisoformat(eta["p10"]).astimezone(UTC) > MORNING
    assert eta["p10"] < eta["p50"] < eta["p90"]
    assert planner.get("/v1/eta/scores?days=0").status_code == 422
    assert api.person(Role.OFFICER).get("/v1/eta/scores").status_code == 403
