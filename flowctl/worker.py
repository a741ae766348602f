"""The shell around the core: one loop per process, one transaction a step, stopped by signal."""

import os
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from threading import Event
from typing import Any

import psycopg
import structlog

from flowctl import traces
from flowctl.clock import Clock, clock, is_due
from flowctl.collector import uncollected
from flowctl.controller import Disruption, list_passed, step
from flowctl.ledger_key import Signing, read_key
from flowctl.patience import Patience
from flowctl.printing import Press, Printing
from flowctl.registry.crossings import note_passed, note_seen_back
from flowctl.registry.seen_stages import SeenStages
from flowctl.registry.stages import renew_due
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.storage import traffic as traffic_store
from flowctl.storage.acts_over import settle_acts
from flowctl.storage.alarm_facts import find_alarms
from flowctl.storage.alert_facts import find_alerts
from flowctl.storage.alerts import end_alerts, save_alerts
from flowctl.storage.bulletins import make_due
from flowctl.storage.closures import open_site
from flowctl.storage.connections import Within, connect
from flowctl.storage.eta_scores import FORECAST_EVERY, keep_forecasts
from flowctl.storage.hand_watch import judge_words
from flowctl.storage.heartbeats import beat
from flowctl.storage.leases import APPLICATION
from flowctl.storage.ledger_arrivals import log_arrivals
from flowctl.storage.partitions import describe_level
from flowctl.storage.plans import commit_decision, end_cleared_trips
from flowctl.storage.reading import read_snapshot
from flowctl.storage.retention import retain
from flowctl.storage.roles import describe_guard
from flowctl.storage.sites import find_loaded_at, get_loaded_site, get_site
from flowctl.storage.statistics import settle_day
from flowctl.storage.waits import keep_waits
from flowctl.telemetry.fixes import microseconds
from flowctl.telemetry.ingest import Ingest
from flowctl.telemetry.store import AWAY, WorkerStore, connect_worker
from flowctl.tenure import LOOK_S, Tenure
from flowctl.traffic.lanes import LaneTimes, lane_times
from flowctl.traffic.watch import Watch

Connection = psycopg.Connection[Any]

_log = structlog.get_logger()

GATHER_S = 0.1
"""What an ingest worker may wait for more: little of the second a fix may take to a visit."""

TRAFFIC_EVERY = timedelta(seconds=60)
"""How often roads and queues are looked at."""
LANES_EVERY = timedelta(minutes=5)
"""How often the times of lanes are summed up."""


@contextmanager
def stopping() -> Iterator[Event]:
    """Yield an event that is set when the process is asked to stop."""
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    yield stop


def pause_s(settings: Settings) -> float:
    """Return how long a loop with nothing to do sleeps: less where domain time runs faster."""
    return 0.2 if settings.clock_file is None else 0.005


def run_ingest(settings: Settings) -> None:
    """Take in what trucks send until asked to stop."""
    domain = clock(settings.clock_file)
    name = f"{socket.gethostname()[:24]}-{os.getpid()}-{secrets.token_hex(3)}"
    patience = Patience()
    with stopping() as stop:
        while not stop.is_set():
            try:
                with connect_worker(settings.valkey_url) as store:
                    _ingest(settings, store, name, domain, stop, patience)
            except _STORES_AWAY as error:
                patience.wait(error, stop)


_STORES_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, *AWAY)


def _ingest(
    settings: Settings,
    store: WorkerStore,
    name: str,
    domain: Clock,
    stop: Event,
    patience: Patience,
) -> None:
    """Work with one connection for as long as it and the store last."""
    with connect(settings.database_url, autocommit=True, name=f"{APPLICATION}{name}") as conn:
        ingest = Ingest.begin(conn, store, get_site(conn, settings.site), name=name)
        # A played day is in a hurry: what it posts must be judged before its next minute.
        ingest.gather_s = GATHER_S if settings.clock_file is None else 0.0
        _log.info(
            "ingest ready",
            site=settings.site,
            worker=name,
            storage=describe_level(conn),
            ledger=describe_guard(conn),
        )
        day: date | None = None
        with ingest.own.prolonged(settings.database_url):
            while not stop.is_set():
                now = domain.now()
                if now.date() != day:
                    retain(conn, ingest.site, now, wall_clock=settings.clock_file is None)
                    day = now.date()
                # What comes in wakes it; this is how often it tells a played day's time.
                ingest.step(domain.now, block_ms=100 if settings.clock_file is None else 20)
                patience.reset()
        ingest.own.leave()


