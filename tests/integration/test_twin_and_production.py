"""The full twin beside production's own stores and controller, on one world, tick by tick."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psycopg
import pytest
from border import KEYS
from simulated_day import small_day
from tiny_site import write_site

from flowctl.registry.rules import Declaration
from flowctl.registry.trips import observe as observe_gate
from flowctl.registry.trips import register
from flowctl.scenarios.scenario import Scenario
from flowctl.scenarios.steering import parse_steering
from flowctl.site import Site
from flowctl.site_files import read_source
from flowctl.state import Cargo, Direction
from flowctl.storage.gate_events import GateEvent
from flowctl.storage.sites import save_site
from flowctl.telemetry.edge import intake, site_limits
from flowctl.telemetry.fixes import PARTITIONS, microseconds
from flowctl.telemetry.fleet import NEVER
from flowctl.telemetry.formats.own import decode_json
from flowctl.telemetry.storing import Recorder
from flowctl.traffic.watch import Watch
from flowctl.worker import Disruption, decide
from flowctl.worker import observe as observe_roads
from simulations.records import Records
from simulations.twin import TRAFFIC_EVERY, Played, Rhythm, play_twin
from simulations.world import Emitted, World

TICK = timedelta(seconds=60)
FAULTY = {
    "noise_m": 10.0,
    "lost_share": 0.02,
    "late_share": 0.1,
    "duplicate_share": 0.05,
    "without_share": 0.1,
}
BUSY = {"standing": 15, "arrivals": 25, "imports": 15}
REPAIR = parse_steering("slots_repair")


class Production:
    """A world whose trackers, hauliers and officers write into a database of their own."""

    def __init__(self, conn: psycopg.Connection[Any], site: Site, day: Scenario) -> None:
        self._conn, self._site = conn, site
        self.world = World(day, site, seed=1, controlled=True)
        self._truck = {plate: truck for truck, plate in enumerate(self.world.demand.plate)}
        conn.execute("insert into sources (name, enrols) values ('test', true)")
        self._recorder = Recorder.of(conn, site)
        self._recorder.recall(dict.fromkeys(range(PARTITIONS), NEVER))
        self._recorder.refresh()
        self._watch = Watch(site)

    def play(self) -> Records:
        """Play the day, and step the controller as its process does."""
        day, rules = self.world.scenario, self._site.dispatch
        plans, looks = Rhythm(timedelta(seconds=rules.plan_interval_s)), Rhythm(TRAFFIC_EVERY)
        before: Disruption | None = None
        at = day.start
        while at < day.closes:
            at += TICK
            self._take(self.world.advance(at), at)
            due = plans.is_due(at)
            before = decide(self._conn, self._site, at, plan_due=due, before=before)
            called = self._conn.execute(
                "select t.plate, r.gate from releases r join trips t on t.id = r.trip_id"
                " where r.released_at = %s order by r.id",
                [at],
            ).fetchall()
            for plate, gate in called:
                self.world.call(self._truck[plate], gate)
            if looks.is_due(at):
                observe_roads(self._conn, self._watch, at, lanes_due=False)
        return self.world.records()

    def list_slots(self) -> dict[int, float]:
        """Return the begin of the slot each driver heard of last, epoch s, by truck."""
        rows = self._conn.execute(
            "select t.plate, s.starts_at from slots s join trips t on t.id = s.trip_id"
        ).fetchall()
        return {self._truck[plate]: starts_at.timestamp() for plate, starts_at in rows}

    def count_messages(self) -> dict[int, int]:
        """Return how many messages each driver was to be sent, by truck."""
        rows = self._conn.execute(
            "select t.plate, count(*) from outbox o join trips t on t.id = o.trip_id"
            " where o.kind <> 'registered' group by t.plate"
        ).fetchall()
        return {self._truck[plate]: count for plate, count in rows}

    def _take(self, emitted: Emitted, now: datetime) -> None:
        for body in emitted.registrations:
            self._register(body, now)
        for post in emitted.fix_posts:
            taken = intake(
                decode_json(msgspec.json.encode(post)),
                source_id=1,
                received_at_us=microseconds(now),
                params=site_limits(self._site),
            )
            with self._conn.transaction():
                self._recorder.record(taken.batch)
        for gate, items in emitted.gate_events.items():
            events = [
                GateEvent(
                    direction=Direction(item["direction"]),
                    kind=item["kind"],
                    truck=item["truck"],
                    at=datetime.fromisoformat(item["at"]),
                )
                for item in items
            ]
            with self._conn.transaction():
                observe_gate(self._conn, self._site, gate, events, by="the test", now=now)

    def _register(self, body: dict[str, Any], now: datetime) -> None:
        declared = {
            **body,
            "direction": Direction(body["direction"]),
            "cargo": Cargo(body["cargo"]),
            "gates": tuple(body["gates"]),
            "ready_at": datetime.fromisoformat(body["ready_at"]),
        }
        with self._conn.transaction():
            register(self._conn, self._site, KEYS, Declaration(**declared), by="test", now=now)


@pytest.fixture(scope="module")
def day() -> Scenario:
    return small_day(until_h=11.0, north=BUSY, gps=FAULTY, drivers={"no_show_share": 0.1})


@pytest.fixture
def production(database: str, tmp_path: Path, day: Scenario) -> Iterator[Production]:
    folder = write_site(tmp_path)
    with psycopg.connect(database, autocommit=True, options="-c timezone=UTC") as conn:
        loaded = day.start.astimezone(UTC) - timedelta(days=9)
        site = save_site(conn, read_source(folder), where="test", now=loaded)
        rules = replace(site.dispatch, meter_interval_s=TICK.total_seconds())
        yield Production(conn, replace(site, dispatch=rules), day)


def test_the_twin_calls_the_same_trucks_at_the_same_ticks_as_production(
    production: Production, day: Scenario
):
    real = production.play()
    twin: Played = play_twin(day, production.world.site, steering=REPAIR, seed=1)
    exports = ~real.is_import
    assert np.count_nonzero(~np.isnan(real.released_at[exports])) > 15
    assert np.count_nonzero(~np.isnan(real.ignored_at[exports])) > 0
    for name in ("yard_at", "released_at", "ignored_at", "gate_at", "start_at", "clear_at"):
        one, other = getattr(real, name), getattr(twin.records, name)
        assert np.array_equal(one, other, equal_nan=True), name
    told = np.flatnonzero(~np.isnan(twin.records.slot_at)).tolist()
    assert production.list_slots() == {truck: twin.records.slot_at[truck] for truck in told}
    heard = np.flatnonzero(twin.records.messages).tolist()
    assert production.count_messages() == {truck: twin.records.messages[truck] for truck in heard}
