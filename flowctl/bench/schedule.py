"""How well and how fast a day is scheduled, beside HiGHS and the two lists used by hand."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from scipy.optimize import linprog
from scipy.sparse import coo_array

from flowctl.bench.schedule_day import DayOptions, made_day
from flowctl.bench.schedule_lists import by_list
from flowctl.dispatch.handout import by_seniority
from flowctl.dispatch.plan import verify
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.solver import Optimum, find_optimum, solve
from flowctl.errors import FlowctlError
from flowctl.site import DispatchParams

_REPEATS = 3
_LONG_S = 60.0
"""The two are run in turn, so often or so long, and the fastest of either counts: others use the
machine as well."""
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Timed:
    """The fastest of some runs: by the clock, and what it took of a processor."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One day's figures.

    ``solve_s`` is the whole way from the table of trucks to their slots, proof and hand-out
    included; ``highs_s`` is HiGHS alone on the same aggregated model, its matrix built beforehand.
    ``gap`` is the plan's cost over the bound as a fraction, ``highs_gap`` HiGHS's optimum over it.
    ``handout_cost`` is what the hand-out added to the flow's cost, ``seniority_cost`` what strict
    seniority within classes would have added as a fraction; ``inversions`` those whose slot is
    later than a junior's of their class, all for a promise that was kept. ``greedy_over`` and
    ``fcfs_over`` are the lists' costs over the optimum as fractions.
    """

    trucks: int
    gates: int
    slots: int
    classes: int
    arcs: int
    solve_s: float
    solve_cpu_s: float
    highs_s: float
    highs_cpu_s: float
    ratio: float
    cpu_ratio: float
    gap: float
    highs_gap: float
    cost: int
    cost_vnd: int
    handout_cost: int
    seniority_cost: float
    inversions: int
    unserved: int
    changed: int
    greedy_over: float
    fcfs_over: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures as one object."""
        return asdict(self)


def run_schedule(options: DayOptions, tell: Callable[[str], None]) -> Figures:
    """Make a day, schedule it in each way, and compare.

    Raises
    ------
    FlowctlError
        The plan breaks a constraint, or HiGHS finds no optimum.
    """
    tell(f"making a day of {options.trucks:,} trucks")
    day = made_day(options)
    tell("solving it")
    plan = solve(day)
    faults = verify(day, plan)
    if faults:
        message = f"The plan of this day does not hold: {faults[0]}"
        raise FlowctlError(message)
    best = find_optimum(day)
    if best is None:
        message = "The day has nothing to be scheduled."
        raise FlowctlError(message)
    tell("solving it in turn with HiGHS")
    timed, highs, highs_cost = _in_turn(day, best)
    tell("laying it out by lists")
    strict = int(day.cost(*by_seniority(day, best.classes, best.network, best.flow)).sum())
    greedy, fcfs = (_over(by_list(day, order), plan.cost) for order in ("weight", "arrival"))
    return Figures(
        trucks=day.trucks,
        gates=len(day.gates),
        slots=options.slots,
        classes=len(best.classes.size),
        arcs=len(best.network.node),
        solve_s=timed.wall_s,
        solve_cpu_s=timed.cpu_s,
        highs_s=highs.wall_s,
        highs_cpu_s=highs.cpu_s,
        ratio=highs.wall_s / timed.wall_s,
        cpu_ratio=highs.cpu_s / timed.cpu_s,
        gap=_over(plan.cost, plan.bound),
        highs_gap=_over(highs_cost, plan.bound),
        cost=plan.cost,
        cost_vnd=round(plan.cost * DispatchParams().unit_vnd),
        handout_cost=plan.handout_cost,
        seniority_cost=_over(strict, plan.cost),
        inversions=plan.inversions,
        unserved=plan.unserved,
        changed=_changed(day, plan.gate, plan.slot),
        greedy_over=greedy,
        fcfs_over=fcfs,
    )


