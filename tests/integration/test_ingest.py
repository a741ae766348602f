"""The way from the stream to tables and visits, on real stores, plain and TimescaleDB."""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import msgspec
import psycopg
import pytest
import redis
import redis.asyncio

from flowctl.data_files import data_dir
from flowctl.registry.sources import add_source
from flowctl.site import Site
from flowctl.site_files import read_source
from flowctl.storage.outcomes import total_outcomes
from flowctl.storage.sites import save_site
from flowctl.storage.sources import list_heard
from flowctl.telemetry import stream
from flowctl.telemetry.edge import intake
from flowctl.telemetry.fixes import FixBatch, batch_from_bytes, microseconds, rows_of
from flowctl.telemetry.formats import own
from flowctl.telemetry.ingest import Ingest
from flowctl.telemetry.screening import ScreeningParams

T0 = datetime(2024, 1, 23, 1, tzinfo=UTC)
FAR = (106.60, 21.80)


class Bench:
    """An ingest worker, its stores, and a way to post."""

    def __init__(self, database: str, valkey: str) -> None:
        self.database = database
        self.valkey = valkey
        self.conn = psycopg.connect(database, autocommit=True)
        self.store = redis.Redis.from_url(valkey)
        with self.conn.transaction():
            source = read_source(data_dir() / "sites/lang_son")
            self.site: Site = save_site(self.conn, source, where="test", now=T0)
            add_source(self.conn, name="test", enrols=True)
            add_source(self.conn, name="another", enrols=False)
        self.restart()

    def restart(self) -> Ingest:
        """Put a worker in place that remembers nothing, as after a crash."""
        self.ingest = Ingest.begin(self.conn, self.store, self.site)
        return self.ingest

    def post(self, *fixes: dict[str, object], at: datetime | None = None, source: int = 1) -> None:
        decoded = own.decode_json(msgspec.json.encode(fixes))
        received = microseconds(at or T0 + timedelta(hours=12))
        taken = intake(decoded, source_id=source, received_at_us=received, params=ScreeningParams())
        parts = {p: part.to_bytes() for p, part in taken.batch.partitions().items()}

        async def send() -> None:
            async with redis.asyncio.Redis.from_url(self.valkey) as store:
                await stream.append(store, parts)

        asyncio.run(send())

    def work(self, now: datetime = T0) -> None:
        while self.ingest.step(lambda: now, block_ms=1):
            pass

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return self.conn.execute(query).fetchall()

    def close(self) -> None:
        self.conn.close()
        self.store.close()


@pytest.fixture
def bench(any_database: str, valkey: str) -> Iterator[Bench]:
    bench = Bench(any_database, valkey)
    yield bench
    bench.close()


def fix(minute: float, place: tuple[float, float], device: str = "A") -> dict[str, object]:
    at = T0 + timedelta(minutes=minute)
    return {"device": device, "fixed_at": at.isoformat(), "lon": place[0], "lat": place[1]}


def middle(bench: Bench, zone: str) -> tuple[float, float]:
    point = bench.site.zone_by_id[zone].polygon.representative_point()
    return point.x, point.y


def a_day(bench: Bench, device: str = "A") -> list[dict[str, object]]:
    yard = middle(bench, "yard_bao_nguyen")
    return [
        fix(0, FAR, device),
        *[fix(10 + 5 * i, yard, device) for i in range(10)],
        *[fix(62 + i, middle(bench, "queue_tan_thanh"), device) for i in range(4)],
        *[fix(70 + 5 * i, middle(bench, "lane_tan_thanh"), device) for i in range(3)],
        fix(84, middle(bench, "beyond_tan_thanh"), device),
        fix(90, FAR, device),
        fix(91, FAR, device),
    ]


