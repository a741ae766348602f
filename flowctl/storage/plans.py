"""Decisions at rest: plans, slots as told, releases, and the state of the gates they came from."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from flowctl.controller import Decision, GateFigures, Telling, trips_named, without
from flowctl.dispatch.notices import Notice, NoticeKind
from flowctl.lanes import LaneUse, SlotPrice
from flowctl.ledger.codes import code_of
from flowctl.ledger.entries import Entry, Kind
from flowctl.site import Site
from flowctl.storage import ledger
from flowctl.storage.closures import end_advice, save_advice
from flowctl.storage.outbox import Outgoing, queue_messages, slot_message
from flowctl.storage.places import save_free
from flowctl.storage.releases import commit_releases

Connection = psycopg.Connection[Any]

PASSED_OF_USE = timedelta(hours=2)
"""How long after a truck has passed its driver is still told so."""


def commit_decision(
    conn: Connection, site: Site, decision: Decision, *, now: datetime, solve_s: float
) -> Decision:
    """Write a decision, its entries in the ledger, and the messages it causes; return it as kept.

    The caller's transaction makes it one act. Every table is written by one statement, however many
    trucks are told. Nothing is said of trips that ended, or are being changed, since they were
    read: of those that are still active the next tick decides.
    """
    decision = _of_present(conn, site, decision, now)
    _save_gates(conn, site.id, decision.gates, now)
    if decision.plan is not None:
        plan_id = _save_plan(conn, site, decision, now, solve_s)
        _save_prices(conn, plan_id, decision.prices)
        save_free(conn, site.id, plan_id, decision.room, now=now)
        tell_slots(conn, site, decision.tellings, plan_id, now)
        _notify(conn, site, decision.notices, now)
    commit_releases(conn, site, decision, now=now)
    return decision


def _of_present(conn: Connection, site: Site, decision: Decision, now: datetime) -> Decision:
    """Return what a decision says of trips that still are as it took them to be.

    Who changes a trip holds it, and waits for the ledger's head, which is held from here on.
    """
    named = trips_named(decision)
    if not named:
        return decision
    ledger.lock_head(conn, site.id, now)
    rows = conn.execute(
        "select id from trips where id = any(%b) and state = 'active' for share skip locked",
        [list(named)],
    ).fetchall()
    return without(decision, named.difference(trip for (trip,) in rows))


def _save_plan(
    conn: Connection, site: Site, decision: Decision, now: datetime, solve_s: float
) -> int:
    plan = decision.plan
    if plan is None:
        raise ValueError("There is no plan to save.")
    row = conn.execute(
        "insert into plans (site, planned_at, policy, status, trips, unserved, cost, bound,"
        " inversions, solve_s, lanes)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
        [
            site.id,
            now,
            site.policy.version,
            plan.status,
            len(plan.slot),
            int((plan.slot < 0).sum()),
            plan.cost,
            plan.bound,
            plan.inversions,
            solve_s,
            _lanes_kept(decision.lanes),
        ],
    ).fetchone()
    if row is None:
        raise RuntimeError("PostgreSQL returned no id for the plan.")
    return int(row[0])


def _lanes_kept(lanes: Sequence[LaneUse]) -> Jsonb | None:
    if not lanes:
        return None
    return Jsonb([{**asdict(use), "starts_at": use.starts_at.isoformat()} for use in lanes])


def list_lanes(conn: Connection, site: str) -> tuple[LaneUse, ...]:
    """Return how the newest plan shares out the places of lanes that change class."""
    rows = conn.execute(
        "select gate, lane_class, starts_at, places from ("
        " select lanes from plans where site = %s order by id desc limit 1) as newest"
        " cross join jsonb_to_recordset(lanes)"
        "  as one (gate text, lane_class text, starts_at timestamptz, places int)"
        " order by starts_at, gate, lane_class",
        [site],
    ).fetchall()
    return tuple(LaneUse(*row) for row in rows)


def _save_prices(conn: Connection, plan_id: int, prices: Sequence[SlotPrice]) -> None:
    conn.execute(
        "insert into slot_prices (plan_id, gate, lane_class, starts_at, price)"
        " select %s, * from unnest(%s::text[], %s::text[], %s::timestamptz[], %s::bigint[])",
        [
            plan_id,
            [one.gate for one in prices],
            [one.lane_class or "" for one in prices],
            [one.starts_at for one in prices],
            [one.price for one in prices],
        ],
    )


def tell_slots(
    conn: Connection, site: Site, told: Sequence[Telling], plan_id: int, now: datetime
) -> None:
    """Write slots, their changes, the ledger's entries and the messages."""
    if not told:
        return
    trips = [one.trip_id for one in told]
    gates = [one.slot.gate for one in told]
    starts = [one.slot.starts_at for one in told]
    conn.execute(
        "insert into slots (trip_id, gate, starts_at, plan_id, told_at)"
        " select trip_id, gate, starts_at, %s, %s"
        " from unnest(%b::bigint[], %b::text[], %b::timestamptz[])"
        "  as one (trip_id, gate, starts_at)"
        " on conflict (trip_id) do update set gate = excluded.gate,"
        " starts_at = excluded.starts_at, plan_id = excluded.plan_id, told_at = excluded.told_at,"
        " swapped = false, accepted_at = null, late_until = null",
        [plan_id, now, trips, gates, starts],
    )
    columns = "copy slot_changes (trip_id, gate, starts_at, reason, plan_id, at) from stdin"
    with conn.cursor() as cursor, cursor.copy(columns) as copy:
        for one in told:
            where = (one.trip_id, one.slot.gate, one.slot.starts_at)
            copy.write_row((*where, str(one.reason), plan_id, now))
    end_advice(conn, trips)
    entries = [_entry(one, plan_id, now) for one in told]
    head = ledger.append(conn, site.id, site.policy.version, entries, now=now)
    code = {} if head is None else {"code": code_of(head.hash)}
    messages = [
        slot_message(
            site,
            one.trip_id,
            one.slot,
            kind="slot" if one.previous is None else "slot_changed",
            reason=one.reason,
            code=code,
        )
        for one in told
    ]
    queue_messages(conn, messages, site=site.id, now=now)


