"""Simulations at rest: the planner's page asks for one, a simulator claims it and says what came.

Two lines stand beside each other: runs of a rule, which take seconds, and those with the production
planner in the loop, which take minutes; each claim names its line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[Any]

CHANNEL = "flowctl_jobs"
"""Where a simulator hears that a job was asked for."""
MOST_TRIES = 3
"""So many workers may die over one job."""
KEPT_UNOPENED = timedelta(days=90)
MOST_KEPT = 500
"""Runs nobody opened for so long go, and beyond so many those that were opened longest ago."""


@dataclass(frozen=True, slots=True)
class Job:
    """One simulation that was asked for.

    ``progress`` runs from 0 to 1, ``done`` counts replications. ``request`` has the
    scenario's whole text. ``result`` is there where one job was asked for.
    """

    id: int
    site: str
    request: dict[str, Any]
    planned: bool
    state: str
    progress: float
    done: int
    tries: int
    result: dict[str, Any] | None
    summary: dict[str, Any] | None
    error: str | None
    error_kind: str | None
    version: str | None
    site_version: int | None
    policy: str | None
    digest: str | None
    seconds: float | None
    created_by: str
    created_wall_at: datetime
    over_wall_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job: ``trucks`` is gzipped JSON, ``summary`` what lists show of ``result``."""

    result: Mapping[str, Any]
    summary: Mapping[str, Any]
    trucks: bytes | None
    version: str
    site_version: int | None
    policy: str
    digest: str
    seconds: float


_PLAIN = (
    "id, site, planned, state, progress, done, tries, summary, error, error_kind, version,"
    " site_version, policy, digest, seconds, created_by, created_wall_at, over_wall_at"
)
_WHOLE = sql.SQL(_PLAIN + ", request, result")
_LISTED = sql.SQL(_PLAIN + ", request - 'text' as request, null::jsonb as result")


def insert_job(
    conn: Connection, *, site: str, request: Mapping[str, Any], planned: bool, created_by: str
) -> int:
    """Ask for a job; returns its id. Simulators hear of it when the transaction ends."""
    [(job,)] = conn.execute(
        "insert into jobs (site, request, planned, created_by) values (%s, %s, %s, %s)"
        " returning id",
        [site, Jsonb(dict(request)), planned, created_by],
    ).fetchall()
    conn.execute("select pg_notify(%s, '')", [CHANNEL])
    return int(job)


def find_job(conn: Connection, job_id: int, *, site: str) -> Job | None:
    """Return a job with its result."""
    with conn.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(
            sql.SQL("select {} from jobs where id = %s and site = %s").format(_WHOLE),
            [job_id, site],
        ).fetchone()


def find_trucks(conn: Connection, job_id: int, *, site: str) -> bytes | None:
    """Return the trucks of a job's first replication as gzipped JSON, None where there are none."""
    row = conn.execute(
        "select trucks from jobs where id = %s and site = %s", [job_id, site]
    ).fetchone()
    return None if row is None else row[0]


def list_jobs(
    conn: Connection, *, site: str, limit: int, created_by: str | None = None
) -> list[Job]:
    """Return the newest jobs, of one account or of all, without their results and texts."""
    with conn.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(
            sql.SQL(
                "select {} from jobs where site = %(site)s"
                " and (%(by)s::text is null or created_by = %(by)s) order by id desc limit %(most)s"
            ).format(_LISTED),
            {"site": site, "by": created_by, "most": limit},
        ).fetchall()


def count_unfinished(conn: Connection, *, site: str) -> int:
    """Return how many jobs wait or run."""
    [(n,)] = conn.execute(
        "select count(*) from jobs where site = %s and state in ('waiting', 'running')", [site]
    ).fetchall()
    return int(n)


def cancel_job(conn: Connection, job_id: int, *, wall_now: datetime) -> bool:
    """Let a job that waits or runs be wanted no longer; tells whether it did."""
    updated = conn.execute(
        "update jobs set state = 'cancelled', over_wall_at = %s"
        " where id = %s and state in ('waiting', 'running')",
        [wall_now, job_id],
    )
    return updated.rowcount == 1


