"""What the controller decides from: the active trips and what was seen at the gates."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from psycopg.rows import tuple_row

from flowctl.site import Corridor, Site
from flowctl.state import Cargo, GateHistory, LiveTrip, Slot
from flowctl.storage.live import LiveRow, list_active
from geo.lines import Path

Connection = psycopg.Connection[Any]

HISTORY = timedelta(hours=36)
"""How far back the gates' past reaches: over a closed night into the open day before."""

_SAME_CLEARANCE = timedelta(minutes=30)

_ON_CORRIDOR_M = 500.0
"""A truck this near to the road's line is on it; the lines are hand-drawn (± 100–700 m)."""
_FRESH = timedelta(minutes=20)
"""A parked tracker may be silent for 15 minutes (Circular 09/2015/TT-BGTVT)."""


def list_live_trips(conn: Connection, site: Site, now: datetime) -> tuple[LiveTrip, ...]:
    """Return the active export trips of a site, in order of registration."""
    rows = [row for row in list_active(conn, site.id) if row.direction == "export"]
    etas = yard_etas(site, rows, now)
    return tuple(live_trip(row, etas.get(row.id)) for row in rows)


def live_trip(row: LiveRow, eta_yard_at: datetime | None = None) -> LiveTrip:
    """Return a row as the controller sees it."""
    told = None
    if row.told_gate is not None and row.told_starts_at is not None:
        told = Slot(row.told_gate, row.told_starts_at)
    return LiveTrip(
        id=row.id,
        gates=tuple(row.gates),
        cargo=Cargo(row.cargo),
        registered_at=row.registered_at,
        ready_at=row.ready_at,
        arrived_at=row.arrived_at,
        yard=row.yard,
        eta_yard_at=eta_yard_at,
        told=told,
        told_at=row.told_at,
        released_at=row.released_at,
        released_gate=row.released_gate,
        release_expires_at=row.release_expires_at,
        queued_at=row.queued_at,
        lane_at=row.lane_at,
        cleared_at=row.cleared_at,
    )


def yard_etas(site: Site, rows: Sequence[LiveRow], now: datetime) -> dict[int, datetime]:
    """Return when trucks on a corridor will be at its yard, by trip.

    Free-flow: what is left of the road over its nominal speed, from the newest fix on, and never
    before ``now``. Trucks off every corridor, or silent for longer than a parked tracker may be,
    have no expectation. Of two corridors the nearer line counts, then the longer way.
    """
    on_road = [row for row in rows if _is_on_road(row, now)]
    if not on_road:
        return {}
    lon = np.array([row.lon for row in on_road], dtype=np.float64)
    lat = np.array([row.lat for row in on_road], dtype=np.float64)
    best_m = np.full(len(on_road), _ON_CORRIDOR_M)
    left_s = np.full(len(on_road), np.nan)
    for corridor in site.corridors:
        wanted = np.array([_may_use(site, corridor, row.gates) for row in on_road])
        path = _path(corridor.line, site.epsg)
        along_m, offset_m = path.locate(lon, lat)
        nearer = wanted & (offset_m < best_m)
        best_m[nearer] = offset_m[nearer]
        # The drawn line may be shorter than the road: its published length is what is driven.
        share_left = 1.0 - along_m[nearer] / path.length_m
        left_s[nearer] = share_left * corridor.length_m / corridor.speed_mps
    return {
        row.id: max(now, row.fixed_at + timedelta(seconds=float(seconds)))
        for row, seconds in zip(on_road, left_s, strict=True)
        if row.fixed_at is not None and np.isfinite(seconds)
    }


def _is_on_road(row: LiveRow, now: datetime) -> bool:
    return row.arrived_at is None and row.fixed_at is not None and now - row.fixed_at <= _FRESH


def _may_use(site: Site, corridor: Corridor, gates: Sequence[str]) -> bool:
    yard = site.yard_by_id[corridor.yard]
    return any(yard.access_to(gate) is not None for gate in gates)


@lru_cache(maxsize=64)
def _path(line: shapely.LineString, epsg: int) -> Path:
    return Path(line, epsg)


