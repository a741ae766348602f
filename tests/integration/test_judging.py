"""Fixes through a real database: whatever their order, the same visits; whatever the zones were."""

import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_site import box, write_site

from flowctl.site import Site
from flowctl.site_files import SiteSource, read_source
from flowctl.storage.partitions import ensure_fix_partitions
from flowctl.storage.sites import list_zone_versions, save_site
from flowctl.telemetry.fixes import PARTITIONS, FixBatch, microseconds, rows_of
from flowctl.telemetry.fleet import Fleet
from flowctl.telemetry.storing import Recorder

T0 = datetime(2024, 1, 23, 2, tzinfo=UTC)
ALL = range(PARTITIONS)
ROAD_M = 103_300.0  # metres a degree of longitude has at 22° north
AWAY, YARD, QUEUE, LANE, BEYOND = -3000.0, 150.0, 900.0, 1340.0, 1800.0

REDRAWN = box(106.7012, 21.999, 106.7045, 22.001)
FORMER_ONLY, REDRAWN_ONLY = 40.0, 430.0
"""Metres east, in the yard as it was drawn before and as it is drawn then."""

Fix = tuple[float, float, float]  # second, metres east of the yard's edge, seconds late


class Place:
    """A recorder at the tiny site, and words for what it is given."""

    def __init__(self, url: str, folder: Path) -> None:
        self.conn = psycopg.connect(url, autocommit=True)
        self.folder = folder
        self.site = self.load(T0 - timedelta(hours=1))
        ensure_fix_partitions(self.conn, (T0 - timedelta(days=1)).date(), T0.date())
        self.conn.execute("insert into sources (name, enrols) values ('test', true)")
        self.restart()

    def load(
        self,
        now: datetime,
        *,
        yard: dict[str, Any] | None = None,
        starts_at: datetime | None = None,
    ) -> Site:
        """Load the site, its yard drawn so, to hold from now or from a moment on."""
        write_site(self.folder)
        source = read_source(self.folder)
        if yard is not None:
            zones = json.loads(source.zones)
            zones["features"][0]["geometry"] = yard
            source = SiteSource(source.toml, json.dumps(zones), source.roads)
        with self.conn.transaction():
            return save_site(self.conn, source, where="test", now=now, starts_at=starts_at)

    def load_versions(self, now: datetime, change: datetime) -> None:
        """Load the site from a file that says itself when its yard was redrawn."""
        source = read_source(self.folder)
        zones = json.loads(source.zones)
        former, present = zones["features"][0], json.loads(json.dumps(zones["features"][0]))
        former["properties"]["valid_until"] = present["properties"]["valid_from"] = (
            change.isoformat()
        )
        present["geometry"] = REDRAWN
        zones["features"].append(present)
        source = SiteSource(source.toml, json.dumps(zones), source.roads)
        with self.conn.transaction():
            save_site(self.conn, source, where="test", now=now)

    def restart(self) -> None:
        """Put a recorder in place that remembers nothing."""
        self.recorder = Recorder.of(self.conn, self.site)
        self.recall()

    def recall(self) -> None:
        """Learn what the database knows."""
        self.recorder.fleet = Fleet()
        newest = self.conn.execute("select max(fixed_at) from fixes").fetchone()
        horizon = 0 if newest is None or newest[0] is None else microseconds(newest[0])
        self.recorder.recall(dict.fromkeys(ALL, horizon))
        self.recorder.refresh()

    def take(self, fixes: Sequence[Fix], device: str = "A") -> None:
        """Record fixes in one transaction."""
        rows = rows_of(len(fixes))
        for row, (at, x, late) in zip(rows, fixes, strict=True):
            row["source_id"] = 1
            row["fixed_at"] = microseconds(T0 + timedelta(seconds=at))
            row["received_at"] = microseconds(T0 + timedelta(seconds=at + 1 + late))
            row["lon"], row["lat"] = 106.7 + x / ROAD_M, 22.0
        with self.conn.transaction():
            self.recorder.record(FixBatch((device,), rows))

    def visits(self, columns: str = "*") -> list[tuple[Any, ...]]:
        """Return visits by their moments."""
        return self.conn.execute(
            f"select {columns} from visits order by entered_at, zone"  # noqa: S608 - ours
        ).fetchall()

    def clear(self) -> None:
        """Forget every fix and visit."""
        self.conn.execute(
            "truncate fixes, visits, visit_revisions, visit_checkpoints, tracks, zone_flow,"
            " fixes_aside"
        )
        self.restart()


