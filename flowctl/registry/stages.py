"""The stages of trips: begun, confirmed, refused, asked back; each in the caller's transaction.

Who says something of a trip holds its row until the transaction ends: two agencies at once take
turns, and the second sees what the first said.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flowctl.errors import NotFoundError
from flowctl.registry.courses import Course, choose_variant, find_course, get_facts
from flowctl.registry.dues import follow_dues
from flowctl.registry.events import STAGE_CHANGED, tell
from flowctl.registry.stage_checks import check_said, check_settled, check_words, find_stage
from flowctl.site import Site
from flowctl.storage import stages as stored
from flowctl.storage.outbox import queue_message
from flowctl.storage.stages import Connection, StageRecord, TripFacts
from flowctl.workflow.catalogue import Workflow
from flowctl.workflow.stages import Act, Desk, Origin, Proof, Standing, State

_MOST_DUE = 500
_MESSAGES = {Act.ASKED: "papers_asked", Act.REFUSED: "papers_refused"}


def begin(
    conn: Connection, site: Site, found: tuple[int, Workflow], trip: TripFacts, *, now: datetime
) -> Course:
    """Return how a trip that is declared begins, by the version ``found``; nothing is written yet.

    Raises
    ------
    FlowctlError
        The gate does not hand over as declared, or not in this direction.
    """
    number, workflow = found
    variant = choose_variant(conn, site, workflow, trip, now=now)
    begun = replace(trip, workflow_id=number, variant=variant.id, handover=variant.handover)
    return Course(begun, workflow, variant, [])


def say(
    conn: Connection,
    site: Site,
    trip_id: int,
    stage: str,
    act: Act,
    *,
    origin: Origin,
    by: str,
    desk: Desk | None,
    at: datetime,
    now: datetime,
    reason: str | None = None,
    note: str | None = None,
    settled: Mapping[str, str] | None = None,
    evidence: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> bool:
    """Write down what somebody says of a trip's stage, and work out where the trip stands.

    Parameters
    ----------
    by
        An account, or ``source:NAME``; ``desk`` is for whom they speak.
    at
        When it was so; ``now`` is when it is written down.
    settled
        Facts that the stage settles by being confirmed; what was declared stands for the others.
    key
        Of what reported it: it counts once.

    Returns
    -------
    bool
        False where this key was there already, and nothing was done.

    Raises
    ------
    NotFoundError
        There is no such trip, or no such stage of it.
    ConflictError, FlowctlError
        It cannot be said; see `flowctl.registry.stage_checks`.
    """
    trip = get_facts(conn, site, trip_id, locked=True)
    if key is not None and stored.is_record(conn, key):
        return False
    course = find_course(conn, trip)
    if course is None:
        raise NotFoundError(
            f"Trip {trip_id} has no stages: its site had no workflow when it was registered.",
            kind="no_workflow",
        )
    before = course.progress(now)
    standing = find_stage(course.workflow, course.variant, before, stage)
    said = check_words(act, reason, note)
    backdate = timedelta(seconds=site.policy.hand.backdate_s)
    check_said(
        trip,
        before,
        standing,
        course.records,
        act,
        desk=desk,
        at=at,
        now=now,
        backdate=backdate,
    )
    facts = check_settled(course.workflow, trip, standing.stage, act, settled or {})
    declared = {name: trip.facts().get(name) for name in facts}
    differs = {name: value for name, value in declared.items() if value != facts[name]}
    record = stored.insert_stage_record(
        conn,
        trip_id,
        stage,
        act,
        origin=origin,
        by=by,
        desk=None if desk is None else str(desk),
        at=at,
        now=now,
        reason=reason,
        note=said,
        settled=facts,
        evidence={**(evidence or {}), **({"declared": differs} if differs else {})},
        key=key,
    )
    if record is None:
        return False
    if act is Act.CONFIRMED and facts:
        stored.settle(conn, trip_id, stage, facts, now=now)
    elif act is Act.WITHDRAWN and standing.stage.settles:
        stored.unsettle(conn, trip_id, stage, now=now)
    _renew(conn, site, course, [record], now=now)
    if act in _MESSAGES and trip.state == "active":
        queue_message(
            conn,
            site=site.id,
            trip_id=trip_id,
            kind=_MESSAGES[act],
            params={},
            now=now,
            expires_at=None,
        )
    return True


def prove(
    conn: Connection,
    site: Site,
    trip_id: int,
    proof: Proof,
    *,
    origin: Origin,
    by: str,
    at: datetime,
    now: datetime,
    evidence: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> list[str]:
    """Confirm every stage of a trip that something proves; returns those it was new for.

    A stage that waits for others keeps the word, which counts once they are confirmed; what is
    confirmed already, refused or asked back stands. A cancelled trip proves nothing.

    Raises
    ------
    NotFoundError
        There is no such trip.
    """
    trip = get_facts(conn, site, trip_id, locked=True)
    course = find_course(conn, trip)
    if course is None or trip.state == "cancelled":
        return []
    new = []
    for standing in course.progress(now).stages:
        if proof not in standing.stage.proofs or not _is_open(standing, course.records):
            continue
        record = stored.insert_stage_record(
            conn,
            trip_id,
            standing.stage.id,
            Act.CONFIRMED,
            origin=origin,
            by=by,
            desk=None,
            at=at,
            now=now,
            evidence=evidence,
            key=None if key is None else f"{key}:{standing.stage.id}",
        )
        if record is not None:
            new.append(record)
    if new:
        _renew(conn, site, course, new, now=now)
    return [record.stage for record in new]


def disprove(
    conn: Connection,
    site: Site,
    trip_id: int,
    said: Mapping[str, datetime],
    *,
    origin: Origin,
    by: str,
    now: datetime,
    reason: str,
    key: str,
) -> list[str]:
    """Take back what something proved of stages, as if it had not been said; returns these.

    Parameters
    ----------
    said
        By stage the moment of which it was said: the word of that moment goes, and what others said
        since stands.
    reason
        Why it is taken back, a code.
    key
        Of what found that out: it counts once a stage.

    Raises
    ------
    NotFoundError
        There is no such trip.
    """
    course = find_course(conn, get_facts(conn, site, trip_id, locked=True))
    if course is None:
        return []
    new = []
    for stage, at in said.items():
        record = stored.insert_stage_record(
            conn,
            trip_id,
            stage,
            Act.WITHDRAWN,
            origin=origin,
            by=by,
            desk=None,
            at=at,
            now=now,
            reason=reason,
            key=f"{key}:{stage}",
        )
        if record is not None:
            new.append(record)
    if new:
        _renew(conn, site, course, new, now=now)
    return [record.stage for record in new]


def _is_open(standing: Standing, records: list[StageRecord]) -> bool:
    """Tell whether a proof would say something new of a stage."""
    if standing.state in {State.READY, State.EXPIRED}:
        return True
    said = {one.id: one.act for one in records}
    kept = None if standing.record is None else said.get(standing.record)
    return standing.state is State.WAITING and kept in {None, Act.ANSWERED}


def refresh(conn: Connection, site: Site, trip_id: int, *, now: datetime) -> None:
    """Work a trip's stages out again, after its facts changed or time went by.

    By the same version and variant. A trip that began without workflow has nothing to work out.

    Raises
    ------
    NotFoundError
        There is no such trip.
    """
    course = find_course(conn, get_facts(conn, site, trip_id, locked=True))
    if course is not None:
        _renew(conn, site, course, [], now=now)


def renew_due(conn: Connection, site: Site, *, now: datetime) -> int:
    """Work out again the active trips a confirmed stage of which ran out; returns how many."""
    due = stored.list_due(conn, site.id, now, most=_MOST_DUE)
    for trip_id in due:
        refresh(conn, site, trip_id, now=now)
    return len(due)


def _renew(
    conn: Connection, site: Site, course: Course, new: list[StageRecord], *, now: datetime
) -> None:
    """Write where a trip stands after new words, and tell partners of each."""
    trip = get_facts(conn, site, course.trip.id)
    renewed = replace(course, trip=trip, records=[*course.records, *new])
    reached = renewed.progress(now)
    stored.save_progress(conn, site.id, trip, reached)
    # What is due follows from what was confirmed, and one stage from what is due.
    paid = follow_dues(conn, site, trip, reached.stages, renewed.records, now=now)
    if paid:
        renewed = replace(renewed, records=[*renewed.records, *paid])
        stored.save_progress(conn, site.id, trip, renewed.progress(now))
    for record in (*new, *paid):
        tell(
            conn,
            site,
            STAGE_CHANGED,
            trip.id,
            now=now,
            stage=record.stage,
            act=record.act,
            origin=record.origin,
            at=record.at,
        )
