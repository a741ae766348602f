"""What may be said of a trip's stage, by which desk, in which order. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.storage.stages import StageRecord, TripFacts
from flowctl.workflow.catalogue import Workflow
from flowctl.workflow.stages import Act, Desk, Progress, Stage, Standing, State, Variant

REASONS = (
    "papers_missing",
    "papers_wrong",
    "goods_differ",
    "goods_barred",
    "inspection",
    "vehicle",
    "driver",
    "seal",
    "payment",
    "other",
)
"""Why a stage is refused or asked back; each has words in three languages. ``other`` needs a note.
"""
_LONGEST_NOTE = 500
_AHEAD = timedelta(seconds=60)  # clocks differ
_ANSWERS = frozenset({Desk.HAULIER, Desk.YARD})
"""Who answers what was asked: the haulier, or an operator to whom the haulier speaks."""
_MAY_DECIDE = frozenset({State.READY, State.ASKED, State.EXPIRED})
_MAY_WITHDRAW = frozenset({State.CONFIRMED, State.REFUSED, State.ASKED, State.EXPIRED})


def acts_of(standing: Standing, desks: Sequence[Desk], *, over: bool) -> list[Act]:
    """Return what somebody at one of ``desks`` may say of a stage now; ``over``: its trip ended."""
    acts: list[Act] = []
    desk, state = standing.stage.desk, standing.state
    if over:
        return acts
    if desk in desks:
        if state in _MAY_DECIDE:
            acts.append(Act.CONFIRMED)
            if desk is not Desk.HAULIER:
                acts += [Act.REFUSED] if state is State.ASKED else [Act.REFUSED, Act.ASKED]
        if state in _MAY_WITHDRAW and standing.record is not None:
            acts.append(Act.WITHDRAWN)
    if state is State.ASKED and not _ANSWERS.isdisjoint(desks):
        acts.append(Act.ANSWERED)
    return acts


def find_stage(workflow: Workflow, variant: Variant, progress: Progress, stage: str) -> Standing:
    """Return where a stage of a trip stands.

    Raises
    ------
    NotFoundError
        There is no such stage, or it is none of this trip's.
    """
    found = next((one for one in progress.stages if one.stage.id == stage), None)
    if found is not None:
        return found
    known = [one.id for one in workflow.stages]
    if stage in known:
        raise NotFoundError(
            f"The stage {stage} is none of this trip's: it is handed over by {variant.id}, and its"
            " goods and truck do not need it.",
            kind="stage_not_its",
            values={"stage": stage},
        )
    raise NotFoundError(
        f"There is no stage {stage[:40]!r}; known: {', '.join(known)}.",
        kind="no_stage",
        values={"stage": stage[:40]},
    )


def check_said(
    trip: TripFacts,
    progress: Progress,
    standing: Standing,
    records: Sequence[StageRecord],
    act: Act,
    *,
    desk: Desk | None,
    at: datetime,
    now: datetime,
    backdate: timedelta,
) -> None:
    """Refuse what a desk may not say of a stage as it stands.

    Raises
    ------
    ConflictError
        Somebody else was first, who is named; the stage waits for others, which are named; the
        trip is over.
    FlowctlError
        It is another desk's stage, or the moment cannot be.
    """
    stage = standing.stage
    if trip.state == "cancelled":
        raise ConflictError(
            f"Trip {trip.id} is {trip.state}; it can no longer be changed.",
            kind="trip_over",
            values={"plate": trip.plate, "state": trip.state, "at": trip.ended_at},
        )
    _check_desk(stage, act, desk)
    _check_at(records, stage, at=at, now=now, backdate=backdate)
    if act is Act.ANSWERED:
        if standing.state is not State.ASKED:
            raise ConflictError(
                f"Nothing is asked about {stage.id} of {trip.plate}; there is nothing to answer.",
                kind="stage_not_asked",
                values={"stage": stage.id, "plate": trip.plate},
            )
        return
    if act is Act.WITHDRAWN:
        if standing.record is None or standing.state not in _MAY_WITHDRAW:
            raise ConflictError(
                f"Nothing was said of {stage.id} of {trip.plate} that could be taken back.",
                kind="stage_nothing_said",
                values={"stage": stage.id, "plate": trip.plate},
            )
        return
    if standing.state is State.WAITING:
        raise _out_of_order(trip, progress, stage)
    again = act is Act.ASKED and standing.state is State.ASKED
    if standing.state not in _MAY_DECIDE or again:
        raise _was_first(trip, standing, records)


def _check_desk(stage: Stage, act: Act, desk: Desk | None) -> None:
    if act is Act.ANSWERED and desk in _ANSWERS:
        return
    if stage.desk is None:
        raise FlowctlError(
            f"The stage {stage.id} is confirmed by what happens, and by nobody at a desk.",
            kind="stage_by_itself",
            values={"stage": stage.id},
        )
    if act is Act.ANSWERED or desk is not stage.desk:
        whose = Desk.HAULIER if act is Act.ANSWERED else stage.desk
        raise FlowctlError(
            f"The stage {stage.id} belongs to {whose}, and this account speaks for"
            f" {desk or 'no desk'}.",
            kind="stage_others",
            values={"stage": stage.id, "desk": str(whose)},
        )


def _check_at(
    records: Sequence[StageRecord],
    stage: Stage,
    *,
    at: datetime,
    now: datetime,
    backdate: timedelta,
) -> None:
    if at > now + _AHEAD:
        raise FlowctlError(
            f"{at.isoformat(timespec='minutes')} is yet to come.",
            kind="stage_ahead",
            values={"at": at},
        )
    if at < now - backdate:
        raise FlowctlError(
            f"{at.isoformat(timespec='minutes')} is too long ago to be said now.",
            kind="stage_long_ago",
            values={"at": at},
        )
    last = max((one.at for one in records if one.stage == stage.id), default=None)
    if last is not None and at < last:
        raise ConflictError(
            f"Something was said of {stage.id} at {last.isoformat(timespec='seconds')}, after"
            f" {at.isoformat(timespec='seconds')}.",
            kind="stage_said_later",
            values={"stage": stage.id, "at": last},
        )


def _out_of_order(trip: TripFacts, progress: Progress, stage: Stage) -> ConflictError:
    missing = missing_needs(progress, stage)
    desks = [str(one.stage.desk) for one in missing if one.stage.desk is not None]
    named = ", ".join(
        one.stage.id if one.stage.desk is None else f"{one.stage.id} ({one.stage.desk})"
        for one in missing
    )
    return ConflictError(
        f"The stage {stage.id} of {trip.plate} comes after {named}.",
        kind="stage_out_of_order",
        values={
            "stage": stage.id,
            "plate": trip.plate,
            "needs": tuple(one.stage.id for one in missing),
            "desks": tuple(dict.fromkeys(desks)),
        },
    )


def missing_needs(progress: Progress, stage: Stage) -> list[Standing]:
    """Return the stages that a stage still waits for: those that somebody can act on.

    A need that itself waits is not named, but what it waits for.
    """
    by_id = {one.stage.id: one for one in progress.stages}
    found: dict[str, Standing] = {}
    todo, seen = list(stage.needs), set(stage.needs)
    while todo:
        one = by_id.get(todo.pop(0))
        if one is None or one.state is State.CONFIRMED:
            continue
        if one.state is not State.WAITING:
            found[one.stage.id] = one
        new = [need for need in one.stage.needs if need not in seen]
        seen.update(new)
        todo += new if one.state is State.WAITING else []
    return list(found.values())


def _was_first(
    trip: TripFacts, standing: Standing, records: Sequence[StageRecord]
) -> ConflictError:
    said = next((one for one in records if one.id == standing.record), None)
    by = "flowctl" if said is None else said.said_by
    return ConflictError(
        f"{by} has said {standing.state} of {standing.stage.id} of {trip.plate} at"
        f" {standing.since.isoformat(timespec='seconds')}; take that back first.",
        kind="stage_said",
        values={
            "stage": standing.stage.id,
            "plate": trip.plate,
            "state": str(standing.state),
            "by": by,
            "at": standing.since,
        },
    )


def check_words(act: Act, reason: str | None, note: str | None) -> str | None:
    """Return the note without spaces around it, having checked that a refusal says why.

    Raises
    ------
    FlowctlError
        A reason is missing or unknown, ``other`` without a note, or the note is too long.
    """
    said = None if note is None or not note.strip() else note.strip()
    if said is not None and (len(said) > _LONGEST_NOTE or "\0" in said):
        raise FlowctlError(
            f"A note has at most {_LONGEST_NOTE} characters.",
            kind="stage_note_long",
            values={"most": _LONGEST_NOTE},
        )
    if reason is not None and reason not in REASONS:
        raise FlowctlError(
            f"{reason[:40]!r} is no known reason; known: {', '.join(REASONS)}.",
            kind="stage_no_reason",
            values={"reasons": REASONS},
        )
    if act in {Act.REFUSED, Act.ASKED} and reason is None:
        raise FlowctlError(
            f"What is {act} needs a reason: one of {', '.join(REASONS)}.",
            kind="stage_no_reason",
            values={"reasons": REASONS},
        )
    if reason == "other" and said is None:
        raise FlowctlError('The reason "other" needs a note that says it.', kind="stage_no_note")
    return said


def check_settled(
    workflow: Workflow, trip: TripFacts, stage: Stage, act: Act, settled: Mapping[str, str]
) -> dict[str, str]:
    """Return what a stage settles by being confirmed: what was said, else what was declared.

    Raises
    ------
    FlowctlError
        Something is not the stage's to settle, is no known value, or was neither said nor declared.
    """
    values = workflow.known_values()
    for name, value in settled.items():
        if act is not Act.CONFIRMED or name not in stage.settles:
            raise FlowctlError(
                f"To say {name[:40]} is not for the stage {stage.id} as {act}.",
                kind="stage_settles_not",
                values={"stage": stage.id, "fact": name[:40]},
            )
        if value not in values[name]:
            raise FlowctlError(
                f"{value[:40]!r} is no known {name}; known: {', '.join(values[name])}.",
                kind="stage_no_value",
                values={"fact": name, "known": values[name]},
            )
    if act is not Act.CONFIRMED:
        return {}
    known = workflow.fill_in(trip.facts(), trip.weight_t) | dict(settled)
    missing = [name for name in stage.settles if name not in known]
    if missing:
        raise FlowctlError(
            f"Who confirms {stage.id} says {' and '.join(missing)}: nobody declared it.",
            kind="stage_settles",
            values={"stage": stage.id, "facts": tuple(missing)},
        )
    return {name: known[name] for name in stage.settles}
