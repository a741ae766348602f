"""Work for other processes at rest: the planner's page asks, a worker claims."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Job:
    """One simulation that was asked for; ``progress`` runs from 0 to 1."""

    id: int
    site: str
    request: dict[str, Any]
    state: str
    progress: float
    result: dict[str, Any] | None
    error: str | None
    created_by: str
    created_wall_at: datetime


def insert_job(conn: Connection, *, site: str, request: dict[str, Any], created_by: str) -> int:
    """Ask for a job; returns its id."""
    [(job,)] = conn.execute(
        "insert into jobs (site, request, created_by) values (%s, %s, %s) returning id",
        [site, Jsonb(request), created_by],
    ).fetchall()
    return int(job)


def find_job(conn: Connection, job_id: int, *, site: str) -> Job | None:
    """Return a job with its result."""
    with conn.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(
            "select id, site, request, state, progress, result, error, created_by,"
            " created_wall_at from jobs where id = %s and site = %s",
            [job_id, site],
        ).fetchone()


def list_jobs(conn: Connection, *, site: str, limit: int) -> list[Job]:
    """Return the newest jobs, without their results."""
    with conn.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(
            "select id, site, request, state, progress, null::jsonb as result, error, created_by,"
            " created_wall_at from jobs where site = %s order by id desc limit %s",
            [site, limit],
        ).fetchall()


def count_unfinished(conn: Connection, *, site: str) -> int:
    """Return how many jobs wait or run."""
    [(n,)] = conn.execute(
        "select count(*) from jobs where site = %s and state in ('waiting', 'running')", [site]
    ).fetchall()
    return int(n)


def claim_job(conn: Connection, *, wall_now: datetime, beat_lost_after: timedelta) -> Job | None:
    """Take the oldest job that waits, or whose worker has fallen silent; None where there is none.

    The caller commits at once: from then on the job is its own as long as it calls
    `report_progress` more often than ``beat_lost_after``.
    """
    with conn.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(
            "update jobs set state = 'running', progress = 0, beat_wall_at = %s where id = ("
            "  select id from jobs where state = 'waiting'"
            "   or (state = 'running' and beat_wall_at < %s)"
            "  order by id limit 1 for update skip locked)"
            " returning id, site, request, state, progress, result, error, created_by,"
            " created_wall_at",
            [wall_now, wall_now - beat_lost_after],
        ).fetchone()


def report_progress(conn: Connection, job_id: int, *, progress: float, wall_now: datetime) -> bool:
    """Say how far a job is and that its worker lives; False where it is no longer wanted."""
    updated = conn.execute(
        "update jobs set progress = %s, beat_wall_at = %s where id = %s and state = 'running'",
        [progress, wall_now, job_id],
    )
    return updated.rowcount == 1


def finish_job(conn: Connection, job_id: int, result: dict[str, Any]) -> None:
    """Store the result of a job that ran."""
    conn.execute(
        "update jobs set state = 'done', progress = 1, result = %s"
        " where id = %s and state = 'running'",
        [Jsonb(result), job_id],
    )


def fail_job(conn: Connection, job_id: int, error: str) -> None:
    """Store the sentence that says why a job cannot be done."""
    conn.execute(
        "update jobs set state = 'failed', error = %s where id = %s and state = 'running'",
        [error, job_id],
    )
