"""What operators' acts do to the order: trucks held, pinned, exchanged, brought forward; rates."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from builders import at, history, on_the_road, small_gate, small_site, snapshot, staged
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.closures import ExtraHours, with_closures
from flowctl.controller import Decision, tick
from flowctl.dispatch.hand import as_metered, blocks_of, is_held, said_per_h, words_of
from flowctl.dispatch.hand_checks import doubt, refusal
from flowctl.effect import compared
from flowctl.hand import Act, ActKind, Effect, InHand, Moved, Place, Word
from flowctl.planned import Plans
from flowctl.preview import preview
from flowctl.site import Site
from flowctl.state import Advice, AdviceKind, Cargo, LiveTrip, Slot, Snapshot
from flowctl.traffic.lane_loss import estimate_open

NOW = at("09:00")


def act(kind: ActKind, **fields: Any) -> Act:  # noqa: ANN401
    return Act(kind, "papers", "lan", fields.pop("changed_at", NOW), id=7, **fields)


def held(trip: int, **fields: Any) -> Act:  # noqa: ANN401
    return act(ActKind.HOLD_TRUCK, trip_id=trip, **fields)


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


def seen(
    trips: Sequence[LiveTrip], *acts: Act, now: datetime = NOW, site: Site | None = None
) -> Snapshot:
    return replace(snapshot(trips, now, site=site), acts=acts)


def called(decision: Decision) -> list[int]:
    return [release.trip_id for release in decision.releases]


def told(decision: Decision) -> dict[int, tuple[str, Slot]]:
    return {one.trip_id: (str(one.reason), one.slot) for one in decision.tellings}


def test_a_held_truck_is_not_called_while_others_go_and_the_ledger_says_why():
    decision = tick(seen(row_of(3), held(0)), plan_due=False)
    assert called(decision) == [1, 2]
    passed = {(one.trip_id, one.reason, one.seniors) for one in decision.overtakes}
    assert passed == {(1, "held", (0,)), (2, "held", (0,))}
    assert called(tick(seen(row_of(3)), plan_due=False)) == [0, 1, 2]


def test_a_held_driver_hears_it_once_and_no_slot_until_the_hold_ends():
    trips = row_of(3, told_from=at("10:00"))
    first = tick(seen(trips, held(1)), plan_due=True)
    assert [(one.trip_id, one.kind, one.reason) for one in first.notices] == [(1, "hold", "held")]
    assert 1 not in told(first)
    heard = {1: Advice(AdviceKind.HOLD, "north", NOW, "held")}
    second = tick(replace(seen(trips, held(1), now=at("09:05")), advice=heard), plan_due=True)
    assert (second.notices, 1 in told(second)) == ((), False)
    ended = tick(replace(seen(trips, now=at("09:10")), advice=heard), plan_due=True)
    reason, slot = told(ended)[1]
    assert reason == "hold_ended"
    assert slot.starts_at <= at("10:15")


def test_a_hold_ends_by_itself_at_the_moment_it_was_given():
    trips = row_of(1)
    assert called(tick(seen(trips, held(0, ends_at=at("09:30"))), plan_due=False)) == []
    after = seen(trips, held(0, ends_at=at("09:30")), now=at("09:30"))
    assert called(tick(after, plan_due=False)) == [0]


def test_who_was_called_and_stands_still_is_called_back_but_nobody_on_the_road():
    call = {"released_gate": "north", "released_at": at("08:58"), "release_expires_at": at("09:58")}
    stands = staged(0, arrived=at("07:00"))._replace(**call, yarded_at=at("07:00"))
    drives = stands._replace(id=1, yard=None)
    decision = tick(seen([stands, drives], held(0), held(1)), plan_due=True)
    assert [(one.trip_id, one.reason) for one in decision.expired] == [(0, "held")]
    assert [one.trip_id for one in decision.notices] == [0]
    assert called(decision) == []
    assert "on its way to north" in str(refusal(seen([drives]), held(1)))
    assert refusal(seen([stands]), held(0)) is None


def test_a_class_held_from_one_gate_goes_to_the_other_and_who_has_no_other_waits():
    site = small_site([small_gate("north"), small_gate("south")])
    fruit = staged(1, arrived=at("07:00"), gates=("north", "south"), cargo=Cargo.PERISHABLE)
    bound = staged(2, arrived=at("07:01"), cargo=Cargo.PERISHABLE)
    steel = staged(3, arrived=at("07:02"))
    hold = act(ActKind.HOLD_CLASS, gate="north", cargo="perishable")
    state = seen([fruit, bound, steel], hold, site=site)
    blocks = blocks_of(state)
    assert (is_held(fruit, blocks), is_held(bound, blocks), is_held(steel, blocks)) == (
        False,
        True,
        False,
    )
    decision = tick(state, plan_due=True)
    assert {one.trip_id: one.gate for one in decision.releases} == {1: "south", 3: "north"}


def test_a_class_of_a_haulier_takes_in_who_comes_later():
    mine = staged(1, arrived=at("07:00"))._replace(haulier="anh_duong")
    hold = act(ActKind.HOLD_CLASS, haulier="anh_duong", changed_at=at("06:00"))
    late = on_the_road(2, registered=at("08:00"), eta=at("10:00"), ready=at("09:30"))
    state = seen([mine, late._replace(haulier="anh_duong"), staged(3, arrived=NOW)], hold)
    assert set(blocks_of(state)) == {1, 2}


def test_a_pinned_truck_keeps_its_slot_whatever_the_plan_would_say():
    trips = row_of(40)
    pin = act(ActKind.PIN, trip_id=3, gate="north", starts_at=at("11:00"))
    first = tick(seen(trips, pin), plan_due=True)
    assert told(first)[3] == ("first", Slot("north", at("11:00")))
    others = [trip._replace(told=told(first)[trip.id][1], told_at=NOW) for trip in trips]
    crowd = [staged(number, arrived=at("06:00")) for number in range(100, 130)]
    again = tick(seen([*others, *crowd], pin, now=at("09:05")), plan_due=True)
    assert 3 not in told(again)
    moved = others[3]._replace(told=Slot("north", at("13:00")))
    other_word = tick(seen([*others[:3], moved, *others[4:]], pin, now=at("09:05")), plan_due=True)
    assert told(other_word)[3] == ("pinned", Slot("north", at("11:00")))


def test_a_pin_that_cannot_be_is_refused_with_the_reason():
    truck = staged(1, arrived=at("07:00"))
    far = on_the_road(2, registered=at("07:00"), eta=at("12:00"), ready=at("12:00"))

    def fault(trip: LiveTrip, gate: str, slot: datetime) -> str:
        pin = act(ActKind.PIN, trip_id=trip.id, gate=gate, starts_at=slot)
        return str(refusal(seen([trip]), pin) or "")

    assert fault(truck, "north", at("11:00")) == ""
    two = small_site([small_gate("north"), small_gate("south")])
    south = act(ActKind.PIN, trip_id=1, gate="south", starts_at=at("11:00"))
    assert "may not use south" in str(refusal(seen([truck], site=two), south))
    assert "is over" in fault(truck, "north", at("08:30"))
    assert "closed in that slot" in fault(truck, "north", at("19:00"))
    assert "does not begin on a slot" in fault(truck, "north", at("11:07"))
    assert "at the earliest" in fault(far, "north", at("11:00"))
    assert "in a convoy" in fault(truck._replace(convoy="A1"), "north", at("11:00"))


def test_two_drivers_exchange_their_slots_once_and_both_hear_of_it():
    trips = row_of(8, told_from=at("10:00"))
    swap = act(ActKind.SWAP, trip_id=1, other_trip_id=5)
    decision = tick(seen(trips, swap), plan_due=False)
    [found] = decision.swaps
    assert (found.gives, found.takes, found.act_id, found.actor) == (1, 5, 7, "lan")
    assert found.slot_given == Slot("north", at("10:15"))
    assert found.slot_taken == Slot("north", at("11:15"))


def test_an_exchange_that_does_not_fit_is_refused_with_the_reason():
    trips = row_of(3, told_from=at("10:00"))

    def fault(one: LiveTrip, other: LiveTrip, *acts: Act) -> str:
        swap = act(ActKind.SWAP, trip_id=one.id, other_trip_id=other.id)
        return str(refusal(seen([one, other], *acts), swap) or "")

    assert fault(trips[0], trips[2]) == ""
    assert "told no slot yet" in fault(trips[0], trips[1]._replace(told=None))
    assert "have the same slot" in fault(trips[0], trips[1]._replace(told=trips[0].told))
    late = on_the_road(
        9,
        registered=at("07:00"),
        eta=at("12:00"),
        ready=at("09:00"),
        told=Slot("north", at("13:00")),
    )
    assert "after the slot 10:00" in fault(trips[0], late)
    assert "told to wait" in fault(trips[0], trips[1], held(1))
    south = trips[1]._replace(gates=("south",), told=Slot("south", at("10:15")))
    assert "may not use" in fault(trips[0], south)


def test_a_truck_brought_forward_has_the_next_place_and_those_it_passes_are_named():
    trips = row_of(30, told_from=at("09:00"))
    forward = replace(act(ActKind.FORWARD, trip_id=29), reason="medical")
    full = [(at("08:40"), None)] * 3
    state = replace(seen(trips, forward), gates=(history("north", full),))
    decision = tick(state, plan_due=True)
    assert called(decision)[0] == 29
    reasons = {one.trip_id: one.reason for one in decision.releases}
    assert (reasons[29], reasons[called(decision)[1]]) == ("forwarded", None)
    [passed] = [one for one in decision.overtakes if one.trip_id == 29]
    assert (passed.reason, passed.code, passed.act_id) == ("forwarded", "medical", 7)
    assert passed.seniors == tuple(n for n in range(29) if n not in called(decision))


def test_a_truck_brought_forward_on_the_road_has_the_first_slot_it_can_make():
    trips = row_of(60, told_from=None)
    late = on_the_road(99, registered=at("08:00"), eta=at("10:00"), ready=at("09:00"))
    forward = act(ActKind.FORWARD, trip_id=99)
    without = preview_slots(seen([*trips, late]))
    having = preview_slots(seen([*trips, late], forward))
    assert having[99].starts_at == at("10:15")
    assert without[99].starts_at > at("11:00")


def preview_slots(state: Snapshot) -> dict[int, Place]:
    decision = tick(state, plan_due=True)
    plans = Plans.of(state, decision, decision)
    assert plans is not None
    found = {trip.id: plans.having.get(trip.id) for trip in state.trips}
    return {trip: place for trip, place in found.items() if place is not None}


def test_a_word_about_what_a_gate_takes_holds_for_its_time_only():
    trips = row_of(60)
    word = act(ActKind.CAPACITY, gate="north", per_h=8.0, starts_at=NOW, ends_at=at("11:00"))
    slots = preview_slots(seen(trips, word))
    before = [place for place in slots.values() if place.starts_at < at("11:00")]
    hour = [place for place in slots.values() if at("11:00") <= place.starts_at < at("12:00")]
    assert len(before) == 14  # from 09:15 on, when the first can be there
    assert len(hour) == 20


def test_trucks_are_called_by_a_word_only_as_far_as_the_gate_bears_it_out():
    state = seen([])
    gate = state.site.gates[0]
    learned = {"north": estimate_open(gate, history("north"), NOW)}
    high = act(ActKind.CAPACITY, gate="north", per_h=90.0, starts_at=NOW, ends_at=at("11:00"))
    low = replace(high, per_h=5.0)
    later = replace(high, starts_at=at("10:00"))
    heard = as_metered(replace(state, acts=(high,)), learned)["north"]
    assert heard.working_per_h == learned["north"].high < 90.0
    assert as_metered(replace(state, acts=(low,)), learned)["north"].working_per_h == 5.0
    assert as_metered(replace(state, acts=(later,)), learned) == learned


def test_a_lowered_rate_is_told_to_those_behind_it_as_a_whole():
    trips = [
        trip._replace(told=Slot("north", at("09:30") + timedelta(minutes=3 * trip.id)))
        for trip in row_of(40)
    ]
    heard = [trip._replace(told_at=at("06:00")) for trip in trips]
    word = act(ActKind.CAPACITY, gate="north", per_h=4.0, starts_at=NOW, ends_at=at("14:00"))
    decision = tick(seen(heard, word), plan_due=True)
    later = [one for one in decision.tellings if one.previous and one.slot != one.previous]
    assert later
    assert {str(one.reason) for one in later} <= {"capacity", "earlier"}
    by_rank = [one.slot.starts_at for one in sorted(later, key=lambda one: one.trip_id)]
    assert by_rank == sorted(by_rank)


def test_a_rate_is_shared_out_by_how_much_of_a_slot_it_covers():
    word = act(
        ActKind.CAPACITY, gate="north", per_h=12.0, starts_at=at("10:10"), ends_at=at("12:00")
    )
    begin = at("10:00").timestamp()
    rate, covered = said_per_h(words_of([word], "north"), begin, begin + 900)
    assert (rate, covered) == (12.0, 300 / 900)


def test_a_rate_beyond_twice_what_was_seen_is_asked_about():
    word = act(ActKind.CAPACITY, gate="north", per_h=50.0)
    assert "more than twice" in str(doubt(word, 20.0, 25.0))
    assert doubt(replace(word, per_h=30.0), 20.0, 25.0) is None
    assert "less than half" in str(doubt(replace(word, per_h=8.0), 20.0, 25.0))


def test_extra_hours_bring_trucks_forward_from_the_next_day():
    site = small_site()
    trips = row_of(260)
    longer = with_closures(site, (), NOW, [ExtraHours("north", at("18:00"), at("20:00"))])
    assert list(longer.gates[0].opening.between(at("17:00"), at("21:00"))) == [
        (at("17:00"), at("20:00"))
    ]
    evening = [
        place
        for place in preview_slots(seen(trips, site=longer)).values()
        if at("18:00") <= place.starts_at < at("20:00")
    ]
    assert len(evening) == 40
    assert with_closures(site, (), NOW, ()) is site


def test_extra_hours_at_night_open_a_gate_that_is_closed_and_a_closure_still_shuts_it():
    night = [ExtraHours("north", at("22:00"), at("02:00", 24))]
    longer = with_closures(small_site(), (), NOW, night).gates[0].opening
    moments = (at("21:59"), at("23:59"), at("00:30", 24), at("02:00", 24))
    assert [longer.is_open(moment) for moment in moments] == [False, True, True, False]
    assert list(longer.between(at("20:00"), at("06:00", 24))) == [(at("22:00"), at("02:00", 24))]
    shut = replace(longer, closed=((at("23:00"), at("23:30")),))
    assert not shut.is_open(at("23:10"))


def effect(state: Snapshot, asked: Act, site: Site | None = None) -> Effect:
    return preview(site or small_site(), state, asked)


def promised(
    trips: Sequence[LiveTrip],
    *,
    site: Site | None = None,
    queued: int = 16,
    told_at: datetime = at("07:00"),  # noqa: B008 - a moment is never changed
) -> Snapshot:
    """Return trucks that were told what a plan has for them; ``queued`` stand before each gate."""
    before = [(NOW - timedelta(minutes=20), None)] * queued
    state = seen(trips, site=site)
    state = replace(state, gates=tuple(history(gate.id, before) for gate in state.site.gates))
    plan = preview_slots(state)
    told = (trip._replace(told=Slot(*plan[trip.id]), told_at=told_at) for trip in trips)
    return replace(state, trips=tuple(told))


def coming(number: int, **changes: Any) -> LiveTrip:  # noqa: ANN401
    """Return a truck that is hours away and was told nothing."""
    trip = on_the_road(number, registered=at("08:00"), eta=at("15:00"), ready=at("09:00"))
    return trip._replace(**changes)


def row(found: Effect, trip: int) -> Moved:
    [one] = [one for one in found.trips if one.trip_id == trip]
    return one


def slot(clock: str, gate: str = "north") -> InHand:
    return InHand(Word.SLOT, Place(gate, at(clock)))


NOTHING, HELD = InHand(Word.NOTHING), InHand(Word.HELD)


def test_the_effect_of_a_forward_says_who_moves_and_whom_the_public_count_has_by_the_next_tick():
    state = promised(row_of(30), queued=0)
    asked = act(ActKind.FORWARD, trip_id=29)
    found = effect(state, asked)
    first, called_later = found.trips
    assert (first.trip_id, first.before) == (29, slot("10:30"))
    assert first.after == InHand(Word.CALLED, Place("north", at("09:15")))
    assert (called_later.otherwise.word, called_later.after) == (Word.CALLED, slot("09:45"))
    assert (found.moved, found.earlier, found.called, found.uncalled) == (2, 1, 1, 1)
    [passed] = tick(replace(state, acts=(asked,)), plan_due=True).overtakes
    assert found.overtaken == len(passed.seniors) == 19
    assert found.unserved == 0


def test_the_effect_of_nothing_is_nothing():
    word = act(ActKind.CAPACITY, gate="north", per_h=20.0, starts_at=NOW, ends_at=at("11:00"))
    found = effect(promised(row_of(30)), word)
    assert found == Effect(NOW, delay_cost_vnd=0)


def test_two_equal_plans_in_which_trucks_trade_places_move_nobody():
    state = promised(row_of(10))
    decision = tick(state, plan_due=True)
    plan = decision.plan
    assert plan is not None
    slots = plan.slot.copy()
    slots[[0, 9]] = slots[[9, 0]]
    assert slots[0] != slots[9]
    plans = Plans.of(state, decision, replace(decision, plan=replace(plan, slot=slots)))
    assert plans is not None
    found = compared(state, state, plans, act(ActKind.CAPACITY, gate="north"))
    assert (found.moved, found.trips, found.others, found.overtaken) == (0, (), 0, 0)


def test_the_effect_of_a_closure_is_that_of_the_closure_entered():
    close = act(ActKind.CLOSE_GATE, gate="north", starts_at=NOW, ends_at=at("12:00"))
    found = effect(promised(row_of(8)), close)
    assert (found.moved, found.later, found.worst_later_s) == (8, 8, 10800)
    assert (found.delay_cost_vnd or 0) > 0
    assert (found.trips[0].before, found.trips[0].after) == (slot("09:30"), slot("12:30"))
    assert found.overtaken == 0
    unknown = effect(seen(row_of(8)), replace(close, gate="south"))
    assert str(unknown.refused) == "There is no gate 'south'; somewhere has north."


def test_the_closure_of_a_gate_where_few_are_booked_touches_only_those():
    site = small_site([small_gate("north"), small_gate("south")])
    few = [trip._replace(id=100 + trip.id, gates=("south",)) for trip in row_of(3)]
    far = [coming(number, gates=("north", "south")) for number in range(200, 230)]
    state = promised([*row_of(30), *few], site=site)
    close = act(ActKind.CLOSE_GATE, gate="south", starts_at=NOW, ends_at=at("12:00"))
    found = effect(replace(state, trips=(*state.trips, *far)), close, site)
    assert [one.trip_id for one in found.trips] == [100, 101, 102]
    assert (found.moved, found.later) == (3, 3)


def test_a_closure_of_unknown_end_tells_drivers_to_stay_and_says_how_many():
    found = effect(promised(row_of(30)), act(ActKind.CLOSE_GATE, gate="north", starts_at=NOW))
    assert (found.moved, found.held, found.later) == (30, 28, 2)
    assert found.trips[0].after == HELD
    assert found.overtaken == 0


def test_drivers_who_were_told_nothing_are_a_number_and_no_names():
    close = act(ActKind.CLOSE_GATE, gate="north", starts_at=at("15:00"), ends_at=at("16:00"))
    found = effect(seen([coming(number) for number in range(30)]), close)
    assert (found.moved, found.trips, found.delay_cost_vnd) == (0, (), 0)
    assert found.others == 30
    assert (found.others_shift_s or 0.0) > 1800.0


def test_a_hold_tells_its_driver_to_stay_until_it_ends_or_nobody_knows_when():
    state = promised(row_of(30))
    endless = effect(state, held(1))
    [one] = endless.trips
    assert (one.trip_id, one.before, one.after, one.held_until) == (1, slot("09:30"), HELD, None)
    assert (endless.moved, endless.held, endless.overtaken) == (1, 1, 1)
    ended = effect(state, held(1, ends_at=at("11:30")))
    assert row(ended, 1).held_until == at("11:30")


def test_a_class_that_is_held_is_named_also_where_it_was_told_nothing_yet():
    trips = [
        trip._replace(cargo=Cargo.PERISHABLE) if trip.id < 2 else trip
        for trip in promised(row_of(6)).trips
    ]
    state = replace(promised(row_of(6)), trips=(*trips, coming(9, cargo=Cargo.PERISHABLE)))
    found = effect(state, act(ActKind.HOLD_CLASS, cargo="perishable"))
    assert (found.moved, found.held) == (3, 3)
    assert {one.trip_id: one.after for one in found.trips} == {0: HELD, 1: HELD, 9: HELD}
    assert row(found, 9).before == NOTHING


def test_the_acts_own_trucks_are_shown_first_also_where_nothing_moves():
    state = promised(row_of(30))
    kept = effect(state, act(ActKind.PIN, trip_id=29, gate="north", starts_at=at("11:00")))
    assert (kept.moved, kept.trips) == (0, (Moved(29, *[slot("11:00")] * 3),))
    swap = effect(state, act(ActKind.SWAP, trip_id=2, other_trip_id=29))
    shown = [(one.trip_id, one.before, one.after) for one in swap.trips]
    assert shown == [(2, slot("09:30"), slot("11:00")), (29, slot("11:00"), slot("09:30"))]
    with_late = replace(state, trips=(*state.trips, coming(99)))
    forward = effect(with_late, act(ActKind.FORWARD, trip_id=99))
    [own] = forward.trips
    assert (own.before, own.after.word) == (NOTHING, Word.PLANNED)
    assert forward.moved == 0


def test_twenty_are_shown_the_own_truck_among_them_and_all_are_counted():
    close = act(ActKind.CLOSE_GATE, gate="north", starts_at=NOW, ends_at=at("12:00"))
    found = effect(promised(row_of(45)), close)
    assert (len(found.trips), found.moved) == (20, 45)
    state = promised(row_of(45))
    word = act(ActKind.CAPACITY, gate="north", per_h=60.0, starts_at=NOW, ends_at=at("14:00"))
    many = effect(state, word)
    shifts = [abs(one.shift_s or 0.0) for one in many.trips]
    assert shifts == sorted(shifts, reverse=True)
    assert many.earlier == many.moved > 20


def test_who_would_be_called_up_now_and_is_not_is_counted():
    close = act(ActKind.CLOSE_GATE, gate="north", starts_at=NOW, ends_at=at("12:00"))
    state = promised(row_of(20), queued=0)
    gone = called(tick(state, plan_due=True))
    found = effect(state, close)
    assert found.uncalled == len(gone) > 0
    assert {row(found, trip).otherwise.word for trip in gone} == {Word.CALLED}


def test_what_the_plan_has_for_drivers_who_just_heard_is_said_as_what_may_follow():
    more = act(ActKind.CAPACITY, gate="north", per_h=60.0, starts_at=NOW, ends_at=at("14:00"))
    rested = effect(promised(row_of(30)), more)
    assert (rested.earlier, rested.to_come) == (27, 0)
    found = effect(promised(row_of(30), told_at=NOW - timedelta(minutes=1)), more)
    assert found.to_come > 0
    assert found.moved + found.to_come == 27


def test_a_full_slot_takes_no_further_pin():
    trips = row_of(6)
    pins = [
        replace(
            act(ActKind.PIN, trip_id=number, gate="north", starts_at=at("11:00")), id=number + 1
        )
        for number in range(5)
    ]
    asked = replace(act(ActKind.PIN, trip_id=5, gate="north", starts_at=at("11:00")), id=0)
    assert effect(seen(trips, *pins[:4]), asked).refused is None
    assert "has no place left" in str(effect(seen(trips, *pins), asked).refused)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    which=st.sets(st.integers(0, 7), max_size=4),
    minutes=st.integers(0, 500),
)
def test_no_tick_ever_calls_a_truck_that_is_held(seed: int, which: set[int], minutes: int):
    rng = np.random.default_rng(seed)
    now = at("06:30") + timedelta(minutes=minutes)
    trips = []
    for number in range(8):
        came = at("05:00") + timedelta(minutes=int(rng.integers(0, 90)))
        slot = Slot("north", at("07:00") + timedelta(minutes=15 * int(rng.integers(0, 40))))
        truck = staged(number, arrived=came, told=slot if rng.random() < 0.7 else None)
        trips.append(truck._replace(standby=bool(rng.random() < 0.5)))
    forward = act(ActKind.FORWARD, trip_id=int(rng.integers(0, 8)))
    swap = act(ActKind.SWAP, trip_id=0, other_trip_id=int(rng.integers(1, 8)))
    acts = [*(held(number) for number in which), forward, swap]
    decision = tick(seen(trips, *acts, now=now), plan_due=bool(rng.random() < 0.5))
    assert which.isdisjoint(called(decision))
    assert which.isdisjoint(one.trip_id for one in decision.tellings)
    assert decision.unexplained == ()
