"""Which drivers hear of a slot: what is new, and what changed by enough to say so.

What else drivers hear is in `flowctl.dispatch.notices`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial

import numpy as np

from flowctl.closures import closed_for_unknown, taken_end
from flowctl.dispatch.hand import (
    Blocks,
    blocks_of,
    forwards_of,
    is_held,
    news_of,
    pins_of,
    words_of,
)
from flowctl.dispatch.home import Home
from flowctl.dispatch.locks import is_locked_in, was_unconfirmed
from flowctl.dispatch.plan import Plan
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.promises import keeps
from flowctl.dispatch.reasons import Reason
from flowctl.site import Gate, Site
from flowctl.state import AdviceKind, LiveTrip, Slot, Snapshot
from flowctl.traffic.capacity import CapacityEstimate
from flowctl.traffic.collapse import GateMode

_FACTS = frozenset(
    {
        Reason.ETA,
        Reason.CLOSURE,
        Reason.REOPENED,
        Reason.HELD,
        Reason.OPENED,
        Reason.UNCONFIRMED,
    }
)
"""Reasons that are no estimate: the driver hears of them at once."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What one driver is to hear: the slot, why, and what was told before (None: nothing yet)."""

    trip_id: int
    slot: Slot
    reason: Reason
    previous: Slot | None


def tellings(
    snapshot: Snapshot,
    problem: DispatchProblem,
    plan: Plan,
    estimates: Mapping[str, CapacityEstimate],
) -> Iterator[Telling]:
    """Yield what drivers are to hear of a plan, in order of trip.

    A first slot is told once the truck is at a yard, or about to be: a promise made earlier would
    only be changed again. A told slot is changed when the plan left the span that needs no message
    (`promises.keeps`), and only where it is known where the truck is. Nothing is promised of a gate
    of which nobody knows when it opens again; who waited for that hears once it has. Nor of one to
    a truck that an operator holds from it; a place by an operator's word is told at once.
    """
    blocks, words = blocks_of(snapshot), _words(snapshot)
    trips = {trip.id: trip for trip in snapshot.trips}
    unknown = closed_for_unknown(snapshot.closures, snapshot.now)
    begin = [datetime.fromtimestamp(start, UTC) for start in problem.starts.tolist()]
    # Many trucks share a slot, and opening hours are slow to ask.
    # What returns need is asked of few changed slots, of none where nobody comes back.
    home = cache(partial(_home, problem, plan))
    takes_goods = cache(partial(_takes_goods, snapshot.site))
    rows = (problem.trip_ids, plan.gate, plan.slot, problem.frozen_slot >= 0)
    for row, (trip_id, gate, slot, frozen) in enumerate(
        zip(*(column.tolist() for column in rows), strict=True)
    ):
        trip = trips[trip_id]
        if slot < 0 or (trip.told is None and not expected(trip, snapshot)):
            continue
        planned = Slot(problem.gates[gate], begin[slot])
        if _is_silent(snapshot, trip, planned, unknown, blocks):
            continue
        if trip.told is None:
            yield Telling(trip_id, planned, Reason.FIRST, None)
            continue
        fact = _fact(snapshot, trip, trip.told, planned, words.get(trip_id) if frozen else None)
        if fact is not None:
            yield Telling(trip_id, planned, fact, trip.told)
        elif not frozen and not stands_as_told(snapshot, trip.told, planned):
            broken = None if takes_goods(trip.told) else Reason.CLOSURE
            reason = (
                broken
                or _by_act(snapshot, trip, trip.told, planned, blocks)
                or _reason(snapshot, problem, row, trip, trip.told, planned, estimates, home)
            )
            if _is_due(snapshot, trip, trip.told, planned, reason, estimates):
                yield Telling(trip_id, planned, reason, trip.told)


