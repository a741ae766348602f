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

    Nodes 0..K-1 are classes, K..K+Q-1 promises; ``node`` [A], ascending, ``place`` [A] = gate * S +
    slot and ``cost`` [A] are the arcs, ``room`` [G * S] the trucks a place still takes.
    ``unserved`` [K] is the cost of leaving a truck of a class out. Promise q is fed by its class at
    the cost ``-saving`` a truck, at most its size. ``constant`` is what no choice changes.
    """

    node: Ints
    place: Ints
    cost: Ints
    room: Ints
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
        problem.origin_s[trucks],
    ]
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
    first = problem.earliest[classes.member]
    told = problem.told_gate[classes.promise_member]
    begin = np.full((len(told), len(problem.gates)), problem.slots, dtype=np.int64)
    end = np.zeros_like(begin)
    row = np.arange(len(told))
    begin[row, told] = np.maximum(
        problem.keep_first[classes.promise_member],
        problem.earliest[classes.promise_member, told],
    )
    end[row, told] = np.minimum(problem.keep_last[classes.promise_member] + 1, problem.slots)
    room = np.maximum(problem.room, 0).ravel()
    node, place = _spread(np.concatenate([first, begin]), np.concatenate([ends, end]), problem)
    open_ = room[place] > 0
    node, place = node[open_], place[open_]
    members = np.concatenate([classes.member, classes.promise_member])
    return Network(
        node=node,
        place=place,
        cost=place_cost(problem, members[node], place),
        room=room,
        unserved=problem.unserved_cost[classes.member],
        saving=problem.change,
        constant=_constant(problem, classes),
    )


def place_cost(problem: DispatchProblem, truck: Ints, place: Ints) -> Ints:
    """Return what ``truck`` [A] costs at ``place`` [A], the cost of a change left out."""
    gate, slot = np.divmod(place, problem.slots)
    delay = problem.delay_cost(problem.weight[truck], problem.origin_s[truck], problem.starts[slot])
    return np.asarray(delay + problem.diversion * (gate != problem.preferred[truck]))


def first_ends(problem: DispatchProblem, classes: Classes, slots: int, spare: int) -> Ints:
    """Return a guess of the slots each class can need at each gate, [K, G]: ends, exclusive.

    ``slots`` from its earliest on, or to the end of the busy time it comes into, were every truck
    to go to the gate it prefers, and ``spare`` more. A guess only: prices tell whether it held.
    """
    first = problem.earliest[classes.member]
    preferred = problem.preferred[classes.member]
    room = np.maximum(problem.room, 0)
    ends = np.empty_like(first)
    for gate in range(len(problem.gates)):
        mine = preferred == gate
        came = np.bincount(
            first[mine, gate], weights=classes.size[mine], minlength=problem.slots + 1
        )[: problem.slots]
        clear = _busy_until(came.tolist(), room[gate].tolist())
        ends[:, gate] = np.maximum(first[:, gate] + slots, clear[first[:, gate]] + spare)
    return np.minimum(ends, problem.slots)


def _busy_until(came: list[float], room: list[int]) -> Ints:
    """Return for each slot the next one at whose end nobody waits; one more entry for S."""
    waiting, idle = 0.0, []
    for trucks, places in zip(came, room, strict=True):
        waiting = max(waiting + trucks - places, 0.0)
        idle.append(waiting == 0.0)
    until = [len(room)]
    for slot in range(len(room) - 1, -1, -1):
        until.append(slot if idle[slot] else until[-1])
    return np.array(until[::-1], dtype=np.int64)


def _spread(first: Ints, end: Ints, problem: DispatchProblem) -> tuple[Ints, Ints]:
    """Return node and place of every slot in ``first`` to ``end`` (exclusive) of every gate."""
    count = np.maximum(end - first, 0).ravel()
    row = np.repeat(np.arange(len(count)), count)
    before = np.cumsum(count) - count
    slot = first.ravel()[row] + np.arange(len(row)) - before[row]
    node, gate = np.divmod(row, len(problem.gates))
    return node, gate * problem.slots + slot


def _constant(problem: DispatchProblem, classes: Classes) -> int:
    """Return the cost of the frozen trucks, and of a change for everyone who was told a slot."""
    frozen = problem.frozen_slot >= 0
    costs = problem.cost(problem.frozen_gate, problem.frozen_slot)
    told = problem.told_gate[classes.trucks] >= 0
    return int(costs[frozen].sum()) + problem.change * int(told.sum())


def _fold(columns: list[Ints]) -> tuple[Ints, Ints, Ints]:
    """Return, of the distinct rows of ``columns``, one index each, each row's number, the counts.

    As `numpy.unique` over rows, but over one whole number a row, which sorts far faster.
    """
    key = np.zeros(len(columns[0]), dtype=np.int64)
    most = 1
    for column in columns:
        values, index = np.unique(column, return_inverse=True)
        if most * max(len(values), 1) >= _KEY_MOST:
            key = np.unique(key, return_inverse=True)[1]
            most = len(key)
        key = key * max(len(values), 1) + index
        most *= max(len(values), 1)
    _, member, of, size = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    return _whole(member), _whole(of), _whole(size)


def _whole(values: NDArray[np.intp]) -> Ints:
    return values.astype(np.int64)
