"""What the public may count in the ledger: overtakes, by gate and reason."""

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
