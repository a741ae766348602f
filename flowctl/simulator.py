"""The simulate process: claims what planners asked for, runs it, and stores what came out.

Two lines run at once: a plan's run of minutes keeps no rule's run of seconds waiting.
"""

import gzip
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import psycopg
import structlog

from flowctl.clock import Clock, clock
from flowctl.data_files import data_dir
from flowctl.errors import FlowctlError
from flowctl.patience import Patience
from flowctl.scenarios.scenario import Scenario, check_names, load_scenario, read_scenario
from flowctl.scenarios.steering import Rule, Steering, parse_steering
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.storage.connections import connect
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
from flowctl.storage.site_versions import list_versions
from flowctl.storage.sites import find_newer_site, get_site
from flowctl.worker import stopping
from simulations.engine import CancelledError
from simulations.studies.executors import Pool, processes, threads
from simulations.studies.run import Width, run
from simulations.studies.workers import Stopped, Tell

Connection = psycopg.Connection[Any]

BEAT_LOST_AFTER = timedelta(seconds=60)
REPORT_EVERY_S = 0.3
"""How often a run says how far it is, and hears whether it is still wanted."""
_HEARS_FOR_S = 0.5
_ENDS_WITHIN_S = 8.0

_log = structlog.get_logger()


SUMMARY = ("total_wait_mean_s", "gate_wait_p95_s", "cleared_export")
"""The measures that lists of runs show."""


@dataclass(slots=True)
class Standing:
    """How far a run is, as the thread that runs it says, and whether anybody still wants it."""

    share: float = 0.0
    done: int = 0
    unwanted: Event = field(default_factory=Event)

    def hear(self, share: float, done: int) -> None:
        """Take in how far the run is."""
        self.share, self.done = share, done


@dataclass(slots=True)
class Line:
    """One of the two lines of jobs: those of a rule, or those that the planner is in.

    ``pool`` is whose workers play them; they stay until a run had to be broken off.
    """

    planned: bool
    open_pool: Callable[[], Pool]
    site_id: str
    domain: Clock
    pool: Pool | None = None
    _site: Site | None = None
    _loaded_at: datetime | None = None

    def site(self, conn: Connection) -> Site:
        """Return the site as it is loaded now, with the rules in force."""
        newer = find_newer_site(conn, self.site_id, self._loaded_at, self.domain.now())
        if newer is not None:
            self._loaded_at, self._site = newer
        assert self._site is not None, "no site is newer than none"  # noqa: S101 - as above
        return self._site

    def workers(self) -> Pool:
        """Return who plays, opened where nobody is."""
        if self.pool is None:
            self.pool = self.open_pool()
        return self.pool

    def close(self) -> None:
        """Let the workers go, whatever they are at."""
        pool, self.pool = self.pool, None
        if pool is not None:
            pool.__exit__(None, None, None)


def run_simulator(settings: Settings) -> None:
    """Claim and run jobs until asked to stop."""
    count, domain = settings.simulator_workers, clock(settings.clock_file)
    with connect(settings.database_url) as conn:  # who starts it shall know what is missing
        get_site(conn, settings.site, domain.now())
    lines = (
        Line(False, lambda: threads(count), settings.site, domain),
        Line(True, lambda: processes(count), settings.site, domain),
    )
    failures: list[BaseException] = []
    with stopping() as stop:

        def work(line: Line) -> None:
            try:
                _work(settings, line, stop)
            except BaseException as error:  # noqa: BLE001 - raised below, where it ends the process
                failures.append(error)
            finally:
                stop.set()  # neither line goes on without the other

        working = [Thread(target=work, args=(line,), daemon=True) for line in lines]
        for thread in working:
            thread.start()
        stop.wait()
        until = time.monotonic() + _ENDS_WITHIN_S
        for thread in working:
            thread.join(max(until - time.monotonic(), 0.0))
    if failures:
        raise failures[0]
    if any(thread.is_alive() for thread in working):
        os._exit(0)  # a thread that compiles rules hears nobody


def _work(settings: Settings, line: Line, stop: Event) -> None:
    """Work one line off."""
    patience, warm = Patience(), False
    try:
        while not stop.is_set():
            try:
                with connect(settings.database_url, autocommit=True) as conn:
                    conn.execute(f"listen {CHANNEL}")
                    if not warm:
                        warm_up(line.site(conn), line)
                        warm = True
                        said = describe_guard(conn)
                        _log.info("simulator ready", planned=line.planned, ledger=said)
                    patience.reset()
                    while not stop.is_set():
                        work_once(conn, line, stop)
            except psycopg.OperationalError as error:
                patience.wait(error, stop)
    finally:
        line.close()


