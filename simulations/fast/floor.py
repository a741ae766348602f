"""The places of a gate that serve two queues inside opening hours, as a compiled recursion.

`GateFloor` in a world of events does the same truck for truck. Here the next screening begins when
the next truck has come and the next place is free (Kiefer and Wolfowitz, Trans. Amer. Math. Soc.
78, 1955), or when the gate opens then: nothing need be kept in the order of events.
"""

from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulations.compiled import borrowing, inlined
from simulations.streams import Column

Indices = NDArray[np.int64]

# What ``counts`` of a floor counts.
COME, BEGUN, IMPORTS_BEGUN, LAST_IMPORT, STAFFED, PLACES = range(6)


class Floor(NamedTuple):
    """A gate's places with what stands before them; every array is changed in place.

    ``free_at`` is when each place is done with its last truck, ``holds_import`` which direction
    that had; [places]. ``line`` are the exports in the order of
    their coming, ``imports`` those of the day in theirs. The gate is truly open from ``opens`` to
    ``closes``; from ``staff_at`` on it has ``staff`` places, the last since
    ``staffed_at`` (of one item). From ``held_from`` to ``held_until``
    an export does not begin sooner than ``gap_s`` after the one before it, which was at
    ``export_at`` (of one item). An export that has not begun by ``patient_until`` goes home; [n].
    Unless trucks come, nothing begins before ``next_at`` (of one item).
    """

    free_at: Column
    holds_import: NDArray[np.bool_]
    line: Indices
    imports: Indices
    opens: Column
    closes: Column
    staff_at: Column
    staff: Indices
    staffed_at: Column
    held_from: Column
    held_until: Column
    gap_s: Column
    export_at: Column
    next_at: Column
    patient_until: Column
    patient: bool
    counts: Indices


class Times(NamedTuple):
    """What becomes of each truck, epoch seconds, [n]; NaN where nothing does."""

    released_at: Column
    left_at: Column
    gate_at: Column
    start_at: Column
    clear_at: Column
    ignored_at: Column
    turned_at: Column


@inlined
def _first_free(floor: Floor) -> int:
    """Return the place that has been done with its truck for longest, or will be first."""
    chosen = 0
    for place in range(1, len(floor.free_at)):
        if floor.free_at[place] < floor.free_at[chosen]:
            chosen = place
    return chosen


@borrowing
def _free_from(floor: Floor, first: int) -> float:
    """Return when fewer trucks are in screening than places work, by the trucks there now.

    Where places were shut their trucks are finished: so many must leave before another begins.
    """
    more = len(floor.free_at) - floor.counts[PLACES]
    if more == len(floor.free_at):
        return inf
    at = floor.free_at[first]
    for _ in range(more):
        after, alike = inf, 0
        for other in floor.free_at:
            alike += other == at
            if at < other < after:
                after = other
        more -= alike
        if more < 0:
            break
        at = after
    return float(max(at, floor.staffed_at[0]))


@inlined
def _opened(floor: Floor, at: float) -> float:
    """Return the first open moment from ``at`` on, inf if there is none."""
    for window in range(len(floor.opens)):
        if at < floor.closes[window]:
            return max(at, float(floor.opens[window]))
    return inf


@inlined
def _held_until(floor: Floor, at: float) -> float:
    """Return when to look again at exports that the other side holds up; ``at``: it does not."""
    gap_s, again = -1.0, inf
    for limit in range(len(floor.gap_s)):
        if floor.held_from[limit] <= at < floor.held_until[limit]:
            gap_s = max(gap_s, floor.gap_s[limit])
            again = min(again, floor.held_until[limit])
    if gap_s < 0.0:
        return at
    goes_at = inf if gap_s == inf else floor.export_at[0] + gap_s
    return at if at >= goes_at else min(goes_at, again)


@inlined
def _may_begin(floor: Floor, at: float) -> float:
    """Return the first moment from ``at`` on at which the gate is open and the other side lets."""
    while at < inf:
        at = _opened(floor, at)
        again = _held_until(floor, at)
        if again == at:
            break
        at = again
    return at


