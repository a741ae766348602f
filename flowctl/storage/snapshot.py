"""What the controller decides from: the active trips and what was seen at the gates."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import isnan, nan
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import psycopg
from psycopg.rows import args_row, class_row

from flowctl.collector import uncollected
from flowctl.site import Site
from flowctl.state import Cargo, Crossed, GateHistory, LiveTrip, Slot
from flowctl.storage.eta import list_yard_etas
from flowctl.storage.gate_lags import list_lags
from flowctl.storage.ledger_counts import count_places_lost
from flowctl.storage.live import LiveRow, list_active, list_gate_states
from flowctl.traffic.eta import Eta

Connection = psycopg.Connection[Any]

HISTORY = timedelta(hours=36)
"""How far back the gates' past reaches: over a closed night into the open day before."""

_SAME_CLEARANCE_S = 1800.0
_CARGO = {str(cargo): cargo for cargo in Cargo}
_same = itemgetter(
    *map(LiveRow._fields.index, LiveTrip._fields[LiveTrip._fields.index("arrived_at") :])
)
"""What row and trip call by one name, from ``arrived_at`` on; name by name takes thrice as long."""


def list_live_trips(conn: Connection, site: Site, now: datetime) -> tuple[LiveTrip, ...]:
    """Return the active export trips of a site, in order of registration."""
    with uncollected():
        rows = [row for row in list_active(conn, site.id) if row.direction == "export"]
        etas = list_yard_etas(conn, site, rows, now)
        classes = site.policy.priority.classes
        lost = count_places_lost(conn, site.id) if any(classes.values()) else {}
        return tuple(
            live_trip(
                row,
                etas.get(row.id),
                priority=classes.get(row.cargo, 0),
                places_lost=lost.get(row.id, 0),
            )
            for row in rows
        )


def live_trip(
    row: LiveRow, eta: Eta | None = None, *, priority: int = 0, places_lost: int = 0
) -> LiveTrip:
    """Return a row as the controller sees it; ``eta`` is its expected arrival at a yard."""
    told, extended = None, row.extended_until
    if row.told_gate is not None and row.told_starts_at is not None:
        told = Slot(row.told_gate, row.told_starts_at)
    return LiveTrip(
        row.id,
        tuple(row.gates),
        _CARGO[row.cargo],
        row.registered_at,
        row.ready_at if extended is None else max(row.ready_at, extended),
        None if eta is None else datetime.fromtimestamp(eta.p50, UTC),
        None if eta is None else datetime.fromtimestamp(eta.p90, UTC),
        told,
        priority,
        places_lost,
        row.fixed_at,
        tuple(row.locked),
        *_same(row),
    )


def gate_histories(conn: Connection, site: Site, now: datetime) -> tuple[GateHistory, ...]:
    """Return what was seen at each gate over the last 36 hours, in the site's order of gates.

    Exports come from the visits of their devices, imports and trucks without a device from what
    officers posted. A truck that both saw counts once.
    """
    tracked = _list_tracked(conn, site.id, since=now - HISTORY)
    seen = {(passage.gate, passage.truck) for passage in tracked}
    observed = list_passages(conn, site.id, since=now - HISTORY)
    lags = list_lags(conn, site, now)
    states = list_gate_states(conn, site.id, list(site.gate_by_id))
    aims = {state.gate: (state.n_target, state.at) for state in states}
    passages = [
        *tracked,
        *(p for p in observed if p.is_import or (p.gate, p.truck) not in seen),
    ]
    return tuple(
        GateHistory(
            gate.id,
            np.array([p.entered_at for p in passages if p.gate == gate.id], dtype=np.float64),
            np.array([p.cleared_at for p in passages if p.gate == gate.id], dtype=np.float64),
            np.array([p.is_import for p in passages if p.gate == gate.id], dtype=np.bool_),
            lags.get(gate.id, 0.0),
            *aims.get(gate.id, (None, None)),
        )
        for gate in site.gates
    )


def list_crossed(conn: Connection, site: str, now: datetime) -> tuple[Crossed, ...]:
    """Return the trucks that crossed, are to come back, and were not seen to.

    One is back once officers see it as an import, or its plate is registered anew.
    """
    with conn.cursor(row_factory=class_row(Crossed), binary=True) as cursor:
        return tuple(
            cursor.execute(
                "select r.gate, t.ended_at as crossed_at,"
                "  t.ended_at + make_interval(secs => t.returns_within_h * 3600) as back_by"
                " from trips t cross join lateral ("
                "  select gate from releases where trip_id = t.id order by id desc limit 1) r"
                " where t.site = %(site)s and t.state = 'cleared' and t.ended_at <= %(now)s"
                "  and t.returns_within_h is not null"
                "  and t.ended_at + make_interval(secs => t.returns_within_h * 3600) > %(now)s"
                "  and not exists (select from trips later"
                "   where later.plate = t.plate and later.registered_at > t.ended_at)"
                "  and not exists (select from gate_events e where e.site = t.site"
                "   and e.truck = t.plate and e.direction = 'import' and e.at > t.ended_at)"
                " order by t.id",
                {"site": site, "now": now},
            ).fetchall()
        )


