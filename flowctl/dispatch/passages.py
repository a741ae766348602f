"""How many trucks can pass through the in-gate yards of a site into each slot."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np

from flowctl.dispatch.called import moving
from flowctl.dispatch.problem import Ints
from flowctl.dispatch.supply import Column
from flowctl.dispatch.through import Through, stay_slots, yard_room
from flowctl.site import Site
from flowctl.state import LiveTrip


def passages_of(
    site: Site,
    columns: Sequence[Column],
    capacity: Ints,
    yard: Ints,
    trips: Iterable[LiveTrip],
    now: datetime,
) -> Through | None:
    """Return the passages that the trucks' ways take, None where all go to their gates directly.

    A yard's free places are shared out to the columns it leads to by what these take in all.

    Parameters
    ----------
    capacity
        What each column takes in each slot, [C, S].
    yard
        The in-gate yard each truck passes through to each column, [N, C], -1 for none.
    trips
        All trips of the site: those that stand in a yard, or were called to it, fill it.
    """
    used = [
        (number, column)
        for column in range(len(columns))
        for number in np.unique(yard[:, column]).tolist()
        if number >= 0
    ]
    if not used:
        return None
    load = _yard_loads(trips, now)
    room = np.zeros((len(used), capacity.shape[1]), dtype=np.int64)
    for number in sorted({number for number, _ in used}):
        mine = [at for at, (other, _) in enumerate(used) if other == number]
        fed = capacity[[used[at][1] for at in mine]]
        stay = stay_slots(site.dispatch.via_stay_s, site.dispatch.slot_s)
        place = site.yards[number]
        free = yard_room(place.capacity, load[place.id], fed.sum(axis=0).tolist(), stay)
        room[mine] = _shared(np.array(free, dtype=np.int64), fed.sum(axis=1))
    of = np.full(yard.shape, -1, dtype=np.int64)
    for at, (number, column) in enumerate(used):
        of[yard[:, column] == number, column] = at
    return Through(
        tuple(site.yards[number].id for number, _ in used),
        np.array([column for _, column in used], dtype=np.int64),
        room,
        of,
    )


def _shared(free: Ints, parts: Ints) -> Ints:
    """Share ``free`` [S] places out by ``parts`` [P]; what rounding leaves goes to the last."""
    upto = np.cumsum(parts)
    ends = free[None, :] * upto[:, None] // max(int(upto[-1]), 1)
    return np.diff(ends, axis=0, prepend=0)


def _yard_loads(trips: Iterable[LiveTrip], now: datetime) -> Counter[str]:
    """Return the trucks that stand in each yard or are on their way to it by a call."""
    load: Counter[str] = Counter()
    for trip in trips:
        if trip.yard is not None:
            load[trip.yard] += 1
        elif trip.moving_to is not None and moving(trip, now):
            load[trip.moving_to] += 1
    return load
