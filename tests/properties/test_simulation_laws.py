"""Laws that hold for every gate, every day and every rule."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_day import drive_gate, small_day, tiny_site

from flowctl.scenarios.scenario import Scenario
from flowctl.site import Site
from simulations.disruptions import disrupted
from simulations.engine import Policy, run
from simulations.gates import OpenHours
from simulations.metrics import measure
from simulations.records import Records
from simulations.staffing import places_at, staffing

TRUCKS = st.lists(
    st.tuples(
        st.floats(0, 10_000, allow_nan=False),
        st.floats(1, 2_000, allow_nan=False),
        st.booleans(),
    ),
    min_size=1,
    max_size=60,
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny_site(tmp_path_factory.mktemp("site"))


@given(trucks=TRUCKS, places=st.integers(1, 5), closes=st.floats(100, 12_000))
def test_a_gate_starts_each_truck_once_in_order_in_time_and_never_too_many(
    trucks: list[tuple[float, float, bool]], places: int, closes: float
):
    arrivals, services, is_import = (list(column) for column in zip(*trucks, strict=True))
    hours = OpenHours([(50.0, closes)])
    begun = np.array(drive_gate(arrivals, services, is_import, places, hours, openings=[50.0]))
    started = np.isfinite(begun)
    assert np.all(begun[started] >= np.asarray(arrivals)[started])
    assert np.all((begun[started] >= 50.0) & (begun[started] < closes))
    ends = begun + services
    for moment in begun[started]:
        assert np.count_nonzero((begun <= moment) & (ends > moment)) <= places
    order = np.argsort(arrivals, kind="stable")
    for direction in (False, True):
        of_direction = [begun[k] for k in order if is_import[k] == direction]
        assert of_direction == sorted(of_direction)


@given(trucks=TRUCKS, places=st.integers(1, 5))
def test_a_gate_never_idles_while_trucks_wait(trucks: list[tuple[float, float, bool]], places: int):
    arrivals, services, is_import = (list(column) for column in zip(*trucks, strict=True))
    begun = np.array(drive_gate(arrivals, services, is_import, places))
    ends = begun + services
    for moment in ends:
        waiting = np.count_nonzero((np.asarray(arrivals) < moment) & (begun > moment))
        busy = np.count_nonzero((begun <= moment) & (ends > moment))
        assert waiting == 0 or busy == places


@settings(max_examples=15, deadline=None)
@given(
    standing=st.integers(0, 40),
    arrivals=st.integers(0, 60),
    imports=st.integers(0, 60),
    places=st.integers(2, 6),
    seed=st.integers(0, 2**31),
    policy=st.sampled_from(["none", "metering"]),
    compliance=st.sampled_from([0.0, 0.8, 1.0]),
    no_show=st.sampled_from([0.0, 0.3, 1.0]),
    disruption=st.none()
    | st.fixed_dictionaries(
        {
            "from_h": st.floats(0.0, 19.0),
            "places_left": st.integers(0, 1),
            "announced_h": st.floats(0.0, 19.0),
            "end_known": st.booleans(),
        }
    ),
)
def test_every_truck_that_came_is_cleared_still_there_or_went_home(
    site: Site,
    standing: int,
    arrivals: int,
    imports: int,
    places: int,
    seed: int,
    policy: Policy,
    compliance: float,
    no_show: float,
    disruption: dict[str, Any] | None,
):
    site = replace(
        site,
        gates=(replace(site.gates[0], inspection_places=places),),
        dispatch=replace(site.dispatch, meter_interval_s=120),
    )
    day = small_day(
        north={"standing": standing, "arrivals": arrivals, "imports": imports},
        drivers={"compliance_share": compliance, "no_show_share": no_show},
        disruptions=[]
        if disruption is None
        else [{"gate": "north", "until_h": disruption["from_h"] + 1.0} | disruption],
    )
    # `measure` refuses records that break an order, the number of places, or Little's law.
    measures = measure(run(day, site, policy=policy, seed=seed))
    left = measures.waiting_at_end["north"]
    assert measures.cleared["north"]["export"] + left == standing + arrivals
    assert measures.cleared["north"]["import"] <= imports
    assert np.all(measures.queue["north"] >= 0)
    assert np.all(measures.waiting["north"] >= measures.queue["north"])


HOURS = st.tuples(st.floats(0.0, 19.0), st.floats(0.0, 6.0))


@settings(max_examples=25, deadline=None)
@given(
    standing=st.integers(0, 40),
    arrivals=st.integers(0, 60),
    imports=st.integers(0, 40),
    seed=st.integers(0, 2**31),
    policy=st.sampled_from(["none", "metering"]),
    patience=st.none() | st.tuples(st.sampled_from([0.3, 1.0]), st.floats(0.1, 12.0)),
    limit=st.none() | st.tuples(HOURS, st.sampled_from([0.0, 3.0, 20.0])),
    roster=st.none() | st.tuples(HOURS, st.integers(1, 3)),
    fails=st.booleans(),
    days=st.integers(1, 2),
)
def test_whatever_a_scenario_says_no_truck_is_lost_or_in_two_places(
    site: Site,
    standing: int,
    arrivals: int,
    imports: int,
    seed: int,
    policy: Policy,
    patience: tuple[float, float] | None,
    limit: tuple[tuple[float, float], float] | None,
    roster: tuple[tuple[float, float], int] | None,
    fails: bool,
    days: int,
):
    drivers = (
        {}
        if patience is None
        else {"turn_back_share": patience[0], "turn_back_after_h": patience[1]}
    )
    day = small_day(
        north={"standing": standing, "arrivals": arrivals, "imports": imports},
        drivers=drivers,
        days=days,
        until_h=24.0 * days - 4.0,
        other_side=[] if limit is None else [span(limit[0]) | {"most_per_h": limit[1]}],
        lanes=[] if roster is None else [span(roster[0]) | {"places": roster[1]}],
        breakdowns=[{"gate": "north", "mean_between_h": 3.0, "mean_repair_min": 60.0}]
        if fails
        else [],
    )
    site = replace(site, dispatch=replace(site.dispatch, meter_interval_s=120))
    records = run(day, site, policy=policy, seed=seed)
    exports = ~records.is_import
    turned, cleared = np.isfinite(records.turned_at), np.isfinite(records.clear_at)
    came = np.isfinite(records.yard_at) & exports
    assert came.sum() == standing + arrivals * days
    assert not np.any(turned & (~exports | np.isfinite(records.start_at)))
    assert np.all(records.turned_at[turned] >= records.ready_at[turned])
    there = came & ~turned & ~cleared
    assert (cleared & exports).sum() + turned.sum() + there.sum() == came.sum()
    check_queue(records.gate_at, np.fmin(records.start_at, records.turned_at), records.ends)
    check_places(records, day, seed, site)
    if limit is not None and limit[1]:
        check_gaps(records, day, limit)
    if patience is None:
        assert not turned.any()
        measure(records)


def span(hours: tuple[float, float]) -> dict[str, Any]:
    return {"gate": "north", "from_h": hours[0], "until_h": hours[0] + hours[1]}


def check_queue(enters: np.ndarray, leaves: np.ndarray, ends: float) -> None:
    """Little's law: the queue's length over time is what its trucks waited, together."""
    enters, leaves = enters[~np.isnan(enters)], np.fmin(leaves[~np.isnan(enters)], ends)
    moments = np.sort(np.r_[enters, leaves, ends])
    lengths = [int(((enters <= at) & (leaves > at)).sum()) for at in moments[:-1]]
    held_s = float(np.dot(lengths, np.diff(moments)))
    assert held_s == pytest.approx(float((leaves - enters).sum()), abs=1e-2)


def check_places(records: Records, day: Scenario, seed: int, site: Site) -> None:
    steps = staffing(day, disrupted(day, site), seed)["north"]
    clear_at = np.where(np.isnan(records.clear_at), np.inf, records.clear_at)
    for at in records.start_at[~np.isnan(records.start_at)]:
        busy = int(((records.start_at <= at) & (clear_at > at)).sum())
        assert busy <= places_at(steps, at)


def check_gaps(records: Records, day: Scenario, limit: tuple[tuple[float, float], float]) -> None:
    (from_h, lasts_h), rate = limit
    since = day.start.timestamp() + from_h * 3600.0
    starts = np.sort(records.start_at[~records.is_import & ~np.isnan(records.start_at)])
    held = (starts[1:] >= since) & (starts[1:] < since + lasts_h * 3600.0)
    assert np.all(np.diff(starts)[held] >= 3600.0 / rate - 1e-6)
