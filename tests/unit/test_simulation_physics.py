"""What a scenario may say of a gate's day beside its trucks: every rule on a case made by hand."""

from datetime import timedelta

import numpy as np
import pytest
from simulated_day import small_day, tiny_site

from flowctl.scenarios.changes import as_played
from flowctl.scenarios.rows import ScenarioError
from flowctl.scenarios.scenario import Scenario
from flowctl.site import Site
from simulations.disruptions import Announced, disrupted
from simulations.engine import run
from simulations.gates import GateFloor, Limit, OpenHours
from simulations.records import Records
from simulations.staffing import losses, places_at, staffing
from simulations.world import World

BUSY = {"standing": 60, "arrivals": 60, "imports": 0}
EXPORT, IMPORT = False, True


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny_site(tmp_path_factory.mktemp("site"))


def hour(day: Scenario, at_h: float) -> float:
    return day.start.timestamp() + at_h * 3600.0


def advance(world: World, at_h: float) -> None:
    world.advance(world.scenario.start + timedelta(hours=at_h))


def free(day: Scenario, site: Site) -> Records:
    """Play a day in which every truck leaves when it is ready."""
    return run(day, site, policy="none", seed=1)


def standing_world(site: Site, **changes: object) -> World:
    """Return a world of ten trucks that stand ready in their yard and wait for their call-ups."""
    day = small_day(north={"standing": 10, "arrivals": 0, "imports": 0}, **changes)
    return World(day, site, seed=1, controlled=True, gps=False)


# --- Patience -------------------------------------------------------------------------------------

IMPATIENT = {"turn_back_share": 1.0, "turn_back_after_h": 9.0, "turn_back_cv": 0.001}


def test_who_is_not_called_up_goes_home_when_the_patience_is_over(site: Site):
    world = standing_world(site, drivers=IMPATIENT)
    advance(world, 8.8)
    assert len(world.list_waiting(0)) == 10
    advance(world, 9.2)
    records = world.records()
    assert np.allclose(records.turned_at, hour(world.scenario, 9.0), atol=120)
    assert len(world.list_waiting(0)) == 0
    world.release(range(10))
    advance(world, 12.0)
    assert np.isnan(world.records().gate_at).all()
    assert world.counts() == {}


def test_who_was_called_up_in_time_is_served_when_a_place_is_free(site: Site):
    world = standing_world(site, drivers=IMPATIENT)
    advance(world, 8.9)
    world.release(range(3))  # three places, nobody else: on the road when the patience is over
    advance(world, 12.0)
    records = world.records()
    assert np.isnan(records.turned_at[:3]).all()
    assert np.isfinite(records.clear_at[:3]).all()
    assert np.isfinite(records.turned_at[3:]).all()


def test_who_comes_to_the_queue_too_late_turns_where_no_place_is_free(site: Site):
    world = standing_world(site, drivers=IMPATIENT | {"reaction_cv": 0.001})
    advance(world, 8.95)
    world.release(range(10))
    advance(world, 12.0)
    records = world.records()
    served = np.isfinite(records.start_at)
    assert served.sum() == 3
    assert np.array_equal(records.turned_at[~served], records.gate_at[~served])


def test_who_stands_in_the_queue_leaves_it_and_those_behind_move_up(site: Site):
    shut = {"gate": "north", "from_h": 8.0, "until_h": 10.0}
    day = small_day(
        north={"standing": 10, "arrivals": 0, "imports": 0},
        drivers=IMPATIENT | {"turn_back_share": 0.5},
        disruptions=[shut],
    )
    world = World(day, site, seed=1, controlled=True, gps=False)
    advance(world, 8.0)
    world.release(range(10))
    advance(world, 12.0)
    records = world.records()
    turned = np.isfinite(records.turned_at)
    assert 0 < turned.sum() < 10
    assert np.allclose(records.turned_at[turned], hour(day, 9.0), atol=120)
    assert np.all(records.gate_at[turned] < records.turned_at[turned])
    assert np.array_equal(turned, np.isnan(records.start_at))
    assert len(world.history(0).entered_at) == 10 - turned.sum()
    assert world.count_at_gate(0) == (0, 0)


def test_the_tracker_of_one_who_goes_home_falls_silent(site: Site):
    day = small_day(north={"standing": 10, "arrivals": 0, "imports": 0}, drivers=IMPATIENT)
    world = World(day, site, seed=1, controlled=True)
    seen = [world.advance(day.start + timedelta(hours=at_h)).sightings for at_h in (9.1, 12, 20)]
    assert seen[0] is not None
    assert seen[2] is not None
    assert len(seen[0]) > 100
    assert len(seen[2]) == 0


# --- The other side -------------------------------------------------------------------------------


