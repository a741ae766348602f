"""What stages that are not confirmed keep a truck from: its slot, or the way to its gate."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
from builders import at, on_the_road, snapshot, staged
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.controller import Decision, step, tick
from flowctl.dispatch.hand_checks import refusal
from flowctl.hand import Act, ActKind
from flowctl.state import Advice, AdviceKind, LiveTrip, Slot, Snapshot
from flowctl.workflow.stages import Lock

NOW = at("09:00")
AS_TOLD = Advice(AdviceKind.HOLD, "north", NOW, "unconfirmed")


def row_of(count: int, *, told_from: datetime | None = None) -> list[LiveTrip]:
    """Trucks that came one a minute, each told a slot of its own where ``told_from`` is given."""
    return [
        staged(
            number,
            arrived=at("07:00") + timedelta(minutes=number),
            told=None
            if told_from is None
            else Slot("north", told_from + timedelta(minutes=15 * number)),
        )
        for number in range(count)
    ]


def locking(trips: Sequence[LiveTrip], *locks: Lock, which: int = 0) -> list[LiveTrip]:
    return [trip._replace(locked=locks) if trip.id == which else trip for trip in trips]


def called(decision: Decision) -> list[int]:
    return [release.trip_id for release in decision.releases]


def told(decision: Decision) -> dict[int, str]:
    return {one.trip_id: str(one.reason) for one in decision.tellings}


def heard(decision: Decision) -> list[tuple[int, str, str | None]]:
    return [(one.trip_id, str(one.kind), one.reason) for one in decision.notices]


def as_told(state: Snapshot, trip: int) -> Snapshot:
    return replace(state, advice={trip: AS_TOLD})


def test_a_truck_whose_release_is_locked_has_a_slot_and_is_passed_over_with_its_reason():
    decision = tick(snapshot(locking(row_of(3), Lock.RELEASE), NOW), plan_due=True)
    assert set(told(decision)) == {0, 1, 2}
    assert called(decision) == [1, 2]
    assert {(one.trip_id, str(one.reason), one.seniors) for one in decision.overtakes} == {
        (1, "unconfirmed", (0,)),
        (2, "unconfirmed", (0,)),
    }
    assert (decision.unexplained, heard(decision)) == ((), [])


def test_once_its_agencies_have_confirmed_it_goes_before_its_juniors_again():
    decision = tick(snapshot(row_of(3), NOW), plan_due=False)
    assert called(decision) == [0, 1, 2]


def test_only_the_gate_being_locked_holds_nobody_back_in_the_yard():
    decision = tick(snapshot(locking(row_of(2), Lock.GATE), NOW), plan_due=True)
    assert called(decision) == [0, 1]
    assert decision.overtakes == ()


def test_a_trip_whose_slot_is_locked_is_not_planned_and_its_driver_hears_why_once():
    state = snapshot(locking(row_of(3), Lock.SLOT), NOW)
    decision = tick(state, plan_due=True)
    assert set(told(decision)) == {1, 2}
    assert decision.problem is not None
    assert decision.problem.trip_ids.tolist() == [1, 2]
    assert heard(decision) == [(0, "hold", "unconfirmed")]
    assert called(decision) == [1, 2]
    assert heard(tick(as_told(state, 0), plan_due=True)) == []


def test_nobody_hears_of_missing_papers_while_the_truck_is_still_far_away():
    far = on_the_road(5, registered=at("08:00"), eta=at("23:00"), ready=at("22:00"))
    state = snapshot([far._replace(locked=(Lock.SLOT,))], NOW)
    assert heard(tick(state, plan_due=True)) == []


def test_a_slot_told_whose_confirmation_was_withdrawn_is_taken_back_at_once():
    trips = row_of(3, told_from=at("10:00"))
    _, before = step(snapshot(trips, NOW), plan_due=True, before=None)
    locked = snapshot(locking(trips, Lock.SLOT, which=1), at("09:01"))
    decision, _ = step(locked, plan_due=False, before=before)
    assert decision.plan is not None
    assert heard(decision) == [(1, "hold", "unconfirmed")]
    assert 1 not in told(decision)


def test_its_driver_hears_of_a_slot_again_once_all_is_confirmed():
    trips = row_of(3, told_from=at("10:00"))
    decision = tick(as_told(snapshot(trips, at("09:10")), 1), plan_due=True)
    assert told(decision)[1] == "confirmed"


def test_a_slot_missed_for_an_agency_moves_for_that_reason_and_not_for_the_trucks():
    trips = row_of(1, told_from=at("07:30"))
    decision = tick(snapshot(locking(trips, Lock.RELEASE), at("09:30")), plan_due=True)
    assert told(decision) == {0: "unconfirmed"}


def test_who_was_called_and_still_stands_is_called_back_but_nobody_on_the_road():
    call = {
        "released_gate": "north",
        "released_at": at("08:58"),
        "release_expires_at": at("09:58"),
        "locked": (Lock.RELEASE,),
    }
    stands = staged(0, arrived=at("07:00"))._replace(**call, yarded_at=at("07:00"))
    drives = stands._replace(id=1, yard=None)
    decision = tick(snapshot([stands, drives], NOW), plan_due=True)
    assert [(one.trip_id, str(one.reason)) for one in decision.expired] == [(0, "unconfirmed")]
    assert called(decision) == []


def test_a_place_left_free_is_not_filled_by_a_truck_that_waits_for_an_agency():
    late = on_the_road(9, registered=at("07:00"), eta=at("12:00"), ready=at("07:00"))
    late = late._replace(told=Slot("north", at("09:15")), told_at=at("07:00"))
    late = late._replace(eta_yard_late_at=at("12:00"))
    stands = row_of(1, told_from=at("14:00"))
    assert {swap.takes for swap in tick(snapshot([*stands, late], NOW), plan_due=False).swaps} == {
        0
    }
    locked = snapshot([*locking(stands, Lock.RELEASE), late], NOW)
    assert tick(locked, plan_due=False).swaps == ()


def test_an_operator_brings_nobody_forward_whose_slot_is_locked():
    forward = Act(ActKind.FORWARD, "reefer_failure", "lan", NOW, id=1, trip_id=0)
    fault = refusal(snapshot(locking(row_of(2), Lock.SLOT), NOW), forward)
    assert fault is not None
    assert (fault.kind, fault.values) == ("truck_unconfirmed", {"trip": 0})
    assert refusal(snapshot(locking(row_of(2), Lock.RELEASE), NOW), forward) is None


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    which=st.dictionaries(st.integers(0, 7), st.sets(st.sampled_from(list(Lock))), max_size=5),
    minutes=st.integers(0, 500),
)
def test_no_tick_calls_a_locked_truck_and_no_overtaking_of_one_is_unexplained(
    seed: int, which: dict[int, set[Lock]], minutes: int
):
    rng = np.random.default_rng(seed)
    now = at("06:30") + timedelta(minutes=minutes)
    trips = []
    for number in range(8):
        came = at("05:00") + timedelta(minutes=int(rng.integers(0, 90)))
        slot = Slot("north", at("07:00") + timedelta(minutes=15 * int(rng.integers(0, 40))))
        truck = staged(number, arrived=came, told=slot if rng.random() < 0.7 else None)
        locked = tuple(which.get(number, ()))
        trips.append(truck._replace(standby=bool(rng.random() < 0.5), locked=locked))
    decision = tick(snapshot(trips, now), plan_due=bool(rng.random() < 0.5))
    kept = {trip.id for trip in trips if {Lock.SLOT, Lock.RELEASE} & set(trip.locked)}
    assert kept.isdisjoint(called(decision))
    slotless = {trip.id for trip in trips if Lock.SLOT in trip.locked}
    assert slotless.isdisjoint(one.trip_id for one in decision.tellings)
    assert decision.unexplained == ()