VISITS = (
    "select zone, extract(epoch from entered_at - '2024-01-23T01:00Z')::int / 60,"
    " extract(epoch from left_at - '2024-01-23T01:00Z')::int / 60 from visits order by entered_at"
)
EXPECTED = [  # where a truck can have driven, boundaries are crossed between two fixes
    ("yard_bao_nguyen", 9, 57),
    ("queue_tan_thanh", 59, 68),
    ("lane_tan_thanh", 69, 81),
    ("beyond_tan_thanh", 81, 90),
]


def test_a_posted_day_becomes_fixes_and_visits(bench: Bench):
    bench.post(*a_day(bench))
    bench.work()
    assert [row[0] for row in bench.rows("select count(*) from fixes")] == [21]
    assert bench.rows(VISITS) == EXPECTED
    assert bench.rows("select lon, lat from tracks") == [FAR]


def test_columns_a_fix_leaves_out_are_null(bench: Bench):
    bench.post({**fix(0, FAR), "speed_mps": 3.5}, {**fix(1, FAR), "ignition": False})
    bench.work()
    rows = bench.rows("select speed_mps, ignition, altitude_m from fixes order by fixed_at")
    assert rows == [(3.5, None, None), (None, False, None)]


def test_the_same_fixes_in_any_order_and_number_give_the_same_visits(bench: Bench):
    day = a_day(bench)
    random.Random(7).shuffle(day)  # noqa: S311 - an order, no secret
    for start in range(0, len(day), 3):
        bench.post(*day[start : start + 3])
        bench.post(*day[start : start + 2])
        bench.work()
    assert bench.rows(VISITS) == EXPECTED
    outcomes = total_outcomes(bench.conn)
    assert (outcomes.stored, outcomes.duplicate) == (21, 14)


def test_a_late_fix_revises_a_visit_and_keeps_its_identity(bench: Bench):
    yard = middle(bench, "yard_bao_nguyen")
    bench.post(fix(0, FAR), fix(20, yard), fix(30, yard))
    bench.work()
    [(first,)] = bench.rows("select id from visits")
    bench.post(fix(12, yard))
    bench.work()
    [(identity, revision, entered_at)] = bench.rows("select id, revision, entered_at from visits")
    assert (identity, revision) == (first, 2)
    assert T0 + timedelta(minutes=11) < entered_at < T0 + timedelta(minutes=12)
    bench.post(fix(60, FAR), fix(61, FAR))
    bench.work()
    # Thirty minutes of silence: it was there for as long as a parked truck's silence says nothing.
    rows = bench.rows("select left_at, id, revision, exit_gap_s from visits")
    assert rows == [(T0 + timedelta(minutes=50), first, 2, 1800.0)]
    [(visit, why, said)] = bench.rows("select visit_id, why, said from visit_revisions")
    assert (visit, why) == (first, "late_fix")
    assert said["entered_at"] > microseconds(entered_at)


def test_a_late_fix_does_not_move_the_position_shown_back(bench: Bench):
    yard = middle(bench, "yard_bao_nguyen")
    bench.post(fix(30, yard))
    bench.work()
    bench.post(fix(10, FAR))
    bench.work()
    assert bench.rows("select lon, lat from tracks") == [yard]


def test_a_device_far_from_every_zone_is_shown_only_while_its_trip_is_under_way(bench: Bench):
    bench.post(fix(30, FAR, "A"), fix(30, FAR, "B"))
    bench.work()
    assert bench.rows("select count(*) from tracks") == [(0,)]
    bench.conn.execute(
        "with driver as (insert into drivers (phone_cipher, phone_hash, language)"
        "  values ('', '', 'vi') returning id)"
        " insert into trips (site, plate, driver_id, device_id, direction, cargo, gates, ready_at,"
        "  registered_at, registered_by)"
        " select 'lang_son', '29C12345', driver.id, devices.id, 'export', 'normal', '{tan_thanh}',"
        "  %s, %s, 'x' from devices, driver where uid = 'A'",
        [T0, T0],
    )
    bench.post(fix(31, FAR, "A"), fix(31, FAR, "B"))
    bench.work()
    rows = bench.rows("select uid, fixed_at from tracks join devices on id = device_id")
    assert rows == [("A", T0 + timedelta(minutes=31))]
    assert bench.restart().recorder.judge.states == {}  # watched, but near to no zone


