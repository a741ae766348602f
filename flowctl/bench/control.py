"""``flowctl bench control``: rules of release on the same days, beside no control at all."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from os import cpu_count
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from flowctl.bench.control_model import (
    PRODUCTION,
    RULES,
    SCENARIOS,
    Look,
    ModelParams,
    Trucks,
    draw_trucks,
    places_of,
    play_rule,
)
from simulations.buckets import BucketDay
from simulations.streams import Column

Tell = Callable[[str], None]

_MINUTE_S = 60.0
_HOUR_S = 3600.0
_DAY_S = 86400.0
GRID_MIN = 5
"""Minutes between two points of a queue's series."""
_SETTLED_S = 3600.0
"""After a change of the gate, how long what is learned of it may lag behind."""


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One day under one rule; waits in minutes are means over its trucks.

    ``yard_min`` is waited in the yard, ``gate_wait_min`` in the gate's queue, ``road_min`` driven
    between them. ``starved_lane_min`` is how long places stood empty while trucks were held back.
    ``queue`` is the gate's queue on a grid of five minutes over the day and the next. ``held``
    holds a row a look at what was learned: whether the interval held the truth, whether the gate
    had worked alike for an hour, and its width over the truth.
    """

    yard_min: float
    gate_wait_min: float
    gate_wait_p95_min: float
    road_min: float
    queue_max: int
    starved_lane_min: float
    queue: NDArray[np.int64]
    held: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """One rule in one scenario: means over the days."""

    gate_wait_min: float
    gate_wait_p95_min: float
    total_wait_min: float
    yard_min: float
    road_min: float
    queue_max: float
    starved_lane_min: float
    starved_share: float
    gate_wait_cut: float
    queue_cut: float
    total_delay_change: float


@dataclass(frozen=True, slots=True)
class ScenarioFigures:
    """One scenario: what production's rule changes against no control, and every rule.

    Shares: 0.95 is a cut by 95 %. ``starved_share`` is of all place-minutes of the day. The
    interval's coverage is counted over looks with evidence, ``settled`` where the gate had worked
    alike for an hour.
    """

    gate_wait_cut: float
    queue_cut: float
    total_delay_change: float
    starved_share: float
    interval_coverage: float
    settled_coverage: float
    interval_width: float
    rules: dict[str, RuleFigures]


@dataclass(frozen=True, slots=True)
class Figures:
    """A run's figures; ``queues`` are mean queues by scenario and rule, for the picture."""

    replications: int
    seed: int
    trucks: int
    places: int
    interval_coverage: float
    scenarios: dict[str, ScenarioFigures]
    queues: dict[str, dict[str, list[float]]]

    def as_json(self) -> dict[str, Any]:
        """Return the figures as one object, without the series."""
        told = asdict(self)
        del told["queues"]
        return told


def run_control(
    replications: int,
    seed: int,
    tell: Tell,
    *,
    model: ModelParams | None = None,
    processes: int | None = None,
) -> Figures:
    """Play every rule on the same days and compare it with none.

    Parameters
    ----------
    replications
        Days of each scenario; their trucks are the same under every rule.
    seed
        Random numbers of all.
    tell
        Called with what is being done.
    model
        Another gate and other demand than those of the stated figures.
    processes
        How many days are played at once, as many as there are processors if not given; the
        figures do not depend on it.
    """
    model = model or ModelParams()
    jobs = [(name, seed * 100_000 + number) for name in SCENARIOS for number in range(replications)]
    play = partial(_play_day, model)
    days: dict[tuple[str, int], dict[str, DayFigures]] = {}
    workers = processes or cpu_count() or 1
    # Spawned, not forked: what was compiled here may hold threads that a fork would not have.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        asked = {pool.submit(play, *job): job for job in jobs}
        for done in as_completed(asked):
            days[asked[done]] = done.result()
            tell(f"days: {len(days)} of {len(jobs)}, each under {len(RULES)} rules")
    by_scenario = {name: [days[job] for job in jobs if job[0] == name] for name in SCENARIOS}
    settled = _held([day[PRODUCTION] for found in by_scenario.values() for day in found])
    return Figures(
        replications=replications,
        seed=seed,
        trucks=model.trucks,
        places=model.places,
        interval_coverage=_share(settled[settled[:, 1] > 0.0, 0]),
        scenarios={name: _scenario(model, found) for name, found in by_scenario.items()},
        queues={name: _queues(found) for name, found in by_scenario.items()},
    )


def _play_day(model: ModelParams, scenario: str, seed: int) -> dict[str, DayFigures]:
    """Play one day's trucks under every rule."""
    disruption = SCENARIOS[scenario]
    trucks = draw_trucks(model, disruption, seed)
    rate = places_of(model, disruption) / model.service_s * _HOUR_S
    figures = {}
    for rule in RULES:
        day, looks = play_rule(rule, model, disruption, trucks)
        figures[rule] = day_figures(day, trucks, _judged(looks, rate, model.tick_s))
    return figures


