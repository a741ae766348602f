"""Who leaves a yard, and how many."""

from dataclasses import replace
from datetime import time, timedelta
from math import sqrt

import numpy as np
import pytest
from builders import at, history, opening, small_gate, small_site, snapshot, staged
from hypothesis import given
from hypothesis import strategies as st

from flowctl.dispatch.metering import Release, approaches, releases
from flowctl.dispatch.n_control import (
    export_rate,
    gate_load,
    learned_target,
    n_allowed,
    n_ready,
    n_target,
    release_quota,
)
from flowctl.site import Access, Site, Yard
from flowctl.state import GateHistory, LiveTrip, Slot, Snapshot
from flowctl.traffic.capacity import CapacityEstimate, Rate
from flowctl.traffic.collapse import GateMode

SITE = small_site()
"""One gate of 4 places and 20 an hour, its yard 10 min away: N* = 4 + 3.33 + 4.02 = 11."""


def believed(site: Site, *, per_h: float = 20.0, imports: float = 0.0):
    exports, imported = (Rate(rate, rate, rate) for rate in (per_h - imports, imports))
    learned = CapacityEstimate(per_h, per_h, per_h, per_h, imports, 3600.0, exports, imported)
    return {gate.id: learned for gate in site.gates}


def released(state: Snapshot, **rates: float) -> list[int]:
    slots = {trip.id: trip.told for trip in state.trips if trip.told is not None}
    return [one.trip_id for one in releases(state, believed(state.site, **rates), slots)]


def waiting(count: int, *, told: str | None = None, first: int = 0) -> list[LiveTrip]:
    slot = None if told is None else Slot("north", at(told))
    return [
        staged(first + i, arrived=at("05:00") + timedelta(minutes=i), told=slot)
        for i in range(count)
    ]


def moving(count: int, *, first: int = 100, released_at: str = "08:55") -> list[LiveTrip]:
    gone = at(released_at)
    return [
        staged(first + i, arrived=at("04:00"))._replace(
            yard=None,
            released_at=gone,
            released_gate="north",
            release_expires_at=gone + timedelta(hours=1),
        )
        for i in range(count)
    ]


def inside(count: int, *, imports: bool = False) -> GateHistory:
    return history("north", [(at("08:30"), None)] * count, imports=imports)


def test_the_target_is_places_pipeline_and_buffer():
    assert n_target(20 / 3600, 600.0, 4) == pytest.approx(4 + 10 / 3 + 2.2 * sqrt(10 / 3))
    assert n_target(0.0, 600.0, 4) == 4.0
    # The published instance: 14 places, 3.89 a minute over 20 min are 92 and a buffer of 20.
    assert n_target(14 / 216, 1200.0, 14) == pytest.approx(92 + 19.4, abs=0.5)


@pytest.mark.parametrize(
    ("n_now", "queue", "least", "most", "quota"),
    [
        (5, 100, 0, 20, 6),
        (11, 100, 0, 20, 0),
        (30, 100, 0, 20, 0),
        (30, 100, 1, 20, 1),
        (0, 100, 0, 3, 3),
        (0, 2, 0, 20, 2),
        (0, 0, 1, 20, 0),
    ],
)
def test_the_quota_fills_up_to_the_target(
    n_now: int, queue: int, least: int, most: int, quota: int
):
    assert release_quota(11.9, n_now, queue, least, most) == quota


def test_imports_leave_exports_the_rest_but_never_less_than_half():
    assert export_rate(40.0, 10.0) == 30.0
    assert export_rate(40.0, 35.0) == 20.0
    assert export_rate(40.0, 10.0, 5, 1800.0) == 20.0
    assert export_rate(40.0, 10.0, 1, 1800.0) == 28.0


def test_imports_count_only_for_the_places_they_can_hold():
    assert gate_load(3, 5, 1, 9) == 9
    assert gate_load(3, 5, 40, 9) == 3 + 5 + 5


def test_towards_closing_only_those_leave_who_can_still_be_screened():
    far, near = (n_allowed(11.0, 20 / 3600, 4, 0.0, left) for left in (36_000.0, 600.0))
    assert far == 11.0
    assert near == pytest.approx(4 + 20 / 6)


def test_before_opening_the_places_are_filled_and_the_buffer_waits():
    target = n_target(20 / 3600, 600.0, 4)
    assert n_allowed(target, 20 / 3600, 4, 600.0, 40_000.0) == pytest.approx(4.0)
    assert n_allowed(target, 20 / 3600, 4, 300.0, 40_000.0) == pytest.approx(4 + 20 / 12)


