"""A plan, its verification in plain Python, and the plan made where no solver answers."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from flowctl.dispatch.lane_check import broken_lanes
from flowctl.dispatch.problem import DELAY_KNEE, DELAY_MOST, DispatchProblem, Ints
from flowctl.dispatch.side_check import broken_sides


@dataclass(frozen=True, slots=True)
class Plan:
    """Who goes when.

    ``gate`` and ``slot`` [N] are indices into the problem's columns and slots, -1 where none was
    found. ``cost`` is what the hand-out costs, ``bound`` what no plan can undercut: equal where
    the plan is optimal; 0 for a fallback. ``inversions`` counts the trucks that go later than a
    junior of their class, ``unserved`` those without a slot. ``prices`` [C, S] is what the loss
    of a place would cost, 0 where there was none. ``handout_cost`` is the part of the cost above
    the bound that keeping promises and seniority in a class took, ``repair_cost`` the part that
    the rules took which no flow can hold. ``solve_s`` is measured by the caller, who has a clock.
    Where lanes change class, ``lanes`` [C, S] are the places each column has in the plan and
    ``capacity`` [C, S] what it takes by them; ``lanes_cost`` is the part of the cost above the
    bound, which is that of places shared freely, that such lanes took.
    """

    gate: Ints
    slot: Ints
    cost: int
    bound: int
    status: Literal["optimal", "fallback"]
    inversions: int
    unserved: int
    prices: Ints | None = None
    handout_cost: int = 0
    repair_cost: int = 0
    solve_s: float | None = None
    lanes: Ints | None = None
    capacity: Ints | None = None
    lanes_cost: int = 0


def verify(problem: DispatchProblem, plan: Plan) -> tuple[str, ...]:
    """Recheck every constraint and the cost in plain Python.

    Returns
    -------
    tuple of str
        What the plan breaks, one sentence each; empty where it is good.
    """
    if plan.gate.shape != (problem.trucks,) or plan.slot.shape != (problem.trucks,):
        return (f"The plan has {plan.slot.shape} rows for {problem.trucks} trucks.",)
    if plan.lanes is not None and plan.capacity is not None:
        lent = tuple(broken_lanes(problem, plan.lanes, plan.capacity))
        if lent:
            return lent
        problem = replace(problem, capacity=plan.capacity)
    return (
        *_broken_trucks(problem, plan),
        *_broken_gates(problem, plan),
        *_broken_passages(problem, plan),
        *_broken_sides(problem, plan),
        *_miscounted(problem, plan),
    )


def _broken_trucks(problem: DispatchProblem, plan: Plan) -> Iterator[str]:
    """Yield what is wrong with single trucks."""
    gates, slots = plan.gate.tolist(), plan.slot.tolist()
    frozen = list(zip(problem.frozen_gate.tolist(), problem.frozen_slot.tolist(), strict=True))
    earliest = problem.earliest.tolist()
    for trip, gate, slot, held, first in zip(
        problem.trip_ids.tolist(), gates, slots, frozen, earliest, strict=True
    ):
        if held[1] >= 0 and held != (gate, slot):
            yield f"Trip {trip} was moved although its slot is frozen."
        elif (gate < 0) != (slot < 0) or gate >= len(problem.gates) or slot >= problem.slots:
            yield f"Trip {trip} is sent to gate {gate}, slot {slot}, which do not exist."
        elif slot >= 0 and held[1] < 0 and slot < first[gate]:
            why = "may not go there" if first[gate] == problem.slots else "cannot be there by then"
            yield f"Trip {trip} is sent to {problem.gates[gate]} in slot {slot} but {why}."


def _broken_gates(problem: DispatchProblem, plan: Plan) -> Iterator[str]:
    """Yield the slots that hold more trucks than places, closed ones included."""
    load = Counter(zip(plan.gate.tolist(), plan.slot.tolist(), strict=True))
    capacity = problem.capacity.tolist()
    for (gate, slot), trucks in load.items():
        if slot < 0 or not (gate < len(problem.gates) and slot < problem.slots):
            continue
        if trucks > capacity[gate][slot]:
            yield (
                f"{problem.gates[gate]} takes {capacity[gate][slot]} trucks in slot {slot}, "
                f"not {trucks}."
            )


def _broken_passages(problem: DispatchProblem, plan: Plan) -> Iterator[str]:
    """Yield the slots for which more trucks pass through an in-gate yard than it can take in."""
    through = problem.through
    if through is None:
        return
    of, room = through.of.tolist(), through.room.tolist()
    load: Counter[tuple[int, int]] = Counter()
    for passage, gate, slot in zip(of, plan.gate.tolist(), plan.slot.tolist(), strict=True):
        if 0 <= slot < problem.slots and 0 <= gate < len(problem.gates) and passage[gate] >= 0:
            load[passage[gate], slot] += 1
    for (passing, slot), trucks in load.items():
        if trucks > room[passing][slot]:
            yield (
                f"{through.yards[passing]} can pass on {room[passing][slot]} trucks for slot "
                f"{slot}, not {trucks}."
            )


def _broken_sides(problem: DispatchProblem, plan: Plan) -> Iterator[str]:
    """Yield the rules beside capacity that are broken, by trucks that are sent somewhere."""
    column, slot = plan.gate.tolist(), plan.slot.tolist()
    places = zip(column, slot, strict=True)
    if all(c < len(problem.gates) and s < problem.slots for c, s in places):
        yield from broken_sides(problem, column, slot)


def _miscounted(problem: DispatchProblem, plan: Plan) -> Iterator[str]:
    """Yield where the plan's own figures do not hold."""
    unserved = sum(slot < 0 for slot in plan.slot.tolist())
    if unserved != plan.unserved:
        yield f"The plan says {plan.unserved} trucks are unserved; {unserved} are."
    if any(slot >= problem.slots for slot in plan.slot.tolist()):
        return
    cost = sum(_costs(problem, plan))
    if cost != plan.cost:
        yield f"The plan says it costs {plan.cost}; it costs {cost}."
    if plan.bound > cost:
        yield f"The plan's bound {plan.bound} is above its cost {cost}."


