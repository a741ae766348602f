"""Acts of operators at rest: entered, approved, ended; those that stand are read every tick."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg.rows import args_row, class_row
from psycopg.types.json import Jsonb

from flowctl.closures import ExtraHours
from flowctl.hand import Act, ActKind, ActState

Connection = psycopg.Connection[Any]

FLOWCTL = "flowctl"
"""Who ended what came to its end by itself."""


@dataclass(frozen=True, slots=True)
class ActRecord:
    """An act as it was entered, and what became of it; plates of its trucks beside their trips."""

    id: int
    kind: str
    state: str
    reason: str
    note: str
    trip_id: int | None
    plate: str | None
    other_trip_id: int | None
    other_plate: str | None
    gate: str | None
    cargo: str | None
    haulier: str | None
    per_h: float | None
    starts_at: datetime | None
    ends_at: datetime | None
    effect: dict[str, Any] | None
    entered_by: str
    entered_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None
    outcome: str | None

    @property
    def is_open(self) -> bool:
        """Tell whether it waits or stands."""
        return self.state in (ActState.WAITING, ActState.STANDING)

    @property
    def stands_since(self) -> datetime:
        """When it was entered, or approved where it had to be."""
        return self.approved_at or self.entered_at


RECORDS: LiteralString = """
select a.id, a.kind, a.state, a.reason, a.note, a.trip_id, t.plate, a.other_trip_id,
       o.plate as other_plate, a.gate, a.cargo, a.haulier, a.per_h, a.starts_at, a.ends_at,
       a.effect, a.entered_by, a.entered_at, a.approved_by, a.approved_at, a.ended_by, a.ended_at,
       a.outcome
from acts a left join trips t on t.id = a.trip_id left join trips o on o.id = a.other_trip_id
"""


def insert_act(
    conn: Connection,
    site: str,
    act: Act,
    *,
    state: ActState,
    effect: Mapping[str, Any] | None,
) -> int:
    """Enter an act; returns its id."""
    [(identity,)] = conn.execute(
        "insert into acts (site, kind, state, reason, note, trip_id, other_trip_id, gate, cargo,"
        " haulier, per_h, starts_at, ends_at, effect, entered_by, entered_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
        [
            site,
            act.kind,
            state,
            act.reason,
            act.note,
            act.trip_id,
            act.other_trip_id,
            act.gate,
            act.cargo,
            act.haulier,
            act.per_h,
            act.starts_at,
            act.ends_at,
            None if effect is None else Jsonb(dict(effect)),
            act.entered_by,
            act.changed_at,
        ],
    ).fetchall()
    return int(identity)


def approve_act(conn: Connection, act_id: int, *, by: str, now: datetime) -> None:
    """Let a waiting act stand."""
    conn.execute(
        "update acts set state = 'standing', approved_by = %s, approved_at = %s where id = %s",
        [by, now, act_id],
    )


def close_act(
    conn: Connection, act_id: int, *, state: ActState, by: str, outcome: str, now: datetime
) -> None:
    """Say that an act is over."""
    conn.execute(
        "update acts set state = %s, ended_by = %s, ended_at = %s, outcome = %s where id = %s",
        [state, by, now, outcome, act_id],
    )


def find_act(conn: Connection, site: str, act_id: int, *, lock: bool = False) -> ActRecord | None:
    """Return an act of any state; locked, nobody else changes it until the transaction ends."""
    if lock:
        conn.execute("select from acts where site = %s and id = %s for update", [site, act_id])
    with conn.cursor(row_factory=class_row(ActRecord), binary=True) as cursor:
        return cursor.execute(
            RECORDS + " where a.site = %s and a.id = %s", [site, act_id]
        ).fetchone()


def list_acts(
    conn: Connection, site: str, *, states: Iterable[str] | None, limit: int
) -> list[ActRecord]:
    """Return the newest acts, where given only those in one of the ``states``."""
    with conn.cursor(row_factory=class_row(ActRecord), binary=True) as cursor:
        return cursor.execute(
            RECORDS + " where a.site = %(site)s"
            " and (%(states)s::text[] is null or a.state = any(%(states)s))"
            " order by a.id desc limit %(limit)s",
            {"site": site, "states": None if states is None else list(states), "limit": limit},
        ).fetchall()


def list_open_of_trips(conn: Connection, site: str, trips: Iterable[int]) -> list[ActRecord]:
    """Return the acts on any of these trips that wait or stand."""
    with conn.cursor(row_factory=class_row(ActRecord), binary=True) as cursor:
        return cursor.execute(
            RECORDS + " where a.site = %(site)s and a.state in ('waiting', 'standing')"
            " and (a.trip_id = any(%(trips)s) or a.other_trip_id = any(%(trips)s)) order by a.id",
            {"site": site, "trips": list(trips)},
        ).fetchall()


def list_open_of_gate(conn: Connection, site: str, kind: ActKind, gate: str) -> list[ActRecord]:
    """Return a gate's standing acts of a kind; nobody adds one until the transaction ends."""
    # Not the table's lock: the tick closes acts while it holds the ledger, for which we may wait.
    conn.execute(
        "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"acts {site} {kind} {gate}"]
    )
    with conn.cursor(row_factory=class_row(ActRecord), binary=True) as cursor:
        return cursor.execute(
            RECORDS + " where a.site = %s and a.state in ('waiting', 'standing')"
            " and a.kind = %s and a.gate = %s order by a.starts_at",
            [site, kind, gate],
        ).fetchall()


