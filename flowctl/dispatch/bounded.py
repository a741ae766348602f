"""Priority with a bound: nobody loses more than so many places to juniors of higher priority."""

import numpy as np

from flowctl.dispatch.draft import Draft, Flags
from flowctl.dispatch.problem import Ints

_CHUNK = 512
"""Rows of a table of pairs made at a time, for memory."""
_ROUNDS = 8
"""How often the bound is looked at again; a plan that still breaks it is not issued."""


def places_lost(draft: Draft) -> Ints:
    """Return how many places each truck loses to higher priorities in this plan, [N].

    A place is lost to a junior of higher priority that goes in an earlier slot, at a gate and
    moment at which the truck itself could have gone: it can be there, it would be back in time, and
    its haulier has not its full share of that hour. Frozen trucks take none and lose none: what
    they do was settled before. Nor do convoys, which go where there is room for all of them.
    """
    return _lost(draft, np.arange(draft.problem.trucks))


def _lost(draft: Draft, asked: Ints) -> Ints:
    """Return the same, [N], of the trucks ``asked`` for; 0 of the others."""
    lost = np.zeros(draft.problem.trucks, dtype=np.int64)
    takes = np.flatnonzero((draft.sides.priority > 0) & (draft.slot >= 0) & ~draft.fixed)
    # Those that go late take from few: each chunk looks at who goes before its last truck only.
    takes = takes[np.argsort(draft.slot[takes], kind="stable")]
    own = np.where(draft.slot >= 0, draft.slot, draft.problem.slots)
    asked = asked[np.argsort(own[asked], kind="stable")]
    for begin in range(0, len(asked) if len(takes) else 0, _CHUNK):
        rows = asked[begin : begin + _CHUNK]
        most = int(np.searchsorted(draft.slot[takes], own[rows[-1]], "left"))
        least = int(np.searchsorted(draft.slot[takes], draft.problem.earliest[rows].min(), "left"))
        lost[rows] = _taken(draft, rows, takes[least:most]).sum(axis=1)
    return lost


def _perhaps(draft: Draft) -> Ints:
    """Return the trucks that may lose too many places: so many of higher priority go before them.

    Counted by place, whoever is senior: a count of each pair is needed of these only.
    """
    problem, sides = draft.problem, draft.sides
    takes = np.flatnonzero((sides.priority > 0) & (draft.slot >= 0) & ~draft.fixed)
    going = np.zeros((len(problem.gates), problem.slots + 1), dtype=np.int64)
    np.add.at(going, (draft.column[takes], draft.slot[takes] + 1), 1)
    before = np.cumsum(going, axis=1)
    own = np.where(draft.slot >= 0, draft.slot, problem.slots)[:, None]
    first = np.minimum(problem.earliest, own)
    column = np.arange(len(problem.gates))
    most = (before[column, own] - before[column, first]).sum(axis=1)
    return np.flatnonzero((most + sides.lost > sides.most_lost) & ~draft.fixed)


def would_lose(draft: Draft, rows: Ints) -> Ints:
    """Return how many places each truck would lose in all if it went in each slot, [R, S + 1].

    The last is that of a truck without a slot. What it lost before this plan is included.
    """
    slots = draft.problem.slots
    takes = np.flatnonzero((draft.sides.priority > 0) & (draft.slot >= 0) & ~draft.fixed)
    in_slot = (draft.slot[takes][:, None] == np.arange(slots)).astype(np.int64)
    earlier = np.cumsum(_could_take(draft, rows, takes).astype(np.int64) @ in_slot, axis=1)
    none = np.zeros((len(rows), 1), dtype=np.int64)
    return np.concatenate([none, earlier], axis=1) + draft.sides.lost[rows, None]


def _taken(draft: Draft, rows: Ints, takes: Ints) -> Flags:
    """Tell which of ``takes`` [T] takes a place from which of ``rows`` [R], [R, T]."""
    own = np.where(draft.slot[rows] >= 0, draft.slot[rows], draft.problem.slots)[:, None]
    return np.asarray(_could_take(draft, rows, takes) & (draft.slot[takes] < own))


def _could_take(draft: Draft, rows: Ints, takes: Ints) -> Flags:
    """Tell the same for trucks that would go later than any of ``takes``."""
    problem, sides = draft.problem, draft.sides
    column, slot = draft.column[takes], draft.slot[takes]
    row = rows[:, None]
    taken = (sides.priority[takes] > sides.priority[row]) & (slot >= 0)
    taken &= problem.rank[takes] > problem.rank[row]
    taken &= problem.earliest[row, column] <= slot
    taken &= ~draft.fixed[row]
    if draft.home is not None:
        kind, back = draft.home.windows.kind[row], draft.home.open()
        taken &= (kind < 0) | back[kind, problem.gate_of[column], slot]
    if len(draft.held):
        at = (sides.haulier[row], problem.gate_of[column], draft.hour[slot])
        taken &= (sides.haulier[row] < 0) | (draft.held[at] < draft.allowed[at])
    return np.asarray(taken)


def keep_bound(draft: Draft) -> None:
    """Bring trucks forward that lose too many places, the most senior first.

    Each changes places with a truck of higher priority that took one. Nobody else loses by it: a
    place is still held by a truck of higher priority than his, or of one lower. Where hauliers'
    hours fill or empty by that, what is lost changes: then it is looked at again.
    """
    above = np.flatnonzero((draft.sides.priority > 0) & ~draft.fixed)
    for _ in range(_ROUNDS):
        broken = _broken(draft)
        for row in broken:
            allowance = max(draft.sides.most_lost - int(draft.sides.lost[row]), 0)
            takers = _takers(draft, row, above)
            while len(takers) > allowance and _bring_forward(draft, row, takers[: allowance + 1]):
                # Who goes earlier loses no places but those it lost; shares are looked at again.
                if not len(draft.held):
                    break
                takers = _takers(draft, row, takers)
        if not broken:
            return


def _broken(draft: Draft) -> list[int]:
    """Return the trucks that lose too many places, the most senior first."""
    lost = _lost(draft, _perhaps(draft))
    broken = np.flatnonzero((lost + draft.sides.lost > draft.sides.most_lost) & (lost > 0))
    return [int(row) for row in broken[np.argsort(draft.problem.rank[broken], kind="stable")]]


def _takers(draft: Draft, row: int, above: Ints) -> Ints:
    """Return the trucks of ``above`` that take a place from ``row``, the soonest first."""
    own = draft.slot[row] if draft.slot[row] >= 0 else draft.problem.slots
    above = above[(draft.slot[above] < own) & (draft.problem.rank[above] > draft.problem.rank[row])]
    found = above[_taken(draft, np.array([row]), above)[0]]
    return np.asarray(found[np.argsort(draft.slot[found], kind="stable")])


def _bring_forward(draft: Draft, row: int, takers: Ints) -> bool:
    """Let ``row`` change places with one of ``takers``, the last of which is one too many."""
    takers = np.flip(takers)
    found = draft.exchange(row, takers)
    if found is not None:
        draft.swap(row, found[1])
        return True
    me, nobody = np.array([row]), np.array([-1])
    for other in takers.tolist():
        # It cannot have the truck's place, so that another is to be found for it.
        column, slot = int(draft.column[other]), int(draft.slot[other])
        draft.put(other, -1, -1)
        if draft.may(me, np.array([column]), np.array([slot]), nobody)[0]:
            draft.put(row, column, slot)
            place = draft.free_place(other)
            draft.put(other, *(place[1:] if place is not None else (-1, -1)))
            return True
        draft.put(other, column, slot)
    return False