def test_a_device_that_was_always_far_arrives_and_one_first_seen_inside_was_there(bench: Bench):
    yard = middle(bench, "yard_bao_nguyen")
    bench.post(fix(0, FAR, "came"))
    bench.work()
    bench.restart()
    bench.post(*[fix(20 + 5 * i, yard, device) for device in ("came", "stood") for i in range(4)])
    bench.work()
    rows = bench.rows("select uid, seen_inside from visits join devices d on d.id = device_id")
    assert sorted(rows) == [("came", False), ("stood", True)]


def test_fixes_from_inside_a_zone_that_come_late_are_judged_at_their_moment(bench: Bench):
    yard = middle(bench, "yard_bao_nguyen")
    bench.post(fix(0, FAR), fix(60, FAR), fix(61, FAR))
    bench.work()
    bench.post(*[fix(20 + 5 * i, yard) for i in range(4)])
    bench.work()
    [(zone, came, went)] = bench.rows(VISITS)
    assert (zone, came, went) == ("yard_bao_nguyen", 19, 55)


def test_what_fails_screening_is_kept_with_its_reason_and_counted(bench: Bench):
    wrong = {**fix(0, FAR), "lat": 95}
    bench.post(
        fix(0, FAR), wrong, {"device": "A"}, {**fix(0, FAR), "fixed_at": "1970-01-01T00:00:00Z"}
    )
    bench.work()
    kept = bench.rows("select reason, device_uid from fixes_aside order by id")
    assert sorted(kept, key=str) == sorted(
        [("latitude_out_of_range", "A"), ("malformed", "A"), ("too_late", "A")], key=str
    )
    outcomes = total_outcomes(bench.conn)
    assert (outcomes.stored, outcomes.duplicate, outcomes.set_aside) == (1, 0, 3)


def test_a_source_was_heard_when_its_newest_fix_came_in_whatever_became_of_it(bench: Bench):
    noon, later = T0 + timedelta(hours=4), T0 + timedelta(hours=5)
    assert list_heard(bench.conn) == {}
    bench.post(fix(0, FAR), at=noon)
    bench.post(fix(0, FAR, "nobody's"), at=later, source=2)
    bench.work()
    assert list_heard(bench.conn) == {1: noon, 2: later}
    bench.post({"device": "A"}, at=later + timedelta(minutes=1))
    bench.post(fix(1, FAR), at=noon - timedelta(hours=1))
    bench.work()
    assert list_heard(bench.conn) == {1: later + timedelta(minutes=1), 2: later}


def test_a_crash_before_the_commit_leaves_nothing_and_a_second_worker_takes_it_up(bench: Bench):
    bench.post(*a_day(bench))
    entries = stream.read(bench.store, dict.fromkeys(range(16), "0-0"), count=64, block_ms=1)
    [batch] = [batch_from_bytes(body) for part in entries.values() for _, body in part]
    with bench.conn.transaction(force_rollback=True):  # what a crash does to a transaction
        bench.ingest.recorder.record(batch)
        assert bench.rows("select count(*) from fixes") == [(21,)]
    assert bench.rows("select count(*) from fixes") == [(0,)]
    bench.restart()
    bench.work()
    assert bench.rows(VISITS) == EXPECTED


