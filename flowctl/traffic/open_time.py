"""Time on a clock that stands while a gate is closed.

Moments are epoch seconds, durations seconds.
"""

from datetime import UTC, datetime, timedelta

from flowctl.opening import Opening

_SEARCH = timedelta(days=30)
"""How far ahead open time is counted: longer than any closure, and than any queue lasts."""


def open_s(opening: Opening, start: float, end: float) -> float:
    """Return the open seconds from one moment to another; 0 where ``end`` is not after it."""
    windows = opening.between(_instant(start), _instant(end))
    return sum((closes - opens).total_seconds() for opens, closes in windows)


def open_moment(opening: Opening, start: float, seconds: float) -> float:
    """Return the first open moment with so many open seconds since ``start``.

    What would last beyond the next 30 days ends with their last open moment; ``start`` where they
    have none.
    """
    left, last = max(seconds, 0.0), start
    begin = _instant(start)
    for opens, closes in opening.between(begin, begin + _SEARCH):
        moment, last = opens.timestamp() + left, closes.timestamp()
        if moment < last:
            return moment
        left -= (closes - opens).total_seconds()
    return last


def _instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