def list_standing(conn: Connection, site: str, now: datetime, *, news: timedelta) -> list[Act]:
    """Return the acts that stand, in the order in which they were entered.

    What was said of a gate and ended before its time within ``news`` is among them, as over: the
    plan must know that something changed.
    """
    with conn.cursor(row_factory=args_row(_act), binary=True) as cursor:
        return cursor.execute(
            "select kind, reason, entered_by, coalesce(ended_at, approved_at, entered_at), id,"
            " note, trip_id, other_trip_id, gate, cargo, haulier, per_h, starts_at,"
            " least(ends_at, ended_at) from acts"
            " where site = %(site)s and ((state = 'standing'"
            "   and coalesce(ends_at, 'infinity') > %(now)s)"
            "  or (state = 'ended' and kind in ('capacity', 'open_gate') and ended_at > %(since)s"
            "   and ended_at > starts_at))"
            " order by id",
            {"site": site, "now": now, "since": now - news},
        ).fetchall()


def _act(kind: str, *values: Any) -> Act:  # noqa: ANN401 - a row
    return Act(ActKind(kind), *values)


def list_extra_hours(conn: Connection, site: str, *, since: datetime) -> list[ExtraHours]:
    """Return the extra hours of gates that last, lie ahead, or ended after ``since``."""
    with conn.cursor(row_factory=args_row(ExtraHours), binary=True) as cursor:
        return cursor.execute(
            "select gate, starts_at, least(ends_at, ended_at) from acts"
            " where site = %s and kind = 'open_gate' and state in ('standing', 'done', 'ended')"
            " and least(ends_at, ended_at) > greatest(starts_at, %s) order by starts_at, id",
            [site, since],
        ).fetchall()


def held_trips(conn: Connection, site: str, now: datetime) -> set[int]:
    """Return the active trips that no gate may be called for now, by the holds that stand."""
    holds = conn.execute(
        "select trip_id, gate, cargo, haulier from acts where site = %s"
        " and state = 'standing' and kind in ('hold_truck', 'hold_class')"
        " and coalesce(ends_at, 'infinity') > %s",
        [site, now],
    ).fetchall()
    if not holds:  # most of the time nobody is held, and no trip needs to be looked at
        return set()
    columns = [list(column) for column in zip(*holds, strict=True)]
    rows = conn.execute(
        "select t.id from trips t"
        " join unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])"
        "  as h (trip_id, gate, cargo, haulier)"
        " on h.trip_id = t.id or (h.trip_id is null and coalesce(h.cargo, t.cargo) = t.cargo"
        "  and (h.haulier is null or h.haulier = t.haulier)"
        "  and (h.gate is null or h.gate = any(t.gates)))"
        " where t.site = %s and t.state = 'active' and t.direction = 'export'"
        " group by t.id, t.gates having bool_or(h.gate is null)"
        "  or t.gates <@ array_agg(h.gate)",
        [*columns, site],
    ).fetchall()
    return {int(trip) for (trip,) in rows}


def mark(conn: Connection, site: str) -> str:
    """Return a text that changes whenever an act is entered, approved or ended."""
    # No act is ever opened again: with the newest number the same, these counts only fall.
    [(newest, waiting, standing)] = conn.execute(
        "select (select max(id) from acts where site = %(site)s),"
        " count(*) filter (where state = 'waiting'), count(*) filter (where state = 'standing')"
        " from acts where site = %(site)s and state in ('waiting', 'standing')",
        {"site": site},
    ).fetchall()
    return "" if newest is None else f"{newest}.{waiting}.{standing}"


def list_plates(conn: Connection, trips: Iterable[int]) -> dict[int, str]:
    """Return the plates of trips."""
    rows = conn.execute("select id, plate from trips where id = any(%s)", [list(trips)]).fetchall()
    return dict(rows)
