"""Closures of gates at rest, and what drivers were told meanwhile that was no slot."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg.rows import args_row

from flowctl.closures import Closure, check_closure, with_closures
from flowctl.dispatch.reasons import Reason
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.ledger.entries import Entry, Kind
from flowctl.site import Site
from flowctl.state import Advice, AdviceKind
from flowctl.storage import ledger
from flowctl.storage.acts import list_extra_hours

Connection = psycopg.Connection[Any]

_CLOSURES: LiteralString = """
select id, gate, starts_at, ends_at, places_left, reason, entered_by, changed_at, ended_by
from closures
"""


HISTORY = timedelta(hours=36)
"""How long a closure that is over is still looked at: as far back as the gates' past is."""


def list_closures(conn: Connection, site: str, *, since: datetime) -> list[Closure]:
    """Return the closures that last, lie ahead, or ended after ``since``, in order of begin."""
    with conn.cursor(row_factory=args_row(Closure), binary=True) as cursor:
        return cursor.execute(
            _CLOSURES
            + " where site = %s and coalesce(ends_at, 'infinity') > %s order by starts_at, id",
            [site, since],
        ).fetchall()


def mark(conn: Connection, site: str) -> str:
    """Return a word that is another one as soon as a closure, or who is held by one, changed."""
    [(n, changed, ended, held, said)] = conn.execute(
        "select count(*), max(changed_at), count(ended_by), (select count(*) from advice),"
        " (select max(at) from advice) from closures where site = %s",
        [site],
    ).fetchall()
    return f"{n}.{changed}.{ended}.{held}.{said}"


def open_site(conn: Connection, site: Site, now: datetime) -> Site:
    """Return a site as its closures of the present, the near past and ahead leave it."""
    since = now - HISTORY
    closures = list_closures(conn, site.id, since=since)
    return with_closures(site, closures, now, list_extra_hours(conn, site.id, since=since))


def add_closure(
    conn: Connection,
    site: Site,
    *,
    gate: str,
    starts_at: datetime,
    ends_at: datetime | None,
    places_left: int,
    reason: str,
    actor: str,
    now: datetime,
) -> Closure:
    """Enter a closure, or a loss of lanes, into table and ledger.

    Raises
    ------
    FlowctlError
        It contradicts itself or one that stands.
    """
    asked = Closure(0, gate, starts_at, ends_at, places_left, reason, actor, now)
    check_closure(site, asked, _standing(conn, site, asked), now)
    [(identity,)] = conn.execute(
        "insert into closures (site, gate, starts_at, ends_at, places_left, reason, entered_by,"
        " changed_at) values (%s, %s, %s, %s, %s, %s, %s, %s) returning id",
        [site.id, gate, starts_at, ends_at, places_left, reason, actor, now],
    ).fetchall()
    closure = asked._replace(id=int(identity))
    _record(conn, site, _closed(closure, now, actor), now)
    return closure


def change_closure(
    conn: Connection,
    site: Site,
    closure_id: int,
    *,
    ends_at: datetime | None,
    actor: str,
    now: datetime,
) -> Closure:
    """Give a closure that is not over another end, None for an unknown one.

    Raises
    ------
    NotFoundError
        There is none of this id.
    FlowctlError
        It is over, or the end contradicts it or another one.
    """
    former = _get_open(conn, site, closure_id, now)
    if ends_at is not None and ends_at < now:
        raise FlowctlError("ends_at has passed; end the closure now instead.", kind="ends_passed")
    changed = former._replace(ends_at=ends_at, changed_at=now)
    # It was fit when it was entered, however long ago it began.
    check_closure(site, changed, _standing(conn, site, changed), former.starts_at)
    conn.execute(
        "update closures set ends_at = %s, changed_at = %s where id = %s",
        [ends_at, now, closure_id],
    )
    _record(conn, site, _closed(changed, now, actor), now)
    return changed


def end_closure(
    conn: Connection, site: Site, closure_id: int, *, actor: str, now: datetime
) -> Closure:
    """End a closure now.

    Raises
    ------
    NotFoundError
        There is none of this id.
    FlowctlError
        It has not begun, or is over.
    """
    former = _get_open(conn, site, closure_id, now)
    if former.starts_at >= now:
        raise FlowctlError(
            f"Closure {closure_id} has not begun; delete it instead.", kind="closure_not_begun"
        )
    conn.execute(
        "update closures set ends_at = %s, changed_at = %s, ended_by = %s where id = %s",
        [now, now, actor, closure_id],
    )
    _record(conn, site, _reopened(former, now, actor), now)
    return former._replace(ends_at=now, changed_at=now, ended_by=actor)


def delete_closure(
    conn: Connection, site: Site, closure_id: int, *, actor: str, now: datetime
) -> None:
    """Take back a closure that has not begun.

    Raises
    ------
    NotFoundError
        There is none of this id.
    FlowctlError
        It has begun: trucks were held by it.
    """
    former = _get_open(conn, site, closure_id, now)
    if former.starts_at <= now:
        raise FlowctlError(f"Closure {closure_id} has begun; end it instead.", kind="closure_begun")
    conn.execute("delete from closures where id = %s", [closure_id])
    _record(conn, site, _reopened(former, now, actor), now)


