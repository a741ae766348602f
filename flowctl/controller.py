"""The core's one step: from what is known to what is decided. Pure: no I/O, no clock, no memory.

All that one tick hands to the next is in the snapshot: what was told and who was released. What
makes a plan due at once is compared with the tick before (`step`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

import numpy as np

from flowctl.closures import Closure
from flowctl.dispatch.exchanges import exchanges
from flowctl.dispatch.framing import problem_of
from flowctl.dispatch.hand import as_metered
from flowctl.dispatch.legs import Move, moves
from flowctl.dispatch.lending import uses_of
from flowctl.dispatch.locks import list_slotless
from flowctl.dispatch.metering import Approach, Release, approaches, call_up
from flowctl.dispatch.notices import Notice, notices
from flowctl.dispatch.overtakes import Facts, Overtake, Unexplained, overtakes
from flowctl.dispatch.plan import Plan
from flowctl.dispatch.planning import make_plan
from flowctl.dispatch.problem import DispatchProblem
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.room import FreePlace, free_places
from flowctl.dispatch.standby import (
    Expired,
    Swap,
    expiries,
    fills,
    swaps,
    with_expired,
    with_swaps,
)
from flowctl.dispatch.supply import Column, columns_of
from flowctl.dispatch.telling import Telling, freed, tellings
from flowctl.lanes import LaneUse, SlotPrice
from flowctl.state import GateHistory, Snapshot, Stage
from flowctl.traffic.capacity import CapacityEstimate, Rate
from flowctl.traffic.collapse import GateMode
from flowctl.traffic.lane_loss import estimate_open

__all__ = ["Decision", "Disruption", "GateFigures", "Release", "Telling", "step", "tick"]

ROOM_AHEAD = timedelta(hours=24)
"""So far ahead drivers may choose among free places; further away much will change."""

STATE_KEPT = timedelta(minutes=10)
"""How long a cleared trip stays active, so that its last fixes still belong to it."""


@dataclass(frozen=True, slots=True)
class GateFigures:
    """A gate at one tick: what it takes (trucks an hour, 90 % interval) and what is around it.

    ``queued`` and ``in_lane`` count both directions; ``waiting`` the exports standing in yards.
    ``exports`` and ``imports`` are what either direction gets while it always waits. ``state``
    tells how the gate works against what it usually does, ``state_since`` from when on.
    """

    gate: str
    capacity_per_h: float
    capacity_low: float
    capacity_high: float
    n_target: float
    in_transit: int
    queued: int
    in_lane: int
    waiting: int
    exports: Rate
    imports: Rate
    state: GateMode
    state_since: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What one tick decided.

    ``plan`` is None where none was due, or none could be made that holds; ``faults`` says why the
    solver's plan was not used. ``unserved`` names the trips for which no slot was found.
    ``overtakes`` says whom the released trucks pass and why; ``unexplained`` is a fault of the
    rules, kept without a reason and logged. ``notices`` are what drivers hear that is no slot.
    ``prices`` are what one more place would have saved, in the plan's unit of cost, by gate and
    begin of the slot, where that is anything. ``moves`` are calls to an in-gate yard, ``expired``
    call-ups that were not followed, ``swaps`` slots that two drivers exchange. ``lanes`` are the
    places of lane classes that lend each other some, by the plan; ``room`` are the places of the
    next `ROOM_AHEAD` that it left free. ``problem`` is what the plan answers.
    """

    plan: Plan | None
    tellings: tuple[Telling, ...]
    releases: tuple[Release, ...]
    gates: tuple[GateFigures, ...]
    unserved: tuple[int, ...] = ()
    faults: tuple[str, ...] = ()
    overtakes: tuple[Overtake, ...] = ()
    unexplained: tuple[Unexplained, ...] = ()
    notices: tuple[Notice, ...] = ()
    prices: tuple[SlotPrice, ...] = ()
    moves: tuple[Move, ...] = ()
    expired: tuple[Expired, ...] = ()
    swaps: tuple[Swap, ...] = ()
    lanes: tuple[LaneUse, ...] = ()
    room: tuple[FreePlace, ...] = ()
    problem: DispatchProblem | None = None


