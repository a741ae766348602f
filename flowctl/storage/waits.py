"""Waits as they were promised at each gate, what came of them, and how often they held."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from flowctl.dispatch.n_control import export_rate
from flowctl.site import Gate, Site
from flowctl.storage.live import (
    GateState,
    LiveRow,
    found_standing,
    list_active,
    list_chosen,
    list_gate_states,
)
from flowctl.traffic import waits
from flowctl.traffic.calibration import Levels
from flowctl.traffic.waits import ExportRate, RawWait, Wait

Connection = psycopg.Connection[Any]

PROMISE_EVERY = timedelta(minutes=10)
"""How often what is promised is kept, to be held against what comes."""

_STANDS = timedelta(minutes=20)
"""A promise older than that, for the controller was away, is nobody's."""
_SCORED = timedelta(days=7)
_PRIOR_WRONG = 0.25
"""Bounds of 90 % around what a site's file believes of a gate nobody has looked at."""


@dataclass(frozen=True, slots=True)
class Record:
    """How often the promises of a gate held: of ``n`` trucks that share, None where too few.

    They came due within the last ``days``, at most seven: so long promises have been made there.
    """

    n: int
    share: float | None
    days: int


def expected_waits(
    site: Site, states: Iterable[GateState], levels: Mapping[str, Levels], now: datetime
) -> dict[str, Wait]:
    """Return what to promise at each gate; one that takes nothing, or is not known, is left out.

    ``site`` is with its closures in; ``levels`` are what was learned of each gate; ``now`` is the
    domain moment.
    """
    found: dict[str, Wait] = {}
    for state in states:
        gate = site.gate_by_id.get(state.gate)
        raw = None if gate is None else _raw(site, gate, state)
        if gate is not None and raw is not None and _opens(gate, now):
            known = levels.get(gate.id) or waits.learned([])
            found[gate.id] = waits.expect(gate.opening, now.timestamp(), raw, known)
    return found


def _opens(gate: Gate, now: datetime) -> bool:
    """Tell whether a gate opens at all within the days that can be seen."""
    return next(gate.opening.between(now, now + timedelta(days=30)), None) is not None


def _raw(site: Site, gate: Gate, state: GateState) -> RawWait | None:
    travels = [one.travel_s for yard in site.yards for one in yard.access if one.gate == gate.id]
    if not travels or state.capacity_per_h <= 0.0:
        return None
    return waits.raw_wait(
        _rate(gate, state),
        ahead=state.waiting + state.in_transit + state.queued,
        travel_s=sum(travels) / len(travels),
        screening_s=gate.inspection_places / state.capacity_per_h * 3600.0,
    )


def _rate(gate: Gate, state: GateState) -> ExportRate:
    if None not in (state.export_per_h, state.export_low, state.export_high):
        return ExportRate(state.export_per_h, state.export_low, state.export_high)  # type: ignore[arg-type]
    per_h = export_rate(state.capacity_per_h, gate.import_prior_per_h)
    return ExportRate(per_h, per_h * (1 - _PRIOR_WRONG), per_h * (1 + _PRIOR_WRONG))


def keep_waits(conn: Connection, site: Site, now: datetime) -> None:
    """Score what was promised to who is through by now, learn of it, and keep new promises.

    ``site`` is with its closures in. In the caller's transaction.
    """
    active = list_active(conn, site.id)
    _note_arrivals(conn, site, active, now)
    _settle(conn, site, active, now)
    levels = {gate.id: _learn(conn, site, gate, now) for gate in site.gates}
    states = list_gate_states(conn, site.id, list(levels))
    promised = expected_waits(site, states, levels, now)
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into wait_promises (site, gate, at, low_s, mid_s, high_s, levels, p10, p50,"
            " p90) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
            [
                (
                    *(site.id, gate, now, wait.raw.low, wait.raw.mid, wait.raw.high),
                    [levels[gate].p10, levels[gate].p50, levels[gate].p90],
                    *(_instant(one) for one in (wait.p10, wait.p50, wait.p90)),
                )
                for gate, wait in promised.items()
            ],
        )


