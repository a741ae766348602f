"""What visits show of a trip and of a gate: the rules of production's queries, in memory.

`flowctl.storage.live_query` and `flowctl.storage.snapshot` say the same of rows in the database; a
test holds both to one day.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from flowctl.storage.gate_lags import SEVERAL
from flowctl.telemetry.fixes import instant
from flowctl.visits.track import Visit
from geo.zones import Role, Zone

_AT_GATE = (Role.QUEUE, Role.LANE, Role.BEYOND)


class Stay(NamedTuple):
    """A visit with what its zone is for; moments are microseconds since 1970."""

    role: Role
    gate: str | None
    visit: Visit

    @property
    def entered_at(self) -> int:
        """When it began."""
        return self.visit.entered_at

    @property
    def left_at(self) -> int | None:
        """When it ended, None while it lasts."""
        return self.visit.left_at


def stays_of(visits: Iterable[Visit], zones: Mapping[str, Zone], since: int) -> list[Stay]:
    """Return the stays that reach into a trip registered at a moment, but for approaches."""
    found = (Stay(Role(zones[one.zone].role), zones[one.zone].gate, one) for one in visits)
    return [
        one
        for one in found
        if one.role is not Role.APPROACH and (one.left_at is None or one.left_at >= since)
    ]


def facts_of(stays: Sequence[Stay], since: int) -> dict[str, Any]:
    """Return what stays show of a trip registered at ``since``: fields of `LiveTrip`.

    What was seen at a gate before the truck last came into a yard is forgotten: it was sent back. A
    truck has cleared when it entered the zone beyond, or left the lane and did not queue again.
    """
    yards = [one for one in stays if one.role is Role.YARD]
    yarded_at = max((one.entered_at for one in yards), default=None)
    after_yard = [one for one in stays if yarded_at is None or one.entered_at >= yarded_at]
    queues = [one for one in after_yard if one.role is Role.QUEUE]
    queued_at = min((one.entered_at for one in queues), default=None)
    at_gate = [one.gate for one in after_yard if one.role in (Role.QUEUE, Role.LANE) and one.gate]
    requeued_at = max(
        (one.entered_at for one in stays if one.role in (Role.YARD, Role.QUEUE)), default=None
    )
    last = [one for one in stays if requeued_at is None or one.entered_at >= requeued_at]
    lane_at = min((one.entered_at for one in last if one.role is Role.LANE), default=None)
    inside = [
        one.visit.zone for one in yards if one.left_at is None and one.entered_at == yarded_at
    ]
    at_yard = queued_at is None and lane_at is None
    return {
        "arrived_at": _moment(min((max(one.entered_at, since) for one in yards), default=None)),
        "counted_at": _moment(
            min((max(one.visit.counted_at, since) for one in yards), default=None)
        ),
        "yarded_at": _moment(yarded_at),
        "yard": max(inside, default=None) if at_yard else None,
        "queued_at": _moment(queued_at),
        "queued_gate": max(at_gate, default=None),
        "lane_at": _moment(lane_at),
        "cleared_at": _moment(_cleared_at(last)),
    }


def passages_of(stays: Sequence[Stay]) -> dict[str, tuple[float, float]]:
    """Return when a truck came to each gate and was through, epoch s, NaN where not seen."""
    yarded_at = max((one.entered_at for one in stays if one.role is Role.YARD), default=None)
    found: dict[str, list[Stay]] = {}
    for one in stays:
        sent_back = yarded_at is not None and yarded_at > one.entered_at
        if one.role in _AT_GATE and one.gate is not None and not sent_back:
            found.setdefault(one.gate, []).append(one)
    return {gate: _passage(of_gate) for gate, of_gate in found.items()}


def _passage(stays: Sequence[Stay]) -> tuple[float, float]:
    entered = (one.entered_at for one in stays if one.role in (Role.QUEUE, Role.LANE))
    requeued_at = max((one.entered_at for one in stays if one.role is Role.QUEUE), default=None)
    last = [one for one in stays if requeued_at is None or one.entered_at >= requeued_at]
    return _epoch_s(min(entered, default=None)), _epoch_s(_cleared_at(last))


def _cleared_at(stays: Sequence[Stay]) -> int | None:
    """Return when a truck was through, by its stays since it queued last."""
    beyond = [one.entered_at for one in stays if one.role is Role.BEYOND]
    lanes = [one.left_at for one in stays if one.role is Role.LANE]
    through = [left for left in lanes if left is not None]
    if lanes and len(through) == len(lanes):
        beyond.append(max(through))
    return min(beyond, default=None)


def lag_s(facts_s: Sequence[float], silences_s: Sequence[float]) -> float:
    """Return how late what happens at a gate becomes known (`flowctl.storage.gate_lags`).

    Nine of ten facts came sooner; ``silences_s`` is for how long each truck there was not heard of.
    """
    lags = [float(np.quantile(facts_s, 0.9))] if facts_s else []
    if len(silences_s) >= SEVERAL:
        lags.append(min(silences_s))
    return max([*lags, 0.0])


def _moment(at_us: int | None) -> datetime | None:
    return None if at_us is None else instant(at_us)


def _epoch_s(at_us: int | None) -> float:
    return np.nan if at_us is None else at_us / 1e6
