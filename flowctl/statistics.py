"""What the days came to, by gate, direction, class, agency and hour; months are sums. Pure.

A duration is counted into bins whose edges grow by a twentieth, so that days add up to months and
a quantile of the sum is right to 2.5 %, however many trucks there were and whichever of them are
forgotten by then. Days and hours are those of the site's clocks.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from math import floor, log
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flowctl.errors import FlowctlError

_GROWTH = 1.05
_AT_ONCE = -1
"""The bin of what took less than a second."""
MOST_DAYS = 3_700


class Measure(StrEnum):
    """What is counted; the data dictionary (`page.reports.measures`) says each in words."""

    DECLARED = "declared"
    CANCELLED = "cancelled"
    ARRIVED = "arrived"
    CALLED = "called"
    CROSSED = "crossed"
    RETURNED = "returned"
    REFUSED = "refused"
    """A stage was refused; ``of`` is the stage."""
    STAGE = "stage"
    """A stage was confirmed; lasted from when its desk could decide."""
    TO_YARD = "to_yard"
    """From the declaration to the staging yard."""
    IN_YARD = "in_yard"
    """From the yard to the call-up."""
    TO_GATE = "to_gate"
    """From the call-up to the gate's queue."""
    IN_QUEUE = "in_queue"
    """From the queue to a lane."""
    IN_LANE = "in_lane"
    """From the lane to the crossing."""
    IN_ALL = "in_all"
    """From the yard, or of an import from the gate, to the crossing."""
    PAID = "paid"
    """Fees; ``total`` is VND, ``of`` the way of paying."""


LASTING = frozenset(
    {
        *(Measure.STAGE, Measure.TO_YARD, Measure.IN_YARD, Measure.TO_GATE),
        *(Measure.IN_QUEUE, Measure.IN_LANE, Measure.IN_ALL),
    }
)
"""Measures of which every count has a duration."""


class Key(NamedTuple):
    """What a count is about; ``""`` where a part does not apply or is not known."""

    day: date
    hour: int
    gate: str
    direction: str
    cargo: str
    measure: Measure
    desk: str
    of: str


class Fact(NamedTuple):
    """One thing that happened ``at`` a moment; ``amount`` is seconds, or VND of a payment."""

    at: datetime
    gate: str
    direction: str
    cargo: str
    measure: Measure
    amount: float | None = None
    desk: str = ""
    of: str = ""


@dataclass(slots=True)
class Tally:
    """How many, what they add up to (seconds or VND), and durations by bin."""

    n: int = 0
    total: float = 0.0
    bins: dict[int, int] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Add what another counted."""
        self.n += other.n
        self.total += other.total
        for number, count in other.bins.items():
            self.bins[number] = self.bins.get(number, 0) + count

    @property
    def mean(self) -> float | None:
        """The mean; None of nothing."""
        return self.total / self.n if self.n else None

    def quantile(self, share: float) -> float | None:
        """Return the duration (s) that a share of all kept within, to 2.5 %; None of none."""
        left = share * sum(self.bins.values())
        for number in sorted(self.bins):
            left -= self.bins[number]
            if left <= 1e-9:  # noqa: PLR2004 - rounding of the share
                return 0.0 if number == _AT_ONCE else _GROWTH ** (number + 0.5)
        return None


def bin_of(seconds: float) -> int:
    """Return the bin of a duration; one below a second, also a negative one, took no time."""
    return _AT_ONCE if seconds < 1.0 else floor(log(seconds) / log(_GROWTH))


def tally(facts: Iterable[Fact], zone: ZoneInfo) -> dict[Key, Tally]:
    """Count facts by day and hour of a zone's clocks."""
    found: dict[Key, Tally] = {}
    for fact in facts:
        local = fact.at.astimezone(zone)
        key = Key(
            local.date(),
            local.hour,
            *(fact.gate, fact.direction, fact.cargo, fact.measure, fact.desk, fact.of),
        )
        one = found.setdefault(key, Tally())
        one.n += 1
        if fact.amount is None:
            continue
        if fact.measure in LASTING:
            one.total += max(fact.amount, 0.0)
            number = bin_of(fact.amount)
            one.bins[number] = one.bins.get(number, 0) + 1
        else:
            one.total += fact.amount
    return found


class Period(StrEnum):
    """What the rows of a report are by in time."""

    HOUR = "hour"
    """The hour of the day, all days together."""
    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    ALL = "all"


class Part(StrEnum):
    """What else the rows of a report are by."""

    GATE = "gate"
    DIRECTION = "direction"
    CARGO = "cargo"
    DESK = "desk"
    OF = "of"


_PERIODS: Mapping[Period, Callable[[Key], str]] = {
    Period.HOUR: lambda key: f"{key.hour:02d}",
    Period.DAY: lambda key: key.day.isoformat(),
    Period.MONTH: lambda key: f"{key.day:%Y-%m}",
    Period.YEAR: lambda key: f"{key.day:%Y}",
    Period.ALL: lambda _: "",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a report; parts that it is not by are ``""``. Durations in seconds, sums in VND.

    ``mean_s``, ``p50_s`` and ``p90_s`` stand where the measure lasts, ``sum_vnd`` where it is paid.
    """

    period: str
    measure: str
    gate: str
    direction: str
    cargo: str
    desk: str
    of: str
    n: int
    mean_s: float | None = None
    p50_s: float | None = None
    p90_s: float | None = None
    sum_vnd: int | None = None


def report(
    counted: Mapping[Key, Tally],
    *,
    period: Period,
    by: frozenset[Part],
    only: Mapping[Part, str | None] = MappingProxyType({}),
) -> list[Row]:
    """Return the lines of a report, in order of period, measure and parts.

    ``only`` leaves out what is of another gate, say; what it has None for is of any.
    """
    wanted = [(part, value) for part, value in only.items() if value is not None]
    sums: dict[tuple[str, ...], Tally] = {}
    for key, one in counted.items():
        if any(getattr(key, part) != value for part, value in wanted):
            continue
        parts = (str(getattr(key, part)) if part in by else "" for part in Part)
        line = (_PERIODS[period](key), str(key.measure), *parts)
        sums.setdefault(line, Tally()).add(one)
    order = [str(measure) for measure in Measure]
    lines = sorted(sums, key=lambda line: (line[0], order.index(line[1]), line[2:]))
    return [_row(line, sums[line]) for line in lines]


def _row(line: tuple[str, ...], one: Tally) -> Row:
    period, measure, gate, direction, cargo, desk, of = line
    row = Row(period, measure, gate, direction, cargo, desk, of, one.n)
    if Measure(measure) in LASTING:
        p50, p90 = one.quantile(0.5), one.quantile(0.9)
        return replace(row, mean_s=one.mean, p50_s=p50, p90_s=p90)
    return replace(row, sum_vnd=round(one.total)) if measure == Measure.PAID else row


def check_days(since: date, until: date, today: date) -> None:
    """Refuse a range that runs backwards, is too long, or lies ahead.

    Raises
    ------
    FlowctlError
        With what to ask for.
    """
    if until < since:
        raise FlowctlError(
            f"The range ends on {until}, before it begins on {since}; exchange them.",
            kind="range_turned",
        )
    if (until - since).days >= MOST_DAYS:
        raise FlowctlError(
            f"From {since} to {until} are {(until - since).days + 1} days; ask for {MOST_DAYS} at"
            " most.",
            kind="range_long",
            values={"most": MOST_DAYS},
        )
    if since > today:
        raise FlowctlError(
            f"{since} lies ahead; it is {today} at the gates, and there is nothing to count yet.",
            kind="range_ahead",
            values={"today": today.isoformat()},
        )
