"""What differs between the storage levels, and that nobody who asks can tell."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import psycopg
import pytest

from flowctl.data_files import data_dir
from flowctl.site import Site
from flowctl.site_files import load_site
from flowctl.storage.fixes import STORED, find_stored, insert_fixes, list_tracks, replace_fixes
from flowctl.storage.partitions import drop_fixes_before
from flowctl.storage.retention import retain
from flowctl.storage.visits import save_visits, withdraw_visits
from flowctl.storage.zone_flow import HourFlow, list_flow
from flowctl.telemetry.fixes import microseconds
from flowctl.visits.revise import Published
from flowctl.visits.track import Visit

Connection = psycopg.Connection[Any]

NOW = datetime(2024, 1, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
YARD, QUEUE = "yard_bao_nguyen", "queue_tan_thanh"
EVER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def site() -> Site:
    """Return Lạng Sơn: a week of lateness, fixes kept for thirty days."""
    return replace(load_site(data_dir() / "sites/lang_son"), fixes_kept_days=30, aside_kept_days=20)


@pytest.fixture
def conn(any_database: str):
    with psycopg.connect(any_database, autocommit=True) as conn:
        yield conn


def fixes(*moments: datetime, device: int = 1, lon: float = 106.7) -> np.ndarray:
    rows = np.zeros(len(moments), dtype=STORED)
    rows["device_id"], rows["source_id"], rows["lon"], rows["lat"] = device, 1, lon, 21.9
    rows["fixed_at"] = [microseconds(at) for at in moments]
    rows["received_at"] = microseconds(NOW)
    for name in ("speed_mps", "heading_deg", "altitude_m", "accuracy_m"):
        rows[name] = np.nan
    return rows


def store(conn: Connection, *moments: datetime, device: int = 1) -> None:
    with conn.transaction():
        insert_fixes(conn, fixes(*moments, device=device))


def stored_moments(conn: Connection) -> list[datetime]:
    return [at for (at,) in conn.execute("select fixed_at from fixes order by 1").fetchall()]


def days(conn: Connection) -> list[date]:
    """Return the days that have a partition on plain PostgreSQL."""
    rows = conn.execute(
        "select relname from pg_class where relname ~ '^fixes_[0-9_]+$' and relkind = 'r'"
        " order by 1"
    ).fetchall()
    return [date.fromisoformat(name[6:].replace("_", "-")) for (name,) in rows]


def visit(
    entered: datetime, left: datetime | None = None, *, zone: str = YARD, present: bool = False
) -> Published:
    at = microseconds(entered)
    gone = None if left is None else microseconds(left)
    return Published(uuid4(), Visit(zone, at, at, at, at, present, left_at=gone))


def revised(known: Published, entered: datetime, left: datetime | None) -> Published:
    return replace(known, visit=visit(entered, left, zone=known.visit.zone).visit)


def flow(conn: Connection) -> list[HourFlow]:
    return list_flow(conn, [YARD, QUEUE], *EVER)


def flow_of_visits(conn: Connection) -> list[HourFlow]:
    """Count again from the visits as they are now."""
    entered: Counter[tuple[str, datetime]] = Counter()
    left: Counter[tuple[str, datetime]] = Counter()
    for zone, entered_at, left_at, present in conn.execute(
        "select zone, entered_at, left_at, seen_inside from visits"
    ).fetchall():
        entered[zone, full_hour(entered_at)] += not present
        if left_at is not None:
            left[zone, full_hour(left_at)] += 1
    hours = sorted({*(+entered), *(+left)})
    return [HourFlow(zone, hour, entered[zone, hour], left[zone, hour]) for zone, hour in hours]


def full_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


# --- flow -----------------------------------------------------------------------------------------


def test_a_visit_flows_in_at_its_hour_and_out_at_another(conn: Connection, site: Site):
    save_visits(
        conn, site.zone_by_id, [(1, visit(NOW, NOW + 2 * HOUR)), (2, visit(NOW + HOUR / 2))]
    )
    assert flow(conn) == [HourFlow(YARD, NOW, 2, 0), HourFlow(YARD, NOW + 2 * HOUR, 0, 1)]


def test_a_truck_first_seen_inside_did_not_flow_in(conn: Connection, site: Site):
    save_visits(conn, site.zone_by_id, [(1, visit(NOW, NOW + HOUR, present=True))])
    assert flow(conn) == [HourFlow(YARD, NOW + HOUR, 0, 1)]


def test_a_revised_visit_leaves_nothing_at_its_former_hour(conn: Connection, site: Site):
    known = visit(NOW, NOW + 2 * HOUR)
    save_visits(conn, site.zone_by_id, [(1, known)])
    save_visits(conn, site.zone_by_id, [(1, revised(known, NOW - HOUR, NOW + 2 * HOUR))])
    assert flow(conn) == [HourFlow(YARD, NOW - HOUR, 1, 0), HourFlow(YARD, NOW + 2 * HOUR, 0, 1)]
    assert conn.execute("select count(*), sum(n) from zone_flow").fetchone() == (4, 2)


def test_a_withdrawn_visit_never_flowed(conn: Connection, site: Site):
    known = visit(NOW, NOW + HOUR)
    save_visits(conn, site.zone_by_id, [(1, known)])
    withdraw_visits(conn, [known.id])
    assert flow(conn) == []


def test_a_flow_is_asked_for_by_zone_and_hour(conn: Connection, site: Site):
    save_visits(conn, site.zone_by_id, [(1, visit(NOW + n * HOUR, zone=zone)) for n in range(3)
                             for zone in (YARD, QUEUE)])  # fmt: skip
    assert list_flow(conn, [QUEUE], NOW + HOUR, NOW + 2 * HOUR) == [
        HourFlow(QUEUE, NOW + HOUR, 1, 0)
    ]


def test_what_rolls_back_does_not_flow(conn: Connection, site: Site):
    with conn.transaction(force_rollback=True):
        save_visits(conn, site.zone_by_id, [(1, visit(NOW))])
    assert flow(conn) == []


@pytest.mark.parametrize("seed", range(2))
def test_flow_is_what_the_visits_say_after_any_revisions(conn: Connection, site: Site, seed: int):
    # Revisions reach as far back as a late fix may, while the sums of older hours are made.
    chance = random.Random(seed)  # noqa: S311 - a repeatable course of events, no secret
    known: dict[int, Published] = {}
    now = NOW
    for number in range(120):
        entered = now - chance.random() * 7 * DAY
        left = chance.choice([None, entered + chance.random() * 6 * HOUR])
        device = chance.choice([number, *known])
        if device not in known:
            zone = chance.choice([YARD, QUEUE])
            known[device] = visit(entered, left, zone=zone, present=chance.random() < 0.1)
            save_visits(conn, site.zone_by_id, [(device, known[device])])
        elif known[device].visit.entered_at < microseconds(now - 7 * DAY):
            continue  # a week on, no fix can change it
        elif chance.random() < 0.3:
            withdraw_visits(conn, [known.pop(device).id])
        else:
            known[device] = revised(known[device], entered, left)
            save_visits(conn, site.zone_by_id, [(device, known[device])])
        if number % 20 == 0:
            now += 2 * DAY
            retain(conn, site, now, wall_clock=False)
            assert flow(conn) == flow_of_visits(conn)
    assert flow(conn) == flow_of_visits(conn)
    retain(conn, site, now + 30 * DAY, wall_clock=False)
    assert flow(conn) == flow_of_visits(conn)


def test_flow_changed_after_its_sums_were_made_is_right_after_the_next(
    conn: Connection, site: Site
):
    known = visit(NOW, NOW + HOUR)
    save_visits(conn, site.zone_by_id, [(1, known)])
    retain(conn, site, NOW + 20 * DAY, wall_clock=False)
    save_visits(conn, site.zone_by_id, [(1, revised(known, NOW, NOW + 5 * HOUR))])
    retain(conn, site, NOW + 21 * DAY, wall_clock=False)
    assert flow(conn) == flow_of_visits(conn)


@pytest.mark.timescale
def test_the_sums_of_settled_hours_are_ready_and_those_of_newer_ones_are_not(
    community_database: str, site: Site
):
    with psycopg.connect(community_database, autocommit=True) as conn:
        save_visits(conn, site.zone_by_id, [(1, visit(NOW - 9 * DAY)), (2, visit(NOW - 7 * DAY))])
        retain(conn, site, NOW, wall_clock=False)
        conn.execute("alter materialized view zone_flow_hourly"
                     " set (timescaledb.materialized_only = true)")  # fmt: skip
        assert [hour.hour for hour in flow(conn)] == [NOW - 9 * DAY]


# --- how long, and in what form -------------------------------------------------------------------


def test_days_that_end_before_the_cutoff_go_and_all_others_stay(conn: Connection, site: Site):
    retain(conn, site, NOW, wall_clock=False)
    midnight = datetime(2024, 1, 20, tzinfo=UTC)
    instant = timedelta(microseconds=1)
    moments = [midnight - instant, midnight, midnight + DAY - instant, midnight + DAY]
    store(conn, *moments)
    drop_fixes_before(conn, midnight - instant)
    assert stored_moments(conn) == moments
    drop_fixes_before(conn, midnight)
    assert stored_moments(conn) == moments[1:]
    drop_fixes_before(conn, midnight + DAY - instant)
    assert stored_moments(conn) == moments[1:]
    drop_fixes_before(conn, midnight + DAY)
    assert stored_moments(conn) == moments[3:]
    assert drop_fixes_before(conn, midnight + DAY) == 0


def test_a_fix_as_late_as_the_limit_is_stored_and_one_kept_long_enough_is_dropped(
    conn: Connection, site: Site
):
    late = timedelta(seconds=site.lateness_limit_s)
    for number in range(32):
        now = NOW + number * DAY
        retain(conn, site, now, wall_clock=False)
        store(conn, now - late, now + timedelta(seconds=site.future_limit_s), device=number)
    kept = stored_moments(conn)
    oldest = full_hour(now - 30 * DAY).replace(hour=0)
    assert oldest <= kept[0] < oldest + DAY
    assert kept[-1] == now + timedelta(seconds=site.future_limit_s)


def test_on_plain_postgresql_there_are_days_for_what_may_come_until_the_next_call(
    database: str, site: Site
):
    late = datetime(2024, 1, 23, 23, 58, tzinfo=UTC)
    with psycopg.connect(database, autocommit=True) as conn:
        retain(conn, site, NOW, wall_clock=False)
        assert days(conn) == [date(2024, 1, day) for day in range(16, 25)]
        retain(conn, site, late, wall_clock=False)
        assert days(conn) == [date(2024, 1, day) for day in range(16, 26)]


def test_what_was_set_aside_goes_after_its_days_by_its_reception(conn: Connection, site: Site):
    for age in (19, 20, 21):
        conn.execute(
            "insert into fixes_aside (source_id, received_at, reason, raw)"
            " values (1, %s, 'late', '')",
            [NOW - age * DAY],
        )
    retain(conn, site, NOW, wall_clock=False)
    rows = conn.execute("select received_at from fixes_aside order by 1").fetchall()
    assert rows == [(NOW - 20 * DAY,), (NOW - 19 * DAY,)]


@pytest.mark.parametrize(
    "any_database",
    ["database", pytest.param("timescale_database", marks=pytest.mark.timescale)],
    indirect=True,
)
def test_a_day_somebody_reads_is_dropped_at_the_next_call(any_database: str, site: Site):
    with (
        psycopg.connect(any_database) as reader,
        psycopg.connect(any_database, autocommit=True) as conn,
    ):
        retain(conn, site, NOW, wall_clock=False)
        store(conn, NOW)
        reader.execute("select from fixes")
        retain(conn, site, NOW + 40 * DAY, wall_clock=False)
        assert stored_moments(conn) == [NOW]
        reader.commit()
        retain(conn, site, NOW + 41 * DAY, wall_clock=False)
        assert stored_moments(conn) == []


def test_of_several_that_retain_at_once_one_does_it(database: str, site: Site):
    with (
        psycopg.connect(database, autocommit=True) as busy,
        psycopg.connect(database, autocommit=True) as conn,
    ):
        # The lock retain takes, held as if another process were at it.
        busy.execute("select pg_advisory_lock(x'6b656570'::bigint)")
        retain(conn, site, NOW, wall_clock=False)
        assert days(conn) == []
        busy.execute("select pg_advisory_unlock_all()")
        retain(conn, site, NOW, wall_clock=False)
        assert days(conn) != []


# --- TimescaleDB Community ------------------------------------------------------------------------


def compressed(conn: Connection) -> list[date]:
    rows = conn.execute(
        "select range_start from timescaledb_information.chunks"
        " where hypertable_name = 'fixes' and is_compressed order by 1"
    ).fetchall()
    return [start.date() for (start,) in rows]


@pytest.mark.timescale
def test_days_no_fix_may_fall_on_any_more_are_compressed_and_read_like_others(
    community_database: str, site: Site
):
    with psycopg.connect(community_database, autocommit=True) as conn:
        moments = [NOW - n * DAY for n in range(12, -1, -1)]
        store(conn, *moments)
        before = list_tracks(conn, {1: microseconds(EVER[0])})
        retain(conn, site, NOW, wall_clock=False)
        # Eight days and the part of the ninth: those of the limit and a day for what still waits.
        assert compressed(conn) == [(NOW - n * DAY).date() for n in range(12, 8, -1)]
        assert list_tracks(conn, {1: microseconds(EVER[0])}).tobytes() == before.tobytes()


@pytest.mark.timescale
def test_a_compressed_day_still_takes_fixes_each_once(community_database: str, site: Site):
    with psycopg.connect(community_database, autocommit=True) as conn:
        store(conn, NOW, NOW + HOUR)
        retain(conn, site, NOW + 20 * DAY, wall_clock=False)
        assert compressed(conn) == [NOW.date()]
        store(conn, NOW + HOUR / 2)
        with pytest.raises(psycopg.errors.UniqueViolation):
            store(conn, NOW)
        replace_fixes(conn, fixes(NOW + HOUR, lon=106.9))
        assert stored_moments(conn) == [NOW, NOW + HOUR / 2, NOW + HOUR]
        assert find_stored(conn, fixes(NOW + HOUR))["lon"].tolist() == [106.9]


def jobs(conn: Connection) -> dict[str, int]:
    return dict(
        conn.execute(
            "select proc_name, job_id from timescaledb_information.jobs"
            " where proc_name not like '%history%'"
        ).fetchall()
    )


@pytest.mark.timescale
def test_on_the_wall_clock_the_servers_own_policies_do_it(community_database: str, site: Site):
    now = datetime.now(UTC)
    moments = [now - age * DAY for age in (40, 20, 5)]
    with psycopg.connect(community_database, autocommit=True) as conn:
        store(conn, *moments)
        save_visits(conn, site.zone_by_id, [(1, visit(moments[0], moments[1]))])
        retain(conn, site, now, wall_clock=True)
        assert stored_moments(conn) == moments
        for name, job in jobs(conn).items():
            assert name.startswith("policy_")
            conn.execute(psycopg.sql.SQL("call run_job({})").format(job))
        assert stored_moments(conn) == moments[1:]
        assert compressed(conn) == [moments[1].date()]
        assert flow(conn) == flow_of_visits(conn)


@pytest.mark.timescale
def test_policies_follow_the_site_and_go_where_domain_time_is_another(
    community_database: str, site: Site
):
    with psycopg.connect(community_database, autocommit=True) as conn:
        retain(conn, site, NOW, wall_clock=True)
        first = jobs(conn)
        assert len(first) == 3
        retain(conn, site, NOW + DAY, wall_clock=True)
        assert jobs(conn) == first
        retain(conn, replace(site, fixes_kept_days=90), NOW, wall_clock=True)
        assert set(jobs(conn)) == set(first)
        kept = conn.execute(
            "select config->>'drop_after' from timescaledb_information.jobs"
            " where proc_name = 'policy_retention'"
        ).fetchone()
        assert kept == ("90 days",)
        retain(conn, site, NOW, wall_clock=False)
        assert jobs(conn) == {}


# --- all levels -----------------------------------------------------------------------------------


def course_of_events(url: str, site: Site) -> list[Any]:
    """Let six weeks pass and return everything that was asked meanwhile."""
    answers: list[Any] = []
    chance = random.Random(7)  # noqa: S311 - a repeatable course of events, no secret
    visits: list[Published] = []
    with psycopg.connect(url, autocommit=True) as conn:
        for day in range(42):
            now = NOW + day * DAY
            retain(conn, site, now, wall_clock=False)
            late = sorted({now - chance.randrange(7 * 86_400) * timedelta(seconds=1)
                           for _ in range(20)})  # fmt: skip
            batch = fixes(*late, device=chance.randrange(5))
            known = find_stored(conn, batch)
            answers.append(known.tobytes())
            fresh = batch[~np.isin(batch["fixed_at"], known["fixed_at"])]
            with conn.transaction():
                insert_fixes(conn, fresh)
            visits.append(replace(visit(late[0], late[-1]), id=uuid4()))
            save_visits(conn, site.zone_by_id, [(day, visits[-1])])
            if day % 3 == 0:
                withdraw_visits(conn, [visits[-2].id] if day else [])
            answers.append(flow(conn))
        answers += [
            list_tracks(conn, {device: microseconds(EVER[0])}).tobytes() for device in range(5)
        ]
        answers.append(stored_moments(conn))
        assert len(answers[-1]) > 500
    return answers


@pytest.mark.timescale
def test_the_same_queries_give_the_same_answers_on_all_levels(
    database: str, timescale_database: str, community_database: str, site: Site
):
    plain = course_of_events(database, site)
    assert course_of_events(timescale_database, site) == plain
    assert course_of_events(community_database, site) == plain
