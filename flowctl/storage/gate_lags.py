"""How late what happens at a gate becomes known."""

from datetime import datetime, timedelta
from typing import Any

import psycopg

from flowctl.site import Site

Connection = psycopg.Connection[Any]

WINDOW = timedelta(hours=3)
SEVERAL = 3
"""Fewer trackers may all be parked, and silent for a quarter of an hour."""


def list_lags(conn: Connection, site: Site, now: datetime) -> dict[str, float]:
    """Return by gate the seconds after which what happens there is known; unnamed ones have none.

    Nine of ten facts of the last three hours came sooner. Where several trackers at a gate have all
    fallen silent, nothing is known since.
    """
    rows = conn.execute(
        """
        with facts as (
            select gate, recorded_at - at as lag from gate_events
            where site = %(site)s and at >= %(since)s and at <= %(now)s
            union all
            select gate, received_at - confirmed_at from visits
            where role in ('lane', 'beyond') and gate = any(%(gates)s)
              and entered_at >= %(since)s and entered_at <= %(now)s
        ), silence as (
            select v.gate, %(now)s - max(k.fixed_at) as lag
            from visits v join tracks k on k.device_id = v.device_id
            where v.role in ('queue', 'lane') and v.gate = any(%(gates)s) and v.left_at is null
              and v.entered_at >= %(since)s
            group by v.gate having count(distinct v.device_id) >= %(several)s
        ), lags as (
            select gate, percentile_cont(0.9) within group (order by lag) as lag
            from facts group by gate
            union all select gate, lag from silence
        )
        select gate, greatest(extract(epoch from max(lag)), 0)::float8 from lags group by gate
        """,
        {
            "site": site.id,
            "gates": [gate.id for gate in site.gates],
            "since": now - WINDOW,
            "now": now,
            "several": SEVERAL,
        },
    ).fetchall()
    return {gate: float(lag_s) for gate, lag_s in rows}
