"""The slots ahead and how many export trucks each gate can take in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import floor

import numpy as np
from numpy.typing import NDArray

from flowctl.dispatch.apportion import apportioned
from flowctl.dispatch.hand import said_per_h, words_of
from flowctl.dispatch.metering import Approach
from flowctl.hand import Act
from flowctl.lanes import LaneClass
from flowctl.site import Gate, Site
from flowctl.state import LiveTrip
from flowctl.traffic.capacity import CapacityEstimate

Ints = NDArray[np.int64]

_LOOK_DAYS = 60
"""How far ahead open days are sought: longer than any closure announced so far."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the problem: a gate, or one of its lane classes where it has several."""

    gate: Gate
    lanes: LaneClass | None = None

    @property
    def lane_class(self) -> str | None:
        """The id of its lane class; None where the gate's lanes are for every truck."""
        return None if self.lanes is None else self.lanes.id

    def takes(self, trip: LiveTrip) -> bool:
        """Tell whether a truck may use these lanes, were it allowed at the gate."""
        return self.lanes is None or self.lanes.takes(trip.cargo, trip.weight_t)


def columns_of(site: Site) -> tuple[Column, ...]:
    """Return the columns of a site, those of a gate side by side."""
    return tuple(
        Column(gate, lanes) for gate in site.gates for lanes in (gate.lane_classes or (None,))
    )


@dataclass(frozen=True, slots=True)
class Grid:
    """Slots in which some gate is open, from the present one on.

    ``starts`` [S] epoch s; ``open_s`` [G, S] seconds of each slot that the gate is open, what is
    past of the present slot left out. ``share`` [G, S]: what share of the places that work now will
    work then, 1 but where lanes are lost or come back.
    """

    starts: Ints
    open_s: np.ndarray
    share: np.ndarray


def slot_grid(site: Site, now: datetime) -> Grid:
    """Return the slots of the following ``horizon_days`` days that are open at any gate."""
    width = site.dispatch.slot_s
    open_s: dict[int, list[float]] = {}
    day = now.astimezone(site.timezone).date()
    days = 0
    for _ in range(_LOOK_DAYS):
        found = False
        for index, gate in enumerate(site.gates):
            for opens, closes in gate.opening.windows(day):
                if closes > now:
                    found = True
                    _lay(open_s, index, len(site.gates), max(opens, now), closes, width)
        days += found
        day += timedelta(days=1)
        if days == site.dispatch.horizon_days:
            break
    starts = sorted(open_s)
    columns = np.array([open_s[start] for start in starts], dtype=np.float64)
    shape = (len(starts), len(site.gates))
    share = [[_share(gate, start, now) for start in starts] for gate in site.gates]
    return Grid(
        np.array(starts, dtype=np.int64),
        columns.reshape(shape).T,
        np.array(share, dtype=np.float64).reshape(len(site.gates), len(starts)),
    )


def _share(gate: Gate, start: int, now: datetime) -> float:
    if not gate.losses:
        return 1.0
    moment = max(datetime.fromtimestamp(start, UTC), now)
    return gate.share_at(moment) / gate.share_at(now)


