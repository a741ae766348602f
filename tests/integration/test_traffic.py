"""The state of traffic from stored fixes, on a real database."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from api_server import RunningApi
from border import MORNING, Border, after, border

from flowctl.registry.accounts import Role
from flowctl.storage import traffic as store
from flowctl.storage.fixes import STORED, insert_fixes
from flowctl.storage.partitions import ensure_fix_partitions
from flowctl.storage.retention import retain
from flowctl.telemetry.fixes import microseconds
from flowctl.traffic.roads import roads_of
from flowctl.traffic.speeds import Sums
from flowctl.traffic.watch import Watch
from flowctl.worker import observe

ROAD = "yard_bao_nguyen_to_tan_thanh"
CORRIDOR = "ha_noi_bao_nguyen"


class Roadside(Border):
    """The border, where trucks are put on roads."""

    def drive(
        self,
        trip: int,
        way: str,
        *fixes: tuple[float, float],
        speed: float = np.nan,
        late_s: float = 0.0,
    ) -> None:
        """Let a trip's truck report at minutes after 08:00, so many metres along a way."""
        path = next(one.path for one in roads_of(self.site).ways if one.way == way)
        minutes, along = zip(*fixes, strict=True)
        rows = np.zeros(len(fixes), STORED)
        rows["device_id"], rows["source_id"] = self.device_of(trip), 1
        rows["fixed_at"] = [microseconds(after(minute)) for minute in minutes]
        rows["received_at"] = rows["fixed_at"] + round(late_s * 1e6)
        rows["lon"], rows["lat"], _ = path.at(along)
        rows["ignition"] = 1
        rows["speed_mps"] = speed
        for name in ("heading_deg", "altitude_m", "accuracy_m"):
            rows[name] = np.nan
        insert_fixes(self.conn, rows)
        last = rows[int(np.argmax(rows["fixed_at"]))]
        self.conn.execute(
            "insert into tracks (device_id, fixed_at, received_at, lon, lat)"
            " values (%s, %s, %s, %s, %s) on conflict (device_id) do update set"
            " fixed_at = greatest(tracks.fixed_at, excluded.fixed_at)",
            [int(last["device_id"]), after(max(minutes)), after(max(minutes)),
             float(last["lon"]), float(last["lat"])],
        )  # fmt: skip

    def stand(self, trip: int, before_m: float, *, minutes: tuple[float, ...] = (0, 1, 2)) -> None:
        """Let a trip's truck stand so many metres before the stop line of Tân Thanh."""
        way = next(one for one in roads_of(self.site).ways if one.way == ROAD)
        self.drive(trip, ROAD, *((minute, way.stop_m - before_m) for minute in minutes), speed=0.0)

    def look(self, minute: float, watch: Watch | None = None, *, lanes: bool = False) -> None:
        """Look at the traffic; without a ``watch`` as after a restart."""
        observe(self.conn, watch or Watch(self.site), after(minute), lanes_due=lanes)

    def speeds(self) -> list[tuple[Any, ...]]:
        """Return what is stored of roads."""
        return self.conn.execute("select * from road_speeds order by at, road, turned").fetchall()

    def queue(self, minute: float, gate: str = "tan_thanh") -> store.QueueState:
        """Return the queue last seen before a gate."""
        queues = store.list_queues(self.conn, self.site.id, at=after(minute))
        return next(queue for queue in queues if queue.gate == gate)


@pytest.fixture
def road(database: str) -> Iterator[Roadside]:
    with border(database) as place:
        ensure_fix_partitions(place.conn, MORNING.date(), MORNING.date())
        yield Roadside(place.conn, place.site)


def test_trucks_that_stand_before_the_gate_are_its_queue(road: Roadside):
    for before_m in (40, 62, 84, 150):
        road.stand(road.trip(), before_m)
    road.drive(road.trip(), ROAD, (1, 100), (2, 250), speed=5.0)  # drives up
    road.look(2.5)
    seen = road.queue(3)
    assert seen.tail_m == pytest.approx(150, abs=1)
    assert (seen.trucks, seen.moving_share) == (4, 0.0)
    assert road.queue(3, "huu_nghi").tail_m is None  # nobody seen there: not known


