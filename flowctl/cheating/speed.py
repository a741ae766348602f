"""One device at several places at once: a copy of it, or positions that are made up. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flowctl.alarms.alerts import Alert, Kind, Point, Severity, about_trip, moment
from flowctl.cheating_limits import CheatingParams
from geo.sphere import distance_m


@dataclass(frozen=True, slots=True)
class Leg:
    """Two fixes of a trip's device that follow each other; accuracies in metres, None not said."""

    trip_id: int
    device: str
    start: Point
    end: Point
    start_accuracy_m: float | None = None
    end_accuracy_m: float | None = None
    haulier: str | None = None


def impossible_speeds(legs: Sequence[Leg], params: CheatingParams) -> list[Alert]:
    """Return trips whose device went, again and again, where no truck can have driven.

    ``legs`` in order of time; those a truck can drive may be left out. A receiver that errs comes
    back at once, which makes two legs; one that wakes up elsewhere makes one.
    """
    by_trip: dict[int, list[Leg]] = {}
    for leg in legs:
        if is_impossible(leg, params):
            by_trip.setdefault(leg.trip_id, []).append(leg)
    found = (_sustained(of_trip, params) for of_trip in by_trip.values())
    return [alert for alert in found if alert is not None]


def is_impossible(leg: Leg, params: CheatingParams) -> bool:
    """Tell whether no truck can have driven a leg, whatever its fixes' accuracies."""
    metres = _metres(leg, params)
    seconds = (leg.end.at - leg.start.at).total_seconds()
    return metres > params.leg_m and metres > params.leg_mps * seconds


def _metres(leg: Leg, params: CheatingParams) -> float:
    """Return the least a truck must have driven, its fixes off towards each other."""
    metres = distance_m(leg.start.lon, leg.start.lat, leg.end.lon, leg.end.lat)
    for accuracy in (leg.start_accuracy_m, leg.end_accuracy_m):
        metres -= params.accuracy_m if accuracy is None else accuracy
    return metres


def _sustained(legs: Sequence[Leg], params: CheatingParams) -> Alert | None:
    span = timedelta(seconds=params.legs_s)
    for last in range(len(legs) - 1, params.legs - 2, -1):
        window = [leg for leg in legs[: last + 1] if legs[last].end.at - leg.start.at <= span]
        if len(window) >= params.legs:
            return _alert(window, params)
    return None


def _alert(legs: Sequence[Leg], params: CheatingParams) -> Alert:
    first, last = legs[0], legs[-1]
    return Alert(
        Kind.IMPOSSIBLE_SPEED,
        Severity.HIGH,
        about_trip(first.trip_id),
        first.start.at,
        trip_id=first.trip_id,
        device=first.device,
        haulier=first.haulier,
        evidence={
            "legs": len(legs),
            "since": moment(first.start.at),
            "until": moment(last.end.at),
            "furthest_m": round(max(_metres(leg, params) for leg in legs)),
        },
        points=tuple(point for leg in legs[-params.legs :] for point in (leg.start, leg.end)),
    )
