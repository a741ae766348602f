"""Release metering: how many trucks may be on the way to a gate, and whose turn it is.

N-control holds the number of trucks between a yard's exit and the end of screening at a target:
enough that the gate never starves, few enough that the queue stays short. Counting the trucks in
transit is what makes it work; a regulator that sees only the queue oscillates.

The scalar functions take and return plain numbers, so that simulations can compile them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from math import floor, sqrt

import numpy as np

from flowctl.dispatch.called import callable_at, in_transit, missed, standing
from flowctl.dispatch.reasons import Reason
from flowctl.dispatch.seniority import seniority
from flowctl.site import Access, Gate, Site
from flowctl.state import GateHistory, LiveTrip, Slot, Snapshot
from flowctl.traffic.capacity import CapacityEstimate
from flowctl.traffic.collapse import GateMode
from flowctl.traffic.screenings import DEFAULTS

BUFFER = 2.2
"""Buffer over the root of the pipeline: the smallest that loses at most 0.5 % of the gate's time
for travel times of 5-60 min with a coefficient of variation of 0.1-0.5 (found by simulation on
common random numbers). The root is the spread of a Poisson number in transit: square-root staffing,
Halfin and Whitt, Operations Research 29 (1981)."""


SLEW = 2.0
"""How fast the target may rise while the gate is open, in trucks for each truck screened: what is
released then is at most three times what is screened. A pulse of trucks becomes a
queue a way later, while a gate that recovers has at first the trucks that stand before it."""

_NO_SLOT = datetime.max.replace(tzinfo=UTC)
_LEAST_VIEW_S = 600.0
"""The shortest time over which a queue of imports is taken as a rate: one screening."""


def n_target(mu_per_s: float, travel_s: float, places: int) -> float:
    """Return N*, the trucks in transit, queued and in service that keep a gate just busy.

    ``mu_per_s`` is the rate at which released trucks are screened, ``travel_s`` the time from the
    message to the gate. For several yards pass the mean of their times weighted by their rates:
    the pipeline is then the sum of all rate times travel.
    """
    pipeline = mu_per_s * travel_s
    return places + pipeline + BUFFER * sqrt(pipeline)


def n_ready(
    n_target: float, mu_per_s: float, usual_per_s: float, travel_s: float, places: int
) -> float:
    """Return the target of a gate that takes less than usual, and may recover at any moment.

    A target of what it takes now would starve the gate from its recovery until that is seen, and
    for another time of the way. So the way is kept as full as the usual rate asks, as long as those
    who come too early wait no longer than the way takes.
    """
    return max(n_target, places + min(usual_per_s, 2.0 * mu_per_s) * travel_s)


def n_allowed(
    n_target: float, mu_per_s: float, places: int, until_open_s: float, until_close_s: float
) -> float:
    """Return the target cut to what the gate can begin to screen while it is open.

    Before opening nothing is screened: only as many leave as will find a place, or would be
    screened between opening and their arrival, and the buffer waits until places begin to come
    free. Towards closing the target falls to the places and what is still screened, so that nobody
    spends the night in the gate's queue. ``until_open_s`` is 0 at an open gate.
    """
    allowed = min(n_target, places + mu_per_s * until_close_s)
    if until_open_s > 0.0:
        # The root of the pipeline, from n_target = places + root^2 + BUFFER root.
        root = (sqrt(BUFFER * BUFFER + 4.0 * max(n_target - places, 0.0)) - BUFFER) / 2.0
        allowed = min(allowed, n_target - BUFFER * root - mu_per_s * until_open_s)
    return allowed


def n_slewed(
    n_target: float, n_before: float, mu_per_s: float, since_s: float, places: int
) -> float:
    """Return the target, risen no faster than `SLEW` allows since it was ``n_before``.

    Bumpless: where the learned capacity jumps, the trucks on the way grow over the time of the way
    and not in one tick. Free places are filled at once. ``since_s`` is the time since ``n_before``.
    """
    return min(n_target, max(n_before, float(places)) + SLEW * mu_per_s * since_s)


def release_quota(n_target: float, n_now: int, waiting: int, least: int, most: int) -> int:
    """Return how many of the ``waiting`` trucks to release now, between ``least`` and ``most``."""
    room = floor(n_target) - n_now
    return min(waiting, max(least, min(most, room)))


def export_rate(
    mu_per_h: float, import_per_h: float, imports_queued: int = 0, over_s: float = 3600.0
) -> float:
    """Return what is left for exports of a gate that takes the two directions in turn, per hour.

    Imports that come at less than half its rate are all taken; more of them cannot push exports
    below half, for places go to the two queues alternately while both wait. ``imports_queued`` are
    those beyond the places they can hold now, to be taken within ``over_s``: the way of the trucks
    that are released now, but never less than ten minutes.
    """
    imports_per_h = import_per_h + imports_queued * 3600.0 / max(over_s, _LEAST_VIEW_S)
    return max(mu_per_h - imports_per_h, mu_per_h / 2.0)


def gate_load(in_transit: int, exports: int, imports: int, places: int) -> int:
    """Return the trucks that count against N*.

    All exports on the way or inside count; imports count for the places they can hold. Those that
    queue beyond half the places delay no export, because places are taken in turn.
    """
    return in_transit + exports + min(imports, places - places // 2)


def imports_beyond(imports: int, places: int) -> int:
    """Return the imports at a gate beyond the places they can hold in turn with exports."""
    return max(imports - (places - places // 2), 0)


def learned_target(
    learned: CapacityEstimate, imports_queued: int, travel_s: float, places: int
) -> tuple[float, float]:
    """Return the rate at which released trucks are screened (per s), and N*, of an open gate.

    ``imports_queued`` are those beyond the places they can hold, ``travel_s`` as in `n_target`.
    """
    mu_per_s = _exports_per_s(learned, learned.working_per_h, imports_queued, travel_s)
    target = n_target(mu_per_s, travel_s, places)
    if learned.state is GateMode.REDUCED and learned.usual_per_h is not None:
        usual_per_s = _exports_per_s(learned, learned.usual_per_h, imports_queued, travel_s)
        target = n_ready(target, mu_per_s, usual_per_s, travel_s, places)
    return mu_per_s, target


def _exports_per_s(
    learned: CapacityEstimate, per_h: float, imports_queued: int, travel_s: float
) -> float:
    return export_rate(per_h, learned.import_per_h, imports_queued, travel_s) / 3600.0


@dataclass(frozen=True, slots=True)
class Release:
    """The word to a driver: leave ``yard`` for ``gate`` now; void after ``expires_at``.

    ``reason`` says why a truck goes out of its turn, None where it does not.
    """

    trip_id: int
    gate: str
    yard: str
    expires_at: datetime
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Approach:
    """One gate as the regulator sees it.

    ``opens_at`` and ``closes_at`` bound the present or next opening, None where none is in sight.
    ``ready`` are the trucks that could go now with their ways, in the order of their turn;
    ``outside`` those in yards from which the way leads through an in-gate yard (`flowctl.dispatch.
    legs`). ``waiting`` counts all that stand in a yard for this gate. ``n_target`` is what is
    allowed at this moment: 0 while the gate is closed and not about to open. ``mu_per_s`` is the
    rate at which released trucks are screened.
    """

    gate: Gate
    opens_at: datetime | None
    closes_at: datetime | None
    ready: tuple[tuple[LiveTrip, Access], ...]
    waiting: int
    in_transit: int
    exports: int
    imports: int
    n_target: float
    mu_per_s: float = 0.0
    outside: tuple[tuple[LiveTrip, Access], ...] = ()

    @property
    def load(self) -> int:
        """Trucks that count against the target."""
        return gate_load(self.in_transit, self.exports, self.imports, self.gate.inspection_places)


def approaches(
    snapshot: Snapshot,
    estimates: Mapping[str, CapacityEstimate],
    slots: Mapping[int, Slot],
) -> tuple[Approach, ...]:
    """Return every gate as the regulator sees it, in the site's order."""
    turns = _turns(snapshot, slots)
    histories = {history.gate: history for history in snapshot.gates}
    coming = Counter(
        trip.released_gate for trip in snapshot.trips if in_transit(trip, snapshot.now)
    )
    return tuple(
        _approach(
            snapshot.site,
            gate,
            snapshot.now,
            turns.get(gate.id, []),
            coming[gate.id],
            histories.get(gate.id),
            estimates[gate.id],
        )
        for gate in snapshot.site.gates
    )


