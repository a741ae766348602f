"""What agencies have to confirm of trips before these get a slot, are called, or are let in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import args_row

from flowctl.storage.workflows import get_workflow
from flowctl.workflow.catalogue import Names
from flowctl.workflow.locks import locks_of
from flowctl.workflow.stages import Desk, Lock, Proof, Stage, State

Connection = psycopg.Connection[Any]

_ASKS = frozenset({State.READY, State.ASKED, State.REFUSED, State.EXPIRED})


@dataclass(frozen=True, slots=True)
class Clearance:
    """A stage that somebody confirms by hand, where it stands, and what it stands in the way of."""

    stage: str
    name: Names
    desk: Desk
    state: State
    since: datetime
    locks: frozenset[Lock]
    by_coming: bool
    """Whether the truck's coming to a yard confirms it too: until then nobody waits at a desk."""

    @property
    def is_missing(self) -> bool:
        """Whether its desk, or who was asked back, can act now; others wait for stages before."""
        return self.state in _ASKS


class _Row(NamedTuple):
    trip: int
    workflow: int
    variant: str
    stage: str
    state: str
    since: datetime


def list_clearances(conn: Connection, trips: Sequence[int]) -> dict[int, list[Clearance]]:
    """Return by trip, in its workflow's order, the stages by hand that stand in the way of it.

    Trips without a workflow are not among them.
    """
    if not trips:
        return {}
    with conn.cursor(row_factory=args_row(_Row), binary=True) as cursor:
        rows = cursor.execute(
            "select s.trip_id, d.workflow_id, d.variant, s.stage, s.state, s.since"
            " from trip_stages s join declarations d on d.trip_id = s.trip_id"
            " where s.trip_id = any(%s) and d.workflow_id is not null and d.variant is not null"
            " order by s.trip_id, s.position",
            [list(trips)],
        ).fetchall()
    known: dict[tuple[int, str], Mapping[str, Stage]] = {}
    by_trip: dict[int, list[_Row]] = {}
    for row in rows:
        by_trip.setdefault(row.trip, []).append(row)
        if (row.workflow, row.variant) not in known:
            variant = get_workflow(conn, row.workflow).find_variant(row.variant)
            stages = () if variant is None else variant.stages
            known[row.workflow, row.variant] = {stage.id: stage for stage in stages}
    return {
        trip: _clearances(known[mine[0].workflow, mine[0].variant], mine)
        for trip, mine in by_trip.items()
    }


def _clearances(stages: Mapping[str, Stage], rows: Sequence[_Row]) -> list[Clearance]:
    locks = locks_of(stages[row.stage] for row in rows)
    return [
        Clearance(
            row.stage,
            stage.name,
            stage.desk,
            State(row.state),
            row.since,
            locks[row.stage],
            Proof.YARD_IN in stage.proofs,
        )
        for row in rows
        if (stage := stages[row.stage]).desk is not None and locks[row.stage]
    ]
