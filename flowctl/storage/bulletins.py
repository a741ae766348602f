"""Bulletins at rest: counted once a day from what happened, kept as they were made.

What came to be known since is a further version that says what changed; none is ever rewritten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import psycopg

from flowctl.bulletin.figures import (
    Change,
    Figures,
    add_up,
    bounds,
    changes,
    check_range,
    last_day,
    running_day,
)
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.site import Site
from flowctl.storage.bulletin_mails import queue_mail
from flowctl.storage.day_figures import count_day
from flowctl.storage.webhooks import BULLETIN, queue_event

Connection = psycopg.Connection[Any]

_REVISED_DAYS = 3
"""So many days back late facts still make a further version by themselves."""
_MOST_AT_ONCE = 31
"""So many days that were never counted are counted while somebody waits."""


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A bulletin as it was made; ``changed`` says what is otherwise than in the version before."""

    day: date
    version: int
    made_at: datetime
    figures: Figures
    changed: tuple[Change, ...] = ()


def make_due(conn: Connection, site: Site, now: datetime) -> list[Bulletin]:
    """Make the bulletin of the last day that is over, where it is missing, and revise those before.

    In the caller's transaction. Receivers of webhooks and of mail are told of each. A look at one
    row where nothing is due.
    """
    newest = last_day(now, site.timezone)
    if find_bulletin(conn, site.id, newest) is not None:
        return []
    first = _first_day(conn, site)
    if first is None or newest < first:
        return []
    days = [newest - timedelta(days=back) for back in range(_REVISED_DAYS, -1, -1)]
    made = [revise(conn, site, day, now) for day in days if day >= first]
    return [one for one in made if one is not None]


def revise(conn: Connection, site: Site, day: date, now: datetime) -> Bulletin | None:
    """Make a day's bulletin, or a further version where facts differ; None where they do not."""
    check_range(day, day, now, site.timezone)
    conn.execute("select pg_advisory_xact_lock(hashtext('bulletin'), hashtext(%s))", [site.id])
    former = find_bulletin(conn, site.id, day)
    figures = count_day(conn, site, day, before=_waiting_before(conn, site, day), now=now)
    found = () if former is None else tuple(changes(former.figures, figures))
    if former is not None and not found:
        return None
    version = 1 if former is None else former.version + 1
    made = Bulletin(day, version, now, figures, found)
    conn.execute(
        "insert into bulletins (site, day, version, made_at, figures, changed)"
        " values (%s, %s, %s, %s, %s, %s)",
        [site.id, day, version, now, _json(figures), _json(found)],
    )
    told = {"day": day.isoformat(), "version": version, "figures": msgspec.to_builtins(figures)}
    queue_event(conn, site.id, BULLETIN, told, now=now)
    queue_mail(conn, site.id, day, version)
    return made


def _waiting_before(conn: Connection, site: Site, day: date) -> dict[str, int] | None:
    """Return who waited at each gate as the day before ended, by its bulletin."""
    found = find_bulletin(conn, site.id, day - timedelta(days=1))
    return None if found is None else {gate.gate: gate.waiting for gate in found.figures.gates}


def count_running(conn: Connection, site: Site, now: datetime) -> Bulletin:
    """Return the figures so far of the day that runs: a bulletin of no version, nowhere kept."""
    day = running_day(now, site.timezone)
    before = _waiting_before(conn, site, day)
    return Bulletin(day, 0, now, count_day(conn, site, day, before=before, now=now))


def get_range(conn: Connection, site: Site, day: date, until: date, now: datetime) -> Bulletin:
    """Return the newest bulletin of a day, or the sum of several; days never counted are now.

    Raises
    ------
    FlowctlError
        The range runs backwards, is too long or not over, or lies before all that is known.
    """
    check_range(day, until, now, site.timezone)
    first = _first_day(conn, site)
    if first is None or day < first:
        known = "nothing is known yet" if first is None else f"the first day known is {first}"
        raise NotFoundError(f"There is no bulletin of {day}: {known}.", kind="no_bulletin")
    days = [day + timedelta(days=n) for n in range((until - day).days + 1)]
    kept = list_range(conn, site.id, day, until)
    missing = [one for one in days if one not in kept]
    if len(missing) > _MOST_AT_ONCE:
        raise FlowctlError(
            f"{len(missing)} days from {day} to {until} were never counted; count them first with:"
            f" flowctl bulletin make {day} --until {until}",
            kind="days_uncounted",
            values={"n": len(missing)},
        )
    for one in missing:
        made = revise(conn, site, one, now)
        if made is not None:
            kept[one] = made
    if len(days) == 1:
        return kept[day]
    made_at = max(one.made_at for one in kept.values())
    return Bulletin(day, 0, made_at, add_up([kept[one].figures for one in days]))


def find_bulletin(
    conn: Connection, site: str, day: date, version: int | None = None
) -> Bulletin | None:
    """Return a day's newest bulletin, or a certain version."""
    row = conn.execute(
        "select day, version, made_at, figures::text, changed::text from bulletins"
        " where site = %s and day = %s and version = coalesce(%s, version)"
        " order by version desc limit 1",
        [site, day, version],
    ).fetchone()
    return None if row is None else _read(row)


def list_range(conn: Connection, site: str, day: date, until: date) -> dict[date, Bulletin]:
    """Return the newest bulletins of the days from one to another."""
    rows = conn.execute(
        "select distinct on (day) day, version, made_at, figures::text, changed::text"
        " from bulletins where site = %s and day between %s and %s order by day, version desc",
        [site, day, until],
    ).fetchall()
    return {row[0]: _read(row) for row in rows}


def list_newest(conn: Connection, site: str, limit: int) -> list[Bulletin]:
    """Return the newest version of the last days."""
    rows = conn.execute(
        "select distinct on (day) day, version, made_at, figures::text, changed::text"
        " from bulletins where site = %s order by day desc, version desc limit %s",
        [site, limit],
    ).fetchall()
    return [_read(row) for row in rows]


def _read(row: Sequence[Any]) -> Bulletin:
    day, version, made_at, figures, changed = row
    return Bulletin(
        day,
        version,
        made_at,
        msgspec.json.decode(figures, type=Figures),
        msgspec.json.decode(changed, type=tuple[Change, ...]),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _first_day(conn: Connection, site: Site) -> date | None:
    """Return the first day of which anything is known."""
    row = conn.execute(
        "select least((select min(registered_at) from trips where site = %(site)s),"
        " (select min(at) from gate_events where site = %(site)s),"
        " (select min(day)::timestamptz from bulletins where site = %(site)s))",
        {"site": site.id},
    ).fetchone()
    if row is None or row[0] is None:
        return None
    local: datetime = row[0].astimezone(site.timezone)
    ends = bounds(local.date(), site.timezone)[1]
    return local.date() if local <= ends else local.date() + timedelta(days=1)
