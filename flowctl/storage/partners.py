"""Declarations, stages and crossings as partners read them: nothing of persons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row, scalar_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class DeclarationShown:
    """A declaration with its trip, as it stands; ``declaration`` is the customs number."""

    trip: int
    declaration: str | None
    state: str
    ended_at: datetime | None
    plate: str
    trailer: str | None
    nationality: str
    direction: str
    gates: list[str]
    ready_at: datetime
    load: str
    cargo: str
    goods: str | None
    goods_class: str | None
    goods_code: str | None
    weight_class: str | None
    weight_t: float | None
    value_vnd: int | None
    keeps_h: float | None
    temperature_c: float | None
    handover: str | None
    pair_plate: str | None
    customer: str | None
    haulier: str | None
    marks: list[str]
    origins: dict[str, str]
    settled: dict[str, str]
    workflow: str | None
    variant: str | None
    locked: list[str]
    registered_at: datetime
    changed_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class RecordShown:
    """A word about a stage; ``by`` is the machine that said it, None where a person did."""

    id: int
    trip: int
    plate: str
    stage: str
    act: str
    origin: str
    by: str | None
    desk: str | None
    at: datetime
    recorded_at: datetime
    reason: str | None
    settled: dict[str, str]
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CrossingShown:
    """A truck that crossed; ``due_at``: by when it must be back, None where it need not."""

    id: int
    trip: int | None
    plate: str
    gate: str
    direction: str
    load: str | None
    at: datetime
    due_at: datetime | None
    returned_at: datetime | None
    recorded_at: datetime


_DECLARATIONS: LiteralString = """
select t.id as trip, t.declaration, t.state, t.ended_at, t.plate, d.trailer, d.nationality,
       t.direction, t.gates, t.ready_at, d.load, t.cargo, d.goods, d.goods_class, d.goods_code,
       d.weight_class, t.weight_t, d.value_vnd, d.keeps_h, d.temperature_c, d.handover,
       d.pair_plate, d.customer, t.haulier, d.marks, d.origins, d.settled, w.version as workflow,
       d.variant, t.locked, t.registered_at, d.changed_at, d.revision
from trips t join declarations d on d.trip_id = t.id left join workflows w on w.id = d.workflow_id
where t.site = %s and t.id = any(%s)
"""

_RECORDS: LiteralString = """
select r.id, r.trip_id as trip, t.plate, r.stage, r.act, r.origin,
       case when starts_with(r.said_by, 'source:') then r.said_by end as by, r.desk, r.at,
       r.recorded_at, r.reason, r.settled, r.evidence
from stage_records r join trips t on t.id = r.trip_id
where t.site = %s and r.id = any(%s)
"""

_CROSSINGS: LiteralString = """
select id, trip_id as trip, plate, gate, direction, load, at, due_at, returned_at, recorded_at
from crossings where site = %s and id = any(%s)
"""


def list_declarations(
    conn: Connection, site: str, trips: Sequence[int]
) -> dict[int, DeclarationShown]:
    """Return the declarations of trips, by trip; one of before declarations were kept has none."""
    with conn.cursor(row_factory=class_row(DeclarationShown)) as cursor:
        found = cursor.execute(_DECLARATIONS, [site, list(trips)])
        return {one.trip: one for one in found}


def list_records(conn: Connection, site: str, ids: Sequence[int]) -> dict[int, RecordShown]:
    """Return words about stages, by their ids."""
    with conn.cursor(row_factory=class_row(RecordShown)) as cursor:
        return {one.id: one for one in cursor.execute(_RECORDS, [site, list(ids)])}


def list_crossings(conn: Connection, site: str, ids: Sequence[int]) -> dict[int, CrossingShown]:
    """Return crossings, by their ids."""
    with conn.cursor(row_factory=class_row(CrossingShown)) as cursor:
        return {one.id: one for one in cursor.execute(_CROSSINGS, [site, list(ids)])}


def list_records_of(conn: Connection, trip_id: int) -> list[int]:
    """Return the ids of all that was said of a trip's stages, the first first."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select id from stage_records where trip_id = %s order by id", [trip_id]
        ).fetchall()


def find_record_of(conn: Connection, key: str) -> tuple[int, str, str] | None:
    """Return the trip, the stage and the act of the word that came with a key."""
    return conn.execute(
        "select trip_id, stage, act from stage_records where key = %s", [key]
    ).fetchone()


def list_crossings_of(conn: Connection, trip_id: int) -> list[int]:
    """Return the ids of a trip's crossings."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select id from crossings where trip_id = %s order by id", [trip_id]
        ).fetchall()


_NAMED: LiteralString = "select id from trips where site = %(site)s and state = 'active'"


def find_trip_named(
    conn: Connection, site: str, *, plate: str | None, declaration: str | None
) -> int | None:
    """Return the active trip of a plate or of a customs declaration; where both: of both."""
    query = _NAMED
    if plate is not None:
        query += " and plate = %(plate)s"
    if declaration is not None:
        query += " and declaration = %(declaration)s"
    values = {"site": site, "plate": plate, "declaration": declaration}
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(query + " order by id desc limit 1", values).fetchone()
