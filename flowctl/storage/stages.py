"""Stages of trips at rest: what was said of them, and where each stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from flowctl.workflow.catalogue import beyond_crossing
from flowctl.workflow.stages import Act, Origin, Progress, Record, State

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class TripFacts:
    """A trip as its stages see it; None where it is not known.

    ``workflow_id`` and ``variant`` are those it began with, None where its site had no workflow.
    """

    id: int
    plate: str
    state: str
    ended_at: datetime | None
    registered_at: datetime
    ready_at: datetime
    driver_id: int
    haulier: str | None
    registered_by: str
    direction: str
    gate: str
    cargo: str
    weight_t: float | None
    workflow_id: int | None
    variant: str | None
    handover: str | None
    nationality: str
    load: str
    goods_class: str | None
    weight_class: str | None
    locked: list[str]

    def facts(self) -> dict[str, str]:
        """Return what is known, by the names of conditions."""
        known = {
            "direction": self.direction,
            "gate": self.gate,
            "cargo": self.cargo,
            "nationality": self.nationality,
            "load": self.load,
            "goods_class": self.goods_class,
            "weight_class": self.weight_class,
            "handover": self.handover,
        }
        return {name: value for name, value in known.items() if value is not None}


_FACTS_HEAD: LiteralString = """
select t.id, t.plate, t.state, t.ended_at, t.registered_at, t.ready_at, t.driver_id, t.haulier,
       t.registered_by, t.direction, t.gates[1] as gate, t.cargo, t.weight_t, d.workflow_id,
       d.variant, d.handover, coalesce(d.nationality, 'VN') as nationality,
       coalesce(d.load, 'laden') as load, d.goods_class, d.weight_class, t.locked
from trips t left join declarations d on d.trip_id = t.id
where t.site = %s"""
_FACTS: LiteralString = _FACTS_HEAD + " and t.id = %s"


def find_facts(
    conn: Connection, site: str, trip_id: int, *, locked: bool = False
) -> TripFacts | None:
    """Return a trip's facts; ``locked``: nobody else may change them before the end."""
    query = _FACTS + " for no key update of t" if locked else _FACTS
    with conn.cursor(row_factory=class_row(TripFacts)) as cursor:
        return cursor.execute(query, [site, trip_id]).fetchone()


def list_facts(conn: Connection, site: str, trips: Sequence[int]) -> list[TripFacts]:
    """Return the facts of trips."""
    with conn.cursor(row_factory=class_row(TripFacts)) as cursor:
        return cursor.execute(_FACTS_HEAD + " and t.id = any(%s)", [site, list(trips)]).fetchall()


@dataclass(frozen=True, slots=True)
class StageRecord:
    """A word about a stage as it was said, with who said it, for which desk, and by what."""

    id: int
    trip_id: int
    stage: str
    act: str
    origin: str
    said_by: str
    desk: str | None
    at: datetime
    recorded_at: datetime
    reason: str | None
    note: str | None
    settled: dict[str, str]
    evidence: dict[str, Any]

    def word(self) -> Record:
        """Return it as the stages of a trip are worked out from it."""
        return Record(self.id, self.stage, Act(self.act), self.at)


def list_stage_records(conn: Connection, *trips: int) -> list[StageRecord]:
    """Return what was said of trips' stages, in the order it was written down."""
    with conn.cursor(row_factory=class_row(StageRecord)) as cursor:
        return cursor.execute(
            "select id, trip_id, stage, act, origin, said_by, desk, at, recorded_at, reason, note,"
            " settled, evidence from stage_records where trip_id = any(%s) order by id",
            [list(trips)],
        ).fetchall()


def is_record(conn: Connection, key: str) -> bool:
    """Tell whether a word with this key was written down already."""
    return conn.execute("select from stage_records where key = %s", [key]).fetchone() is not None


