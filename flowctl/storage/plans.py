"""Decisions at rest: plans, slots as told, releases, and the state of the gates they came from."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from flowctl.controller import Decision, GateFigures, Telling
from flowctl.dispatch.metering import Release
from flowctl.site import Site
from flowctl.storage.outbox import queue_message

Connection = psycopg.Connection[Any]

PASSED_OF_USE = timedelta(hours=2)
"""How long after a truck has passed its driver is still told so."""


def commit_decision(
    conn: Connection, site: Site, decision: Decision, *, now: datetime, solve_s: float
) -> None:
    """Write a decision and the messages it causes; the caller's transaction makes it one act."""
    _save_gates(conn, site.id, decision.gates, now)
    if decision.plan is not None:
        plan_id = _save_plan(conn, site.id, decision, now, solve_s)
        for telling in decision.tellings:
            _tell(conn, site, telling, plan_id, now)
    for release in decision.releases:
        _release(conn, site, release, now)


def _save_plan(
    conn: Connection, site: str, decision: Decision, now: datetime, solve_s: float
) -> int:
    plan = decision.plan
    if plan is None:
        raise ValueError("There is no plan to save.")
    row = conn.execute(
        "insert into plans (site, planned_at, status, trips, unserved, cost, bound, inversions,"
        " solve_s) values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
        [
            site,
            now,
            plan.status,
            len(plan.slot),
            int((plan.slot < 0).sum()),
            plan.cost,
            plan.bound,
            plan.inversions,
            solve_s,
        ],
    ).fetchone()
    if row is None:
        raise RuntimeError("PostgreSQL returned no id for the plan.")
    return int(row[0])


def _tell(conn: Connection, site: Site, telling: Telling, plan_id: int, now: datetime) -> None:
    values = [telling.trip_id, telling.slot.gate, telling.slot.starts_at]
    conn.execute(
        "insert into slots (trip_id, gate, starts_at, plan_id, told_at) values (%s, %s, %s, %s, %s)"
        " on conflict (trip_id) do update set gate = excluded.gate,"
        " starts_at = excluded.starts_at, plan_id = excluded.plan_id, told_at = excluded.told_at",
        [*values, plan_id, now],
    )
    conn.execute(
        "insert into slot_changes (trip_id, gate, starts_at, reason, plan_id, at)"
        " values (%s, %s, %s, %s, %s, %s)",
        [*values, telling.reason, plan_id, now],
    )
    ends_at = telling.slot.starts_at + timedelta(seconds=site.dispatch.slot_s)
    queue_message(
        conn,
        site=site.id,
        trip_id=telling.trip_id,
        kind="slot" if telling.previous is None else "slot_changed",
        params={
            "gate": telling.slot.gate,
            "starts_at": telling.slot.starts_at.isoformat(),
            "ends_at": ends_at.isoformat(),
            "reason": telling.reason,
        },
        now=now,
        expires_at=ends_at,
    )


def _release(conn: Connection, site: Site, release: Release, now: datetime) -> None:
    conn.execute(
        "insert into releases (trip_id, gate, yard, released_at, expires_at)"
        " values (%s, %s, %s, %s, %s)",
        [release.trip_id, release.gate, release.yard, now, release.expires_at],
    )
    queue_message(
        conn,
        site=site.id,
        trip_id=release.trip_id,
        kind="call_up",
        params={"gate": release.gate, "yard": release.yard},
        now=now,
        expires_at=release.expires_at,
    )


def _save_gates(conn: Connection, site: str, gates: Sequence[GateFigures], now: datetime) -> None:
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into gate_states (site, gate, at, capacity_per_h, capacity_low, capacity_high,"
            " n_target, in_transit, queued, in_lane, waiting, state, state_since, export_per_h,"
            " export_low, export_high, import_per_h, import_low, import_high)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " on conflict do nothing",
            [
                (
                    site,
                    gate.gate,
                    now,
                    gate.capacity_per_h,
                    gate.capacity_low,
                    gate.capacity_high,
                    gate.n_target,
                    gate.in_transit,
                    gate.queued,
                    gate.in_lane,
                    gate.waiting,
                    gate.state,
                    gate.state_since,
                    gate.exports.per_h,
                    gate.exports.low,
                    gate.exports.high,
                    gate.imports.per_h,
                    gate.imports.low,
                    gate.imports.high,
                )
                for gate in gates
            ],
        )


def end_cleared_trips(
    conn: Connection, site: str, passed: Mapping[int, str], now: datetime
) -> None:
    """End the trips that have passed (id → gate); their plates and devices are free again."""
    ended = conn.execute(
        "update trips set state = 'cleared', ended_at = %s where id = any(%s) and state = 'active'"
        " returning id",
        [now, list(passed)],
    ).fetchall()
    for (trip_id,) in ended:
        queue_message(
            conn,
            site=site,
            trip_id=trip_id,
            kind="passed",
            params={"gate": passed[trip_id]},
            now=now,
            expires_at=now + PASSED_OF_USE,
        )
