"""The flow network of a scheduling problem: classes and promises on one side, places on another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.problem import DispatchProblem, Ints

_KEY_MOST = 2**62


@dataclass(frozen=True, slots=True)
class Classes:
    """The free trucks, folded.

    ``trucks`` [F] are rows of the problem, ``of_class`` [F] and ``of_promise`` [F] (-1: none) where
    each belongs; ``member`` [K] is one truck of each class, ``size`` [K] their number. A promise is
    a set of trucks of one class that were told the same: ``promise_class`` [Q], ``promise_size``
    [Q], ``promise_member`` [Q].
    """

    trucks: Ints
    of_class: Ints
    of_promise: Ints
    member: Ints
    size: Ints
    promise_class: Ints
    promise_size: Ints
    promise_member: Ints


@dataclass(frozen=True, slots=True)
class Network:
    """Arcs from supply nodes to places.

    Nodes 0..K-1 are classes; K.. are the promises ``wide`` [W] that reach over several places.
    Places are numbered row * S + slot, a row being a column of the problem or, behind those, a
    passage through an in-gate yard, whose places lead on to ``onward`` [V * S] at no cost.
    ``node`` [A], ``place`` [A], ``cost`` [A] and ``most`` [A], how many trucks fit, are the arcs;
    ``promise`` [A] is the promise an arc keeps (-1: none). Wide promises are fed by their class at
    the cost ``-saving`` a truck, at most their size; narrow ones are an arc of the class itself,
    the saving taken off its cost.
    ``room`` [(C + V) * S] is what a place still takes, ``unserved`` [K] the cost of leaving a truck
    of a class out, ``constant`` what no choice changes.
    """

    node: Ints
    place: Ints
    cost: Ints
    most: Ints
    promise: Ints
    wide: Ints
    room: Ints
    onward: Ints
    unserved: Ints
    saving: int
    constant: int


def classes_of(problem: DispatchProblem) -> Classes:
    """Fold the trucks that are not frozen into classes of equal cost and sets of equal promise."""
    trucks = np.flatnonzero(problem.frozen_slot < 0)
    columns = [
        *problem.earliest[trucks].T,
        problem.weight[trucks],
        problem.preferred[trucks],
        -problem.origin_s[trucks] // problem.slot_s,
    ]
    if problem.late:
        soonest = problem.earliest[trucks].min(axis=1, initial=problem.slots)
        deadline = problem.deadline[trucks]
        # Who is late wherever it goes is late as all others are.
        columns.append(np.where(deadline < soonest, -1, deadline))
    if problem.through is not None:
        columns += list(problem.through.of[trucks].T)
    member, of_class, size = _fold(columns)
    held = np.flatnonzero(
        (problem.told_gate[trucks] >= 0) & (problem.keep_first[trucks] <= problem.keep_last[trucks])
    )
    row = trucks[held]
    promises = [
        of_class[held],
        problem.told_gate[row],
        problem.keep_first[row],
        problem.keep_last[row],
    ]
    promised, index, promise_size = _fold(promises)
    of_promise = np.full(len(trucks), -1, dtype=np.int64)
    of_promise[held] = index
    return Classes(
        trucks=trucks,
        of_class=of_class,
        of_promise=of_promise,
        member=trucks[member],
        size=size,
        promise_class=of_class[held[promised]],
        promise_size=promise_size,
        promise_member=row[promised],
    )


def network_of(problem: DispatchProblem, classes: Classes, ends: Ints) -> Network:
    """Return the network with the class arcs cut to slots before ``ends`` [K, G].

    Promises have all their arcs: they reach over a few slots only.
    """
    count = len(classes.size)
    first = problem.earliest[classes.member]
    node, place = spread(first, ends, problem.slots, rows_of(problem, classes.member))
    promise, kept, narrow = _promise_arcs(problem, classes)
    wide = np.flatnonzero(~narrow)
    keeper = classes.promise_class.copy()
    keeper[wide] = count + np.arange(len(wide))
    saving = np.where(narrow, problem.change, 0)
    node, place = np.concatenate([node, keeper[promise]]), np.concatenate([place, kept])
    promise = np.concatenate([np.full(len(node) - len(promise), -1), promise])
    truck = np.concatenate([classes.member, classes.promise_member])[
        np.where(promise < 0, node, count + promise)
    ]
    discount = np.where(promise < 0, 0, np.append(saving, 0)[promise])
    most = np.concatenate([classes.size, classes.promise_size])[
        np.where(promise < 0, node, count + promise)
    ]
    room, onward = _rooms(problem)
    open_ = room[place] > 0
    return Network(
        node=node[open_],
        place=place[open_],
        cost=(place_cost(problem, truck, place) - discount)[open_],
        most=most[open_],
        promise=promise[open_],
        wide=wide,
        room=room,
        onward=onward,
        unserved=problem.left_out_cost(classes.member),
        saving=problem.change,
        constant=_constant(problem, classes),
    )


def _promise_arcs(
    problem: DispatchProblem, classes: Classes
) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Return promise and place of each arc that keeps one, and which promises have at most one."""
    member = classes.promise_member
    told = problem.gate_of == problem.told_gate[member][:, None]
    begin = np.maximum(problem.keep_first[member][:, None], problem.earliest[member])
    end = np.minimum(problem.keep_last[member][:, None] + 1, problem.slots)
    end = np.where(told, end, begin)
    promise, kept = spread(begin, end, problem.slots, rows_of(problem, member))
    return promise, kept, np.maximum(end - begin, 0).sum(axis=1) <= 1