def insert_stage_record(
    conn: Connection,
    trip_id: int,
    stage: str,
    act: Act,
    *,
    origin: Origin,
    by: str,
    desk: str | None,
    at: datetime,
    now: datetime,
    reason: str | None = None,
    note: str | None = None,
    settled: Mapping[str, str] | None = None,
    evidence: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> StageRecord | None:
    """Write down a word about a stage; None where its key was written down already."""
    with conn.cursor(row_factory=class_row(StageRecord)) as cursor:
        return cursor.execute(
            "insert into stage_records (trip_id, stage, act, origin, said_by, desk, at,"
            " recorded_at, reason, note, settled, evidence, key)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " on conflict (key) do nothing returning id, trip_id, stage, act, origin, said_by,"
            " desk, at, recorded_at, reason, note, settled, evidence",
            [
                trip_id,
                stage,
                str(act),
                str(origin),
                by,
                desk,
                at,
                now,
                reason,
                note,
                Jsonb(dict(settled or {})),
                Jsonb(dict(evidence or {})),
                key,
            ],
        ).fetchone()


_SAVE: LiteralString = """
insert into trip_stages
    (trip_id, stage, site, gate, direction, desk, position, state, since, record_id, expires_at,
     beyond, open)
select %(trip)s, one.stage, %(site)s, %(gate)s, %(direction)s, one.desk, one.position, one.state,
       one.since, one.record_id, one.expires_at, one.beyond,
       %(is)s = 'active' or %(is)s = 'cleared' and one.beyond
from unnest(%(stages)s::text[], %(desks)s::text[], %(positions)s::smallint[], %(states)s::text[],
            %(since)s::timestamptz[], %(records)s::bigint[], %(expire)s::timestamptz[],
            %(beyond)s::boolean[])
    as one (stage, desk, position, state, since, record_id, expires_at, beyond)
on conflict (trip_id, stage) do update set
    gate = excluded.gate, position = excluded.position, state = excluded.state,
    since = excluded.since, record_id = excluded.record_id, expires_at = excluded.expires_at
where (trip_stages.gate, trip_stages.position, trip_stages.state, trip_stages.since,
       trip_stages.record_id, trip_stages.expires_at)
    is distinct from (excluded.gate, excluded.position, excluded.state, excluded.since,
       excluded.record_id, excluded.expires_at)
"""


def save_progress(conn: Connection, site: str, trip: TripFacts, progress: Progress) -> None:
    """Write where a trip stands: its stages, what is locked, when that is to be looked at again."""
    conn.execute(
        "delete from trip_stages where trip_id = %s and stage <> all(%s)",
        [trip.id, [one.stage.id for one in progress.stages]],
    )
    save_stages(conn, site, trip, progress)
    conn.execute(
        "update trips set locked = %(locked)s, stages_due_at = %(due)s where id = %(trip)s"
        " and (locked, stages_due_at) is distinct from (%(locked)s::text[], %(due)s::timestamptz)",
        {"trip": trip.id, "locked": locks(progress), "due": progress.due_at},
    )


def locks(progress: Progress) -> list[str]:
    """Return what a trip's stages lock, as it is kept."""
    return sorted(str(lock) for lock in progress.locked)


def save_stages(conn: Connection, site: str, trip: TripFacts, progress: Progress) -> None:
    """Write where each of a trip's stages stands; of one that begins there are none to take out."""
    stages = progress.stages
    beyond = beyond_crossing([one.stage for one in stages])
    conn.execute(
        _SAVE,
        {
            "trip": trip.id,
            "site": site,
            "gate": trip.gate,
            "direction": trip.direction,
            "is": trip.state,
            "stages": [one.stage.id for one in stages],
            "desks": [None if one.stage.desk is None else str(one.stage.desk) for one in stages],
            "positions": list(range(len(stages))),
            "states": [str(one.state) for one in stages],
            "since": [one.since for one in stages],
            "records": [one.record for one in stages],
            "expire": [one.expires_at for one in stages],
            "beyond": [one.stage.id in beyond for one in stages],
        },
    )


_SETTLE: Mapping[str, LiteralString] = {
    "goods_class": "update declarations set goods_class = %s where trip_id = %s",
    "load": "update declarations set load = %s where trip_id = %s",
    "weight_class": "update declarations set weight_class = %s where trip_id = %s",
}


def settle(
    conn: Connection, trip_id: int, stage: str, facts: Mapping[str, str], *, now: datetime
) -> None:
    """Write facts as a stage settled them: whoever declared them can change them no more."""
    for name, value in facts.items():
        conn.execute(_SETTLE[name], [value, trip_id])
    conn.execute(
        "update declarations set settled = settled || %s, changed_at = %s,"
        " revision = revision + 1 where trip_id = %s",
        [Jsonb(dict.fromkeys(facts, stage)), now, trip_id],
    )


def unsettle(conn: Connection, trip_id: int, stage: str, *, now: datetime) -> None:
    """Let what a stage settled be changed again: its word was taken back."""
    conn.execute(
        "update declarations set changed_at = %(now)s, revision = revision + 1, settled ="
        " (select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(settled)"
        "  where value <> to_jsonb(%(stage)s::text))"
        " where trip_id = %(trip)s and exists"
        "  (select from jsonb_each_text(settled) where value = %(stage)s)",
        {"trip": trip_id, "stage": stage, "now": now},
    )


def list_due(conn: Connection, site: str, now: datetime, *, most: int) -> list[int]:
    """Return active trips a stage of which ran out, locked; those somebody works on come later."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "select id from trips where site = %s and state = 'active' and stages_due_at <= %s"
            " order by stages_due_at limit %s for no key update skip locked",
            [site, now, most],
        ).fetchall()


@dataclass(frozen=True, slots=True)
class TripStage:
    """Where a stage of a trip stands, as it was worked out last."""

    trip_id: int
    stage: str
    desk: str | None
    position: int
    state: str
    since: datetime
    record_id: int | None
    expires_at: datetime | None

    @property
    def is_confirmed(self) -> bool:
        """Tell whether nobody waits for it."""
        return self.state == State.CONFIRMED


def list_trip_stages(conn: Connection, trips: Sequence[int]) -> list[TripStage]:
    """Return where the stages of trips stand, by trip and in their files' order."""
    with conn.cursor(row_factory=class_row(TripStage)) as cursor:
        return cursor.execute(
            "select trip_id, stage, desk, position, state, since, record_id, expires_at"
            " from trip_stages where trip_id = any(%s) order by trip_id, position",
            [list(trips)],
        ).fetchall()
