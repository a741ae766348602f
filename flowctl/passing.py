"""Whom juniors pass for an act of an operator: by the next tick's call-ups, and by slots in hand.

Pure. What juniors pass anyway is in `flowctl.dispatch.overtakes`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowctl.controller import Decision
from flowctl.dispatch.reasons import Reason
from flowctl.hand import InHand, Moved, Word
from flowctl.planned import Places, Planned, Plans

_BY_HAND = frozenset({Reason.FORWARDED, Reason.HELD, Reason.PINNED})
_WAITS = frozenset({Word.HELD, Word.STAY})

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def overtaken(plans: Plans, then: Places, touched: Sequence[Moved]) -> set[int]:
    """Return the trips that a junior passes at their gate with the act, and not without it.

    Of a junior that is called up at once these are the seniors the ledger names, whom the public
    count shows by the next tick. Of others they go by the slots in hand.

    Parameters
    ----------
    plans
        Without the act and with it.
    then
        What all drivers have in hand after the tick with it.
    touched
        Who has something else in hand without it.
    """
    order = _Order.of(plans, then, touched)
    before = set(_pairs(plans.without.decision))
    return order.passed() | {
        pair[1]
        for pair, (gate, reason) in _pairs(plans.having.decision).items()
        if pair not in before and (reason in _BY_HAND or not order.was_before(*pair, gate))
    }


def _pairs(decision: Decision) -> dict[tuple[int, int], tuple[str, Reason]]:
    """Return who passes whom in a tick, junior and senior, at which gate and why."""
    return {
        (one.trip_id, senior): (one.gate, one.reason)
        for one in decision.overtakes
        for senior in one.seniors
    }


_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class _Order:
    """The trips that may be called up, by the slots their drivers have in hand; columns [N].

    ``rank`` is their seniority, ``gate`` and ``start`` (epoch s) their slots without the act,
    ``to`` and ``begin`` with it; -1 and never where they have none. ``gone`` are called up now.
    """

    names: Sequence[str]
    trip: Ints
    rank: Ints
    gate: Ints
    start: Ints
    to: Ints
    begin: Ints
    gone: Flags

    @staticmethod
    def of(plans: Plans, then: Places, touched: Sequence[Moved]) -> "_Order":
        """Lay the slots in hand side by side, for the trips that the plan with the act has."""
        having = plans.having
        others = then.changed(
            {one.trip_id: _turn(one.trip_id, one.otherwise, plans.without) for one in touched}
        )
        with_it = then.changed(
            {one.trip_id: _turn(one.trip_id, one.after, having) for one in touched}
        )
        (gate, start), (to, begin) = others.at(having.trip), with_it.at(having.trip)
        return _Order(
            having.names,
            having.trip,
            having.problem.rank,
            gate,
            np.where(gate < 0, _NEVER, start),
            to,
            np.where(to < 0, _NEVER, begin),
            np.isin(having.trip, [one.trip_id for one in having.decision.releases]),
        )

    def was_before(self, junior: int, senior: int, gate: str) -> bool:
        """Tell whether a junior has the earlier slot at a gate without the act already."""
        one, other = np.searchsorted(self.trip, [junior, senior]).tolist()
        at = self.names.index(gate)
        return bool(self.gate[one] == at and self.start[one] < self.start[other])

    def passed(self) -> set[int]:
        """Return the trips before which a junior has a slot with the act, and had not without."""
        times = np.unique(np.concatenate([self.start, self.begin]))
        start, begin = np.searchsorted(times, self.start), np.searchsorted(times, self.begin)
        found = np.zeros(len(self.trip), dtype=np.bool_)
        for at in range(len(self.names)):
            junior = (self.to == at) & ~self.gone
            senior = (self.gate == at) & ~self.gone
            # By slot with the act (row) and without it (column) the last in rank that has both;
            # then of all who come before a row's slot, and came no earlier than a column's.
            last = np.full((len(times) + 1, len(times) + 1), -1, dtype=np.int64)
            was = np.where(self.gate == at, start, len(times))
            np.maximum.at(last, (begin[junior] + 1, was[junior]), self.rank[junior])
            last = np.maximum.accumulate(last, axis=0)
            last = np.maximum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
            found[senior] |= last[begin[senior], start[senior]] > self.rank[senior]
        return set(self.trip[found].tolist())


def _turn(trip: int, hand: InHand, plan: Planned) -> InHand:
    """Return what a truck's turn goes by: who is to stay keeps the place that the plan has."""
    return InHand(hand.word, plan.get(trip)) if hand.word in _WAITS else hand