def releases(
    snapshot: Snapshot,
    estimates: Mapping[str, CapacityEstimate],
    slots: Mapping[int, Slot],
) -> tuple[Release, ...]:
    """Return who leaves which yard now.

    Parameters
    ----------
    snapshot
        Trips and gates.
    estimates
        Learned capacity by gate id; every gate of the site.
    slots
        The slot each driver last heard of, by trip id.
    """
    return tuple(
        release
        for approach in approaches(snapshot, estimates, slots)
        for release in call_up(snapshot, approach)
    )


def call_up(snapshot: Snapshot, approach: Approach, fills: int = 0) -> tuple[Release, ...]:
    """Return who leaves for one gate now, in the order of their turn.

    Turns go by the slot told, then seniority. A truck goes however far its slot lies ahead where
    nobody before it is ready: holding it back would only idle the gate. So many places as
    ``fills`` were left by trucks that did not show up: those that stand by go first to them.
    """
    if approach.opens_at is None or approach.closes_at is None:
        return ()
    rules, now = snapshot.site.dispatch, snapshot.now
    left_s = (approach.closes_at - now).total_seconds()
    # One standard deviation of the way is kept before closing; before opening, none is needed.
    in_time = (
        (trip, way)
        for trip, way in approach.ready
        if way.travel_s * (1.0 + way.travel_cv) <= left_s
    )
    # Nobody beyond the most that may leave is looked at, unless those that stand by are sought.
    going = list(in_time if fills else islice(in_time, rules.release_most))
    quota = release_quota(approach.n_target, approach.load, len(going), 0, rules.release_most)
    expires_at = now + timedelta(seconds=rules.release_expiry_s)
    # Who would still stand before a closed gate waits, and keeps its place in the quota: a junior
    # with a longer way must not take it.
    return tuple(
        Release(trip.id, approach.gate.id, trip.yard, expires_at, reason)
        for trip, way, reason in _chosen(going, quota, fills)
        if trip.yard is not None and now + timedelta(seconds=way.travel_s) >= approach.opens_at
    )


