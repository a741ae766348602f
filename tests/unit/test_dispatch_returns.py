"""Trucks that come back find a place in time, or cross later or elsewhere; who cannot is named."""

from dataclasses import replace

import numpy as np
import pytest
from builders import at, history, ints, opening, problem, small_gate, small_site, snapshot, staged
from numpy.typing import ArrayLike
from test_dispatch_repair import plan_of, sides

from flowctl.controller import tick
from flowctl.dispatch.framing import problem_of
from flowctl.dispatch.metering import approaches
from flowctl.dispatch.plan import verify
from flowctl.dispatch.planning import make_plan
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.returns import NEVER_S, Returns, earliest_due
from flowctl.state import Crossed, LiveTrip, Slot, Snapshot
from flowctl.traffic.lane_loss import estimate_open

SLOT_S = 900


def coming_back(
    instance: DispatchProblem, within: ArrayLike, room: ArrayLike, **changes: object
) -> DispatchProblem:
    """Let trucks come back within so many slots (-1: they do not), the next slot at the soonest."""
    limits = ints(within)
    never = np.full(len(instance.gates), NEVER_S, dtype=np.int64)
    returns = Returns(np.where(limits < 0, -1, limits * SLOT_S), SLOT_S, ints(room), never)
    return replace(instance, sides=replace(sides(instance.trucks, **changes), returns=returns))


def planned(instance: DispatchProblem) -> tuple[list[int], list[int]]:
    plan, faults = make_plan(instance)
    assert faults == ()
    assert plan is not None
    assert verify(instance, plan) == ()
    assert plan.bound <= plan.cost
    return plan.gate.tolist(), plan.slot.tolist()


def test_a_truck_crosses_later_where_it_could_not_be_back_in_time():
    # Imports are taken in slots 1 and 5 only; within two slots it is back from 0, 3 and 4.
    instance = problem([[1] * 6], [[0], [0], [0]])
    assert planned(coming_back(instance, [-1, 2, 2], [[0, 1, 0, 0, 0, 1]])) == (
        [0, 0, 0],
        [1, 0, 3],
    )


def test_a_truck_crosses_at_another_gate_where_it_can_be_back_in_time():
    instance = problem([[3] * 4, [3] * 4], [[0, 0], [0, 0]], preferred=[0, 0])
    room = [[0, 1, 0, 0], [0, 1, 0, 0]]
    assert planned(coming_back(instance, [3, 3], room)) == ([0, 1], [0, 0])


def test_who_cannot_come_back_from_anywhere_has_no_slot():
    instance = problem([[2] * 3], [[0], [0]])
    assert planned(coming_back(instance, [2, -1], [[0, 0, 0]])) == ([-1, 0], [-1, 0])


def test_the_days_after_the_last_slot_will_do():
    instance = coming_back(problem([[2] * 3], [[0]]), [4], [[0, 0, 0]])
    assert instance.sides is not None
    assert instance.sides.returns is not None
    later = replace(instance.sides.returns, beyond_s=ints([5 * SLOT_S]))
    instance = replace(instance, sides=replace(instance.sides, returns=later))
    assert planned(instance) == ([0], [1])


def test_returns_that_fit_change_nothing_of_the_plan():
    plain = problem([[2, 1, 2, 0], [1, 1, 1, 0]], [[0, 0]] * 6, rank=[3, 1, 0, 2, 5, 4])
    expected = planned(replace(plain, sides=sides(6)))
    assert planned(coming_back(plain, [1] * 6, [[0, 2, 2, 2]] * 2)) == expected
    assert planned(coming_back(plain, [-1] * 6, [[0] * 4] * 2)) == expected


def test_who_is_due_first_returns_first_and_one_too_many_finds_no_place():
    assert earliest_due([1, 1, 0, 2], [(0, 3), (0, 0), (1, 2), (1, 1)]) == [3, 0, -1, 1]


def test_trucks_that_cannot_come_back_are_named():
    instance = coming_back(problem([[2] * 3], [[0], [0]]), [1, 1], [[0, 1, 0]])
    assert verify(instance, plan_of(instance, [0, 0], [0, 0])) == (
        "Trip 101 crosses at a in slot 0, and 1 of 2 that come back there find no place in time.",
    )
    assert verify(instance, plan_of(instance, [0, -1], [0, -1])) == ()


