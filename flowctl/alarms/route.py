"""Trucks that leave the way to where they were sent."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from flowctl.alarm_limits import AlarmParams
from flowctl.alarms.alerts import Alert, Kind, Point, Severity, about_trip, moment
from geo.crs import Column

_ON_BEFORE = 2
"""So many fixes on the way come before one can say that it was left."""


@dataclass(frozen=True, slots=True)
class Journey:
    """A truck under way, its last fixes, and how far each lies from its way and from its end.

    ``off_m`` and ``left_m`` (metres, shape [n]) belong to ``points``, in order of time: how far it
    is to the nearest road that leads where it was sent, and to that place as the crow flies.
    ``called`` tells a truck called to ``place``, a gate, from one that comes to ``place``, a yard.
    """

    trip_id: int
    place: str
    called: bool
    device: str
    points: tuple[Point, ...]
    off_m: Column
    left_m: Column
    haulier: str | None = None


def strayed(
    journeys: Sequence[Journey], standing: Collection[str], limits: AlarmParams
) -> list[Alert]:
    """Return the trucks that left their way and stay off it.

    A called-up truck has strayed when its last fixes all lie off every road to its gate; one on a
    corridor when it was on it, has left it and gets further away from its yard.
    """
    found = []
    for one in journeys:
        away = _away(one, about_trip(one.trip_id) in standing, limits)
        if away is None or _lasts_s(one, away) < limits.off_s:
            continue
        began = one.points[away]
        found.append(
            Alert(
                Kind.OFF_ROUTE,
                Severity.HIGH if one.called else Severity.LOW,
                about_trip(one.trip_id),
                began.at,
                trip_id=one.trip_id,
                device=one.device,
                haulier=one.haulier,
                place=one.place,
                evidence={
                    "how": "called" if one.called else "coming",
                    "place": one.place,
                    "since": moment(began.at),
                    "away_m": round(float(one.off_m[-1])),
                },
                points=one.points[away:],
            )
        )
    return found


def _away(one: Journey, standing: bool, limits: AlarmParams) -> int | None:
    """Return from which fix on all are off the way; None where the truck has not strayed."""
    most = limits.off_way_m if one.called else limits.off_corridor_m
    if standing:
        most = min(most, limits.back_m)
    on = np.flatnonzero(one.off_m <= most)
    first = 0 if not len(on) else int(on[-1]) + 1
    if len(one.points) - first < limits.off_fixes:
        return None
    if one.called or standing:
        return first
    # Who was never seen on the corridor comes by another road, which is no matter.
    leaves = len(on) >= _ON_BEFORE and one.left_m[-1] > one.left_m[first]
    return first if leaves else None


def _lasts_s(one: Journey, first: int) -> float:
    lasted: timedelta = one.points[-1].at - one.points[first].at
    return lasted.total_seconds()
