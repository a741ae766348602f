"""Closures, lost places, surges and drivers who do not come, in a day that is simulated."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from simulated_day import small_day, tiny_site

from flowctl.scenarios.rows import ScenarioError
from flowctl.scenarios.scenario import Scenario
from flowctl.site import Site
from simulations.disruptions import Announced, disrupted
from simulations.engine import Policy, run
from simulations.metrics import Measures, measure
from simulations.records import Records
from simulations.world import World

BUSY = {"standing": 60, "arrivals": 120, "imports": 0}
CLOSED = {"gate": "north", "from_h": 9.0, "until_h": 11.0}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny_site(tmp_path_factory.mktemp("site"))


def disturbed(*rows: dict[str, object], **changes: object) -> Scenario:
    return small_day(north=BUSY, disruptions=list(rows), **changes)


def hour(day: Scenario, at_h: float) -> float:
    return day.start.timestamp() + at_h * 3600.0


def within(day: Scenario, column: np.ndarray, from_h: float, until_h: float) -> int:
    return int(((column >= hour(day, from_h)) & (column < hour(day, until_h))).sum())


def queue_at(measures: Measures, at_h: float) -> int:
    return int(measures.queue["north"][round(at_h * 60.0)])


@pytest.mark.parametrize("policy", ["none", "metering"])
def test_a_closed_gate_screens_nobody_and_goes_on_afterwards(site: Site, policy: Policy):
    day = disturbed(CLOSED)
    records = run(day, site, policy=policy, seed=1)
    measure(records)
    assert within(day, records.start_at, 9.0, 11.0) == 0
    assert within(day, records.start_at, 8.0, 9.0) > 0
    assert within(day, records.start_at, 11.0, 12.0) > 0


def test_a_gate_that_lost_places_uses_those_that_are_left(site: Site):
    day = disturbed(CLOSED | {"places_left": 1})
    records = run(day, site, policy="none", seed=1)
    begun = records.start_at
    for at_h in (9.5, 10.0, 10.9):
        at = hour(day, at_h)
        assert int(((begun <= at) & ~(records.clear_at <= at)).sum()) == 1
    assert within(day, begun, 11.0, 12.0) > within(day, begun, 10.0, 11.0) + 4


def test_a_closure_that_was_announced_keeps_trucks_from_the_gate(site: Site):
    def played(**row: float) -> tuple[Scenario, Records]:
        day = disturbed(CLOSED | row)
        return day, run(day, site, policy="metering", seed=1)

    _, seen = played()
    known, told = played(announced_h=7.0)
    queued = [queue_at(measure(records), 10.5) for records in (seen, told)]
    assert queued[1] <= 1 < queued[0]
    # Whoever comes just after the opening left before it: the places are not idle then.
    assert within(known, told.start_at, 11.0, 11.25) >= 3
    # Nobody is sent to a gate that is known to stay closed for longer than the way.
    assert within(known, told.released_at, 9.0, 10.5) == 0


def test_a_known_closure_is_seen_by_the_production_rules_from_its_announcement_on(site: Site):
    day = disturbed(CLOSED | {"announced_h": 8.0, "end_known": False})
    announced = Announced(day, site)
    assert announced.site_at(hour(day, 7.9)) is site
    [(since, until)] = announced.site_at(hour(day, 8.5)).gates[0].opening.closed
    rest_s = site.policy.closure.unknown_end_s
    assert (since.timestamp(), until.timestamp()) == (hour(day, 9.0), hour(day, 9.0) + rest_s)
    # While it lasts the unknown end moves on; when it is over its end is known.
    [(_, until)] = announced.site_at(hour(day, 10.5)).gates[0].opening.closed
    assert until.timestamp() == hour(day, 10.5) + rest_s
    [(_, until)] = announced.site_at(hour(day, 11.5)).gates[0].opening.closed
    assert until.timestamp() == hour(day, 11.0)


def test_lost_places_are_known_while_they_are_lost(site: Site):
    day = disturbed(CLOSED | {"announced_h": 8.0, "places_left": 1})
    announced = Announced(day, site)
    places = [
        announced.site_at(hour(day, at_h)).gates[0].inspection_places for at_h in (8.5, 9.5, 11.5)
    ]
    assert places == [3, 1, 3]


def test_without_disruptions_the_site_is_what_its_files_say(site: Site):
    assert disrupted(small_day(), site) is site


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"gate": "south"}, "disturbs the gate 'south', of whose trucks the scenario says nothing"),
        ({"places_left": 3}, "3 left is no loss"),
        ({"from_h": 11.0}, "is not after starts_at"),
        ({"from_h": 7.0, "until_h": 9.5}, "Closure 1 of north stands from 2024-01-23 09:00"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(site: Site, row: dict[str, object], words: str):
    rows = [CLOSED | row] if "until_h" not in row else [CLOSED, CLOSED | row]
    with pytest.raises(ScenarioError, match=words):
        World(disturbed(*rows), site, seed=1, controlled=True, gps=False)


def test_a_surge_adds_trucks_in_its_hours_and_leaves_the_others_alone(site: Site):
    surge = {"gate": "north", "from_h": 8.0, "until_h": 10.0, "more": 0.5}
    plain, more = (
        run(small_day(north=BUSY, surges=rows), site, policy="none", seed=1)
        for rows in ([], [surge])
    )
    count = len(plain.yard_at)
    assert np.array_equal(more.yard_at[:count], plain.yard_at)
    day = small_day()
    extra = within(day, plain.yard_at, 8.0, 10.0) / 2
    assert len(more.yard_at) - count == round(extra)
    assert within(day, more.yard_at[count:], 8.0, 10.0) == round(extra)


def test_who_does_not_follow_a_call_up_is_called_again_and_loses_an_hour(site: Site):
    day = small_day(north={"imports": 0}, drivers={"no_show_share": 1.0})
    world = World(day, site, seed=1, controlled=True, gps=False)
    world.advance(datetime.fromtimestamp(hour(day, 8.0), tz=day.start.tzinfo))
    world.release([0])
    assert (world.count_in_transit(0), world.count_ignoring(0)) == (0, 1)
    assert 0 not in world.list_waiting(0)
    expiry_s = site.policy.standby.judged_s
    rest_s = expiry_s + site.policy.no_show.loses_s
    world.advance(datetime.fromtimestamp(hour(day, 8.0) + expiry_s + 1, tz=day.start.tzinfo))
    assert world.count_ignoring(0) == 0
    assert 0 not in world.list_waiting(0)
    world.advance(datetime.fromtimestamp(hour(day, 8.0) + rest_s + 1, tz=day.start.tzinfo))
    assert 0 in world.list_waiting(0)
    world.release([0])
    assert world.count_in_transit(0) == 1


def test_no_shows_idle_the_gate_little(site: Site):
    days = [small_day(north=BUSY, drivers={"no_show_share": share}) for share in (0.0, 0.1)]
    plain, some = (measure(run(day, site, policy="metering", seed=1)) for day in days)
    assert some.cleared["north"]["export"] >= 0.9 * plain.cleared["north"]["export"]


def test_a_site_with_fewer_places_than_a_loss_leaves_is_refused(site: Site):
    narrow = replace(site, gates=(replace(site.gates[0], inspection_places=1),))
    with pytest.raises(ScenarioError, match="1 left is no loss"):
        World(disturbed(CLOSED | {"places_left": 1}), narrow, seed=1, controlled=False, gps=False)