def _fact(
    snapshot: Snapshot, trip: LiveTrip, told: Slot, planned: Slot, word: Reason | None
) -> Reason | None:
    """Return why a driver hears of a slot whatever it is: he waits for one, or somebody said so."""
    if must_wait(snapshot, trip.id):
        return _freed_by(snapshot, trip.id)
    if _is_extended(trip):
        return Reason.EXTENSION
    return word if word is not None and _is_news_by(word, snapshot, told, planned) else None


def _is_silent(
    snapshot: Snapshot,
    trip: LiveTrip,
    planned: Slot,
    unknown: frozenset[str],
    blocks: Blocks,
) -> bool:
    """Tell whether nothing is promised of a slot: its gate is closed, or the truck held from it."""
    if planned.gate in unknown and not _stands(trip, planned.gate, snapshot):
        return True
    held = blocks.get(trip.id)
    if held is None:
        return False
    endless = planned.gate in held and held[planned.gate] is None
    return endless or is_held(trip, blocks)


def _words(snapshot: Snapshot) -> dict[int, Reason]:
    """Return by trip by whose word its place stands: pinned, or brought forward."""
    pinned = dict.fromkeys(pins_of(snapshot), Reason.PINNED)
    return pinned | dict.fromkeys(forwards_of(snapshot), Reason.FORWARDED)


def _is_news_by(word: Reason, snapshot: Snapshot, told: Slot, planned: Slot) -> bool:
    """Tell whether a driver is to hear of a place by an operator's word, which is no estimate."""
    if word is Reason.PINNED:
        return planned != told
    return not stands_as_told(snapshot, told, planned)


def _freed_by(snapshot: Snapshot, trip_id: int) -> Reason:
    """Return why a driver who was asked to wait has a slot again."""
    if was_unconfirmed(snapshot, trip_id):
        return Reason.CONFIRMED
    held = snapshot.advice[trip_id].reason == Reason.HELD
    return Reason.HOLD_ENDED if held else Reason.REOPENED


def _by_act(
    snapshot: Snapshot, trip: LiveTrip, told: Slot, planned: Slot, blocks: Blocks
) -> Reason | None:
    """Return why a slot moves where an operator held the truck, or opened its gate longer."""
    away = planned.gate != told.gate or planned.starts_at > told.starts_at
    if away and told.gate in blocks.get(trip.id, ()):
        return Reason.HELD
    extra = snapshot.site.gate_by_id[planned.gate].opening.extra
    in_extra = any(since <= planned.starts_at < until for since, until in extra)
    return Reason.OPENED if in_extra and planned.starts_at < told.starts_at else None


def _is_extended(trip: LiveTrip) -> bool:
    """Tell whether a driver asked for more time and has not heard of the slot for it yet."""
    if trip.told is None or trip.extended_until is None:
        return False
    return trip.told.starts_at < trip.extended_until


def stands_as_told(snapshot: Snapshot, told: Slot, planned: Slot) -> bool:
    """Tell whether a truck's place lies in the span that needs no message."""
    early_s, late_s = keeps(snapshot.site.dispatch, told.starts_at, snapshot.now)
    later_s = (planned.starts_at - told.starts_at).total_seconds()
    return planned.gate == told.gate and -early_s < later_s <= late_s


def freed(snapshot: Snapshot, estimates: Mapping[str, CapacityEstimate]) -> Snapshot:
    """Return the snapshot for a plan, without the promises that a disruption has made void.

    Where a gate closed, opened again, or fell below what it usually takes, or an operator said what
    it takes or opened it longer, all slots told before at and after that moment give way together.
    Else those it turned away would find the places behind them promised, and the first would be the
    last. A closure or a word does so until `freeze_s` after it was entered, changed or ended: whom
    that moved has heard by then, and what all others were told holds again.
    """
    news_s = snapshot.site.dispatch.freeze_s
    low = {gate: one.since for gate, one in estimates.items() if _collapsed(one)}
    since: dict[str, list[tuple[datetime, datetime]]] = {}
    for closure in snapshot.closures:
        if (snapshot.now - closure.changed_at).total_seconds() > news_s:
            continue
        since.setdefault(closure.gate, []).append((closure.changed_at, closure.starts_at))
    for gate, moment in low.items():
        if moment is not None:
            since.setdefault(gate, []).append((moment, moment))
    for gate, known in news_of(snapshot).items():
        since.setdefault(gate, []).extend(known)
    if not since:
        return snapshot
    width = timedelta(seconds=snapshot.site.dispatch.slot_s)
    return replace(
        snapshot,
        trips=tuple(
            trip._replace(told=None, told_at=None)
            if trip.told is not None
            and any(
                _is_news(trip, known) and trip.told.starts_at + width > begin
                for known, begin in since.get(trip.told.gate, ())
            )
            else trip
            for trip in snapshot.trips
        ),
    )


