"""A problem that cannot be meant is refused in sentences."""

import math
from dataclasses import replace

import numpy as np
import pytest
from builders import ints, problem

from flowctl.dispatch.problem import Ints
from flowctl.dispatch.through import Through


def test_a_missing_number_is_named():
    good = problem([[1, 1]], [[0], [0]])
    with pytest.raises(ValueError, match="weight holds NaN; whole numbers are needed"):
        replace(good, weight=np.array([1.0, np.nan]))


def test_a_fraction_is_refused():
    with pytest.raises(ValueError, match="earliest is float64"):
        replace(problem([[1]], [[0]]), earliest=np.array([[0.0]]))


def test_a_wrong_shape_is_named_with_the_right_one():
    with pytest.raises(ValueError, match=r"capacity has shape \(2,\); \(1, 2\) is needed"):
        replace(problem([[1, 1]], [[0]]), capacity=ints([1, 1]))


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("capacity", [[-1, 1]], "capacity must not be negative"),
        ("earliest", [[3]], "earliest must lie in 0..2"),
        ("weight", [0], "weight must lie in 1..1000"),
        ("preferred", [1], "preferred must lie in 0..0"),
        ("told_gate", [5], "told_gate must lie in -1..0"),
        ("frozen_gate", [0], "frozen_gate and frozen_slot must be given together"),
        ("starts", [900, 900], "starts must ascend"),
    ],
)
def test_a_value_out_of_range_is_named(column: str, value: list[int], sentence: str):
    with pytest.raises(ValueError, match=sentence):
        replace(problem([[1, 1]], [[0]]), **{column: ints(value)})


def test_a_trip_that_appears_twice_is_refused():
    with pytest.raises(ValueError, match="trip_ids must not repeat"):
        replace(problem([[1]], [[0], [0]]), trip_ids=ints([7, 7]))


@pytest.mark.parametrize(
    ("cost", "sentence"),
    [
        (math.nan, "change is nan; a cost is a whole number"),
        (-1, "costs must not be negative; change is -1"),
        (10**12, "a cost is at most 1000000000"),
    ],
)
def test_a_cost_that_cannot_be_meant_is_named(cost: int, sentence: str):
    with pytest.raises(ValueError, match=sentence):
        replace(problem([[1]], [[0]]), change=cost)


def test_what_is_wrong_is_named_with_its_trip():
    good = problem([[1, 1], [1, 1]], [[0, 1], [0, 0], [1, 1]])
    with pytest.raises(ValueError, match=r"earliest must lie in 0\.\.2; trip 101 has 7\."):
        replace(good, earliest=ints([[0, 1], [0, 7], [1, 1]]))
    with pytest.raises(ValueError, match="trip 100 stands more than once"):
        replace(good, trip_ids=ints([100, 101, 100]))


def test_trucks_without_any_gate_are_refused():
    with pytest.raises(ValueError, match="gates must name a gate for the 1 trucks"):
        replace(
            problem([[1]], [[0]]),
            gates=(),
            capacity=np.zeros((0, 1), dtype=np.int64),
            earliest=np.zeros((1, 0), dtype=np.int64),
        )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"room": ints([[1]])}, r"through.room has shape \(1, 1\); \(1, 2\) is needed"),
        ({"room": ints([[1, -1]])}, "must not be negative; it is for yard in slot 1"),
        ({"column": ints([4])}, r"through.column must lie in 0\.\.1"),
        ({"of": ints([[-1, 0]])}, "must name passages that lead into its column"),
        ({"of": ints([[3, -1]])}, r"through.of must lie in -1\.\.0"),
    ],
)
def test_a_passage_that_leads_nowhere_is_named(change: dict[str, Ints], sentence: str):
    passage = Through(("yard",), ints([0]), ints([[1, 1]]), ints([[0, -1]]))
    problem([[1, 1], [1, 1]], [[0, 0]], through=passage)
    with pytest.raises(ValueError, match=sentence):
        problem([[1, 1], [1, 1]], [[0, 0]], through=replace(passage, **change))


def test_every_fault_is_named_at_once():
    with pytest.raises(ValueError, match=r"negative; it is -1 at a in slot 0\. earliest must lie"):
        replace(problem([[1]], [[0]]), capacity=ints([[-1]]), earliest=ints([[9]]))


def test_cost_grows_with_the_square_of_the_wait_and_with_the_weight():
    one = problem([[9] * 4], [[0]], origin=[0])
    costs = [int(one.cost(ints([0]), ints([slot]))[0]) for slot in range(4)]
    assert costs == [0, 11, 24, 39]
    heavy = problem([[9] * 4], [[0]], origin=[0], weight=[4])
    assert int(heavy.cost(ints([0]), ints([3]))[0]) == 4 * 39


def test_hours_waited_before_the_first_slot_count():
    early, late = (problem([[9]], [[0]], origin=[at]) for at in (-4, 0))
    place = ints([0])
    assert int(early.cost(place, place)[0]) == 40 + 16
    assert int(late.cost(place, place)[0]) == 0


def test_a_change_costs_only_outside_what_needs_no_message():
    told = problem([[9] * 4, [9] * 4], [[0, 0]], origin=[0], told={0: (0, 1, 2)})
    free = problem([[9] * 4, [9] * 4], [[0, 0]], origin=[0])
    extra = [
        int((told.cost(ints([g]), ints([s])) - free.cost(ints([g]), ints([s])))[0])
        for g in (0, 1)
        for s in range(4)
    ]
    assert extra == [15, 0, 0, 15, 15, 15, 15, 15]


def test_no_slot_at_all_costs_more_than_any_slot():
    one = problem([[9] * 50], [[0]], weight=[4], origin=[-100])
    assert int(one.unserved_cost[0]) > int(one.cost(ints([0]), ints([49]))[0])
