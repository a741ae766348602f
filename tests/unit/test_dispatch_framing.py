"""From what is known to a problem: when each truck can be where, and what the gates still take."""

from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest
from builders import (
    at,
    history,
    on_the_road,
    opening,
    small_gate,
    small_site,
    snapshot,
    staged,
)

from flowctl.dispatch.framing import problem_of
from flowctl.dispatch.metering import approaches
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.promises import keeps
from flowctl.site import Access, DispatchParams, Site, Yard
from flowctl.state import Cargo, Slot, Snapshot
from flowctl.traffic.capacity import CapacityEstimate, Rate

SOME = Rate(10.0, 8.0, 12.0)


def framed(state: Snapshot, *, per_h: float = 20.0, imports: float = 0.0) -> DispatchProblem:
    learned = CapacityEstimate(per_h, per_h, per_h, per_h, imports, 3600.0, SOME, SOME)
    believed = {gate.id: learned for gate in state.site.gates}
    slots = {trip.id: trip.told for trip in state.trips if trip.told is not None}
    return problem_of(state, believed, approaches(state, believed, slots))


def starts(instance: DispatchProblem) -> list[datetime]:
    return [datetime.fromtimestamp(second, UTC) for second in instance.starts.tolist()]


def earliest(instance: DispatchProblem, row: int = 0, gate: int = 0) -> datetime | None:
    index = int(instance.earliest[row, gate])
    return None if index == instance.slots else starts(instance)[index]


def test_there_are_slots_only_while_a_gate_is_open():
    instance = framed(snapshot([], at("17:40")))
    found = starts(instance)
    assert found[:3] == [at("17:30"), at("17:45"), at("07:00", 24)]
    assert len(found) == 2 + 6 * 44


def test_a_holiday_does_not_shorten_the_horizon():
    closed = {at("12:00", day).date(): () for day in (24, 25, 26)}
    site = small_site([small_gate(hours=opening(exceptions=closed))])
    found = starts(framed(snapshot([], at("17:40"), site=site)))
    assert found[2] == at("07:00", 27)
    assert len(found) == 2 + 6 * 44


def test_a_slot_cut_by_the_opening_holds_fewer():
    hours = opening(((time(7, 10), time(18)),))
    site = small_site([small_gate(per_h=60.0, places=12, hours=hours)])
    instance = framed(snapshot([], at("05:00"), site=site), per_h=60.0)
    assert instance.capacity[0, :2].tolist() == [5, 15]


def test_what_is_past_of_the_present_slot_is_gone():
    instance = framed(snapshot([], at("09:10")), per_h=60.0)
    assert instance.capacity[0, :2].tolist() == [5, 15]


def test_no_truck_is_lost_to_rounding():
    instance = framed(snapshot([], at("07:00")), per_h=21.0)
    assert set(instance.capacity[0].tolist()) == {5, 6}
    assert instance.capacity[0, :44].sum() == 21 * 11


def test_a_gate_that_is_closed_while_another_is_open_takes_nobody():
    short = small_gate("south", hours=opening(((time(10), time(12)),)))
    site = small_site([small_gate("north"), short])
    instance = framed(snapshot([], at("06:00"), site=site))
    by_start = dict(zip(starts(instance), instance.capacity.T.tolist(), strict=True))
    assert by_start[at("09:45")] == [5, 0]
    assert by_start[at("10:00")][1] == 5
    assert by_start[at("12:00")] == [5, 0]


def test_expected_imports_take_their_part_and_at_most_half():
    site = small_site([small_gate(imports_per_h=8.0)])
    calm = framed(snapshot([], at("09:00"), site=site), imports=4.0)
    assert calm.capacity[0, :4].sum() == 16
    flood = framed(snapshot([], at("09:00"), site=site), imports=99.0)
    assert flood.capacity[0, :4].sum() == 10
    # Tomorrow is an ordinary day again.
    tomorrow = [index for index, start in enumerate(starts(flood)) if start >= at("00:00", 24)]
    assert flood.capacity[0, tomorrow[:44]].sum() == pytest.approx(12 * 11, abs=1)


