"""Laws that hold for every gate, every day and every rule."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_day import drive_gate, small_day, tiny_site

from flowctl.site import Site
from simulations.engine import Policy, run
from simulations.gates import OpenHours
from simulations.metrics import measure

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
def test_every_truck_that_came_is_cleared_or_still_there(
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