def run_controller(settings: Settings) -> None:
    """Decide, tick after tick, until asked to stop; one controller per site is active."""
    domain = clock(settings.clock_file)
    file = settings.ledger_key_file
    key = None if file is None else read_key(file)
    to = settings.paper_dir
    press = None if to is None else Press(settings.database_url, settings.site, to, file)
    signing, printing = Signing(key), Printing(press)
    tenure = Tenure(settings.database_url, settings.site)
    with stopping() as stop:
        while not stop.is_set():
            try:
                with tenure.connect() as conn:
                    _hold(conn, tenure, domain, stop, pause_s(settings), signing, printing)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                tenure.patience.wait(error, stop)


def _hold(
    conn: Connection,
    tenure: Tenure,
    domain: Clock,
    stop: Event,
    pause_s: float,
    signing: Signing,
    printing: Printing,
) -> None:
    """Wait for the site, and control it for as long as the connection lasts."""
    site = get_site(conn, tenure.site)
    if not tenure.take(conn):
        _rehearse(conn, site, domain.now())
        while not tenure.take(conn):
            if stop.wait(LOOK_S):
                return
    _log.info(
        "controller active",
        site=site.id,
        epoch=tenure.epoch,
        holder=tenure.name,
        ledger=describe_guard(conn),
    )
    with tenure.prolonged():
        while not stop.is_set():
            loaded_at, site = get_loaded_site(conn, site.id, domain.now())
            _control(conn, site, loaded_at, domain, stop, pause_s, signing, printing, tenure)
    tenure.leave(conn)


def _rehearse(conn: Connection, site: Site, now: datetime) -> None:
    """Decide without writing, so that the first decision of its own finds everything loaded."""
    with uncollected(), conn.transaction(force_rollback=True):
        step(read_snapshot(conn, site, now), plan_due=True, before=None)


def _control(
    conn: Connection,
    site: Site,
    loaded_at: datetime | None,
    domain: Clock,
    stop: Event,
    pause_s: float,
    signing: Signing,
    printing: Printing,
    tenure: Tenure,
) -> None:
    """Decide by a site until asked to stop, or until the site is loaded anew."""
    meter_every = timedelta(seconds=site.dispatch.meter_interval_s)
    plan_every = timedelta(seconds=site.dispatch.plan_interval_s)
    watch, stages = Watch(site), SeenStages()
    before: Disruption | None = None
    meter_at = plan_at = traffic_at = lanes_at = forecast_at = domain.now()
    while not stop.is_set():
        tenure.go_on(conn)
        now = domain.now()
        if not is_due(meter_at, now, meter_every):
            time.sleep(pause_s)
            continue
        if find_loaded_at(conn, site.id, now) != loaded_at:
            _log.info("site loaded anew", site=site.id)
            return
        plan_due = is_due(plan_at, now, plan_every)
        with tenure.deciding(conn):
            before = decide(conn, site, now, plan_due=plan_due, before=before, stages=stages)
        meter_at = now + meter_every
        if plan_due:
            plan_at = now + plan_every
        # Right after a decision there is time until the next one.
        if is_due(traffic_at, now, TRAFFIC_EVERY):
            lanes_due = is_due(lanes_at, now, LANES_EVERY)
            observe(conn, watch, now, lanes_due=lanes_due, within=tenure.deciding)
            stages.confirm(conn, site, now=now, within=tenure.deciding)
            with tenure.deciding(conn):
                renew_due(conn, site, now=now)
            traffic_at = now + TRAFFIC_EVERY
            if lanes_due:
                lanes_at = now + LANES_EVERY
        if is_due(forecast_at, now, FORECAST_EVERY):
            with tenure.deciding(conn):
                left = open_site(conn, site, now)
                keep_forecasts(conn, left, now)
                keep_waits(conn, left, now)
                for made in make_due(conn, left, now):
                    _log.info("bulletin made", day=made.day.isoformat(), version=made.version)
            with tenure.deciding(conn):
                day = settle_day(conn, left, now)
            if day is not None:
                _log.info("statistics of a day kept", day=day.isoformat())
            forecast_at = now + FORECAST_EVERY
        with tenure.deciding(conn):
            signing.step(conn, site.id, now)
        printing.step(now)


