"""From the best flow to a plan that keeps what no flow can say, truck by truck, at least cost.

In this order: places of equal trucks go by seniority across classes; no haulier holds more than
its share of a gate's hour; nobody loses more places to higher priorities than allowed. What that
costs is the plan's ``repair_cost``.
"""

import heapq
from bisect import insort
from dataclasses import replace

import numpy as np

from flowctl.dispatch.bounded import keep_bound
from flowctl.dispatch.draft import Draft, Flags
from flowctl.dispatch.home import Home
from flowctl.dispatch.plan import Plan, planned
from flowctl.dispatch.problem import DispatchProblem, Ints

_ROUNDS = 4
"""How often places are dealt anew after shares moved trucks; the first leaves one or two."""


def repaired(problem: DispatchProblem, plan: Plan) -> Plan:
    """Return the plan with the rules of ``problem.sides`` kept; convoys must stand together."""
    done = _repaired(problem, plan)
    returns = None if problem.sides is None else problem.sides.returns
    if returns is not None and Home(problem, returns, done.gate, done.slot).stranded():
        # Places dealt by seniority alone leave somebody too late: only alike in that change then.
        return _repaired(problem, plan, alike=returns.within_s)
    return done


def _repaired(problem: DispatchProblem, plan: Plan, alike: Ints | None = None) -> Plan:
    column, slot = plan.gate, plan.slot
    for _ in range(_ROUNDS):
        before = slot
        column, slot = _seniors_served(problem, column, slot, alike)
        column, slot = in_order(problem, column, slot, alike=alike)
        # A junior that moved back may now stand where a senior without a slot could go.
        if (slot >= 0).all() or (slot == before).all():
            break
    if problem.sides is not None and not problem.sides.none_apply:
        draft = Draft(problem, problem.sides, column, slot)
        if _keep_shares(draft):
            # Who took a place left by that went past others: those move up instead. That empties
            # hauliers' hours in turn.
            for _ in range(_ROUNDS):
                _, slot = in_order(problem, draft.column, draft.slot, draft, alike)
                if (slot == draft.slot).all():
                    break
                draft = Draft(problem, problem.sides, draft.column, slot)
        draft = _keep_bound_in_order(draft, alike)
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


def _keep_bound_in_order(draft: Draft, alike: Ints | None) -> Draft:
    """Keep the bound of priority, and seniority among those whom that moved past each other."""
    keep_bound(draft)
    if not (draft.sides.priority > 0).any():
        return draft
    for _ in range(_ROUNDS):
        shares = draft if len(draft.held) else None
        _, slot = in_order(draft.problem, draft.column, draft.slot, shares, alike)
        if (slot == draft.slot).all():
            break
        draft = Draft(draft.problem, draft.sides, draft.column, slot)
        keep_bound(draft)
    return draft


def in_order(
    problem: DispatchProblem,
    column: Ints,
    slot: Ints,
    shares: Draft | None = None,
    alike: Ints | None = None,
) -> tuple[Ints, Ints]:
    """Deal the places of each column among its trucks of equal weight by seniority.

    Frozen trucks, convoys and promises that are kept stay. Every place goes to the most senior
    truck that can be there: whoever can make a place can make each later one of the column, so that
    all stay served. By convexity of the costs none of this is dearer (Monge: an exchange that puts
    the longer waiting of two equal trucks first saves at least what it costs). With ``shares``, the
    draft of the same places, a truck whose haulier has its full share of an hour waits for the
    next. With ``alike`` [N] only trucks of equal value there change places.
    """
    rows = np.flatnonzero(_movable(problem, column, slot) & (slot >= 0))
    passage = np.full(len(rows), -1, dtype=np.int64)
    if problem.through is not None:
        passage = problem.through.of[rows, column[rows]]
    priority = problem.sides.priority[rows] if problem.sides is not None else np.zeros_like(rows)
    # Whatever they were told, all of them pay for the change now: none can lose by another slot.
    keys: tuple[Ints, ...] = (priority, problem.weight[rows], passage, column[rows])
    if alike is not None:
        keys = (alike[rows], *keys)
    order = np.lexsort((problem.rank[rows], slot[rows], *keys))
    rows = rows[order]
    group = np.cumsum(np.any([np.diff(key[order], prepend=-2) != 0 for key in keys], axis=0))
    dealt = slot.copy()
    for each in _suspect(problem, rows, group).tolist():
        members = rows[np.searchsorted(group, each, "left") : np.searchsorted(group, each, "right")]
        if not _dealt(problem, members, column, dealt, shares):
            # Somebody on time would be later than told: then those stay, and the rest is dealt.
            due = (problem.told_gate[members] >= 0) & (slot[members] <= problem.deadline[members])
            _dealt(problem, members[~due], column, dealt, shares)
            if shares is None:
                _let_pass(problem, members[due], members, column, dealt)
    return column.copy(), dealt