@dataclass(frozen=True, slots=True)
class Disruption:
    """What makes a plan due at once when it changes.

    Closures, which gates surely take less, the acts of operators with whether each has begun, and
    the trips whose slot, as told, their stages do not allow any more.
    """

    closures: tuple[Closure, ...] = ()
    slow: tuple[tuple[str, GateMode], ...] = ()
    acts: tuple[tuple[int, bool], ...] = ()
    void: tuple[int, ...] = ()

    @staticmethod
    def of(snapshot: Snapshot, decision: Decision) -> "Disruption":
        """Return what holds now; a closure that ends drops out, one that was entered comes in."""
        now, low = snapshot.now, (GateMode.REDUCED, GateMode.STOPPED)
        return Disruption(
            tuple(one for one in snapshot.closures if one.ends_at is None or one.ends_at > now),
            tuple((gate.gate, gate.state) for gate in decision.gates if gate.state in low),
            tuple((act.id, act.lasts(now)) for act in snapshot.acts),
            tuple(trip.id for trip in list_slotless(snapshot) if trip.told is not None),
        )


def step(
    snapshot: Snapshot, *, plan_due: bool, before: Disruption | None
) -> tuple[Decision, Disruption]:
    """Decide from a snapshot, with a plan where one is due or something else holds than before.

    Parameters
    ----------
    snapshot, plan_due
        As of `tick`.
    before
        What the step before returned, None of the first.
    """
    decision = tick(snapshot, plan_due=plan_due)
    found = Disruption.of(snapshot, decision)
    if decision.plan is None and before is not None and before != found:
        decision = tick(snapshot, plan_due=True)
    return decision, found


def list_passed(snapshot: Snapshot) -> dict[int, str]:
    """Return the trips that are over, each with the gate it passed."""
    return {
        trip.id: trip.queued_gate or trip.released_gate or trip.gates[0]
        for trip in snapshot.trips
        if trip.stage is Stage.CLEARED
        and trip.cleared_at is not None
        and trip.cleared_at < snapshot.now - STATE_KEPT
    }


class _OfTrip(Protocol):
    """What a decision says of one trip."""

    @property
    def trip_id(self) -> int: ...


_Said = TypeVar("_Said", bound=_OfTrip)


def trips_named(decision: Decision) -> set[int]:
    """Return the trips that a decision says anything of."""
    told: tuple[tuple[_OfTrip, ...], ...] = (
        decision.tellings,
        decision.notices,
        decision.releases,
        decision.moves,
        decision.expired,
    )
    named = {one.trip_id for group in told for one in group}
    return named | {trip for swap in decision.swaps for trip in (swap.gives, swap.takes)}


def without(decision: Decision, trips: Collection[int]) -> Decision:
    """Return a decision without what it says of these trips, which are over or being changed."""
    if not trips:
        return decision
    return replace(
        decision,
        tellings=_but(decision.tellings, trips),
        notices=_but(decision.notices, trips),
        releases=_but(decision.releases, trips),
        overtakes=_but(decision.overtakes, trips),
        unexplained=_but(decision.unexplained, trips),
        moves=_but(decision.moves, trips),
        expired=_but(decision.expired, trips),
        swaps=tuple(
            swap for swap in decision.swaps if swap.gives not in trips and swap.takes not in trips
        ),
    )


def _but(said: Iterable[_Said], trips: Collection[int]) -> tuple[_Said, ...]:
    return tuple(one for one in said if one.trip_id not in trips)


def tick(snapshot: Snapshot, *, plan_due: bool) -> Decision:
    """Decide from a snapshot: who leaves a yard now and, where ``plan_due``, everyone's slot.

    Parameters
    ----------
    snapshot
        Site, moment, trips and gates.
    plan_due
        Make a plan too; metering alone is some hundred times cheaper.

    Returns
    -------
    Decision
        To be written and told in one transaction.
    """
    estimates = {
        gate.id: estimate_open(gate, _history(snapshot, gate.id), snapshot.now)
        for gate in snapshot.site.gates
    }
    expired = expiries(snapshot)
    snapshot = with_expired(snapshot, expired)
    asked = exchanges(snapshot)
    snapshot = with_swaps(snapshot, asked)
    found = swaps(snapshot, estimates)
    snapshot = with_swaps(snapshot, found)
    swapped = (*asked, *found)
    metered = as_metered(snapshot, estimates)
    slots = {trip.id: trip.told for trip in snapshot.trips if trip.told is not None}
    seen = approaches(snapshot, metered, slots)
    planned = _planned(snapshot, estimates, seen) if plan_due else _NOTHING
    # Who just exchanged a slot hears of that, and of the plan next time.
    planned = replace(planned, tellings=_without(planned.tellings, swapped))
    if planned.tellings:
        slots |= {telling.trip_id: telling.slot for telling in planned.tellings}
        seen = approaches(snapshot, metered, slots)
    free = fills(snapshot, expired, estimates)
    released = tuple(
        one
        for gate in seen
        for one in call_up(snapshot, gate, free.get(gate.gate.id, 0))[
            : _most(gate, estimates[gate.gate.id])
        ]
    )
    passed, unexplained = overtakes(snapshot, released, slots, _facts(released, expired))
    return Decision(
        plan=planned.plan,
        tellings=planned.tellings,
        releases=released,
        gates=_figures(seen, estimates),
        unserved=planned.unserved,
        faults=planned.faults,
        notices=planned.notices,
        prices=planned.prices,
        overtakes=passed,
        unexplained=unexplained,
        moves=moves(snapshot, seen, slots),
        expired=expired,
        swaps=swapped,
        lanes=planned.lanes,
        room=planned.room,
        problem=planned.problem,
    )