def decide(
    conn: Connection,
    site: Site,
    now: datetime,
    *,
    plan_due: bool,
    before: Disruption | None = None,
    stages: SeenStages | None = None,
) -> Disruption:
    """Run one tick of the controller: read, decide, write, in one transaction.

    Parameters
    ----------
    conn
        In autocommit mode.
    site
        As loaded; its closures are read here.
    now
        The domain moment.
    plan_due
        Make a plan whatever happened.
    before
        What the tick before returned: where something else holds now, a plan is made at once.
    stages
        Takes in what the tick saw.
    """
    began = time.perf_counter()
    with traces.span("tick", site=site.id), uncollected(), conn.transaction():
        with traces.span("read"):
            snapshot = read_snapshot(conn, site, now)
        left = snapshot.site
        log_arrivals(conn, site, snapshot.trips, now)
        started = time.perf_counter()
        with traces.span("plan", trips=len(snapshot.trips)):
            decision, found = step(snapshot, plan_due=plan_due, before=before)
        solve_s = time.perf_counter() - started
        with traces.span("commit"):
            decision = commit_decision(conn, left, decision, now=now, solve_s=solve_s)
        settle_acts(conn, left, snapshot, decision)
        for fault in (*decision.faults, *map(str, decision.unexplained)):
            _log.warning("a decision has a fault", site=site.id, fault=fault)
        passed = list_passed(snapshot)
        ended = end_cleared_trips(conn, site, passed, now)
        moments = {trip.id: trip.cleared_at for trip in snapshot.trips}
        crossed = {trip: (passed[trip], moments[trip] or now) for trip in ended}
        note_passed(conn, site, crossed, now=now)
        beat(conn, "controller", now, took_s=time.perf_counter() - began)
    if stages is not None:
        stages.take(snapshot.trips)
    return found


def observe(
    conn: Connection,
    watch: Watch,
    now: datetime,
    *,
    lanes_due: bool,
    within: Within = psycopg.Connection.transaction,
) -> None:
    """Look at the traffic once, and at what its trucks are up to: read, find out, write."""
    site, now_us = watch.site, microseconds(now)
    since = now - timedelta(seconds=site.traffic.settled_s)
    with traces.span("observe", site=site.id), within(conn):
        sent = traffic_store.list_trucks(conn, site.id, watch.roads.bounds, since=since)
        wanted = watch.wanted(list(sent), now_us)
        seen = traffic_store.list_seen(conn, list(sent), *wanted, now=now)
        sums = watch.take(seen, now_us)
        if sums is not None:
            traffic_store.save_speeds(conn, site.id, watch.roads, sums)
        traffic_store.save_queues(conn, site.id, watch.queues(sent, now_us), now)
        if lanes_due:
            traffic_store.save_lanes(conn, site.id, _lanes(conn, site, now), now)
    with within(conn):
        judge_words(conn, site, now)
    with within(conn):
        note_seen_back(conn, site, now=now)
    with within(conn):
        found = [*find_alerts(conn, site, now), *find_alarms(conn, site, now)]
        save_alerts(conn, site, found, now)
        end_alerts(conn, site.id, now)


def _lanes(conn: Connection, site: Site, now: datetime) -> list[LaneTimes]:
    since = now - timedelta(seconds=site.traffic.lanes_window_s)
    passages = traffic_store.list_passages(conn, site, since=since, now=now)
    return [
        lane_times(
            gate,
            direction,
            of_group,
            since=since.timestamp(),
            until=now.timestamp(),
            opening=[
                (opens.timestamp(), closes.timestamp())
                for opens, closes in site.gate_by_id[gate].opening.between(
                    since - timedelta(days=1), now
                )
            ],
        )
        for (gate, direction), of_group in passages.items()
        if gate in site.gate_by_id
    ]
