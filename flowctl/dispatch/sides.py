"""What no flow of single trucks can say: bounded priority, hauliers' shares, convoys, returns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.returns import Returns, return_faults
from flowctl.dispatch.supply import Column
from flowctl.policy import Policy
from flowctl.state import LiveTrip

Ints = NDArray[np.int64]

_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Bays:
    """``places`` bays at a gate (its column's number); a truck of ``kind`` blocks one ``slots``."""

    gate: int
    kind: int
    places: int
    slots: int


@dataclass(frozen=True, slots=True)
class Sides:
    """The rules beside capacity, and what they need to know of each of N trucks.

    ``priority`` [N] is 0 for most; ``lost`` [N] the places a truck lost to higher priorities before
    this plan. ``haulier`` [N] and ``convoy`` [N] number those named alike (-1: none named).
    A truck loses at most ``most_lost`` places to trucks of higher priority that are junior to it.
    Of a gate's places in a clock hour (UTC) one haulier gets at most ``most_share``, but never less
    than ``least_places``. The trucks of a convoy cross at one gate in one slot, or not at all. A
    truck with a ``bay`` [N] (-1: needs none) goes only where ``bays`` has that kind, and blocks it.
    ``returns`` says who has to come back in time (None: nobody).
    """

    priority: Ints
    lost: Ints
    haulier: Ints
    convoy: Ints
    most_lost: int
    most_share: float
    least_places: int
    bay: Ints
    bays: tuple[Bays, ...] = ()
    returns: Returns | None = None

    @property
    def none_apply(self) -> bool:
        """Tell whether no rule here can be broken by any plan."""
        named = (self.haulier >= 0).any() or (self.convoy >= 0).any() or (self.bay >= 0).any()
        return not ((self.priority > 0).any() or named or self.returns is not None)


def sides_of(
    trips: Sequence[LiveTrip],
    columns: Sequence[Column],
    policy: Policy,
    returns: Returns | None = None,
) -> Sides:
    """Return the rules of ``policy`` and of the gates' bays for trucks in the order given."""
    bay = _numbered([trip.needs for trip in trips])
    kinds = {trip.needs: number for trip, number in zip(trips, bay.tolist(), strict=True)}
    gates = {column.gate.id: (at, column.gate) for at, column in reversed([*enumerate(columns)])}
    return Sides(
        priority=np.array([trip.priority for trip in trips], dtype=np.int64),
        lost=np.array([trip.places_lost for trip in trips], dtype=np.int64),
        haulier=_numbered([trip.haulier for trip in trips]),
        convoy=_numbered([trip.convoy for trip in trips]),
        most_lost=policy.priority.most_places_lost,
        most_share=policy.haulier.most_share,
        least_places=policy.haulier.least_places,
        bay=bay,
        bays=tuple(
            Bays(at, kinds[one.kind], one.places, one.slots)
            for at, gate in sorted(gates.values(), key=lambda each: each[0])
            for one in gate.bays
            if one.kind in kinds
        ),
        returns=returns,
    )


def no_sides(trucks: int) -> Sides:
    """Return rules that bind nobody."""
    nobody = np.full(trucks, -1, dtype=np.int64)
    nothing = np.zeros(trucks, dtype=np.int64)
    return Sides(nothing, nothing, nobody, nobody, trucks, 1.0, 0, nobody)


def side_faults(sides: Sides, trucks: int) -> list[str]:
    """Return what is wrong with the rules, one sentence each."""
    faults = [
        f"{field.name} has shape {column.shape}; ({trucks},) is needed."
        for field in fields(sides)
        if isinstance(column := getattr(sides, field.name), np.ndarray)
        and column.shape != (trucks,)
    ]
    if not 0.0 <= sides.most_share <= 1.0:
        faults.append(f"most_share is {sides.most_share}; a share lies in 0..1.")
    if min(sides.most_lost, sides.least_places) < 0:
        faults.append("most_lost and least_places must not be negative.")
    if sides.returns is not None:
        faults += return_faults(sides.returns, trucks)
    return faults


def hours_of(starts: Ints) -> Ints:
    """Return the clock hour, counted from the first, in which each slot starts, [S]."""
    return np.unique(starts // _HOUR_S, return_inverse=True)[1].astype(np.int64)


def quota(sides: Sides, gate_of: Ints, capacity: Ints, starts: Ints) -> Ints:
    """Return how many places one haulier may have at each gate in each hour, [C, H].

    ``gate_of`` [C] gives the gate of each column of ``capacity`` [C, S]; only its rows are meant.
    """
    hour = hours_of(starts)
    of_hour = (hour[:, None] == np.arange(int(hour.max(initial=-1)) + 1)).astype(np.int64)
    of_gate = (gate_of[:, None] == np.arange(len(gate_of))).astype(np.int64)
    places = of_gate.T @ capacity @ of_hour
    share = np.floor(sides.most_share * places + 1e-9).astype(np.int64)
    return np.asarray(np.maximum(share, sides.least_places))


def _numbered(names: Sequence[str | None]) -> Ints:
    """Give names numbers in the order of their first use; -1 where there is none."""
    index: dict[str, int] = {}
    return np.array(
        [-1 if name is None else index.setdefault(name, len(index)) for name in names],
        dtype=np.int64,
    )
