"""The same gate in SimPy and in Ciw, on the same trucks."""

import warnings
from collections.abc import Iterator

import ciw
import numpy as np
import simpy
from validation.lone_gate import gate_waits
from validation.table import Row
from validation.theory_rows import HOUR_S, peak_rates

from flowctl.dispatch.n_control import n_allowed, n_slewed, n_target, release_quota
from simulations.buckets import BucketDay, Rule
from simulations.streams import Column

TICK_S = 60.0
PLACES = 14
SERVICE_S = 750.0
TRAVEL_S = 1200.0
MOST = 20


def busy_day(trucks: float, seed: int) -> tuple[Column, Column]:
    """Return arrivals, rising, and lognormal services of a day with two peaks."""
    rng = np.random.default_rng(seed)
    hour = np.repeat(np.arange(24.0), rng.poisson(peak_rates(trucks)))
    arrive = np.cumsum(np.diff(np.sort((hour + rng.random(len(hour))) * HOUR_S), prepend=0.0))
    service = SERVICE_S * np.exp(0.25 * rng.standard_normal(len(arrive)) - 0.25**2 / 2.0)
    return arrive, service


def simpy_waits(arrive_s: Column, service_s: Column, places: int) -> Column:
    """Return the waits at a gate of SimPy: a process a truck, a resource of places."""
    env = simpy.Environment()
    gate = simpy.Resource(env, capacity=places)
    waits = np.full(len(arrive_s), np.nan)

    def truck(number: int) -> Iterator[simpy.Event]:
        yield env.timeout(arrive_s[number])
        with gate.request() as place:
            yield place
            waits[number] = env.now - arrive_s[number]
            yield env.timeout(service_s[number])

    for number in range(len(arrive_s)):
        env.process(truck(number))
    env.run()
    return waits


def ciw_waits(arrive_s: Column, service_s: Column, places: int) -> Column:
    """Return the waits at a gate of Ciw: a network of one node, times in sequence."""
    between = [*np.diff(arrive_s, prepend=0.0).tolist(), float("inf")]
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential(between)],
        service_distributions=[ciw.dists.Sequential(service_s.tolist())],
        number_of_servers=[places],
    )
    played = ciw.Simulation(network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        played.simulate_until_max_time(float(arrive_s[-1] + service_s.sum()))
    records = sorted(played.get_all_records(), key=lambda row: row.id_number)
    return np.array([row.waiting_time for row in records])


def n_controlled(ready_s: Column, travel_s: Column, service_s: Column) -> BucketDay:
    """Return the compiled engine's day behind a yard, its gate's rate given."""
    ticks = 3 * 1440
    day = BucketDay(ready_s, travel_s, service_s, [PLACES], tick_s=TICK_S, ticks=ticks)
    rate = PLACES / SERVICE_S
    day.play(ticks, Rule.N_CONTROL, (rate, 0.0, TRAVEL_S, float(PLACES), float(MOST), 0.0))
    return day


def simpy_n_controlled(
    ready_s: Column, travel_s: Column, service_s: Column
) -> tuple[Column, Column]:
    """Return when SimPy's trucks left the yard and when their screening began.

    The rule is production's, called as the regulator calls it; who counts towards the gate is
    everybody between the yard and the end of screening.
    """
    env = simpy.Environment()
    gate = simpy.Resource(env, capacity=PLACES)
    count, rate = len(ready_s), PLACES / SERVICE_S
    released, began = np.full(count, np.nan), np.full(count, np.nan)
    yard: list[int] = []
    through = 0

    def truck(number: int) -> Iterator[simpy.Event]:
        nonlocal through
        yield env.timeout(travel_s[number])
        with gate.request() as place:
            yield place
            began[number] = env.now
            yield env.timeout(service_s[number])
        through += 1

    def come(number: int) -> Iterator[simpy.Event]:
        yield env.timeout(ready_s[number])
        yard.append(number)

    def regulator() -> Iterator[simpy.Event]:
        target, gone = n_target(rate, TRAVEL_S, PLACES), 0
        kept = None
        while gone < count:
            allowed = n_allowed(target, rate, PLACES, 0.0, np.inf)
            if kept is not None:
                allowed = n_slewed(allowed, kept, rate, TICK_S, PLACES)
            kept = allowed
            leaving = release_quota(allowed, gone - through, len(yard), 0, MOST)
            for number in yard[:leaving]:
                released[number] = env.now
                env.process(truck(number))
            del yard[:leaving]
            gone += leaving
            yield env.timeout(TICK_S)

    for number in range(count):
        env.process(come(number))
    env.process(regulator())
    env.run()
    return released, began


def gate_differences(seed: int = 5, trucks: float = 1500.0) -> dict[str, float]:
    """Return the largest difference of any truck's wait from SimPy's and from Ciw's, s."""
    arrive, service = busy_day(trucks, seed)
    ours = gate_waits(arrive, service, PLACES)
    return {
        name: float(np.abs(ours - waits(arrive, service, PLACES)).max())
        for name, waits in (("SimPy", simpy_waits), ("Ciw", ciw_waits))
    }


def loop_difference(seed: int = 6, trucks: float = 1700.0) -> tuple[float, float]:
    """Return the largest difference of a release and of a begin from SimPy's closed loop, s."""
    ready, service = busy_day(trucks, seed)
    rng = np.random.default_rng(seed + 1)
    travel = TRAVEL_S * np.exp(0.2 * rng.standard_normal(len(ready)))
    day = n_controlled(ready, travel, service)
    released, began = simpy_n_controlled(ready, travel, service)
    assert day.over
    return (
        float(np.abs(day.released_s - released).max()),
        float(np.abs(day.began_s - began).max()),
    )


def gate_row(name: str, most_s: float) -> Row:
    """Return the row of one other simulator's gate."""
    return _row(f"every wait of a day with two peaks at {PLACES} places", name, most_s)


def loop_row(most_s: float) -> Row:
    """Return the row of the closed loop."""
    return _row(
        "every release and screening of a day behind a yard with N-control", "SimPy", most_s
    )


def simulator_rows() -> list[Row]:
    """Return the rows of the other simulators."""
    found = gate_differences()
    return [
        *(gate_row(name, most_s) for name, most_s in found.items()),
        loop_row(max(loop_difference())),
    ]


def _row(simulated: str, name: str, most_s: float) -> Row:
    told = f"{most_s:.0e} s" if most_s else "none"
    return Row(f"{simulated}: {name}", "the same random numbers", "", "", told)