def _without(told: Sequence[Telling], swapped: Sequence[Swap]) -> tuple[Telling, ...]:
    theirs = {trip for swap in swapped for trip in (swap.gives, swap.takes)}
    return tuple(telling for telling in told if telling.trip_id not in theirs)


def _facts(released: Sequence[Release], expired: Sequence[Expired]) -> Facts:
    return Facts(
        standby={one.trip_id for one in released if one.reason is Reason.STANDBY_FILL},
        no_shows={one.trip_id for one in expired if one.reason is Reason.NO_SHOW},
    )


def _most(approach: Approach, learned: CapacityEstimate) -> int | None:
    """Return how many may leave for a gate at most: where it stands still, for free places only."""
    if learned.state is not GateMode.STOPPED:
        return None
    return max(approach.gate.inspection_places - approach.load, 0)


@dataclass(frozen=True, slots=True)
class _Planned:
    """What a plan leads to; nothing where none was due."""

    plan: Plan | None = None
    tellings: tuple[Telling, ...] = ()
    unserved: tuple[int, ...] = ()
    faults: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    prices: tuple[SlotPrice, ...] = ()
    lanes: tuple[LaneUse, ...] = ()
    room: tuple[FreePlace, ...] = ()
    problem: DispatchProblem | None = None


_NOTHING = _Planned()


def _planned(
    snapshot: Snapshot,
    estimates: Mapping[str, CapacityEstimate],
    seen: Sequence[Approach],
) -> _Planned:
    """Make a plan that holds, and say who is to hear of it."""
    problem = problem_of(freed(snapshot, estimates), estimates, seen)
    plan, faults = make_plan(problem)
    if plan is None:
        return _Planned(faults=faults)
    return _Planned(
        plan=plan,
        tellings=tuple(tellings(snapshot, problem, plan, estimates)),
        unserved=tuple(problem.trip_ids[plan.slot < 0].tolist()),
        faults=faults,
        notices=tuple(notices(snapshot, problem, plan, estimates)),
        prices=_prices(problem, plan, columns_of(snapshot.site)),
        lanes=() if plan.lanes is None else uses_of(problem, plan.lanes, columns_of(snapshot.site)),
        room=free_places(problem, plan, columns_of(snapshot.site), until=snapshot.now + ROOM_AHEAD),
        problem=problem,
    )


def _prices(
    problem: DispatchProblem, plan: Plan, columns: Sequence[Column]
) -> tuple[SlotPrice, ...]:
    if plan.prices is None:
        return ()
    return tuple(
        SlotPrice(
            columns[at].gate.id,
            columns[at].lane_class,
            datetime.fromtimestamp(int(problem.starts[slot]), UTC),
            int(plan.prices[at, slot]),
        )
        for at, slot in np.argwhere(plan.prices > 0).tolist()
    )


def _history(snapshot: Snapshot, gate: str) -> GateHistory:
    """Return what was seen at a gate; nothing where the snapshot does not name it."""
    found = next((history for history in snapshot.gates if history.gate == gate), None)
    if found is not None:
        return found
    return GateHistory(gate, np.empty(0), np.empty(0), np.empty(0, dtype=np.bool_))


def _figures(
    seen: Sequence[Approach], estimates: Mapping[str, CapacityEstimate]
) -> tuple[GateFigures, ...]:
    figures = []
    for approach in seen:
        learned = estimates[approach.gate.id]
        inside = approach.exports + approach.imports
        in_lane = min(inside, approach.gate.inspection_places)
        figures.append(
            GateFigures(
                gate=approach.gate.id,
                capacity_per_h=learned.per_h,
                capacity_low=learned.low,
                capacity_high=learned.high,
                n_target=approach.n_target,
                in_transit=approach.in_transit,
                queued=inside - in_lane,
                in_lane=in_lane,
                waiting=approach.waiting,
                exports=learned.exports,
                imports=learned.imports,
                state=learned.state,
                state_since=learned.since,
            )
        )
    return tuple(figures)