def _rooms(problem: DispatchProblem) -> tuple[Ints, Ints]:
    """Return what each place still takes, and the place behind each place of a passage."""
    room = np.maximum(problem.room, 0)
    if problem.through is None:
        return room.ravel(), np.empty(0, dtype=np.int64)
    onward = problem.through.column[:, None] * problem.slots + np.arange(problem.slots)
    passages = np.minimum(np.maximum(problem.passage_room, 0), room[problem.through.column])
    return np.concatenate([room, passages]).ravel(), onward.ravel()


def rows_of(problem: DispatchProblem, trucks: Ints) -> Ints:
    """Return the row of places that each of ``trucks`` [R] takes to each column, [R, C]."""
    columns = np.arange(len(problem.gates))
    if problem.through is None:
        return np.tile(columns, (len(trucks), 1))
    passage = problem.through.of[trucks]
    return np.where(passage >= 0, len(columns) + passage, columns)


def columns_of(problem: DispatchProblem, place: Ints) -> Ints:
    """Return the column of the problem in which ``place`` lies or to which it leads."""
    columns = np.arange(len(problem.gates))
    if problem.through is not None:
        columns = np.concatenate([columns, problem.through.column])
    return np.asarray(columns[place // problem.slots])


def place_cost(problem: DispatchProblem, truck: Ints, place: Ints) -> Ints:
    """Return what ``truck`` [A] costs at ``place`` [A], the cost of a change left out."""
    return problem.place_cost(truck, columns_of(problem, place), place % problem.slots)


def spread(first: Ints, end: Ints, slots: int, gate: Ints) -> tuple[Ints, Ints]:
    """Return row and place of each slot from ``first`` up to ``end`` at ``gate``, all [R, C]."""
    count = np.maximum(end - first, 0).ravel()
    cell = np.repeat(np.arange(len(count)), count)
    before = np.cumsum(count) - count
    slot = np.arange(len(cell)) + (first.ravel() - before)[cell]
    return cell // first.shape[1], gate.ravel()[cell] * slots + slot


def _constant(problem: DispatchProblem, classes: Classes) -> int:
    """Return the cost of the frozen trucks, and of a change for everyone who was told a slot."""
    frozen = problem.frozen_slot >= 0
    costs = problem.cost(problem.frozen_gate, problem.frozen_slot)
    told = problem.told_gate[classes.trucks] >= 0
    return int(costs[frozen].sum()) + problem.change * int(told.sum())


def _fold(columns: list[Ints]) -> tuple[Ints, Ints, Ints]:
    """Return, of the distinct rows of ``columns``, one index each, each row's number, the counts.

    As `numpy.unique` over rows, but over one whole number a row, which sorts far faster. The
    columns are whole numbers that lie close together.
    """
    key = np.zeros(len(columns[0]), dtype=np.int64)
    most = 1
    for column in columns:
        low = int(column.min(initial=0))
        span = int(column.max(initial=0)) - low + 1
        if most * span >= _KEY_MOST:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            most = len(key)
        key = key * span + (column - low)
        most *= span
    _, member, of, size = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    return _whole(member), _whole(of), _whole(size)


def _whole(values: NDArray[np.intp]) -> Ints:
    return values.astype(np.int64)