def _chosen(
    going: Sequence[tuple[LiveTrip, Access]], quota: int, fills: int
) -> Iterator[tuple[LiveTrip, Access, Reason | None]]:
    """Yield who of those whose turn comes takes a place, in their order, and why out of it.

    The last ``fills`` places of the quota go to those that stand by before others.
    """
    rest = [trip for trip, _ in going[max(quota - fills, 0) :]]
    stand_by = [trip.id for trip in rest if trip.standby][: min(fills, quota)]
    others = quota - len(stand_by)
    passed = False
    for trip, way in going:
        if trip.id in stand_by:
            yield trip, way, Reason.STANDBY_FILL if passed else None
        elif others > 0:
            others -= 1
            yield trip, way, None
        else:
            passed = True


def _turns(
    snapshot: Snapshot, slots: Mapping[int, Slot]
) -> dict[str, list[tuple[LiveTrip, Access]]]:
    """Return the standing trucks by the gate they are bound for, in the order of their turn."""
    site, now = snapshot.site, snapshot.now
    ways = {(yard.id, way.gate): way for yard in site.yards for way in yard.access}
    keyed: dict[str, list[tuple[datetime, tuple[datetime, datetime, int], LiveTrip, Access]]] = {}
    for trip in snapshot.trips:
        if trip.yard is None or not standing(trip, now):
            continue
        told = slots.get(trip.id)
        bound = trip.gates if told is None else (told.gate,)
        way = next((ways[trip.yard, gate] for gate in bound if (trip.yard, gate) in ways), None)
        if way is not None:
            row = (_starts_at(trip, told), seniority(trip, site.policy), trip, way)
            keyed.setdefault(way.gate, []).append(row)
    # The number at the end of a seniority is nobody else's: trips are never compared themselves.
    return {gate: [(trip, way) for *_, trip, way in sorted(rows)] for gate, rows in keyed.items()}


