"""What drivers have in hand: the last word each was told, before a tick's decision and after it.

Pure. Of two decisions of one moment a driver feels what differs here: a plan that he does not hear
of changes nothing for him yet.
"""

from collections.abc import Iterator, Mapping

from flowctl.controller import Decision
from flowctl.dispatch.called import in_transit, moving
from flowctl.dispatch.notices import NoticeKind
from flowctl.hand import InHand, Place, Word
from flowctl.state import AdviceKind, LiveTrip, Slot, Snapshot

_ADVICE = {
    AdviceKind.HOLD: Word.HELD,
    AdviceKind.STAY: Word.STAY,
    AdviceKind.NO_SLOT: Word.NO_SLOT,
}
_NOTICE = {
    NoticeKind.HOLD: Word.HELD,
    NoticeKind.STAY: Word.STAY,
    NoticeKind.NO_SLOT: Word.NO_SLOT,
}


def in_hand(snapshot: Snapshot, trip: LiveTrip) -> InHand:
    """Return what a driver has in hand at the moment of a snapshot."""
    if in_transit(trip, snapshot.now) or moving(trip, snapshot.now):
        return InHand(Word.CALLED, _place(trip.told))
    return _uncalled(snapshot, trip)


def changes(
    snapshot: Snapshot, decision: Decision, trips: Mapping[int, LiveTrip]
) -> dict[int, InHand]:
    """Return by trip what the drivers have in hand of whom a decision says anything.

    Parameters
    ----------
    snapshot
        What was decided from.
    decision
        Its words are taken in the order in which they are written.
    trips
        Those of the snapshot by id.
    """
    found = {over.trip_id: _uncalled(snapshot, trips[over.trip_id]) for over in decision.expired}
    slots = dict(_slots(decision))
    found |= {trip: _slot(slot) for trip, slot in slots.items()}
    for notice in decision.notices:
        trip, word = notice.trip_id, _NOTICE.get(notice.kind)
        told = slots.get(trip, trips[trip].told)
        found[trip] = _slot(told) if word is None else InHand(word)
    called = [one.trip_id for one in decision.releases] + [one.trip_id for one in decision.moves]
    for trip in called:
        found[trip] = InHand(Word.CALLED, _place(slots.get(trip, trips[trip].told)))
    return found


def _uncalled(snapshot: Snapshot, trip: LiveTrip) -> InHand:
    advice = snapshot.advice.get(trip.id)
    return _slot(trip.told) if advice is None else InHand(_ADVICE[advice.kind])


def _slots(decision: Decision) -> Iterator[tuple[int, Slot]]:
    """Yield the slots that drivers hear of; who exchanged one hears of no other."""
    for swap in decision.swaps:
        yield swap.gives, swap.slot_taken
        yield swap.takes, swap.slot_given
    for telling in decision.tellings:
        yield telling.trip_id, telling.slot


def _slot(told: Slot | None) -> InHand:
    return InHand(Word.NOTHING) if told is None else InHand(Word.SLOT, _place(told))


def _place(told: Slot | None) -> Place | None:
    return None if told is None else Place(told.gate, told.starts_at)
