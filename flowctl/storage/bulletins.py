"""Bulletins at rest: counted once a day from what happened, kept as they were made.

What came to be known since is a further version that says what changed; none is ever rewritten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import psycopg

from flowctl.bulletin.figures import (
    SETTLED,
    Change,
    Figures,
    Incident,
    Journey,
    Seen,
    add_up,
    bounds,
    changes,
    check_range,
    count_gate,
    last_day,
)
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.site import Site
from flowctl.storage.ledger_counts import count_overtakes
from flowctl.storage.live import found_standing, list_between
from flowctl.storage.webhooks import BULLETIN, queue_event

Connection = psycopg.Connection[Any]

_REVISED_DAYS = 3
"""So many days back late facts still make a further version by themselves."""
_MOST_AT_ONCE = 31
"""So many days that were never counted are counted while somebody waits."""
_WAITS_FOR_SETUP = timedelta(days=3)
_OUTAGE = timedelta(minutes=10)
_DISTURBED = timedelta(minutes=10)
"""Shorter spells of a slow gate are no incident."""


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
    figures = count_day(conn, site, day)
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


def queue_mail(conn: Connection, site: str, day: date, version: int) -> None:
    """Have a bulletin sent by mail, where the process of messages knows to whom."""
    conn.execute(
        "insert into bulletin_mails (site, day, version) values (%s, %s, %s)", [site, day, version]
    )


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
        raise NotFoundError(f"There is no bulletin of {day}: {known}.")
    days = [day + timedelta(days=n) for n in range((until - day).days + 1)]
    kept = list_range(conn, site.id, day, until)
    missing = [one for one in days if one not in kept]
    if len(missing) > _MOST_AT_ONCE:
        raise FlowctlError(
            f"{len(missing)} days from {day} to {until} were never counted; count them first with:"
            f" flowctl bulletin make {day} --until {until}"
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


def count_day(conn: Connection, site: Site, day: date) -> Figures:
    """Return a day's figures as facts say now."""
    since, to = bounds(day, site.timezone)
    journeys = _journeys(conn, site, since, to)
    seen = _seen(conn, site, since, to)
    yesterday = find_bulletin(conn, site.id, day - timedelta(days=1))
    before = (
        {} if yesterday is None else {gate.gate: gate.waiting for gate in yesterday.figures.gates}
    )
    return Figures(
        site=site.id,
        name=site.name,
        timezone=site.timezone.key,
        day=day,
        until=day,
        since=since,
        to=to,
        gates=tuple(
            count_gate(
                gate.id,
                gate.name,
                [one for one in journeys if one.gate == gate.id],
                seen[gate.id],
                since=since,
                to=to,
                waiting_before=before.get(gate.id),
            )
            for gate in site.gates
        ),
        incidents=tuple(
            sorted(
                [
                    *_closures(conn, site.id, since, to),
                    *_slow(conn, site.id, since, to),
                    *_outages(conn, site.id, since, to),
                ],
                key=lambda one: one.since,
            )
        ),
    )


def _journeys(conn: Connection, site: Site, since: datetime, to: datetime) -> list[Journey]:
    rows = [
        row
        for row in list_between(conn, site.id, since=since, until=to)
        if row.direction == "export" and row.gates
    ]
    came = [(row.id, row.arrived_at) for row in rows if row.arrived_at is not None]
    found = found_standing(conn, [(trip, at) for trip, at in came if at > since])
    return [
        Journey(
            gate=row.queued_gate or row.released_gate or row.told_gate or row.gates[0],
            arrived_at=row.arrived_at,
            found=row.id in found,
            cleared_at=row.cleared_at,
            left_at=row.ended_at if row.state != "active" and row.cleared_at is None else None,
        )
        for row in rows
    ]


def _seen(conn: Connection, site: Site, since: datetime, to: datetime) -> Mapping[str, Seen]:
    passed = {
        (gate, direction): n
        for gate, direction, n in conn.execute(
            "select gate, direction, count(*)::int from gate_events"
            " where site = %s and kind = 'cleared' and at > %s and at <= %s group by 1, 2",
            [site.id, since, to],
        )
    }
    no_shows = dict(
        conn.execute(
            "select gate, count(*)::int from ledger where site = %s and kind = 'release_expired'"
            " and reason = 'no_show' and at > %s and at <= %s and gate is not null group by gate",
            [site.id, since, to],
        ).fetchall()
    )
    overtakes = count_overtakes(conn, site.id, since=since, until=to)
    return {
        gate.id: Seen(
            imports=passed.get((gate.id, "import"), 0),
            unseen=passed.get((gate.id, "export"), 0),
            no_shows=no_shows.get(gate.id, 0),
            overtakes=overtakes.get(gate.id, {}),
        )
        for gate in site.gates
    }