def test_a_truck_that_was_called_to_another_gate_stands_in_that_ones_queue(road: Roadside):
    trip = road.trip(gates=("huu_nghi", "tan_thanh"))
    road.stand(trip, 40)
    road.release(trip, 0, until=60, gate="huu_nghi")
    road.look(2.5)
    assert road.queue(3).trucks is None


def test_without_trucks_nothing_is_known(road: Roadside):
    road.look(1)
    assert road.speeds() == []
    assert road.queue(1).tail_m is None


def test_one_fix_makes_a_queue_but_no_speed(road: Roadside):
    road.stand(road.trip(), 30, minutes=(1,))
    road.look(2)
    assert road.speeds() == []
    assert road.queue(2).trucks == 1


def test_a_window_holds_what_trucks_did_on_a_piece_of_road(road: Roadside):
    road.drive(road.trip(), CORRIDOR, *((k / 2, 20_000 + 360 * k) for k in range(11)))
    road.look(6)
    roads = roads_of(road.site)
    sums = store.find_sums(road.conn, "lang_son", roads, since=after(0), until=after(6))
    assert sums is not None
    assert sums.distance_m.sum() == pytest.approx(3_600, rel=1e-3)
    assert sums.vehicle_s.sum() == pytest.approx(300)


def test_looking_minute_by_minute_says_the_same_as_one_look_after_a_restart(road: Roadside):
    watch = Watch(road.site)
    trips = [road.trip() for _ in range(5)]
    for minute in range(30):
        for number, trip in enumerate(trips):
            begin = 10_000 + 3_000 * number + 700 * minute
            road.drive(trip, CORRIDOR, (minute + 0.01, begin), (minute + 0.51, begin + 350))
        road.look(minute + 1, watch)
    step_by_step = road.speeds()
    road.conn.execute("delete from road_speeds")
    road.look(30)
    assert len(step_by_step) >= 6
    for one, other in zip(step_by_step, road.speeds(), strict=True):
        assert one[:5] == other[:5]
        assert one[6:] == (pytest.approx(other[6]), pytest.approx(other[7]))


def test_a_late_fix_is_counted_in_its_own_window(road: Roadside):
    watch, trip = Watch(road.site), road.trip()
    road.drive(trip, CORRIDOR, (0, 20_000), (2, 22_000), (12, 32_000), (14, 34_000))
    road.look(17, watch)
    assert len(road.speeds()) == 2
    road.drive(trip, CORRIDOR, (7, 27_000), (9, 29_000), late_s=480)
    for minute in range(18, 18 + 12):  # by then each device has been read again
        road.look(minute, watch)
    assert len(road.speeds()) == 3


def test_a_fix_later_than_the_bound_changes_nothing(road: Roadside):
    road.drive(road.trip(), CORRIDOR, (0, 20_000), (2, 22_000), (90, 30_000))
    road.look(91)
    assert road.speeds() == []


def test_a_clock_that_is_set_back_begins_anew(road: Roadside):
    watch = Watch(road.site)
    road.stand(road.trip(), 30, minutes=(0, 1, 2))
    road.look(40, watch)
    assert road.queue(40).trucks is None  # silent for too long
    road.look(3, watch)
    assert road.queue(3).trucks == 1


def test_lanes_say_how_long_trucks_take_and_how_close_they_follow(road: Roadside):
    for number in range(4):
        trip = road.trip(at=after(-60))
        road.visit(trip, "queue_tan_thanh", 0 + number, 10 + 3 * number)
        road.visit(trip, "lane_tan_thanh", 10 + 3 * number, 22 + 3 * number)
    road.look(40, lanes=True)
    [lanes] = store.list_lanes(road.conn, "lang_son", at=after(40), within=timedelta(minutes=5))
    assert (lanes.gate, lanes.direction) == ("tan_thanh", "export")
    assert lanes.headway_s is not None
    assert (lanes.headway_s.p50, lanes.headway_s.n) == (180, 3)
    assert lanes.service_s is not None
    assert (lanes.service_s.p50, lanes.service_s.n) == (720, 4)


