"""``flowctl bench simulate``: how fast days are played, beside SimPy and cimba on the same day.

A day is that of `flowctl.bench.control_model` with a regulator that looks every minute: 4,965
trucks, 14 places, capacity given. Random numbers are drawn beforehand but for the 1,000 days. The
comparators are timed in turn with our engine, on one core each.
"""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from rich.table import Table

from flowctl.bench.control_model import ModelParams
from flowctl.bench.simulate_sides import loop_of, need, play_ours, play_simpy
from flowctl.bench.usage import use_of
from flowctl.scenarios.scenario import Scenario, scaled
from flowctl.scenarios.steering import parse_steering
from flowctl.site import Site
from simulations.closed_loop import Loop, draw_day, play_day, play_days
from simulations.demand import draw
from simulations.studies.executors import threads
from simulations.studies.run import run
from simulations.twin import play_twin

Tell = Callable[[str], None]

RESOLUTION = "exact moments of every truck, decisions once a minute"
_OWN_A_ROUND = 20
_CIMBA_A_ROUND = 5
_WORKERS = 2


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """What is played: rounds of the comparison, days of the mass of days, trucks of the twin.

    ``page`` is how many replications a page's run has, with capacity learned; 0 leaves it out, and
    0 ``twin_trucks`` the twin.
    """

    rounds: int = 5
    replications: int = 1000
    page: int = 200
    twin_trucks: int = 1200
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Figures:
    """A run's figures; milliseconds are medians of the rounds, seconds those of one run.

    ``max_wait_difference`` (s) is of any truck's wait in the yard or before the gate to SimPy's;
    ``cimba_wait_difference`` of the sorted waits before the gate to cimba's. ``memory_mb`` is what
    the process held after the first and the last quarter of the days.
    """

    ms_per_day: float
    simpy_ms_per_day: float
    ratio: float
    cimba_ms_per_day: float
    cimba_ratio: float
    max_wait_difference: float
    cimba_wait_difference: float
    thousand_reps_s: float
    memory_mb: tuple[float, float]
    page_200_s: float | None
    twin_x_real_time: float | None
    trucks: int
    places: int
    options: SimulateOptions
    resolution: str = RESOLUTION

    def as_json(self) -> dict[str, Any]:
        """Return the figures as one object; an absent one is null."""
        return asdict(self)


def run_simulate(
    options: SimulateOptions,
    day: tuple[Scenario, Site],
    tell: Tell,
    *,
    model: ModelParams | None = None,
) -> Figures:
    """Play the day on three engines, then many days, a page's run and the twin.

    Parameters
    ----------
    day
        The recorded day of the page's run and of the twin, and its site.
    model
        Another gate than that of the stated figures.

    Raises
    ------
    FlowctlError
        A comparator is not installed.
    """
    need("simpy")
    need("cimba")
    from flowctl.bench import simulate_cimba  # noqa: PLC0415 - a comparator, see `need`

    loop = loop_of(model or ModelParams(tick_s=60.0))
    drawn = draw_day(loop, options.seed)
    tell("the same day on each engine, to compare waits")
    ours, simpys = play_ours(loop, drawn), play_simpy(loop, drawn)
    cimbas = simulate_cimba.sorted_waits(loop, drawn)
    peer = simulate_cimba.experiment(loop, drawn, replications=_CIMBA_A_ROUND, keep=False)
    peer.run(workers=1)
    own_ms, simpy_ms, cimba_ms = [], [], []
    for number in range(options.rounds):
        tell(f"round {number + 1} of {options.rounds}")
        own_ms.append(_ms(partial(play_day, loop, drawn), _OWN_A_ROUND))
        simpy_ms.append(_ms(partial(play_simpy, loop, drawn), 1))
        cimba_ms.append(_ms(partial(peer.run, workers=1), 1) / _CIMBA_A_ROUND)
    tell(f"{options.replications} days with their random numbers")
    seconds, memory_mb = _many_days(loop, options)
    return Figures(
        ms_per_day=round(median(own_ms), 4),
        simpy_ms_per_day=round(median(simpy_ms), 2),
        ratio=round(median(simpy_ms) / median(own_ms), 1),
        cimba_ms_per_day=round(median(cimba_ms), 3),
        cimba_ratio=round(median(cimba_ms) / median(own_ms), 1),
        max_wait_difference=max(
            float(np.abs(ours.yard_s - simpys.yard_s).max()),
            float(np.abs(ours.gate_s - simpys.gate_s).max()),
        ),
        cimba_wait_difference=float(np.abs(np.sort(ours.gate_s) - cimbas).max()),
        thousand_reps_s=round(seconds, 3),
        memory_mb=memory_mb,
        page_200_s=_page_s(options, day, tell),
        twin_x_real_time=_twin_x(options, day, tell),
        trucks=int(loop.counts.sum()),
        places=loop.places,
        options=options,
    )