def _closures(conn: Connection, site: str, since: datetime, to: datetime) -> list[Incident]:
    rows = conn.execute(
        "select gate, starts_at, ends_at, places_left, reason from closures"
        " where site = %s and starts_at < %s and coalesce(ends_at, 'infinity') > %s"
        " and starts_at < coalesce(ends_at, 'infinity') order by starts_at",
        [site, to, since],
    ).fetchall()
    return [
        Incident("lanes" if places else "closure", gate, starts, ends, reason, places or None)
        for gate, starts, ends, places, reason in rows
    ]


def _slow(conn: Connection, site: str, since: datetime, to: datetime) -> list[Incident]:
    """Return when gates were found to take less than usual, or nothing."""
    rows = conn.execute(
        "select gate, state, coalesce(state_since, min(at)), max(at) from gate_states"
        " where site = %s and at > %s and at <= %s and state in ('reduced', 'stopped')"
        " group by gate, state, state_since",
        [site, since, to],
    ).fetchall()
    return [
        Incident("slow" if state == "reduced" else "stopped", gate, begun, last)
        for gate, state, begun, last in rows
        if last - begun >= _DISTURBED
    ]


def _outages(conn: Connection, site: str, since: datetime, to: datetime) -> list[Incident]:
    """Return when the controller looked at no gate: it was away, or its stores were."""
    rows = conn.execute(
        "select before, at from ("
        "  select at, lag(at) over (order by at) as before from ("
        "   select distinct at from gate_states where site = %s and at > %s and at <= %s) looked"
        " ) spaced where at - before > %s and at > %s order by at",
        [site, since - timedelta(days=1), to + SETTLED, _OUTAGE, since],
    ).fetchall()
    return [Incident("outage", None, before, at) for before, at in rows if before < to]


@dataclass(frozen=True, slots=True)
class Mail:
    """A claimed mail; ``reached`` are the keyed hashes of who has it already."""

    id: int
    day: date
    version: int
    attempts: int
    reached: tuple[bytes, ...]


def claim_mail(
    conn: Connection, site: str, *, wall_now: datetime, until: datetime, attempts: int
) -> Mail | None:
    """Return the mail that has been due longest, which no other sender gets before ``until``.

    The try counts from here on; one whose last of ``attempts`` tries nobody ended is given up, and
    one that waited for days without any: nobody was named then, who would get them all at once now.
    """
    conn.execute(
        "update bulletin_mails set state = 'dead', trouble = 'mail was not set up then'"
        " where site = %s and state = 'waiting' and attempts = 0 and next_wall_at < %s",
        [site, wall_now - _WAITS_FOR_SETUP],
    )
    conn.execute(
        "update bulletin_mails set state = 'dead',"
        " trouble = coalesce(trouble, 'the last try was begun and never ended')"
        " where site = %s and state = 'waiting' and next_wall_at <= %s and attempts >= %s",
        [site, wall_now, attempts],
    )
    row = conn.execute(
        "update bulletin_mails set attempts = attempts + 1, next_wall_at = %s where id = ("
        "  select id from bulletin_mails where site = %s and state = 'waiting'"
        "  and next_wall_at <= %s order by next_wall_at, id limit 1 for update skip locked)"
        " returning id, day, version, attempts, reached",
        [until, site, wall_now],
    ).fetchone()
    if row is None:
        return None
    mail_id, day, version, tries, reached = row
    return Mail(mail_id, day, version, tries, tuple(reached))


def note_reached(conn: Connection, mail: Mail, whom: bytes) -> None:
    """Note that somebody has a mail, so that no further try reaches them again."""
    conn.execute(
        "update bulletin_mails set reached = array_append(reached, %s) where id = %s",
        [whom, mail.id],
    )


def close_mail(conn: Connection, mail: Mail, *, wall_now: datetime) -> None:
    """Note that everybody has a mail."""
    conn.execute(
        "update bulletin_mails set state = 'sent', sent_wall_at = %s, trouble = null where id = %s",
        [wall_now, mail.id],
    )


def postpone_mail(conn: Connection, mail: Mail, trouble: str, *, until: datetime | None) -> None:
    """Note a failed try; the next comes at ``until``, and None gives the mail up."""
    conn.execute(
        "update bulletin_mails set trouble = %s,"
        " state = case when %s::timestamptz is null then 'dead' else 'waiting' end,"
        " next_wall_at = coalesce(%s, next_wall_at) where id = %s and attempts = %s",
        [trouble, until, until, mail.id, mail.attempts],
    )


def list_mail_states(conn: Connection, site: str) -> dict[tuple[date, int], str]:
    """Return what became of each bulletin's last mail, with its trouble."""
    rows = conn.execute(
        "select distinct on (day, version) day, version, state, trouble from bulletin_mails"
        " where site = %s order by day, version, id desc",
        [site],
    ).fetchall()
    return {
        (day, version): state if trouble is None else f"{state}: {trouble}"
        for day, version, state, trouble in rows
    }
