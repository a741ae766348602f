"""Lanes that change what they take: places lent from one lane class of a gate to another.

The lanes of a plan are numbers of places by column and slot. A place that changes class takes
nobody in the slot in which it changes. Which lanes are best no flow can say; that no lanes can beat
is said by the flow in which the places are shared freely (`shared_freely`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.apportion import apportioned
from flowctl.dispatch.problem import DispatchProblem, Ints, Shared
from flowctl.dispatch.supply import Column
from flowctl.lanes import LaneUse

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Lanes:
    """Places of each column in each slot, and who shares them; see `DispatchProblem`."""

    shared: tuple[Shared, ...]
    lanes: Ints
    capacity: Ints


def lanes_of(
    columns: Sequence[Column], starts: Ints, capacity: Ints, uses: Sequence[LaneUse]
) -> Lanes | None:
    """Return the lanes that stand, None where no gate has any that change.

    Parameters
    ----------
    columns
        Of the problem.
    starts, capacity
        The slots, and what each column takes in them [C, S] as the site's file shares places out.
    uses
        What the plan before decided; where it says nothing, or of other places than there are, the
        site's file holds.
    """
    groups = _groups(columns)
    if not groups or not len(starts):
        return None
    of: dict[_Key, list[LaneUse]] = {}
    for use in sorted(uses, key=lambda one: one.starts_at):
        of.setdefault((use.gate, use.lane_class), []).append(use)
    lanes = np.zeros_like(capacity)
    shared = []
    for members in groups:
        places = [one.lanes.places for at in members if (one := columns[at]).lanes is not None]
        levels = _standing([columns[at] for at in members], places, starts, of)
        lanes[members] = levels[:, 1:]
        before = tuple(levels[:, 0].tolist())
        whole = capacity[members].sum(axis=0)
        shared.append(Shared(tuple(members), tuple(places), before, whole))
    return Lanes(tuple(shared), lanes, capacity_of(tuple(shared), capacity, lanes))


def _groups(columns: Sequence[Column]) -> list[list[int]]:
    """Return the columns of each gate that may lend each other places."""
    found: dict[str, list[int]] = {}
    for at, column in enumerate(columns):
        if column.lanes is not None and column.lanes.switchable:
            found.setdefault(column.gate.id, []).append(at)
    return [members for members in found.values() if len(members) > 1]


def _standing(
    columns: Sequence[Column],
    places: Sequence[int],
    starts: Ints,
    of: Mapping[_Key, Sequence[LaneUse]],
) -> Ints:
    """Return the places of each class just before the first slot and in each, [L, 1 + S]."""
    own = np.repeat(np.array(places, dtype=np.int64)[:, None], len(starts) + 1, axis=1)
    levels = own.copy()
    moments = np.concatenate([starts[:1] - 1, starts])
    for row, column in enumerate(columns):
        uses = of.get((column.gate.id, column.lanes.id if column.lanes else ""), ())
        since = np.array([use.starts_at.timestamp() for use in uses], dtype=np.int64)
        last = np.searchsorted(since, moments, "right") - 1
        if len(uses):
            number = np.array([use.places for use in uses], dtype=np.int64)
            # Before the first word of it what it says first.
            levels[row] = number[np.maximum(last, 0)]
    whole = (levels.sum(axis=0) == sum(places)).all() and (levels >= 1).all()
    return levels if whole else own


def capacity_of(shared: Sequence[Shared], capacity: Ints, lanes: Ints) -> Ints:
    """Return ``capacity`` [C, S] with that of the shared columns as ``lanes`` [C, S] leave it."""
    capacity = capacity.copy()
    for one in shared:
        columns = list(one.columns)
        capacity[columns] = apportioned(one.whole, usable(one, lanes), sum(one.places))
    return capacity


def usable(one: Shared, lanes: Ints) -> Ints:
    """Return the places that work in each slot, [L, S]: those that change take nobody."""
    levels = lanes[list(one.columns)]
    previous = np.column_stack([np.array(one.before, dtype=np.int64), levels[:, :-1]])
    return np.minimum(levels, previous)


def changed(problem: DispatchProblem, lanes: Ints) -> int:
    """Return how many places change their class in all."""
    return sum(
        int(sum(one.places) * problem.slots - usable(one, lanes).sum()) for one in problem.shared
    )


def with_lanes(problem: DispatchProblem, lanes: Ints) -> DispatchProblem:
    """Return the problem with the places of the shared columns as ``lanes`` [C, S] say."""
    capacity = capacity_of(problem.shared, problem.capacity, lanes)
    return replace(problem, capacity=capacity, lanes=lanes)


def shared_freely(problem: DispatchProblem) -> DispatchProblem:
    """Return the problem with one column for all that share places, at no loss for changing.

    No plan of any lanes costs less than its optimum: each of them is a plan of it, with the same
    cost. Yards on the way and the rules no flow can hold are left out.
    """
    into = np.arange(len(problem.gates))
    for one in problem.shared:
        into[list(one.columns)] = one.columns[0]
    heads, number = np.unique(into, return_inverse=True)
    capacity = problem.capacity[heads].copy()
    for one in problem.shared:
        capacity[number[one.columns[0]]] = one.whole
    earliest = [problem.earliest[:, number == at].min(axis=1) for at in range(len(heads))]
    return replace(
        problem,
        gates=tuple(problem.gates[at] for at in heads.tolist()),
        capacity=capacity,
        earliest=np.column_stack(earliest),
        preferred=number[problem.preferred].astype(np.int64),
        told_gate=_renumbered(problem.told_gate, number),
        frozen_gate=_renumbered(problem.frozen_gate, number),
        through=None,
        sides=None,
        shared=(),
        lanes=None,
    )


def _renumbered(gate: Ints, number: NDArray[np.intp]) -> Ints:
    return np.where(gate >= 0, number[np.maximum(gate, 0)], -1).astype(np.int64)


def uses_of(
    problem: DispatchProblem, lanes: Ints, columns: Sequence[Column]
) -> tuple[LaneUse, ...]:
    """Return the lanes of a plan from just before its first slot on, one entry for each change."""
    found = []
    for one in problem.shared:
        for before, at in zip(one.before, one.columns, strict=True):
            kind = columns[at].lanes
            if kind is None:
                continue
            begin = _moment(problem, 0) - timedelta(seconds=problem.slot_s)
            gate = problem.gates[at]
            found.append(LaneUse(gate, kind.id, begin, before))
            levels = lanes[at]
            for slot in np.flatnonzero(np.diff(levels, prepend=before)).tolist():
                moment = _moment(problem, slot)
                found.append(LaneUse(gate, kind.id, moment, int(levels[slot])))
    return tuple(found)


def _moment(problem: DispatchProblem, slot: int) -> datetime:
    return datetime.fromtimestamp(int(problem.starts[slot]), UTC)