class Passage(NamedTuple):
    """One truck at one gate; moments in epoch seconds, NaN where not seen."""

    gate: str
    truck: str
    is_import: bool
    entered_at: float
    cleared_at: float


class Observation(NamedTuple):
    """One event as an officer posted it; ``at`` in epoch seconds."""

    gate: str
    truck: str
    is_import: bool
    kind: str
    at: float


def list_passages(
    conn: Connection, site: str, *, since: datetime, until: datetime | None = None
) -> list[Passage]:
    """Return what officers saw pass at the gates, of what they posted from ``since`` on."""
    return pair_events(_list_observed(conn, site, since=since, until=until))


def pair_events(observations: Iterable[Observation]) -> list[Passage]:
    """Return the passages that officers' events, given in order of time, amount to.

    An entry pairs with the mark's next clearance. One that is followed by another entry was never
    cleared by anybody's word and no longer counts as inside; two clearances in short order are
    two officers' word for one.
    """
    newest: dict[tuple[str, str, bool], Passage] = {}
    passages = []
    for seen in observations:
        key = (seen.gate, seen.truck, seen.is_import)
        last = newest.get(key)
        if seen.kind == "entered":
            newest[key] = Passage(*key, seen.at, nan)
        elif last is None or seen.at - last.cleared_at > _SAME_CLEARANCE_S:
            newest[key] = Passage(*key, nan, seen.at)
        elif isnan(last.cleared_at):
            newest[key] = last._replace(cleared_at=seen.at)
        if last is not None and not isnan(last.cleared_at) and newest[key] is not last:
            passages.append(last)
    return [*passages, *newest.values()]


def _list_tracked(conn: Connection, site: str, *, since: datetime) -> list[Passage]:
    """Return the passages of export trips that their devices show."""
    with conn.cursor(row_factory=args_row(Passage), binary=True) as cursor:
        return cursor.execute(
            """
            with passage as (
                select t.id as trip, t.plate, v.gate, v.role, v.entered_at, v.left_at,
                       coalesce(max(v.entered_at) filter (where v.role = 'queue')
                           over (partition by t.id, v.gate), '-infinity') as requeued_at
                from sound_arrivals v
                join trips t on t.device_id = v.device_id and t.site = %(site)s
                    and t.direction = 'export'
                    and coalesce(v.left_at, 'infinity') >= greatest(t.registered_at, t.device_since)
                    and v.entered_at <= coalesce(t.ended_at, 'infinity')
                where v.role in ('queue', 'lane', 'beyond') and v.entered_at >= %(since)s
                  and not exists (  -- sent back: what was seen before no longer counts
                    select from visits y where y.device_id = v.device_id and y.role = 'yard'
                    and y.entered_at > v.entered_at
                    and y.entered_at <= coalesce(t.ended_at, 'infinity'))
            )
            select gate, plate, false,
                   coalesce(extract(epoch from
                       min(entered_at) filter (where role in ('queue', 'lane'))
                   )::float8, 'NaN'),
                   coalesce(extract(epoch from least(
                       min(entered_at) filter (where role = 'beyond' and entered_at >= requeued_at),
                       case when bool_or(left_at is null)
                                filter (where role = 'lane' and entered_at >= requeued_at)
                            then null
                            else max(left_at)
                                filter (where role = 'lane' and entered_at >= requeued_at)
                       end
                   ))::float8, 'NaN')
            from passage group by trip, plate, gate
            """,
            {"site": site, "since": since},
        ).fetchall()


def _list_observed(
    conn: Connection, site: str, *, since: datetime, until: datetime | None
) -> list[Observation]:
    """Return what officers posted, in order of time, an entry before a clearance."""
    with conn.cursor(row_factory=args_row(Observation), binary=True) as cursor:
        return cursor.execute(
            "select gate, truck, direction = 'import', kind, extract(epoch from at)::float8"
            " from gate_events where site = %(site)s and at >= %(since)s"
            " and (at < %(until)s) is not false order by at, kind = 'cleared'",
            {"site": site, "since": since, "until": until},
        ).fetchall()
