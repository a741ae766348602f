"""Where a gate has lane classes, who waits for one of them holds nobody back from another."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product
from math import floor

import pytest
from builders import at, history, on_the_road, small_gate, small_site, snapshot, staged
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.controller import tick
from flowctl.dispatch.lane_room import Room, lane_places, shared_out
from flowctl.dispatch.metering import Approach, approaches, call_up
from flowctl.dispatch.n_control import n_target
from flowctl.dispatch.overtakes import overtakes
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.standby import swaps
from flowctl.lanes import LaneClass, LaneUse
from flowctl.site import Access, Site, Yard
from flowctl.state import Cargo, GateHistory, LiveTrip, Slot, Snapshot
from flowctl.traffic.capacity import CapacityEstimate, Rate

NOW = at("09:00")
COLD = LaneClass("cold", 4, cargo=("reefer",), switchable=True)
DRY = LaneClass("dry", 6, cargo=("normal", "perishable"), switchable=True)
GATE = small_gate(places=10, per_h=50.0)


def lanes_of(*classes: LaneClass, yards: Sequence[Yard] | None = None) -> Site:
    return small_site([replace(GATE, lane_classes=classes)], yards=yards)


SITE = lanes_of(COLD, DRY)
"""Ten places, 50 an hour and 10 min away: 20 an hour by 4 cold lanes, 30 by 6 dry ones."""
N_COLD, N_DRY = n_target(20 / 3600, 600.0, 4), n_target(30 / 3600, 600.0, 6)


def believed(per_h: float = 50.0) -> dict[str, CapacityEstimate]:
    rate, none = Rate(per_h, per_h, per_h), Rate(0.0, 0.0, 0.0)
    return {"north": CapacityEstimate(per_h, per_h, per_h, per_h, 0.0, 3600.0, rate, none)}


def waiting(count: int, cargo: Cargo, *, first: int = 0) -> list[LiveTrip]:
    return [
        staged(first + i, arrived=at("05:00") + timedelta(minutes=first + i), cargo=cargo)
        for i in range(count)
    ]


def moving(count: int, cargo: Cargo, *, first: int = 500) -> list[LiveTrip]:
    return [
        trip._replace(
            yard=None,
            released_at=at("08:55"),
            released_gate="north",
            release_expires_at=at("09:55"),
        )
        for trip in waiting(count, cargo, first=first)
    ]


def queued(count: int, cargo: Cargo) -> list[LiveTrip]:
    return [
        trip._replace(queued_at=at("08:57"), queued_gate="north")
        for trip in moving(count, cargo, first=700)
    ]


def seen(state: Snapshot) -> Approach:
    [approach] = approaches(state, believed(), {})
    return approach


def called(state: Snapshot, fills: int = 0) -> list[int]:
    return [one.trip_id for one in call_up(state, seen(state), fills)]


def inside(count: int, *, imports: bool = False) -> GateHistory:
    return history("north", [(at("08:57"), None)] * count, imports=imports)


def test_each_lane_class_has_its_own_target():
    approach = seen(snapshot([], NOW, site=SITE))
    assert {aim.id: aim.n_target for aim in approach.lanes} == {
        "cold": pytest.approx(N_COLD),
        "dry": pytest.approx(N_DRY),
    }
    assert approach.n_target == pytest.approx(N_COLD + N_DRY)
    assert approach.mu_per_s == pytest.approx(50 / 3600)


def test_a_queue_of_reefers_does_not_hold_back_general_cargo_whose_lanes_are_empty():
    reefers = [*queued(20, Cargo.REEFER), *moving(20, Cargo.REEFER)]
    trips = [*reefers, *waiting(5, Cargo.REEFER), *waiting(20, Cargo.NORMAL, first=50)]
    state = snapshot(trips, NOW, site=SITE, gates=[inside(20)])
    assert called(state) == list(range(50, 50 + floor(N_DRY)))
    assert called(replace(state, site=small_site([GATE]))) == []


def test_those_who_go_first_by_another_lane_pass_for_that_reason():
    trips = [
        *moving(20, Cargo.REEFER),
        *waiting(3, Cargo.REEFER),
        *waiting(1, Cargo.NORMAL, first=9),
    ]
    state = snapshot(trips, NOW, site=SITE)
    released = call_up(state, seen(state))
    passed, unexplained = overtakes(state, released, {})
    assert [(one.trip_id, one.reason, one.seniors) for one in passed] == [
        (9, Reason.LANE_CLASS, (0, 1, 2))
    ]
    assert unexplained == ()


def test_a_truck_that_may_use_several_lanes_takes_whichever_has_room():
    either = LaneClass("either", 6)
    state = snapshot(
        [*moving(floor(N_COLD), Cargo.REEFER), *waiting(20, Cargo.REEFER)],
        NOW,
        site=lanes_of(COLD, either),
    )
    assert called(state) == list(range(floor(N_COLD + N_DRY) - floor(N_COLD)))


def test_exports_that_no_trip_names_are_shared_out_by_places():
    state = snapshot(
        [*waiting(20, Cargo.REEFER), *waiting(20, Cargo.NORMAL, first=50)],
        NOW,
        site=SITE,
        gates=[inside(10)],
    )
    cold, dry = floor(N_COLD) - 4, floor(N_DRY) - 6
    assert called(state) == [*range(cold), *range(50, 50 + dry)]


def test_imports_hold_half_the_places_of_each_class_at_most():
    state = snapshot(waiting(20, Cargo.NORMAL), NOW, site=SITE, gates=[inside(9, imports=True)])
    held = dict(seen(state).held)
    assert held == {frozenset({"cold"}): 2, frozenset({"dry"}): 3}


def test_the_lanes_that_a_truck_will_find_count_not_those_of_now():
    uses = (
        LaneUse("north", "cold", at("08:00"), 4),
        LaneUse("north", "dry", at("08:00"), 6),
        LaneUse("north", "cold", at("09:05"), 2),
        LaneUse("north", "dry", at("09:05"), 8),
    )
    state = replace(snapshot([], NOW, site=SITE), lanes=uses)
    targets = {aim.id: aim.n_target for aim in seen(state).lanes}
    assert targets["cold"] == pytest.approx(n_target(10 / 3600, 600.0, 2))
    assert targets["dry"] == pytest.approx(n_target(40 / 3600, 600.0, 8))
    [gate] = SITE.gates
    assert lane_places(gate, uses, at("09:04")) == {"cold": 4, "dry": 6}
    # What speaks of other places than the gate has is of another site file.
    assert lane_places(gate, [*uses, LaneUse("north", "dry", at("09:05"), 9)], NOW)["dry"] == 6


def test_a_gate_that_lost_places_keeps_one_for_every_class():
    [gate] = SITE.gates
    lost = small_site([replace(gate, inspection_places=1)])
    state = snapshot(
        [*waiting(3, Cargo.REEFER), *waiting(3, Cargo.NORMAL, first=50)], NOW, site=lost
    )
    found = called(state)
    assert 0 in found
    assert 50 in found


def test_targets_rise_together_no_faster_than_the_gate_may():
    before = replace(inside(0), n_target=10.0, n_target_at=NOW - timedelta(seconds=36))
    approach = seen(snapshot([], NOW, site=SITE, gates=[before]))
    # Two for each that is screened: 36 s at 50 an hour are half a truck.
    assert approach.n_target == pytest.approx(11.0)
    cold, dry = approach.lanes
    assert 4.0 < cold.n_target < 5.0
    assert 6.0 < dry.n_target < 7.0


def test_a_closed_gate_aims_at_nothing_in_any_class():
    approach = seen(snapshot(waiting(3, Cargo.REEFER), at("20:00"), site=SITE))
    assert [aim.n_target for aim in approach.lanes] == [0.0, 0.0]


def test_who_stands_by_gets_a_place_of_lanes_it_may_use():
    stand_by = [one._replace(standby=True) for one in waiting(1, Cargo.REEFER, first=90)]
    junior = [one._replace(standby=True) for one in waiting(1, Cargo.NORMAL, first=95)]
    trips = [*moving(30, Cargo.REEFER), *waiting(20, Cargo.NORMAL), *stand_by, *junior]
    state = snapshot(trips, NOW, site=SITE)
    assert called(state, fills=1) == [*range(floor(N_DRY) - 1), 95]
    assert call_up(state, seen(state), 1)[-1].reason is Reason.STANDBY_FILL


def test_slots_are_exchanged_within_the_same_lanes_only():
    soon, noon = Slot("north", at("09:30")), Slot("north", at("12:00"))
    late = on_the_road(1, registered=at("04:00"), eta=at("10:45"), ready=at("04:00"), told=soon)
    late = late._replace(told_at=at("06:00"), eta_yard_late_at=at("11:30"))
    [reefer], [dry] = waiting(1, Cargo.REEFER, first=2), waiting(1, Cargo.NORMAL, first=3)
    others = [one._replace(told=noon, told_at=at("06:00")) for one in (reefer, dry)]
    state = snapshot([late, *others], NOW, site=SITE)
    assert [one.takes for one in swaps(state, believed())] == [3]


def test_reefers_in_an_in_gate_yard_do_not_keep_general_cargo_out_of_it():
    yards = (
        Yard("yard", {}, 100, (Access("north", 600.0, 0.25),)),
        Yard("outside", {}, 500, (Access("north", 2400.0, 0.25, "yard", 1800.0),)),
    )
    here = [
        *waiting(60, Cargo.REEFER),
        *moving(40, Cargo.REEFER),
        *moving(40, Cargo.NORMAL, first=600),
    ]
    out = [
        trip._replace(yard="outside")
        for trip in (*waiting(3, Cargo.REEFER, first=70), *waiting(3, Cargo.NORMAL, first=80))
    ]
    with_lanes = snapshot([*here, *out], NOW, site=lanes_of(COLD, DRY, yards=yards))
    decided = tick(with_lanes, plan_due=False)
    assert [one.trip_id for one in decided.moves] == [80, 81, 82]
    without = replace(with_lanes, site=small_site([GATE], yards=yards))
    assert tick(without, plan_due=False).moves == ()


COUNTS = st.integers(0, 12)


@settings(max_examples=50, deadline=None)
@given(
    ready=COUNTS,
    coming=COUNTS,
    at_gate=COUNTS,
    unnamed=COUNTS,
    imports=COUNTS,
    fills=st.integers(0, 3),
    before=st.none() | st.floats(0.0, 40.0),
    minute=st.integers(0, 59),
    hour=st.sampled_from(["06", "09", "17"]),
)
def test_one_class_that_takes_all_is_a_gate_without_classes(
    ready: int,
    coming: int,
    at_gate: int,
    unnamed: int,
    imports: int,
    fills: int,
    before: float | None,
    minute: int,
    hour: str,
):
    now = at(f"{hour}:{minute:02}")
    gone = [(now - timedelta(minutes=3), None)] * (at_gate + unnamed + imports)
    came = history("north", gone, imports=[i < imports for i in range(len(gone))])
    aimed = None if before is None else now - timedelta(seconds=30)
    trips = [
        *waiting(ready, Cargo.NORMAL),
        *(
            one._replace(release_expires_at=now + timedelta(hours=1))
            for one in moving(coming, Cargo.REEFER)
        ),
        *(
            one._replace(queued_at=now - timedelta(minutes=3))
            for one in queued(at_gate, Cargo.NORMAL)
        ),
    ]
    trips = [one._replace(standby=one.id % 3 == 0) for one in trips]
    state = snapshot(
        trips,
        now,
        site=small_site([GATE]),
        gates=[replace(came, n_target=before, n_target_at=aimed)],
    )
    one_class = replace(state, site=lanes_of(LaneClass("all", 10)))
    plain, classed = seen(state), seen(one_class)
    assert (plain.n_target, plain.mu_per_s) == (classed.n_target, classed.mu_per_s)
    assert call_up(state, plain, fills) == call_up(one_class, classed, fills)


@settings(max_examples=50, deadline=None)
@given(
    places=st.lists(st.integers(0, 2), min_size=3, max_size=3),
    kinds=st.lists(st.sets(st.sampled_from("abc"), min_size=1).map(frozenset), max_size=5),
)
def test_there_is_room_for_a_truck_exactly_where_all_can_have_a_lane(
    places: list[int], kinds: list[frozenset[str]]
):
    free = dict(zip("abc", places, strict=True))

    def can_all_stand(trucks: list[frozenset[str]]) -> bool:
        return any(
            all(choice.count(lane) <= free[lane] for lane in free) for choice in product(*trucks)
        )

    room = Room(kinds, lambda lanes: sum(free[lane] for lane in lanes))
    standing: list[frozenset[str]] = []
    for kind in kinds:
        fits = can_all_stand([*standing, kind])
        assert room.take(kind) == fits
        if fits:
            standing.append(kind)


@given(count=st.integers(0, 40), cold=st.integers(1, 9), dry=st.integers(1, 9))
def test_trucks_shared_out_are_all_there_and_a_part_of_one_off_at_most(
    count: int, cold: int, dry: int
):
    parts = shared_out(count, {"cold": cold, "dry": dry})
    assert sum(parts.values()) == count
    assert abs(parts["cold"] - count * cold / (cold + dry)) < 1.0
