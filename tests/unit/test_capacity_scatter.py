"""A gate whose screenings differ widely is told apart from one that takes less."""

from datetime import timedelta

import numpy as np
import pytest
from builders import at, small_gate
from simulated_day import drive_gate

from flowctl.site import Gate
from flowctl.state import GateHistory
from flowctl.traffic.capacity import CapacityEstimate, estimate
from flowctl.traffic.collapse import GateMode
from flowctl.traffic.screenings import Floats
from simulations.gates import OpenHours
from simulations.streams import lognormal

PLACES = 8
MEAN_S = 240.0
TRUE_PER_H = PLACES / MEAN_S * 3600.0
GATE = small_gate(places=PLACES, per_h=TRUE_PER_H, weight_h=1.0)
OPENS = at("07:00").timestamp()


def served(service_s: Floats) -> GateHistory:
    """Return a gate before which trucks stand all day: each is screened when a place falls free."""
    count = len(service_s)
    hours = OpenHours([(OPENS, OPENS + 12 * 3600.0)])
    came = np.full(count, OPENS - 60.0) + np.arange(count) * 1e-3
    began = np.array(
        drive_gate(came.tolist(), service_s.tolist(), [False] * count, PLACES, hours, [OPENS])
    )
    return GateHistory("north", came, began + service_s, np.zeros(count, np.bool_))


def looks(cv: float, seed: int, gate: Gate = GATE) -> list[CapacityEstimate]:
    history = served(lognormal(np.random.default_rng(seed), MEAN_S, cv, 1000))
    moments = [at("09:00") + timedelta(minutes=20 * number) for number in range(18)]
    return [estimate(gate, history, moment) for moment in moments]


@pytest.mark.parametrize("cv", [0.1, 0.6])
def test_no_alarm_is_raised_however_widely_screenings_differ(cv: float):
    states = {look.state for seed in range(6) for look in looks(cv, seed)}
    assert states == {GateMode.NORMAL}


def test_the_interval_is_wider_where_screenings_differ_more():
    even, scattered = looks(0.1, 1)[-1], looks(0.6, 1)[-1]
    assert scattered.high - scattered.low > 2.0 * (even.high - even.low)


def test_the_interval_holds_the_truth_nine_times_in_ten_where_screenings_differ_widely():
    found = [look for seed in range(30) for look in looks(0.6, seed)[3:]]
    held = [look.low <= TRUE_PER_H <= look.high for look in found]
    assert 0.84 <= float(np.mean(held)) <= 0.97


def test_the_interval_is_wider_while_it_is_unsure_how_widely_screenings_differ():
    # From 120 screenings on, when the scatter itself is known from a few batches only.
    held = []
    for seed in range(40):
        history = served(lognormal(np.random.default_rng(seed), MEAN_S, 0.6, 400))
        for number in range(5):
            look = estimate(GATE, history, at("08:00") + timedelta(minutes=15 * number))
            held.append(look.low <= TRUE_PER_H <= look.high)
    assert 0.88 <= float(np.mean(held)) <= 0.97


def test_what_is_only_believed_beforehand_is_no_less_sure_for_an_unknown_scatter():
    nothing = GateHistory("north", np.empty(0), np.empty(0), np.empty(0, np.bool_))
    believed = estimate(GATE, nothing, at("08:00"))
    # An hour's count of 120: 15 % to either side.
    assert believed.low == pytest.approx(0.855 * TRUE_PER_H, rel=0.02)
    assert believed.high == pytest.approx(1.155 * TRUE_PER_H, rel=0.02)
