"""What officers saw at a gate, at rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class GateEvent:
    """A truck that entered a gate or was cleared there; ``truck`` pairs the two.

    ``weight_t`` is what it weighed, tonnes; None where nobody weighed it.
    """

    direction: str
    kind: str
    truck: str
    at: datetime
    weight_t: float | None = None


def insert_gate_events(
    conn: Connection,
    *,
    site: str,
    gate: str,
    events: Sequence[GateEvent],
    recorded_by: str,
    now: datetime,
) -> int:
    """Enter events once each; returns how many were new."""
    inserted = conn.execute(
        "insert into gate_events"
        " (site, gate, direction, kind, truck, at, recorded_by, recorded_at, weight_t)"
        " select %s, %s, direction, kind, truck, at, %s, %s, weight_t"
        " from unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::real[])"
        "   as event (direction, kind, truck, at, weight_t)"
        " on conflict (site, gate, truck, kind, at) do nothing",
        [
            site,
            gate,
            recorded_by,
            now,
            [event.direction for event in events],
            [event.kind for event in events],
            [event.truck for event in events],
            [event.at for event in events],
            [event.weight_t for event in events],
        ],
    )
    return inserted.rowcount
