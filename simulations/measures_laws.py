"""What must hold in every played day: no truck lost or in two places, and Little's law."""

import numpy as np
from numpy.typing import NDArray

from flowctl.errors import FlowctlError
from simulations.records import Records
from simulations.streams import Column

_TOLERANCE_S = 1e-3  # double precision of epoch seconds, summed over a day's trucks


def check(records: Records) -> None:
    """Check that no truck is lost or in two places, and that Little's law holds.

    Raises
    ------
    FlowctlError
        Names the law that is broken and the gate: the engine is wrong, not the day.
    """
    for k, name in enumerate(records.gates):
        rows = records.gate == k
        _check_order(records, rows, name)
        _check_floor(records, rows, name, records.places[k])
        comes, goes = records.gate_at[rows], leaves_at(records)[rows]
        here = ~np.isnan(comes)
        queue_s = _area(comes[here], goes[here], records.ends)
        waited_s = float(until(comes, goes, records.ends)[here].sum())
        if abs(queue_s - waited_s) > _TOLERANCE_S * max(1, int(rows.sum())):
            raise FlowctlError(
                f"Little's law is broken at '{name}': the queue held {queue_s:.1f} truck-seconds, "
                f"its trucks waited {waited_s:.1f} s."
            )


def leaves_at(records: Records) -> Column:
    """Return when each truck's waiting ended: screened, or gone home; NaN while it waits."""
    return np.asarray(np.fmin(records.start_at, records.turned_at))


def until(begin: Column, end: Column, last: float) -> Column:
    """Return how long each truck was between two events, cut at ``last``; NaN if it never began."""
    return np.asarray(np.where(np.isnan(end), last, np.minimum(end, last)) - begin)


def present(at: Column, enters: Column, leaves: Column) -> NDArray[np.int64]:
    """Return how many had entered and not left at each moment, both inclusive of it.

    ``enters`` and ``leaves`` are sorted; NaN at their end are those who did not.
    """
    entered = np.searchsorted(enters, at, side="right")
    left = np.searchsorted(leaves, at, side="right")
    return np.asarray(entered - left, np.int64)


def _check_order(records: Records, rows: NDArray[np.bool_], name: str) -> None:
    """Refuse a truck that did a later thing without, or before, an earlier one."""
    export = rows & ~records.is_import
    stages = {
        "ready before its yard": (export, records.yard_at, records.ready_at),
        "at the gate before it was released": (export, records.released_at, records.gate_at),
        "screened before it was at the gate": (rows, records.gate_at, records.start_at),
        "cleared before it was screened": (rows, records.start_at, records.clear_at),
    }
    for what, (of, first, second) in stages.items():
        happened = of & ~np.isnan(second)
        if not np.all(first[happened] <= second[happened]):
            raise FlowctlError(f"A truck of '{name}' was {what}.")
    if np.any(rows & ~np.isnan(records.turned_at) & ~np.isnan(records.start_at)):
        raise FlowctlError(f"A truck of '{name}' went home and was screened.")


def _check_floor(records: Records, rows: NDArray[np.bool_], name: str, places: int) -> None:
    """Refuse more trucks in screening than places, and trucks of one direction out of order."""
    begun = rows & ~np.isnan(records.start_at)
    moments = np.sort(records.start_at[begun])
    busiest = present(moments, moments, np.sort(records.clear_at[begun])).max(initial=0)
    if busiest > places:
        raise FlowctlError(f"At '{name}' {busiest} trucks were screened at {places} places.")
    for direction in (False, True):
        here = begun & (records.is_import == direction)
        order = np.lexsort((records.start_at[here], records.gate_at[here]))
        if np.any(np.diff(records.start_at[here][order]) < 0):
            raise FlowctlError(f"At '{name}' a truck overtook another of its direction.")


def _area(enters: Column, leaves: Column, last: float) -> float:
    """Return the number present integrated over time up to ``last``, from the events in order."""
    enters, leaves = enters[enters <= last], leaves[leaves <= last]
    at = np.concatenate([enters, leaves, [last]])
    change = np.concatenate([np.ones(len(enters)), -np.ones(len(leaves)), [0.0]])
    order = np.argsort(at, kind="stable")
    number = np.cumsum(change[order])[:-1]
    return float(np.dot(number, np.diff(at[order])))
