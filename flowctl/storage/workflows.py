"""The versions of a site's workflow and its handovers switched by hand, at rest.

A version is added and never changed: trips that began with it finish by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row, scalar_row

from flowctl.errors import ConflictError, NotFoundError, SiteError
from flowctl.fees.file import FEES, parse_fees
from flowctl.site import Site
from flowctl.storage.fees import list_schedules
from flowctl.workflow.catalogue import Workflow
from flowctl.workflow.file import WORKFLOW, parse_workflow

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class WorkflowVersion:
    """One version as it was loaded; ``running`` counts the active trips that began with it."""

    id: int
    version: str
    valid_from: datetime
    loaded_by: str
    loaded_at: datetime
    running: int


@dataclass(frozen=True, slots=True)
class Switch:
    """By which variant a gate hands over from ``begins_at`` on, by hand; ``ends_at`` None: open."""

    id: int
    gate: str
    direction: str
    variant: str
    begins_at: datetime
    ends_at: datetime | None
    reason: str
    set_by: str
    set_at: datetime
    ended_by: str | None
    ended_at: datetime | None


def gates_of(site: Site) -> Mapping[str, tuple[str, ...]]:
    """Return a site's gates with their directions, as a workflow is checked against them."""
    return {gate.id: tuple(gate.directions) for gate in site.gates}


def add_workflow(
    conn: Connection, site: Site, definition: str, *, by: str, now: datetime
) -> tuple[Workflow, bool]:
    """Enter a version, or find the one of the same text; returns what it says, and if it is new.

    Raises
    ------
    SiteError
        The text is not fit for use; its version was loaded with another text; it would hold before
        a version that was loaded already, or over hours in which trips began by another.
    """
    workflow = parse_workflow(definition, where=WORKFLOW, gates=gates_of(site))
    conn.execute("select from sites where id = %s for update", [site.id])
    known = conn.execute(
        "select version, valid_from, definition from workflows where site = %s order by valid_from",
        [site.id],
    ).fetchall()
    for version, _, text in known:
        if version == workflow.version:
            if text == definition:
                return workflow, False
            raise SiteError(
                f"{WORKFLOW} of {site.id}: version {version} was loaded already with another text;"
                " trips finish by it, so give the changed stages a new version and a later"
                " valid_from.",
                kind="workflow_version_taken",
                values={"version": version},
            )
    if known and workflow.valid_from <= known[-1][1]:
        raise SiteError(
            f"{WORKFLOW} of {site.id}: version {workflow.version} holds from"
            f" {_local(site, workflow.valid_from)}, but version {known[-1][0]}, from"
            f" {_local(site, known[-1][1])} on, was loaded already; give a later valid_from.",
            kind="workflow_too_early",
            values={"at": workflow.valid_from, "after": known[-1][1]},
        )
    if known and workflow.valid_from < now and _has_begun(conn, site.id):
        raise SiteError(
            f"{WORKFLOW} of {site.id}: version {workflow.version} holds from"
            f" {_local(site, workflow.valid_from)}, and it is {_local(site, now)} now; trips began"
            " by another in between, so give it a valid_from that lies ahead.",
            kind="workflow_too_early",
            values={"at": workflow.valid_from, "after": now},
        )
    conn.execute(
        "insert into workflows (site, version, valid_from, definition, loaded_by, loaded_at)"
        " values (%s, %s, %s, %s, %s, %s)",
        [site.id, workflow.version, workflow.valid_from, definition, by, now],
    )
    return workflow, True


def refuse_unmet_fees(conn: Connection, site: Site, workflow: Workflow) -> None:
    """Refuse a version without a stage that a fee waits for: that fee would be due at once.

    Counted are the fees in force when it begins, and those of later. The texts of one site's files
    are held against each other where they are read, so this is for a version that comes alone.

    Raises
    ------
    SiteError
        Names the stages.
    """
    listed = list_schedules(conn, site.id)
    before = [one for one in listed if one.valid_from <= workflow.valid_from]
    later = [one for one in listed if one.valid_from > workflow.valid_from]
    stages = {one.id for one in workflow.stages}
    for version in (*before[-1:], *later):
        schedule = parse_fees(version.definition, where=f"{FEES}, version {version.version}")
        waited = [one.after for one in schedule.services if one.after is not None]
        missing = tuple(one for one in dict.fromkeys(waited) if one not in stages)
        if missing:
            raise SiteError(
                f"{WORKFLOW} of {site.id}: version {workflow.version} has no stage"
                f" {', '.join(missing)}, but fees of version {version.version} wait for it; keep"
                " the stage, or load fees that do not wait for it first.",
                kind="workflow_fee_stage",
                values={"stages": missing, "version": version.version},
            )


def _has_begun(conn: Connection, site: str) -> bool:
    row = conn.execute(
        "select from declarations d join workflows w on w.id = d.workflow_id where w.site = %s"
        " limit 1",
        [site],
    ).fetchone()
    return row is not None


def find_workflow(conn: Connection, site: str, at: datetime) -> tuple[int, Workflow] | None:
    """Return the version by which trips begin at a moment; None where the site has none then."""
    row = conn.execute(
        "select id, sha256(convert_to(definition, 'UTF8')) from workflows"
        " where site = %s and valid_from <= %s order by valid_from desc limit 1",
        [site, at],
    ).fetchone()
    return None if row is None else (int(row[0]), _read(conn, *row))


