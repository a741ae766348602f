"""What stands beside trips for those who declared them: stages, papers, dues, what is disputed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class OpenStage:
    """A stage somebody has to decide or to answer; ``desk`` None: it confirms itself."""

    stage: str
    desk: str | None
    state: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a trip.

    ``reached`` is the stage confirmed last, None before the first; ``due_vnd`` is what is still to
    be paid, None where nothing was worked out.
    """

    customer: str | None
    goods: str | None
    goods_class: str | None
    trailer: str | None
    load: str
    marks: tuple[str, ...]
    locked: tuple[str, ...]
    reached: str | None
    open: tuple[OpenStage, ...]
    documents: int
    open_conflicts: int
    due_vnd: int | None


def list_beside(conn: Connection, trip_ids: Sequence[int]) -> dict[int, Beside]:
    """Return what stands beside trips, by trip; one without a declaration has the defaults."""
    if not trip_ids:
        return {}
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "select t.id, d.customer, d.goods, d.goods_class, d.trailer,"
            " coalesce(d.load, 'laden') as load, coalesce(d.marks, '{}') as marks, t.locked,"
            " (select s.stage from trip_stages s where s.trip_id = t.id and s.state = 'confirmed'"
            "  order by s.since desc, s.position desc limit 1) as reached,"
            " (select count(*) from documents x where x.trip_id = t.id) as documents,"
            " (select count(*) from conflicts c where c.trip_id = t.id and c.state = 'open')"
            "  as open_conflicts,"
            " u.total_vnd - u.paid_vnd as due_vnd"
            " from trips t left join declarations d on d.trip_id = t.id"
            " left join dues u on u.trip_id = t.id where t.id = any(%s)",
            [list(trip_ids)],
        )
        rows = cursor.fetchall()
    open_stages = _open_stages(conn, trip_ids)
    return {
        row["id"]: Beside(
            **{name: row[name] for name in ("customer", "goods", "goods_class", "trailer", "load")},
            marks=tuple(row["marks"]),
            locked=tuple(row["locked"]),
            reached=row["reached"],
            open=tuple(open_stages.get(row["id"], ())),
            documents=row["documents"],
            open_conflicts=row["open_conflicts"],
            due_vnd=row["due_vnd"],
        )
        for row in rows
    }


def _open_stages(conn: Connection, trip_ids: Sequence[int]) -> dict[int, list[OpenStage]]:
    """Return by trip the stages somebody has to decide or to answer, as the file has them."""
    rows = conn.execute(
        "select trip_id, stage, desk, state, since from trip_stages where trip_id = any(%s)"
        " and state in ('ready', 'asked', 'refused', 'expired') order by trip_id, position",
        [list(trip_ids)],
    )
    found: dict[int, list[OpenStage]] = {}
    for trip, stage, desk, state, since in rows:
        found.setdefault(trip, []).append(OpenStage(stage, desk, state, since))
    return found
