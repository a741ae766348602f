"""The physics of a gate against closed forms and against another engine."""

from collections import deque
from collections.abc import Iterator
from math import factorial

import numpy as np
import pytest
import simpy
from builders import at, opening
from simulated_day import drive_gate

from simulations.gates import OpenHours

EXPORT, IMPORT = False, True


def test_a_free_place_takes_from_two_waiting_queues_in_turn():
    # One place; all wait from the start, the exports came first.
    begun = drive_gate([0, 0, 0, 0, 0], [10] * 5, [EXPORT, EXPORT, EXPORT, IMPORT, IMPORT], 1)
    assert begun == [0, 20, 40, 10, 30]


def test_a_place_does_not_wait_for_the_direction_whose_turn_it_is():
    begun = drive_gate([0, 0, 25], [10, 10, 10], [EXPORT, EXPORT, IMPORT], 1)
    assert begun == [0, 10, 25]


def test_screening_that_began_before_closing_is_finished_and_none_begins_after():
    hours = OpenHours([(100.0, 200.0), (1000.0, 1100.0)])
    begun = drive_gate([0, 0, 0], [60, 60, 60], [EXPORT] * 3, 1, hours, openings=[100.0, 1000.0])
    assert begun == [100, 160, 1000]  # the second is screened until 220, beyond closing


def test_the_last_moment_of_opening_is_closed_and_the_first_is_open():
    hours = OpenHours([(100.0, 200.0)])
    assert hours.is_open(100.0)
    assert not hours.is_open(200.0)
    assert hours.find_opening(150.0) == 150.0
    assert hours.find_opening(20.0) == 100.0
    assert hours.find_opening(200.0) is None


def test_hours_come_from_the_calendar_in_utc():
    hours = OpenHours.of(opening(), at("00:00"))
    assert hours.list_openings()[:2] == [at("07:00").timestamp(), at("07:00", day=24).timestamp()]


@pytest.mark.parametrize(("places", "load"), [(1, 0.7), (5, 0.8), (18, 0.9)])
def test_mean_wait_is_that_of_erlang(places: int, load: float):
    rng = np.random.default_rng([7, places])
    trucks, batches = 60_000, 40
    arrivals = np.cumsum(rng.exponential(1 / (load * places), trucks))
    services = rng.exponential(1.0, trucks)
    begun = drive_gate(arrivals.tolist(), services.tolist(), [EXPORT] * trucks, places)
    waits = np.asarray(begun) - arrivals
    means = waits[trucks // 10 :].reshape(batches, -1).mean(axis=1)
    z = (means.mean() - erlang_wait(places, load)) / (means.std(ddof=1) / np.sqrt(batches))
    assert abs(z) < 3


def erlang_wait(places: int, load: float) -> float:
    """Mean wait in an M/M/c queue with service rate 1 (Erlang's C formula)."""
    offered = places * load
    last = offered**places / factorial(places) / (1 - load)
    busy = last / (sum(offered**k / factorial(k) for k in range(places)) + last)
    return busy / (places - offered)


@pytest.mark.parametrize("seed", range(5))
def test_both_directions_start_exactly_when_another_engine_starts_them(seed: int):
    rng = np.random.default_rng(seed)
    trucks, places = 400, 3
    arrivals = np.sort(rng.uniform(0, 480 * 60, trucks)).tolist()
    services = rng.uniform(600, 900, trucks).tolist()
    is_import = (rng.random(trucks) < 0.4).tolist()
    expected = simpy_gate(arrivals, services, is_import, places)
    assert drive_gate(arrivals, services, is_import, places) == pytest.approx(expected, abs=1e-6)


def simpy_gate(
    arrivals: list[float], services: list[float], is_import: list[bool], places: int
) -> list[float]:
    """Return the starts of the same trucks in a SimPy model written from the rule's words."""
    env = simpy.Environment()
    queues: dict[bool, deque[int]] = {EXPORT: deque(), IMPORT: deque()}
    idle: deque[simpy.Event] = deque()
    begun = [float("nan")] * len(arrivals)
    last = {"direction": IMPORT}

    def source() -> Iterator[simpy.Event]:
        for truck, moment in enumerate(arrivals):
            yield env.timeout(moment - env.now)
            queues[is_import[truck]].append(truck)
            if idle:
                idle.popleft().succeed()

    def place() -> Iterator[simpy.Event]:
        while True:
            waiting = [direction for direction in (EXPORT, IMPORT) if queues[direction]]
            if not waiting:
                call = env.event()
                idle.append(call)
                yield call
                continue
            other = not last["direction"]
            direction = other if len(waiting) == 2 else waiting[0]
            last["direction"] = direction
            truck = queues[direction].popleft()
            begun[truck] = env.now
            yield env.timeout(services[truck])

    env.process(source())
    for _ in range(places):
        env.process(place())
    env.run()
    return begun