def _lay(
    open_s: dict[int, list[float]],
    gate: int,
    gates: int,
    opens: datetime,
    closes: datetime,
    width: int,
) -> None:
    """Add an opening window to the slots it touches."""
    begin, end = opens.timestamp(), closes.timestamp()
    start = int(begin // width) * width
    while start < end:
        row = open_s.setdefault(start, [0.0] * gates)
        row[gate] += min(end, start + width) - max(begin, start)
        start += width


@dataclass(frozen=True, slots=True)
class Supply:
    """What each column takes in each slot, [C, S]: further ``exports``, and ``imports``.

    Imports of a gate stand in the row of its first column.
    """

    exports: Ints
    imports: Ints


def supply_of(
    site: Site,
    grid: Grid,
    approaches: Sequence[Approach],
    estimates: Sequence[CapacityEstimate],
    acts: Sequence[Act] = (),
) -> Supply:
    """Return how many further trucks each column can take in each slot.

    What the gate takes in all, less the imports expected (never more than half of it, because
    places are taken in turn while both directions wait), less the exports already on their way.
    Lane classes share it out by their places. For the time of which an operator said what the gate
    takes, that is taken in place of what was learned.
    """
    exports, imports = [], []
    for index, (approach, estimate) in enumerate(zip(approaches, estimates, strict=True)):
        words = words_of(acts, site.gates[index].id)
        out, back = _gate_capacity(site, grid, index, approach, estimate, words)
        rows = _by_lanes(site.gates[index], out)
        exports.append(rows)
        imports.append(np.zeros_like(rows))
        imports[-1][0] = back
    shape = (len(columns_of(site)), len(grid.starts))
    return Supply(*(np.concatenate(rows).reshape(shape) for rows in (exports, imports)))


def _by_lanes(gate: Gate, row: list[int]) -> Ints:
    """Share a gate's row [S] out to its lane classes, [L, S]."""
    whole = np.array([row], dtype=np.int64)
    if not gate.lane_classes:
        return whole
    places = np.array([lanes.places for lanes in gate.lane_classes], dtype=np.int64)
    usable = np.repeat(places[:, None], len(row), axis=1)
    return apportioned(whole[0], usable, int(places.sum()))


def _gate_capacity(
    site: Site,
    grid: Grid,
    index: int,
    approach: Approach,
    estimate: CapacityEstimate,
    words: Sequence[Act],
) -> tuple[list[int], list[int]]:
    """Return the exports and the imports a gate takes in each slot, [S] each."""
    gate = site.gates[index]
    exports_ahead, imports_ahead = _ahead(approach)
    ahead_s = given = places = imported = 0.0
    today, next_start = True, 0
    row: list[int] = []
    back: list[int] = []
    columns = (grid.starts, grid.open_s[index], grid.share[index])
    for start, seconds, share in zip(*(one.tolist() for one in columns), strict=True):
        # What was learned today is trusted for the next hours and less for the days after.
        trust = 0.5 ** (ahead_s / site.dispatch.capacity_fade_s)
        per_h = estimate.steady_per_h + (estimate.per_h - estimate.steady_per_h) * trust
        # Imports come by the day: today's rate, and who is left of them, says little of tomorrow.
        if today and ahead_s > 0.0 and (seconds == 0.0 or start > next_start):
            today, imports_ahead = False, 0.0
        next_start = start + site.dispatch.slot_s
        imports_per_h = estimate.import_per_h if today else gate.import_prior_per_h
        rate = per_h * share
        if words:
            said, covered = said_per_h(words, start, start + site.dispatch.slot_s)
            rate = said * covered + rate * (1.0 - covered)
        taken = rate * seconds / 3600.0
        imports_ahead += imports_per_h * seconds / 3600.0
        imports = min(imports_ahead, taken / 2.0)
        imports_ahead -= imports
        back.append(floor(imported + imports + _ROUNDING) - floor(imported + _ROUNDING))
        imported += imports
        exports = min(exports_ahead, taken - imports)
        exports_ahead -= exports
        # Whole trucks of the running sum: nothing is lost to rounding, however small a slot.
        places += taken - imports - exports
        whole = floor(places - given + _ROUNDING)
        given += whole
        row.append(whole)
        ahead_s += seconds
    return row, back


def _ahead(approach: Approach) -> tuple[float, float]:
    """Return the exports and imports that are screened before anyone released from now on.

    Of those inside, as many as there are places are being screened; the rest queue.
    """
    inside = approach.exports + approach.imports
    queued = max(inside - approach.gate.inspection_places, 0)
    exports = queued * approach.exports / inside if inside else 0.0
    return approach.in_transit + exports, queued - exports
