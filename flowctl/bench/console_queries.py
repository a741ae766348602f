"""How long the database takes for each thing a console looks at."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from flowctl.site import Site
from flowctl.storage import acts, alerts, closures, messages, search, zone_drafts
from flowctl.storage.live import (
    count_inside,
    find_live,
    list_active,
    list_gate_states,
    list_positions,
)
from flowctl.storage.snapshot import gate_histories
from flowctl.storage.traffic import list_queues
from flowctl.storage.visits import count_flows

_RUNS = 7
_TRIP = 700


def time_queries(database_url: str, site: Site) -> dict[str, float]:
    """Return milliseconds of each query, the best of seven: others use the machine as well."""
    now = datetime.now(UTC)
    midnight = now - timedelta(days=1)
    yards = [yard.id for yard in site.yards]
    gates = [gate.id for gate in site.gates]
    with psycopg.connect(database_url, autocommit=True, options="-c timezone=UTC") as conn:
        asked: dict[str, Callable[[], Any]] = {
            "positions": lambda: list_positions(conn, site.id),
            "live": lambda: list_active(conn, site.id),
            "gate_histories": lambda: gate_histories(conn, site, now),
            "gate_states": lambda: list_gate_states(conn, site.id, gates),
            "queues": lambda: list_queues(conn, site.id, at=now),
            "yards": lambda: count_inside(conn, yards),
            "flows": lambda: count_flows(conn, yards, now=now),
            "held": lambda: acts.held_trips(conn, site.id, now),
            "held_by_closures": lambda: closures.list_held(conn, site.id),
            "alarmed": lambda: alerts.alarmed_trips(conn, site.id),
            "closures": lambda: closures.list_closures(conn, site.id, since=midnight),
            "messages": lambda: messages.count_states(conn, site.id, midnight),
            "dead_messages": lambda: messages.count_dead(conn, site.id),
            "drawer": lambda: find_live(conn, _TRIP, site=site.id),
            "search": lambda: search.search_trips(
                conn, site.id, search.Wanted(plate="00700"), limit=20
            ),
            "marks": lambda: (
                closures.mark(conn, site.id),
                acts.mark(conn, site.id),
                alerts.mark(conn, site.id),
                messages.mark(conn, site.id),
                zone_drafts.mark(conn, site.id, now),
            ),
        }
        return {name: round(_best_ms(ask), 1) for name, ask in asked.items()}


def _best_ms(ask: Callable[[], Any]) -> float:
    took = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return 1000.0 * min(took)