def test_the_other_side_takes_exports_no_closer_than_its_rate(site: Site):
    limit = {"gate": "north", "from_h": 8.0, "until_h": 11.0, "most_per_h": 6.0}
    day = small_day(north=BUSY, other_side=[limit])
    starts = np.sort(free(day, site).start_at)
    within = starts[(starts >= hour(day, 8.0)) & (starts < hour(day, 11.0))]
    assert np.diff(within).min() == pytest.approx(600.0)
    assert len(within) in (17, 18)
    after = starts[(starts >= hour(day, 11.0)) & (starts < hour(day, 12.0))]
    assert len(after) >= 12  # three places, a quarter of an hour at most each
    assert after[0] == hour(day, 11.0)


def test_an_other_side_that_takes_none_stops_exports_and_leaves_imports_alone(site: Site):
    limit = {"gate": "north", "from_h": 0.0, "until_h": 12.0, "most_per_h": 0.0}
    records = free(small_day(north={"imports": 40}, other_side=[limit]), site)
    starts = records.start_at[~records.is_import]
    assert np.nanmin(starts) == hour(small_day(), 12.0)
    imports = records.start_at[records.is_import]
    assert np.nanmin(imports) < hour(small_day(), 8.0)


def test_a_place_that_no_export_may_take_goes_to_an_import():
    floor = GateFloor(2, OpenHours([(0.0, 1000.0)]), [Limit(0.0, 500.0, 100.0)])
    for truck, is_import in enumerate([EXPORT, EXPORT, IMPORT, EXPORT]):
        floor.arrive(truck, is_import=is_import)
    assert floor.begin(10.0) == [0, 2]
    assert floor.held_until(10.0) == 110.0
    floor.leave()
    assert floor.begin(60.0) == []
    assert floor.begin(110.0) == [1]
    floor.leave()
    assert floor.held_until(480.0) is None
    assert floor.begin(480.0) == [3]


def test_of_two_limits_the_least_holds():
    floor = GateFloor(9, OpenHours([(0.0, 1000.0)]), [Limit(0, 90, 10.0), Limit(50, 70, 60.0)])
    for truck in range(4):
        floor.arrive(truck, is_import=False)
    assert floor.begin(45.0) == [0]
    assert floor.begin(55.0) == []
    assert floor.held_until(55.0) == 70.0
    assert floor.begin(70.0) == [1]


# --- Places ---------------------------------------------------------------------------------------


def test_a_roster_is_staffed_and_known_from_the_start(site: Site):
    roster = {"gate": "north", "from_h": 9.0, "until_h": 11.0, "places": 1}
    day = small_day(north=BUSY, lanes=[roster])
    true = disrupted(day, site)
    steps = staffing(day, true, 1)["north"]
    assert [places_at(steps, hour(day, at_h)) for at_h in (0, 9.0, 10.9, 11.0)] == [3, 1, 1, 3]
    announced = Announced(day, site)
    assert announced.site_at(hour(day, 0.1)).gates[0].losses[0].share == pytest.approx(1 / 3)
    assert announced.site_at(hour(day, 10.0)).gates[0].inspection_places == 1
    records = free(day, site)
    assert records.losses == (((hour(day, 9.0), hour(day, 11.0), 1),),)
    begun = records.start_at[
        (records.start_at > hour(day, 9.5)) & (records.start_at < hour(day, 11))
    ]
    assert len(begun) <= 9  # one place, ten minutes at least


def test_a_roster_and_a_loss_at_once_leave_the_fewer_places(site: Site):
    roster = {"gate": "north", "from_h": 8.0, "until_h": 12.0, "places": 2}
    loss = {"gate": "north", "from_h": 9.0, "until_h": 10.0, "places_left": 1}
    day = small_day(lanes=[roster], disruptions=[loss])
    steps = staffing(day, disrupted(day, site), 1)["north"]
    assert [(round((at - hour(day, 0)) / 3600), n) for at, n in steps] == [
        (0, 3),
        (8, 2),
        (9, 1),
        (10, 2),
        (12, 3),
    ]


def test_a_roster_of_more_places_than_there_are_is_refused_with_what_to_write(site: Site):
    roster = {"gate": "north", "from_h": 9.0, "until_h": 11.0, "places": 5}
    with pytest.raises(ScenarioError, match=r"has 3 inspection places, not 5; write places = 5 in"):
        World(small_day(lanes=[roster]), site, seed=1, controlled=False, gps=False)


def test_more_places_are_believed_to_take_more(site: Site):
    changed = as_played(small_day(north={"places": 6}), site).gates[0]
    assert changed.inspection_places == 6
    assert changed.capacity_prior_per_h == 2 * site.gates[0].capacity_prior_per_h
    assert as_played(small_day(), site) is site
    more = free(small_day(north=BUSY | {"places": 6}), site)
    assert more.places == (6,)
    assert np.nanmean(more.clear_at) < np.nanmean(free(small_day(north=BUSY), site).clear_at)


