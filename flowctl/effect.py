"""What an act changes for drivers: two decisions of one moment, compared by the words they say.

Pure. Whom an act touches has something else in hand after the tick with it than after the tick
without it (`flowctl.in_hand`). That two plans differ is not enough: between equal plans trucks
trade places, and no driver hears of it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.hand import blocks_of
from flowctl.dispatch.telling import stands_as_told
from flowctl.hand import Act, Effect, InHand, Moved, Place, Word
from flowctl.in_hand import changes, in_hand
from flowctl.passing import overtaken
from flowctl.planned import Places, Planned, Plans, told
from flowctl.state import LiveTrip, Slot, Snapshot

MOST_SHOWN = 20

Ints = NDArray[np.int64]

_WAITS = frozenset({Word.HELD, Word.STAY})
_SLOTLESS = frozenset({Word.HELD, Word.STAY, Word.NO_SLOT})
"""Words by which no slot is the driver's."""


def compared(snapshot: Snapshot, changed: Snapshot, plans: Plans, act: Act) -> Effect:
    """Return what an act changes for drivers.

    Who was told nothing yet is a sum only: he has made no plans by a slot. But who hears for the
    act that he is to stay where he is counts, and so do the act's own trucks.

    Parameters
    ----------
    snapshot, changed
        The moment without and with the act.
    plans
        What was decided from either.
    act
        As it would be entered.
    """
    own = frozenset(act.trips)
    trips = {trip.id: trip for trip in snapshot.trips}
    then = changes(changed, plans.having.decision, trips)
    hands = told(snapshot, plans.having.names).changed(then)
    differing = _differing(snapshot, changed, plans, then, trips, own)
    touched = [one for one in differing if one.trip_id in own or _is_felt(one)]
    moved = [one for one in touched if _is_moved(one)]
    shifts = [shift for one in moved if (shift := one.shift_s)]
    first = _untold(differing, touched)
    others, shift_s, to_come = _unheard(changed, plans, hands, touched, first)
    return Effect(
        at=snapshot.now,
        moved=len(moved),
        earlier=sum(shift < 0.0 for shift in shifts),
        later=sum(shift > 0.0 for shift in shifts),
        mean_shift_s=sum(shifts) / len(shifts) if shifts else None,
        worst_later_s=int(max(shifts)) if shifts and max(shifts) > 0.0 else None,
        held=sum(_comes_to(one, _WAITS) for one in moved),
        freed=sum(_comes_from(one, _SLOTLESS) for one in moved),
        called=sum(_comes_to(one, {Word.CALLED}) for one in moved),
        uncalled=sum(_comes_from(one, {Word.CALLED}) for one in moved),
        overtaken=len(overtaken(plans, hands, touched)) if touched else 0,
        delay_cost_vnd=_delay_vnd(snapshot, plans.having, moved),
        trips=_shown(touched, own),
        others=others,
        others_shift_s=shift_s,
        to_come=to_come,
        unserved=len(plans.having.decision.unserved) - len(plans.without.decision.unserved),
    )


def _differing(
    snapshot: Snapshot,
    changed: Snapshot,
    plans: Plans,
    then: Mapping[int, InHand],
    trips: Mapping[int, LiveTrip],
    own: Collection[int],
) -> list[Moved]:
    """Return the act's own trucks, and those whose drivers hear something else with it."""
    other = changes(snapshot, plans.without.decision, trips)
    blocks = blocks_of(changed)
    found = []
    for trip_id in sorted(other.keys() | then.keys() | (trips.keys() & own)):
        is_own = trip_id in own
        if not is_own and other.get(trip_id) == then.get(trip_id):
            continue
        had = in_hand(snapshot, trips[trip_id])
        one = Moved(trip_id, had, other.get(trip_id, had), then.get(trip_id, had))
        if one.after.word is Word.HELD:
            ends = blocks.get(trip_id, {}).values()
            known = [end for end in ends if end is not None]
            one = replace(one, held_until=max(known) if len(known) == len(ends) > 0 else None)
        if is_own:
            one = replace(
                one,
                otherwise=_or_planned(one.otherwise, plans.without.get(trip_id)),
                after=_or_planned(one.after, plans.having.get(trip_id)),
            )
        if is_own or one.otherwise != one.after:
            found.append(one)
    return found


