"""How well and how fast a day is planned that no flow can say: every rule alone, and all together.

The comparator of lanes that change class is the same day with its lanes as the site shares them
out; that of all rules is the flow in which nobody has any.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table

from flowctl.bench.schedule_day import SLOT_S, DayOptions, made_day
from flowctl.dispatch.lending import capacity_of
from flowctl.dispatch.planning import make_plan
from flowctl.dispatch.problem import DispatchProblem, Ints, Shared
from flowctl.dispatch.returns import NEVER_S, Returns
from flowctl.dispatch.sides import Bays, no_sides
from flowctl.errors import FlowctlError

_RUNS = 3
_CONVOYS, _CONVOY_TRUCKS = 0.005, 8
"""Convoys for each truck of the day, and trucks of a convoy: 25 of 8 among 5,000."""
_IN_BAYS, _BAYS, _BAY_SLOTS = 0.012, 2, 2
_BACK, _LIMITS, _AFTER = 0.2, (32, 48), 8
"""Who comes back, within how many slots, and after how many at the soonest. A day of 24 hours has
no room for limits of 24 and 36 h; these are a third of them."""
_RETURN_SHARE = 0.15
"""Places for returns over those of exports."""
_PLACES, _COLD_PLACES = 20, 4
_COLD_H, _COLD_SHARES = (6, 11), (0.35, 0.08)
"""Hours in which many trucks that need cold lanes come, and their share then and else."""


@dataclass(frozen=True, slots=True)
class SideFigures:
    """One rule, or all: ``cpu_s`` of the fastest run, and costs as fractions.

    ``gap`` is the plan's cost over what no plan can undercut; ``flow_over`` over the flow of the
    same lanes without any rule. ``fixed_over`` is what the plan with lanes as they stand costs over
    this one, 0 where no lanes change.
    """

    rule: str
    cpu_s: float
    gap: float
    flow_over: float
    fixed_over: float
    unserved: int

    def as_json(self) -> dict[str, Any]:
        """Return the figures as one object."""
        return asdict(self)


def run_sides(options: DayOptions, tell: Callable[[str], None]) -> list[SideFigures]:
    """Plan a day under each rule alone and under all together.

    Raises
    ------
    FlowctlError
        A plan breaks a rule.
    """
    day = made_day(options)
    cold = _with_lanes(day, options)
    days = {
        "convoys": _with_rules(day, options, ("convoys",)),
        "bays": _with_rules(day, options, ("bays",)),
        "round trips": _with_rules(day, options, ("returns",)),
        "lanes that change": cold,
        "all together": _with_rules(cold, options, ("convoys", "bays", "returns")),
    }
    found = []
    for rule, made in days.items():
        tell(f"planning with {rule}")
        found.append(_measured(rule, made))
    return found


def table(found: list[SideFigures], options: DayOptions) -> RenderableType:
    """Return the figures for people."""
    rows = Table("", "CPU s", "over the bound", "over the flow", "fixed lanes", box=None)
    for one in found:
        rows.add_row(
            one.rule,
            f"{one.cpu_s:.2f}",
            f"{one.gap:.2%}",
            f"{one.flow_over:+.2%}",
            f"{one.fixed_over:+.1%}" if one.fixed_over else "",
        )
    return Group(f"{options.trucks:,} trucks, {options.gates} gates, {options.slots} slots", rows)


def _measured(rule: str, day: DispatchProblem) -> SideFigures:
    spent = []
    for _ in range(_RUNS):
        began = time.process_time()
        plan, faults = make_plan(day)
        spent.append(time.process_time() - began)
        if plan is None or faults:
            message = f"The plan with {rule} does not hold: {' '.join(faults[:1])}"
            raise FlowctlError(message)
    fixed, _ = make_plan(replace(day, shared=(), lanes=None))
    flow, _ = make_plan(replace(day, sides=None))
    if plan is None or fixed is None or flow is None:
        message = f"There is no plan with {rule}."
        raise FlowctlError(message)
    return SideFigures(
        rule=rule,
        cpu_s=min(spent),
        gap=plan.cost / max(plan.bound, 1) - 1.0,
        flow_over=plan.cost / max(flow.cost, 1) - 1.0,
        fixed_over=fixed.cost / max(plan.cost, 1) - 1.0 if day.shared else 0.0,
        unserved=plan.unserved,
    )


def _with_lanes(day: DispatchProblem, options: DayOptions) -> DispatchProblem:
    """Return the day with two lane classes a gate: cold cargo, much of it in the morning."""
    rng = np.random.default_rng([options.seed, 7])
    arrival = day.earliest.min(axis=1)
    begin, end = (hour * options.slots // 24 for hour in _COLD_H)
    share = np.where((arrival >= begin) & (arrival < end), *_COLD_SHARES)
    cold = rng.random(day.trucks) < share
    gates, whole = len(day.gates), day.capacity
    dry_places = _PLACES - _COLD_PLACES
    shared = tuple(
        Shared((2 * g, 2 * g + 1), (dry_places, _COLD_PLACES), (dry_places, _COLD_PLACES), whole[g])
        for g in range(gates)
    )
    lanes = np.tile(np.array([[dry_places], [_COLD_PLACES]]), (gates, day.slots))
    earliest = np.repeat(day.earliest, 2, axis=1)
    earliest[:, 0::2][cold] = day.slots
    earliest[:, 1::2][~cold] = day.slots
    told = np.where(day.told_gate >= 0, 2 * day.told_gate, -1)
    return replace(
        day,
        gates=tuple(np.repeat(day.gates, 2).tolist()),
        capacity=capacity_of(shared, np.zeros_like(lanes), lanes),
        earliest=earliest,
        preferred=2 * day.preferred,
        told_gate=told,
        weight=np.where(cold, 4, 1).astype(np.int64),
        shared=shared,
        lanes=lanes,
    )


def _with_rules(
    day: DispatchProblem, options: DayOptions, rules: tuple[str, ...]
) -> DispatchProblem:
    """Return the day with convoys, trucks that need bays of the first gate, and round trips."""
    rng = np.random.default_rng([options.seed, 8])
    n, sides = day.trucks, no_sides(day.trucks)
    first = int(day.gate_of[0])
    convoy, bay = np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    for number, rows in enumerate(_neighbours(day, round(n * _CONVOYS), rng)):
        convoy[rows] = number
    there = day.earliest[:, day.gate_of == first].min(axis=1) < day.slots
    free = np.flatnonzero((convoy < 0) & there)
    bay[rng.choice(free, min(round(n * _IN_BAYS), len(free)), replace=False)] = 0
    if "convoys" in rules:
        sides = replace(sides, convoy=convoy)
    if "bays" in rules:
        sides = replace(sides, bay=bay, bays=(Bays(first, 0, _BAYS, _BAY_SLOTS),))
    if "returns" in rules:
        limits = np.where(rng.random(n) < _BACK, rng.choice(_LIMITS, n), -1)
        sides = replace(sides, returns=_returns(day, limits))
    return replace(day, sides=sides)


def _neighbours(day: DispatchProblem, convoys: int, rng: np.random.Generator) -> list[Ints]:
    """Return trucks that may use the same columns and come one after the other."""
    may = day.earliest < day.slots
    kinds = may @ (1 << np.arange(len(day.gates)))
    order = np.lexsort((day.earliest.min(axis=1), kinds))
    # Where no slot ever has room for a whole convoy there are none.
    wide = may @ (np.median(day.capacity, axis=1) >= _CONVOY_TRUCKS)
    order = order[wide[order]]
    there = len(order) // _CONVOY_TRUCKS
    begins = rng.permutation(there)[:convoys] * _CONVOY_TRUCKS
    groups = [order[begin : begin + _CONVOY_TRUCKS] for begin in begins.tolist()]
    return [rows for rows in groups if len(set(kinds[rows].tolist())) == 1]


def _returns(day: DispatchProblem, limits: Ints) -> Returns:
    """Return who comes back, with a part of each gate's places for it."""
    room = np.zeros_like(day.capacity)
    for gate in set(day.gate_of.tolist()):
        places = day.capacity[day.gate_of == gate].sum(axis=0) * _RETURN_SHARE
        room[gate] = np.diff(np.floor(np.cumsum(places)), prepend=0.0).astype(np.int64)
    beyond = int(day.starts[-1]) + SLOT_S + 16 * SLOT_S
    ends = np.full(len(day.gates), min(beyond, NEVER_S), dtype=np.int64)
    return Returns(np.where(limits < 0, -1, limits * SLOT_S), _AFTER * SLOT_S, room, ends)