def _ms(play: Callable[[], object], times: int) -> float:
    began = perf_counter()
    for _ in range(times):
        play()
    return (perf_counter() - began) * 1000.0 / times


def _many_days(loop: Loop, options: SimulateOptions) -> tuple[float, tuple[float, float]]:
    """Return how long many days took on two cores, numbers drawn too, and the memory held."""
    play_days(loop, range(_WORKERS), threads=_WORKERS)
    edges = [options.replications * quarter // 4 for quarter in range(5)]
    held_mb, taken_s = [], 0.0
    for begin, end in pairwise(edges):
        began = perf_counter()
        play_days(loop, range(options.seed + begin, options.seed + end), threads=_WORKERS)
        taken_s += perf_counter() - began
        held_mb.append(round(use_of({"bench": os.getpid()})["bench"].memory_mb, 1))
    return taken_s, (held_mb[0], held_mb[-1])


def _page_s(options: SimulateOptions, day: tuple[Scenario, Site], tell: Tell) -> float | None:
    """Return how long the page's run of a rule takes, once its functions are compiled."""
    if not options.page:
        return None
    tell(f"{options.page} replications of {day[0].id}, capacity learned")
    play = partial(run, *day, steering=parse_steering("n_control"), seed=options.seed)
    with threads(_WORKERS) as pool:
        play(replications=_WORKERS, executor=pool)
        began = perf_counter()
        play(replications=options.page, executor=pool)
        return round(perf_counter() - began, 2)


def _twin_x(options: SimulateOptions, day: tuple[Scenario, Site], tell: Tell) -> float | None:
    """Return how much faster than the clock the full twin is: positions, planner, metering."""
    if not options.twin_trucks:
        return None
    scenario, site = day
    scenario = scaled(
        scenario, options.twin_trucks / len(draw(scenario, options.seed, papers=False))
    )
    tell(f"the full twin of {options.twin_trucks} trucks")
    began = perf_counter()
    play_twin(scenario, site, steering=parse_steering("slots_repair"), seed=options.seed)
    day_s = (scenario.closes - scenario.start).total_seconds()
    return round(day_s / (perf_counter() - began), 1)


def table(figures: Figures) -> Table:
    """Return the figures for people."""
    rows = Table(
        title=f"flowctl bench simulate, {figures.trucks} trucks, {figures.places} places",
        caption=f"Resolution: {figures.resolution}.",
        show_header=False,
        box=None,
        pad_edge=False,
    )
    rows.add_column(style="bold")
    rows.add_column()
    rows.add_row("a day", f"{figures.ms_per_day:.3f} ms")
    rows.add_row(
        "SimPy",
        f"{figures.simpy_ms_per_day:.1f} ms, {figures.ratio:.0f} times as long;"
        f" waits differ by {figures.max_wait_difference:.1e} s at most",
    )
    rows.add_row(
        "cimba",
        f"{figures.cimba_ms_per_day:.2f} ms, {figures.cimba_ratio:.0f} times as long;"
        f" sorted waits differ by {figures.cimba_wait_difference:.1e} s at most",
    )
    rows.add_row(
        f"{figures.options.replications} days",
        f"{figures.thousand_reps_s:.2f} s on {_WORKERS} cores, random numbers included; memory"
        f" {figures.memory_mb[0]:.0f} MB after a quarter, {figures.memory_mb[1]:.0f} MB at the end",
    )
    if figures.page_200_s is not None:
        rows.add_row(
            "a page's run",
            f"{figures.options.page} replications in {figures.page_200_s:.2f} s, capacity learned",
        )
    if figures.twin_x_real_time is not None:
        rows.add_row(
            "full twin",
            f"{figures.twin_x_real_time:.0f} times as fast as the clock,"
            f" {figures.options.twin_trucks} trucks",
        )
    return rows