def _is_due(
    snapshot: Snapshot,
    trip: LiveTrip,
    told: Slot,
    planned: Slot,
    reason: Reason,
    estimates: Mapping[str, CapacityEstimate],
) -> bool:
    """Tell whether a change is to be told now: facts at once, estimates once they have settled."""
    if reason is Reason.CLOSURE:
        return True
    if trip.arrived_at is None and trip.eta_yard_at is None:
        return False
    if reason in _FACTS:
        return True
    learned = estimates[told.gate]
    collapsed = reason is Reason.CAPACITY and _collapsed(learned)
    if collapsed and _is_news(trip, learned.since):
        return True
    if reason is Reason.CAPACITY and _is_news(trip, _lowered_at(snapshot, told, learned)):
        return True
    return _settled(trip, told, planned, snapshot, at_once=collapsed)


def must_wait(snapshot: Snapshot, trip_id: int) -> bool:
    """Tell whether a driver was asked to stay until he hears of a new slot."""
    advice = snapshot.advice.get(trip_id)
    return advice is not None and advice.kind is AdviceKind.HOLD


def _stands(trip: LiveTrip, gate: str, snapshot: Snapshot) -> bool:
    """Tell whether a slot told at a gate closed for unknown time lies beyond what it may last."""
    if trip.told is None or trip.told.gate != gate or must_wait(snapshot, trip.id):
        return False
    return trip.told.starts_at >= closed_until(snapshot.site.gate_by_id[gate], snapshot.now)


def closed_until(gate: Gate, now: datetime) -> datetime:
    """Return when the closure a gate is in ends or is taken to end, ``now`` if it is in none."""
    return next((until for since, until in gate.opening.closed if since <= now < until), now)


def _is_news(trip: LiveTrip, since: datetime | None) -> bool:
    """Tell whether a driver was last told something before ``since``."""
    return since is not None and (trip.told_at is None or trip.told_at < since)


def _settled(
    trip: LiveTrip, told: Slot, planned: Slot, snapshot: Snapshot, *, at_once: bool
) -> bool:
    """Tell whether an estimated change is due: the last word some time ago and the slot near.

    What drifts by chance drifts back; a driver told each time would hear a number, not a promise.
    Where a gate collapsed, those with far slots hear of it too (``at_once``).
    """
    rules = snapshot.site.dispatch
    if trip.told_at is not None and snapshot.now < trip.told_at + timedelta(seconds=rules.quiet_s):
        return False
    notice = timedelta(seconds=rules.notice_s)
    return at_once or min(told.starts_at, planned.starts_at) <= snapshot.now + notice


def _collapsed(learned: CapacityEstimate) -> bool:
    """Tell whether a gate takes surely less than it usually does."""
    return learned.state in (GateMode.REDUCED, GateMode.STOPPED)


def expected(trip: LiveTrip, snapshot: Snapshot) -> bool:
    """Tell whether the truck is there, or expected within `tell_ahead_s`."""
    if trip.arrived_at is not None:
        return True
    ahead = timedelta(seconds=snapshot.site.dispatch.tell_ahead_s)
    return (trip.eta_yard_at or trip.ready_at) <= snapshot.now + ahead


