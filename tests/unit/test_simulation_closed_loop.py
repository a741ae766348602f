"""A closed loop drawn and played without the interpreter is a day as any other, in any thread."""

import numpy as np
import pytest
from simulated_day import drive_gate

from simulations.closed_loop import Loop, draw_day, play_day, play_days

COUNTS = np.array([20, 0, 60, 10], np.int64)
EDGES_S = np.arange(5) * 3600.0
PLACES, TICK_S = 3, 60.0


@pytest.fixture
def loop() -> Loop:
    per_s = PLACES / 300.0
    setting = (per_s, 0.0, 900.0, float(PLACES), 20.0, 0.0)
    return Loop(COUNTS, EDGES_S, 900.0, 0.25, 300.0, 0.6, PLACES, TICK_S, 3000, setting)


def test_as_many_trucks_come_in_each_span_as_are_to_come(loop: Loop):
    ready, _, _ = draw_day(loop, 1)
    assert np.all(np.diff(ready) > 0.0)
    assert np.histogram(ready, EDGES_S)[0].tolist() == COUNTS.tolist()


def test_trucks_of_a_span_come_evenly_and_ways_and_screenings_by_their_laws(loop: Loop):
    many = loop._replace(counts=np.array([0, 100_000, 0, 0]))
    ready, travel, service = draw_day(many, 1)
    deciles = np.quantile((ready - EDGES_S[1]) / 3600.0, np.arange(1, 10) / 10)
    assert deciles == pytest.approx(np.arange(1, 10) / 10, abs=0.01)
    for drawn, mean, cv in ((travel, 900.0, 0.25), (service, 300.0, 0.6)):
        assert drawn.mean() == pytest.approx(mean, rel=0.01)
        assert drawn.std() / drawn.mean() == pytest.approx(cv, rel=0.03)


def test_its_gate_serves_first_come_first_served(loop: Loop):
    drawn = draw_day(loop, 1)
    day = play_day(loop, drawn)
    assert day.over
    gate = day.gate_s.tolist()
    begun = drive_gate(gate, drawn[2].tolist(), [False] * len(gate), PLACES)
    assert np.allclose(day.began_s, begun, rtol=0.0, atol=1e-9)


def test_a_seed_has_the_same_day_alone_or_among_many_in_any_number_of_threads(loop: Loop):
    one, two = (play_days(loop, range(20), threads=threads) for threads in (1, 2))
    assert np.array_equal(one, two)
    day = play_day(loop, draw_day(loop, 7))
    waits = (day.began_s - day.gate_s).mean(), (day.released_s - day.ready_s).mean()
    assert one[7] == pytest.approx(waits, rel=1e-12)
    assert len(np.unique(one[:, 0])) == 20
