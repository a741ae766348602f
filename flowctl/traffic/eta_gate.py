"""When called trucks will be at an inspection place of their gate.

The gate is played ahead from what is known of it now: its places work at the learned rate, the
called trucks come to its queue when they are expected there, imports as they have been coming, and
a place that falls free takes from the two directions in turn while both wait. All of it runs on a
clock that stands while the gate is closed. `flowctl.traffic.calibration` learns how far that may be
believed. Moments are epoch seconds. Nothing here reads a clock.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from heapq import heapreplace
from itertools import chain, count, repeat
from math import exp, inf, isfinite, log, sqrt

from flowctl.opening import Opening
from flowctl.site import Access, Gate
from flowctl.traffic.calibration import Z
from flowctl.traffic.capacity import Rate
from flowctl.traffic.eta import DEFAULTS, EtaParams, Expected, Target
from flowctl.traffic.open_time import open_s

_Z95 = 1.6449  # capacity comes with a 90 % interval
_HOUR_S = 3600.0


class Unknown(StrEnum):
    """Why nothing is expected of a gate's trucks."""

    NO_CAPACITY = "no_capacity"
    NEVER_OPEN = "never_open"


@dataclass(frozen=True, slots=True)
class GateNow:
    """What is known of a gate at one moment.

    Attributes
    ----------
    places, busy
        Inspection places, and how many of them hold a truck.
    imports
        Imports that wait for a place.
    rate
        What the gate takes of both directions in an open hour, with its 90 % interval.
    imports_per_h
        Imports that come in an open hour, as far as they are taken while exports wait.
    """

    places: int
    busy: int
    imports: int
    rate: Rate
    imports_per_h: float
    opening: Opening


def gate_now(
    gate: Gate,
    rate: Rate,
    export_per_h: float,
    *,
    inside: int,
    queued: int,
    in_lane: int,
    now: float,
) -> GateNow:
    """Return what is known of a gate from how many trucks are there.

    While it is open no place stays free for as long as a truck waits; while it is closed those that
    were being screened are let out, and all places are free when it opens.

    Parameters
    ----------
    rate, export_per_h
        What the gate takes in an open hour: of both directions, and of exports that always wait.
    inside
        Trucks of both directions between the queue's entry and the end of screening.
    queued, in_lane
        The exports among them, before and at their inspection places.
    """
    is_open = gate.opening.is_open(_instant(now))
    busy = min(inside, gate.inspection_places) if is_open else 0
    imports_at_places = max(busy - in_lane, 0)
    return GateNow(
        places=gate.inspection_places,
        busy=busy,
        imports=max(inside - queued - in_lane - imports_at_places, 0),
        rate=rate,
        imports_per_h=max(rate.per_h - export_per_h, 0.0),
        opening=gate.opening,
    )


def in_queue(gate: str, now: float) -> Expected:
    """Return the belief in when a truck comes to the queue that is there."""
    return Expected(Target.GATE, gate, now, 0.0, 0.0, 0.0)


def from_yard(way: Access, released_at: float) -> Expected:
    """Return the belief in when a called truck that stands in its yard comes to the queue."""
    low, high = (way.travel_s * exp(z * way.travel_cv) for z in (-Z, Z))
    return Expected(Target.GATE, way.gate, released_at, low, way.travel_s, high)


def at_gate(
    drives: Sequence[Expected], gate: GateNow, now: float, *, params: EtaParams = DEFAULTS
) -> list[Expected] | Unknown:
    """Return the raw beliefs in when trucks come to an inspection place, in open seconds.

    Each is there once it has come to the queue and its place is free. When that is, is uncertain by
    √(σ² + 1/n) of the logarithm: σ from the interval of the rate, 1/n of n exponential services
    (their sum is Erlang, of squared coefficient of variation 1/n).

    Parameters
    ----------
    drives
        When each of the gate's called trucks comes to its queue. Of those that come at one moment,
        as all do that are there, the earlier in this order is served first.

    Returns
    -------
    list of Expected
        In the order of ``drives``; or why there is none.
    """
    per_h = gate.rate.per_h
    if per_h <= 0 or not isfinite(per_h):
        return Unknown.NO_CAPACITY
    soon = _instant(now) + timedelta(days=params.ahead_days)
    if next(gate.opening.between(_instant(now), soon), None) is None:
        return Unknown.NEVER_OPEN
    comes = [max(drive.since + drive.mid, now) for drive in drives]
    order = sorted(range(len(drives)), key=comes.__getitem__)
    waits_from_s = [open_s(gate.opening, now, comes[number]) for number in order]
    free_s = dict(zip(order, _places_free(waits_from_s, gate), strict=True))
    return [_served(drive, free_s[n], gate, now) for n, drive in enumerate(drives)]


def _places_free(waits_from_s: Sequence[float], gate: GateNow) -> Iterator[float]:
    """Yield for each export in the order of the queue when a place is free for it.

    All are open seconds from now. A deterministic play of the gate: every screening takes the mean
    time. Of those under way nothing is known but that each has gone on for some of it: the k-th of
    n ends after k / (n + 1) of a screening (the mean of the k-th of n uniform residual times; David
    and Nagaraja, *Order Statistics*, 3rd ed., 2.1).
    """
    service_s = gate.places / gate.rate.per_h * _HOUR_S
    under_way = [k * service_s / (gate.busy + 1) for k in range(1, gate.busy + 1)]
    places = [0.0] * (gate.places - gate.busy) + under_way  # in order, so a heap
    imports = _imports(gate)
    import_waits_from, import_was_last = next(imports), False
    for export_waits_from in waits_from_s:
        while True:
            begins = max(places[0], min(export_waits_from, import_waits_from))
            is_turn = export_waits_from > begins or not import_was_last
            if import_waits_from > begins or not is_turn:
                break
            heapreplace(places, begins + service_s)
            import_waits_from, import_was_last = next(imports), True
        yield places[0]
        heapreplace(places, begins + service_s)
        import_was_last = False


def _imports(gate: GateNow) -> Iterator[float]:
    """Yield when imports begin to wait: those that do now, then one after another."""
    every_s = _HOUR_S / gate.imports_per_h if gate.imports_per_h > 0 else inf
    coming = count(every_s / 2.0, every_s) if every_s < inf else repeat(inf)
    return chain(repeat(0.0, gate.imports), coming)


def _served(drive: Expected, free_s: float, gate: GateNow, now: float) -> Expected:
    """Return the belief in when a truck is served for which a place is free in ``free_s``."""
    services = free_s * gate.rate.per_h / _HOUR_S
    known = gate.rate.low > 0 and gate.rate.high > 0
    rate_sd = log(gate.rate.high / gate.rate.low) / (2 * _Z95) if known else 1.0
    spread = sqrt(rate_sd**2 + 1.0 / max(services, 1.0))
    passed_s = open_s(gate.opening, drive.since, now)
    low, mid, high = (
        max(
            open_s(gate.opening, drive.since, drive.since + arrives),
            passed_s + free_s * exp(z * spread) if free_s > 0 else 0.0,
        )
        for arrives, z in zip((drive.low, drive.mid, drive.high), (-Z, 0.0, Z), strict=True)
    )
    return Expected(Target.GATE, drive.place, drive.since, low, mid, high, opening=gate.opening)


def _instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
