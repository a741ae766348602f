"""Measures of a played day, each derived from the records of its trucks alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowctl.errors import FlowctlError
from simulations.records import Records
from simulations.streams import Column

_MINUTE_S = 60.0
_TOLERANCE_S = 1e-3  # double precision of epoch seconds, summed over a day's trucks


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What a day was like. Waits in seconds, of exports that had the wait, until the day's end.

    Attributes
    ----------
    minutes
        Epoch seconds of every minute, shape [m]; the series stand on it.
    queue
        Per gate the exports in its queue, not counting those being screened, shape [m].
    waiting
        Per gate the exports in yard, on the freight road and in the queue, shape [m].
    gate_wait_mean_s, gate_wait_p95_s
        From the entry of the gate's queue to the begin of screening, or to the day's end for
        trucks that still stand there; None where no truck came to a gate.
    total_wait_mean_s
        From ready for the gate to the begin of screening, or to the day's end.
    queue_max
        The longest export queue of any gate.
    cleared
        Trucks screened per gate and direction.
    waiting_at_end
        Per gate the exports that came and were not cleared by the day's end.
    starved_place_min
        Per gate the minutes that inspection places stood empty, in opening hours, while as many
        exports stood ready in a yard and were not let go.
    """

    minutes: Column
    queue: dict[str, NDArray[np.int64]]
    waiting: dict[str, NDArray[np.int64]]
    gate_wait_mean_s: float | None
    gate_wait_p95_s: float | None
    total_wait_mean_s: float | None
    queue_max: int
    cleared: dict[str, dict[str, int]]
    waiting_at_end: dict[str, int]
    starved_place_min: dict[str, float]


def measure(records: Records) -> Measures:
    """Derive every measure, after checking that the records can be true (see `check`)."""
    check(records)
    minutes = np.arange(records.starts, records.ends + _MINUTE_S / 2, _MINUTE_S)
    export = ~records.is_import
    gate_wait = _until(records.gate_at, records.start_at, records.ends)[export]
    total_wait = _until(records.ready_at, records.start_at, records.ends)[export]
    gate_wait, total_wait = (wait[~np.isnan(wait)] for wait in (gate_wait, total_wait))
    of_gate = {name: export & (records.gate == k) for k, name in enumerate(records.gates)}
    return Measures(
        minutes=minutes,
        queue={
            name: _present(minutes, records.gate_at[rows], records.start_at[rows])
            for name, rows in of_gate.items()
        },
        waiting={
            name: _present(minutes, records.yard_at[rows], records.start_at[rows])
            for name, rows in of_gate.items()
        },
        gate_wait_mean_s=float(gate_wait.mean()) if len(gate_wait) else None,
        gate_wait_p95_s=float(np.percentile(gate_wait, 95)) if len(gate_wait) else None,
        total_wait_mean_s=float(total_wait.mean()) if len(total_wait) else None,
        queue_max=max(_longest(records, rows) for rows in of_gate.values()),
        cleared={name: _cleared(records, k) for k, name in enumerate(records.gates)},
        waiting_at_end={
            name: int((~np.isnan(records.yard_at[rows]) & np.isnan(records.clear_at[rows])).sum())
            for name, rows in of_gate.items()
        },
        starved_place_min={
            name: _starved_place_min(records, k, minutes) for k, name in enumerate(records.gates)
        },
    )


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
        queue_s = _area(records.gate_at[rows], records.start_at[rows], records.ends)
        waits = _until(records.gate_at[rows], records.start_at[rows], records.ends)
        waited_s = float(np.nansum(waits))
        if abs(queue_s - waited_s) > _TOLERANCE_S * max(1, int(rows.sum())):
            raise FlowctlError(
                f"Little's law is broken at '{name}': the queue held {queue_s:.1f} truck-seconds, "
                f"its trucks waited {waited_s:.1f} s."
            )


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


def _check_floor(records: Records, rows: NDArray[np.bool_], name: str, places: int) -> None:
    """Refuse more trucks in screening than places, and trucks of one direction out of order."""
    begun = rows & ~np.isnan(records.start_at)
    moments = np.unique(records.start_at[begun])
    busiest = _present(moments, records.start_at[begun], records.clear_at[begun]).max(initial=0)
    if busiest > places:
        raise FlowctlError(f"At '{name}' {busiest} trucks were screened at {places} places.")
    for direction in (False, True):
        here = begun & (records.is_import == direction)
        order = np.lexsort((records.start_at[here], records.gate_at[here]))
        if np.any(np.diff(records.start_at[here][order]) < 0):
            raise FlowctlError(f"At '{name}' a truck overtook another of its direction.")


def _until(begin: Column, end: Column, last: float) -> Column:
    """Return how long each truck was between two events, cut at ``last``; NaN if it never began."""
    return np.asarray(np.where(np.isnan(end), last, np.minimum(end, last)) - begin)


def _present(at: Column, enters: Column, leaves: Column) -> NDArray[np.int64]:
    """Return how many trucks had entered and not left at each moment, both inclusive of it."""
    entered = np.searchsorted(np.sort(enters[~np.isnan(enters)]), at, side="right")
    left = np.searchsorted(np.sort(leaves[~np.isnan(leaves)]), at, side="right")
    return np.asarray(entered - left, np.int64)


def _area(enters: Column, leaves: Column, last: float) -> float:
    """Return the number present integrated over time up to ``last``, from the events in order."""
    enters, leaves = enters[enters <= last], leaves[leaves <= last]
    at = np.concatenate([enters, leaves, [last]])
    change = np.concatenate([np.ones(len(enters)), -np.ones(len(leaves)), [0.0]])
    order = np.argsort(at, kind="stable")
    present = np.cumsum(change[order])[:-1]
    return float(np.dot(present, np.diff(at[order])))


def _longest(records: Records, rows: NDArray[np.bool_]) -> int:
    """Return the longest export queue: it can only be longest when a truck has just come."""
    enters = records.gate_at[rows]
    moments = enters[~np.isnan(enters)]
    return int(_present(moments, enters, records.start_at[rows]).max(initial=0))


def _cleared(records: Records, gate: int) -> dict[str, int]:
    done = (records.gate == gate) & ~np.isnan(records.clear_at)
    return {
        "export": int(np.count_nonzero(done & ~records.is_import)),
        "import": int(np.count_nonzero(done & records.is_import)),
    }


def _starved_place_min(records: Records, gate: int, minutes: Column) -> float:
    rows = records.gate == gate
    export = rows & ~records.is_import
    open_now = np.zeros(len(minutes), np.bool_)
    for opens, closes in records.windows[gate]:
        open_now |= (minutes >= opens) & (minutes < closes)
    busy = _present(minutes, records.start_at[rows], records.clear_at[rows])
    held = _present(minutes, records.ready_at[export], records.released_at[export])
    places = np.full(len(minutes), records.places[gate])
    for since, until, left in records.losses[gate]:
        places[(minutes >= since) & (minutes < until)] = left
    empty = np.minimum(places - busy, held)
    return float(np.maximum(empty, 0)[open_now].sum())
