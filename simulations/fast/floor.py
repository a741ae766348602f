"""The places of a gate that serve two queues inside opening hours, as a compiled recursion.

`GateFloor` in a world of events does the same truck for truck. Here the next screening begins when
the next truck has come and the next place is free (Kiefer and Wolfowitz, Trans. Amer. Math. Soc.
78, 1955), or when the gate opens then: nothing need be kept in the order of events.
"""

from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulations.compiled import compiled
from simulations.streams import Column

Indices = NDArray[np.int64]

# What ``counts`` of a floor counts.
COME, BEGUN, IMPORTS_BEGUN, LAST_IMPORT, WINDOW, STAFFED = range(6)


class Floor(NamedTuple):
    """A gate's places with what stands before them; every array is changed in place.

    ``free_at`` is when each place is done with its last truck, ``holds_import`` which direction
    that had, ``shut`` whether it takes another; [places]. ``line`` are the exports in the order of
    their coming, ``imports`` those of the day in theirs. The gate is truly open from ``opens`` to
    ``closes``; from ``staff_at`` on it has ``staff`` places.
    """

    free_at: Column
    holds_import: NDArray[np.bool_]
    shut: NDArray[np.bool_]
    line: Indices
    imports: Indices
    opens: Column
    closes: Column
    staff_at: Column
    staff: Indices
    counts: Indices


class Times(NamedTuple):
    """What becomes of each truck, epoch seconds, [n]; NaN where nothing does."""

    released_at: Column
    left_at: Column
    gate_at: Column
    start_at: Column
    clear_at: Column
    ignored_at: Column


@compiled
def _set_places(floor: Floor, places: int, at: float) -> None:
    """Shut or open places until ``places`` are open; a screening under way is finished."""
    opened = 0
    for place in range(len(floor.shut)):
        opened += not floor.shut[place]
    while opened != places:
        wanted = opened < places  # to be opened: one that is shut
        chosen = -1
        for place in range(len(floor.shut)):
            if floor.shut[place] == wanted and (
                chosen < 0 or floor.free_at[place] < floor.free_at[chosen]
            ):
                chosen = place
        floor.shut[chosen] = not wanted
        if wanted:
            floor.free_at[chosen] = max(floor.free_at[chosen], at)
        opened += 1 if wanted else -1


@compiled
def _first_free(floor: Floor) -> int:
    """Return the open place that is free first, -1 where all are shut."""
    chosen, soonest = -1, inf
    for place in range(len(floor.shut)):
        if floor.free_at[place] < soonest and not floor.shut[place]:
            chosen, soonest = place, floor.free_at[place]
    return chosen


@compiled
def _begin_before(floor: Floor, times: Times, service_s: Column, until: float) -> None:
    """Begin every screening that begins before ``until``; all who come by then are known."""
    counts = floor.counts
    while True:
        came, import_came = inf, inf
        if counts[BEGUN] < counts[COME]:
            came = times.gate_at[floor.line[counts[BEGUN]]]
        if counts[IMPORTS_BEGUN] < len(floor.imports):
            import_came = times.gate_at[floor.imports[counts[IMPORTS_BEGUN]]]
        at = min(came, import_came)
        if at >= until:
            return
        place = _first_free(floor)
        if place < 0:
            return
        at = max(at, floor.free_at[place])
        window = counts[WINDOW]
        while window < len(floor.opens) and at >= floor.closes[window]:
            window += 1
        if window == len(floor.opens):
            return
        at = max(at, floor.opens[window])
        if at >= until:
            return
        # Of what happens at one moment, imports that come are first, then an opening.
        takes_import = import_came <= at and (came >= at or counts[LAST_IMPORT] == 0)
        if takes_import:
            truck = floor.imports[counts[IMPORTS_BEGUN]]
            counts[IMPORTS_BEGUN] += 1
        else:
            truck = floor.line[counts[BEGUN]]
            counts[BEGUN] += 1
        counts[LAST_IMPORT] = takes_import
        counts[WINDOW] = window
        floor.holds_import[place] = takes_import
        times.start_at[truck] = at
        times.clear_at[truck] = floor.free_at[place] = at + service_s[truck]


@compiled
def serve(floor: Floor, times: Times, service_s: Column, until: float) -> None:
    """Let everything happen at the places up to ``until``, that moment included."""
    counts = floor.counts
    while counts[STAFFED] < len(floor.staff) and floor.staff_at[counts[STAFFED]] <= until:
        at = floor.staff_at[counts[STAFFED]]
        _begin_before(floor, times, service_s, at)
        _set_places(floor, floor.staff[counts[STAFFED]], at)
        counts[STAFFED] += 1
    _begin_before(floor, times, service_s, np.nextafter(until, inf))


@compiled
def join(floor: Floor, gate_at: Column, truck: int, begin: int) -> None:
    """Put an export into the line, behind those from ``begin`` on that came no later."""
    place = floor.counts[COME]
    while place > begin and gate_at[floor.line[place - 1]] > gate_at[truck]:
        floor.line[place] = floor.line[place - 1]
        place -= 1
    floor.line[place] = truck
    floor.counts[COME] += 1


@compiled
def busy_at(floor: Floor, at: float) -> tuple[int, int]:
    """Return how many places screen exports and imports at a moment."""
    exports, imports = 0, 0
    for place in range(len(floor.free_at)):
        if floor.free_at[place] > at:
            if floor.holds_import[place]:
                imports += 1
            else:
                exports += 1
    return exports, imports
