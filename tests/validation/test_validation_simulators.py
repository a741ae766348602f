"""Simulators that others wrote let the same trucks wait for the same time."""

import numpy as np
from validation.lone_gate import gate_waits
from validation.other_simulators import (
    PLACES,
    busy_day,
    gate_differences,
    gate_row,
    loop_difference,
    loop_row,
    n_controlled,
)
from validation.table import assert_told


def test_every_truck_waits_at_the_gate_as_in_simpy_and_in_ciw():
    for name, most_s in gate_differences().items():
        assert most_s <= 1e-9, name
        assert_told(gate_row(name, most_s))


def test_every_truck_is_released_and_screened_as_in_a_closed_loop_of_simpy():
    found = loop_difference()
    assert max(found) <= 1e-9
    assert_told(loop_row(max(found)))


def test_the_days_that_are_compared_have_long_queues_and_are_held_back():
    arrive, service = busy_day(1500.0, 5)
    assert gate_waits(arrive, service, PLACES).max() > 1800.0
    ready, service = busy_day(1700.0, 6)
    day = n_controlled(ready, np.full(len(ready), 1200.0), service)
    assert (day.released_s - ready).max() > 1800.0