def _starts_at(trip: LiveTrip, told: Slot | None) -> datetime:
    """Return the slot that a truck's turn goes by, the end of time where it has none."""
    if told is None or (trip.release_ended is not None and told == trip.told and missed(trip)):
        return _NO_SLOT
    return told.starts_at


def _approach(
    site: Site,
    gate: Gate,
    now: datetime,
    turn: Sequence[tuple[LiveTrip, Access]],
    moving: int,
    history: GateHistory | None,
    learned: CapacityEstimate,
) -> Approach:
    may_go = [(trip, way) for trip, way in turn if callable_at(trip, site.policy) <= now]
    ready = tuple((trip, way) for trip, way in may_go if way.via is None)
    exports, imports = _inside(history, now)
    window = next(gate.opening.between(now, now + timedelta(days=1)), None)
    target = mu_per_s = 0.0
    if window is not None:
        travel_s = _mean_travel(way for _, way in ready) or _mean_travel(_ways(site, gate)) or 0.0
        queued = imports_beyond(imports, gate.inspection_places)
        mu_per_s, wanted = learned_target(learned, queued, travel_s, gate.inspection_places)
        until_open_s = (window[0] - now).total_seconds()
        if until_open_s <= _longest_travel(ready):
            target = n_allowed(
                wanted,
                mu_per_s,
                gate.inspection_places,
                until_open_s,
                (window[1] - now).total_seconds(),
            )
        if until_open_s <= 0.0 and history is not None:
            target = _slewed(target, history, mu_per_s, gate.inspection_places, now)
    return Approach(
        gate=gate,
        opens_at=None if window is None else window[0],
        closes_at=None if window is None else window[1],
        ready=ready,
        waiting=len(turn),
        in_transit=moving,
        exports=exports,
        imports=imports,
        n_target=max(target, 0.0),
        mu_per_s=mu_per_s,
        outside=tuple((trip, way) for trip, way in may_go if way.via is not None),
    )


def _slewed(
    target: float, history: GateHistory, mu_per_s: float, places: int, now: datetime
) -> float:
    if history.n_target is None or history.n_target_at is None:
        return target
    # A clock set back has told nothing of how long ago it was.
    since_s = max((now - history.n_target_at).total_seconds(), 0.0)
    return n_slewed(target, history.n_target, mu_per_s, since_s, places)


def _longest_travel(ready: Sequence[tuple[LiveTrip, Access]]) -> float:
    return max((way.travel_s for _, way in ready), default=0.0)


def _mean_travel(ways: Iterable[Access]) -> float | None:
    times = [way.travel_s for way in ways]
    return sum(times) / len(times) if times else None


def _ways(site: Site, gate: Gate) -> list[Access]:
    ways = (yard.access_to(gate.id) for yard in site.yards)
    return [way for way in ways if way is not None and way.via is None]


def _inside(history: GateHistory | None, now: datetime) -> tuple[int, int]:
    """Return exports and imports between the queue's entry and the end of screening."""
    if history is None:
        return 0, 0
    at = now.timestamp()
    gone = history.cleared_at <= at
    since = at - DEFAULTS.lost_after_s
    here = (history.entered_at <= at) & (history.entered_at > since) & ~gone
    imports = int(np.count_nonzero(here & history.is_import))
    return int(np.count_nonzero(here)) - imports, imports
