"""Trucks that are longer on the other side than they may be."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flowctl.alarms.alerts import Alert, Kind, Severity, about_place, about_trip, moment
from flowctl.policy import AwayRules

_FEWER = 0.5
"""One alarm for many goes on until there are fewer than this share of the number that raises it."""
_LATE = timedelta(hours=12)
"""Who is overdue for so long weighs more. Assumed."""


@dataclass(frozen=True, slots=True)
class Away:
    """A truck on the other side; ``trip_id`` None: nobody declared it."""

    crossing_id: int
    trip_id: int | None
    plate: str
    gate: str
    haulier: str | None
    crossed_at: datetime
    due_at: datetime


def overdue(
    away: Sequence[Away], standing: Collection[str], rules: AwayRules, now: datetime
) -> list[Alert]:
    """Return the trucks that should be back: one alarm a truck, or a gate where they are many.

    ``standing`` are the subjects of alarms of this kind that are not over.
    """
    forgotten = timedelta(hours=rules.forgotten_h)
    late: dict[str, list[Away]] = defaultdict(list)
    for one in sorted(away, key=lambda one: one.due_at):
        if one.due_at < now <= one.due_at + forgotten:
            late[one.gate].append(one)
    found: list[Alert] = []
    for gate, trucks in late.items():
        least = rules.many * _FEWER if about_place(gate) in standing else rules.many
        if len(trucks) >= least:
            found.append(_of_gate(gate, trucks, now))
        else:
            found.extend(_of_truck(one, now) for one in trucks)
    return found


def _of_gate(gate: str, trucks: Sequence[Away], now: datetime) -> Alert:
    first = trucks[0].due_at
    return Alert(
        Kind.OVERDUE_RETURN,
        _severity(first, now),
        about_place(gate),
        first,
        place=gate,
        evidence={"how": "many", "gate": gate, "trucks": len(trucks), "due_at": moment(first)},
    )


def _of_truck(one: Away, now: datetime) -> Alert:
    facts = {"gate": one.gate, "crossed_at": moment(one.crossed_at), "due_at": moment(one.due_at)}
    unknown = one.trip_id is None
    return Alert(
        Kind.OVERDUE_RETURN,
        _severity(one.due_at, now),
        f"crossing {one.crossing_id}" if one.trip_id is None else about_trip(one.trip_id),
        one.due_at,
        trip_id=one.trip_id,
        haulier=one.haulier,
        place=one.gate,
        evidence=facts | ({"how": "unknown", "plate": one.plate} if unknown else {"how": "one"}),
    )


def _severity(due_at: datetime, now: datetime) -> Severity:
    return Severity.MEDIUM if now >= due_at + _LATE else Severity.LOW