def _reason(
    snapshot: Snapshot,
    problem: DispatchProblem,
    row: int,
    trip: LiveTrip,
    told: Slot,
    planned: Slot,
    estimates: Mapping[str, CapacityEstimate],
    home: Callable[[], Home | None],
) -> Reason:
    """Return why the slot told, of an open gate, cannot stand, or why a better one is offered."""
    gate = snapshot.site.gate_by_id[told.gate]
    if planned.starts_at < told.starts_at:
        return Reason.EARLIER
    if _closed_since(snapshot, trip, told):
        return Reason.CLOSURE
    if _cannot_come(snapshot, problem, row, told):
        # It stands there; what it missed its slot for is a word of an agency.
        waits = is_locked_in(trip) and trip.arrived_at is not None
        return Reason.UNCONFIRMED if waits else Reason.ETA
    if _is_stranded(problem, home(), row, told):
        return Reason.RETURN
    learned = estimates[gate.id]
    lowered = _lowered_at(snapshot, told, learned) is not None
    if lowered or learned.high < gate.capacity_prior_per_h:
        return Reason.CAPACITY
    return Reason.LATER


def _lowered_at(snapshot: Snapshot, told: Slot, learned: CapacityEstimate) -> datetime | None:
    """Return when an operator said that a slot's gate takes less by then than it was seen to."""
    width = timedelta(seconds=snapshot.site.dispatch.slot_s)
    return max(
        (
            act.changed_at
            for act in words_of(snapshot.acts, told.gate)
            if act.per_h is not None
            and act.per_h < learned.per_h
            and not act.is_over(snapshot.now)
            and act.starts_at is not None
            and act.starts_at < told.starts_at + width
        ),
        default=None,
    )


def _home(problem: DispatchProblem, plan: Plan) -> Home | None:
    """Return the returns of a plan's trucks, None where nobody comes back."""
    if problem.sides is None or problem.sides.returns is None:
        return None
    return Home(problem, problem.sides.returns, plan.gate, plan.slot)


def _is_stranded(problem: DispatchProblem, home: Home | None, row: int, told: Slot) -> bool:
    """Tell whether a truck that went when it was told would not be back in time."""
    slot = np.flatnonzero(problem.starts == told.starts_at.timestamp())
    if home is None or home.windows.kind[row] < 0 or not len(slot):
        return False
    gate = problem.gates.index(told.gate)
    return not home.possible(int(home.windows.kind[row]), gate)[slot[0]]


def _cannot_come(snapshot: Snapshot, problem: DispatchProblem, row: int, told: Slot) -> bool:
    """Tell whether the truck itself will be later at the gate told than needs no message."""
    columns = [at for at, gate in enumerate(problem.gates) if gate == told.gate]
    first = min((int(problem.earliest[row, at]) for at in columns), default=problem.slots)
    if first >= problem.slots:
        return True
    _, late_s = keeps(snapshot.site.dispatch, told.starts_at, snapshot.now)
    return float(problem.starts[first]) > told.starts_at.timestamp() + late_s


def _closed_since(snapshot: Snapshot, trip: LiveTrip, told: Slot) -> bool:
    """Tell whether a closure or lost lanes before a slot became known after it was told.

    Who stands behind those it turns away hears of it with them, once.
    """
    width = timedelta(seconds=snapshot.site.dispatch.slot_s)
    return any(
        closure.gate == told.gate
        and closure.starts_at < told.starts_at + width
        and taken_end(closure, snapshot.site.policy.closure, snapshot.now) > snapshot.now
        and _is_news(trip, closure.changed_at)
        for closure in snapshot.closures
    )


def _takes_goods(site: Site, slot: Slot) -> bool:
    """Tell whether a slot's gate is still there, and open in it."""
    gate = site.gate_by_id.get(slot.gate)
    end = slot.starts_at + timedelta(seconds=site.dispatch.slot_s)
    return gate is not None and any(gate.opening.between(slot.starts_at, end))
