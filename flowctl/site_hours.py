"""Opening calendars of a site file: weekly windows and the dates that differ."""

from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from flowctl.opening import Opening
from flowctl.site_tables import Table, nearest

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST_EXCEPTION = timedelta(days=366)
Windows = tuple[tuple[time, time], ...]


def read_calendars(site: Table, timezone: ZoneInfo) -> dict[str, Opening]:
    """Read the tables under ``calendars``; one without a time zone goes by the site's."""
    calendars = site.table("calendars", "at least one calendar of opening hours")
    if calendars is None:
        return {}
    read = {}
    for key in calendars.entries():
        table = calendars.table(key)
        if table is not None:
            read[key] = _opening(table, read_timezone(table, timezone))
    calendars.close()
    return read


def read_timezone(table: Table, default: ZoneInfo | None = None) -> ZoneInfo:
    """Read ``timezone``, which may be left out where there is a default."""
    if default is not None and not table.has("timezone"):
        return default
    return _zone(table, "timezone")


def find_other_timezone(table: Table) -> ZoneInfo | None:
    """Read ``other_timezone``, that of the other side of the border, if it is said."""
    return _zone(table, "other_timezone") if table.has("other_timezone") else None


@cache
def _known_zones() -> frozenset[str]:
    """Return the names of all time zones; to find them takes a walk through their files."""
    return frozenset(available_timezones())


def _zone(table: Table, key: str) -> ZoneInfo:
    name = table.text(key)
    known = _known_zones()
    if name and name not in known:
        table.refuse(key, f'"{name}" is not a known time zone{nearest(name, known)}')
    return ZoneInfo(name if name in known else "UTC")


def open_minutes_a_day(opening: Opening) -> float:
    """Return the mean open minutes of those weekdays on which the gate opens at all."""
    minutes = [
        sum(_minutes(closes) - _minutes(opens) for opens, closes in windows)
        for windows in opening.weekly
        if windows
    ]
    return sum(minutes) / len(minutes) if minutes else 0.0


def _opening(table: Table, timezone: ZoneInfo) -> Opening:
    weekly = table.table("weekly", "the windows of every weekday")
    days = tuple(_windows(weekly, day) for day in DAYS) if weekly else ((),) * len(DAYS)
    if weekly:
        weekly.close()
    exceptions: dict[date, Windows] = {}
    for exception in table.tables("exceptions", "exception"):
        windows = _windows(exception, "windows")
        for day in _dates(exception):
            if day in exceptions:
                exception.refuse("from", f"{day.isoformat()} is in two exceptions")
            exceptions[day] = windows
        exception.close()
    table.close()
    return Opening(timezone, days, exceptions)


def _dates(table: Table) -> tuple[date, ...]:
    """Return the dates from ``from`` to ``to``, both included."""
    first, last = _date(table, "from"), _date(table, "to")
    if first is None or last is None:
        return ()
    if not timedelta(0) <= last - first <= LONGEST_EXCEPTION:
        table.refuse("to", f"{last} must be on or after {first}, within a year")
        return ()
    return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))


def _date(table: Table, key: str) -> date | None:
    value = table.raw(key, "a date such as 2024-02-09")
    if value is None:
        return None
    if not isinstance(value, date) or isinstance(value, datetime):
        table.refuse(key, f"{value!r} must be a date without quotes, such as 2024-02-09")
        return None
    return value


def _windows(table: Table, key: str) -> Windows:
    """Read a list such as ``["07:00-12:00", "13:30-18:00"]``; an empty list is closed."""
    value = table.raw(key, 'a list of windows such as ["07:00-18:00"], or [] for closed')
    if value is None:
        return ()
    if not isinstance(value, list):
        table.refuse(key, f"{value!r} must be a list of windows, or [] for closed")
        return ()
    windows: list[tuple[time, time]] = []
    for item in value:
        window = _window(item)
        if isinstance(window, str):
            table.refuse(key, window)
        elif windows and window[0] < windows[-1][1]:
            table.refuse(key, f'"{item}" begins before the window ahead of it ends')
        else:
            windows.append(window)
    return tuple(windows)


def _window(item: object) -> tuple[time, time] | str:
    """Read one window, or say what is wrong with it."""
    try:
        opens, closes = (_time(part.strip()) for part in str(item).split("-"))
    except ValueError:
        return f'{item!r} must be a window such as "07:00-18:00"'
    if closes <= opens:
        return f'"{item}" closes before it opens; split a window at midnight'
    return opens, closes


def _time(text: str) -> time:
    """Return a time of day; 24:00, a day's end, as the last there is."""
    return time.max if text == "24:00" else time.fromisoformat(text)


def _minutes(moment: time) -> float:
    return moment.hour * 60 + moment.minute + (moment.second + moment.microsecond / 1e6) / 60
