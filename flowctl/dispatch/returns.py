"""Trucks that come back: by which slot, and the places the import direction has for them.

A truck returns by the gate at which it crossed. Its return takes one of the places that are kept
for imports there, so that it costs exports nothing; but whoever crosses at a moment after which
those places are taken, or the gate is closed until its limit is over, cannot come back in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.supply import Column
from flowctl.site import Gate
from flowctl.state import LiveTrip, Snapshot

Ints = NDArray[np.int64]

NEVER_S = 2**60
"""A moment that does not come."""
_LOOK_DAYS = 60
"""How far ahead a gate's next opening is sought."""


@dataclass(frozen=True, slots=True)
class Returns:
    """Which of N trucks come back, and what C columns have for them in S slots.

    ``within_s`` [N] is how long after the begin of its slot a truck may come back at the latest
    (-1: it does not come back, or at any time); none is back before ``after_s``. ``room`` [C, S]
    are the places for returns at a gate, in the row of its first column, beside those of trucks
    that crossed before. ``beyond_s`` [C] is when the gate opens again after the last slot:
    nobody plans those days yet, and there is room for all.
    """

    within_s: Ints
    after_s: int
    room: Ints
    beyond_s: Ints


def return_faults(returns: Returns, trucks: int) -> list[str]:
    """Return what is wrong, one sentence each."""
    faults = []
    if returns.within_s.shape != (trucks,):
        faults.append(f"within_s has shape {returns.within_s.shape}; ({trucks},) is needed.")
    if returns.room.ndim != 2 or returns.beyond_s.shape != returns.room.shape[:1]:  # noqa: PLR2004 - rows and slots
        faults.append("room of returns must be given by column and slot, beyond_s by column.")
    faults += [
        f"{name} of returns must hold whole numbers."
        for name in ("within_s", "room", "beyond_s")
        if not np.issubdtype(getattr(returns, name).dtype, np.integer)
    ]
    if faults:
        return faults
    if (returns.room < 0).any():
        faults.append("room of returns must not be negative.")
    soon = (returns.within_s >= 0) & (returns.within_s < returns.after_s)
    if soon.any():
        faults.append(
            f"within_s must not lie below after_s = {returns.after_s}; "
            f"row {int(np.flatnonzero(soon)[0])} has {int(returns.within_s[soon][0])}."
        )
    return faults


def returns_of(
    snapshot: Snapshot,
    trips: Sequence[LiveTrip],
    columns: Sequence[Column],
    starts: Ints,
    imports: Ints,
) -> Returns | None:
    """Return what ``trips`` need to come back, None where none of them has to.

    Parameters
    ----------
    snapshot
        Site and moment, and the trucks that were called up or crossed already.
    trips
        The rows of the problem.
    columns, starts
        Of the problem.
    imports
        Places kept for imports at each gate, in the row of its first column, [C, S].
    """
    if not len(starts) or all(trip.returns_within_h is None for trip in trips):
        return None
    rules = snapshot.site.dispatch
    within_s = [
        -1 if trip.returns_within_h is None else round(trip.returns_within_h * 3600)
        for trip in trips
    ]
    end_s = int(starts[-1]) + rules.slot_s
    shares = np.floor(np.cumsum(imports * rules.return_share, axis=1) + 1e-9).astype(np.int64)
    room = np.diff(shares, axis=1, prepend=0)
    beyond = {gate.id: _opens_after(snapshot, gate, end_s) for gate in snapshot.site.gates}
    row = {column.gate.id: at for at, column in reversed(list(enumerate(columns)))}
    planned = {trip.id for trip in trips}
    jobs: dict[str, list[tuple[int, int]]] = {}
    for gate, crossed_s, limit_s in _away(snapshot, planned):
        soonest = max(crossed_s + rules.return_after_s, snapshot.now.timestamp())
        if gate in row and limit_s < beyond[gate]:
            job = spans(starts, soonest, limit_s)
            jobs.setdefault(gate, []).append(job)
    for gate, windows in jobs.items():
        taken = earliest_due(room[row[gate]].tolist(), windows)
        np.subtract.at(room[row[gate]], [slot for slot in taken if slot >= 0], 1)
    return Returns(
        within_s=np.array(within_s, dtype=np.int64),
        after_s=rules.return_after_s,
        room=room,
        beyond_s=np.array([beyond[column.gate.id] for column in columns], dtype=np.int64),
    )


def spans(starts: Ints, soonest_s: float, limit_s: float) -> tuple[int, int]:
    """Return the first and the last slot that begins from ``soonest_s`` to ``limit_s``."""
    first = int(np.searchsorted(starts, soonest_s, "left"))
    return first, int(np.searchsorted(starts, limit_s, "right")) - 1


def earliest_due(room: Sequence[int], windows: Sequence[tuple[int, int]]) -> list[int]:
    """Return the slot of each return, -1 where it finds none: whoever is due first goes first.

    Serves as many as can be served (F. Glover, *Naval Research Logistics Quarterly* 14, 1967). Of
    those due at once the earlier of the list goes first.
    """
    turn = sorted(range(len(windows)), key=lambda at: windows[at][0])
    ready: list[tuple[int, int]] = []
    given = [-1] * len(windows)
    came = 0
    for slot, left in enumerate(room):
        places = left
        while came < len(turn) and windows[turn[came]][0] <= slot:
            heappush(ready, (windows[turn[came]][1], turn[came]))
            came += 1
        while ready and places > 0:
            due, one = heappop(ready)
            if due >= slot:
                given[one] = slot
                places -= 1
    return given


def _opens_after(snapshot: Snapshot, gate: Gate, end_s: int) -> int:
    """Return when a gate takes imports again after ``end_s``, epoch s."""
    if "import" not in gate.directions:
        return NEVER_S
    end = datetime.fromtimestamp(end_s, UTC)
    day = end.astimezone(snapshot.site.timezone).date()
    for _ in range(_LOOK_DAYS):
        for opens, closes in gate.opening.windows(day):
            if closes > end:
                return int(max(opens, end).timestamp())
        day += timedelta(days=1)
    return NEVER_S


def _away(snapshot: Snapshot, planned: set[int]) -> list[tuple[str, float, float]]:
    """Return the trucks that are to come back and no rows: gate, crossing and limit, epoch s."""
    away = [
        (one.gate, one.crossed_at.timestamp(), one.back_by.timestamp()) for one in snapshot.crossed
    ]
    for trip in snapshot.trips:
        if trip.returns_within_h is None or trip.id in planned:
            continue
        moment = (trip.cleared_at or snapshot.now).timestamp()
        gate = trip.queued_gate or trip.released_gate or trip.gates[0]
        away.append((gate, moment, moment + trip.returns_within_h * 3600))
    return away
