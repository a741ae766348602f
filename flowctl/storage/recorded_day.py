"""A day as it is stored: who came when, what the gates took, what was closed. Read, never written.

It is read for copies of the day, so it carries what a copy needs and no phone, name or position.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from flowctl.closures import Closure
from flowctl.dispatch.reasons import Reason
from flowctl.ledger.entries import Kind
from flowctl.storage.closures import list_closures
from flowctl.storage.live import LiveRow, list_crossing

Connection = psycopg.Connection[Any]

_BEFORE = timedelta(hours=12)
"""An import that was cleared within the day came to its gate no longer than this before it."""


@dataclass(frozen=True, slots=True)
class RecordedTrip:
    """An export of the day. ``yard`` is the first it came to; ``no_show``: it ignored a call-up.

    ``plate`` is the true one: whoever makes a copy for others to see replaces it.
    """

    id: int
    plate: str
    language: str
    cargo: str
    gates: tuple[str, ...]
    tracked: bool
    registered_at: datetime
    ready_at: datetime
    arrived_at: datetime | None
    yard: str | None
    queued_gate: str | None
    queued_at: datetime | None
    lane_at: datetime | None
    cleared_at: datetime | None
    no_show: bool


@dataclass(frozen=True, slots=True)
class RecordedImport:
    """A truck from the other side, as officers counted it; one of the moments may be missing."""

    gate: str
    entered_at: datetime | None
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class RecordedOvertake:
    """One truck that went before ``passed`` others, and why."""

    at: datetime
    reason: str
    passed: int


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """What is stored of the time from ``since`` to ``until``."""

    since: datetime
    until: datetime
    trips: tuple[RecordedTrip, ...]
    imports: tuple[RecordedImport, ...]
    closures: tuple[Closure, ...]
    overtakes: tuple[RecordedOvertake, ...]


def read_day(conn: Connection, site: str, *, since: datetime, until: datetime) -> RecordedDay:
    """Return what is stored of a stretch of time; ask within one snapshot."""
    rows = list_crossing(conn, site, since=since, until=until)
    ids = [row.id for row in rows]
    yards, absent = _first_yards(conn, ids), _no_shows(conn, ids)
    exports = [row for row in rows if row.direction == "export"]
    return RecordedDay(
        since=since,
        until=until,
        trips=tuple(_trip(row, yards.get(row.id), row.id in absent) for row in exports),
        imports=tuple(_imports(_gate_events(conn, site, since - _BEFORE, until), since)),
        closures=tuple(
            one for one in list_closures(conn, site, since=since) if one.starts_at < until
        ),
        overtakes=tuple(
            RecordedOvertake(at, reason, passed)
            for at, reason, passed in conn.execute(
                "select at, coalesce(reason, ''), cardinality(others) from ledger"
                " where site = %s and kind = %s and at >= %s and at < %s order by seq",
                [site, str(Kind.OVERTOOK), since, until],
            )
        ),
    )


def _trip(row: LiveRow, yard: str | None, no_show: bool) -> RecordedTrip:
    return RecordedTrip(
        id=row.id,
        plate=row.plate,
        language=row.language,
        cargo=row.cargo,
        gates=tuple(row.gates),
        tracked=row.device is not None,
        registered_at=row.registered_at,
        ready_at=row.ready_at,
        arrived_at=row.arrived_at,
        yard=yard or row.yard,
        queued_gate=row.queued_gate,
        queued_at=row.queued_at,
        lane_at=row.lane_at,
        cleared_at=row.cleared_at,
        no_show=no_show,
    )


def _first_yards(conn: Connection, trips: list[int]) -> dict[int, str]:
    return dict(
        conn.execute(
            "select distinct on (t.id) t.id, v.zone from trips t join arrivals v"
            " on v.device_id = t.device_id and v.role = 'yard'"
            " and coalesce(v.left_at, 'infinity') >= greatest(t.registered_at, t.device_since)"
            " and v.entered_at <= coalesce(t.ended_at, 'infinity')"
            " where t.id = any(%s) order by t.id, v.entered_at",
            [trips],
        ).fetchall()
    )


def _no_shows(conn: Connection, trips: list[int]) -> set[int]:
    rows = conn.execute(
        "select distinct trip_id from releases where trip_id = any(%s) and ended = %s",
        [trips, str(Reason.NO_SHOW)],
    ).fetchall()
    return {trip for (trip,) in rows}


def _gate_events(
    conn: Connection, site: str, since: datetime, until: datetime
) -> list[tuple[str, str, str, datetime]]:
    return conn.execute(
        "select gate, truck, kind, at from gate_events where site = %s and direction = 'import'"
        " and at >= %s and at < %s order by at, id",
        [site, since, until],
    ).fetchall()


def _imports(
    events: Iterable[tuple[str, str, str, datetime]], since: datetime
) -> list[RecordedImport]:
    """Pair entries with clearances, in order of time; who was through before ``since`` is none."""
    inside: dict[tuple[str, str], datetime] = {}
    found: list[RecordedImport] = []
    for gate, truck, kind, at in events:
        if kind == "entered":
            inside[gate, truck] = at
        else:
            found.append(RecordedImport(gate, inside.pop((gate, truck), None), at))
    found += [RecordedImport(gate, at, None) for (gate, _), at in inside.items()]
    return [one for one in found if one.cleared_at is None or one.cleared_at >= since]