def _entry(telling: Telling, plan_id: int, now: datetime) -> Entry:
    """Return the ledger's entry of a slot told: of a change, with what it was before."""
    details: dict[str, int | str] = {
        "starts_at": telling.slot.starts_at.isoformat(),
        "plan": plan_id,
    }
    if telling.previous is not None:
        details["was_gate"] = telling.previous.gate
        details["was_starts_at"] = telling.previous.starts_at.isoformat()
    return Entry(
        Kind.SLOT if telling.previous is None else Kind.SLOT_CHANGED,
        now,
        trip_id=telling.trip_id,
        gate=telling.slot.gate,
        reason=telling.reason,
        details=details,
    )


def _notify(conn: Connection, site: Site, told: Sequence[Notice], now: datetime) -> None:
    """Write the words that are no slots, and keep those that stand until something better."""
    if not told:
        return
    end_advice(conn, [one.trip_id for one in told if one.kind is NoticeKind.DEPART])
    standing = [one for one in told if one.kind is not NoticeKind.DEPART]
    save_advice(
        conn,
        ((one.trip_id, str(one.kind), one.gate) for one in standing),
        now,
        {one.trip_id: str(one.reason) for one in standing if one.reason is not None},
    )
    queue_messages(conn, [_notice_message(one) for one in told], site=site.id, now=now)


def _notice_message(notice: Notice) -> Outgoing:
    params = {"gate": notice.gate}
    if notice.reason is not None:
        params["reason"] = str(notice.reason)
    if notice.before is not None:
        params["starts_at"] = notice.before.isoformat()
    return Outgoing(notice.trip_id, notice.kind, params, notice.before)


def _save_gates(conn: Connection, site: str, gates: Sequence[GateFigures], now: datetime) -> None:
    """Write what was found at the gates, the newest state from now on.

    What a clock that was set back since dated later is forgotten: it would stand for the present
    until the clock has come there again, and hold back the target of metering.
    """
    conn.execute("delete from gate_states where site = %s and at > %s", [site, now])
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
    conn: Connection, site: Site, passed: Mapping[int, str], now: datetime
) -> list[int]:
    """End the trips that have passed (id → gate); their plates and devices are free again.

    The ledger says that they passed, as it does of those that officers saw. One that somebody is
    changing at this moment stays until the next tick: whoever changes it waits for the ledger,
    which this transaction holds. Returns the trips that ended.
    """
    ended = conn.execute(
        "update trips set state = 'cleared', ended_at = %s where id in ("
        " select id from trips where id = any(%s) and state = 'active'"
        " for no key update skip locked) returning id",
        [now, list(passed)],
    ).fetchall()
    entries = [Entry(Kind.PASSED, now, trip, gate=passed[trip]) for (trip,) in ended]
    ledger.append(conn, site.id, site.policy.version, entries, now=now)
    expires_at = now + PASSED_OF_USE
    queue_messages(
        conn,
        [
            Outgoing(trip_id, "passed", {"gate": passed[trip_id]}, expires_at)
            for (trip_id,) in ended
        ],
        site=site.id,
        now=now,
    )
    return [trip_id for (trip_id,) in ended]


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A plan as it was kept."""

    id: int
    planned_at: datetime
    policy: str | None
    status: str
    trips: int
    unserved: int
    cost: int
    bound: int
    inversions: int
    solve_s: float
    prices: tuple[SlotPrice, ...] = ()
    lanes: tuple[LaneUse, ...] = ()


def find_latest_plan(conn: Connection, site: str) -> PlanRecord | None:
    """Return a site's newest plan with its prices."""
    with conn.cursor(row_factory=class_row(PlanRecord)) as cursor:
        plan = cursor.execute(
            "select id, planned_at, policy, status, trips, unserved, cost, bound, inversions,"
            " solve_s from plans where site = %s order by id desc limit 1",
            [site],
        ).fetchone()
    if plan is None:
        return None
    prices = conn.execute(
        "select gate, nullif(lane_class, ''), starts_at, price from slot_prices"
        " where plan_id = %s order by starts_at, gate, lane_class",
        [plan.id],
    ).fetchall()
    return replace(plan, prices=tuple(map(SlotPrice._make, prices)), lanes=list_lanes(conn, site))


def drop_prices_before(conn: Connection, moment: datetime) -> None:
    """Forget the slot prices of plans made before a moment; the plans stay."""
    conn.execute(
        "delete from slot_prices using plans where plans.id = plan_id and planned_at < %s", [moment]
    )


def drop_plans_before(conn: Connection, moment: datetime) -> None:
    """Forget plans made before a moment, but those whose slots or advice somebody still has."""
    conn.execute(
        "delete from plans p where planned_at < %s"
        " and not exists (select from slots s where s.plan_id = p.id)"
        " and not exists (select from slot_changes c where c.plan_id = p.id)"
        " and not exists (select from free_places f where f.plan_id = p.id)",
        [moment],
    )


def drop_states_before(conn: Connection, moment: datetime) -> None:
    """Forget what was found at the gates, tick by tick, before a moment."""
    conn.execute("delete from gate_states where at < %s", [moment])