def _learn(conn: Connection, site: Site, gate: Gate, now: datetime) -> Levels:
    """Return where a gate's bounds lie by the trucks that came last, those that still wait too."""
    rows = conn.execute(
        "select o.arrived_at, o.passed_at, p.low_s, p.mid_s, p.high_s"
        " from wait_outcomes o join wait_promises p"
        "  on (p.site, p.gate, p.at) = (o.site, o.gate, o.promised_at)"
        " where o.site = %s and o.gate = %s and o.arrived_at <= %s"
        " order by o.arrived_at desc limit %s",
        [site.id, gate.id, now, waits.DEFAULTS.kept],
    ).fetchall()
    return waits.learned(
        [
            waits.outcome(
                gate.opening,
                RawWait(*raw),
                arrived=arrived_at.timestamp(),
                passed=None if passed_at is None else passed_at.timestamp(),
                now=now.timestamp(),
            )
            for arrived_at, passed_at, *raw in reversed(rows)
        ]
    )


def list_levels(conn: Connection, site: Site) -> dict[str, Levels]:
    """Return where each gate's bounds lay when its newest promise was made."""
    rows = conn.execute(
        "select wanted.id, newest.levels from unnest(%s::text[]) as wanted (id)"
        " cross join lateral ("
        "  select levels from wait_promises where site = %s and gate = wanted.id"
        "  order by at desc limit 1) newest",
        [[gate.id for gate in site.gates], site.id],
    ).fetchall()
    return {gate: Levels(*levels) for gate, levels in rows}


def _note_arrivals(conn: Connection, site: Site, rows: Sequence[LiveRow], now: datetime) -> None:
    """Note who came while a promise stood, at the gate each is bound for."""
    came = [
        (row.id, _gate_of(row), row.arrived_at)
        for row in rows
        if row.direction == "export"
        and row.arrived_at is not None
        and row.arrived_at > now - PROMISE_EVERY - _STANDS
        and row.gates
    ]
    found = found_standing(conn, [(trip, arrived) for trip, _, arrived in came])
    came = [one for one in came if one[0] not in found]
    if not came:
        return
    conn.execute(
        "insert into wait_outcomes (trip_id, site, gate, promised_at, arrived_at)"
        " select came.trip_id, %(site)s, came.gate, stood.at, came.arrived_at"
        " from unnest(%(trips)s::bigint[], %(gates)s::text[], %(arrived)s::timestamptz[])"
        "  as came (trip_id, gate, arrived_at)"
        " cross join lateral ("
        "  select at from wait_promises where site = %(site)s and gate = came.gate"
        "  and at <= came.arrived_at and at > came.arrived_at - %(stands)s::interval"
        "  order by at desc limit 1) stood"
        " on conflict (trip_id) do nothing",
        {
            "site": site.id,
            "trips": [trip for trip, _, _ in came],
            "gates": [gate for _, gate, _ in came],
            "arrived": [arrived for _, _, arrived in came],
            "stands": _STANDS,
        },
    )


def _gate_of(row: LiveRow) -> str:
    return row.queued_gate or row.released_gate or row.told_gate or row.gates[0]


@dataclass(frozen=True, slots=True)
class _Open:
    """A truck whose promise is not settled."""

    trip_id: int
    gate: str
    arrived_at: datetime
    overdue: bool
    wait: Wait


def _settle(conn: Connection, site: Site, active: Sequence[LiveRow], now: datetime) -> None:
    """Hold promises against who is through, or should be."""
    cleared = [row.id for row in active if row.cleared_at is not None]
    waiting = _list_open(conn, site, cleared, now)
    rows = {row.id: row for row in active if row.id in waiting}
    ended = list_chosen(conn, site.id, [trip for trip in waiting if trip not in rows])
    rows |= {row.id: row for row in ended}
    settled: list[tuple[int, str, datetime | None, bool]] = []
    gone: list[int] = []
    through = sorted(
        (row.cleared_at, trip) for trip, row in rows.items() if row.cleared_at is not None
    )
    for passed_at, trip in through:
        one, gate = waiting[trip], _gate_of(rows[trip])
        if gate != one.gate:  # what was promised at another gate is no promise of this one
            gone.append(trip)
            continue
        opening = site.gate_by_id[gate].opening
        arrived, passed = one.arrived_at.timestamp(), passed_at.timestamp()
        kept = waits.is_kept(opening, one.wait, arrived=arrived, passed=passed)
        settled.append((trip, gate, passed_at, kept))
    for trip, one in waiting.items():
        row = rows.get(trip)
        if row is None or (row.cleared_at is None and row.state != "active"):
            gone.append(trip)  # cancelled: it will never be through
        elif row.cleared_at is None and not one.overdue and _is_overdue(site, one, now):
            settled.append((trip, one.gate, None, False))
    _write(conn, settled, gone)


