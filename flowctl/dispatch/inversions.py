"""Who goes before a senior in a plan, across all classes of trucks, and why."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.bounded import would_lose
from flowctl.dispatch.draft import Draft
from flowctl.dispatch.plan import Plan
from flowctl.dispatch.problem import DispatchProblem, Ints
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.sides import no_sides

Flags = NDArray[np.bool_]

_CHUNK = 128
"""Juniors looked at together, for memory."""


def inversions(
    problem: DispatchProblem, plan: Plan, juniors: Ints | None = None
) -> Mapping[Reason | None, int]:
    """Count the pairs in which the junior goes first, by reason; None counts the unexplained.

    A pair is two trucks that may use the junior's column, the senior in a later slot or in none.
    The reason is the first fact that holds of those in `_causes`.

    Parameters
    ----------
    problem, plan
        What was asked and found.
    juniors
        Rows looked at, all where not given: thousands by thousands of pairs take seconds.
    """
    draft = Draft(problem, problem.sides or no_sides(problem.trucks), plan.gate, plan.slot)
    rows = np.arange(problem.trucks) if juniors is None else juniors
    rows = rows[plan.slot[rows] >= 0]
    counts: Counter[Reason | None] = Counter()
    for begin in range(0, len(rows), _CHUNK):
        part = rows[begin : begin + _CHUNK]
        left = _pairs(draft, part)
        for reason, holds in _causes(draft, part):
            found = int(np.count_nonzero(left & holds))
            if found:
                counts[reason] += found
            left &= ~holds
        found = int(np.count_nonzero(left))
        if found:
            counts[None] += found
    return dict(counts)


def _pairs(draft: Draft, juniors: Ints) -> Flags:
    """Tell which trucks [N] each of ``juniors`` [J] goes before although they are senior."""
    problem, row = draft.problem, juniors[:, None]
    slot = np.where(draft.slot >= 0, draft.slot, problem.slots)
    senior = (problem.rank < problem.rank[row]) & (slot > draft.slot[row])
    return np.asarray(senior & (problem.slots > problem.earliest[:, draft.column[juniors]].T))


def _causes(draft: Draft, juniors: Ints) -> list[tuple[Reason, Flags]]:
    """Return which pairs [J, N] each reason explains, in the order in which they are asked."""
    problem, sides = draft.problem, draft.sides
    row, column = juniors[:, None], draft.column[juniors]
    slot = draft.slot[juniors]
    gate = problem.gate_of[draft.column]
    kept = _kept(draft)
    elsewhere = (draft.slot >= 0) & (gate != gate[row])
    bundled = (sides.convoy >= 0) | (sides.bay >= 0)
    full = np.zeros((len(juniors), problem.trucks), dtype=np.bool_)
    if len(draft.held):
        at = (sides.haulier[None, :], gate[row], draft.hour[slot][:, None])
        full = (sides.haulier >= 0) & (draft.held[at] >= draft.allowed[at])
    outside = np.zeros_like(full)
    if problem.through is not None:
        passage = problem.through.of[:, column].T
        outside = (passage >= 0) & (problem.through.of[juniors, column] < 0)[:, None]
    # May the junior go in the column in which the senior goes, at the senior's time?
    not_there = problem.earliest[row, draft.column] > draft.slot
    # Would the junior lose too many places, if it went when the senior does?
    later = np.where(draft.slot >= 0, draft.slot, problem.slots)
    too_many = would_lose(draft, juniors)[:, later] > sides.most_lost
    return [
        (Reason.SENIOR_NOT_READY, slot[:, None] < problem.earliest[:, column].T),
        (Reason.SENIOR_TOLD_ELSEWHERE, np.broadcast_to(elsewhere, full.shape)),
        (Reason.KEPT_PROMISE, kept[row] | kept | _held_on_time(problem, draft.slot, juniors)),
        (Reason.PRIORITY, sides.priority < sides.priority[row]),
        (Reason.CARGO, problem.weight < problem.weight[row]),
        (Reason.CONVOY, bundled[row] | bundled),
        (Reason.RETURN, _too_late_back(draft, juniors)),
        (Reason.HAULIER_QUOTA, full),
        (Reason.PLACES_LOST, too_many),
        (Reason.SENIOR_OUTSIDE, outside),
        (Reason.LANE_CLASS, not_there & (draft.slot >= 0)),
    ]


def _too_late_back(draft: Draft, juniors: Ints) -> Flags:
    """Tell which pairs [J, N] could not change places, for one would not be back in time."""
    home, gate = draft.home, draft.problem.gate_of[draft.column]
    late = np.zeros((len(juniors), draft.problem.trucks), dtype=np.bool_)
    if home is None:
        return late
    kind, slot = home.windows.kind, np.maximum(draft.slot, 0)
    for one, there in enumerate(home.open()):
        seniors = (kind == one) & (kind[juniors][:, None] != one)
        late |= seniors & ~there[gate[juniors], slot[juniors]][:, None]
        mine = (kind[juniors] == one)[:, None] & (kind != one)
        late |= mine & (draft.slot >= 0) & ~there[gate, slot]
    return late


def _kept(draft: Draft) -> Flags:
    """Tell whose slot is frozen or as it was told."""
    problem, slot = draft.problem, draft.slot
    kept = (slot >= problem.keep_first) & (slot <= problem.keep_last) & (slot >= 0)
    kept &= problem.gate_of[draft.column] == problem.told_gate
    return np.asarray(kept | (problem.frozen_slot >= 0))


def _held_on_time(problem: DispatchProblem, slot: Ints, juniors: Ints) -> Flags:
    """Tell which pairs [J, N] have a junior that would be later than told at the senior's time."""
    then = np.where(slot >= 0, slot, problem.slots)
    deadline = problem.deadline[juniors][:, None]
    on_time = slot[juniors][:, None] <= deadline
    return np.asarray(on_time & (then > deadline) & bool(problem.late))
