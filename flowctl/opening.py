"""When a gate takes goods: its weekly hours, the dates that differ, the other side, closures."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_LAST_MINUTE = time(23, 59)
"""A window that closes in a day's last minute closes at midnight, which no time of a day names."""


@dataclass(frozen=True, slots=True)
class Opening:
    """When a gate takes goods, in the site's local time.

    ``weekly`` has one tuple of (opens, closes) windows per weekday, Monday first; ``exceptions``
    replaces the windows of a date, an empty tuple being a closed day. Goods pass only while the
    ``opposite`` side is open too, whose hours go by its own time zone, or in ``extra`` hours that
    both agreed on, and not while the gate is ``closed``: (from, until) instants, in order and apart
    (`flowctl.closures` puts them in).
    """

    timezone: ZoneInfo
    weekly: tuple[tuple[tuple[time, time], ...], ...]
    exceptions: Mapping[date, tuple[tuple[time, time], ...]] = field(default_factory=dict)
    opposite: "Opening | None" = None
    closed: tuple[tuple[datetime, datetime], ...] = ()
    extra: tuple[tuple[datetime, datetime], ...] = ()

    def windows(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """Return the opening windows of a local day as aware UTC instants, in order."""
        hours = self.exceptions.get(day, self.weekly[day.weekday()])
        found = [
            (
                datetime.combine(day, opens, self.timezone).astimezone(UTC),
                self._closing(day, closes),
            )
            for opens, closes in hours
        ]
        if self.opposite is not None:
            found = [both for window in found for both in self.opposite.between(*window)]
        if self.extra:
            found = list(united([*found, *self._extra_of(day)]))
        return tuple(left for window in found for left in _outside(window, self.closed))

    def _extra_of(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """Yield the extra hours of a local day."""
        begins, ends = (
            datetime.combine(one, time(), self.timezone).astimezone(UTC)
            for one in (day, day + timedelta(days=1))
        )
        for since, until in self.extra:
            if since < ends and until > begins:
                yield max(since, begins), min(until, ends)

    def _closing(self, day: date, closes: time) -> datetime:
        """Return when a window of a local day closes, aware UTC."""
        if closes >= _LAST_MINUTE:
            day, closes = day + timedelta(days=1), time()
        return datetime.combine(day, closes, self.timezone).astimezone(UTC)

    def between(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the opening windows that overlap ``[start, end)``, cut to it, in order.

        A gate that is open over midnight has a window for each day: they come as one.
        """
        joined: tuple[datetime, datetime] | None = None
        for opens, closes in self._daily(start, end):
            if joined is None:
                joined = opens, closes
            elif opens <= joined[1]:
                joined = joined[0], closes
            else:
                yield joined
                joined = opens, closes
        if joined is not None:
            yield joined

    def _daily(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the windows of each day that overlap ``[start, end)``, cut to it, in order."""
        day = start.astimezone(self.timezone).date()
        last = end.astimezone(self.timezone).date()
        while day <= last:
            for opens, closes in self.windows(day):
                if opens < end and closes > start:
                    yield max(opens, start), min(closes, end)
            day += timedelta(days=1)

    def is_open(self, now: datetime) -> bool:
        """Tell whether goods pass at ``now``."""
        return any(
            opens <= now < closes
            for opens, closes in self.windows(now.astimezone(self.timezone).date())
        )


def _outside(
    window: tuple[datetime, datetime], closed: tuple[tuple[datetime, datetime], ...]
) -> Iterator[tuple[datetime, datetime]]:
    """Yield what is left of a window outside of closed intervals, which are in order and apart."""
    opens, closes = window
    for since, until in closed:
        if until > opens and since < closes:
            if since > opens:
                yield opens, since
            opens = until
    if opens < closes:
        yield opens, closes


def united(
    spans: Iterable[tuple[datetime, datetime]],
) -> tuple[tuple[datetime, datetime], ...]:
    """Return intervals in order, those that touch or overlap as one."""
    joined: list[tuple[datetime, datetime]] = []
    for since, until in sorted(spans):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(until, joined[-1][1]))
        else:
            joined.append((since, until))
    return tuple(joined)
