"""What is known of a gate's hours and places while a day passes, as numbers that compile.

The same answers as `flowctl.opening` and `flowctl.closures` give for `Announced.site_at`, without
making a site for every moment somebody asks about.
"""

from datetime import timedelta
from math import floor, inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowctl.closures import Closure
from flowctl.scenarios.scenario import Scenario
from flowctl.site import Gate, Site
from flowctl.traffic.screenings import Believed, Hours
from simulations.compiled import borrowing, compiled, inlined
from simulations.disruptions import Announced
from simulations.streams import Column

_BEFORE = timedelta(days=3)  # further back than anybody looks for what is learned
_AFTER = timedelta(days=60)  # as far as `OpenHours` reaches
_DAY_S = 86_400.0


class Known(NamedTuple):
    """A gate by its calendar, and the closures and losses that officers enter while a day passes.

    ``opens`` and ``closes`` are the windows of the calendar, [w], apart and in order. Per closure,
    [k]: when it is entered, begins and ends, whether its end is known with it, and which share of
    the places it leaves, 0 for none. Until an unknown end comes it is taken to be
    ``unknown_end_s`` away. Epoch seconds. The rest is as in `flowctl.traffic.screenings.Believed`.
    """

    opens: Column
    closes: Column
    entered: Column
    begins: Column
    ends: Column
    end_known: NDArray[np.bool_]
    share: Column
    unknown_end_s: float
    places: int
    prior_per_h: float
    weight_h: float
    import_per_h: float


def known_of(scenario: Scenario, site: Site, gate: Gate) -> Known:
    """Return what will be known of a gate of ``site`` as it is played, and when."""
    start, whole = scenario.start, gate.inspection_places
    windows = list(gate.opening.between(start - _BEFORE, start + _AFTER))
    rows = _entered(scenario, site, gate.id)
    return Known(
        opens=np.array([opens.timestamp() for opens, _ in windows], np.float64),
        closes=np.array([closes.timestamp() for _, closes in windows], np.float64),
        entered=np.array([entered for entered, _, _ in rows], np.float64),
        begins=np.array([one.starts_at.timestamp() for _, _, one in rows], np.float64),
        ends=np.array([_end(one) for _, _, one in rows], np.float64),
        end_known=np.array([end_known for _, end_known, _ in rows], np.bool_),
        share=np.array([one.places_left / whole for _, _, one in rows], np.float64),
        unknown_end_s=site.policy.closure.unknown_end_s,
        places=gate.inspection_places,
        prior_per_h=gate.capacity_prior_per_h,
        weight_h=gate.capacity_prior_weight_h,
        import_per_h=gate.import_prior_per_h,
    )


def _entered(scenario: Scenario, site: Site, gate: str) -> list[tuple[float, bool, Closure]]:
    """Return the closures of a gate with the moments they are entered, and if with their ends.

    Rosters are known from the beginning; what is never entered is left out.
    """
    closures = Announced(scenario, site).list_known(inf)
    rosters = len(scenario.lanes)
    found = [(-inf, True, one) for one in closures[:rosters]]
    for row, one in zip(scenario.disruptions, closures[rosters:], strict=True):
        if row.announced_h < inf:
            at = scenario.start.timestamp() + row.announced_h * 3600.0
            found.append((at, row.end_known, one))
    return [row for row in found if row[2].gate == gate]


def _end(closure: Closure) -> float:
    return inf if closure.ends_at is None else closure.ends_at.timestamp()


@borrowing
def _taken_end(known: Known, k: int, now: float) -> float:
    """Return when a closure is taken to end at a moment."""
    if known.end_known[k] or now >= known.ends[k]:
        return float(known.ends[k])
    if now < known.begins[k]:
        return float(known.begins[k]) + known.unknown_end_s
    # Instants are counted in microseconds.
    whole = floor(now)
    return ((whole + known.unknown_end_s) * 1e6 + round((now - whole) * 1e6)) / 1e6


@borrowing
def opening_from(known: Known, at: float, now: float) -> float:
    """Return the first open moment from ``at`` on as it is known at ``now``; inf if in no window.

    A closure shuts the gate from its beginning up to its end, the end not included.
    """
    for w in range(np.searchsorted(known.closes, at, side="right"), len(known.opens)):
        begin, moved = max(known.opens[w], at), True
        while moved:
            moved = False
            for k in range(len(known.entered)):
                if known.share[k] > 0.0 or now < known.entered[k]:
                    continue
                end = _taken_end(known, k, now)
                if known.begins[k] <= begin < end:
                    begin, moved = end, True
        if begin < known.closes[w]:
            return float(begin)
    return inf


@inlined
def window_at(known: Known, now: float) -> tuple[float, float]:
    """Return the seconds until the gate opens (0 if open) and closes, within a day; inf if not."""
    opens = opening_from(known, now, now)
    if opens >= now + _DAY_S:
        return inf, inf
    w = np.searchsorted(known.closes, opens, side="right")
    closes = min(now + _DAY_S, float(known.closes[w]))
    for k in range(len(known.entered)):
        if known.share[k] == 0.0 and now >= known.entered[k] and known.begins[k] > opens:
            closes = min(closes, known.begins[k])
    return opens - now, closes - now


@compiled
def hours_at(known: Known, now: float) -> Hours:
    """Return all windows as they are known at a moment."""
    opens, closes = known.opens, known.closes
    for k in range(len(known.entered)):
        if known.share[k] > 0.0 or now < known.entered[k]:
            continue
        since, until = known.begins[k], _taken_end(known, k, now)
        # Of each window what is before the closure, and what is after it.
        starts = np.concatenate((opens, np.maximum(opens, until)))
        ends = np.concatenate((np.minimum(closes, since), closes))
        left = np.flatnonzero(starts < ends)
        left = left[np.argsort(starts[left])]
        opens, closes = starts[left], ends[left]
    return Hours(opens, closes)


@inlined
def loss_at(known: Known, now: float) -> tuple[float, float]:
    """Return the share of the places that is known to work now, and since when; 1 if all do."""
    share, since = 1.0, inf
    for k in range(len(known.entered)):
        if known.share[k] == 0.0 or now < known.entered[k]:
            continue
        if known.begins[k] <= now < _taken_end(known, k, now) and known.share[k] < share:
            share, since = known.share[k], known.begins[k]
    return share, since


@inlined
def believed_of(known: Known, share: float) -> Believed:
    """Return the gate with ``share`` of its places, at least one, and of what they can take."""
    places = max(round(known.places * share), 1)
    return Believed(places, known.prior_per_h * share, known.weight_h, known.import_per_h)
