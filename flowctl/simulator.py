"""The simulate process: claims what planners asked for, runs it, and stores what came out.

Two lines run at once: a plan's run of minutes keeps no rule's run of seconds waiting.
"""

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.metadata import version
from threading import Event
from typing import Any

import psycopg
import structlog

from flowctl.data_files import data_dir
from flowctl.errors import FlowctlError
from flowctl.patience import Patience
from flowctl.scenarios.scenario import read_scenario
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.storage.jobs import (
    CHANNEL,
    Job,
    Outcome,
    claim_job,
    drop_unopened,
    fail_job,
    finish_job,
    release_job,
    report_progress,
)
from flowctl.storage.roles import describe_guard
from flowctl.storage.sites import get_site
from flowctl.worker import stopping
from simulations.engine import CancelledError, compare

Connection = psycopg.Connection[Any]

BEAT_LOST_AFTER = timedelta(seconds=60)
REPORT_EVERY_S = 0.3
"""How often a run says how far it is, and hears whether it is still wanted."""
_HEARS_FOR_S = 0.5

_log = structlog.get_logger()


@dataclass(slots=True)
class Standing:
    """How far a run is, as the thread that runs it says, and whether anybody still wants it."""

    share: float = 0.0
    done: int = 0
    unwanted: Event = field(default_factory=Event)


def run_simulator(settings: Settings) -> None:
    """Claim and run jobs until asked to stop."""
    with stopping() as stop, ThreadPoolExecutor(2) as lines:
        for one in [lines.submit(_work, settings, planned, stop) for planned in (False, True)]:
            one.result()


def _work(settings: Settings, planned: bool, stop: Event) -> None:
    """Work one line off."""
    patience = Patience()
    while not stop.is_set():
        try:
            with psycopg.connect(settings.database_url, autocommit=True) as conn:
                conn.execute(f"listen {CHANNEL}")
                _log.info("simulator ready", planned=planned, ledger=describe_guard(conn))
                while not stop.is_set():
                    work_once(conn, settings.site, planned=planned, stop=stop)
        except psycopg.OperationalError as error:
            patience.wait(error, stop)


def work_once(conn: Connection, site_id: str, *, planned: bool, stop: Event) -> bool:
    """Run the next job of a line, or hear for a while whether one comes; tells whether one ran."""
    now = datetime.now(UTC)
    job = claim_job(conn, planned=planned, wall_now=now, beat_lost_after=BEAT_LOST_AFTER)
    if job is None:
        for _ in conn.notifies(timeout=_HEARS_FOR_S, stop_after=1):
            pass
        return False
    run_job(conn, get_site(conn, site_id, now), job, stop)
    gone = drop_unopened(conn, site=site_id, wall_now=now)
    if gone:
        _log.info("runs nobody opened dropped", runs=gone)
    return True


def run_job(conn: Connection, site: Site, job: Job, stop: Event) -> None:
    """Run one claimed job to its end; what is wrong with its request becomes its error."""
    standing = Standing()
    with ThreadPoolExecutor(1) as thread:
        run = thread.submit(simulate, site, job, standing)
        try:
            while not wait([run], REPORT_EVERY_S).done:
                wanted = report_progress(
                    conn,
                    job.id,
                    progress=standing.share,
                    done=standing.done,
                    wall_now=datetime.now(UTC),
                )
                if stop.is_set() or not wanted:
                    standing.unwanted.set()
        finally:
            standing.unwanted.set()
    _settle(conn, job, standing, run, stop)


def simulate(site: Site, job: Job, standing: Standing) -> Outcome:
    """Run what a job asks for."""
    since = time.monotonic()

    def report(share: float) -> None:
        if standing.unwanted.is_set():
            raise CancelledError
        standing.share = share

    scenario = read_scenario(job.request["text"], data_dir() / "scenarios", where="The scenario")
    result = compare(scenario, site, seed=job.request["seed"], progress=report)
    return Outcome(
        result=result,
        summary={},
        trucks=None,
        version=version("flowctl"),
        site_version=None,
        policy=site.policy.version,
        digest=sha256(json.dumps(result).encode()).hexdigest(),
        seconds=time.monotonic() - since,
    )


def _settle(
    conn: Connection, job: Job, standing: Standing, run: "Future[Outcome]", stop: Event
) -> None:
    """Store what came of a run."""
    try:
        outcome = run.result()
    except CancelledError:
        if stop.is_set():
            release_job(conn, job.id)
        _log.info("run ended early", run=job.id)
    except FlowctlError as error:
        said = error.refusal
        fail_job(conn, job.id, said.sentence, kind=said.kind, wall_now=datetime.now(UTC))
    else:
        finish_job(conn, job.id, outcome, done=standing.done, wall_now=datetime.now(UTC))