def gate_histories(conn: Connection, site: Site, now: datetime) -> tuple[GateHistory, ...]:
    """Return what was seen at each gate over the last 36 hours, in the site's order of gates.

    Exports come from the visits of their devices, imports and trucks without a device from what
    officers posted. A truck that both saw counts once.
    """
    rows = _list_crossings(conn, site.id, since=now - HISTORY)
    by_gate: dict[str, list[tuple[float, float, bool]]] = {gate.id: [] for gate in site.gates}
    for gate, entered, cleared, is_import in rows:
        if gate in by_gate:
            by_gate[gate].append((entered, cleared, is_import))
    return tuple(_history(gate, crossings) for gate, crossings in by_gate.items())


def _history(gate: str, crossings: Sequence[tuple[float, float, bool]]) -> GateHistory:
    entered: NDArray[np.float64] = np.array([row[0] for row in crossings], dtype=np.float64)
    cleared: NDArray[np.float64] = np.array([row[1] for row in crossings], dtype=np.float64)
    imports: NDArray[np.bool_] = np.array([row[2] for row in crossings], dtype=np.bool_)
    return GateHistory(gate, entered, cleared, imports)


def _list_crossings(
    conn: Connection, site: str, *, since: datetime
) -> list[tuple[str, float, float, bool]]:
    """Return (gate, entered, cleared, is import) in epoch seconds, NaN where not seen.

    Of an officer's mark, an entry pairs with the next clearance; an entry followed by another
    entry of the same mark was never cleared by anybody's word and no longer counts as inside.
    Two clearances of a mark in short order are two officers' word for one.
    """
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        return cursor.execute(
            """
            with passage as (
                select t.id as trip, t.plate, v.gate, v.role, v.entered_at, v.left_at,
                       coalesce(max(v.entered_at) filter (where v.role = 'queue')
                           over (partition by t.id, v.gate), '-infinity') as requeued_at
                from visits v
                join trips t on t.device_id = v.device_id and t.site = %(site)s
                    and t.direction = 'export'
                    and coalesce(v.left_at, 'infinity') >= t.registered_at
                    and v.entered_at <= coalesce(t.ended_at, 'infinity')
                where v.role in ('queue', 'lane', 'beyond') and v.entered_at >= %(since)s
                  and not exists (  -- sent back: what was seen before no longer counts
                    select from visits y where y.device_id = v.device_id and y.role = 'yard'
                    and y.entered_at > v.entered_at
                    and y.entered_at <= coalesce(t.ended_at, 'infinity'))
            ),
            tracked as (
                select trip, plate, gate,
                       min(entered_at) filter (where role in ('queue', 'lane')) as entered_at,
                       least(
                           min(entered_at)
                               filter (where role = 'beyond' and entered_at >= requeued_at),
                           case when bool_or(left_at is null)
                                    filter (where role = 'lane' and entered_at >= requeued_at)
                                then null
                                else max(left_at)
                                    filter (where role = 'lane' and entered_at >= requeued_at)
                           end
                       ) as cleared_at
                from passage group by trip, plate, gate
            ),
            observed as (
                select gate, truck, direction, kind, at,
                       lead(kind) over mark as next_kind, lead(at) over mark as next_at,
                       lag(kind) over mark as last_kind, lag(at) over mark as last_at
                from gate_events
                where site = %(site)s and at >= %(since)s
                window mark as (partition by gate, direction, truck order by at, kind desc)
            )
            select gate,
                   coalesce(extract(epoch from entered_at), 'NaN')::float8,
                   coalesce(extract(epoch from cleared_at), 'NaN')::float8,
                   false
            from tracked
            union all
            select gate,
                   case when kind = 'entered' then extract(epoch from at) else 'NaN' end::float8,
                   case when kind = 'cleared' then extract(epoch from at)
                        when next_kind = 'cleared' then extract(epoch from next_at)
                        else 'NaN' end::float8,
                   direction = 'import'
            from observed
            where case when kind = 'entered' then next_kind is distinct from 'entered'
                       when last_kind = 'cleared' then at - last_at > %(same)s
                       else last_kind is null end
              and not exists (select from tracked
                  where tracked.gate = observed.gate and tracked.plate = observed.truck
                  and observed.direction = 'export')
            """,
            {"site": site, "since": since, "same": _SAME_CLEARANCE},
        ).fetchall()
