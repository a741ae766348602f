"""How each gateway for messages does, as the sender last saw it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class GatewayState:
    """``state`` is open, busy or away; ``trouble`` what it said last where not all is well.

    ``rate_per_s`` is how many parts a second it is given at present.
    """

    gateway: str
    state: str
    rate_per_s: float
    trouble: str | None


@dataclass(frozen=True, slots=True)
class SeenGateway(GatewayState):
    """A gateway's state, since when it has been so and when the sender last looked, wall time."""

    changed_wall_at: datetime
    seen_wall_at: datetime


def save_states(conn: Connection, site: str, states: Sequence[GatewayState]) -> None:
    """Keep how a site's gateways do."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into gateway_states as g (site, gateway, state, rate_per_s, trouble,"
            "  changed_wall_at, seen_wall_at)"
            " values (%s, %s, %s, %s, %s, clock_timestamp(), clock_timestamp())"
            " on conflict (site, gateway) do update set state = excluded.state,"
            " rate_per_s = excluded.rate_per_s, trouble = excluded.trouble,"
            " seen_wall_at = excluded.seen_wall_at, changed_wall_at = case"
            "  when g.state = excluded.state then g.changed_wall_at"
            "  else excluded.changed_wall_at end",
            [(site, one.gateway, one.state, one.rate_per_s, one.trouble) for one in states],
        )


def list_states(conn: Connection, site: str) -> list[SeenGateway]:
    """Return how a site's gateways do, in the order of their names."""
    with conn.cursor(row_factory=class_row(SeenGateway)) as cursor:
        return cursor.execute(
            "select gateway, state, rate_per_s, trouble, changed_wall_at, seen_wall_at"
            " from gateway_states where site = %s order by gateway",
            [site],
        ).fetchall()