def _or_planned(hand: InHand, place: Place | None) -> InHand:
    """Return what the plan has for a driver who was told nothing: his is the truck it is about."""
    return hand if hand.word is not Word.NOTHING or place is None else InHand(Word.PLANNED, place)


def _is_felt(one: Moved) -> bool:
    """Tell whether a driver who hears something else had something before, or is to stay."""
    before, words = one.before.word, (one.otherwise.word, one.after.word)
    return before is not Word.NOTHING or any(word in _WAITS for word in words)


def _is_moved(one: Moved) -> bool:
    """Tell whether a driver hears of the difference."""
    untold = one.otherwise.word is one.after.word is Word.PLANNED
    return not untold and one.otherwise != one.after


def _comes_to(one: Moved, words: Collection[Word]) -> bool:
    return one.after.word in words and one.otherwise.word not in words


def _comes_from(one: Moved, words: Collection[Word]) -> bool:
    return one.otherwise.word in words and one.after.word not in words


def _shown(touched: Iterable[Moved], own: Collection[int]) -> tuple[Moved, ...]:
    """Return the act's own trucks, then those that move most: who has no slot any more first."""

    def weight(one: Moved) -> tuple[bool, bool, float, int]:
        shift = one.shift_s
        return (one.trip_id not in own, shift is not None, -abs(shift or 0.0), one.trip_id)

    return tuple(sorted(touched, key=weight)[:MOST_SHOWN])


def _untold(differing: Iterable[Moved], touched: Iterable[Moved]) -> set[int]:
    return {one.trip_id for one in differing} - {one.trip_id for one in touched}


def _unheard(
    changed: Snapshot, plans: Plans, hands: Places, touched: Sequence[Moved], first: set[int]
) -> tuple[int, float | None, int]:
    """Return what nobody hears yet: who else is planned otherwise, by how much, and what follows.

    ``first`` are those who hear of a first slot, and of another one with the act.
    """
    moved, shift = plans.otherwise()
    rest = ~np.isin(moved, [one.trip_id for one in touched])
    gate, _ = hands.at(moved)
    silent = ~np.isin(moved, list(changed.advice))
    untold = rest & silent & ((gate < 0) | np.isin(moved, list(first)))
    having = plans.having.decision
    called = [one.trip_id for one in having.releases] + [one.trip_id for one in having.moves]
    stays = rest & silent & ~untold & ~np.isin(moved, called)
    others = first.union(moved[untold].tolist())
    mean = float(shift[untold].sum()) / len(others) if untold.any() else None
    return len(others), mean, _to_come(changed, plans.having, moved[stays], hands)


def _to_come(changed: Snapshot, having: Planned, trips: Ints, hands: Places) -> int:
    """Count the trips whose drivers keep a slot for now that the plan does not keep."""
    (gate, start), (to, begin) = hands.at(trips), having.at(trips)
    # Trucks share slots: each pair of them is asked about once.
    pairs, counts = np.unique(np.stack([gate, start, to, begin]), axis=1, return_counts=True)
    return sum(
        count
        for (gate, start, to, begin), count in zip(pairs.T.tolist(), counts.tolist(), strict=True)
        if to < 0
        or not stands_as_told(
            changed, _slot(having.names[gate], start), _slot(having.names[to], begin)
        )
    )


def _slot(gate: str, start: int) -> Slot:
    return Slot(gate, datetime.fromtimestamp(start, UTC))


def _delay_vnd(snapshot: Snapshot, having: Planned, moved: Sequence[Moved]) -> int:
    """Return what the trips that move wait more, VND: the linear share of the plan's cost."""
    rules, problem = snapshot.site.dispatch, having.problem
    shifts = {one.trip_id: shift for one in moved if (shift := one.shift_s)}
    kept, row, which = np.intersect1d(
        problem.trip_ids, np.array(list(shifts), dtype=np.int64), return_indices=True
    )[:3]
    waits = np.array(list(shifts.values()), dtype=np.float64)[which]
    slots = float((problem.weight[row] * waits).sum()) / rules.slot_s if len(kept) else 0.0
    return round(slots * rules.delay_linear * rules.unit_vnd)
