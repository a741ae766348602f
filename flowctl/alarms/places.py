"""Yards that fill, queues that grow, gates that slow down."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from flowctl.alarm_limits import AlarmParams
from flowctl.alarms.alerts import Alert, Kind, Severity, about_place, moment
from flowctl.traffic.collapse import GateMode

_LEAST_LOOKS = 10
"""A trend needs so many looks, one a minute: fewer are a moment."""
_SPAN_SHARE = 0.5
"""They must reach over this share of the time that is looked at."""
_LAST_LOOKS = 5
"""Where a queue stands now is the median of so many looks: one of them may miss its tail."""


@dataclass(frozen=True, slots=True)
class YardLoad:
    """A yard, how many trucks stand in it and how many find room."""

    yard: str
    occupancy: int
    capacity: int


def full_yards(
    yards: Sequence[YardLoad], standing: Collection[str], limits: AlarmParams, now: datetime
) -> list[Alert]:
    """Return the yards that are nearly full, and those that are full.

    ``standing`` are the subjects of alarms of this kind that are not over: of these a yard must
    empty further.
    """
    found = []
    for one in yards:
        subject = about_place(one.yard)
        least = limits.yard_clear_share if subject in standing else limits.yard_share
        if one.capacity <= 0 or one.occupancy < least * one.capacity:
            continue
        full = one.occupancy >= one.capacity
        found.append(
            Alert(
                Kind.YARD_FULL,
                Severity.HIGH if full else Severity.MEDIUM,
                subject,
                now,
                place=one.yard,
                evidence={"yard": one.yard, "inside": one.occupancy, "capacity": one.capacity},
                proved=True,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class QueueLooks:
    """How many tracked trucks stood before a gate, look by look; ``at_s`` epoch seconds, rising."""

    gate: str
    at_s: tuple[float, ...]
    trucks: tuple[int, ...]


def growing_queues(
    queues: Sequence[QueueLooks], standing: Collection[str], limits: AlarmParams, now: datetime
) -> list[Alert]:
    """Return the gates before which the queue grows.

    By the median of the slopes between all pairs of looks (Theil and Sen, JASA 63, 1968), which up
    to 29 % of looks that are off do not move: one look that misses the tail raises nothing.
    """
    found = []
    for one in queues:
        subject = about_place(one.gate)
        least = (
            limits.queue_clear_per_h if subject in standing else limits.queue_growth_per_h
        ) / 3600.0
        slope = slope_of(one, limits.queue_look_s)
        if slope is None or slope < least:
            continue
        now_there = float(np.median(one.trucks[-_LAST_LOOKS:]))
        if now_there < limits.queue_least:
            continue
        found.append(
            Alert(
                Kind.QUEUE_GROWING,
                Severity.MEDIUM,
                subject,
                now,
                place=one.gate,
                evidence={
                    "gate": one.gate,
                    "trucks": round(now_there),
                    "per_h": round(slope * 3600.0),
                    "over_s": round(one.at_s[-1] - one.at_s[0]),
                },
            )
        )
    return found


def slope_of(queue: QueueLooks, look_s: float) -> float | None:
    """Return by how many trucks a second a queue grows; None where too few looks say."""
    at, trucks = np.array(queue.at_s), np.array(queue.trucks, dtype=np.float64)
    if len(at) < _LEAST_LOOKS or at[-1] - at[0] < _SPAN_SHARE * look_s:
        return None
    first, second = np.triu_indices(len(at), k=1)
    return float(np.median((trucks[second] - trucks[first]) / (at[second] - at[first])))


@dataclass(frozen=True, slots=True)
class GateNow:
    """How a gate works against what it usually does, as the controller learned it."""

    gate: str
    state: GateMode
    since: datetime | None
    capacity_per_h: float


def slow_gates(gates: Sequence[GateNow], now: datetime) -> list[Alert]:
    """Return the gates that take less than usual.

    The learned state has limits of its own for a drop and for a recovery
    (`flowctl.traffic.collapse`, at most one false alarm a gate in 30 open days), so that there is
    none here.
    """
    found = []
    for one in gates:
        if one.state not in (GateMode.REDUCED, GateMode.STOPPED):
            continue
        stopped = one.state is GateMode.STOPPED
        since = one.since or now
        found.append(
            Alert(
                Kind.GATE_SLOW,
                Severity.HIGH if stopped else Severity.MEDIUM,
                about_place(one.gate),
                since,
                place=one.gate,
                evidence={
                    "how": "stopped" if stopped else "reduced",
                    "gate": one.gate,
                    "since": moment(since),
                    "per_h": round(one.capacity_per_h),
                },
            )
        )
    return found