def get_workflow(conn: Connection, workflow_id: int) -> Workflow:
    """Return a version that is known to be, by its id."""
    [(digest,)] = conn.execute(
        "select sha256(convert_to(definition, 'UTF8')) from workflows where id = %s", [workflow_id]
    ).fetchall()
    return _read(conn, workflow_id, digest)


def list_read(conn: Connection, site: str) -> list[Workflow]:
    """Return what every version says, the newest first."""
    rows = conn.execute(
        "select id, sha256(convert_to(definition, 'UTF8')) from workflows where site = %s"
        " order by valid_from desc",
        [site],
    ).fetchall()
    return [_read(conn, *row) for row in rows]


_READ: dict[bytes, Workflow] = {}
"""What texts say, by their hash: in a process each is fetched and read once."""
_MOST_READ = 256


def _read(conn: Connection, workflow_id: int, digest: bytes) -> Workflow:
    known = _READ.get(digest)
    if known is None:
        [(definition,)] = conn.execute(
            "select definition from workflows where id = %s", [workflow_id]
        ).fetchall()
        known = parse_workflow(definition, where="the workflow in the database")
        if len(_READ) >= _MOST_READ:
            _READ.clear()
        _READ[digest] = known
    return known


def list_workflows(conn: Connection, site: str) -> list[WorkflowVersion]:
    """Return every version, the newest first."""
    with conn.cursor(row_factory=class_row(WorkflowVersion)) as cursor:
        return cursor.execute(
            "select w.id, w.version, w.valid_from, w.loaded_by, w.loaded_at,"
            " (select count(*) from declarations d join trips t on t.id = d.trip_id"
            "  where d.workflow_id = w.id and t.state = 'active') as running"
            " from workflows w where w.site = %s order by w.valid_from desc",
            [site],
        ).fetchall()


def get_definition(conn: Connection, site: str, version: str) -> str:
    """Return a version's text.

    Raises
    ------
    NotFoundError
        The site has no version of this name.
    """
    with conn.cursor(row_factory=scalar_row) as cursor:
        found = cursor.execute(
            "select definition from workflows where site = %s and version = %s", [site, version]
        ).fetchone()
    if found is None:
        raise NotFoundError(
            f"There is no version {version[:40]!r} of the workflow of {site}.",
            kind="no_workflow_version",
            values={"version": version[:40]},
        )
    return str(found)


_SWITCH = (
    "select id, gate, direction, variant, begins_at, ends_at, reason, set_by, set_at, ended_by,"
    " ended_at from handovers where site = %(site)s"
)


def list_switches(conn: Connection, site: str, *, since: datetime) -> list[Switch]:
    """Return the switches by hand that hold after ``since``, the next to begin first."""
    with conn.cursor(row_factory=class_row(Switch)) as cursor:
        return cursor.execute(
            _SWITCH + " and (ends_at is null or ends_at > %(since)s) order by begins_at, id",
            {"site": site, "since": since},
        ).fetchall()


def find_switch(
    conn: Connection, site: str, gate: str, direction: str, at: datetime
) -> Switch | None:
    """Return the switch by hand that holds at a gate at a moment; the last one said counts."""
    with conn.cursor(row_factory=class_row(Switch)) as cursor:
        return cursor.execute(
            _SWITCH + " and gate = %(gate)s and direction = %(direction)s and begins_at <= %(at)s"
            " and (ends_at is null or ends_at > %(at)s) order by id desc limit 1",
            {"site": site, "gate": gate, "direction": direction, "at": at},
        ).fetchone()


def add_switch(
    conn: Connection,
    site: str,
    *,
    gate: str,
    direction: str,
    variant: str,
    begins_at: datetime,
    ends_at: datetime | None,
    reason: str,
    by: str,
    now: datetime,
) -> int:
    """Enter a switch by hand; returns its id."""
    [(number,)] = conn.execute(
        "insert into handovers (site, gate, direction, variant, begins_at, ends_at, reason, set_by,"
        " set_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
        [site, gate, direction, variant, begins_at, ends_at, reason, by, now],
    ).fetchall()
    return int(number)


def get_switch(conn: Connection, site: str, switch_id: int, *, locked: bool = False) -> Switch:
    """Return a switch by hand; ``locked``: nobody else may change it before the end.

    Raises
    ------
    NotFoundError
        The site has none of this number.
    """
    query = _SWITCH + " and id = %(id)s" + (" for update" if locked else "")
    with conn.cursor(row_factory=class_row(Switch)) as cursor:
        found = cursor.execute(query, {"site": site, "id": switch_id}).fetchone()
    if found is None:
        raise NotFoundError(f"There is no handover {switch_id}.", kind="no_handover")
    return found


def end_switch(conn: Connection, site: str, switch_id: int, *, by: str, now: datetime) -> Switch:
    """End a switch by hand: what is to begin never does, what holds holds until now.

    Raises
    ------
    NotFoundError
        The site has none of this number.
    ConflictError
        It was over already.
    """
    found = get_switch(conn, site, switch_id, locked=True)
    if found.ends_at is not None and found.ends_at <= now:
        raise ConflictError(
            f"Handover {switch_id} was over at {found.ends_at.isoformat(timespec='minutes')}.",
            kind="handover_over",
            values={"at": found.ends_at},
        )
    conn.execute(
        "update handovers set ends_at = greatest(begins_at, %s), ended_by = %s, ended_at = %s"
        " where id = %s",
        [now, by, now, switch_id],
    )
    return found


def _local(site: Site, moment: datetime) -> str:
    return moment.astimezone(site.timezone).isoformat(sep=" ", timespec="minutes")