def test_a_frozen_truck_stands_and_its_return_goes_first():
    instance = problem([[2] * 4], [[0], [0]], frozen={1: (0, 0)})
    assert planned(coming_back(instance, [1, 1], [[0, 1, 1, 0]])) == ([0, 0], [1, 0])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"within_s": ints([0])}, "within_s must not lie below after_s = 900; row 0 has 0"),
        ({"within_s": np.array([np.nan])}, "within_s of returns must hold whole numbers"),
        ({"within_s": ints([1, 2])}, r"within_s has shape \(2,\)"),
        ({"room": ints([[-1]])}, "room of returns must not be negative"),
        ({"beyond_s": ints([1, 2])}, "must be given by column and slot"),
    ],
)
def test_limits_and_places_that_cannot_be_are_refused(change: dict[str, object], named: str):
    returns = replace(Returns(ints([1800]), SLOT_S, ints([[1]]), ints([0])), **change)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=named):
        replace(problem([[1]], [[0]]), sides=replace(sides(1), returns=returns))


NOON = at("12:00")
FEW_IMPORTS = small_site([small_gate(imports_per_h=4.0)])


def waiting(number: int, within_h: float | None, told: Slot | None = None) -> LiveTrip:
    return staged(number, arrived=at("09:00"), told=told)._replace(returns_within_h=within_h)


def places(now: Snapshot) -> list[int]:
    """Return the places for returns of the first hours that are open."""
    return problem_at(now).room[0].tolist()


def problem_at(now: Snapshot) -> Returns:
    estimates = {gate.id: estimate_open(gate, history(), now.now) for gate in now.site.gates}
    framed = problem_of(now, estimates, approaches(now, estimates, {}))
    assert framed.sides is not None
    assert framed.sides.returns is not None
    return framed.sides.returns


def test_returns_count_on_half_of_the_places_kept_for_imports():
    returns = problem_at(snapshot([waiting(1, 24.0), waiting(2, None)], NOON, site=FEW_IMPORTS))
    # Today none was seen; tomorrow four imports an hour are believed in, of which two come back.
    today = 6 * 4
    assert returns.room[0, today : today + 11 * 4].sum() == 11 * 2
    assert returns.within_s.tolist() == [24 * 3600, -1]
    closed = replace(FEW_IMPORTS.gates[0], directions=("export",))
    none = problem_at(snapshot([waiting(1, 24.0)], NOON, site=small_site([closed])))
    assert none.beyond_s.tolist() == [NEVER_S]


def test_trucks_on_the_other_side_and_at_the_gate_take_their_places_first():
    now = snapshot([waiting(1, 24.0)], NOON, site=FEW_IMPORTS)
    away = Crossed("north", at("09:00"), at("14:00"))
    called = waiting(2, 24.0)._replace(released_at=at("11:50"), released_gate="north", yard=None)
    both = replace(now, crossed=(away,), trips=(*now.trips, called))
    assert sum(places(now)) - sum(places(both)) == 2
    assert sum(places(now)[:8]) - sum(places(both)[:8]) == 1


def test_a_site_where_nobody_comes_back_has_no_such_rules():
    now = snapshot([waiting(1, None)], NOON, site=FEW_IMPORTS)
    estimates = {gate.id: estimate_open(gate, history(), NOON) for gate in now.site.gates}
    framed = problem_of(now, estimates, approaches(now, estimates, {}))
    assert framed.sides is not None
    assert framed.sides.returns is None


def test_a_driver_hears_that_his_slot_is_later_because_he_would_not_be_back_in_time():
    # From 16:00 on nobody is back the same day, and then the gate is closed for two days.
    shut = opening(exceptions={at("12:00", day).date(): () for day in (24, 25)})
    site = small_site([small_gate(imports_per_h=4.0, hours=shut)])
    told = Slot("north", at("16:30"))
    both = [waiting(1, 24.0, told), waiting(2, None, told)]
    late = [trip._replace(ready_at=at("16:15")) for trip in both]
    now = snapshot(late, at("15:00"), site=site)
    [word] = tick(now, plan_due=True).tellings
    assert (word.trip_id, word.reason) == (1, Reason.RETURN)
    assert word.slot.starts_at == at("07:00", 26)