def table(figures: Figures) -> RenderableType:
    """Return the figures for people."""
    f = figures
    rows = Table("", "s", "CPU s", "cost", "over", box=None, pad_edge=False)
    rows.add_row(
        "flowctl", f"{f.solve_s:.3f}", f"{f.solve_cpu_s:.3f}", f"{f.cost:,}", f"{f.gap:.2%}"
    )
    rows.add_row("HiGHS", f"{f.highs_s:.3f}", f"{f.highs_cpu_s:.3f}", "", f"{f.highs_gap:.2%}")
    rows.add_row("list by weight", "", "", "", f"{f.greedy_over:+.0%}")
    rows.add_row("first come, first served", "", "", "", f"{f.fcfs_over:+.0%}")
    return Group(
        f"{f.trucks:,} trucks, {f.gates} gates, {f.slots} slots: {f.classes:,} classes, "
        f"{f.arcs:,} arcs; HiGHS takes {f.ratio:.1f} times as long "
        f"({f.cpu_ratio:.1f} times the processor's time)",
        rows,
        f"hand-out: +{f.handout_cost} over the flow, {f.inversions:,} go after a junior of their "
        f"class for a promise kept; strict seniority would cost {f.seniority_cost:+.2%}",
        f"{f.changed:,} drivers hear of a change, {f.unserved} have no slot; "
        f"{f.cost_vnd / 1e6:,.0f} million VND",
    )


def _in_turn(day: DispatchProblem, best: Optimum) -> tuple[Timed, Timed, int]:
    """Return the fastest run of the solver, of HiGHS, and the cost HiGHS found."""
    ours: list[Timed] = []
    theirs: list[Timed] = []
    programme = _programme(best)
    cost = math.nan
    begun = time.perf_counter()
    for _ in range(_REPEATS):
        ours += [_timed(lambda: solve(day))[0] for _ in range(2)]
        timed, found = _timed(lambda: linprog(method="highs", **programme))
        if not found.success or found.fun is None:
            message = f"HiGHS found no optimum of the same model: {found.message}"
            raise FlowctlError(message)
        theirs.append(timed)
        cost = float(found.fun)
        if time.perf_counter() - begun > _LONG_S:
            break
    return _fastest(ours), _fastest(theirs), round(cost) + best.network.constant


def _timed(run: Callable[[], _Result]) -> tuple[Timed, _Result]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    return Timed(time.perf_counter() - wall, time.process_time() - cpu), result


def _fastest(runs: list[Timed]) -> Timed:
    return Timed(min(one.wall_s for one in runs), min(one.cpu_s for one in runs))


def _programme(best: Optimum) -> dict[str, Any]:
    """Return the network of an optimum as a linear programme; its matrix is totally unimodular."""
    classes, network = best.classes, best.network
    arcs, count = len(network.node), len(classes.size)
    if len(network.wide) or len(network.onward):
        message = "The comparator knows neither promises over several slots nor in-gate yards."
        raise FlowctlError(message)
    column = np.arange(arcs)
    leaving = coo_array((np.ones(arcs), (network.node, column)), (count, arcs + count))
    left_out = coo_array((np.ones(count), (np.arange(count), arcs + np.arange(count))))
    shape = (len(network.room), arcs + count)
    entering = coo_array((np.ones(arcs), (network.place, column)), shape)
    return {
        "c": np.concatenate([network.cost, network.unserved]).astype(np.float64),
        "A_eq": (leaving.tocsr() + left_out.tocsr()),
        "b_eq": classes.size,
        "A_ub": entering.tocsr(),
        "b_ub": network.room,
        "bounds": np.column_stack(
            [np.zeros(arcs + count), np.concatenate([network.most, classes.size])]
        ),
    }


def _over(cost: int, least: int) -> float:
    return cost / least - 1.0 if least else 0.0


def _changed(day: DispatchProblem, gate: np.ndarray, slot: np.ndarray) -> int:
    kept = (gate == day.told_gate) & (slot >= day.keep_first) & (slot <= day.keep_last)
    return int(((day.told_gate >= 0) & ~kept).sum())
