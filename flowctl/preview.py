"""What an act would change: the same tick on a copy, without the act and with it. Pure.

Nothing of it is written. The next tick with the act does what the second one decided, as long as
nothing else happens in between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from flowctl.closures import Closure, ExtraHours, check_closure, with_closures
from flowctl.controller import Decision, tick
from flowctl.dispatch.hand import blocks_of, is_held
from flowctl.dispatch.hand_checks import doubt, refusal
from flowctl.dispatch.problem import DispatchProblem
from flowctl.errors import FlowctlError, Refusal
from flowctl.hand import Act, ActKind, Effect, Moved, Place
from flowctl.site import Site
from flowctl.state import Snapshot

MOST_SHOWN = 20
NO_PLAN = Refusal(
    "No plan that holds was found with it; look at the gates first.", kind="no_plan"
)
_CHUNK = 256
"""Juniors looked at together, for memory."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def preview(site: Site, snapshot: Snapshot, act: Act) -> Effect:
    """Return what an act would change.

    Parameters
    ----------
    site
        As loaded, without its closures.
    snapshot
        What the controller would decide from now.
    act
        As it would be entered.
    """
    now = snapshot.now
    try:
        changed = with_act(site, snapshot, act)
    except FlowctlError as error:
        return Effect(now, refused=error.refusal)
    refused = refusal(snapshot, act)
    if refused is not None:
        return Effect(now, refused=refused)
    without = tick(snapshot, plan_due=True)
    having = tick(changed, plan_due=True)
    return compared(snapshot, without, changed, having, act)


def with_act(site: Site, snapshot: Snapshot, act: Act) -> Snapshot:
    """Return the snapshot in which an act stands.

    Raises
    ------
    FlowctlError
        It is a closure that cannot be.
    """
    closures, acts, now = snapshot.closures, (*snapshot.acts, act), snapshot.now
    if act.kind is ActKind.CLOSE_GATE and act.gate is not None:
        closure = Closure(
            0, act.gate, act.starts_at or now, act.ends_at, act.places_left, "", "", now
        )
        check_closure(site, closure, closures, now)
        closures, acts = (*closures, closure), snapshot.acts
    extra = [
        ExtraHours(gate.id, *span) for gate in snapshot.site.gates for span in gate.opening.extra
    ]
    if act.kind is ActKind.OPEN_GATE and act.gate and act.ends_at is not None:
        extra.append(ExtraHours(act.gate, act.starts_at or now, act.ends_at))
    elif act.kind is not ActKind.CLOSE_GATE:
        return replace(snapshot, acts=acts)
    left = with_closures(site, closures, now, extra)
    return replace(snapshot, site=left, closures=closures, acts=acts)


def compared(
    snapshot: Snapshot, without: Decision, changed: Snapshot, having: Decision, act: Act
) -> Effect:
    """Return what two decisions of one moment differ by."""
    now = snapshot.now
    if without.plan is None or having.plan is None or having.problem is None:
        return Effect(now, refused=NO_PLAN)
    before, after = slots_of(snapshot, without), slots_of(changed, having)
    if act.kind is ActKind.PIN and after.get(act.trip_id or 0) != _pinned(act):
        return Effect(now, refused=_full(changed, act))
    trips = sorted(before.keys() | after.keys())
    moved = [
        Moved(trip, before.get(trip), after.get(trip))
        for trip in trips
        if before.get(trip) != after.get(trip)
    ]
    shifts = [shift for one in moved if (shift := _shift_s(one)) is not None]
    return Effect(
        at=now,
        warning=_warning(act, without),
        moved=len(moved),
        earlier=sum(shift < 0.0 for shift in shifts),
        later=sum(shift > 0.0 for shift in shifts),
        mean_shift_s=sum(shifts) / len(shifts) if shifts else None,
        worst_later_s=int(max(shifts)) if shifts and max(shifts) > 0.0 else None,
        unserved=len(before) - len(after),
        overtaken=len(_overtaken(having.problem, before, after)),
        delay_cost_vnd=_delay_vnd(changed.site, having.problem, moved),
        trips=tuple(sorted(moved, key=_weight, reverse=True)[:MOST_SHOWN]),
    )