def test_trucks_on_the_way_and_in_the_queue_use_up_the_first_places():
    gone = at("08:55")
    trip = staged(1, arrived=at("05:00"))._replace(
        yard=None,
        released_at=gone,
        released_gate="north",
        release_expires_at=at("09:55"),
    )
    seen = history("north", [(at("08:30"), None)] * 7)
    instance = framed(snapshot([trip], at("09:00"), gates=[seen]))
    # Four are being screened, three queue, one is on the way.
    assert instance.trucks == 0
    assert instance.capacity[0, :4].tolist() == [1, 5, 5, 5]


def test_today_s_loss_is_forgotten_by_and_by():
    learned = CapacityEstimate(
        10.0, 8.0, 12.0, 20.0, 0.0, 3600.0, Rate(10.0, 8.0, 12.0), Rate(5.0, 4.0, 6.0)
    )
    state = snapshot([], at("07:00"))
    instance = problem_of(state, {"north": learned}, approaches(state, {"north": learned}, {}))
    hours = instance.capacity[0, :44].reshape(11, 4).sum(axis=1)
    assert hours[0] < 13
    assert hours[-1] >= 19
    assert (np.diff(hours) >= -1).all()


def test_a_ready_truck_makes_the_first_slot_after_its_way():
    assert earliest(framed(snapshot([staged(1, arrived=at("05:00"))], at("09:00")))) == at("09:15")
    assert earliest(framed(snapshot([staged(1, arrived=at("05:00"))], at("09:06")))) == at("09:30")


def test_a_truck_still_being_checked_is_given_a_margin():
    trip = staged(1, arrived=at("05:00"), ready=at("10:30"))
    # 10:30, five minutes of margin, ten on the way.
    assert earliest(framed(snapshot([trip], at("09:00")))) == at("10:45")


def test_a_truck_on_the_road_is_ready_after_it_arrived():
    trip = on_the_road(1, registered=at("05:00"), eta=at("11:00"), ready=at("10:00"))
    assert earliest(framed(snapshot([trip], at("09:00")))) == at("11:15")


def test_a_truck_nobody_has_seen_cannot_be_here_within_the_hour():
    trip = on_the_road(1, registered=at("05:00"), eta=None, ready=at("08:00"))
    assert earliest(framed(snapshot([trip], at("09:00")))) == at("10:15")


def test_a_truck_may_go_only_where_it_is_allowed_and_its_yard_leads():
    gates = [small_gate("north"), small_gate("south"), small_gate("west")]
    yards = (
        Yard("yard", {}, 9, (Access("north", 600.0, 0.25), Access("south", 1800.0, 0.25))),
        Yard("other", {}, 9, (Access("west", 600.0, 0.25),)),
    )
    site = small_site(gates, yards=yards)
    trip = staged(1, arrived=at("05:00"), gates=("south", "west", "north"))
    instance = framed(snapshot([trip], at("09:00"), site=site))
    assert earliest(instance, gate=0) == at("09:15")
    assert earliest(instance, gate=1) == at("09:30")
    assert earliest(instance, gate=2) is None
    assert instance.preferred.tolist() == [1]


def test_a_truck_in_the_wrong_yard_is_planned_by_the_longest_way():
    yards = (
        Yard("yard", {}, 9, ()),
        Yard("near", {}, 9, (Access("north", 300.0, 0.25),)),
        Yard("far", {}, 9, (Access("north", 3000.0, 0.25),)),
    )
    state = snapshot([staged(1, arrived=at("05:00"))], at("09:00"), site=small_site(yards=yards))
    assert earliest(framed(state)) == at("10:00")


def test_an_unknown_gate_of_a_trip_is_no_place_to_go():
    trip = staged(1, arrived=at("05:00"), gates=("nowhere",))
    assert earliest(framed(snapshot([trip], at("09:00")))) is None


def test_cargo_sets_the_weight_and_arrival_the_seniority():
    trips = [
        staged(1, arrived=at("08:20"), cargo=Cargo.PERISHABLE),
        staged(2, arrived=at("08:10"), cargo=Cargo.REEFER),
        on_the_road(3, registered=at("04:00"), eta=at("09:40"), ready=at("10:00")),
    ]
    instance = framed(snapshot(trips, at("09:00")))
    assert instance.weight.tolist() == [4, 2, 1]
    assert instance.rank.tolist() == [1, 0, 2]
    assert [datetime.fromtimestamp(s, UTC) for s in instance.origin_s.tolist()] == [
        at("08:15"),
        at("08:00"),
        at("09:30"),
    ]