def _is_overdue(site: Site, one: _Open, now: datetime) -> bool:
    if now.timestamp() <= one.wait.p90:  # most are not, and open time need not be counted
        return False
    opening = site.gate_by_id[one.gate].opening
    arrived = one.arrived_at.timestamp()
    return waits.is_overdue(opening, one.wait, arrived=arrived, now=now.timestamp())


def _list_open(
    conn: Connection, site: Site, cleared: Sequence[int], now: datetime
) -> dict[int, _Open]:
    """Return the unsettled promises there is something to say of: all others wait and may."""
    rows = conn.execute(
        "select o.trip_id, o.gate, o.arrived_at, o.kept is not null,"
        " extract(epoch from p.at)::float8, p.low_s, p.mid_s, p.high_s,"
        " extract(epoch from p.p10)::float8, extract(epoch from p.p50)::float8,"
        " extract(epoch from p.p90)::float8"
        " from wait_outcomes o join wait_promises p"
        "  on (p.site, p.gate, p.at) = (o.site, o.gate, o.promised_at)"
        " where o.site = %(site)s and o.passed_at is null and ("
        "  o.trip_id = any(%(cleared)s) or (o.kept is null and p.p90 < %(now)s) or not exists ("
        "   select from trips t where t.id = o.trip_id and t.state = 'active'))",
        {"site": site.id, "cleared": list(cleared), "now": now},
    ).fetchall()
    return {
        trip: _Open(trip, gate, arrived_at, overdue, Wait(at, RawWait(*raw), *through))
        for trip, gate, arrived_at, overdue, at, *raw, p10, p50, p90 in rows
        for through in [(p10, p50, p90)]
        if gate in site.gate_by_id
    }


def _write(
    conn: Connection,
    settled: Sequence[tuple[int, str, datetime | None, bool]],
    gone: Sequence[int],
) -> None:
    if gone:
        conn.execute("delete from wait_outcomes where trip_id = any(%s)", [list(gone)])
    if settled:
        columns = [list(column) for column in zip(*settled, strict=True)]
        conn.execute(
            "update wait_outcomes o set gate = found.gate, passed_at = found.passed_at,"
            " kept = found.kept from unnest(%s::bigint[], %s::text[], %s::timestamptz[],"
            " %s::boolean[]) as found (trip_id, gate, passed_at, kept)"
            " where o.trip_id = found.trip_id",
            columns,
        )


def list_records(conn: Connection, site: str, now: datetime) -> Mapping[str, Record]:
    """Return how often promises held that came due in the last seven days, by gate.

    A truck counts when its promised time is over and not when it is through: the quick ones are
    known first, and would speak for all.
    """
    rows = conn.execute(
        "select o.gate, count(*)::int, avg(o.kept::int)::float8, (select min(first.at)"
        "  from wait_promises first where first.site = %s and first.gate = o.gate)"
        " from wait_outcomes o"
        " join wait_promises p on (p.site, p.gate, p.at) = (o.site, o.gate, o.promised_at)"
        " where p.site = %s and p.p90 > %s and p.p90 <= %s and o.kept is not null group by o.gate",
        [site, site, now - _SCORED, now],
    ).fetchall()
    return {
        gate: Record(n, share if n >= waits.LEAST_SCORED else None, min(now - first, _SCORED).days)
        for gate, n, share, first in rows
    }


def drop_before(conn: Connection, cutoff: datetime) -> None:
    """Forget promises made, and what came of them, before a moment."""
    conn.execute("delete from wait_outcomes where arrived_at < %s", [cutoff])
    conn.execute("delete from wait_promises where at < %s", [cutoff])


def _instant(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
