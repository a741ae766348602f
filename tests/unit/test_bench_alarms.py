"""The judge of ``flowctl bench alarms``, and the troubles it plays."""

from datetime import timedelta

import numpy as np
import pytest
from border import MORNING, after

from flowctl.alarms.alerts import Kind
from flowctl.bench.alarms import Raised, judge
from flowctl.bench.troubles import GATE, YARD, Trouble, TroubledWorld, troubled_day
from flowctl.scenarios.scenario import scaled
from flowctl.site_files import parse_site
from simulations.engine import regulators_of
from simulations.notices import device


def trouble(where: str, minute: float, *, expected: bool = True) -> Trouble:
    kinds = frozenset({Kind.SILENT, Kind.OFF_ROUTE})
    return Trouble("astray", kinds, where, after(minute), after(minute + 60), expected=expected)


def test_an_alarm_is_explained_by_its_kind_its_truck_and_its_time():
    raised = [
        Raised("silent", "12C1", after(5)),
        Raised("off_route", "12C1", after(9)),
        Raised("silent", "12C2", after(5)),  # another truck
        Raised("unreleased", "12C1", after(5)),  # another kind
        Raised("silent", "12C1", after(-1)),  # before it happened
        Raised("silent", "12C1", after(91)),  # long after it was over
    ]
    day = judge("day", 12.0, raised, [trouble("12C1", 0)], {"silent": 7})
    assert day.unexplained == {"silent": 3, "unreleased": 1}
    assert day.raised == {"silent": 4, "off_route": 1, "unreleased": 1}
    assert day.bare == {"silent": 7}
    assert day.cases[0]["where"] == "12C2"


def test_a_trouble_is_found_by_its_first_alarm_and_what_need_not_be_told_is_not_missed():
    troubles = [trouble("12C1", 0), trouble("12C2", 10), trouble("12C3", 0, expected=False)]
    raised = [Raised("silent", "12C1", after(9)), Raised("off_route", "12C1", after(5))]
    [found] = judge("day", 12.0, raised, troubles, {}).found
    assert (found.happened, found.found, found.delay_p50_min) == (2, 1, 5.0)


@pytest.fixture(scope="module")
def troubled() -> tuple[TroubledWorld, dict[str, list[dict[str, object]]]]:
    """Play the day's tenth until after the last trouble, called up by the production metering."""
    scenario, source = troubled_day(0.1)
    site = parse_site(source, where="the site")
    world = TroubledWorld(scaled(scenario, 0.1), site, seed=1, controlled=True)
    regulators = regulators_of(world)
    sent: dict[str, list[dict[str, object]]] = {}
    at = world.scenario.start
    while at < world.scenario.start + timedelta(hours=16):
        at += timedelta(seconds=60)
        for post in world.advance(at).fix_posts:
            for fix in post:
                sent.setdefault(str(fix["device"]), []).append(fix)
        for regulator in regulators:
            regulator.tick()
    return world, sent


def test_every_trouble_is_played_and_stands_in_the_list(
    troubled: tuple[TroubledWorld, dict[str, list[dict[str, object]]]],
):
    world, _ = troubled
    kinds = {kind for one in world.troubles if one.expected for kind in one.kinds}
    assert kinds >= {
        Kind.GATE_SLOW,
        Kind.QUEUE_GROWING,
        Kind.UNRELEASED,
        Kind.SILENT,
        Kind.OFF_ROUTE,
        Kind.YARD_FULL,
    }
    assert world.drivers()
    assert {one.where for one in world.troubles if Kind.YARD_FULL in one.kinds} == {YARD}
    gate = world.true_site.gate_by_id[GATE]
    assert gate.opening != world.site.gate_by_id[GATE].opening  # and nobody has been told
    assert world.known_site().gate_by_id[GATE].opening == world.site.gate_by_id[GATE].opening


def test_a_silent_tracker_sends_nothing_and_a_strayed_one_drifts_away(
    troubled: tuple[TroubledWorld, dict[str, list[dict[str, object]]]],
):
    world, sent = troubled
    silent = [one for one in world.troubles if one.expected and one.kinds == {Kind.SILENT}]
    for one in silent:
        moments = [str(fix["fixed_at"]) for fix in sent[device(one.where)]]
        first, last = one.since.isoformat(), one.until.isoformat()
        assert not [at for at in moments if first < at.replace("Z", "+00:00") < last]
    strayed = [one for one in world.troubles if one.expected and one.kinds == {Kind.OFF_ROUTE}]
    for one in strayed:
        track = sent[device(one.where)]
        lon = np.array([float(str(fix["lon"])) for fix in track])
        assert lon[-1] < lon.max() - 0.05
    assert min(one.since for one in strayed) > MORNING
