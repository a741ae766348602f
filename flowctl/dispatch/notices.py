"""What drivers hear that is no slot: stay where you are, do not depart yet, there is no slot yet.

Each is said once and stands until the driver hears better (`Snapshot.advice`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from flowctl.closures import closed_for_unknown
from flowctl.dispatch.hand import Blocks, blocks_of, is_held
from flowctl.dispatch.locks import list_slotless, waits_for_word
from flowctl.dispatch.plan import Plan
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.telling import closed_until, expected
from flowctl.state import AdviceKind, LiveTrip, Slot, Snapshot, Stage
from flowctl.traffic.capacity import CapacityEstimate
from flowctl.traffic.collapse import GateMode


class NoticeKind(StrEnum):
    """The kind of message."""

    HOLD = "hold"
    STAY = "stay"
    DEPART = "depart"
    NO_SLOT = "no_slot"


@dataclass(frozen=True, slots=True)
class Notice:
    """A word to one driver. ``before``: a slot will not begin before that moment (no_slot)."""

    trip_id: int
    kind: NoticeKind
    gate: str
    reason: Reason | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Gates:
    """What holds of all the gates that a truck may use, once for all trucks that may use them.

    ``shut``: a closure lasts at each; ``closed_until`` is when the first of them ends or is taken
    to end, ``now`` where one is open. ``unknown``: nobody knows the end of any. ``stopped``: they
    stand still.
    """

    shut: bool
    closed_until: datetime
    unknown: bool
    stopped: bool

    @staticmethod
    def of(
        snapshot: Snapshot, gates: tuple[str, ...], unknown: frozenset[str], stopped: set[str]
    ) -> "_Gates":
        """Ask each gate; one that the site does not know is not shut."""
        known, now = snapshot.site.gate_by_id, snapshot.now
        ends = [closed_until(known[gate], now) for gate in gates if gate in known]
        until = min(ends, default=now)
        return _Gates(
            shut=len(ends) == len(gates) and until > now,
            closed_until=until,
            unknown=unknown.issuperset(gates),
            stopped=stopped.issuperset(gates),
        )


def notices(
    snapshot: Snapshot,
    problem: DispatchProblem,
    plan: Plan,
    estimates: Mapping[str, CapacityEstimate],
) -> Iterator[Notice]:
    """Yield what drivers are to hear beside slots; at most one word to each.

    First of those that have no slot for what is not confirmed of them: who was told one hears at
    once that it is void, others once they are expected.

    Parameters
    ----------
    snapshot
        Trips, closures, and what was said before.
    problem, plan
        What was just decided: who found no slot.
    estimates
        How each gate works, by gate id.
    """
    for trip in list_slotless(snapshot):
        heard_or_near = trip.told is not None or expected(trip, snapshot)
        if heard_or_near and waits_for_word(snapshot, trip):
            yield Notice(trip.id, NoticeKind.HOLD, _gate_of(trip), Reason.UNCONFIRMED)
    trips = {trip.id: trip for trip in snapshot.trips}
    begin = problem.starts.tolist()
    stopped = {gate for gate, one in estimates.items() if one.state is GateMode.STOPPED}
    blocks = blocks_of(snapshot)
    calm = not (snapshot.closures or stopped or snapshot.advice or blocks)
    unknown = closed_for_unknown(snapshot.closures, snapshot.now)
    choices = {
        gates: _Gates.of(snapshot, gates, unknown, stopped)
        for gates in {trip.gates for trip in snapshot.trips}
    }
    rows = zip(problem.trip_ids.tolist(), plan.gate.tolist(), plan.slot.tolist(), strict=True)
    for trip_id, gate, slot in rows:
        if calm and slot >= 0:
            continue
        planned = None
        if slot >= 0:
            planned = Slot(problem.gates[gate], datetime.fromtimestamp(begin[slot], UTC))
        trip = trips[trip_id]
        word = _word(snapshot, trip, planned, unknown, choices[trip.gates], blocks)
        if word is not None:
            yield word if word.kind is not NoticeKind.NO_SLOT else _no_slot(snapshot, word, begin)


def _word(
    snapshot: Snapshot,
    trip: LiveTrip,
    planned: Slot | None,
    unknown: frozenset[str],
    gates: _Gates,
    blocks: Blocks,
) -> Notice | None:
    """Return what one driver is to hear, None where nothing, or what he has heard."""
    advice = snapshot.advice.get(trip.id)
    said = None if advice is None else advice.kind
    gate = _gate_of(trip)
    if is_held(trip, blocks):
        return (
            None if said is AdviceKind.HOLD else Notice(trip.id, NoticeKind.HOLD, gate, Reason.HELD)
        )
    if _is_to_stay(snapshot, trip, planned, gates, said):
        return None if said is AdviceKind.STAY else Notice(trip.id, NoticeKind.STAY, gate)
    if _is_to_hold(snapshot, trip, planned, unknown):
        if said is AdviceKind.HOLD:
            return None
        return Notice(trip.id, NoticeKind.HOLD, gate, Reason.CLOSURE)
    kind = None
    if said is AdviceKind.STAY and trip.stage is Stage.REGISTERED:
        kind = NoticeKind.DEPART
    elif said is None and planned is None and expected(trip, snapshot):
        kind = NoticeKind.NO_SLOT
    return None if kind is None else Notice(trip.id, kind, gate)


def _gate_of(trip: LiveTrip) -> str:
    return trip.gates[0] if trip.told is None else trip.told.gate


def _is_to_hold(
    snapshot: Snapshot, trip: LiveTrip, planned: Slot | None, unknown: frozenset[str]
) -> bool:
    """Tell whether a slot told lies in a closure of unknown end, and no other gate has a place."""
    told = trip.told
    if told is None or told.gate not in unknown or told.gate not in snapshot.site.gate_by_id:
        return False
    if planned is not None and planned.gate not in unknown:
        return False
    return told.starts_at < closed_until(snapshot.site.gate_by_id[told.gate], snapshot.now)


def _is_to_stay(
    snapshot: Snapshot,
    trip: LiveTrip,
    planned: Slot | None,
    gates: _Gates,
    said: AdviceKind | None,
) -> bool:
    """Tell whether a truck that is far away had better not depart: it would wait at the border.

    All its gates are closed and, as far as is known, will be so when it comes, or they stand still
    and its place is long after it would come. Who was told so hears better half of that earlier.
    """
    now, far_s = snapshot.now, snapshot.site.policy.closure.stay_away_s
    away = timedelta(seconds=far_s)
    comes = trip.eta_yard_at or now + away
    if trip.stage is not Stage.REGISTERED or comes < now + away:
        return said is AdviceKind.STAY and trip.stage is Stage.REGISTERED and gates.shut
    if gates.shut:
        until = gates.closed_until
        if trip.ready_at > until or (trip.told is not None and trip.told.starts_at >= until):
            return said is AdviceKind.STAY
        return gates.unknown or until > comes or said is AdviceKind.STAY
    late = away / 2 if said is AdviceKind.STAY else away
    return gates.stopped and (planned is None or planned.starts_at > comes + late)


def _no_slot(snapshot: Snapshot, word: Notice, begin: list[int]) -> Notice:
    """Return the word to a truck that the days ahead have no place for; it stays in the order."""
    width = timedelta(seconds=snapshot.site.dispatch.slot_s)
    if begin:
        before = datetime.fromtimestamp(begin[-1], UTC) + width
    else:
        before = snapshot.now + timedelta(days=snapshot.site.dispatch.horizon_days)
    return replace(word, before=before)