@inlined
def _next_export(floor: Floor, times: Times, free_at: float, until: float) -> float:
    """Return when the next export could begin; those before it that cannot wait go home."""
    counts = floor.counts
    while counts[BEGUN] < counts[COME]:
        truck = floor.line[counts[BEGUN]]
        came = times.gate_at[truck]
        at = _may_begin(floor, max(came, free_at))
        leaves = max(floor.patient_until[truck], came)
        if at < leaves or at == came:
            return at
        if leaves >= until:
            return inf
        times.turned_at[truck] = leaves
        counts[BEGUN] += 1
    return inf


@borrowing
def _begin_before(floor: Floor, times: Times, service_s: Column, until: float) -> None:
    """Begin every screening that begins before ``until``; all who come by then are known."""
    counts = floor.counts
    while True:
        place = _first_free(floor)
        free_at = _free_from(floor, place)
        export_at, import_at = _next_export(floor, times, free_at, until), inf
        if counts[IMPORTS_BEGUN] < len(floor.imports):
            came = times.gate_at[floor.imports[counts[IMPORTS_BEGUN]]]
            import_at = inf if came >= until else _opened(floor, max(came, free_at))
        at = min(export_at, import_at)
        if at >= until:
            floor.next_at[0] = at
            return
        takes_import = import_at < export_at
        if import_at == export_at:
            # Of what happens at one moment, imports that come are first, then an opening.
            just_came = times.gate_at[floor.line[counts[BEGUN]]] == at
            takes_import = just_came or counts[LAST_IMPORT] == 0
        if takes_import:
            truck = floor.imports[counts[IMPORTS_BEGUN]]
            counts[IMPORTS_BEGUN] += 1
        else:
            truck = floor.line[counts[BEGUN]]
            counts[BEGUN] += 1
            floor.export_at[0] = at
        counts[LAST_IMPORT] = takes_import
        floor.holds_import[place] = takes_import
        times.start_at[truck] = at
        times.clear_at[truck] = floor.free_at[place] = at + service_s[truck]


@borrowing
def _go_home(floor: Floor, times: Times, until: float) -> None:
    """Let those go home whose patience is over by ``until``, wherever they stand in the line."""
    counts = floor.counts
    end = counts[COME]
    for place in range(counts[COME] - 1, counts[BEGUN] - 1, -1):
        truck = floor.line[place]
        leaves = max(floor.patient_until[truck], times.gate_at[truck])
        if leaves <= until:
            times.turned_at[truck] = leaves
        else:
            end -= 1
            floor.line[end] = truck
    counts[BEGUN] = end


@borrowing
def serve(floor: Floor, times: Times, service_s: Column, until: float) -> None:
    """Let everything happen at the places up to ``until``, that moment included."""
    counts = floor.counts
    while counts[STAFFED] < len(floor.staff) and floor.staff_at[counts[STAFFED]] <= until:
        at = floor.staff_at[counts[STAFFED]]
        _begin_before(floor, times, service_s, at)
        counts[PLACES], floor.staffed_at[0] = floor.staff[counts[STAFFED]], at
        counts[STAFFED] += 1
    _begin_before(floor, times, service_s, np.nextafter(until, inf))
    if counts[STAFFED] < len(floor.staff):
        floor.next_at[0] = min(floor.next_at[0], floor.staff_at[counts[STAFFED]])
    if floor.patient:
        _go_home(floor, times, until)


@inlined
def join(floor: Floor, gate_at: Column, truck: int, begin: int) -> None:
    """Put an export into the line, behind those from ``begin`` on that came no later."""
    place = floor.counts[COME]
    while place > begin and gate_at[floor.line[place - 1]] > gate_at[truck]:
        floor.line[place] = floor.line[place - 1]
        place -= 1
    floor.line[place] = truck
    floor.counts[COME] += 1


@inlined
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
