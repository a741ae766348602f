"""What is counted in the ledger: overtakes by gate and reason, places lost to priority."""

from datetime import datetime
from typing import Any

import psycopg

from flowctl.ledger.entries import Kind

Connection = psycopg.Connection[Any]


def count_overtakes(
    conn: Connection, site: str, *, since: datetime, until: datetime
) -> dict[str, dict[str, int]]:
    """Return how many pairs of trucks passed each other at each gate, by reason.

    One truck that went before three counts three times. Gates and reasons without any are left out.
    """
    rows = conn.execute(
        "select coalesce(gate, ''), coalesce(reason, ''), sum(cardinality(others))::bigint"
        " from ledger where site = %s and kind = %s and at >= %s and at < %s"
        " group by 1, 2 order by 1, 2",
        [site, str(Kind.OVERTOOK), since, until],
    ).fetchall()
    counts: dict[str, dict[str, int]] = {}
    for gate, reason, n in rows:
        counts.setdefault(gate, {})[reason] = n
    return counts


def count_places_lost(conn: Connection, site: str) -> dict[int, int]:
    """Return how many places each active trip lost to trucks of higher priority so far.

    Those that lost none are left out.
    """
    # Kind and reason stand in the text, so that the index on just these serves it.
    return dict(
        conn.execute(
            "with lost as materialized ("
            "  select passed.subject, count(*) as places"
            "  from ledger l cross join lateral unnest(l.others) as passed(subject)"
            "  where l.site = %(site)s and l.kind = 'overtook' and l.reason = 'priority'"
            "  and l.at >= (select min(registered_at) from trips"
            "               where site = %(site)s and state = 'active')"
            "  group by 1)"
            " select t.id, lost.places from lost join trips t using (subject)"
            " where t.site = %(site)s and t.state = 'active'",
            {"site": site},
        ).fetchall()
    )
