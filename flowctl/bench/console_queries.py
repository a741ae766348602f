"""How long the database takes for each thing a console looks at."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import psycopg

from flowctl.bulletin.figures import last_day
from flowctl.site import Site
from flowctl.storage import (
    accounts,
    acts,
    alert_care,
    alerts,
    audit,
    bulletins,
    closures,
    desk_texts,
    hand_words,
    messages,
    past,
    search,
    sessions,
    sites,
    sources,
    waits,
    zone_drafts,
)
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

Asked = Mapping[str, Callable[[], Any]]

_RUNS = 11
_TRIP = 700
_PLATE = "12C00700"
_ENDED = 19_000
_ENDED_PLATE = "12C19000"
_COUNTED = 1000
"""So far the page of people's acts counts those of machines."""
_BULLETINS = 28


def time_queries(database_url: str, site: Site) -> dict[str, float]:
    """Return milliseconds of what each view asks, the median of eleven, once bulletins are made."""
    now = datetime.now(UTC)
    with psycopg.connect(database_url, autocommit=True, options="-c timezone=UTC") as conn:
        newest = last_day(now, site.timezone)
        with conn.transaction():
            for back in range(_BULLETINS - 1, -1, -1):
                bulletins.revise(conn, site, newest - timedelta(days=back), now)
        asked = {**_of_picture(conn, site, now), **_of_desks(conn, site, now)}
        return {name: round(_median_ms(ask), 1) for name, ask in asked.items()}


def _of_picture(conn: psycopg.Connection[Any], site: Site, now: datetime) -> Asked:
    """Return what the map, the wall and the drawer ask."""
    midnight = now - timedelta(days=1)
    yards = [yard.id for yard in site.yards]
    gates = [gate.id for gate in site.gates]
    return {
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


def _of_desks(conn: psycopg.Connection[Any], site: Site, now: datetime) -> Asked:
    """Return what lists, papers and the public board ask."""
    week = now - timedelta(days=7)
    newest = last_day(now, site.timezone)
    first = newest - timedelta(days=_BULLETINS - 1)
    machines = audit.Wanted(machines=True)
    of_one = audit.Wanted(account="bench-1", since=week, until=now)
    of_truck = audit.Wanted(subjects=[f"trip:{_ENDED}"])
    rare = audit.Wanted(act="zone")
    return {
        "past_visits": lambda: past.list_visits(conn, site.id, _ENDED_PLATE, week, now),
        "past_messages": lambda: past.list_messages(conn, _ENDED),
        "past_clearances": lambda: past.list_clearances(conn, _ENDED),
        "past_devices": lambda: past.list_devices(conn, _PLATE, week, now),
        "past_events": lambda: past.list_events(conn, _ENDED),
        "acts": lambda: acts.list_acts(conn, site.id, states=None, limit=100),
        "acts_open": lambda: acts.list_acts(
            conn, site.id, states=("waiting", "standing"), limit=100
        ),
        "words_by_hand": lambda: hand_words.list_words(conn, site.id, trip_id=None, limit=50),
        "texts": lambda: desk_texts.list_texts(conn, site.id, limit=50),
        "alerts": lambda: alerts.list_alerts(conn, site.id, limit=200),
        "alerts_open": lambda: alerts.list_alerts(
            conn, site.id, state=alerts.State.OPEN, limit=200
        ),
        "alerts_carers": lambda: alert_care.list_carers(conn),
        "messages_list": lambda: messages.list_messages(
            conn, site.id, state=None, before=None, limit=100
        ),
        "messages_dead": lambda: messages.list_messages(
            conn, site.id, state="dead", before=None, limit=100
        ),
        "audit": lambda: audit.list_records(conn, site.id, audit.Wanted(machines=False), limit=100),
        "audit_of_one": lambda: audit.list_records(conn, site.id, of_one, limit=100),
        "audit_of_truck": lambda: audit.list_records(conn, site.id, of_truck, limit=100),
        "audit_rare": lambda: audit.list_records(conn, site.id, rare, limit=100),
        "audit_left_out": lambda: audit.count_records(conn, site.id, machines, most=_COUNTED),
        "people": lambda: accounts.list_accounts(conn),
        "sessions": lambda: sessions.list_open_sessions(conn, "bench-one", wall_now=now),
        "keys": lambda: sources.list_tokens(conn, wall_now=now),
        "zones": lambda: sites.list_zone_versions(conn, site),
        "zone_drafts": lambda: zone_drafts.list_drafts(conn, site.id),
        "zone_trucks": lambda: zone_drafts.list_trucks(conn, site, now),
        "search_rare": lambda: search.search_trips(
            conn, site.id, search.Wanted(plate="19000"), limit=20
        ),
        "search_nothing": lambda: search.search_trips(
            conn, site.id, search.Wanted(plate="ZZZ99"), limit=20
        ),
        "board_levels": lambda: waits.list_levels(conn, site),
        "board_records": lambda: waits.list_records(conn, site.id, now),
        "bulletins": lambda: bulletins.list_newest(conn, site.id, 60),
        "bulletin_of_day": lambda: bulletins.get_range(conn, site, newest, newest, now),
        "bulletin_of_month": lambda: bulletins.get_range(conn, site, first, newest, now),
        "bulletin_running": lambda: bulletins.count_running(conn, site, now),
    }


def _median_ms(ask: Callable[[], Any]) -> float:
    took = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return 1000.0 * median(took)
