"""Screenings of a gate, taken apart from who entered and who was cleared: when each began.

A gate of c places that leaves none empty while a truck waits begins its k-th screening when the
k-th truck has come and the (k - c)-th has been cleared, whoever is served first (the recursion of
Kiefer and Wolfowitz, Trans. Amer. Math. Soc. 78, 1955, in the order of events). So the k-th
clearance less the k-th beginning is a screening's time in the mean, and at a full gate it is the
time that c clearances take. It needs no sensor at the lanes, and is biased neither by the burst one
screening after the opening nor by the moment at which one looks, as counts over spans of time are.

All but `screenings` takes and returns plain numbers, tuples and arrays, so that simulations can
compile it.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowctl.opening import Opening
from flowctl.site import Gate
from flowctl.state import GateHistory

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_HOUR_S = 3600.0
_AHEAD_S = 86400.0


class ScreeningParams(NamedTuple):
    """How the trucks seen at a gate are read.

    A truck inside for longer than ``lost_after_s``, or passed by ``passed_generations`` times as
    many later ones of its direction as there are places, left unseen. A screening that had less
    than ``patience`` mean screenings before the gate closed, or until now, is not judged: only
    the quick ones of them would be over, and they would make the gate look fast.
    """

    lookback_s: float = 172800.0
    lost_after_s: float = 43200.0
    passed_generations: float = 2.0
    patience: float = 1.4


DEFAULTS = ScreeningParams()


class Believed(NamedTuple):
    """A gate's places, and what is believed of it before it was watched (`flowctl.site.Gate`).

    ``per_h`` is worth ``weight_h`` hours of watching; ``import_per_h`` are the imports of it.
    """

    places: int
    per_h: float
    weight_h: float
    import_per_h: float


class Hours(NamedTuple):
    """The opening windows of a gate around a moment, epoch seconds, [w], in order and apart."""

    opens: Floats
    closes: Floats


class Screenings(NamedTuple):
    """The screenings that began at a full gate and can be judged, in the order of beginning, [n].

    A screening counts where a truck already waited when a place fell free, or when the gate opened
    with all places wanted. ``began_at`` and ``ended_at`` are epoch seconds, the latter NaN while it
    lasts (``over``: it does not); ``took_s`` are open seconds, so far for those that last.
    ``ended_open_s`` and ``began_open_s`` are the same moments on a clock that stands while the gate
    is closed, the former that of ``known_until`` for those that last. ``settled`` marks those that
    began at least the patience of judgement ago, over or not. ``places`` is the gate's.
    """

    began_at: Floats
    ended_at: Floats
    began_open_s: Floats
    ended_open_s: Floats
    took_s: Floats
    over: Bools
    settled: Bools
    places: int
    usual_s: float
    known_until: float
    hours: Hours


def believed(gate: Gate) -> Believed:
    """Return what is believed of a gate."""
    return Believed(
        gate.inspection_places,
        gate.capacity_prior_per_h,
        gate.capacity_prior_weight_h,
        gate.import_prior_per_h,
    )


def hours_of(opening: Opening, start: datetime, end: datetime) -> Hours:
    """Return the hours that are looked at by whoever looks at moments from ``start`` to ``end``."""
    windows = opening.between(
        start - timedelta(seconds=DEFAULTS.lookback_s), end + timedelta(seconds=_AHEAD_S)
    )
    bounds = [(opens.timestamp(), closes.timestamp()) for opens, closes in windows]
    columns = np.array(bounds, dtype=np.float64).reshape(-1, 2)
    return Hours(columns[:, 0].copy(), columns[:, 1].copy())


def hours_around(hours: Hours, at: float, lookback_s: float) -> Hours:
    """Return the windows that are looked at from one moment, cut to what is."""
    start, end = at - lookback_s, at + _AHEAD_S
    near = (hours.opens < end) & (hours.closes > start)
    return Hours(np.maximum(hours.opens[near], start), np.minimum(hours.closes[near], end))


def open_s(hours: Hours, at: Floats) -> Floats:
    """Return the open seconds from the first window to each moment (epoch s)."""
    found = np.zeros(len(at))
    for opens, closes in zip(hours.opens, hours.closes):  # noqa: B905 - strict= does not compile
        found += np.minimum(np.maximum(at - opens, 0.0), closes - opens)
    return found


def open_s_at(hours: Hours, at: float) -> float:
    """Return the open seconds from the first window to one moment."""
    return float(np.minimum(np.maximum(at - hours.opens, 0.0), hours.closes - hours.opens).sum())


def begin(hours: Hours, at: Floats) -> tuple[Floats, Floats]:
    """Return the first open moment from ``at`` on and when that window closes; inf if none."""
    never = np.full(1, np.inf)
    index = np.searchsorted(hours.closes, at, side="right")
    opens = np.concatenate((hours.opens, never))[index]
    return np.maximum(at, opens), np.concatenate((hours.closes, never))[index]


def screenings(
    gate: Gate, history: GateHistory, now: datetime, *, params: ScreeningParams = DEFAULTS
) -> Screenings:
    """Return the screenings at a full gate that ``history`` shows up to ``now``.

    Parameters
    ----------
    gate
        Its places, prior and opening hours.
    history
        Trucks seen; what lies after ``now`` is not known yet. A clearance without an entry, or
        before it, is taken to have been served at once. What happened less than ``lag_s`` ago may
        not be known yet: a truck that seems inside is only so until then.
    now
        The present moment, aware.
    params
        How long trucks and screenings are waited for.

    Returns
    -------
    Screenings
        Empty where the gate was never full, or never open.
    """
    at = now.timestamp()
    return screenings_at(
        believed(gate),
        history.entered_at,
        history.cleared_at,
        history.is_import,
        hours_around(hours_of(gate.opening, now, now), at, params.lookback_s),
        at,
        history.lag_s,
        params,
    )


def screenings_at(
    gate: Believed,
    entered_at: Floats,
    cleared_at: Floats,
    is_import: Bools,
    hours: Hours,
    at: float,
    lag_s: float,
    params: ScreeningParams,
) -> Screenings:
    """Return what `screenings` does; ``hours`` are those around the moment ``at``, epoch s."""
    prior_s = gate.places / gate.per_h * _HOUR_S
    came, went = _trucks(gate.places, entered_at, cleared_at, is_import, at, prior_s, params)
    known_until = max(at - lag_s, at - params.lookback_s)
    ends = np.sort(went[~np.isnan(went)])
    freed = np.concatenate((np.full(gate.places, -np.inf), ends))
    came = came[: len(freed)]
    freed = freed[: len(came)]
    due = np.maximum(came, freed)
    began, closes = begin(hours, due)
    ended = np.full(len(came), np.nan)
    until = np.full(len(came), known_until)
    gone = min(len(ends), len(came))
    ended[:gone] = until[:gone] = ends[:gone]
    begun = (began < until) & (began <= at)
    # By a place that fell free while the truck waited, or by an opening with all places wanted.
    full = begun & (freed >= came)
    opened = np.flatnonzero(begun & (began > due))
    inside = np.searchsorted(came, began[opened], side="right")
    inside -= np.searchsorted(ends, began[opened], side="left")
    full[opened] = inside >= gate.places
    began_open_s, until_open_s = open_s(hours, began), open_s(hours, until)
    took_s = until_open_s - began_open_s
    usual_s = _usual(took_s[:gone][full[:gone]], prior_s, gate.places)
    patience_s = params.patience * usual_s
    judged = np.flatnonzero(full & (began + patience_s <= closes))
    began = began[judged]
    return Screenings(
        began,
        ended[judged],
        began_open_s[judged],
        until_open_s[judged],
        took_s[judged],
        judged < gone,
        began <= known_until - patience_s,
        gate.places,
        usual_s,
        known_until,
        hours,
    )


def taken_since(seen: Screenings, at: float) -> tuple[int, float]:
    """Return the clearances at the full gate after ``at`` (epoch s) and the full time, seconds.

    The full time is that of all places, so that 18 places busy for a minute are one minute.
    """
    since_s = open_s_at(seen.hours, at)
    busy_s = np.maximum(seen.ended_open_s - np.maximum(seen.began_open_s, since_s), 0.0)
    return int((seen.ended_at > at).sum()), float(busy_s.sum()) / seen.places


def _trucks(
    places: int,
    entered_at: Floats,
    cleared_at: Floats,
    is_import: Bools,
    at: float,
    prior_s: float,
    params: ScreeningParams,
) -> tuple[Floats, Floats]:
    """Return entries in order and the clearances of the same trucks, NaN for those inside."""
    known = np.flatnonzero((entered_at <= at) | (cleared_at <= at))
    came, went, is_import = entered_at[known], cleared_at[known], is_import[known]
    went[went > at] = np.nan
    unseen = went < came
    unseen |= np.isnan(came)
    if unseen.any():
        came[unseen] = went[unseen] - prior_s
    if (came < at - params.lookback_s).any():
        known = np.flatnonzero(came >= at - params.lookback_s)
        came, went, is_import = came[known], went[known], is_import[known]
    if (came[1:] < came[:-1]).any():
        order = np.argsort(came, kind="mergesort")
        came, went, is_import = came[order], went[order], is_import[order]
    inside = np.isnan(went)
    lost = inside & (came <= at - params.lost_after_s)
    there = np.flatnonzero(inside)
    passed_most = params.passed_generations * places
    for direction in (False, True):
        gone = np.flatnonzero(~inside & (is_import == direction))
        passed = len(gone) - np.searchsorted(gone, there) > passed_most
        lost[there] |= passed & (is_import[there] == direction)
    if lost.any():
        kept = np.flatnonzero(~lost)
        came, went = came[kept], went[kept]
    return came, went


def _usual(took_s: Floats, prior_s: float, places: int) -> float:
    """Return a screening's usual time: the median seen, the prior where fewer than the places."""
    return float(np.median(took_s)) if len(took_s) >= places else prior_s