@pytest.fixture
def place(database: str, tmp_path: Path) -> Iterator[Place]:
    place = Place(database, tmp_path)
    yield place
    place.conn.close()


def journey() -> list[Fix]:
    """Return a truck's way through every zone, one fix astray, one silence, some late."""
    fixes = [(30.0 * i, AWAY + 300 * i, 0.0) for i in range(10)]
    fixes += [(300 + 60.0 * i, YARD + i % 3, 0.0 if i % 4 else 2000.0) for i in range(20)]
    fixes += [(1515.0, 9000.0, 0.0)]
    fixes += [(1530 + 60.0 * i, QUEUE + 5 * i, 0.0) for i in range(5)]
    fixes += [(1900 + 30.0 * i, 1150 + 120.0 * i, 0.0) for i in range(4)]
    fixes += [(4000 + 30.0 * i, BEYOND + 300 * i, 0.0) for i in range(8)]
    return fixes


SAID = (
    "device_id, zone, role, gate, entered_at, confirmed_at, left_at, seen_inside, received_at,"
    " counted_at, crossed, evidence, silent_s, exit_gap_s"
)


def test_a_journey_makes_its_visits(place: Place):
    place.take(journey())
    zones = [zone for (zone,) in place.visits("zone")]
    assert zones == ["yard_south", "queue_north", "lane_north", "beyond_north"]
    assert None not in [left_at for (left_at,) in place.visits("left_at")]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.randoms(use_true_random=False),
    st.lists(st.integers(1, 12), min_size=1, max_size=12),
    st.booleans(),
)
def test_no_order_number_or_batch_of_the_same_fixes_changes_a_row(
    place: Place, chance: random.Random, sizes: list[int], restarts: bool
):
    place.clear()
    place.take(journey())
    expected = place.visits(SAID)
    assert expected
    place.clear()
    shuffled = [*journey(), *chance.choices(journey(), k=10)]
    chance.shuffle(shuffled)
    while shuffled:
        size = chance.choice(sizes)
        place.take(shuffled[:size])
        shuffled = shuffled[size:]
        if restarts:
            place.restart()
    assert place.visits(SAID) == expected
    flow = "select zone, kind, at, sum(n) from zone_flow group by 1, 2, 3 having sum(n) <> 0"
    told = place.conn.execute(f"select count(*) from ({flow}) flow").fetchone()  # noqa: S608 - ours
    assert told == (len([v for v in expected if v[6]]) + len([v for v in expected if not v[7]]),)


def test_a_fix_late_by_days_is_judged_as_if_it_had_come_in_time(place: Place):
    stay = [(60.0 * i, YARD, 0.0) for i in range(600)]
    fixes = [(-600.0, AWAY, 0.0), *stay, (36_060.0, AWAY, 0.0), (36_120.0, AWAY, 0.0)]
    place.take(fixes)
    expected = place.visits(SAID)
    place.clear()
    place.take([one for one in fixes if one[0] != 35_940])
    place.take([(35_940.0, YARD, 0.0)])
    assert place.visits(SAID) == expected


def test_a_restart_fires_nothing_again(place: Place):
    fixes = journey()
    place.take(fixes[:20])
    before = place.visits()
    place.restart()
    assert place.visits() == before
    place.take(fixes[20:25])
    assert place.visits("id, revision") == [(row[0], 1) for row in before]


def test_a_zone_edited_at_ten_judges_what_was_before_by_its_former_outline(place: Place):
    edited = T0 + timedelta(minutes=10)
    place.take([(-60.0, AWAY, 0.0), *[(60.0 * i, FORMER_ONLY, 0.0) for i in range(9)]])
    place.load(edited, yard=REDRAWN)  # moved away from the truck
    with place.conn.transaction():
        assert place.recorder.reload(ALL) is not None
    with place.conn.transaction():
        assert place.recorder.reload(ALL) is None
    place.take([(601 + 30.0 * i, FORMER_ONLY, 0.0) for i in range(8)])
    [(left_at, identity)] = place.visits("left_at, id")
    assert left_at == edited
    place.take(
        [(599.0, FORMER_ONLY, 30.0)]
    )  # comes late, and is judged by the outline of its moment
    assert place.visits("left_at, id") == [(edited, identity)]
    place.take([(60.0 * i, REDRAWN_ONLY, 0.0) for i in range(5, 15)], device="B")
    [(entered_at,)] = place.conn.execute(
        "select entered_at from visits join devices d on d.id = device_id where uid = 'B'"
    ).fetchall()
    assert entered_at == edited