def day_figures(day: BucketDay, trucks: Trucks, held: NDArray[np.float64]) -> DayFigures:
    """Return the figures of a day that was played to its end."""
    gate_wait = (day.began_s - day.gate_s) / _MINUTE_S
    came, began = np.sort(day.gate_s), np.sort(day.began_s)
    queue = np.arange(1, len(came) + 1) - np.searchsorted(began, came, side="right")
    grid = np.arange(0.0, 2.0 * _DAY_S, GRID_MIN * _MINUTE_S)
    return DayFigures(
        yard_min=float((day.released_s - day.ready_s).mean()) / _MINUTE_S,
        gate_wait_min=float(gate_wait.mean()),
        gate_wait_p95_min=float(np.percentile(gate_wait, 95.0)),
        road_min=float(trucks.travel_s.mean()) / _MINUTE_S,
        queue_max=int(queue.max(initial=0)),
        starved_lane_min=day.starved_place_s / _MINUTE_S,
        queue=np.searchsorted(came, grid, side="right")
        - np.searchsorted(began, grid, side="right"),
        held=held,
    )


def _judged(looks: Sequence[Look], rate: Column, tick_s: float) -> NDArray[np.float64]:
    """Return (held, settled, width) of the looks with evidence at a gate that takes trucks."""
    rows = []
    lag = int(_SETTLED_S / tick_s)
    for look in looks:
        tick = int(look.at_s / tick_s)
        true = float(rate[tick])
        if not look.from_screenings or look.at_s >= _DAY_S or true <= 0.0:
            continue
        settled = bool(np.all(rate[max(tick - lag, 0) : tick] == true))
        rows.append((look.low <= true <= look.high, settled, (look.high - look.low) / true))
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _scenario(model: ModelParams, days: Sequence[dict[str, DayFigures]]) -> ScenarioFigures:
    free = [day["none"] for day in days]
    rules = {rule: _rule(model, [day[rule] for day in days], free) for rule in RULES}
    held = _held([day[PRODUCTION] for day in days])
    own = rules[PRODUCTION]
    return ScenarioFigures(
        gate_wait_cut=own.gate_wait_cut,
        queue_cut=own.queue_cut,
        total_delay_change=own.total_delay_change,
        starved_share=own.starved_share,
        interval_coverage=_share(held[:, 0]),
        settled_coverage=_share(held[held[:, 1] > 0.0, 0]),
        interval_width=_share(held[:, 2]),
        rules=rules,
    )


def _rule(
    model: ModelParams, days: Sequence[DayFigures], free: Sequence[DayFigures]
) -> RuleFigures:
    total = _mean([day.yard_min + day.gate_wait_min for day in days])
    gate, longest = _mean([day.gate_wait_min for day in days]), _mean([d.queue_max for d in days])
    starved = _mean([day.starved_lane_min for day in days])
    return RuleFigures(
        gate_wait_min=round(gate, 2),
        gate_wait_p95_min=round(_mean([day.gate_wait_p95_min for day in days]), 2),
        total_wait_min=round(total, 2),
        yard_min=round(_mean([day.yard_min for day in days]), 2),
        road_min=round(_mean([day.road_min for day in days]), 2),
        queue_max=round(longest, 1),
        starved_lane_min=round(starved, 1),
        starved_share=round(starved / (model.places * _DAY_S / _MINUTE_S), 5),
        gate_wait_cut=round(1.0 - gate / _mean([day.gate_wait_min for day in free]), 4),
        queue_cut=round(1.0 - longest / _mean([day.queue_max for day in free]), 4),
        total_delay_change=round(
            total / _mean([day.yard_min + day.gate_wait_min for day in free]) - 1.0, 4
        ),
    )


def _queues(days: Sequence[dict[str, DayFigures]]) -> dict[str, list[float]]:
    return {rule: np.mean([day[rule].queue for day in days], axis=0).tolist() for rule in RULES}


def _held(days: Sequence[DayFigures]) -> NDArray[np.float64]:
    return np.concatenate([day.held for day in days])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _share(values: Column) -> float:
    return round(float(values.mean()), 3) if len(values) else float("nan")


LABELS = {
    "none": "none",
    "quota_100": "fixed quota, 100 %",
    "quota_95": "fixed quota, 95 %",
    "alinea": "ALINEA, gate queue",
    "pi_alinea": "PI-ALINEA, gate queue",
    "pi_transit": "PI, queue + in transit",
    "n_control_given": "N-control, capacity given",
    PRODUCTION: "N-control, capacity learned",
}


def table(figures: Figures) -> Table:
    """Return the figures for people."""
    rows = Table(
        title=f"flowctl bench control, {figures.replications} days a scenario,"
        f" {figures.trucks} trucks, {figures.places} places",
        caption=f"90 % interval of the learned capacity holds {figures.interval_coverage:.1%}"
        " once the gate has worked alike for an hour. Starved: place-minutes empty while trucks"
        " were held back.",
    )
    rows.add_column("rule")
    for name in ("gate, min", "yard, min", "in all", "", "longest", "", "starved"):
        rows.add_column(name, justify="right")
    for scenario, found in figures.scenarios.items():
        rows.add_section()
        rows.add_row(f"[bold]{scenario}[/]")
        for rule, one in found.rules.items():
            rows.add_row(
                LABELS[rule],
                f"{one.gate_wait_min:.1f}",
                f"{one.yard_min:.1f}",
                f"{one.total_wait_min:.1f}",
                f"{one.total_delay_change:+.1%}",
                f"{one.queue_max:.0f}",
                f"{-one.queue_cut:+.1%}",
                f"{one.starved_lane_min:.0f}",
            )
    return rows