def test_of_fixes_that_differ_under_one_identity_the_more_precise_is_kept_in_any_order(
    bench: Bench,
):
    vague = {**fix(0, FAR), "accuracy_m": 50}
    fine = {**fix(0, (106.31, 21.41)), "accuracy_m": 5}
    silent = fix(0, (106.2, 21.3))
    for n, order in enumerate(permutations([vague, fine, silent])):
        for together in (True, False):
            device = f"{n}{together}"
            fixes = [{**one, "device": device} for one in order]
            for part in [fixes] if together else [[one] for one in fixes]:
                bench.post(*part)
                bench.work()
    assert bench.rows("select distinct lon, accuracy_m from fixes") == [(106.31, 5.0)]
    [(fixes,)] = bench.rows("select count(*) from fixes")
    outcomes = total_outcomes(bench.conn)
    assert (fixes, outcomes.stored, outcomes.duplicate) == (12, 12, 24)
    assert bench.rows("select count(*) from fixes_aside where reason <> 'contradicted'") == [(0,)]
    lost = bench.rows("select distinct device_uid, convert_from(raw, 'utf8') from fixes_aside")
    assert len(lost) == 24  # each of the two others, for each device


def test_a_fix_delivered_twice_keeps_the_earlier_reception(bench: Bench):
    bench.post(fix(0, FAR), at=T0 + timedelta(hours=2))
    bench.work()
    bench.post(fix(0, FAR), at=T0 + timedelta(hours=1))
    bench.work()
    bench.post(fix(0, FAR), at=T0 + timedelta(hours=3))
    bench.work()
    assert bench.rows("select received_at from fixes") == [(T0 + timedelta(hours=1),)]


def test_two_sources_may_tell_of_one_device_and_moment(bench: Bench):
    bench.conn.execute("insert into devices (uid) values ('A')")
    bench.post(fix(0, FAR))
    bench.post(fix(0, FAR), source=2)
    bench.post(fix(0, FAR), source=2)
    bench.work()
    assert bench.rows("select source_id from fixes order by 1") == [(1,), (2,)]


def test_a_device_belongs_to_the_source_that_enrolled_it(bench: Bench):
    bench.post(fix(0, FAR))
    bench.work()
    bench.post(fix(1, FAR), source=2)
    bench.work()
    assert bench.rows("select source_id, reason, device_uid from fixes_aside") == [
        (2, "foreign_device", "A")
    ]
    bench.conn.execute(
        "update devices set source_id = 2, rebound_wall_at = clock_timestamp() where uid = 'A'"
    )
    bench.ingest.keep()
    bench.post(fix(2, FAR), source=2)
    bench.work()
    assert bench.rows("select count(*) from fixes") == [(2,)]


def test_a_device_nobody_knows_is_kept_aside_until_it_is_registered(bench: Bench):
    yard = middle(bench, "yard_bao_nguyen")
    bench.post(fix(0, FAR), *[fix(10 + 5 * i, yard) for i in range(4)], source=2)
    bench.work()
    bench.ingest.release(T0 + timedelta(hours=12))
    assert bench.rows("select count(*) from fixes_aside where released_at is null") == [(5,)]
    bench.conn.execute("insert into devices (uid) values ('A')")
    assert bench.ingest.release(T0 + timedelta(hours=13)) == 5
    assert bench.ingest.release(T0 + timedelta(hours=13)) == 0
    assert bench.rows("select count(*) from visits") == [(1,)]
    assert bench.rows("select distinct received_at from fixes") == [(T0 + timedelta(hours=12),)]
    outcomes = total_outcomes(bench.conn)
    assert (outcomes.stored, outcomes.duplicate, outcomes.set_aside) == (5, 0, 0)


def test_a_held_fix_is_taken_in_while_others_keep_coming(bench: Bench):
    bench.post(fix(0, FAR, "held"), source=2, at=T0)
    bench.work()
    bench.conn.execute("insert into devices (uid) values ('held')")
    bench.ingest._released_at = float("-inf")  # noqa: SLF001 - the interval has passed
    bench.post(fix(1, FAR))
    assert bench.ingest.step(lambda: T0 + timedelta(hours=1), block_ms=1) == 1
    assert bench.rows("select count(*) from fixes") == [(2,)]


