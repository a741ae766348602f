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
TAKES_OVER_MB = 200.0
"""What a controller may grow by where it takes the site over: deciding takes some 125 MB."""
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


FIX, TRIP, WORK, MESSAGE, MINUTE, REQUEST = (
    "fix",
    "trip",
    "work",
    "message",
    "minute",
    "request",
)
"""What tables may grow with. Work is what officers confirmed or took money for; minutes are of
domain time: gates take a few trucks in one, and plans, ticks and road speeds come by it."""
ROWS_PER: Mapping[str, Mapping[str, float]] = {
    "advice": {MINUTE: 20},
    "alerts": {MINUTE: 20},
    "audit": {WORK: 1.2, REQUEST: 0.1, TRIP: 1.2},
    "crossings": {MINUTE: 10},
    "declarations": {TRIP: 1},
    "device_trucks": {TRIP: 1},
    "devices": {TRIP: 1},
    "drivers": {TRIP: 1},
    "dues": {TRIP: 10, WORK: 2},
    "eta_forecasts": {MINUTE: 300},
    "feed": {WORK: 3, TRIP: 20, MINUTE: 20},
    "fixes": {FIX: 1},
    "fixes_aside": {FIX: 0.2},
    "gate_decisions": {MINUTE: 10},
    "gate_events": {MINUTE: 20},
    "gate_states": {MINUTE: 10},
    "hand_keys": {WORK: 1.2},
    "lane_times": {MINUTE: 5},
    "ledger": {TRIP: 10, MINUTE: 60},
    "ledger_arrivals": {TRIP: 2, MINUTE: 10},
    "ledger_signatures": {MINUTE: 1},
    "outbox": {TRIP: 8, MINUTE: 40},
    "paper_entries": {MINUTE: 5},
    "paper_orders": {MINUTE: 1},
    "payments": {WORK: 1},
    "plans": {MINUTE: 2},
    "queue_states": {MINUTE: 40},
    "releases": {MINUTE: 10},
    "road_speeds": {MINUTE: 500},
    "slot_changes": {TRIP: 4, MINUTE: 100},
    "slot_prices": {MINUTE: 800},
    "slots": {TRIP: 1, MINUTE: 20},
    "sms_parts": {MESSAGE: 8},
    "stage_records": {WORK: 2, TRIP: 12, MINUTE: 20},
    "tracks": {TRIP: 1.2, MINUTE: 5},
    "trip_stages": {TRIP: 20},
    "trips": {TRIP: 1},
    "visit_checkpoints": {TRIP: 10, MINUTE: 20},
    "visit_revisions": {FIX: 0.2, MINUTE: 20},
    "visits": {FIX: 0.3, MINUTE: 40},
    "wait_outcomes": {MINUTE: 20},
    "wait_promises": {TRIP: 4, MINUTE: 100},
    "yard_events": {MINUTE: 10},
    "zone_flow": {MINUTE: 10},
}
"""How many rows a table may have more for each; one that is not named here may not grow."""
MOST_ROWS: Mapping[str, int] = {
    "controller_epochs": 1,
    "free_places": 5_000,
    "gateway_states": 4,
    "heartbeats": 20,
    "ingest_workers": 40,
    "sessions": 2_000,
    "stream_positions": 16,
}
"""What is written anew and anew, or swept: it may never have more."""
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
        How many fixes, trips and so on came in between.
    """
    found = []
    for table, rows in sorted(after.items()):
        most = MOST_ROWS.get(table)
        grown = rows - before.get(table, 0)
        may = SLACK_ROWS + sum(each * units[unit] for unit, each in ROWS_PER.get(table, {}).items())
        if most is not None and rows > most:
            found.append(f"{table}: {rows:,} rows, and {most:,} at most are explained")
        elif most is None and grown > may:
            found.append(f"{table}: {grown:,} rows more, and {may:,.0f} would be explained")
    return found
