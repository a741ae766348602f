"""What drivers were told: which slots need no new message, and whose place stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from flowctl.dispatch.hand import Fixed
from flowctl.dispatch.problem import Ints
from flowctl.dispatch.through import Through
from flowctl.site import DispatchParams
from flowctl.state import LiveTrip


@dataclass(frozen=True, slots=True)
class Told:
    """Per truck the gate told (-1: none) and the first and last slot that need no message, [N]."""

    gate: Ints
    first: Ints
    last: Ints


@dataclass(frozen=True, slots=True)
class Frame:
    """The columns and slots that trucks are laid into, as in `DispatchProblem`.

    ``index`` gives the number of each gate, ``gate_of`` [C] the gate of each column.
    """

    index: Mapping[str, int]
    gate_of: Ints
    starts: Ints
    capacity: Ints
    earliest: Ints
    through: Through | None


def keeps(rules: DispatchParams, told_at: datetime, now: datetime) -> tuple[float, float]:
    """Return by how much a slot may come earlier and later than told without a message, seconds.

    The further away the slot, the more it may drift: what is eight hours off will drift again.
    """
    share_s = rules.change_share * max((told_at - now).total_seconds(), 0.0)
    return max(rules.least_change_s, share_s), max(rules.late_tolerance_s, share_s)


def promises_of(
    trips: Sequence[LiveTrip], now: datetime, rules: DispatchParams, frame: Frame
) -> Told:
    """Return what each driver was told, as far as it can still be kept."""
    gate = np.full(len(trips), -1, dtype=np.int64)
    first, last = np.zeros_like(gate), np.full_like(gate, -1)
    heard = [
        (at, frame.index[told.gate], told.starts_at)
        for at, trip in enumerate(trips)
        if (told := trip.told) is not None and told.gate in frame.index
    ]
    row = np.array([at for at, _, _ in heard], dtype=np.int64)
    told_s = np.array([starts_at.timestamp() for _, _, starts_at in heard])
    spans = [keeps(rules, starts_at, now) for _, _, starts_at in heard]
    early_s, late_s = np.array(spans, dtype=np.float64).reshape(-1, 2).T
    gate[row] = [number for _, number, _ in heard]
    there = frame.gate_of == gate[row][:, None]
    reached = np.where(there, frame.earliest[row], len(frame.starts))
    soonest = np.searchsorted(frame.starts, told_s - early_s, "right")
    first[row] = np.maximum(soonest, reached.min(axis=1, initial=len(frame.starts)))
    last[row] = np.searchsorted(frame.starts, told_s + late_s, "right") - 1
    return Told(gate, first, last)


def frozen_of(
    trips: Sequence[LiveTrip],
    rank: Ints,
    now: datetime,
    rules: DispatchParams,
    told: Told,
    frame: Frame,
    fixed: Sequence[Fixed] = (),
) -> tuple[Ints, Ints]:
    """Give the trucks whose slot is about to come, or has come, the place they were told.

    Before them those whose place is an operator's word (``fixed``), as far as there is room. Then
    in the order told; each the first place left from its slot on, as long as no message is needed.
    One that finds none is free again. Returns column and slot of each truck, [N], -1 where free.
    """
    room = _Room(frame)
    gate = np.full(len(trips), -1, dtype=np.int64)
    slot = gate.copy()
    horizon = now + timedelta(seconds=rules.freeze_s)
    row_of = {trip.id: at for at, trip in enumerate(trips)} if fixed else {}
    for one in fixed:
        row = row_of.get(one.trip_id)
        if row is not None and slot[row] < 0:
            numbers = [frame.index[name] for name in one.gates if name in frame.index]
            first, last = _span(frame, one.starts_at)
            slot[row], gate[row] = room.take(row, numbers, first, last)
    due = [
        (trip.told.starts_at, int(rank[at]), at)
        for at, trip in enumerate(trips)
        if trip.told is not None
        and told.gate[at] >= 0
        and slot[at] < 0
        and trip.told.starts_at <= horizon
    ]
    for starts_at, _, at in sorted(due):
        from_slot = int(np.searchsorted(frame.starts, starts_at.timestamp(), "left"))
        slot[at], gate[at] = room.take(at, [int(told.gate[at])], from_slot, int(told.last[at]))
    return gate, slot


def _span(frame: Frame, starts_at: datetime | None) -> tuple[int, int]:
    """Return the first and last slot of a word; none where it names one that is not open."""
    if starts_at is None:
        return 0, len(frame.starts) - 1
    at = int(np.searchsorted(frame.starts, starts_at.timestamp(), "left"))
    there = at < len(frame.starts) and frame.starts[at] == starts_at.timestamp()
    return at, at if there else -1


class _Room:
    """The places of columns and in-gate yards that are left as trucks are laid into them."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._room = frame.capacity.copy()
        self._passages = None if frame.through is None else frame.through.room.copy()

    def take(self, truck: int, gates: Sequence[int], first: int, last: int) -> tuple[int, int]:
        """Give a truck the first place at these gates from ``first`` to ``last``.

        Returns slot and column, -1 each where there is none.
        """
        frame = self._frame
        found = [
            (place, column)
            for gate in gates
            for column in np.flatnonzero(frame.gate_of == gate).tolist()
            if (place := self._first(truck, column, first)) is not None and place <= last
        ]
        if not found:
            return -1, -1
        slot, column = min(found)
        self._room[column, slot] -= 1
        if self._passages is not None and frame.through is not None:
            passage = frame.through.of[truck, column]
            if passage >= 0:
                self._passages[passage, slot] -= 1
        return slot, column

    def _first(self, truck: int, column: int, from_slot: int) -> int | None:
        frame = self._frame
        begin = max(from_slot, int(frame.earliest[truck, column]))
        free = self._room[column, begin:] > 0
        if self._passages is not None and frame.through is not None:
            passage = frame.through.of[truck, column]
            if passage >= 0:
                free = free & (self._passages[passage, begin:] > 0)
        return begin + int(np.argmax(free)) if free.any() else None