def test_traffic_is_dropped_with_the_fixes(road: Roadside):
    road.stand(road.trip(), 30)
    road.look(3)
    kept = road.site.fixes_kept_days
    retain(road.conn, road.site, after(0) + timedelta(days=kept - 1), wall_clock=False)
    assert len(road.speeds()) == 1
    retain(road.conn, road.site, after(0) + timedelta(days=kept + 2), wall_clock=False)
    left = road.conn.execute(
        "select (select count(*) from road_speeds), (select count(*) from queue_states)"
    ).fetchone()
    assert left == (0, 0)


def test_speeds_are_kept_alike_on_every_storage_level(any_database: str):
    with border(any_database) as place:
        roads = roads_of(place.site)
        sums = Sums(
            np.array([MORNING.timestamp(), after(5).timestamp()]),
            300.0,
            np.full((2, len(roads.link_m)), 12.0),
            np.full((2, len(roads.link_m)), 3.0),
        )
        for _ in range(2):  # writing again is no other
            store.save_speeds(place.conn, "lang_son", roads, sums)
        found = store.find_sums(place.conn, "lang_son", roads, since=MORNING, until=after(10))
        assert found is not None
        assert found.starts.tolist() == sums.starts.tolist()
        assert (found.distance_m == 12).all()
        assert (found.vehicle_s == 3).all()
        store.drop_before(place.conn, after(5))
        found = store.find_sums(place.conn, "lang_son", roads, since=MORNING, until=after(10))
        assert found is not None
        assert len(found.starts) == 1


def test_the_api_tells_speeds_and_queues_of_now_and_of_a_past_moment(api: RunningApi):
    ensure_fix_partitions(api.border.conn, MORNING.date(), MORNING.date())
    road = Roadside(api.border.conn, api.border.site)
    for before_m in (30, 55):
        road.stand(road.trip(), before_m, minutes=(0, 2, 4, 5))
    road.look(5.5)
    api.clock.at = after(6)
    operator = api.person(Role.OPERATOR)
    answer = operator.get("/v1/traffic").json()
    gate = next(one for one in answer["gates"] if one["id"] == "tan_thanh")
    assert (gate["tail_m"], gate["trucks"], gate["moving_share"]) == (55, 2, 0)
    way = next(one for one in answer["ways"] if one["id"] == ROAD)
    speeds = [speed for speed in way["speed_kmh"] if speed is not None]
    assert speeds == [pytest.approx(0, abs=0.1)]
    assert len(way["starts_m"]) == len(way["live_kmh"]) + 1 == len(way["speed_kmh"]) + 1
    past = operator.get("/v1/traffic", params={"at": after(-30).isoformat()}).json()
    assert next(one for one in past["gates"] if one["id"] == "tan_thanh")["tail_m"] is None
    assert {speed for way in past["ways"] for speed in way["speed_kmh"]} == {None}
    assert past["measured_since"] == answer["measured_since"] == "2024-01-23T01:05:30Z"


def test_traffic_that_is_yet_to_come_or_kept_no_more_is_refused_with_the_limit(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    assert operator.get("/v1/traffic").json()["measured_since"] is None
    for days, said in ((1, "it is 2024-01-23T01:00:00+00:00 now"), (-366, "keeps 365 days")):
        at = (MORNING + timedelta(days=days)).isoformat()
        answer = operator.get("/v1/traffic", params={"at": at})
        assert answer.status_code == 422
        assert f"at: {at} lies" in answer.json()["detail"]
        assert said in answer.json()["detail"]
    soon = (MORNING + timedelta(seconds=20)).isoformat()
    assert operator.get("/v1/traffic", params={"at": soon}).json()["at"] == "2024-01-23T01:00:00Z"