def _costs(problem: DispatchProblem, plan: Plan) -> Iterator[int]:
    """Yield each truck's cost, written out once more to check the arrays' arithmetic."""
    starts, width, gate_of = problem.starts.tolist(), problem.slot_s, problem.gate_of.tolist()
    hours = [start // 3600 for start in starts]
    rows = zip(
        plan.gate.tolist(),
        plan.slot.tolist(),
        problem.weight.tolist(),
        problem.origin_s.tolist(),
        problem.preferred.tolist(),
        problem.told_gate.tolist(),
        problem.keep_first.tolist(),
        problem.keep_last.tolist(),
        problem.unserved_cost.tolist(),
        strict=True,
    )
    for column, slot, weight, origin, preferred, told, first, last, unserved in rows:
        gate = gate_of[column] if 0 <= column < len(gate_of) else -1
        kept = gate == told and first <= slot <= last and slot >= 0
        changed = problem.change if told >= 0 and not kept else 0
        if told >= 0 and (
            slot < 0 or last < 0 or starts[slot] // 3600 > hours[min(last, len(hours) - 1)]
        ):
            changed += problem.late
        if slot < 0:
            yield unserved + changed
            continue
        ahead = min(starts[slot] - starts[0], problem.idle_s)
        changed += problem.idle * ahead // max(problem.idle_s, 1)
        delay = min(max((starts[slot] - origin) // width, 0), DELAY_MOST)
        square = delay**2 if delay <= DELAY_KNEE else 2 * DELAY_KNEE * delay - DELAY_KNEE**2
        diverted = problem.diversion if gate != preferred else 0
        yield weight * (problem.linear * delay + problem.squared * square) + diverted + changed


def planned(problem: DispatchProblem, gate: Ints, slot: Ints) -> tuple[int, int]:
    """Return cost and number of unserved trucks of an assignment."""
    return int(problem.cost(gate, slot).sum()), int((slot < 0).sum())


def fallback(problem: DispatchProblem) -> Plan:
    """Return a plan by fixed headways: each truck in its turn takes the next free place.

    Frozen trucks stand, then promises that still hold are kept, then trucks go by seniority, each
    to the allowed gate that has it soonest, the preferred one where equal: so no place stays empty
    that a truck in turn can use. Feasible, not optimal.
    """
    room, passages = problem.room.tolist(), problem.passage_room.tolist()
    gate, slot = problem.frozen_gate.copy(), problem.frozen_slot.copy()
    free = np.flatnonzero(slot < 0)
    for truck in free[np.argsort(problem.rank[free], kind="stable")].tolist():
        _keep(problem, truck, room, passages, gate, slot)
    # Per gate, from slot s the next one with room: paths are halved as they are walked.
    following = [list(range(problem.slots + 1)) for _ in problem.gates]
    for truck in free[np.argsort(problem.rank[free], kind="stable")].tolist():
        if slot[truck] < 0:
            _queue_up(problem, truck, room, passages, following, gate, slot)
    cost, unserved = planned(problem, gate, slot)
    return Plan(gate, slot, cost, 0, "fallback", 0, unserved)


def _keep(
    problem: DispatchProblem,
    truck: int,
    room: list[list[int]],
    passages: list[list[int]],
    gate: Ints,
    slot: Ints,
) -> None:
    told = int(problem.told_gate[truck])
    if told < 0:
        return
    last = min(int(problem.keep_last[truck]), problem.slots - 1)
    for column in np.flatnonzero(problem.gate_of == told).tolist():
        passing = _passage(problem, truck, column)
        first = max(int(problem.keep_first[truck]), int(problem.earliest[truck, column]))
        for at in range(first, last + 1):
            if room[column][at] > 0 and (passing < 0 or passages[passing][at] > 0):
                _take(room[column], passages, passing, at)
                gate[truck], slot[truck] = column, at
                return


def _passage(problem: DispatchProblem, truck: int, column: int) -> int:
    return -1 if problem.through is None else int(problem.through.of[truck, column])


def _take(room: list[int], passages: list[list[int]], passing: int, at: int) -> None:
    room[at] -= 1
    if passing >= 0:
        passages[passing][at] -= 1


def _queue_up(
    problem: DispatchProblem,
    truck: int,
    room: list[list[int]],
    passages: list[list[int]],
    following: list[list[int]],
    gate: Ints,
    slot: Ints,
) -> None:
    soonest = []
    for column, first in enumerate(problem.earliest[truck].tolist()):
        passing = _passage(problem, truck, column)
        at = _next_room(following[column], room[column], first)
        while passing >= 0 and at < problem.slots and passages[passing][at] <= 0:
            at = _next_room(following[column], room[column], at + 1)
        soonest.append((at, problem.gate_of[column] != problem.preferred[truck], column, passing))
    at, _, chosen, passing = min(soonest)
    if at < problem.slots:
        _take(room[chosen], passages, passing, at)
        gate[truck], slot[truck] = chosen, at


def _next_room(following: list[int], room: list[int], at: int) -> int:
    """Return the first slot from ``at`` on that has room, ``len(room)`` where none has."""
    while at < len(room) and (following[at] != at or room[at] <= 0):
        if following[at] == at:
            following[at] = at + 1
        ahead = following[at]
        following[at] = following[ahead] if ahead < len(room) else ahead
        at = following[at]
    return at