def open_job(conn: Connection, job_id: int, *, wall_now: datetime) -> None:
    """Note that somebody looks at a job, at most once a day: what is looked at is kept."""
    conn.execute(
        "update jobs set opened_wall_at = %(now)s"
        " where id = %(job)s and opened_wall_at < %(now)s::timestamptz - interval '1 day'",
        {"job": job_id, "now": wall_now},
    )


def claim_job(
    conn: Connection, *, planned: bool, wall_now: datetime, beat_lost_after: timedelta
) -> Job | None:
    """Take the oldest job of a line that waits, or whose worker has fallen silent; None: none.

    The caller commits at once: from then on the job is its own as long as it calls
    `report_progress` more often than ``beat_lost_after``. One over which `MOST_TRIES` workers
    died is given up.
    """
    lost = wall_now - beat_lost_after
    conn.execute(
        "update jobs set state = 'failed', error_kind = 'worker_lost', over_wall_at = %s,"
        " error = tries || ' processes ended while they ran this simulation, perhaps for want of"
        " memory; ask for less.'"
        " where state = 'running' and beat_wall_at < %s and tries >= %s",
        [wall_now, lost, MOST_TRIES],
    )
    with conn.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(
            sql.SQL(
                "update jobs set state = 'running', progress = 0, done = 0, tries = tries + 1,"
                " beat_wall_at = %s where id = ("
                "  select id from jobs where planned = %s and (state = 'waiting'"
                "   or (state = 'running' and beat_wall_at < %s))"
                "  order by id limit 1 for update skip locked) returning {}"
            ).format(_WHOLE),
            [wall_now, planned, lost],
        ).fetchone()


def report_progress(
    conn: Connection, job_id: int, *, progress: float, done: int, wall_now: datetime
) -> bool:
    """Say how far a job is and that its worker lives; False where it is no longer wanted."""
    updated = conn.execute(
        "update jobs set progress = %s, done = %s, beat_wall_at = %s"
        " where id = %s and state = 'running'",
        [progress, done, wall_now, job_id],
    )
    return updated.rowcount == 1


def release_job(conn: Connection, job_id: int) -> bool:
    """Put a job back for another worker, as its own was asked to end; False: nobody wants it."""
    updated = conn.execute(
        "update jobs set state = 'waiting', progress = 0, done = 0, tries = tries - 1"
        " where id = %s and state = 'running'",
        [job_id],
    )
    conn.execute("select pg_notify(%s, '')", [CHANNEL])
    return updated.rowcount == 1


def finish_job(
    conn: Connection, job_id: int, outcome: Outcome, *, done: int, wall_now: datetime
) -> None:
    """Store what came of a job that ran; one cancelled meanwhile keeps what had come by then."""
    conn.execute(
        "update jobs set state = case state when 'running' then 'done' else state end,"
        " progress = case state when 'running' then 1 else progress end, done = %s, result = %s,"
        " summary = %s, trucks = %s, version = %s, site_version = %s, policy = %s, digest = %s,"
        " seconds = %s, over_wall_at = coalesce(over_wall_at, %s)"
        " where id = %s and state in ('running', 'cancelled')",
        [
            done,
            Jsonb(dict(outcome.result)),
            Jsonb(dict(outcome.summary)),
            outcome.trucks,
            outcome.version,
            outcome.site_version,
            outcome.policy,
            outcome.digest,
            outcome.seconds,
            wall_now,
            job_id,
        ],
    )


def fail_job(
    conn: Connection, job_id: int, error: str, *, kind: str | None, wall_now: datetime
) -> None:
    """Store the sentence that says why a job cannot be done."""
    conn.execute(
        "update jobs set state = 'failed', error = %s, error_kind = %s, over_wall_at = %s"
        " where id = %s and state = 'running'",
        [error, kind, wall_now, job_id],
    )


def drop_unopened(conn: Connection, *, site: str, wall_now: datetime) -> int:
    """Delete the jobs that are over and that nobody has opened for long; returns how many."""
    gone = conn.execute(
        "delete from jobs where site = %(site)s and state not in ('waiting', 'running')"
        " and (opened_wall_at < %(since)s or id not in ("
        "  select id from jobs where site = %(site)s order by opened_wall_at desc, id desc"
        "  limit %(most)s))",
        {"site": site, "since": wall_now - KEPT_UNOPENED, "most": MOST_KEPT},
    )
    return gone.rowcount
