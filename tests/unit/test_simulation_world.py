"""The world of trucks: when they act, what their trackers say, what drivers hear."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
import shapely
from simulated_day import small_day, tiny_site

from flowctl.errors import FlowctlError
from flowctl.scenarios.scenario import Scenario
from flowctl.site import Site
from simulations.records import Records
from simulations.world import World

STEP = timedelta(seconds=60)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny_site(tmp_path_factory.mktemp("site"))


def play(
    world: World, *, step: timedelta = STEP, hours: float = 20.0
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Play a day and return its registrations, its fixes as sent, and the gate's events."""
    registrations, fixes, events = [], [], []
    at, end = world.scenario.start, world.scenario.start + timedelta(hours=hours)
    while at < end:
        at = min(at + step, end)
        emitted = world.advance(at)
        registrations += emitted.registrations
        fixes += [fix for post in emitted.fix_posts for fix in post]
        events += emitted.gate_events["north"]
    return registrations, fixes, events


def called(scenario: Scenario, site: Site, **options: Any) -> World:  # noqa: ANN401
    """Return a world whose drivers are all called for 08:00."""
    world = World(scenario, site, seed=1, controlled=True, **options)
    world.deliver(sms(world, "call_up"))
    return world


def sms(world: World, kind: str, phones: Iterable[str] | None = None) -> list[dict[str, Any]]:
    local = world.scenario.start + timedelta(hours=8)
    exports = world.demand.phone[:30] if phones is None else phones
    return [{"kind": kind, "to": to, "gate": "north", "at": local.isoformat()} for to in exports]