def _dealt(
    problem: DispatchProblem, members: Ints, column: Ints, dealt: Ints, shares: Draft | None
) -> bool:
    """Deal the places of ``members`` in ``dealt`` [N] anew, unless that is dearer; tell if done."""
    if len(members) == 0:
        return False
    there, before = column[members], dealt[members]
    at, rank, mine = problem.earliest[members, there], problem.rank[members], None
    if shares is None:
        given = _deal(at, rank, before)
    else:
        mine = _Shares(shares, members)
        given = _deal_within(members, at, rank, before, mine)
    was, now = (problem.cost_of(members, there, slot).sum() for slot in (before, given))
    if int(now) > int(was):
        return False
    dealt[members] = given
    if mine is not None:
        mine.settle(dealt)
    return True


def _let_pass(
    problem: DispatchProblem, due: Ints, members: Ints, column: Ints, dealt: Ints
) -> None:
    """Let trucks ``due`` change places with a senior of ``members``, as far as none is then late.

    The most junior first; each with the most senior that goes after it and can have its place.
    """
    ahead = problem.earliest[members, column[members]]
    for row in due[np.argsort(-problem.rank[due])].tolist():
        mine = dealt[row]
        able = (dealt[members] > mine) & (dealt[members] <= problem.deadline[row])
        able &= (ahead <= mine) & (problem.rank[members] < problem.rank[row])
        able &= dealt[members] >= problem.earliest[row, column[row]]
        others = members[able]
        if len(others):
            other = others[np.argmin(problem.rank[others])]
            dealt[row], dealt[other] = dealt[other], mine


def _movable(problem: DispatchProblem, column: Ints, slot: Ints) -> Flags:
    """Tell who is not frozen, has no promise that is kept, and goes alone."""
    gate = problem.gate_of[column] if problem.slots else column
    kept = (gate == problem.told_gate) & (slot >= problem.keep_first) & (slot <= problem.keep_last)
    free = (problem.frozen_slot < 0) & ~(kept & (slot >= 0))
    if problem.sides is not None:
        free &= (problem.sides.convoy < 0) & (problem.sides.bay < 0)
    return np.asarray(free)


def _seniors_served(
    problem: DispatchProblem, column: Ints, slot: Ints, alike: Ints | None
) -> tuple[Ints, Ints]:
    """Give the places of juniors to seniors of equal weight that the horizon left out.

    To the flow a diversion is dearer than who of two equals waits for the days after; seniority
    comes before cost.
    """
    column, slot = column.copy(), slot.copy()
    free = _movable(problem, column, slot)
    left = np.flatnonzero(free & (slot < 0))
    if problem.slots == 0 or problem.through is not None or len(left) == 0:
        return column, slot
    priority = problem.weight * 0 if problem.sides is None else problem.sides.priority
    queue = list(zip(problem.rank[left].tolist(), left.tolist(), strict=True))
    heapq.heapify(queue)
    served = free & (slot >= 0)
    last = int(problem.rank[served].max(initial=-1))
    while queue and queue[0][0] < last:
        row = heapq.heappop(queue)[1]
        able = free & (slot >= 0) & (problem.rank > problem.rank[row])
        able &= (problem.weight == problem.weight[row]) & (priority == priority[row])
        if alike is not None:
            able &= alike == alike[row]
        other = np.flatnonzero(able & (problem.earliest[row, column] <= slot))
        if len(other) == 0:
            continue
        junior = int(other[np.argmax(problem.rank[other])])
        # Elsewhere the junior may be a senior itself.
        heapq.heappush(queue, (int(problem.rank[junior]), junior))
        pair = np.array([row, junior])
        column[pair], slot[pair] = column[pair[::-1]], slot[pair[::-1]]
    return column, slot


