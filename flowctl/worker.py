"""The shell around the core: one loop per process, one transaction a step, stopped by signal."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event
from typing import Any
from zlib import crc32

import psycopg
import redis
import structlog

from flowctl.clock import Clock, clock
from flowctl.controller import tick
from flowctl.errors import FlowctlError
from flowctl.notify.gateways import FileGateway
from flowctl.notify.outbox import send_due
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.state import Snapshot, Stage
from flowctl.storage.heartbeats import Heart, beat
from flowctl.storage.plans import commit_decision, end_cleared_trips
from flowctl.storage.sites import get_site
from flowctl.storage.snapshot import gate_histories, list_live_trips
from flowctl.telemetry.ingest import Ingest

Connection = psycopg.Connection[Any]

_log = structlog.get_logger()

STATE_KEPT = timedelta(minutes=10)
"""How long a cleared trip stays active, so that its last fixes still belong to it."""


@contextmanager
def stopping() -> Iterator[Event]:
    """Yield an event that is set when the process is asked to stop."""
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    yield stop


def _pause_s(settings: Settings) -> float:
    """Return how long a loop with nothing to do sleeps: less where domain time runs faster."""
    return 0.2 if settings.clock_file is None else 0.005


def run_ingest(settings: Settings) -> None:
    """Take in what trucks send until asked to stop."""
    domain = clock(settings.clock_file)
    with stopping() as stop, psycopg.connect(settings.database_url, autocommit=True) as conn:
        store = redis.Redis.from_url(settings.valkey_url)
        ingest = Ingest.begin(conn, store, get_site(conn, settings.site))
        _log.info("ingest ready", site=settings.site)
        while not stop.is_set():
            ingest.step(domain.now, block_ms=100 if settings.clock_file is None else 5)


def run_controller(settings: Settings) -> None:
    """Decide, tick after tick, until asked to stop; one controller per site is active."""
    domain = clock(settings.clock_file)
    with stopping() as stop, psycopg.connect(settings.database_url, autocommit=True) as conn:
        site = get_site(conn, settings.site)
        lock = crc32(f"controller/{site.id}".encode())
        while not stop.is_set():
            row = conn.execute("select pg_try_advisory_lock(%s)", [lock]).fetchone()
            if row is not None and row[0]:
                break
            stop.wait(1.0)
        _log.info("controller active", site=site.id)
        _control(conn, site, domain, stop, _pause_s(settings))


def _control(conn: Connection, site: Site, domain: Clock, stop: Event, pause_s: float) -> None:
    rules = site.dispatch
    meter_at = plan_at = domain.now()
    while not stop.is_set():
        now = domain.now()
        if now < meter_at:
            time.sleep(pause_s)
            continue
        plan_due = now >= plan_at
        decide(conn, site, now, plan_due=plan_due)
        meter_at = now + timedelta(seconds=rules.meter_interval_s)
        if plan_due:
            plan_at = now + timedelta(seconds=rules.plan_interval_s)


def decide(conn: Connection, site: Site, now: datetime, *, plan_due: bool) -> None:
    """Run one tick of the controller: read, decide, write, in one transaction."""
    with conn.transaction():
        trips = list_live_trips(conn, site, now)
        snapshot = Snapshot(site, now, trips, gate_histories(conn, site, now))
        started = time.perf_counter()
        decision = tick(snapshot, plan_due=plan_due)
        solve_s = time.perf_counter() - started
        commit_decision(conn, site, decision, now=now, solve_s=solve_s)
        passed = {
            trip.id: trip.released_gate or trip.gates[0]
            for trip in trips
            if trip.stage is Stage.CLEARED
            and trip.cleared_at is not None
            and trip.cleared_at < now - STATE_KEPT
        }
        end_cleared_trips(conn, site.id, passed, now)
        beat(conn, "controller", now)


def run_notify(settings: Settings) -> None:
    """Hand waiting messages to the gateway until asked to stop."""
    if settings.sms_file is None:
        raise FlowctlError(
            "No SMS gateway is set: name a file for messages with FLOWCTL_SMS_FILE=/path/sms.jsonl."
        )
    domain = clock(settings.clock_file)
    gateway = FileGateway(settings.sms_file)
    with stopping() as stop, psycopg.connect(settings.database_url, autocommit=True) as conn:
        site = get_site(conn, settings.site)
        _log.info("notify ready", site=site.id)
        heart = Heart("notify")
        while not stop.is_set():
            with conn.transaction():
                now = domain.now()
                sent = send_due(conn, gateway, settings=settings, site=site, now=now)
                heart.beat(conn, now)
            if sent == 0:
                stop.wait(_pause_s(settings))
