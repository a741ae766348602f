"""The simulate process: claims what planners asked for, runs it, and stores what came out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import structlog

from flowctl.data_files import data_dir
from flowctl.errors import FlowctlError
from flowctl.scenarios.scenario import load_scenario
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.storage.jobs import Job, claim_job, fail_job, finish_job, report_progress
from flowctl.storage.roles import describe_guard
from flowctl.storage.sites import get_site
from flowctl.worker import stopping
from simulations.engine import compare

Connection = psycopg.Connection[Any]

BEAT_LOST_AFTER = timedelta(seconds=60)
_PAUSE_S = 0.25

_log = structlog.get_logger()


class CancelledError(Exception):
    """The job is no longer wanted."""


def run_simulator(settings: Settings) -> None:
    """Claim and run jobs until asked to stop."""
    with stopping() as stop, psycopg.connect(settings.database_url, autocommit=True) as conn:
        site = get_site(conn, settings.site)
        _log.info("simulator ready", site=site.id, ledger=describe_guard(conn))
        while not stop.is_set():
            job = claim_job(conn, wall_now=datetime.now(UTC), beat_lost_after=BEAT_LOST_AFTER)
            if job is None:
                stop.wait(_PAUSE_S)
            else:
                run_job(conn, site, job)


def run_job(conn: Connection, site: Site, job: Job) -> None:
    """Run one claimed job to its end; what is wrong with its request becomes its error."""

    def progress(share: float) -> None:
        if not report_progress(conn, job.id, progress=share, wall_now=datetime.now(UTC)):
            raise CancelledError

    request = job.request
    try:
        scenario = load_scenario(data_dir() / "scenarios" / f"{request['scenario']}.toml")
        result = compare(
            scenario,
            site,
            seed=request["seed"],
            demand_factor=request.get("demand_factor") or 1.0,
            places=request.get("places") or {},
            progress=progress,
        )
    except FlowctlError as error:
        fail_job(conn, job.id, str(error))
    except CancelledError:
        _log.info("job cancelled", job=job.id)
    else:
        finish_job(conn, job.id, result)