@given(
    mu=st.floats(0.0, 0.1),
    travel=st.floats(0.0, 3600.0),
    places=st.integers(1, 30),
    opens=st.floats(0.0, 3600.0),
    closes=st.floats(0.0, 40_000.0),
)
def test_what_is_allowed_never_exceeds_the_target(
    mu: float, travel: float, places: int, opens: float, closes: float
):
    target = n_target(mu, travel, places)
    assert target >= places
    assert n_allowed(target, mu, places, opens, closes) <= target


def test_a_gate_that_lost_places_keeps_its_way_full_enough_to_recover():
    usual, now, travel = 14 / 216, 9 / 216, 1200.0
    target = n_target(now, travel, 14)
    # With all 14 places again, 14 are screened and 78 are on their way: nobody is missing.
    assert n_ready(target, now, usual, travel, 14) == pytest.approx(14 + usual * travel)
    # At a gate that hardly moves nobody waits longer than the way takes.
    slow = 2 / 216
    assert n_ready(n_target(slow, travel, 14), slow, usual, travel, 14) == 14 + 2 * slow * travel
    assert n_ready(target, now, 0.0, travel, 14) == target


@pytest.mark.parametrize(
    ("state", "most"),
    [
        (GateMode.NORMAL, n_target(40 / 3600, 600.0, 4)),
        (GateMode.RECOVERING, n_target(40 / 3600, 600.0, 4)),
        (GateMode.REDUCED, 4 + 40 / 3600 * 600.0),
        (GateMode.STOPPED, n_target(20 / 3600, 600.0, 4)),
        (GateMode.UNKNOWN, n_target(20 / 3600, 600.0, 4)),
    ],
)
def test_the_usual_rate_fills_the_way_of_a_gate_that_works_or_may_recover(
    state: GateMode, most: float
):
    [learned] = believed(SITE).values()
    learned = replace(learned, state=state, usual_per_h=40.0)
    _, target = learned_target(learned, 0, 600.0, 4)
    assert target == pytest.approx(max(most, n_target(20 / 3600, 600.0, 4)))


def test_an_idle_gate_is_filled_to_its_target_by_slot_and_then_seniority():
    late, early = waiting(8, told="09:30"), waiting(8, told="09:00", first=50)
    found = released(snapshot([*late, *early], at("09:00")))
    assert found == [*range(50, 58), 0, 1, 2]


def test_trucks_on_the_way_and_at_the_gate_count():
    state = snapshot([*waiting(20), *moving(4)], at("09:00"), gates=[inside(5)])
    assert len(released(state)) == 11 - 9


def test_a_full_approach_releases_nobody():
    state = snapshot([*waiting(20), *moving(6)], at("09:00"), gates=[inside(9)])
    assert released(state) == []


def test_a_release_that_was_not_followed_is_over_and_its_truck_may_go_again():
    stuck = [trip._replace(yard="yard", release_expires_at=at("08:59")) for trip in moving(3)]
    state = snapshot(stuck, at("09:00"))
    assert approaches(state, believed(SITE), {})[0].in_transit == 0
    assert released(state) == [100, 101, 102]


def test_a_truck_at_the_gate_is_no_longer_in_transit():
    arrived = [trip._replace(queued_at=at("08:58")) for trip in moving(3)]
    state = snapshot(arrived, at("09:00"))
    assert approaches(state, believed(SITE), {})[0].in_transit == 0


def test_a_truck_that_is_not_ready_is_passed_over():
    busy = staged(1, arrived=at("05:00"), ready=at("09:01"))
    assert released(snapshot([busy, *waiting(1, first=2)], at("09:00"))) == [2]


def test_a_gate_does_not_starve_while_trucks_with_later_slots_are_ready():
    state = snapshot(waiting(3, told="15:00"), at("09:00"))
    assert released(state) == [0, 1, 2]


def test_a_truck_told_another_gate_is_not_taken():
    site = small_site([small_gate("north"), small_gate("south")])
    told = staged(1, arrived=at("05:00"), gates=("north", "south"), told=Slot("south", at("09:00")))
    found = releases(
        snapshot([told], at("09:00"), site=site), believed(site), {1: Slot("south", at("09:00"))}
    )
    assert [(one.trip_id, one.gate) for one in found] == [(1, "south")]


