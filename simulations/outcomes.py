"""A day in a few figures that can be had of a stored day as well as of a played one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from flowctl.storage.recorded_day import RecordedImport, RecordedTrip
from simulations.records import Records
from simulations.streams import Column

UNITS: Mapping[str, str] = {
    "cleared_export": "trucks",
    "cleared_import": "trucks",
    "waiting_at_end": "trucks",
    "gate_wait_mean_s": "s",
    "gate_wait_p95_s": "s",
    "total_wait_mean_s": "s",
    "total_wait_p95_s": "s",
}
"""The figures in the order in which they are shown, each with its unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Trucks that were cleared and that still waited, and how long exports waited.

    The wait at the gate runs from the queue's entry to the begin of screening, the whole wait from
    ready for the gate (in its yard at the earliest); both are cut at the day's end. None where
    nobody waited.
    """

    cleared_export: int
    cleared_import: int
    waiting_at_end: int
    gate_wait_mean_s: float | None
    gate_wait_p95_s: float | None
    total_wait_mean_s: float | None
    total_wait_p95_s: float | None


def outcome_of(records: Records) -> Outcome:
    """Return the figures of a played day."""
    return _outcome(
        is_import=records.is_import,
        ready_at=records.ready_at,
        gate_at=records.gate_at,
        served_at=np.fmin(records.start_at, records.turned_at),
        clear_at=records.clear_at,
        gone_at=records.turned_at,
        ends=records.ends,
    )


def outcome_as_it_was(
    trips: tuple[RecordedTrip, ...],
    imports: tuple[RecordedImport, ...],
    ready_at: Column,
    ends: float,
) -> Outcome:
    """Return the figures of a stored day, of the very trucks that are played.

    Parameters
    ----------
    trips, imports
        Exports and imports of the day.
    ready_at
        When each export could leave for its gate, epoch s, shape of ``trips``.
    ends
        The day's end, epoch s; what was seen after it does not count.
    """
    count, rest = len(trips), np.full(len(imports), np.nan)
    queued = _moments([trip.queued_at or trip.lane_at for trip in trips], ends)
    cleared = _moments([trip.cleared_at for trip in trips], ends)
    served = _moments([trip.lane_at or trip.cleared_at for trip in trips], ends)
    return _outcome(
        is_import=np.arange(count + len(imports)) >= count,
        ready_at=np.r_[np.where(ready_at <= ends, ready_at, np.nan), rest],
        gate_at=np.r_[queued, rest],
        served_at=np.r_[served, rest],
        clear_at=np.r_[cleared, _moments([one.cleared_at for one in imports], ends)],
        gone_at=np.full(count + len(imports), np.nan),
        ends=ends,
    )


def _moments(moments: Iterable[datetime | None], ends: float) -> Column:
    at = np.array([np.nan if one is None else one.timestamp() for one in moments], np.float64)
    return np.where(at <= ends, at, np.nan)


def _outcome(
    *,
    is_import: NDArray[np.bool_],
    ready_at: Column,
    gate_at: Column,
    served_at: Column,
    clear_at: Column,
    gone_at: Column,
    ends: float,
) -> Outcome:
    export = ~is_import
    here = export & ~(np.isnan(ready_at) & np.isnan(gate_at))
    over = ~np.isnan(clear_at) | ~np.isnan(gone_at)
    gate, total = (_waits(since[export], served_at[export], ends) for since in (gate_at, ready_at))
    return Outcome(
        cleared_export=int(np.count_nonzero(export & ~np.isnan(clear_at))),
        cleared_import=int(np.count_nonzero(is_import & ~np.isnan(clear_at))),
        waiting_at_end=int(np.count_nonzero(here & ~over)),
        gate_wait_mean_s=gate[0],
        gate_wait_p95_s=gate[1],
        total_wait_mean_s=total[0],
        total_wait_p95_s=total[1],
    )


def _waits(since: Column, served_at: Column, ends: float) -> tuple[float | None, float | None]:
    """Return mean and the wait that 95 % had less of; one that was not served waits to the end."""
    waited = np.where(np.isnan(served_at), ends, served_at) - since
    waited = np.maximum(waited[~np.isnan(waited)], 0.0)
    if not len(waited):
        return None, None
    return float(waited.mean()), float(np.quantile(waited, 0.95))
