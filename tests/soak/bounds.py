"""What may grow while a soak runs, and how much: memory, files, connections, tables. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from soak.gauges import Reading

STORES = ("postgresql", "valkey")
"""Not held to a slope: PostgreSQL's shared buffers fill, and Valkey holds what is not trimmed yet;
their own bounds are `STORE_MB` and the entries of the streams."""
STORE_MB = 256.0
_LEAST_MB, _SHARE = 24.0, 0.15
_LEAST_FILES, _FILES_SHARE = 12, 0.25
_LEAST_POINTS = 8


@dataclass(frozen=True, slots=True)
class Growth:
    """How a part's memory went while one process held it: the longest such span, steady part."""

    slope_mb_h: float
    grown_mb: float
    median_mb: float

    @property
    def is_flat(self) -> bool:
        """At most 24 MB, or 15 % of what it holds, over the watched half, however long that is."""
        return self.grown_mb <= max(_LEAST_MB, _SHARE * self.median_mb)


def second_half(readings: Sequence[Reading]) -> Sequence[Reading]:
    """Return the readings of the second half of the time."""
    middle = (readings[0].at + readings[-1].at) / 2
    return [one for one in readings if one.at >= middle]


def growth(readings: Sequence[Reading], part: str) -> Growth | None:
    """Return how a part grew by a line of least squares; None where there are too few points."""
    span = max(_spans(readings, part), key=len, default=[])
    if len(span) < _LEAST_POINTS:
        return None
    at = np.array([one.at for one in span])
    held = np.array([one.memory_mb[part] for one in span])
    slope = float(np.polyfit(at - at[0], held, 1)[0])
    return Growth(
        round(slope * 3600, 1), round(slope * float(at[-1] - at[0]), 1), float(np.median(held))
    )


def _spans(readings: Sequence[Reading], part: str) -> list[list[Reading]]:
    """Return the readings of a part, cut where another process became it."""
    seen = [one for one in readings if part in one.memory_mb]
    spans = [seen[:1]] if seen else []
    for before, one in pairwise(seen):
        if before.pids[part] != one.pids[part]:
            spans.append([])
        spans[-1].append(one)
    return spans


def list_leaks(counts: Sequence[Mapping[str, int]]) -> list[str]:
    """Return whose count (open files, connections) has grown from the first third to the last.

    ``counts`` are in the order of time; the medians are compared, so that what a mishap opens for
    a moment does not count.
    """
    counts = [one for one in counts if one]
    third = len(counts) // 3
    if not third:
        return []
    found = []
    for name in sorted({name for one in counts for name in one}):
        before = np.median([one.get(name, 0) for one in counts[:third]])
        after = np.median([one.get(name, 0) for one in counts[-third:]])
        if after > before + max(_LEAST_FILES, _FILES_SHARE * before):
            found.append(f"{name}: {before:.0f} → {after:.0f}")
    return found


FIX, TRIP, MESSAGE, MINUTE, REQUEST = "fix", "trip", "message", "minute", "request"
"""Minutes are of domain time."""
ROWS_PER: Mapping[str, tuple[str, float]] = {
    # table: (grows with, most rows for each)
    "fixes": (FIX, 1.02),
    "fixes_aside": (FIX, 0.2),
}
"""What a table may grow with. A table that is not named here may not grow."""
SLACK_ROWS = 200
BYTES_PER_FIX, ENOUGH_FIXES = 400.0, 20_000


def list_growing(
    before: Mapping[str, int], after: Mapping[str, int], units: Mapping[str, float]
) -> list[str]:
    """Return the tables with more rows than what they may grow with explains.

    Parameters
    ----------
    before, after
        Rows by table, at the middle and at the end.
    units
        How many fixes, trips, messages, minutes and requests came in between.
    """
    found = []
    for table, rows in sorted(after.items()):
        grown = rows - before.get(table, 0)
        unit, each = ROWS_PER.get(table, (None, 0.0))
        may = SLACK_ROWS + (0.0 if unit is None else each * units[unit])
        if grown > may:
            found.append(f"{table}: {grown:,} rows more, and {may:,.0f} would be explained")
    return found
