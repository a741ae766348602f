"""What operators' acts do to the order: who is held, pinned, brought forward, and what is said.

Every tick reads the acts that stand from its snapshot, so that the controller, an act's preview and
the simulation go by the same rules. Where nothing stands, nothing here costs anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from flowctl.hand import HOLDS, Act, ActKind, of_kind
from flowctl.state import LiveTrip, Slot, Snapshot
from flowctl.traffic.capacity import CapacityEstimate
from flowctl.traffic.collapse import GateMode

Floats = NDArray[np.float64]

Blocks = Mapping[int, Mapping[str, datetime | None]]
"""By held trip the gates it may not go to, each with until when (None: nobody knows)."""


def blocks_of(snapshot: Snapshot) -> Blocks:
    """Return which trucks are held from which gates now.

    A hold of a truck holds it from every gate, one of a class its trucks from the gate it names or
    from every one. New trucks of the class fall under it too.
    """
    holds = [act for act in of_kind(snapshot.acts, *HOLDS) if act.lasts(snapshot.now)]
    if not holds:
        return {}
    gates = tuple(gate.id for gate in snapshot.site.gates)
    found: dict[int, dict[str, datetime | None]] = {}
    for trip in snapshot.trips:
        for act in holds:
            if not _is_of(act, trip):
                continue
            mine = found.setdefault(trip.id, {})
            for gate in gates if act.gate is None else (act.gate,):
                mine[gate] = _later(mine[gate], act.ends_at) if gate in mine else act.ends_at
    return found


def _is_of(act: Act, trip: LiveTrip) -> bool:
    if act.trip_id is not None:
        return act.trip_id == trip.id
    return (
        (act.cargo is None or act.cargo == trip.cargo)
        and (act.haulier is None or act.haulier == trip.haulier)
        and (act.gate is None or act.gate in trip.gates)
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)


def is_held(trip: LiveTrip, blocks: Blocks, *, endless: bool = False) -> bool:
    """Tell whether a truck is held from all gates it may use; ``endless``: without a known end."""
    mine = blocks.get(trip.id)
    if mine is None:
        return False
    if endless:
        return all(gate in mine and mine[gate] is None for gate in trip.gates)
    return all(gate in mine for gate in trip.gates)


def not_before_s(
    snapshot: Snapshot, trips: Sequence[LiveTrip], gates: Sequence[str], blocks: Blocks
) -> Floats | None:
    """Return before when trucks do not leave for the gates of columns, epoch s, [N, C].

    A hold of unknown end is taken to last as long as a closure of one. None where nobody is held.
    """
    if not blocks:
        return None
    assumed = snapshot.now + timedelta(seconds=snapshot.site.policy.closure.unknown_end_s)
    found = np.full((len(trips), len(gates)), -np.inf)
    for row, trip in enumerate(trips):
        mine = blocks.get(trip.id)
        if mine is not None:
            found[row] = [
                (mine[gate] or assumed).timestamp() if gate in mine else -np.inf for gate in gates
            ]
    return found


@dataclass(frozen=True, slots=True)
class Fixed:
    """A truck whose place in the plan is an operator's word, before every promise.

    It goes to one of ``gates``: in the slot that begins at ``starts_at``, or in the first it can
    make where that is None.
    """

    trip_id: int
    gates: tuple[str, ...]
    starts_at: datetime | None


def fixed_of(snapshot: Snapshot) -> list[Fixed]:
    """Return the trucks brought forward, then those pinned, in the order of the acts.

    Of a truck that the plan has to fit in with others, or with a bay or a return, only the turn in
    its yard is an operator's word.
    """
    if not snapshot.acts:
        return []
    trips = {
        trip.id: trip
        for trip in snapshot.trips
        if trip.convoy is None and trip.needs is None and trip.returns_within_h is None
    }
    forward = [
        Fixed(act.trip_id, trips[act.trip_id].gates if act.gate is None else (act.gate,), None)
        for act in of_kind(snapshot.acts, ActKind.FORWARD)
        if act.trip_id in trips
    ]
    return forward + [
        Fixed(act.trip_id, (act.gate,), act.starts_at)
        for act in of_kind(snapshot.acts, ActKind.PIN)
        if act.trip_id in trips and act.gate is not None
    ]


def pins_of(snapshot: Snapshot) -> dict[int, Slot]:
    """Return the slots that trucks are pinned to."""
    return {
        act.trip_id: Slot(act.gate, act.starts_at)
        for act in of_kind(snapshot.acts, ActKind.PIN)
        if act.trip_id is not None and act.gate is not None and act.starts_at is not None
    }


def forwards_of(snapshot: Snapshot) -> dict[int, Act]:
    """Return the acts by which trucks are brought forward, in their order."""
    return {
        act.trip_id: act
        for act in of_kind(snapshot.acts, ActKind.FORWARD)
        if act.trip_id is not None
    }


def words_of(acts: Iterable[Act], gate: str) -> list[Act]:
    """Return what operators say a gate takes, in order of begin; never two at one moment."""
    said = (act for act in acts if act.kind is ActKind.CAPACITY and act.gate == gate)
    return sorted(
        (act for act in said if act.starts_at and act.ends_at and act.starts_at < act.ends_at),
        key=lambda act: act.starts_at or act.changed_at,
    )


def said_per_h(words: Sequence[Act], start_s: float, end_s: float) -> tuple[float, float]:
    """Return what is said of a span of time: the mean rate (per h), and of which share of it."""
    covered = trucks = 0.0
    for act in words:
        if act.starts_at is None or act.ends_at is None or act.per_h is None:
            continue
        overlap = min(act.ends_at.timestamp(), end_s) - max(act.starts_at.timestamp(), start_s)
        covered += max(overlap, 0.0)
        trucks += max(overlap, 0.0) * act.per_h
    if covered <= 0.0 or end_s <= start_s:
        return 0.0, 0.0
    return trucks / covered, covered / (end_s - start_s)


def as_metered(
    snapshot: Snapshot, estimates: Mapping[str, CapacityEstimate]
) -> Mapping[str, CapacityEstimate]:
    """Return what call-ups go by: the word that holds now, as far as the gate bears it out.

    Planning takes an operator's word for its time. Trucks are called up by it too, but never by
    more than the most that the gate may take by what was seen of it (``high``): a word that the
    gate does not bear out fills slots on paper, and no road before it.
    """
    heard = dict(estimates)
    for gate, learned in estimates.items():
        word = next((act for act in words_of(snapshot.acts, gate) if act.lasts(snapshot.now)), None)
        if word is None or word.per_h is None:
            continue
        rate = min(word.per_h, learned.high)
        usual = learned.usual_per_h
        if learned.state in (GateMode.REDUCED, GateMode.STOPPED):
            usual = None if usual is None else min(usual, word.per_h)
        elif usual is not None:
            usual = rate
        heard[gate] = replace(learned, per_h=rate, usual_per_h=usual)
    return heard


def news_of(snapshot: Snapshot) -> dict[str, list[tuple[datetime, datetime]]]:
    """Return by gate when something was said of it lately, and from when on that changes slots.

    As after a closure, all slots told before then give way together for a while.
    """
    news = timedelta(seconds=snapshot.site.dispatch.freeze_s)
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for act in snapshot.acts:
        of_gate = act.kind in (ActKind.CAPACITY, ActKind.OPEN_GATE)
        if of_gate and act.gate is not None and snapshot.now - act.changed_at <= news:
            begins = act.starts_at or act.changed_at
            found.setdefault(act.gate, []).append((act.changed_at, begins))
    return found