def test_a_held_fix_too_old_by_the_limit_stays_aside(bench: Bench):
    bench.post(fix(0, FAR), source=2)
    bench.work()
    bench.conn.execute("insert into devices (uid) values ('A')")
    assert bench.ingest.release(T0 + timedelta(days=8)) == 0


def test_a_fix_dated_ahead_is_taken_in_when_its_moment_has_come(bench: Bench):
    bench.post({**fix(60, FAR), "speed_mps": 3.5}, at=T0)
    bench.work()
    bench.ingest.release(T0 + timedelta(minutes=59))
    assert bench.rows("select count(*) from fixes") == [(0,)]
    bench.ingest.release(T0 + timedelta(minutes=60))
    rows = bench.rows("select fixed_at, received_at, speed_mps, accuracy_m from fixes")
    assert rows == [(T0 + timedelta(minutes=60), T0, 3.5, None)]


def test_a_clock_set_back_holds_nothing_up(bench: Bench):
    bench.post(fix(0, FAR))
    bench.work(now=T0 + timedelta(hours=2))
    bench.post(fix(5, FAR), at=T0 + timedelta(minutes=10))
    bench.work(now=T0 + timedelta(hours=1))
    assert bench.rows("select count(*) from fixes") == [(2,)]
    assert bench.rows("select at from heartbeats") == [(T0 + timedelta(hours=1),)]


def test_the_stream_is_trimmed_only_behind_what_is_committed(bench: Bench):
    bench.post(*a_day(bench))
    before = sum(bench.store.xlen(stream.key(p)) for p in range(16))
    assert before == 1
    bench.work()
    bench.post(fix(100, FAR))
    left = sum(bench.store.xlen(stream.key(p)) for p in range(16))
    assert left in {1, 2}  # the newest committed entry may stay until the next trim
    bench.work()
    assert total_outcomes(bench.conn).stored == 22


@pytest.mark.parametrize(
    "poison",
    [
        b"no entry of ours",
        FixBatch(("nul\0",), rows_of(1)).to_bytes(),
        FixBatch(("far",), rows_of(1)).to_bytes()[:-3],
    ],
)
def test_a_poison_entry_is_set_aside_with_its_bytes_and_the_others_go_on(
    bench: Bench, poison: bytes
):
    bench.post(fix(0, FAR))
    for partition in range(16):
        bench.store.xadd(stream.key(partition), {b"b": poison})
    bench.post(fix(1, FAR))
    bench.work()
    assert total_outcomes(bench.conn).stored == 2
    kept = bench.rows("select reason, raw, received_at from fixes_aside")
    assert kept == [("poison", poison, T0)] * 16
    bench.restart()
    bench.work()
    assert total_outcomes(bench.conn).set_aside == 16


def test_devices_are_judged_apart(bench: Bench):
    bench.post(*a_day(bench, "A"), *a_day(bench, "B"))
    bench.work()
    assert bench.rows("select count(*), count(distinct device_id) from visits") == [(8, 2)]


def test_a_track_of_another_country_is_stored_like_any_other(bench: Bench):
    path = Path("../shared/data/gps/liverpool_bus_route14_2026.csv")
    if not path.exists():
        pytest.skip("the recorded tracks of ../shared/data are not here")
    lines = path.read_text().splitlines()[1:200]
    cells = [line.split(",") for line in lines]
    fixes = [
        {
            "device": cell[1].strip('"'),
            "fixed_at": cell[3].strip('"').replace(" ", "T") + "Z",
            "lon": float(cell[5]),
            "lat": float(cell[4]),
        }
        for cell in cells
    ]
    bench.post(*fixes, at=datetime(2026, 1, 27, tzinfo=UTC))
    bench.work()
    outcomes = total_outcomes(bench.conn)
    assert outcomes.stored + outcomes.duplicate == 199