def get_closure(
    conn: Connection, site: str, closure_id: int, *, lock: LiteralString = ""
) -> Closure:
    """Return a closure, one that is over too.

    Raises
    ------
    NotFoundError
        There is none of this id.
    """
    with conn.cursor(row_factory=args_row(Closure), binary=True) as cursor:
        found = cursor.execute(
            _CLOSURES + " where site = %s and id = %s" + lock, [site, closure_id]
        ).fetchone()
    if found is None:
        raise NotFoundError(f"There is no closure {closure_id}.", kind="no_closure")
    return found


def _get_open(conn: Connection, site: Site, closure_id: int, now: datetime) -> Closure:
    """Return a closure that is not over, locked."""
    found = get_closure(conn, site.id, closure_id, lock=" for update")
    if found.ends_at is not None and found.ends_at <= now:
        over = found.ends_at.astimezone(site.timezone)
        raise FlowctlError(
            f"Closure {closure_id} is over since {over:%Y-%m-%d %H:%M}.",
            kind="closure_over",
            values={"gate": found.gate, "at": found.ends_at},
        )
    return found


def _standing(conn: Connection, site: Site, asked: Closure) -> list[Closure]:
    """Return what a closure could overlap; nobody adds another until the transaction ends."""
    conn.execute("lock table closures in share row exclusive mode")
    return list_closures(conn, site.id, since=asked.starts_at)


def _closed(closure: Closure, now: datetime, actor: str) -> Entry:
    """Return the ledger's entry of a closure entered or changed."""
    details: dict[str, int | str] = {
        "closure": closure.id,
        "starts_at": closure.starts_at.isoformat(),
        "places_left": closure.places_left,
    }
    if closure.ends_at is not None:
        details["ends_at"] = closure.ends_at.isoformat()
    reason = Reason.CLOSURE
    return Entry(Kind.CLOSED, now, gate=closure.gate, reason=reason, actor=actor, details=details)


def _reopened(closure: Closure, now: datetime, actor: str) -> Entry:
    """Return the ledger's entry of a closure that was ended, or taken back before it began."""
    details = {"closure": closure.id}
    reason = Reason.REOPENED
    return Entry(Kind.REOPENED, now, gate=closure.gate, reason=reason, actor=actor, details=details)


def _record(conn: Connection, site: Site, entry: Entry, now: datetime) -> None:
    ledger.append(conn, site.id, site.policy.version, [entry], now=now)


def list_advice(conn: Connection, site: str) -> dict[int, Advice]:
    """Return what drivers of active trips last heard where it was no slot, by trip."""
    rows = conn.execute(
        "select a.trip_id, a.kind, a.gate, a.at, a.reason from advice a"
        " join trips t on t.id = a.trip_id where t.site = %s and t.state = 'active'",
        [site],
    ).fetchall()
    return {trip: Advice(AdviceKind(kind), *values) for trip, kind, *values in rows}


def find_advice(conn: Connection, trip_id: int) -> Advice | None:
    """Return what a driver last heard where it was no slot, while it stands."""
    row = conn.execute(
        "select kind, gate, at, reason from advice where trip_id = %s", [trip_id]
    ).fetchone()
    return None if row is None else Advice(AdviceKind(row[0]), *row[1:])


def list_held(conn: Connection, site: str) -> list[tuple[int, str, str, AdviceKind, datetime]]:
    """Return (trip, plate, gate, kind, since when) of who was told no slot, longest first."""
    rows = conn.execute(
        "select a.trip_id, t.plate, a.gate, a.kind, a.at from advice a"
        " join trips t on t.id = a.trip_id"
        " where t.site = %s and t.state = 'active' order by a.at, a.trip_id",
        [site],
    ).fetchall()
    return [(trip, plate, gate, AdviceKind(kind), at) for trip, plate, gate, kind, at in rows]


def save_advice(
    conn: Connection,
    told: Iterable[tuple[int, str, str]],
    now: datetime,
    reasons: Mapping[int, str] | None = None,
) -> None:
    """Keep what drivers were told just now, (trip, kind, gate) each; why, by trip."""
    known = reasons or {}
    columns = list(zip(*((*one, known.get(one[0])) for one in told), strict=True)) or [()] * 4
    conn.execute(
        "insert into advice (trip_id, kind, gate, reason, at)"
        " select *, %s from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])"
        " on conflict (trip_id) do update set kind = excluded.kind, gate = excluded.gate,"
        " reason = excluded.reason, at = excluded.at",
        [now, *(list(column) for column in columns)],
    )


def end_advice(conn: Connection, trips: Iterable[int]) -> None:
    """Forget what drivers were told who have heard better since."""
    conn.execute("delete from advice where trip_id = any(%s)", [list(trips)])