def tracks(fixes: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return each device's fixes in the order they were taken."""
    devices: dict[str, list[dict[str, Any]]] = {}
    for fix in sorted(fixes, key=lambda fix: fix["fixed_at"]):
        devices.setdefault(fix["device"], []).append(fix)
    return devices


def seconds(fix: dict[str, Any]) -> float:
    return datetime.fromisoformat(fix["fixed_at"]).timestamp()


def test_without_control_nobody_is_at_the_gate_before_it_opens(site: Site):
    world = World(small_day(), site, seed=1, controlled=False, gps=False)
    world.advance(world.scenario.closes)
    records = world.records()
    exports = records.gate_at[~records.is_import]
    opens = records.windows[0][0][0]
    at_opening = np.abs(exports - opens) < 1e-3
    assert at_opening[:10].all()  # those who stood there in the morning
    assert np.nanmin(exports) >= opens - 1e-6
    assert np.nanmax(exports) < records.windows[0][0][1]


def test_with_control_nobody_moves_before_the_call(site: Site):
    world = World(small_day(), site, seed=1, controlled=True, gps=False)
    world.advance(world.scenario.closes)
    assert world.counts() == {"in_yard": 30, "cleared_import": 12}
    assert world.list_waiting(0).tolist()[:3] == [0, 1, 2]


def test_a_called_driver_leaves_after_the_reaction_time(site: Site):
    day = small_day(drivers={"reaction_cv": 0.001, "speed_cv": 0.001})
    world = called(day, site, gps=False)
    world.advance(day.closes)
    records, road = world.records(), site.freight_roads[0]
    way_s = records.gate_at[0] - records.released_at[0]
    longest_m = road.queue_m[0] + 300  # the yard is 310 m wide
    assert 300 < way_s < 310 + longest_m / road.speed_mps


def test_a_driver_called_before_being_ready_leaves_when_ready(site: Site):
    world = called(small_day(), site, gps=False)
    world.advance(world.scenario.closes)
    records = world.records()
    exports = ~records.is_import
    early = exports & (records.released_at < records.ready_at)
    assert early.any()
    assert np.all(records.gate_at[early] > records.ready_at[early])


def test_a_second_call_and_other_messages_change_nothing(site: Site):
    once, twice = called(small_day(), site, gps=False), called(small_day(), site, gps=False)
    twice.deliver(sms(twice, "slot"))
    twice.deliver(sms(twice, "call_up"))
    twice.deliver(sms(twice, "call_up", phones=["+84999999999"]))
    for world in (once, twice):
        world.advance(world.scenario.closes)
    assert once.records().gate_at.tolist() == pytest.approx(
        twice.records().gate_at.tolist(), nan_ok=True
    )
    assert twice.heard == {"call_up": 61, "slot": 30}


def test_a_driver_who_does_not_comply_leaves_late(site: Site):
    slow = small_day(drivers={"compliance_share": 0.0, "late_reaction_s": 3600.0})
    world = called(slow, site, gps=False)
    world.advance(slow.closes)
    records = world.records()
    moved = ~records.is_import & ~np.isnan(records.gate_at)
    assert np.all(records.gate_at[moved] - records.released_at[moved] > 3600)


def test_trips_are_declared_as_the_api_takes_them_and_before_the_first_fix(site: Site):
    registrations, fixes, _ = play(World(small_day(), site, seed=1, controlled=True))
    assert len(registrations) == 30
    assert set(registrations[0]) == {
        "plate",
        "phone",
        "language",
        "direction",
        "cargo",
        "gates",
        "ready_at",
        "device",
    }
    assert {fix["device"] for fix in fixes} == {trip["device"] for trip in registrations}
    standing = [trip for trip in registrations if trip["ready_at"] == "2024-01-22T17:00:00.000Z"]
    assert len(standing) == 10


def test_officers_report_imports_and_exports_without_a_tracker(site: Site):
    day = small_day(gps={"without_share": 1.0})
    registrations, fixes, events = play(World(day, site, seed=1, controlled=True))
    assert not registrations
    assert not fixes
    kinds = {(event["direction"], event["kind"]) for event in events}
    assert kinds == {(d, k) for d in ("export", "import") for k in ("entered", "cleared")}
    assert len([event for event in events if event["direction"] == "import"]) == 24


def test_a_tracker_looks_every_half_minute_moving_and_every_quarter_hour_parked(site: Site):
    world = called(small_day(), site)
    _, fixes, _ = play(world)
    quarters = 0
    for track in tracks(fixes).values():
        at = np.array([seconds(fix) for fix in track])
        gaps = np.diff(at)
        assert gaps.min() >= 30 - 1e-3
        assert gaps.max() <= 900 + 1e-3
        moving = np.array([fix["speed_mps"] > 0 for fix in track])
        both = moving[:-1] & moving[1:]
        assert np.all(gaps[both] < 30 + 1e-3)
        off = np.array([not fix["ignition"] for fix in track])
        parked = off[:-1] & off[1:]
        # One look tells that the truck has stopped, the next comes a quarter of an hour later.
        assert np.all((gaps[parked] > 899) | (gaps[parked] < 31))
        quarters += int(np.count_nonzero(gaps[parked] > 899))
    assert quarters > 200


def test_a_truck_is_seen_in_the_zones_it_is_truly_in_and_nowhere_else(site: Site):
    world = called(small_day(), site)
    _, fixes, _ = play(world)
    records = world.records()
    zones = {zone.id: zone.polygon for zone in site.zones}
    for truck, plate in enumerate(world.demand.plate[:30]):
        track = tracks(fixes)[f"VN-{plate}"]
        at = np.array([seconds(fix) for fix in track])
        lon, lat = (np.array([fix[key] for fix in track]) for key in ("lon", "lat"))
        inside = {name: shapely.contains_xy(zone, lon, lat) for name, zone in zones.items()}
        check_yard(records, truck, at, inside["yard_south"])
        check_gate(records, truck, at, inside)


def check_yard(records: Records, truck: int, at: np.ndarray, inside: np.ndarray) -> None:
    came = records.yard_at[truck]
    assert np.all(inside[(at > came) & (at < records.released_at[truck])])
    assert not np.any(inside[at < came - 1])


def check_gate(records: Records, truck: int, at: np.ndarray, inside: dict[str, np.ndarray]) -> None:
    queued, begun, done = (
        records.gate_at[truck],
        records.start_at[truck],
        records.clear_at[truck],
    )
    crossing_s = 120.0  # from the queue's entry to an inspection place at 25 km/h
    assert np.all(inside["queue_north"][(at > queued + 1) & (at < begun)])
    assert np.all(inside["lane_north"][(at > begun + crossing_s) & (at < done)])
    assert np.all(inside["beyond_north"][at > done + crossing_s])
    assert not np.any(inside["queue_north"][at < queued - 1])
    assert not np.any(inside["lane_north"][at < begun])
    assert inside["beyond_north"].any()
    assert at.max() < done + 600  # silent some minutes after


def test_queued_trucks_stand_behind_each_other_two_abreast(site: Site):
    world = called(small_day(), site)
    _, fixes, _ = play(world, hours=8.5)
    at = world.scenario.start + timedelta(hours=8.5)
    queued = {k for k, t in enumerate(world.records().gate_at[:30]) if not np.isnan(t)} & {
        k for k, t in enumerate(world.records().start_at[:30]) if np.isnan(t)
    }
    last = [tracks(fixes)[f"VN-{world.demand.plate[truck]}"][-1] for truck in queued]
    places = sorted({round(fix["lon"], 4) for fix in last})
    assert len(last) > 4
    assert len(places) == pytest.approx(len(last) / 2, abs=1)
    assert at.timestamp() - min(seconds(fix) for fix in last) < 61


def test_time_may_be_cut_into_any_steps(site: Site):
    day = small_day(gps={"noise_m": 8.0, "lost_share": 0.05, "late_share": 0.1})
    coarse = play(World(day, site, seed=1, controlled=False), step=timedelta(seconds=600), hours=9)
    fine = play(World(day, site, seed=1, controlled=False), step=timedelta(seconds=25), hours=9)
    assert fine == coarse


def test_trackers_change_nothing_in_what_trucks_do(site: Site):
    worlds = [World(small_day(), site, seed=1, controlled=False, gps=gps) for gps in (True, False)]
    for world in worlds:
        world.advance(world.scenario.closes)
    first, second = (world.records().clear_at.tolist() for world in worlds)
    assert first == pytest.approx(second, nan_ok=True)


def test_faults_come_at_their_stated_rates(site: Site):
    gps = {"noise_m": 10.0, "lost_share": 0.03, "late_share": 0.06, "duplicate_share": 0.04}
    day = small_day(gps=gps | {"parked_interval_s": 300.0}, north={"standing": 150})
    world = World(day, site, seed=1, controlled=True)
    posted: list[tuple[float, dict[str, Any]]] = []
    at = day.start
    while at < day.closes:
        at += 2 * STEP
        for post in world.advance(at).fix_posts:
            assert 0 < len(post) <= 500
            posted += [(at.timestamp(), fix) for fix in post]
    seen = world.faults.seen
    identities = {(fix["device"], fix["fixed_at"]) for _, fix in posted}
    assert seen > 20_000
    assert 1 - len(identities) / seen == pytest.approx(0.03, abs=0.005)
    assert len(posted) / len(identities) - 1 == pytest.approx(0.04, abs=0.005)
    delays = np.array([sent - seconds(fix) for sent, fix in posted])
    # A fix on time is known after 2 s, the post's 20 s, the step's 120 s, as a double 20 s later;
    # a late one waits for any part of 300 s besides, 72 s on average of the others.
    assert np.mean(delays > 162) == pytest.approx(0.06 * (1 - 90 / 300), abs=0.015)
    assert delays.min() >= 0
    assert delays.max() <= 300 + 162
    assert noise_m([fix for _, fix in posted]) == pytest.approx(10, rel=0.05)


def noise_m(fixes: list[dict[str, Any]]) -> float:
    """Return the root mean square distance of parked trucks' fixes from their mean place."""
    squares = []
    for track in tracks([fix for fix in fixes if not fix["ignition"]]).values():
        if len(track) > 20:
            lon, lat = (np.array([fix[key] for fix in track]) for key in ("lon", "lat"))
            east = (lon - lon.mean()) * np.cos(np.radians(22.0)) * 111_320
            north = (lat - lat.mean()) * 111_320
            squares.append(np.sum(east**2 + north**2) / (len(track) - 1))
    assert len(squares) > 100
    return float(np.sqrt(np.mean(squares)))


def test_a_gate_the_site_has_not_is_named(site: Site):
    day = small_day()
    lost = small_day(gates={"south": day_row(day)})
    with pytest.raises(FlowctlError, match="names the gate 'south'; the site 'tiny' has north"):
        World(lost, site, seed=1, controlled=True)


def day_row(day: Scenario) -> dict[str, object]:
    north = day.gates["north"]
    return {
        "standing": north.standing,
        "standing_yards": list(north.standing_yards),
        "arrivals": north.arrivals,
        "yard": north.yard,
        "imports": north.imports,
    }


def test_a_yard_the_site_has_not_is_named(site: Site):
    with pytest.raises(FlowctlError, match="names the yard 'yard_west' for 'north'"):
        World(small_day(north={"yard": "yard_west"}), site, seed=1, controlled=True)


def test_a_call_to_a_gate_of_no_day_is_refused(site: Site):
    world = World(small_day(), site, seed=1, controlled=True, gps=False)
    message = sms(world, "call_up")[0] | {"gate": "nowhere"}
    with pytest.raises(FlowctlError, match="'nowhere'"):
        world.deliver([message])
