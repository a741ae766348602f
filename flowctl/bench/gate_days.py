"""Days at one gate whose capacity is known, to judge how well it is learned."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from heapq import heappop, heappush
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flowctl.opening import Opening
from flowctl.site import Gate
from flowctl.state import GateHistory
from simulations.gates import GateFloor, OpenHours

Floats = NDArray[np.float64]

FIRST = date(2024, 1, 1)
_HOUR_S = 3600.0
_CALENDARS = (
    ((time(7), time(18)),),
    ((time(7), time(12)), (time(13, 30), time(18))),
    ((time(7), time(20)),),
)


@dataclass(frozen=True, slots=True)
class Change:
    """A spell (epoch s) in which a gate takes ``share`` of what it usually does.

    ``places``: some of the places take no further truck. ``pace``: every screening goes on at that
    share of its speed.
    """

    starts: float
    ends: float
    share: float
    kind: Literal["places", "pace"]


@dataclass(frozen=True, slots=True)
class GateDays:
    """A gate over some days: all that was seen in the end, and what it could take.

    ``per_h`` is its true capacity outside the changes, ``imports_per_h`` the rate at which imports
    come while it is open.
    """

    gate: Gate
    history: GateHistory
    per_h: float
    imports_per_h: float
    exports_per_h: float
    changes: tuple[Change, ...]

    def seen_at(self, at: float, back_s: float = 129600.0) -> GateHistory:
        """Return what is known at a moment, as the store hands it out: the last 36 hours."""
        told = self.history
        rows = (told.entered_at <= at) & (told.entered_at >= at - back_s)
        cleared = told.cleared_at[rows]
        return GateHistory(
            told.gate,
            told.entered_at[rows],
            np.where(cleared <= at, cleared, np.nan),
            told.is_import[rows],
            told.lag_s,
        )


def draw_days(
    rng: np.random.Generator,
    *,
    days: int,
    load: float | None = None,
    change: tuple[float, Literal["places", "pace"], float] | None = None,
) -> GateDays:
    """Play a gate of random size, hours, speed and demand.

    Parameters
    ----------
    days
        How many days, from `FIRST` on.
    load
        Arrivals over capacity while open; 0.6-1.4 at random where it is None.
    change
        Share, kind and length (s) of a spell at a random hour of the last day.
    """
    places = int(rng.integers(4, 21))
    pace = rng.uniform(0.8, 1.3)
    per_h = places / (12.5 / 60.0 * pace)
    load = rng.uniform(0.6, 1.4) if load is None else load
    import_share = min(rng.uniform(0.1, 0.55) / load, 0.9)
    zone = UTC
    windows = _CALENDARS[int(rng.integers(len(_CALENDARS)))]
    opening = Opening(zone, (windows,) * 7)  # type: ignore[arg-type]
    gate = Gate(
        id="gate",
        name={"en": "gate"},
        lanes=2,
        inspection_places=places,
        capacity_prior_per_h=per_h * rng.uniform(0.75, 1.25),
        capacity_prior_weight_h=2.0,
        import_prior_per_h=per_h * load * import_share * rng.uniform(0.7, 1.3),
        opening=opening,
    )
    changes = () if change is None else (_place(rng, opening, days, change),)
    came, is_import = _arrivals(rng, opening, days, per_h * load, import_share)
    work_s = rng.uniform(600.0, 900.0, len(came)) * pace
    entered, cleared, kept = _play(gate, came, is_import, work_s, changes)
    return GateDays(
        gate,
        GateHistory("gate", entered, cleared, kept),
        per_h,
        per_h * load * import_share,
        per_h * load * (1.0 - import_share),
        changes,
    )


def _place(
    rng: np.random.Generator,
    opening: Opening,
    days: int,
    change: tuple[float, Literal["places", "pace"], float],
) -> Change:
    share, kind, length_s = change
    opens, _ = opening.windows(FIRST + timedelta(days=days - 1))[0]
    starts = opens.timestamp() + rng.uniform(1.5, 3.0) * _HOUR_S
    return Change(starts, starts + length_s, share, kind)


def _arrivals(
    rng: np.random.Generator, opening: Opening, days: int, per_h: float, import_share: float
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return Poisson arrivals while open, with some who stand there before it opens."""
    came = []
    for number in range(days):
        for opens, closes in opening.windows(FIRST + timedelta(days=number)):
            start, end = opens.timestamp(), closes.timestamp()
            count = rng.poisson(per_h * (end - start) / _HOUR_S)
            early = rng.poisson(per_h * rng.uniform(0.0, 0.6))
            came += [rng.uniform(start, end, count), rng.uniform(start - _HOUR_S, start, early)]
    at = np.sort(np.concatenate(came))
    return at, rng.random(len(at)) < import_share


_QUEUE_MOST = 1.5
"""Exports beyond this many a place are not called up: a metered queue does not grow for days."""


def _play(
    gate: Gate,
    came: Floats,
    is_import: NDArray[np.bool_],
    work_s: Floats,
    changes: tuple[Change, ...],
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return entries, clearances and directions of those who were let in."""
    start = datetime.combine(FIRST, time(0), UTC)
    hours = OpenHours.of(gate.opening, start)
    floor = GateFloor(gate.inspection_places, hours)
    cleared = np.full(len(came), np.nan)
    entered = np.full(len(came), np.nan)
    agenda: list[tuple[float, int, int]] = [(at, 1, k) for k, at in enumerate(came.tolist())]
    last = float(came[-1]) + 86400.0 if len(came) else 0.0
    agenda += [(at, 2, 0) for at in hours.list_openings() if at <= last]
    agenda += [(at, 3, k) for k, one in enumerate(changes) for at in (one.starts, one.ends)]
    agenda.sort()
    while agenda:
        at, kind, truck = heappop(agenda)
        if kind == 0:
            cleared[truck] = at
            floor.leave()
        elif kind == 1:
            queued = len(floor.exports)
            if not is_import[truck] and queued > _QUEUE_MOST * gate.inspection_places:
                continue
            entered[truck] = at
            floor.arrive(truck, is_import=bool(is_import[truck]))
        elif kind == 3:  # noqa: PLR2004 - a change begins or ends
            floor.places = _places(gate.inspection_places, at, changes[truck])
        for begun in floor.begin(at):
            heappush(agenda, (_end(at, float(work_s[begun]), changes), 0, begun))
    kept = ~np.isnan(entered)
    return entered[kept], cleared[kept], is_import[kept]


def _places(places: int, at: float, change: Change) -> int:
    if at >= change.ends or (change.kind == "pace" and change.share > 0.0):
        return places
    return _left(places, change)


def _left(places: int, change: Change) -> int:
    return max(round(places * change.share), 0)


def _end(began: float, work_s: float, changes: tuple[Change, ...]) -> float:
    """Return when a screening ends that goes on at a share of its speed in some spells."""
    at = began
    for change in changes:
        if change.kind == "places" or at + work_s <= change.starts or at >= change.ends:
            continue
        work_s -= max(change.starts - at, 0.0)
        at = max(at, change.starts)
        done = (change.ends - at) * change.share
        if done >= work_s:
            return at + work_s / change.share
        work_s -= done
        at = change.ends
    return at + work_s
