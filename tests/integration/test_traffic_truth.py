"""The state of traffic against where simulated trucks truly were.

The trackers' posts, with the faults of real ones, go through what stores and judges positions in
production. The truth is the same world seen every five seconds without a fault, and its records of
who queued when.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import psycopg
import pytest
from border import KEYS, border
from numpy.typing import NDArray
from two_roles import of_processes

from flowctl.data_files import data_dir
from flowctl.registry.rules import Declaration
from flowctl.registry.sources import add_source
from flowctl.registry.trips import register
from flowctl.scenarios.behaviour import Congestion
from flowctl.scenarios.scenario import Scenario, load_scenario, scaled
from flowctl.site import Site
from flowctl.state import Cargo, Direction
from flowctl.storage import traffic as store
from flowctl.telemetry.edge import intake, site_limits
from flowctl.telemetry.fixes import PARTITIONS, microseconds
from flowctl.telemetry.fleet import NEVER
from flowctl.telemetry.formats import own
from flowctl.telemetry.storing import Recorder
from flowctl.traffic.roads import Stretches, roads_of
from flowctl.traffic.speeds import Sums
from flowctl.traffic.watch import Watch
from flowctl.worker import observe
from simulations.records import Records
from simulations.trackers import Post
from simulations.world import World

STEP = timedelta(minutes=1)
FINE_S = 5.0
GATE, ROAD, CORRIDOR = "tan_thanh", "yard_bao_nguyen_to_tan_thanh", "ha_noi_bao_nguyen"


@dataclass
class Morning:
    """What was said of a morning, and what is true of it."""

    site: Site
    looks: list[datetime]
    said: list[store.QueueState]
    sums: Sums
    fine: NDArray[np.void]  # rows of SIGHTING by truck and moment, without any fault
    records: Records


def scenario() -> Scenario:
    """Return a quarter of the published day's trucks, on slow roads, until 08:00."""
    day = scaled(load_scenario(data_dir() / "scenarios" / "2024-01-23.toml"), 0.25)
    gps = replace(day.gps, post_interval_s=STEP.total_seconds())
    return replace(day, until_h=8.0, gps=gps, congestion=Congestion())


def _typed(body: dict[str, Any]) -> dict[str, Any]:
    return body | {
        "direction": Direction(body["direction"]),
        "cargo": Cargo(body["cargo"]),
        "gates": tuple(body["gates"]),
        "ready_at": datetime.fromisoformat(body["ready_at"]),
    }


def _record(recorder: Recorder, post: Post, at: datetime) -> None:
    taken = intake(
        own.decode_json(msgspec.json.encode(post)),
        source_id=1,
        received_at_us=microseconds(at),
        params=site_limits(recorder.judge.site),
    )
    with recorder.conn.transaction():
        recorder.record(taken.batch)


def true_morning(site: Site) -> tuple[NDArray[np.void], Records]:
    day = scenario()
    exact = replace(day.gps, moving_interval_s=FINE_S, lost_share=1.0)
    world = World(replace(day, gps=exact), site, seed=1, controlled=False)
    at, parts = day.start, []
    while at < day.closes:
        at += timedelta(hours=1)
        seen = world.advance(min(at, day.closes)).sightings
        assert seen is not None
        parts.append(seen)
    fine = np.concatenate(parts)
    return fine[np.lexsort((fine["at"], fine["truck"]))], world.records()


@pytest.fixture(scope="module")
def morning(postgres_template: str) -> Morning:
    name = "traffic_truth"
    with psycopg.connect(f"{postgres_template}/postgres", autocommit=True) as admin:
        admin.execute(f"drop database if exists {name} with (force)")  # type: ignore[arg-type]
        admin.execute(f"create database {name} template flowctl_template")  # type: ignore[arg-type]
    with border(of_processes(f"{postgres_template}/{name}")) as place:
        conn, site, day = place.conn, place.site, scenario()
        add_source(conn, name="trackers", enrols=True)
        recorder = Recorder.of(conn, site)
        recorder.recall(dict.fromkeys(range(PARTITIONS), int(NEVER)))
        recorder.refresh()
        world, watch = World(day, site, seed=1, controlled=False), Watch(site)
        looks, said, at = [], [], day.start
        while at < day.closes:
            at += STEP
            emitted = world.advance(at)
            for body in emitted.registrations:
                register(conn, site, KEYS, Declaration(**_typed(body)), by="the test", now=at)
            for post in emitted.fix_posts:
                _record(recorder, post, at)
            observe(conn, watch, at, lanes_due=False)
            looks.append(at)
            queues = store.list_queues(conn, site.id, at=at)
            said.append(next(queue for queue in queues if queue.gate == GATE))
        sums = store.find_sums(
            conn, site.id, roads_of(site), since=day.start, until=day.closes - timedelta(minutes=10)
        )
        assert sums is not None
        return Morning(site, looks, said, sums, *true_morning(site))


