"""A past day under other zones: what the engine would have said, and nothing is written."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from tiny_site import box, write_site

from flowctl.site import Site
from flowctl.site_files import parse_site, read_source
from flowctl.storage.partitions import ensure_fix_partitions
from flowctl.storage.sites import save_site
from flowctl.telemetry.fixes import PARTITIONS, FixBatch, microseconds, rows_of
from flowctl.telemetry.rehearsal import Outcome, Rehearsal
from flowctl.telemetry.storing import Recorder

T0 = datetime(2024, 1, 23, 2, tzinfo=UTC)
DAY = datetime(2024, 1, 23, tzinfo=UTC)
ROAD_M = 103_300.0  # metres a degree of longitude has at 22° north
AWAY, YARD, QUEUE = -3000.0, 150.0, 900.0
MOVED = box(106.7012, 21.999, 106.7045, 22.001)
FORMER_ONLY, MOVED_ONLY = 40.0, 430.0
"""Metres east, in the yard as it was drawn before and as it is drawn then."""


class Day:
    """A tiny site on whose road trucks were seen."""

    def __init__(self, conn: psycopg.Connection, folder: Path) -> None:
        self.conn = conn
        write_site(folder)
        self.source = read_source(folder)
        with conn.transaction():
            self.site = save_site(conn, self.source, where="test", now=T0 - timedelta(days=9))
        ensure_fix_partitions(conn, (T0 - timedelta(days=1)).date(), T0.date())
        conn.execute("insert into sources (name, enrols) values ('test', true)")
        self.recorder = Recorder.of(conn, self.site)
        self.recorder.recall(dict.fromkeys(range(PARTITIONS), 0))
        self.recorder.refresh()

    def see(self, device: str, places: Sequence[tuple[float, float]]) -> None:
        """Let a device be seen at minutes, metres east of the yard's edge."""
        rows = rows_of(len(places))
        rows["source_id"] = 1
        rows["fixed_at"] = [microseconds(T0 + timedelta(minutes=at)) for at, _ in places]
        rows["received_at"] = rows["fixed_at"] + 1
        rows["lon"] = [106.7 + x / ROAD_M for _, x in places]
        rows["lat"] = 22.0
        with self.conn.transaction():
            self.recorder.record(FixBatch((device,), rows))

    def redrawn(self) -> Site:
        """Return the site with its yard moved to the east."""
        zones = json.loads(self.source.zones)
        zones["features"][0]["geometry"] = MOVED
        return parse_site(replace(self.source, zones=json.dumps(zones)), where="test")

    def rehearse(self, drafted: Site) -> Outcome:
        with self.conn.transaction():
            self.conn.execute("set transaction isolation level repeatable read, read only")
            rehearsal = Rehearsal(self.conn, self.site, drafted, DAY, DAY + timedelta(days=1))
            while rehearsal.step():
                pass
            return rehearsal.outcome()


@pytest.fixture
def day(database: str, tmp_path: Path) -> Iterator[Day]:
    with psycopg.connect(database, autocommit=True) as conn:
        yield Day(conn, tmp_path)


def stay(at: float, x: float, minutes: int = 10) -> list[tuple[float, float]]:
    """Return a truck that comes from afar, stands somewhere, and leaves."""
    there = [(at + n, x) for n in range(minutes)]
    return [(at - 3, AWAY), *there, (at + minutes + 3, AWAY), (at + minutes + 4, AWAY)]


def test_the_same_zones_change_nothing(day: Day):
    day.see("A", stay(5, YARD))
    outcome = day.rehearse(day.site)
    assert (outcome.near, outcome.differ, outcome.trucks) == (0, 0, [])
    [yard] = outcome.zones
    assert (yard.zone, yard.arrivals_before, yard.arrivals_after) == ("yard_south", 1, 1)


def test_trucks_that_would_have_arrived_or_not_are_told(day: Day):
    day.see("leaves", stay(5, FORMER_ONLY))
    day.see("stays", stay(5, YARD + 100))
    day.see("comes", stay(5, MOVED_ONLY))
    day.see("comes late", stay(30, MOVED_ONLY))
    outcome = day.rehearse(day.redrawn())
    assert (outcome.near, outcome.played, outcome.differ) == (4, 4, 3)
    yard = next(one for one in outcome.zones if one.zone == "yard_south")
    assert (yard.arrivals_before, yard.arrivals_after) == (2, 3)
    assert yard.hours_after > yard.hours_before > 0.2
    [gone] = [truck for truck in outcome.trucks if not truck.after]
    assert [one.zone for one in gone.before] == ["yard_south"]


def test_what_was_rehearsed_is_what_is_judged_once_the_zones_hold(day: Day):
    day.see("A", [*stay(5, FORMER_ONLY), *stay(40, MOVED_ONLY), *stay(80, QUEUE, 4)])
    day.see("B", stay(5, YARD + 100, 60))
    outcome = day.rehearse(day.redrawn())
    zones = json.loads(day.source.zones)
    zones["features"][0]["geometry"] = MOVED
    with day.conn.transaction():
        save_site(
            day.conn,
            replace(day.source, zones=json.dumps(zones)),
            where="test",
            now=T0 + timedelta(hours=5),
            starts_at=DAY,
        )
        day.recorder.reload(range(PARTITIONS))
    judged = day.conn.execute(
        "select device_id, zone, (extract(epoch from entered_at) * 1000000)::bigint,"
        " (extract(epoch from left_at) * 1000000)::bigint from visits order by 1, 3"
    ).fetchall()
    told = {truck.device: truck.after for truck in outcome.trucks}
    assert told
    for device, stays in told.items():
        mine = [row[1:] for row in judged if row[0] == device]
        assert [(one.zone, one.entered_at, one.left_at) for one in stays] == mine


def test_who_was_inside_when_the_day_began_is_no_arrival_of_it(day: Day):
    since = (DAY - T0).total_seconds() / 60
    day.see("A", [(since - 60, AWAY), *[(since - 40 + 10 * n, YARD + 100) for n in range(12)]])
    outcome = day.rehearse(day.redrawn())
    yard = next(one for one in outcome.zones if one.zone == "yard_south")
    assert (yard.arrivals_before, yard.arrivals_after, outcome.differ) == (0, 0, 0)


def test_a_rehearsal_writes_nothing(day: Day):
    day.see("A", stay(5, FORMER_ONLY))
    tables = ("visits", "visit_revisions", "visit_checkpoints", "tracks", "zone_flow")

    def held() -> list[object]:
        return [
            day.conn.execute(f"select * from {table}").fetchall()  # noqa: S608 - ours
            for table in tables
        ]

    before = held()
    day.rehearse(day.redrawn())
    assert held() == before