def test_what_was_told_far_ahead_may_drift_further():
    rules = DispatchParams()
    assert keeps(rules, at("10:00"), at("09:00")) == (1800.0, 3600.0)
    assert keeps(rules, at("19:00"), at("09:00")) == (7200.0, 7200.0)
    assert keeps(rules, at("08:00"), at("09:00")) == (1800.0, 3600.0)


def test_slots_near_the_one_told_need_no_message():
    trip = staged(1, arrived=at("05:00"), told=Slot("north", at("10:00")))
    instance = framed(snapshot([trip], at("09:00")))
    kept = starts(instance)[int(instance.keep_first[0]) : int(instance.keep_last[0]) + 1]
    assert (kept[0], kept[-1]) == (at("09:45"), at("11:00"))


def test_a_slot_about_to_come_is_frozen():
    trips = [
        staged(1, arrived=at("05:00"), told=Slot("north", at("09:30"))),
        staged(2, arrived=at("05:00"), told=Slot("north", at("09:45"))),
        staged(3, arrived=at("05:00")),
    ]
    instance = framed(snapshot(trips, at("09:00")))
    found = starts(instance)
    assert [found[slot] if slot >= 0 else None for slot in instance.frozen_slot.tolist()] == [
        at("09:30"),
        None,
        None,
    ]


def test_a_slot_that_has_passed_waits_for_the_next_place_within_the_tolerance():
    told = Slot("north", at("08:30"))
    late = staged(1, arrived=at("05:00"), told=told)
    instance = framed(snapshot([late], at("09:00")))
    assert starts(instance)[int(instance.frozen_slot[0])] == at("09:15")
    much_too_late = framed(snapshot([late], at("09:35")))
    assert much_too_late.frozen_slot.tolist() == [-1]


def test_frozen_trucks_never_overdraw_a_gate_that_lost_its_capacity():
    trips = [
        staged(i, arrived=at("05:00") + timedelta(minutes=i), told=Slot("north", at("09:15")))
        for i in range(12)
    ]
    instance = framed(snapshot(trips, at("09:00")), per_h=4.0)
    assert (instance.room >= 0).all()
    assert (instance.frozen_slot >= 0).sum() == 5
    assert instance.frozen_slot[:5].tolist() == [1, 2, 3, 4, 5]


def test_a_told_gate_that_no_longer_exists_is_no_promise():
    trip = staged(1, arrived=at("05:00"), told=Slot("gone", at("10:00")))
    assert framed(snapshot([trip], at("09:00"))).told_gate.tolist() == [-1]


def test_trucks_at_the_gate_are_not_planned():
    base = staged(1, arrived=at("05:00"))
    gone = base._replace(id=2, released_at=at("08:50"), release_expires_at=at("09:50"), yard=None)
    queued = gone._replace(id=3, queued_at=at("08:58"))
    stuck = gone._replace(id=4, release_expires_at=at("08:59"), yard="yard")
    instance = framed(snapshot([stuck, base, gone, queued], at("09:00")))
    assert instance.trip_ids.tolist() == [1, 4]


def test_a_site_without_any_opening_has_no_slots():
    site: Site = small_site([small_gate(hours=opening(()))])
    instance = framed(snapshot([staged(1, arrived=at("05:00"))], at("09:00"), site=site))
    assert instance.slots == 0
    assert instance.earliest.tolist() == [[0]]


def test_an_import_queue_before_a_gate_that_opens_later_is_not_forgotten():
    late = small_gate("south", hours=opening(((time(9), time(18)),)))
    site = small_site([small_gate("north"), late])
    queue = history("south", [(at("08:30"), None)] * 14, imports=True)
    instance = framed(snapshot([], at("08:00", 23), site=site))
    crowded = framed(snapshot([], at("08:45"), site=site, gates=[queue]))
    nine = starts(instance).index(at("09:00")), starts(crowded).index(at("09:00"))
    assert instance.capacity[1, nine[0] : nine[0] + 4].tolist() == [5, 5, 5, 5]
    # Ten of them queue: half of what is taken is theirs for an hour.
    assert crowded.capacity[1, nine[1] : nine[1] + 4].sum() == 10