def test_a_truck_in_a_yard_without_a_way_to_its_gate_stays():
    yards = (
        Yard("yard", {}, 10, (Access("north", 600.0, 0.25),)),
        Yard("far", {}, 10, ()),
    )
    state = snapshot(
        [staged(1, arrived=at("05:00"), yard="far")], at("09:00"), site=small_site(yards=yards)
    )
    assert released(state) == []


def test_a_truck_without_a_slot_goes_after_those_with_one():
    state = snapshot([*waiting(1), *waiting(1, told="17:00", first=9)], at("09:00"))
    assert released(state) == [9, 0]


def test_the_first_trucks_are_there_when_the_gate_opens():
    assert released(snapshot(waiting(20), at("06:49"))) == []
    assert released(snapshot(waiting(20), at("06:50"))) == [0, 1, 2, 3]


def test_a_yard_close_by_waits_until_its_trucks_would_not_wait_at_a_closed_gate():
    yards = (
        Yard("yard", {}, 10, (Access("north", 600.0, 0.0),)),
        Yard("near", {}, 10, (Access("north", 120.0, 0.0),)),
    )
    trips = [staged(1, arrived=at("05:00")), staged(2, arrived=at("04:00"), yard="near")]
    site = small_site(yards=yards)
    assert released(snapshot(trips, at("06:52"), site=site)) == [1]
    assert released(snapshot(trips, at("06:58"), site=site)) == [2, 1]


def test_nobody_leaves_who_would_come_after_closing():
    assert released(snapshot(waiting(9), at("17:47"))) != []
    # 10 min on the way and a standard deviation of 2.5 min.
    assert released(snapshot(waiting(9), at("17:48"))) == []
    assert released(snapshot(waiting(9), at("20:00"))) == []


def test_a_closed_day_releases_nobody():
    closed = opening(exceptions={at("12:00").date(): ()})
    site = small_site([small_gate(hours=closed)])
    state = snapshot(waiting(9), at("09:00"), site=site)
    assert released(state) == []
    assert approaches(state, believed(site), {})[0].n_target == 0.0


def test_a_closure_in_the_middle_of_the_day_holds_trucks_back_in_time():
    hours = opening(((time(7), time(12, 30)), (time(14), time(18))))
    site = small_site([small_gate(hours=hours)])
    assert released(snapshot(waiting(9), at("12:20"), site=site)) == []
    assert released(snapshot(waiting(9), at("13:50"), site=site)) != []


def test_an_import_queue_does_not_hold_exports_back_beyond_its_turn():
    state = snapshot(waiting(20), at("09:00"), gates=[inside(30, imports=True)])
    # N* for half the rate, less the two places that imports hold.
    half = n_target(10 / 3600, 600.0, 4)
    assert len(released(state, imports=15.0)) == int(half) - 2


def test_a_release_names_yard_and_gate_and_ends():
    found = releases(snapshot(waiting(1), at("09:00")), believed(SITE), {})
    assert found == (Release(0, "north", "yard", at("10:00")),)


def test_no_tick_releases_more_than_the_site_allows():
    site = small_site(dispatch=replace(SITE.dispatch, release_most=2))
    assert released(snapshot(waiting(20), at("09:00"), site=site)) == [0, 1]


def test_trucks_never_seen_leaving_do_not_block_a_gate_for_ever():
    ghosts = history("north", [(at("08:00", 22), None)] * 50)
    state = snapshot(waiting(20), at("09:00"), gates=[ghosts])
    assert len(released(state)) == 11


def test_metering_holds_the_queue_short_and_the_gate_busy():
    """Closed loop with a gate of four places, 12 min each, and way times of 10 min +- 25 %."""
    rng = np.random.default_rng(7)
    mu_per_s, places = 20 / 3600, 4
    arriving: list[float] = []
    queue, idle, longest = 0, 0, 0
    free_at = [0.0] * places
    for second in range(0, 8 * 3600, 30):
        queue += sum(moment <= second for moment in arriving)
        arriving = [moment for moment in arriving if moment > second]
        for place, until in enumerate(free_at):
            if until <= second and queue:
                queue -= 1
                free_at[place] = second + rng.uniform(600, 840)
        busy = sum(until > second for until in free_at)
        if second > 3600:
            idle += places - busy
            longest = max(longest, queue)
        target = n_target(mu_per_s, 600.0, places)
        for _ in range(release_quota(target, len(arriving) + queue + busy, 99, 0, 20)):
            arriving.append(second + rng.lognormal(np.log(600) - 0.03, 0.25))
    assert longest <= 8
    assert idle < 0.01 * 7 * 120 * places
