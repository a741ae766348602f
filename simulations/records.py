"""What became of every truck: the table all measures are derived from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulations.streams import Column


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """One row per truck, columns of shape [n]; times in epoch seconds, NaN where not yet.

    Attributes
    ----------
    gates
        What ``gate`` counts in; ``places`` are their inspection places.
    losses
        Per gate when how many of its places were left: (from, until, places), epoch s.
    windows
        Per gate the opening windows (opens, closes) between ``starts`` and ``ends``, epoch s.
    yard_at
        Entry of the staging yard (``starts`` for those who stood there; NaN for imports).
    ready_at
        Done with its checks; from here on waiting is waiting for the gate.
    released_at
        Told to leave, or left by itself where nothing is controlled.
    ignored_at
        Called up first without going: a driver who did not show up.
    left_at
        Left the yard for the gate.
    gate_at, start_at, clear_at
        Entry of the gate's queue, begin and end of screening.
    yards, cargoes
        What ``yard`` and ``cargo`` count in; the yard of imports is -1.
    turned_at
        Gave up waiting and went home; nothing of a truck is after that.
    slot_at
        Begin of the slot its driver heard of last; NaN where he heard of none.
    messages
        Words its driver was sent.
    """

    starts: float
    ends: float
    gates: tuple[str, ...]
    places: tuple[int, ...]
    losses: tuple[tuple[tuple[float, float, int], ...], ...]
    windows: tuple[tuple[tuple[float, float], ...], ...]
    gate: NDArray[np.int64]
    is_import: NDArray[np.bool_]
    yard_at: Column
    ready_at: Column
    released_at: Column
    ignored_at: Column
    left_at: Column
    gate_at: Column
    start_at: Column
    clear_at: Column
    yards: tuple[str, ...]
    yard: NDArray[np.int64]
    cargoes: tuple[str, ...]
    cargo: NDArray[np.int64]
    turned_at: Column
    slot_at: Column
    messages: NDArray[np.int64]
