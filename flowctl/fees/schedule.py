"""What a crossing costs: a schedule as data, and the amount due with the reason of each line. Pure.

A schedule is a file of a site (fees.toml, read by `flowctl.fees.file`); a trip is billed by the
version that was in force when it was declared. Amounts are whole đồng (VND).
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

Facts = Mapping[str, str]
"""What conditions are about; what is not known is not there. See `flowctl.workflow.stages`."""
Conditions = Mapping[str, tuple[str, ...]]
"""A fact each with the values that meet it; all must be met."""

_DAY = timedelta(days=1)


class Per(StrEnum):
    """What a rate is multiplied by."""

    TRIP = "trip"
    DAY = "day"
    """Each started day (24 h) in the yards beyond the service's free hours."""


class Why(StrEnum):
    """Why a line has its amount: the words of the catalogue (``fees.why``)."""

    FLAT = "flat"
    """Everybody pays it."""
    FACTS = "facts"
    """By what the declaration says."""
    DAYS = "days"
    """By started days in the yards."""


@dataclass(frozen=True, slots=True)
class Rate:
    """An amount for trips that meet the conditions."""

    amount_vnd: int
    applies: Conditions = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Service:
    """What is paid for.

    Parameters
    ----------
    applies
        Whose trips it is for; a fact that is not known meets no condition.
    rates
        Of which exactly one meets a trip's facts; where a fact they ask for is not known yet, the
        service is withheld until it is.
    after
        The stage before which it is not due: what customs settles, nobody pays for before.
    free_h
        Of a service by days: the hours in the yards that cost nothing.
    """

    id: str
    name: Mapping[str, str]
    rates: tuple[Rate, ...]
    per: Per = Per.TRIP
    applies: Conditions = field(default_factory=dict)
    after: str | None = None
    free_h: float = 0.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """The services of a site and what they cost, from a moment on."""

    version: str
    valid_from: datetime
    services: tuple[Service, ...]

    @property
    def asked(self) -> frozenset[str]:
        """Return the facts that any of its conditions is about."""
        return frozenset(
            name
            for service in self.services
            for conditions in (service.applies, *(rate.applies for rate in service.rates))
            for name in conditions
        )


@dataclass(frozen=True, slots=True)
class Stay:
    """A truck's time in the yards; ``until`` None: it still stands there."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What is due for one service, and why: the facts its rate rests on, or the days."""

    service: str
    amount_vnd: int
    why: Why
    values: Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Withheld:
    """A service that is not due yet: before a stage is confirmed, or before a fact is known."""

    service: str
    stage: str | None = None
    fact: str | None = None


@dataclass(frozen=True, slots=True)
class Dues:
    """What a trip owes in all, in the schedule's order."""

    lines: tuple[Line, ...]
    withheld: tuple[Withheld, ...]

    @property
    def total_vnd(self) -> int:
        """Return the sum of the lines."""
        return sum(line.amount_vnd for line in self.lines)


def meets(conditions: Conditions, facts: Facts) -> bool:
    """Tell whether facts meet all conditions; what is not known meets none."""
    return all(facts.get(name) in values for name, values in conditions.items())


def due(
    schedule: Schedule,
    facts: Facts,
    stays: Sequence[Stay],
    waiting: Collection[str],
    *,
    until: datetime,
) -> Dues:
    """Return what a trip owes by a schedule.

    Parameters
    ----------
    stays
        Its times in the yards; days are counted to ``until`` at most.
    waiting
        The trip's stages that are not confirmed. A stage that is none of the trip's withholds
        nothing.
    """
    lines: list[Line] = []
    withheld: list[Withheld] = []
    for service in schedule.services:
        if not meets(service.applies, facts):
            continue
        if service.after is not None and service.after in waiting:
            withheld.append(Withheld(service.id, stage=service.after))
            continue
        unknown = next((name for name in _asked(service) if name not in facts), None)
        rate = next((one for one in service.rates if meets(one.applies, facts)), None)
        if rate is None and unknown is not None:
            withheld.append(Withheld(service.id, fact=unknown))
        elif rate is not None:
            line = _line(service, rate, facts, stays, until)
            if line.amount_vnd > 0:
                lines.append(line)
    return Dues(tuple(lines), tuple(withheld))


def spread(total_vnd: int, lines: Mapping[str, int], covered: Mapping[str, int]) -> dict[str, int]:
    """Return for which services a payment is: it covers lines in their order, as far as it goes.

    ``covered`` is what earlier payments were for; a refund (negative) takes back what is covered
    beyond the lines first, and then from the last line on.
    """
    spent: dict[str, int] = {}
    if total_vnd >= 0:
        for service, amount in lines.items():
            part = min(total_vnd - sum(spent.values()), amount - covered.get(service, 0))
            if part > 0:
                spent[service] = part
        return spent
    back = -total_vnd
    for left_alone in (True, False):
        for service in reversed(list(covered)):
            kept = lines.get(service, 0) if left_alone else 0
            held = covered[service] + spent.get(service, 0)
            part = min(back + sum(spent.values()), held - min(kept, held))
            if part > 0:
                spent[service] = spent.get(service, 0) - part
    return spent


def _asked(service: Service) -> list[str]:
    """Return the facts that a service's rates ask for, in the order of the file."""
    return list(dict.fromkeys(name for rate in service.rates for name in rate.applies))


def _line(
    service: Service, rate: Rate, facts: Facts, stays: Sequence[Stay], until: datetime
) -> Line:
    named = {name: facts[name] for name in (*service.applies, *rate.applies)}
    if service.per is Per.TRIP:
        return Line(service.id, rate.amount_vnd, Why.FACTS if named else Why.FLAT, named)
    days = started_days(stays, service.free_h, until)
    values = named | {"days": days, "rate_vnd": rate.amount_vnd, "free_h": service.free_h}
    return Line(service.id, days * rate.amount_vnd, Why.DAYS, values)


def started_days(stays: Sequence[Stay], free_h: float, until: datetime) -> int:
    """Return how many days (24 h) beyond the free hours were begun by ``until``."""
    spent = timedelta()
    for stay in stays:
        end = until if stay.until is None else min(stay.until, until)
        spent += max(end - stay.since, timedelta())
    beyond = spent - timedelta(hours=free_h)
    return max(math.ceil(beyond / _DAY), 0)