def test_machines_fail_by_themselves_as_often_as_said_and_nobody_knows(site: Site):
    failing = {"gate": "north", "places": 2, "mean_between_h": 2.0, "mean_repair_min": 60.0}
    day = small_day(north=BUSY, breakdowns=[failing])
    true = disrupted(day, site)
    assert true is site
    assert staffing(day, true, 1) == staffing(day, true, 1)
    assert staffing(day, true, 1) != staffing(day, true, 2)
    lost_s = [
        sum(
            until - since
            for since, until, left in losses(staffing(day, site, seed)["north"], 3, hour(day, 20))
        )
        for seed in range(300)
    ]
    # Two hours of working, one of repair: a third of the twenty hours, less at the working start.
    expected_h = 20 / 3 - (1 - np.exp(-20 * 1.5)) / 3 / 1.5
    assert np.mean(lost_s) / 3600 == pytest.approx(expected_h, abs=0.35)
    records = free(day, site)
    for since, until, left in records.losses[0]:
        assert left == 1
        longest_s = 15 * 60.0
        busy = [
            int(((records.start_at <= at) & (records.clear_at > at)).sum())
            for at in np.arange(since + longest_s, until, 60.0)
        ]
        assert max(busy, default=0) <= 1


# --- Ways and yards -------------------------------------------------------------------------------


def test_a_longer_way_is_driven_and_expected(site: Site):
    plain, slow = small_day(), small_day(yards={"yard_south": {"travel_factor": 2.0}})
    way_s = [r.gate_at - r.left_at for r in (free(plain, site), free(slow, site))]
    exports = ~free(plain, site).is_import
    assert np.nanmean(way_s[1][exports]) == pytest.approx(2 * np.nanmean(way_s[0][exports]))
    expected = [as_played(day, site).yards[0].access[0].travel_s for day in (plain, slow)]
    road = site.freight_roads[0]
    assert expected[1] - expected[0] == pytest.approx(road.queue_m[0] / road.speed_mps)


def test_a_yard_may_have_other_places(site: Site):
    day = small_day(yards={"yard_south": {"places": 77}})
    assert as_played(day, site).yard_by_id["yard_south"].capacity == 77


# --- Words ----------------------------------------------------------------------------------------


def test_a_call_up_sent_while_nothing_is_delivered_is_read_when_that_is_over(site: Site):
    outage = {"outage_from_h": 7.5, "outage_until_h": 9.0}
    left = []
    for messages in ({}, outage):
        world = standing_world(site, messages=messages)
        advance(world, 8.0)
        world.release(range(10))
        advance(world, 12.0)
        left.append(world.records().left_at)
    assert np.allclose(left[1] - left[0], 3600.0)


def test_a_driver_who_is_late_leaves_so_long_after_the_slot_he_was_told(site: Site):
    late = {"lateness_share": 0.5, "lateness_min": 30.0, "lateness_cv": 0.001}
    world = standing_world(site, drivers=late)
    advance(world, 8.0)
    for truck in range(10):
        world.tell_slot(truck, hour(world.scenario, 10.0))
    world.release(range(10))
    advance(world, 12.0)
    records = world.records()
    is_late = records.left_at > hour(world.scenario, 10.0)
    assert 0 < is_late.sum() < 10
    assert np.allclose(records.left_at[is_late], hour(world.scenario, 10.5), atol=10)
    assert np.all(records.slot_at == hour(world.scenario, 10.0))
    assert np.all(records.messages == 2)


def test_trackers_that_are_out_say_nothing_and_trucks_do_the_same(site: Site):
    out = small_day(gps={"outage_from_h": 8.0, "outage_until_h": 10.0})
    fixes, records = [], []
    for day in (small_day(), out):
        world = World(day, site, seed=1, controlled=False)
        posts = world.advance(day.closes).fix_posts
        fixes.append([fix["fixed_at"] for post in posts for fix in post])
        records.append(world.records().clear_at)
    silent = [at for at in fixes[0] if "2024-01-23T01" <= at < "2024-01-23T03"]  # 8-10 h in Hanoi
    assert len(silent) > 100
    assert sorted([*fixes[1], *silent]) == sorted(fixes[0])
    assert np.array_equal(records[0], records[1], equal_nan=True)


# --- Days -----------------------------------------------------------------------------------------


def test_the_second_day_has_trucks_of_its_own_and_what_the_first_left(site: Site):
    one, two = small_day(north=BUSY), small_day(north=BUSY, days=2, until_h=44.0)
    first, both = free(one, site), free(two, site)
    assert len(both.gate) == len(first.gate) + 60
    exports = first.yard_at[:120]
    assert np.array_equal(both.yard_at[:120], exports)
    second = both.yard_at[120:180]
    assert np.all((second >= hour(two, 28.0)) & (second <= hour(two, 38.0)))
    assert np.abs(second - 86_400.0 - exports[60:]).max() > 60.0
    assert np.isfinite(both.clear_at[:60]).all()
