"""From the best flow to a plan that keeps what no flow can say, truck by truck, at least cost.

In this order: places of equal trucks go by seniority across classes; no haulier holds more than
its share of a gate's hour; nobody loses more places to higher priorities than allowed. What that
costs is the plan's ``repair_cost``.
"""

import heapq
from dataclasses import replace

import numpy as np

from flowctl.dispatch.bounded import keep_bound
from flowctl.dispatch.draft import Draft
from flowctl.dispatch.plan import Plan, planned
from flowctl.dispatch.problem import DispatchProblem, Ints


def repaired(problem: DispatchProblem, plan: Plan) -> Plan:
    """Return the plan with the rules of ``problem.sides`` kept; convoys must stand together."""
    column, slot = in_order(problem, plan.gate, plan.slot)
    if problem.sides is not None and not problem.sides.none_apply:
        draft = Draft(problem, problem.sides, column, slot)
        _keep_shares(draft)
        keep_bound(draft)
        column, slot = draft.column, draft.slot
    if (column == plan.gate).all() and (slot == plan.slot).all():
        return plan
    cost, unserved = planned(problem, column, slot)
    return replace(
        plan,
        gate=column,
        slot=slot,
        cost=cost,
        unserved=unserved,
        repair_cost=plan.repair_cost + cost - plan.cost,
    )


def in_order(problem: DispatchProblem, column: Ints, slot: Ints) -> tuple[Ints, Ints]:
    """Deal the places of each column among its trucks of equal weight by seniority.

    Frozen trucks, convoys and promises that are kept stay. Every place goes to the most senior
    truck that can be there: whoever can make a place can make each later one of the column, so that
    all stay served. By convexity of the costs none of this is dearer (Monge: an exchange that puts
    the longer waiting of two equal trucks first saves at least what it costs).
    """
    gate = problem.gate_of[column] if problem.slots else column
    kept = (gate == problem.told_gate) & (slot >= problem.keep_first) & (slot <= problem.keep_last)
    free = (slot >= 0) & (problem.frozen_slot < 0) & ~kept
    if problem.sides is not None:
        free &= (problem.sides.convoy < 0) & (problem.sides.bay < 0)
    rows = np.flatnonzero(free)
    passage = np.full(len(rows), -1, dtype=np.int64)
    if problem.through is not None:
        passage = problem.through.of[rows, column[rows]]
    priority = problem.sides.priority[rows] if problem.sides is not None else np.zeros_like(rows)
    told = problem.told_gate[rows]
    # Who was told another gate pays for the change wherever he goes: equal among themselves.
    keys = (told, priority, problem.weight[rows], passage, column[rows])
    order = np.lexsort((problem.rank[rows], slot[rows], *keys))
    rows = rows[order]
    group = np.cumsum(np.any([np.diff(key[order], prepend=-2) != 0 for key in keys], axis=0))
    dealt = slot.copy()
    for each in _suspect(problem, rows, group).tolist():
        members = rows[np.searchsorted(group, each, "left") : np.searchsorted(group, each, "right")]
        at = problem.earliest[members, column[members]]
        _deal(members, at, problem.rank[members], slot[members], dealt)
    # Promises make trucks unequal: one told this gate may fall out of its span. Then they stay.
    added = (problem.cost(column, dealt) - problem.cost(column, slot))[rows]
    dearer = np.bincount(group, weights=added, minlength=1)[group] > 0 if len(rows) else group
    dealt[rows[dearer]] = slot[rows[dearer]]
    return column.copy(), dealt


def _suspect(problem: DispatchProblem, rows: Ints, group: Ints) -> Ints:
    """Return the groups in which somebody goes after a junior; ``rows`` by group, slot and rank."""
    if len(rows) < 2:  # noqa: PLR2004 - a pair
        return np.zeros(0, dtype=np.int64)
    # Later groups lie above all earlier ones, so that the running maximum stays in a group.
    level = problem.rank[rows] + group * problem.trucks
    behind = level[1:] < np.maximum.accumulate(level)[:-1]
    return np.unique(group[1:][behind])


def _deal(members: Ints, earliest: Ints, rank: Ints, places: Ints, dealt: Ints) -> None:
    """Give each of ``places`` (ascending) to the most senior that can make it, into ``dealt``."""
    coming = np.argsort(earliest, kind="stable").tolist()
    ready: list[tuple[int, int]] = []
    came = 0
    for place in places.tolist():
        while came < len(coming) and earliest[coming[came]] <= place:
            heapq.heappush(ready, (int(rank[coming[came]]), int(members[coming[came]])))
            came += 1
        dealt[heapq.heappop(ready)[1]] = place


def _keep_shares(draft: Draft) -> None:
    """Move the trucks beyond their hauliers' shares, the most senior of each staying."""
    for row in _beyond_shares(draft):
        haulier = int(draft.sides.haulier[row])
        gate = int(draft.problem.gate_of[draft.column[row]])
        key = (haulier, gate, int(draft.hour[draft.slot[row]]))
        if draft.held[key] <= draft.allowed[key]:
            continue
        others = np.flatnonzero(draft.sides.haulier != haulier)
        swap, place = draft.exchange(row, others), draft.free_place(row)
        if swap is not None and (place is None or swap[0] <= place[0]):
            draft.swap(row, swap[1])
        else:
            draft.put(row, *(place[1:] if place is not None else (-1, -1)))


def _beyond_shares(draft: Draft) -> list[int]:
    """Return the free trucks beyond their hauliers' shares, the most senior first."""
    problem, held, allowed = draft.problem, draft.held.ravel(), draft.allowed.ravel()
    rows = np.flatnonzero((draft.slot >= 0) & (draft.sides.haulier >= 0) & ~draft.fixed)
    if len(rows) == 0:
        return []
    gate = problem.gate_of[draft.column[rows]]
    of = (draft.sides.haulier[rows], gate, draft.hour[draft.slot[rows]])
    hour = np.ravel_multi_index(of, draft.held.shape)
    over = held[hour] > allowed[hour]
    rows, hour, gate = rows[over], hour[over], gate[over]
    # Of a haulier's trucks those told this gate stay, then the most senior.
    turn = np.lexsort((problem.rank[rows], problem.told_gate[rows] != gate, hour))
    rows, hour = rows[turn], hour[turn]
    first = np.searchsorted(hour, hour, "left")
    free = np.searchsorted(hour, hour, "right") - first
    standing = held[hour] - free
    beyond = rows[np.arange(len(rows)) - first >= allowed[hour] - standing]
    return [int(row) for row in beyond[np.argsort(problem.rank[beyond], kind="stable")]]