def way(site: Site, name: str) -> Stretches:
    return next(one for one in roads_of(site).ways if one.way == name)


def true_queue(morning: Morning, at: datetime) -> tuple[float, int]:
    """Return metres from the stop line to the last truck that stands and waits, and how many do."""
    fine, moment = morning.fine, at.timestamp()
    until = fine[fine["at"] <= moment]
    last = until[np.append(np.diff(until["truck"]) != 0, True)]
    records = morning.records
    gate = morning.records.gates.index(GATE)
    waits = (records.gate[last["truck"]] == gate) & (records.gate_at[last["truck"]] <= moment)
    waits &= ~(records.start_at[last["truck"]] <= moment)
    waits &= (last["speed_mps"] < morning.site.traffic.slow_mps) & last["ignition"]
    standing = last[waits]
    if not len(standing):
        return 0.0, 0
    road = way(morning.site, ROAD)
    along, _ = road.path.locate(standing["lon"], standing["lat"])
    return float(road.stop_m - along.min()), len(standing)


def test_the_tail_and_the_trucks_of_the_queue_are_those_of_the_truth(morning: Morning):
    truth = np.array([true_queue(morning, at) for at in morning.looks])
    said = np.array([(queue.tail_m or 0.0, queue.trucks or 0) for queue in morning.said])
    waits = truth[:, 1] > 0
    off_m, off_trucks = np.abs(said - truth)[waits].T
    print(  # noqa: T201 - the figures that are stated
        f"queue: {waits.sum()} minutes with up to {truth[:, 1].max():.0f} trucks and"
        f" {truth[:, 0].max():.0f} m; tail off by {off_m.mean():.0f} m in the mean,"
        f" P95 {np.quantile(off_m, 0.95):.0f} m; trucks by {off_trucks.mean():.1f},"
        f" P95 {np.quantile(off_trucks, 0.95):.0f}; said where there is none:"
        f" {(said[~waits, 1] > 0).sum()} of {(~waits).sum()} minutes"
    )
    assert truth[:, 1].max() > 20
    assert off_m.mean() < 30
    assert off_trucks.mean() < 0.1 * truth[waits, 1].mean() + 1


def test_stretch_speeds_are_those_of_the_truth(morning: Morning):
    corridor = way(morning.site, CORRIDOR)
    roads = roads_of(morning.site)
    truth_m, truth_s = true_sums(morning, corridor)
    said_m, said_s = (
        sums[:, corridor.links] for sums in (morning.sums.distance_m, morning.sums.vehicle_s)
    )
    seen = (said_s > 20) & (truth_s > 20)
    said, truth = (said_m[seen] / said_s[seen], truth_m[seen] / truth_s[seen])
    off = np.abs(said - truth)
    print(  # noqa: T201 - the figures that are stated
        f"speeds: {seen.sum()} stretches and windows, {truth.mean() * 3.6:.1f} km/h in the mean"
        f" (sd {truth.std() * 3.6:.1f}); off by {off.mean() * 3.6:.1f} km/h in the mean,"
        f" P95 {np.quantile(off, 0.95) * 3.6:.1f}, bias {(said - truth).mean() * 3.6:+.2f};"
        f" {said_s.sum() / truth_s.sum():.1%} of the trucks' time was seen"
    )
    assert len(roads.link_m) > 0
    assert seen.sum() > 300
    assert off.mean() < 1.0  # m/s
    assert abs((said - truth).mean()) < 0.3
    assert off.mean() < 0.5 * truth.std()
    assert 0.85 < said_s.sum() / truth_s.sum() < 1.05  # the truth leaves stops out


def true_sums(
    morning: Morning, corridor: Stretches
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return metres and seconds by window and stretch, each five seconds put where they began."""
    fine, sums = morning.fine, morning.sums
    along, offset = corridor.path.locate(fine["lon"], fine["lat"])
    lasted, moved = np.diff(fine["at"]), np.diff(along)
    on = (np.diff(fine["truck"]) == 0) & (lasted <= 2 * FINE_S) & (moved > 0)
    on &= (offset[:-1] < 1) & (offset[1:] < 1)
    window = np.floor((fine["at"][:-1] - sums.starts[0]) / sums.window_s).astype(int)
    on &= (window >= 0) & (window < len(sums.starts))
    at = (window[on], corridor.stretch_at(along[:-1][on]))
    metres, seconds = np.zeros((2, len(sums.starts), len(corridor)))
    np.add.at(metres, at, moved[on])
    np.add.at(seconds, at, lasted[on])
    return metres, seconds
