"""Screenings of a gate, taken apart from who entered and who was cleared: when each began.

A gate of c places that leaves none empty while a truck waits begins its k-th screening when the
k-th truck has come and the (k - c)-th has been cleared, whoever is served first (the recursion of
Kiefer and Wolfowitz, Trans. Amer. Math. Soc. 78, 1955, in the order of events). So the k-th
clearance less the k-th beginning is a screening's time in the mean, and at a full gate it is the
time that c clearances take. It needs no sensor at the lanes, and is biased neither by the burst one
screening after the opening nor by the moment at which one looks, as counts over spans of time are.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from flowctl.site import Gate
from flowctl.state import GateHistory

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class ScreeningParams:
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


class Hours:
    """The opening windows of a gate around a moment, and a clock that runs only in them."""

    def __init__(self, gate: Gate, now: datetime, lookback_s: float) -> None:
        windows = [
            (opens.timestamp(), closes.timestamp())
            for opens, closes in gate.opening.between(
                now - timedelta(seconds=lookback_s), now + timedelta(days=1)
            )
        ]
        bounds = np.array(windows, dtype=np.float64).reshape(-1, 2)
        self.opens, self.closes = bounds[:, 0].copy(), bounds[:, 1].copy()
        lengths = self.closes - self.opens
        self._edges = bounds.ravel()
        past = np.concatenate([[0.0], np.cumsum(lengths)])
        self._clock = np.stack([past[:-1], past[1:]], axis=1).ravel()

    def open_s(self, at: Floats) -> Floats:
        """Return the open seconds from the first window to each moment (epoch s)."""
        if not len(self._edges):
            return np.zeros(len(at))
        return np.asarray(np.interp(at, self._edges, self._clock), dtype=np.float64)

    def open_s_at(self, at: float) -> float:
        """Return the open seconds from the first window to one moment."""
        return float(self.open_s(np.array([at]))[0])

    def begin(self, at: Floats) -> tuple[Floats, Floats]:
        """Return the first open moment from ``at`` on and when that window closes; inf if none."""
        index = np.searchsorted(self.closes, at, side="right")
        opens = np.append(self.opens, np.inf)[index]
        return np.maximum(at, opens), np.append(self.closes, np.inf)[index]


@dataclass(frozen=True, slots=True)
class Screenings:
    """The screenings that began at a full gate and can be judged, in the order of beginning, [n].

    A screening counts where a truck already waited when a place fell free, or when the gate opened
    with all places wanted. ``began_at`` and ``ended_at`` are epoch seconds, the latter NaN while it
    lasts; ``took_s`` are open seconds, so far for those that last. ``ended_open_s`` and
    ``began_open_s`` are the same moments on a clock that stands while the gate is closed, the
    former that of ``known_until`` for those that last. ``settled`` marks those that began at least
    the patience of judgement ago, over or not. ``places`` is the gate's.
    """

    began_at: Floats
    ended_at: Floats
    began_open_s: Floats
    ended_open_s: Floats
    settled: Bools
    places: int
    usual_s: float
    known_until: float
    hours: Hours

    @property
    def took_s(self) -> Floats:
        """Open seconds each took, so far where it lasts."""
        return np.asarray(self.ended_open_s - self.began_open_s, dtype=np.float64)

    @property
    def over(self) -> Bools:
        """Which of them have ended."""
        return ~np.isnan(self.ended_at)


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
    hours = Hours(gate, now, params.lookback_s)
    prior_s = gate.inspection_places / gate.capacity_prior_per_h * _HOUR_S
    came, went = _trucks(gate, history, at, prior_s, params)
    known_until = max(at - history.lag_s, at - params.lookback_s)
    ends = np.sort(went[~np.isnan(went)])
    freed = np.concatenate([np.full(gate.inspection_places, -np.inf), ends])
    came = came[: len(freed)]
    freed = freed[: len(came)]
    due = np.maximum(came, freed)
    began, closes = hours.begin(due)
    ended = np.full(len(came), np.nan)
    ended[: len(ends)] = ends[: len(came)]
    until = np.where(np.isnan(ended), known_until, ended)
    begun = (began < until) & (began <= at)
    inside = np.searchsorted(came, began, side="right") - np.searchsorted(ends, began, side="left")
    # By a place that fell free while the truck waited, or by an opening with all places wanted.
    full = begun & np.where(began > due, inside >= gate.inspection_places, freed >= came)
    took_s = hours.open_s(until) - hours.open_s(began)
    usual_s = _usual(took_s[full & ~np.isnan(ended)], prior_s, gate.inspection_places)
    patience_s = params.patience * usual_s
    judged = full & (began + patience_s <= closes)
    return Screenings(
        began_at=began[judged],
        ended_at=ended[judged],
        began_open_s=hours.open_s(began[judged]),
        ended_open_s=hours.open_s(until[judged]),
        settled=began[judged] <= known_until - patience_s,
        places=gate.inspection_places,
        usual_s=usual_s,
        known_until=known_until,
        hours=hours,
    )


def taken_since(seen: Screenings, at: float) -> tuple[int, float]:
    """Return the clearances at the full gate after ``at`` (epoch s) and the full time, seconds.

    The full time is that of all places, so that 18 places busy for a minute are one minute.
    """
    since_s = seen.hours.open_s_at(at)
    busy_s = np.maximum(seen.ended_open_s - np.maximum(seen.began_open_s, since_s), 0.0)
    return int((seen.ended_at > at).sum()), float(busy_s.sum()) / seen.places


def _trucks(
    gate: Gate, history: GateHistory, at: float, prior_s: float, params: ScreeningParams
) -> tuple[Floats, Floats]:
    """Return entries in order and the clearances of the same trucks, NaN for those inside."""
    went = np.where(history.cleared_at <= at, history.cleared_at, np.nan)
    came = np.where(history.entered_at <= at, history.entered_at, np.nan)
    unseen = ~np.isnan(went) & ~(came <= went)
    came = np.where(unseen, went - prior_s, came)
    known = ~np.isnan(came) & (came >= at - params.lookback_s)
    came, went, is_import = came[known], went[known], history.is_import[known]
    order = np.argsort(came, kind="stable")
    came, went, is_import = came[order], went[order], is_import[order]
    inside = np.isnan(went)
    passed_most = params.passed_generations * gate.inspection_places
    lost = inside & (came <= at - params.lost_after_s)
    for direction in (is_import, ~is_import):
        gone_later = np.cumsum((direction & ~inside)[::-1])[::-1]
        lost |= inside & direction & (gone_later > passed_most)
    return came[~lost], went[~lost]


def _usual(took_s: Floats, prior_s: float, places: int) -> float:
    """Return a screening's usual time: the median seen, the prior where fewer than the places."""
    return float(np.median(took_s)) if len(took_s) >= places else prior_s