def test_zones_published_for_a_moment_to_come_do_not_act_before_it(place: Place):
    change = T0 + timedelta(minutes=10)
    place.load(T0, yard=REDRAWN, starts_at=change)
    with place.conn.transaction():
        assert place.recorder.reload(ALL) is not None
    place.take([(-60.0, AWAY, 0.0), *[(60.0 * i, FORMER_ONLY, 0.0) for i in range(20)]])
    place.take([(60.0 * i, REDRAWN_ONLY, 0.0) for i in range(5, 20)], device="B")
    with place.conn.transaction():
        assert place.recorder.reload(ALL) is None
    former, present = place.visits("left_at, entered_at")
    assert former[0] == change
    assert present == (None, change)


def test_fixes_taken_in_before_an_edit_was_noticed_are_judged_again(place: Place):
    edited = T0 + timedelta(minutes=10)
    place.load(edited, yard=REDRAWN)
    place.take(
        [(60.0 * i, REDRAWN_ONLY, 0.0) for i in range(5, 15)]
    )  # by the former outline: nowhere
    assert place.visits() == []
    with place.conn.transaction():
        place.recorder.reload(ALL)
    assert place.visits("zone, entered_at") == [("yard_south", edited)]
    place.restart()
    assert place.recorder.judge.states


def test_a_file_that_dates_its_versions_is_believed_for_the_time_before_it_was_loaded(place: Place):
    change = T0 + timedelta(minutes=10)
    place.take([(-60.0, AWAY, 0.0), *[(60.0 * i, FORMER_ONLY, 0.0) for i in range(20)]])
    place.take([(60.0 * i, REDRAWN_ONLY, 0.0) for i in range(5, 20)], device="B")
    place.load_versions(T0 + timedelta(minutes=30), change)
    with place.conn.transaction():
        place.recorder.reload(ALL)
    former, present = place.visits("left_at, entered_at")
    assert former[0] == change
    assert present == (None, change)


def test_every_outline_of_a_zone_is_kept(place: Place):
    first, second = T0, T0 + timedelta(hours=1)
    place.load(first, yard=REDRAWN)
    place.load(first + timedelta(minutes=1), yard=REDRAWN)
    site = place.load(second)
    terms = [
        (zone.valid_from_us, zone.valid_until_us)
        for zone in list_zone_versions(place.conn, site)
        if zone.id == "yard_south"
    ]
    moments = [None, microseconds(first), microseconds(second), None]
    assert terms == list(pairwise(moments))
    place.load(first, yard=box(106.7011, 21.999, 106.7045, 22.001))  # the clock was set back
    terms = [z for z in list_zone_versions(place.conn, site) if z.id == "yard_south"]
    assert [zone.valid_from_us for zone in terms] == [None, *map(microseconds, (first, second))]


def test_a_source_may_have_a_lag_limit_of_its_own(place: Place):
    place.conn.execute("""update sources set screening = '{"lag_limit_s": 5000}'""")
    place.recorder.refresh()
    place.take([(-60.0, AWAY, 0.0), *[(60.0 * i, YARD, 3000.0) for i in range(5)]])
    assert place.visits("counted_at") == [(None,)]
    place.conn.execute("update sources set screening = '{}'")
    place.clear()
    place.take([(-60.0, AWAY, 0.0), *[(60.0 * i, YARD, 3000.0) for i in range(5)]])
    [(counted_at, received_at)] = place.visits("counted_at, received_at")
    assert counted_at == received_at


def test_two_sources_of_one_moment_and_one_fix_alone_do_no_harm(place: Place):
    place.take([(0.0, YARD, 0.0)])
    assert place.visits() == []
    rows = rows_of(2)
    rows["source_id"], rows["lon"], rows["lat"] = [1, 2], 106.7 + YARD / ROAD_M, 22.0
    rows["fixed_at"] = microseconds(T0 + timedelta(seconds=60))
    rows["received_at"] = rows["fixed_at"] + 1
    place.conn.execute("insert into sources (name) values ('other')")
    place.conn.execute("update devices set source_id = null, rebound_wall_at = clock_timestamp()")
    place.recorder.refresh()
    with place.conn.transaction():
        place.recorder.record(FixBatch(("A",), rows))
    assert place.visits("confirmed_at") == [(T0 + timedelta(seconds=60),)]
    assert np.isnan(rows["speed_mps"]).all()