def _suspect(problem: DispatchProblem, rows: Ints, group: Ints) -> Ints:
    """Return the groups in which somebody goes after a junior; ``rows`` by group, slot and rank."""
    if len(rows) < 2:  # noqa: PLR2004 - a pair
        return np.zeros(0, dtype=np.int64)
    # Later groups lie above all earlier ones, so that the running maximum stays in a group.
    level = problem.rank[rows] + group * problem.trucks
    behind = level[1:] < np.maximum.accumulate(level)[:-1]
    return np.unique(group[1:][behind])


def _deal(earliest: Ints, rank: Ints, places: Ints) -> Ints:
    """Return which of ``places`` [M] (ascending) each truck gets, the most senior the soonest."""
    coming = np.argsort(earliest, kind="stable").tolist()
    ready: list[tuple[int, int]] = []
    given = places.copy()
    came = 0
    for place in places.tolist():
        while came < len(coming) and earliest[coming[came]] <= place:
            heapq.heappush(ready, (int(rank[coming[came]]), coming[came]))
            came += 1
        given[heapq.heappop(ready)[1]] = place
    return given


def _deal_within(
    members: Ints, earliest: Ints, rank: Ints, places: Ints, shares: "_Shares"
) -> Ints:
    """Deal as `_deal` does, each in its turn or after it when its haulier has a place left.

    All stay where they were if shares leave nobody for a place.
    """
    coming = np.argsort(earliest, kind="stable").tolist()
    ready: list[tuple[int, int]] = []
    given = places.copy()
    came = 0
    for place in places.tolist():
        while came < len(coming) and earliest[coming[came]] <= place:
            insort(ready, (int(rank[coming[came]]), coming[came]))
            came += 1
        going = next((one for one in ready if shares.take(int(members[one[1]]), place)), None)
        if going is None:
            return places
        ready.remove(going)
        given[going[1]] = place
    return given


class _Shares:
    """What the hauliers of some trucks of one column may hold besides all others."""

    def __init__(self, draft: Draft, members: Ints) -> None:
        self._draft = draft
        self._members = members[draft.sides.haulier[members] >= 0]
        self._gate = int(draft.problem.gate_of[draft.column[members[0]]])
        self._before = draft.slot[self._members]
        self._held = draft.held[:, self._gate].copy() if len(draft.held) else draft.held
        self._add(self._held, self._before, -1)

    def take(self, row: int, slot: int) -> bool:
        """Book one more place for the truck's haulier, unless its share is full."""
        haulier, hour = int(self._draft.sides.haulier[row]), int(self._draft.hour[slot])
        if haulier < 0:
            return True
        if self._held[haulier, hour] >= self._draft.allowed[haulier, self._gate, hour]:
            return False
        self._held[haulier, hour] += 1
        return True

    def settle(self, dealt: Ints) -> None:
        """Let the draft know where the trucks went."""
        self._draft.slot[self._members] = dealt[self._members]
        if len(self._draft.held):
            self._add(self._draft.held[:, self._gate], self._before, -1)
            self._add(self._draft.held[:, self._gate], dealt[self._members], 1)

    def _add(self, held: Ints, slot: Ints, by: int) -> None:
        if len(held):
            where = (self._draft.sides.haulier[self._members], self._draft.hour[slot])
            np.add.at(held, where, by)


def _keep_shares(draft: Draft) -> bool:
    """Move the trucks beyond their hauliers' shares, the most senior staying; tell if any was."""
    beyond = _beyond_shares(draft)
    for row in beyond:
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
    return bool(beyond)


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