def warm_up(site: Site, line: Line) -> None:
    """Have a line's workers ready: rules compiled or read from disk, or the planner imported."""
    if line.planned:
        pool = line.workers()
        for _ in pool.results(import_planner, range(pool.count)):
            pass
        return
    for path in sorted((data_dir() / "scenarios").glob("*.toml")):
        day = load_scenario(path)
        if day.site == site.id:
            for rule in (Rule.NONE, Rule.QUOTA, Rule.N_CONTROL):
                play(day, site, Steering(rule), 1, 1, None, Standing(), line)
            return


def import_planner(_number: int, _tell: Tell, _stopped: Stopped) -> None:
    """Import in a worker what plans, which takes longer than the first steps of a plan's day."""
    import simulations.twin  # noqa: F401, PLC0415 - where it is wanted


def work_once(conn: Connection, line: Line, stop: Event) -> bool:
    """Run the next job of a line, or hear for a while whether one comes; tells whether one ran."""
    now = datetime.now(UTC)
    job = claim_job(conn, planned=line.planned, wall_now=now, beat_lost_after=BEAT_LOST_AFTER)
    if job is None:
        for _ in conn.notifies(timeout=_HEARS_FOR_S, stop_after=1):
            pass
        return False
    run_job(conn, line, job, stop)
    if line.pool is None and not stop.is_set():
        warm_up(line.site(conn), line)
    gone = drop_unopened(conn, site=line.site_id, wall_now=now)
    if gone:
        _log.info("runs nobody opened dropped", runs=gone)
    return True


def run_job(conn: Connection, line: Line, job: Job, stop: Event) -> None:
    """Run one claimed job to its end; what is wrong with its request becomes its error."""
    standing = Standing()
    site = line.site(conn)
    versions = list_versions(conn, site.id, most=2)
    version = next((one.id for one in versions if not one.is_ahead(line.domain.now())), None)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(simulate, site, version, job, standing, line)
        try:
            while not wait([running], REPORT_EVERY_S).done:
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
    _settle(conn, job, standing, running, stop)


def simulate(site: Site, version: int | None, job: Job, standing: Standing, line: Line) -> Outcome:
    """Run what a job asks for, at a version of the site.

    Raises
    ------
    CancelledError
        Nobody wants it any more, and nothing was finished.
    FlowctlError
        It cannot be played; the sentence says why.
    """
    asked = job.request
    day = read_scenario(asked["text"], data_dir() / "scenarios", where="The scenario")
    check_names(day, site)
    until = asked.get("until_width")
    result = play(
        day,
        site,
        parse_steering(asked["steering"]),
        asked["seed"],
        asked["replications"],
        None if until is None else Width(**until),
        standing,
        line,
    )
    trucks = result.pop("trucks")
    return Outcome(
        result=result,
        summary={key: result["measures"][key] for key in SUMMARY},
        trucks=None if trucks is None else gzip.compress(json.dumps(trucks).encode(), 6),
        version=result["version"],
        site_version=version,
        policy=result["policy"],
        digest=result["digest"],
        seconds=result["seconds"],
    )


def play(
    day: Scenario,
    site: Site,
    steering: Steering,
    seed: int,
    replications: int,
    until: Width | None,
    standing: Standing,
    line: Line,
) -> dict[str, Any]:
    """Return a run as JSON has it, played by a line's workers."""
    try:
        found = run(
            day,
            site,
            steering=steering,
            seed=seed,
            replications=replications,
            until_width=until,
            executor=line.workers(),
            progress=standing.hear,
            stopped=standing.unwanted.is_set,
        )
    except BaseException:
        line.close()
        raise
    if found.stopped_early:
        line.close()
    standing.done = len(found.numbers)
    return found.as_json()


def _settle(
    conn: Connection, job: Job, standing: Standing, running: "Future[Outcome]", stop: Event
) -> None:
    """Store what came of a run."""
    now = datetime.now(UTC)
    try:
        outcome = running.result()
    except CancelledError:
        if stop.is_set():
            release_job(conn, job.id)
        _log.info("run ended early", run=job.id)
    except FlowctlError as error:
        said = error.refusal
        fail_job(conn, job.id, said.sentence, kind=said.kind, wall_now=now)
    else:
        if stop.is_set() and outcome.result["stopped_early"] and release_job(conn, job.id):
            return
        finish_job(conn, job.id, outcome, done=standing.done, wall_now=now)