def slots_of(snapshot: Snapshot, decision: Decision) -> dict[int, Place]:
    """Return the slots of a decision's plan by trip; none where a hold's end is not known."""
    plan, problem = decision.plan, decision.problem
    if plan is None or problem is None:
        return {}
    blocks = blocks_of(snapshot)
    begin = [datetime.fromtimestamp(start, UTC) for start in problem.starts.tolist()]
    trips = {trip.id: trip for trip in snapshot.trips} if blocks else {}
    rows = zip(problem.trip_ids.tolist(), plan.gate.tolist(), plan.slot.tolist(), strict=True)
    return {
        trip: Place(problem.gates[gate], begin[slot])
        for trip, gate, slot in rows
        if slot >= 0 and not (trip in blocks and is_held(trips[trip], blocks, endless=True))
    }


def _pinned(act: Act) -> Place | None:
    return None if act.gate is None or act.starts_at is None else Place(act.gate, act.starts_at)


def _warning(act: Act, decision: Decision) -> Refusal | None:
    if act.kind is not ActKind.CAPACITY:
        return None
    seen = next((gate for gate in decision.gates if gate.gate == act.gate), None)
    return None if seen is None else doubt(act, seen.capacity_per_h, seen.capacity_high)


def _full(snapshot: Snapshot, act: Act) -> Refusal:
    at = (act.starts_at or snapshot.now).astimezone(snapshot.site.timezone)
    return Refusal(
        f"The slot {at:%H:%M} at {act.gate} has no place left for this truck: what the gate takes"
        " then is given to trucks on their way and to other pins; choose another slot.",
        kind="slot_full",
        values={"at": act.starts_at, "gate": act.gate},
    )


def _shift_s(one: Moved) -> float | None:
    if one.before is None or one.after is None:
        return None
    return (one.after.starts_at - one.before.starts_at).total_seconds()


def _weight(one: Moved) -> float:
    shift = _shift_s(one)
    return float("inf") if shift is None else abs(shift)


def _delay_vnd(site: Site, problem: DispatchProblem, moved: Sequence[Moved]) -> int:
    """Return what the trips that move wait more, VND: the linear share of the plan's cost."""
    rules = site.dispatch
    weight: dict[int, int] = dict(
        zip(problem.trip_ids.tolist(), problem.weight.tolist(), strict=True)
    )
    slots: list[float] = [
        weight.get(one.trip_id, 1) * shift / rules.slot_s
        for one in moved
        if (shift := _shift_s(one)) is not None
    ]
    return round(sum(slots) * rules.delay_linear * rules.unit_vnd)


def _overtaken(
    problem: DispatchProblem, before: Mapping[int, Place], after: Mapping[int, Place]
) -> set[int]:
    """Return the trips that a junior passes at their gate with the act, and not without it."""
    ids, ranks = problem.trip_ids.tolist(), problem.rank.tolist()
    kept = [row for row, trip in enumerate(ids) if trip in before]
    trips = [ids[row] for row in kept]
    rank = np.array([ranks[row] for row in kept], dtype=np.int64)
    number: dict[str, int] = {gate: at for at, gate in enumerate(problem.gates)}
    at, was = _columns(number, [before[trip] for trip in trips])
    to, will = _columns(number, [after.get(trip) for trip in trips])
    found = np.zeros(len(trips), dtype=np.bool_)
    moved = (was != will) | (at != to)
    for some in _chunks(np.flatnonzero(moved)):
        row = some[:, None]
        # Those that moved, as seniors: whom of all do they let pass now?
        passes = (rank[row] < rank) & (at[row] == to) & (will < will[row]) & (was >= was[row])
        found[some] |= passes.any(axis=1)
        # And as juniors: whom that did not move do they pass?
        passed = (rank < rank[row]) & (at == to[row]) & (will[row] < will) & (was[row] >= was)
        found |= passed.any(axis=0)
    return {trip for trip, flag in zip(trips, found.tolist(), strict=True) if flag}


def _columns(number: Mapping[str, int], places: Sequence[Place | None]) -> tuple[Ints, Floats]:
    """Return gates by number (-1: none) and begins of slots, epoch s (infinite: none)."""
    gates = [-1 if place is None else number.get(place.gate, -1) for place in places]
    begins = [np.inf if place is None else place.starts_at.timestamp() for place in places]
    return np.array(gates, dtype=np.int64), np.array(begins, dtype=np.float64)


def _chunks(rows: Ints) -> list[Ints]:
    return [rows[begin : begin + _CHUNK] for begin in range(0, len(rows), _CHUNK)]
